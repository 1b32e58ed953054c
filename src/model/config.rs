//! Kafka's topic configs: accepted values, units, and equality of values.
//!
//! Source of types, defaults and synonyms: `DescribeConfigs` v4 of Apache Kafka 4.3.0. Source of
//! the ranges: `org.apache.kafka.storage.internals.log.LogConfig`; a test validates each against a
//! real broker.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use litemap::LiteMap;

use super::units;

/// The number of replicas that must acknowledge a write with `acks=all`.
pub const MIN_ISR: &str = "min.insync.replicas";

/// The key of a topic config, such as `retention.ms`.
#[derive(Clone)]
pub struct ConfigKey(Key);

/// Keys that Kafka 4.3 has are references to their spec, since all topics share the same few keys.
#[derive(Clone)]
enum Key {
    Known(&'static ConfigSpec),
    Other(Arc<str>),
}

/// A map from config keys, sorted by key. Topics have few configs; a sorted list takes a third of
/// the memory of a tree.
pub type ConfigMap<V> = LiteMap<ConfigKey, V>;

impl ConfigKey {
    /// Creates a key, without checking that Kafka has it.
    pub fn new(key: impl AsRef<str> + Into<Arc<str>>) -> Self {
        Self(match spec(key.as_ref()) {
            Some(spec) => Key::Known(spec),
            None => Key::Other(key.into()),
        })
    }

    /// Returns the key as text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Key::Known(spec) => spec.name,
            Key::Other(key) => key,
        }
    }

    /// Returns Kafka 4.3's specification of this key, if it has the key.
    pub fn spec(&self) -> Option<&'static ConfigSpec> {
        match self.0 {
            Key::Known(spec) => Some(spec),
            Key::Other(_) => None,
        }
    }

    /// Returns whether two values are equal to Kafka: `0.50` and `0.5`, `TRUE` and `true`,
    /// `compact,delete` and `delete, compact`. Values of unknown keys are compared as text.
    pub fn same(&self, a: &str, b: &str) -> bool {
        a == b
            || self
                .spec()
                .is_some_and(|spec| match (spec.meaning(a), spec.meaning(b)) {
                    (Some(a), Some(b)) => a == b,
                    _ => false,
                })
    }

    /// Formats a value in human units where this is more readable than the raw value: `7d`, `1GiB`,
    /// `unlimited`.
    pub fn human(&self, value: &str) -> Option<String> {
        let spec = self.spec()?;
        let number: i64 = value.trim().parse().ok()?;
        if spec.unlimited && number == -1 {
            return Some("unlimited".to_owned());
        }
        match spec.unit {
            Unit::Ms => units::format_duration(number),
            Unit::Bytes => units::format_size(number),
            Unit::None => None,
        }
    }
}

impl PartialEq for ConfigKey {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Key::Known(spec), Key::Known(other)) => std::ptr::eq(*spec, *other),
            _ => self.as_str() == other.as_str(),
        }
    }
}

impl Eq for ConfigKey {}

impl PartialOrd for ConfigKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ConfigKey {
    /// Compares by text. [`SPECS`] is sorted, so addresses of known keys have the same order.
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Key::Known(spec), Key::Known(other)) => {
                std::ptr::from_ref(*spec).cmp(&std::ptr::from_ref(*other))
            }
            _ => self.as_str().cmp(other.as_str()),
        }
    }
}

impl Hash for ConfigKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl From<&str> for ConfigKey {
    fn from(key: &str) -> Self {
        Self::new(key)
    }
}

impl std::borrow::Borrow<str> for ConfigKey {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl schemars::JsonSchema for ConfigKey {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ConfigKey".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

impl<'de> serde::Deserialize<'de> for ConfigKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer).map(Self::new)
    }
}

impl serde::Serialize for ConfigKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The unit of a numeric config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds; also accepts durations such as `7d`.
    Ms,
    /// Bytes; also accepts sizes such as `100MiB`.
    Bytes,
    /// No unit.
    None,
}

/// The type of a config and the values that Kafka accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConfigType {
    /// `true` or `false`.
    Boolean,
    /// A whole number, 32 bits where `max` is `i32::MAX`.
    Integer {
        /// The smallest legal value.
        min: i64,
        /// The largest legal value.
        max: i64,
    },
    /// A decimal number.
    Double {
        /// The smallest legal value.
        min: f64,
        /// The largest legal value.
        max: f64,
    },
    /// One of these values.
    OneOf(&'static [&'static str]),
    /// Any of these values, separated by commas, in any order.
    ListOf(&'static [&'static str]),
    /// `PARTITION:BROKER` pairs separated by commas, or `*`.
    Replicas,
}

/// The specification of a Kafka topic config.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigSpec {
    /// The config's key.
    pub name: &'static str,
    /// The type and range of values.
    pub kind: ConfigType,
    /// The unit of the value.
    pub unit: Unit,
    /// Whether -1 means "no limit".
    pub unlimited: bool,
    /// Kafka's built-in default, used when no broker config sets another.
    pub default: &'static str,
    /// The broker configs from which a topic without the key takes its value, highest precedence
    /// first, each with its factor to milliseconds (1 if the unit is the same).
    pub broker_synonyms: &'static [(&'static str, i64)],
    /// What the config does, in one sentence.
    pub doc: &'static str,
}

/// A parsed value; equal values are equal to Kafka.
#[derive(Debug, PartialEq)]
enum Meaning {
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Word(String),
    Set(Vec<String>),
}

/// Why Kafka would reject a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueProblem {
    /// The value does not have the config's type.
    #[error("{value:?} is not {expected}")]
    Type {
        /// The given value.
        value: String,
        /// The expected type, with its article.
        expected: String,
    },
    /// The number is out of range.
    #[error("{value} is out of range: {range}")]
    Range {
        /// The given value.
        value: String,
        /// The range in words.
        range: String,
    },
    /// The word is not an accepted value.
    #[error("{value:?} is not one of {}", words.join(", "))]
    Word {
        /// The rejected word.
        value: String,
        /// The accepted words.
        words: Vec<&'static str>,
    },
    /// A duplicate in a list.
    #[error("{0:?} stands twice in the list")]
    Twice(String),
    /// An invalid duration or size.
    #[error(transparent)]
    Unit(#[from] units::UnitError),
}

impl ConfigSpec {
    /// Converts a value as written to the value that Kafka stores, `7d` → `604800000`, and
    /// validates it.
    ///
    /// # Errors
    /// Returns why Kafka would reject the value.
    pub fn normalise(&self, text: &str) -> Result<String, ValueProblem> {
        let text = text.trim();
        let value = match (self.kind, self.unit) {
            (ConfigType::Integer { .. }, _) if text.parse::<i64>().is_ok() => text.to_owned(),
            (ConfigType::Integer { .. }, _) if self.unlimited && text == "unlimited" => {
                "-1".to_owned()
            }
            (ConfigType::Integer { .. }, Unit::Ms) => units::parse_duration(text)?.to_string(),
            (ConfigType::Integer { .. }, Unit::Bytes) => units::parse_size(text)?.to_string(),
            (ConfigType::Boolean, _) => text.to_ascii_lowercase(),
            _ => text.to_owned(),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Validates a value in the form that Kafka stores.
    ///
    /// # Errors
    /// Returns why Kafka would reject the value.
    pub fn check(&self, value: &str) -> Result<(), ValueProblem> {
        let wrong_type = || ValueProblem::Type {
            value: value.to_owned(),
            expected: self.expected(),
        };
        let out_of_range = || ValueProblem::Range {
            value: value.to_owned(),
            range: self.range(),
        };
        match self.kind {
            ConfigType::Boolean => match self.meaning(value) {
                Some(_) => Ok(()),
                None => Err(wrong_type()),
            },
            ConfigType::Integer { min, max } => {
                let number: i64 = value.parse().map_err(|_| wrong_type())?;
                let gap = self.name == "compression.gzip.level" && number == 0;
                let legal = (min..=max).contains(&number) && !gap;
                legal.then_some(()).ok_or_else(out_of_range)
            }
            ConfigType::Double { min, max } => {
                let number: f64 = value.parse().map_err(|_| wrong_type())?;
                let legal = (min..=max).contains(&number);
                legal.then_some(()).ok_or_else(out_of_range)
            }
            ConfigType::OneOf(words) => check_word(value, words),
            ConfigType::ListOf(words) => {
                let mut seen = Vec::new();
                // Kafka accepts an empty list, but no empty element: `compact,`.
                let elements = value.split(',').map(str::trim);
                for item in elements.filter(|_| !value.trim().is_empty()) {
                    check_word(item, words)?;
                    if seen.contains(&item) {
                        return Err(ValueProblem::Twice(item.to_owned()));
                    }
                    seen.push(item);
                }
                Ok(())
            }
            ConfigType::Replicas => {
                let pair = |item: &str| {
                    item.split_once(':').is_some_and(|(partition, broker)| {
                        partition.parse::<u32>().is_ok() && broker.parse::<u32>().is_ok()
                    })
                };
                let legal = value.trim() == "*" || list_items(value).all(pair);
                legal.then_some(()).ok_or_else(wrong_type)
            }
        }
    }

    /// Returns what the config accepts, with its article: `a whole number`.
    pub fn expected(&self) -> String {
        match (self.kind, self.unit) {
            (ConfigType::Boolean, _) => "true or false".to_owned(),
            (ConfigType::Integer { .. }, Unit::Ms) => {
                "a number of milliseconds, or a duration such as \"7d\"".to_owned()
            }
            (ConfigType::Integer { .. }, Unit::Bytes) => {
                "a number of bytes, or a size such as \"100MiB\"".to_owned()
            }
            (ConfigType::Integer { .. }, Unit::None) => "a whole number".to_owned(),
            (ConfigType::Double { .. }, _) => "a number".to_owned(),
            (ConfigType::OneOf(words), _) => format!("one of {}", words.join(", ")),
            (ConfigType::ListOf(words), _) => format!("a list of {}", words.join(", ")),
            (ConfigType::Replicas, _) => "a list of PARTITION:BROKER pairs, or *".to_owned(),
        }
    }

    /// Returns the valid range in words.
    pub fn range(&self) -> String {
        match self.kind {
            ConfigType::Integer { min, max } if self.name == "compression.gzip.level" => {
                format!("{min} for the codec's default, or 1 to {max}")
            }
            ConfigType::Integer { min: i64::MIN, .. } => "within 64 bits".to_owned(),
            ConfigType::Integer { min, max } if max == i64::MAX || max == i64::from(i32::MAX) => {
                let bits = if max == i64::MAX { 64 } else { 32 };
                format!("at least {min}, within {bits} bits")
            }
            ConfigType::Integer { min, max } => format!("{min} to {max}"),
            ConfigType::Double { min, max } => format!("{min} to {max}"),
            _ => self.expected(),
        }
    }

    fn meaning(&self, value: &str) -> Option<Meaning> {
        let text = value.trim();
        Some(match self.kind {
            ConfigType::Boolean if text.eq_ignore_ascii_case("true") => Meaning::Boolean(true),
            ConfigType::Boolean if text.eq_ignore_ascii_case("false") => Meaning::Boolean(false),
            ConfigType::Boolean => return None,
            ConfigType::Integer { .. } => Meaning::Integer(text.parse().ok()?),
            ConfigType::Double { .. } => Meaning::Double(text.parse().ok()?),
            ConfigType::OneOf(_) => Meaning::Word(text.to_owned()),
            ConfigType::ListOf(_) | ConfigType::Replicas => {
                let mut items: Vec<String> = list_items(text).map(str::to_owned).collect();
                items.sort();
                Meaning::Set(items)
            }
        })
    }
}

fn check_word(value: &str, words: &'static [&'static str]) -> Result<(), ValueProblem> {
    if words.contains(&value) {
        return Ok(());
    }
    Err(ValueProblem::Word {
        value: value.to_owned(),
        words: words.to_vec(),
    })
}

/// Iterates over the elements of a Kafka list value, `compact,delete`.
pub fn list_items(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|i| !i.is_empty())
}

/// Returns whether a key is set and removed by partition reassignments. Such keys are never reset.
pub fn is_throttle(key: &str) -> bool {
    matches!(
        key,
        "leader.replication.throttled.replicas" | "follower.replication.throttled.replicas"
    )
}

/// Returns the specification of a key, if Kafka 4.3 has it.
pub fn spec(key: &str) -> Option<&'static ConfigSpec> {
    SPECS
        .binary_search_by(|spec| spec.name.cmp(key))
        .ok()
        .map(|index| &SPECS[index])
}

const LONG: i64 = i64::MAX;
const INT: i64 = i32::MAX as i64;

const fn long(min: i64) -> ConfigType {
    ConfigType::Integer { min, max: LONG }
}

const fn int(min: i64) -> ConfigType {
    ConfigType::Integer { min, max: INT }
}

const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

macro_rules! specs {
    ($($name:literal $kind:expr, $unit:ident $(unlimited $($unlimited:literal)?)?, $default:literal, [$($synonym:literal $(* $factor:literal)?),*], $doc:literal;)+) => {
        /// All topic configs of Kafka 4.3, sorted by key.
        pub static SPECS: &[ConfigSpec] = &[$(ConfigSpec {
            name: $name,
            kind: $kind,
            unit: Unit::$unit,
            unlimited: specs!(@flag $(unlimited $($unlimited)?)?),
            default: $default,
            broker_synonyms: &[$(($synonym, specs!(@factor $($factor)?))),*],
            doc: $doc,
        },)+];
    };
    (@flag) => { false };
    (@flag unlimited) => { true };
    (@factor) => { 1 };
    (@factor $factor:literal) => { $factor };
}

specs! {
    "cleanup.policy" ConfigType::ListOf(&["compact", "delete"]), None, "delete", ["log.cleanup.policy"],
        "What happens to old records: `delete` drops them by age and size, `compact` keeps the latest of each key";
    "compression.gzip.level" ConfigType::Integer { min: -1, max: 9 }, None, "-1", ["compression.gzip.level"],
        "The level where compression.type is gzip";
    "compression.lz4.level" ConfigType::Integer { min: 1, max: 17 }, None, "9", ["compression.lz4.level"],
        "The level where compression.type is lz4";
    "compression.type" ConfigType::OneOf(CODECS), None, "producer", ["compression.type"],
        "How the broker stores records; `producer` keeps what the producer chose";
    "compression.zstd.level" ConfigType::Integer { min: -131_072, max: 22 }, None, "3", ["compression.zstd.level"],
        "The level where compression.type is zstd";
    "delete.retention.ms" long(0), Ms, "86400000", ["log.cleaner.delete.retention.ms"],
        "How long delete markers stay in a compacted topic";
    "file.delete.delay.ms" long(0), Ms, "60000", ["log.segment.delete.delay.ms"],
        "How long a deleted segment's file stays on disk";
    "flush.messages" long(1), None, "9223372036854775807", ["log.flush.interval.messages"],
        "Force an fsync after so many records";
    "flush.ms" long(0), Ms, "9223372036854775807", ["log.flush.interval.ms"],
        "Force an fsync after so long";
    "follower.replication.throttled.replicas" ConfigType::Replicas, None, "", [],
        "Replicas whose replication is throttled on the follower's side";
    "index.interval.bytes" int(0), Bytes, "4096", ["log.index.interval.bytes"],
        "How often an entry goes into the offset index";
    "leader.replication.throttled.replicas" ConfigType::Replicas, None, "", [],
        "Replicas whose replication is throttled on the leader's side";
    "local.retention.bytes" long(-2), Bytes unlimited, "-2", ["log.local.retention.bytes"],
        "Bytes of a partition kept on the broker before tiered storage alone has them; -2 takes retention.bytes";
    "local.retention.ms" long(-2), Ms unlimited, "-2", ["log.local.retention.ms"],
        "How long records stay on the broker before tiered storage alone has them; -2 takes retention.ms";
    "max.compaction.lag.ms" long(1), Ms, "9223372036854775807", ["log.cleaner.max.compaction.lag.ms"],
        "The longest that a record may stay uncompacted";
    "max.message.bytes" int(0), Bytes, "1048588", ["message.max.bytes"],
        "The largest record batch that is accepted, after compression";
    "message.timestamp.after.max.ms" long(0), Ms, "3600000", ["log.message.timestamp.after.max.ms"],
        "How far a record's timestamp may lie ahead of the broker's clock";
    "message.timestamp.before.max.ms" long(0), Ms, "9223372036854775807", ["log.message.timestamp.before.max.ms"],
        "How far a record's timestamp may lie behind the broker's clock";
    "message.timestamp.type" ConfigType::OneOf(&["CreateTime", "LogAppendTime"]), None, "CreateTime", ["log.message.timestamp.type"],
        "Whether a record's timestamp is the producer's or the broker's";
    "min.cleanable.dirty.ratio" ConfigType::Double { min: 0.0, max: 1.0 }, None, "0.5", ["log.cleaner.min.cleanable.ratio"],
        "How much of a log must be uncompacted before compaction starts";
    "min.compaction.lag.ms" long(0), Ms, "0", ["log.cleaner.min.compaction.lag.ms"],
        "How long a record stays uncompacted at least";
    "min.insync.replicas" int(1), None, "1", ["min.insync.replicas"],
        "How many in-sync replicas an acks=all write needs";
    "preallocate" ConfigType::Boolean, None, "false", ["log.preallocate"],
        "Whether a new segment's file is allocated at once";
    "remote.log.copy.disable" ConfigType::Boolean, None, "false", [],
        "Whether tiered data becomes read only";
    "remote.log.delete.on.disable" ConfigType::Boolean, None, "false", [],
        "Whether tiered data is deleted when tiered storage is disabled";
    "remote.storage.enable" ConfigType::Boolean, None, "false", [],
        "Whether the topic uses tiered storage";
    "retention.bytes" long(i64::MIN), Bytes unlimited, "-1", ["log.retention.bytes"],
        "How large a partition may grow before old segments are deleted";
    "retention.ms" long(-1), Ms unlimited, "604800000", ["log.retention.ms", "log.retention.minutes" * 60_000, "log.retention.hours" * 3_600_000],
        "How long records are kept";
    "segment.bytes" int(1_048_576), Bytes, "1073741824", ["log.segment.bytes"],
        "The size of a segment file";
    "segment.index.bytes" int(4), Bytes, "10485760", ["log.index.size.max.bytes"],
        "The size of a segment's index";
    "segment.jitter.ms" long(0), Ms, "0", ["log.roll.jitter.ms", "log.roll.jitter.hours" * 3_600_000],
        "Spread of the time at which segments roll";
    "segment.ms" long(1), Ms, "604800000", ["log.roll.ms", "log.roll.hours" * 3_600_000],
        "The time after which a segment rolls, full or not";
    "unclean.leader.election.enable" ConfigType::Boolean, None, "false", ["unclean.leader.election.enable"],
        "Whether a replica that is not in sync may become leader, losing records";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_defaults_are_legal() {
        assert_eq!(SPECS.len(), 33);
        assert!(SPECS.windows(2).all(|w| w[0].name < w[1].name));
        for spec in SPECS {
            assert_eq!(spec.check(spec.default), Ok(()), "{}", spec.name);
        }
    }

    #[test]
    fn values_compare_by_meaning() {
        let same = |key: &str, a: &str, b: &str| ConfigKey::from(key).same(a, b);
        assert!(same("cleanup.policy", "compact,delete", "delete, compact"));
        assert!(!same("cleanup.policy", "compact", "compact,delete"));
        assert!(same("min.cleanable.dirty.ratio", "0.50", "0.5"));
        assert!(same("preallocate", "TRUE", "true"));
        assert!(same("retention.ms", "604800000", "0604800000"));
        assert!(!same("compression.type", "zstd", "lz4"));
        assert!(same("vendor.key", "x", "x"));
        assert!(!same("vendor.key", "x", "X"));
    }

    #[test]
    fn what_people_write_becomes_what_kafka_holds() {
        let normal = |key: &str, text: &str| spec(key).unwrap().normalise(text);
        assert_eq!(normal("retention.ms", "7d"), Ok("604800000".to_owned()));
        assert_eq!(normal("retention.ms", "unlimited"), Ok("-1".to_owned()));
        assert_eq!(
            normal("segment.bytes", "100MiB"),
            Ok("104857600".to_owned())
        );
        assert_eq!(normal("preallocate", "TRUE"), Ok("true".to_owned()));
        assert!(normal("flush.ms", "unlimited").is_err());
        assert!(normal("segment.bytes", "4GiB").is_err());
        assert!(normal("compression.gzip.level", "0").is_err());
        assert!(normal("cleanup.policy", "compact,shrink").is_err());
        assert!(normal("cleanup.policy", "compact,compact").is_err());
        assert!(normal("cleanup.policy", "compact,").is_err());
        assert_eq!(normal("cleanup.policy", ""), Ok(String::new()));
        assert_eq!(normal("retention.bytes", "-5"), Ok("-5".to_owned()));
        assert!(normal("min.cleanable.dirty.ratio", "NaN").is_err());
        assert_eq!(
            normal("leader.replication.throttled.replicas", "0:1,1:2"),
            Ok("0:1,1:2".to_owned())
        );
    }

    #[test]
    fn human_units() {
        let human = |key: &str, value: &str| ConfigKey::from(key).human(value);
        assert_eq!(human("retention.ms", "604800000").as_deref(), Some("7d"));
        assert_eq!(human("retention.ms", "-1").as_deref(), Some("unlimited"));
        assert_eq!(human("compression.gzip.level", "-1"), None);
        assert_eq!(
            human("segment.bytes", "1073741824").as_deref(),
            Some("1GiB")
        );
    }
}
