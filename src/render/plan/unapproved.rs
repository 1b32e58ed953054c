//! What a saved plan does not approve: each part as it would be now, beside what was approved.

use serde_json::{Value, json};

use super::json::{config_change, count, record_change};
use super::record::recorded;
use super::text::counted;
use crate::model::text::escape;
use crate::plan::approval::{Step, Unapproved};
use crate::plan::{ConfigAction, ConfigChange};
use crate::render::columns::{Cell, Sheet};
use crate::render::values::{self, factor, value_or_unknown};
use crate::render::{Paint, Style};

/// How far in a topic stands, and what is said of it.
const TOPIC: usize = 2;
const DETAIL: usize = 6;

/// A line for each part, below its topic.
pub(super) fn text(unapproved: &[Unapproved], style: Style) -> String {
    let mut sheet = Sheet::default();
    let mut last = None;
    for (topic, label, now, approved) in lines(unapproved) {
        if last.replace(topic) != Some(topic) {
            let name = format!("! {}", escape(topic));
            sheet.row(TOPIC, Cell::new(Paint::Held, name), None, Vec::new());
        }
        let label = Cell::new(Paint::Plain, label);
        let now = Cell::new(Paint::Plain, now);
        sheet.row(
            DETAIL,
            label,
            Some(now),
            vec![Cell::new(Paint::Held, approved)],
        );
    }
    sheet.print(style)
}

/// The topic of each part, the part, what would be done to it now, and what was approved of that.
pub(super) fn lines(
    unapproved: &[Unapproved],
) -> impl Iterator<Item = (&str, String, String, String)> {
    unapproved.iter().map(|part| {
        let now = part.now.as_ref();
        let now = now.map_or_else(|| "left out".to_owned(), words);
        let approved = match &part.approved {
            Some(step) => format!("approved: {}", words(step)),
            None => "not approved".to_owned(),
        };
        let label = values::label(&part.subject());
        (part.topic.as_str(), label, now, approved)
    })
}

fn words(step: &Step) -> String {
    match step {
        Step::Topic { action, adopt } => {
            let adopt = if *adopt { "adopt and " } else { "" };
            format!("{adopt}{}", values::action(*action))
        }
        Step::Partitions(change) => counted(change),
        Step::ReplicationFactor(change) => counted(change),
        Step::Config(change) => config(change),
        Step::Record(change) => recorded(change),
    }
}

fn config(change: &ConfigChange) -> String {
    let key = &change.key;
    let to = value_or_unknown(key, change.becomes());
    match (change.action, &change.from) {
        (ConfigAction::Pin, _) => format!("pinned at {to}"),
        (ConfigAction::Set, None) => to,
        (ConfigAction::Set, Some(from)) => format!("{} → {to}", values::value(key, from)),
        (ConfigAction::Reset, from) => {
            let from = value_or_unknown(key, from.as_deref());
            format!("{from} → reset to {to}")
        }
    }
}

/// The same for programs.
pub(in crate::render) fn json(unapproved: &[Unapproved]) -> Value {
    let part = |part: &Unapproved| {
        json!({
            "topic": part.topic,
            "part": values::on(&part.subject()),
            "approved": part.approved.as_ref().map(step),
            "now": part.now.as_ref().map(step),
        })
    };
    unapproved.iter().map(part).collect()
}

fn step(step: &Step) -> Value {
    match step {
        Step::Topic { action, adopt } => {
            json!({"action": values::action(*action), "adopt": adopt})
        }
        Step::Partitions(change) => count(change, |from| json!(from)),
        Step::ReplicationFactor(change) => count(change, factor),
        Step::Config(change) => config_change(change),
        Step::Record(change) => record_change(change),
    }
}
