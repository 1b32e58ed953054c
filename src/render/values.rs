//! Config values in words.

use crate::live::ConfigSource;
use crate::model::text::{cut, escape};
use crate::model::{ConfigKey, Setting, SettingValue};
use crate::plan::SettingChange;

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
pub(super) fn source(source: ConfigSource) -> &'static str {
    match source {
        ConfigSource::Topic => "the topic's own value",
        ConfigSource::Broker => "the broker's setting",
        ConfigSource::BrokerDefault => "the broker default",
        ConfigSource::KafkaDefault => "Kafka's default",
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

/// The name of a setting for people, escaped: a config by its key alone.
pub(super) fn label(setting: &Setting) -> String {
    match setting {
        Setting::ReplicationFactor => "replication factor".to_owned(),
        Setting::Config(key) => escape(key.as_str()).into_owned(),
        Setting::Removal => "removal".to_owned(),
        other => other.to_string(),
    }
}

/// A value of a setting for people, escaped.
pub(super) fn shown(setting: &Setting, value: Option<&SettingValue>) -> String {
    match (setting, value) {
        (_, None) => "unknown".to_owned(),
        (Setting::Config(key), Some(SettingValue::Text(text))) => self::value(key, text),
        (_, Some(value)) => escape(&value.to_string()).into_owned(),
    }
}

/// What a setting becomes, for people, escaped: the new value, or the default behind a reset.
pub(super) fn becomes(change: &SettingChange) -> String {
    match (&change.setting, change.to()) {
        (Setting::Config(key), _) => value_or_unknown(key, change.becomes()),
        (setting, to) => shown(setting, to),
    }
}
