//! The settings of a topic, with the names that files, plans, reports and the inventory share.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ConfigKey;

/// The prefix of config settings: `config.retention.ms`.
const CONFIG: &str = "config.";

/// A setting of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// `partitions`
    Partitions,
    /// `replication_factor`
    ReplicationFactor,
    /// `config.KEY`
    Config(ConfigKey),
    /// `id`: Kafka's topic id (KIP-516) as the inventory holds it.
    Id,
    /// `on_remove`: what happens to the topic once its entry leaves the configuration.
    OnRemove,
    /// `unmanaged`: configs that are left to other tools.
    Unmanaged,
    /// `pin`: whether a declared value must be set on the topic itself.
    Pin,
    /// `owner`: who is responsible for the topic.
    Owner,
    /// `scope`: the ownership scope in the inventory.
    Scope,
    /// `environment`: the environment in the inventory.
    Environment,
    /// `removal`: the inventory's note that a removal of this name has deleted its topic.
    Removal,
    /// `record`: the topic's whole record in the inventory.
    Record,
}

/// A value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a number, a list of numbers where partitions differ, or a string"
)]
pub enum SettingValue {
    /// A count: partitions, replicas.
    Number(u32),
    /// The different counts of a topic's partitions, ascending.
    Numbers(Vec<u32>),
    /// Text; of a config as Kafka holds it.
    Text(String),
}

impl SettingValue {
    /// Returns the text, if the value is text.
    pub fn text(&self) -> Option<&str> {
        match self {
            SettingValue::Text(text) => Some(text),
            SettingValue::Number(_) | SettingValue::Numbers(_) => None,
        }
    }

    /// Returns the number, if the value is a number.
    pub fn number(&self) -> Option<u32> {
        match self {
            SettingValue::Number(number) => Some(*number),
            SettingValue::Numbers(_) | SettingValue::Text(_) => None,
        }
    }
}

impl From<u32> for SettingValue {
    fn from(number: u32) -> Self {
        SettingValue::Number(number)
    }
}

impl From<&str> for SettingValue {
    fn from(text: &str) -> Self {
        SettingValue::Text(text.to_owned())
    }
}

impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingValue::Number(number) => write!(f, "{number}"),
            SettingValue::Numbers(numbers) => {
                let texts: Vec<String> = numbers.iter().map(u32::to_string).collect();
                f.write_str(&texts.join(" or "))
            }
            SettingValue::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Setting::Partitions => f.write_str("partitions"),
            Setting::ReplicationFactor => f.write_str("replication_factor"),
            Setting::Config(key) => write!(f, "{CONFIG}{key}"),
            Setting::Id => f.write_str("id"),
            Setting::OnRemove => f.write_str("on_remove"),
            Setting::Unmanaged => f.write_str("unmanaged"),
            Setting::Pin => f.write_str("pin"),
            Setting::Owner => f.write_str("owner"),
            Setting::Scope => f.write_str("scope"),
            Setting::Environment => f.write_str("environment"),
            Setting::Removal => f.write_str("removal"),
            Setting::Record => f.write_str("record"),
        }
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "partitions" => Setting::Partitions,
            "replication_factor" => Setting::ReplicationFactor,
            "id" => Setting::Id,
            "on_remove" => Setting::OnRemove,
            "owner" => Setting::Owner,
            "scope" => Setting::Scope,
            "environment" => Setting::Environment,
            "removal" => Setting::Removal,
            "record" => Setting::Record,
            other => match other.strip_prefix(CONFIG) {
                Some(key) => Setting::Config(key.into()),
                None => return Err(format!("unknown setting `{}`", super::text::escape(other))),
            },
        })
    }
}

impl Serialize for Setting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<str>::deserialize(deserializer)?;
        name.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Setting {
    fn schema_name() -> Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A setting of a topic: partitions, replication_factor, config.KEY; of the inventory also on_remove, owner, scope, environment, id, removal and record.",
            "type": "string",
            "pattern": "^(partitions|replication_factor|config\\..+|id|on_remove|owner|scope|environment|removal|record)$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_they_are_written() {
        for name in [
            "partitions",
            "replication_factor",
            "config.retention.ms",
            "id",
            "on_remove",
            "owner",
            "scope",
            "environment",
            "removal",
            "record",
        ] {
            assert_eq!(name.parse::<Setting>().unwrap().to_string(), name);
        }
        assert_eq!(
            "retention.ms".parse::<Setting>().unwrap_err(),
            "unknown setting `retention.ms`"
        );
    }
}
