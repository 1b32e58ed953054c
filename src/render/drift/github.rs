//! Drift as annotations of a workflow's run.

use super::markdown::side;
use super::summary;
use super::words::{differences, not_held, state};
use crate::plan::Plan;
use crate::plan::drift::{Drift, Drifted};
use crate::render::github::{AnnotationLevel, Annotations};
use crate::render::plan::{
    annotations_beside, field_values, held_words, last_applied, refusal_annotations,
};
use crate::render::values::label;

/// Where the cluster of one environment is not what was applied (warnings), or not what the files say
/// (notices). `drift` must be of this plan.
pub fn annotations(plan: &Plan, drift: &Drift) -> Annotations {
    let environment = &plan.environment;
    let mut said = Annotations {
        summary: format!("{environment}: {}", summary::text(plan, drift)),
        ..Annotations::default()
    };
    if plan.wrong_cluster().is_some() {
        refusal_annotations(plan, &mut said);
    }
    if !plan.not_visible.is_empty() {
        let title = format!("{environment}: incomplete");
        let hidden = plan.not_visible.iter().map(|topic| topic.to_string());
        let hidden = hidden.map(|topic| format!("not visible to this principal: {topic}"));
        said.add(AnnotationLevel::Error, None, title, hidden.collect());
    }
    for topic in &drift.topics {
        let level = match topic.is_drift() {
            true => AnnotationLevel::Warning,
            false => AnnotationLevel::Notice,
        };
        let title = format!("{environment}: {} {}", side(topic), topic.topic);
        said.add(level, topic.declared_at, title, lines(topic));
    }
    for held in &plan.held {
        let title = format!("{environment}: {} is held", held.topic);
        said.add(AnnotationLevel::Notice, None, title, vec![held_words(held)]);
    }
    annotations_beside(plan, &mut said);
    said
}

fn lines(topic: &Drifted) -> Vec<String> {
    let applied = topic
        .applied
        .filter(|_| topic.is_drift())
        .and_then(last_applied);
    let whole = state(topic).map(str::to_owned);
    let differs =
        differences(topic).map(|line| format!("{} {}: {}", line.label, line.live, line.says));
    let record = topic.record.iter();
    let record = record.map(|change| {
        format!(
            "{} {}: to be recorded",
            label(&change.setting),
            field_values(change)
        )
    });
    let lines = whole
        .into_iter()
        .chain(differs)
        .chain(not_held(topic))
        .chain(record);
    lines.chain(applied).collect()
}
