//! Drift as a person reads it.

use super::facts::{Difference, Drifted, Kind, State, drifted};
use crate::desired::Desired;
use crate::live::Live;
use crate::model::Place;
use crate::model::text::{count, escape, names};
use crate::plan::{Plan, Subject};
use crate::render::columns::{Cell, Sheet};
use crate::render::plan::header;
use crate::render::values::{label, value_or_unknown};
use crate::render::{Paint, Style};

/// How far in a topic stands, and what is said of it.
const TOPIC: usize = 2;
const DETAIL: usize = 6;
/// How many unlisted topics are named.
const UNLISTED: usize = 10;

/// Where the cluster of one environment is not what the files say. `plan` must be made of the same
/// files and the same cluster.
pub fn text(plan: &Plan, desired: &Desired, live: &Live, style: Style) -> String {
    let drifted = drifted(plan, desired, live);
    let mut sheet = Sheet::default();
    for topic in &drifted {
        add_topic(&mut sheet, topic);
    }
    if !plan.unlisted.is_empty() {
        let named = names(&plan.unlisted, UNLISTED);
        let line = format!("? {} unlisted: {}", plan.unlisted.len(), escape(&named));
        sheet.text(TOPIC, Cell::new(Paint::Told, line));
    }
    for note in &plan.notes {
        let line = format!("note: {}", escape(note));
        sheet.text(TOPIC, Cell::new(Paint::Told, line));
    }
    let mut out = style.paint(Paint::Strong, &header(plan)) + "\n\n";
    if !sheet.is_empty() {
        out.push_str(&sheet.print(style));
        out.push('\n');
    }
    out.push_str(&style.paint(Paint::Strong, &summary(plan, &drifted)));
    out.push('\n');
    if let Some(refusal) = plan.wrong_cluster() {
        let line = format!("refused: {}", escape(&refusal.message));
        out.push_str(&style.paint(Paint::Held, &line));
        out.push('\n');
    }
    out
}

fn add_topic(sheet: &mut Sheet, topic: &Drifted) {
    let (sign, paint, state) = match topic.state {
        State::Missing => ('+', Paint::Added, Some("missing")),
        State::Differs => ('~', Paint::Changed, None),
        State::Unwanted => (
            '-',
            Paint::Removed,
            Some("there, and a tombstone wants it gone"),
        ),
    };
    let name = format!("{sign} {}", escape(topic.topic.as_str()));
    let state = state.map(|state| Cell::new(Paint::Plain, state));
    sheet.row(TOPIC, Cell::new(paint, name), state, at(topic.declared_at));
    let (held, not_held): (Vec<&Difference>, Vec<&Difference>) = topic
        .differences
        .iter()
        .partition(|d| d.kind != Kind::NotHeld);
    for difference in held {
        add_difference(sheet, difference);
    }
    if !not_held.is_empty() {
        let keys: Vec<_> = not_held.iter().map(|d| label(&d.subject)).collect();
        let line = format!(
            "right, but not set on the topic itself: {}",
            keys.join(", ")
        );
        sheet.text(DETAIL, Cell::new(Paint::Faint, line));
    }
}

fn add_difference(sheet: &mut Sheet, difference: &Difference) {
    let shown = |value: Option<&str>| match (&difference.subject, value) {
        (Subject::Config(key), value) => value_or_unknown(key, value),
        (_, value) => value.unwrap_or("unknown").to_owned(),
    };
    let live = Cell::new(Paint::Plain, shown(difference.live.as_deref()));
    let says = match difference.kind {
        Kind::Undeclared => "no file sets it".to_owned(),
        Kind::Value | Kind::NotHeld => {
            format!("the files say {}", shown(difference.wanted.as_deref()))
        }
    };
    let says = match difference.declared_at {
        Some(place) => format!("{says}, {}", escape(&place.file_line())),
        None => says,
    };
    let label = Cell::new(Paint::Plain, label(&difference.subject));
    let says = Cell::new(Paint::Faint, says);
    sheet.row(DETAIL, label, Some(live), vec![says]);
}

/// `topics/playback.toml:3`, as a remark.
fn at(place: Option<&Place>) -> Vec<Cell> {
    let cell = |place: &Place| Cell::new(Paint::Faint, escape(&place.file_line()));
    place.map(cell).into_iter().collect()
}

/// `2 topics differ, 1 missing; 3 unlisted, 14 as the files say`
fn summary(plan: &Plan, drifted: &[Drifted]) -> String {
    let of = |state| drifted.iter().filter(|d| d.state == state).count();
    let (differ, missing, unwanted) = (of(State::Differs), of(State::Missing), of(State::Unwanted));
    let right = plan.unchanged;
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
    let rest = [
        some(
            plan.unlisted.len(),
            format!("{} unlisted", plan.unlisted.len()),
        ),
        some(right, format!("{right} as the files say")),
    ];
    let join = |parts: &[Option<String>]| -> String {
        let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).collect();
        parts.join(", ")
    };
    match (join(&work), join(&rest)) {
        (work, _) if work.is_empty() => {
            let unlisted = match plan.unlisted.len() {
                0 => String::new(),
                many => format!(", {many} unlisted"),
            };
            let verb = if right == 1 { "is" } else { "are" };
            format!(
                "No drift: {} {verb} as the files say{unlisted}.",
                count(right, "topic")
            )
        }
        (work, rest) if rest.is_empty() => work,
        (work, rest) => format!("{work}; {rest}"),
    }
}
