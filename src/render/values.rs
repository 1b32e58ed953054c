//! Config values in words.

use serde_json::{Value, json};

use crate::live::{ReplicationFactor, Source};
use crate::model::ConfigKey;
use crate::model::text::{cut, escape};
use crate::plan::{Action, Fate, Subject};

/// A value for people, the raw one beside it: `7d (604800000)`, `zstd`, `""`.
pub(super) fn value(key: &ConfigKey, raw: &str) -> String {
    match key.human(raw) {
        Some(human) => format!("{human} ({raw})"),
        None if raw.is_empty() => "\"\"".to_owned(),
        None => escape(raw).into_owned(),
    }
}

/// The most of a value where there is little room.
const SHORT: usize = 30;

/// A value in a few characters: `7d`, `zstd`. Not escaped.
pub(super) fn short(key: &ConfigKey, raw: Option<&str>) -> String {
    let Some(raw) = raw else {
        return "unknown".to_owned();
    };
    match key.human(raw) {
        Some(human) => human,
        None if raw.is_empty() => "\"\"".to_owned(),
        None => cut(raw, SHORT).into_owned(),
    }
}

/// The same where the value may not be known.
pub(super) fn value_or_unknown(key: &ConfigKey, raw: Option<&str>) -> String {
    raw.map_or_else(|| "unknown".to_owned(), |raw| value(key, raw))
}

/// Whose value it is, as a sentence has it.
pub(super) fn source(source: Source) -> &'static str {
    match source {
        Source::Topic => "the topic's own value",
        Source::Broker => "the broker's setting",
        Source::BrokerDefault => "the broker default",
        Source::KafkaDefault => "Kafka's default",
    }
}

/// A value as a topics file has it, with human units behind it: `"604800000" # 7d`.
pub(super) fn quoted(key: &ConfigKey, raw: &str) -> String {
    let text = raw.replace('\\', "\\\\").replace('"', "\\\"");
    let text = format!("\"{}\"", escape(&text));
    match key.human(raw) {
        Some(human) => format!("{text} # {human}"),
        None => text,
    }
}

/// A replication factor as JSON: a number, or a list of them where partitions differ.
pub(super) fn factor(factor: &ReplicationFactor) -> Value {
    match factor {
        ReplicationFactor::Same(count) => json!(count),
        ReplicationFactor::Mixed(counts) => json!(counts),
    }
}

/// What of a topic is meant, for JSON: a config key, or one of the words that `unmanaged` knows
/// too.
pub(super) fn on(subject: &Subject) -> &str {
    match subject {
        Subject::Topic => "topic",
        Subject::Partitions => "partitions",
        Subject::ReplicationFactor => "replication_factor",
        Subject::Config(key) => key.as_str(),
        Subject::Record => "record",
    }
}

/// The same for people, escaped.
pub(super) fn label(subject: &Subject) -> String {
    match subject {
        Subject::ReplicationFactor => "replication factor".to_owned(),
        other => escape(on(other)).into_owned(),
    }
}

/// What happens to a topic as a whole, for JSON.
pub(super) fn action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Adopt => "adopt",
        Action::Release => "release",
        Action::Record => "record",
    }
}

/// What became of an owned topic without an apply, for JSON.
pub(super) fn fate(fate: Fate) -> &'static str {
    match fate {
        Fate::Gone => "gone",
        Fate::Recreated => "recreated",
    }
}
