//! Drift for the body of an issue, or a comment.

use super::summary;
use super::words::{differences, not_held, state};
use crate::model::text::count;
use crate::plan::Plan;
use crate::plan::drift::{Drift, Drifted};
use crate::render::markdown::{Section, TableEntry, code, code_of, html_code, prose};
use crate::render::plan::{field_values, held_words, last_applied, remarks};
use crate::render::values::label;

/// How many differences stand in a topic's row.
const PARTS: usize = 3;

/// Where the cluster of one environment is not what was applied, then where it is not what the files
/// say, each by name. `drift` must be of this plan.
pub fn section(plan: &Plan, drift: &Drift) -> Section {
    let mut topics: Vec<&Drifted> = drift.topics.iter().collect();
    topics.sort_by_key(|topic| !topic.is_drift());
    let mut entries: Vec<TableEntry> = topics.into_iter().map(of_topic).collect();
    entries.extend(plan.held.iter().map(|held| {
        let topic = held.topic.as_str();
        let differs = drift
            .held
            .iter()
            .find(|drifted| *drifted.topic == held.topic);
        let details = differs.into_iter().flat_map(details);
        TableEntry {
            cells: vec![
                "held".to_owned(),
                code_of(topic, 249),
                prose(&held_words(held)),
            ],
            title: format!("held {}", html_code(topic)),
            details: details.collect(),
        }
    }));
    let refusal = plan.wrong_cluster();
    let refusal =
        refusal.map(|r| format!("**Refused:** {}. {}.", prose(&r.message), prose(&r.help)));
    let hidden = (!plan.not_visible.is_empty()).then(|| {
        let topics = count(plan.not_visible.len(), "topic");
        format!("**Incomplete:** {topics} not visible to this principal.")
    });
    Section {
        heading: format!(
            "Drift of {}: {}",
            prose(&plan.environment),
            summary::text(plan, drift)
        ),
        alerts: refusal.into_iter().chain(hidden).collect(),
        columns: &["", "Topic", "What"],
        entries,
        remarks: remarks(plan),
        shown_by: code(&format!("topicsmith drift -e {}", plan.environment)),
    }
}

fn of_topic(topic: &Drifted) -> TableEntry {
    let name = topic.topic.as_str();
    let side = side(topic);
    let shown = match topic.is_drift() {
        true => format!("**{side}**"),
        false => side.to_owned(),
    };
    TableEntry {
        cells: vec![shown, code_of(name, 249), what(topic)],
        title: format!("{side} {}", html_code(name)),
        details: details(topic),
    }
}

/// On which side something changed.
pub(super) fn side(topic: &Drifted) -> &'static str {
    match (topic.is_drift(), topic.is_pending()) {
        (true, true) => "drift and pending",
        (true, false) => "drift",
        (false, _) => "pending",
    }
}

/// How it differs, in a few words.
fn what(topic: &Drifted) -> String {
    let whole = state(topic).map(prose);
    let lines: Vec<String> = differences(topic)
        .map(|line| code_of(&format!("{} {}", line.label, line.live), 80))
        .collect();
    let first = lines.iter().take(PARTS).cloned();
    let more = lines.len().saturating_sub(PARTS);
    let more = (more > 0).then(|| format!("and {more} more"));
    let right = not_held(topic)
        .into_iter()
        .map(|line| prose(&line))
        .filter(|_| lines.is_empty());
    let all: Vec<String> = whole
        .into_iter()
        .chain(first)
        .chain(more)
        .chain(right)
        .collect();
    all.join("<br>")
}

fn details(topic: &Drifted) -> Vec<String> {
    let place = topic.declared_at.map(|place| code(&place.file_line()));
    let applied = topic.applied.filter(|_| topic.is_drift());
    let applied = applied.and_then(last_applied).map(|line| prose(&line));
    let mut lines: Vec<String> = place.into_iter().chain(applied).collect();
    lines.extend(state(topic).map(prose));
    lines.extend(differences(topic).map(|line| {
        let place = line
            .place
            .map(|place| format!(" ({})", code(&place.file_line())));
        let (label, live) = (code(&line.label), code(&line.live));
        format!(
            "{label}: {live}; {}{}",
            prose(&line.says),
            place.unwrap_or_default()
        )
    }));
    lines.extend(not_held(topic).iter().map(|line| prose(line)));
    lines.extend(topic.record.iter().map(|change| {
        let values = code(&field_values(change));
        format!(
            "{}: {values}, pending: to be recorded",
            code(&label(&change.setting))
        )
    }));
    lines
}
