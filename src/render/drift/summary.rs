//! Drift in one line.

use crate::model::text::count;
use crate::plan::Plan;
use crate::plan::drift::{Drift, DriftState};

/// `2 topics drifted, 1 pending; 3 unlisted, 14 in sync`; where nothing is recorded that
/// tells the two apart, `2 topics differ, 1 missing; …`.
pub(super) fn text(plan: &Plan, drift: &Drift) -> String {
    let work = match drift.recorded {
        true => told_apart(plan, drift),
        false => unavailable(drift),
    };
    let right = plan.unchanged;
    if work.is_empty() {
        let as_said = format!("{} in sync", count(right, "topic"));
        let hidden = plan.not_visible.len();
        let is_empty = plan.held.is_empty() && hidden == 0;
        let as_said = (right > 0 || is_empty).then_some(as_said);
        let parts: Vec<String> = as_said.into_iter().chain(rest(plan)).collect();
        let parts = parts.join(", ");
        return match hidden {
            0 => format!("No drift. {parts}."),
            _ => format!("Incomplete: {parts}."),
        };
    }
    let mut rest = rest(plan);
    rest.extend((right > 0).then(|| format!("{right} in sync")));
    match rest.is_empty() {
        true => work.join(", "),
        false => format!("{}; {}", work.join(", "), rest.join(", ")),
    }
}

fn rest(plan: &Plan) -> Vec<String> {
    let parts = [
        (plan.not_visible.len(), "not visible"),
        (plan.held.len(), "held"),
        (plan.unlisted.len(), "unlisted"),
    ];
    let some = parts.into_iter().filter(|(number, _)| *number > 0);
    some.map(|(number, what)| format!("{number} {what}"))
        .collect()
}

fn told_apart(plan: &Plan, drift: &Drift) -> Vec<String> {
    let (drifted, pending) = (drift.drifted(), drift.pending());
    let mut work = Vec::new();
    match drifted {
        0 if pending > 0 && plan.not_visible.is_empty() => work.push("No drift".to_owned()),
        0 => {}
        some => work.push(format!("{} drifted", count(some, "topic"))),
    }
    work.extend((pending > 0).then(|| format!("{pending} pending")));
    work
}

fn unavailable(drift: &Drift) -> Vec<String> {
    let of = |state| drift.topics.iter().filter(|d| d.state == state).count();
    let (differ, missing, unwanted) = (
        of(DriftState::Differs),
        of(DriftState::Missing),
        of(DriftState::Unwanted),
    );
    let some = |number: usize, text: String| (number > 0).then_some(text);
    let work = [
        some(
            differ,
            match differ {
                1 => "1 topic differs".to_owned(),
                _ => format!("{differ} topics differ"),
            },
        ),
        some(missing, format!("{missing} missing")),
        some(unwanted, format!("{unwanted} to remove")),
    ];
    work.into_iter().flatten().collect()
}
