//! The defaults that topics inherit, from the cluster's responses about topics and brokers.

use std::collections::BTreeMap;

use crate::kafka::{ConfigEntry, Configs, Synonym};
use crate::live::{BrokerDefault, ConfigSource, Defaults};
use crate::model::config::SPECS;
use crate::model::{ConfigKey, ConfigSpec};

/// Returns the defaults in the configs of topics: inherited values, and the synonyms of values that
/// are set.
pub(super) fn told_by_topics<'a>(topics: impl Iterator<Item = &'a Configs> + Clone) -> Defaults {
    let mut defaults = Defaults::new();
    for entry in unlike_the_last(topics.clone()).filter(|entry| entry.source != ConfigSource::Topic)
    {
        if let (Some(value), false) = (&entry.value, defaults.contains_key(&entry.key)) {
            let (value, source) = (value.clone(), entry.source);
            defaults.insert(entry.key.clone(), BrokerDefault { value, source });
        }
    }
    for entry in unlike_the_last(topics).filter(|entry| entry.source == ConfigSource::Topic) {
        if !defaults.contains_key(&entry.key)
            && let Some(behind) = behind_one(entry)
        {
            defaults.insert(entry.key.clone(), behind);
        }
    }
    defaults
}

/// Iterates over the topics' entries, without entries shared with the previous topic.
fn unlike_the_last<'a>(
    topics: impl Iterator<Item = &'a Configs>,
) -> impl Iterator<Item = &'a ConfigEntry> {
    let mut before = None;
    topics.flat_map(move |configs| configs.beside(before.replace(configs)))
}

/// Returns the configs that these brokers have: each topic's response contains all of them. Without
/// topics, those of the newest Kafka; [`complete`] then removes configs that a broker does not
/// have.
pub(super) fn known<'a>(mut topics: impl Iterator<Item = &'a Configs>) -> Vec<&'static ConfigSpec> {
    let Some(first) = topics.next() else {
        return SPECS.iter().collect();
    };
    let has = |spec: &&ConfigSpec| first.find(spec.name).is_some();
    SPECS.iter().filter(has).collect()
}

/// Returns whether every config has a default.
pub(super) fn are_complete(defaults: &Defaults, known: &[&ConfigSpec]) -> bool {
    known.iter().all(|spec| defaults.contains_key(spec.name))
}

/// Completes the defaults from a broker's configs. A topic config with a broker synonym that the
/// broker does not have is newer than the broker.
pub(super) fn complete(defaults: &mut Defaults, known: &[&ConfigSpec], broker: &Configs) {
    let settings: BTreeMap<&str, &ConfigEntry> = broker
        .iter()
        .map(|entry| (entry.key.as_str(), entry))
        .collect();
    let has = |spec: &&&ConfigSpec| {
        let mut synonyms = spec.broker_synonyms.iter();
        spec.broker_synonyms.is_empty() || synonyms.any(|(name, _)| settings.contains_key(name))
    };
    for spec in known.iter().filter(has) {
        if !defaults.contains_key(spec.name) {
            defaults.insert(ConfigKey::from(spec.name), from_broker(spec, &settings));
        }
    }
}

/// Returns the broker's synonym of highest precedence that has a value, or Kafka's built-in
/// default.
fn from_broker(spec: &ConfigSpec, settings: &BTreeMap<&str, &ConfigEntry>) -> BrokerDefault {
    let setting = |(name, _): &(&str, i64)| {
        let entry = settings.get(name)?;
        let value = in_unit_of(spec, name, entry.value.as_deref()?);
        let source = entry.source;
        Some(BrokerDefault { value, source })
    };
    let strongest = spec.broker_synonyms.iter().find_map(setting);
    strongest.unwrap_or_else(|| BrokerDefault {
        value: spec.default.to_owned(),
        source: ConfigSource::KafkaDefault,
    })
}

/// Returns the inherited defaults of configs that are set on a topic, if they differ from
/// [`told_by_topics`]: brokers may differ.
pub(super) fn behind(entries: &Configs, defaults: &Defaults) -> Defaults {
    entries
        .iter()
        .filter(|entry| entry.source == ConfigSource::Topic)
        .filter_map(|entry| Some((entry.key.clone(), behind_one(entry)?)))
        .filter(|(key, behind)| defaults.get(key) != Some(behind))
        .collect()
}

/// Returns the first synonym other than the topic's own value.
fn behind_one(entry: &ConfigEntry) -> Option<BrokerDefault> {
    let next = |synonym: &&Synonym| synonym.source != ConfigSource::Topic;
    let synonym = entry.synonyms.iter().find(next)?;
    let value = synonym.value.as_deref()?;
    let value = match entry.key.spec() {
        Some(spec) => in_unit_of(spec, &synonym.name, value),
        None => value.to_owned(),
    };
    let source = synonym.source;
    Some(BrokerDefault { value, source })
}

/// Converts the value of a broker config in another unit, such as `log.retention.hours`. -1 is "no
/// limit" in all units.
fn in_unit_of(spec: &ConfigSpec, setting: &str, value: &str) -> String {
    let synonym = spec
        .broker_synonyms
        .iter()
        .find(|(name, _)| *name == setting);
    match (synonym, value.parse::<i64>()) {
        (Some((_, factor)), Ok(number)) if *factor != 1 && number >= 0 => {
            number.saturating_mul(*factor).to_string()
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(
        key: &str,
        value: Option<&str>,
        source: ConfigSource,
        synonyms: &[Synonym],
    ) -> ConfigEntry {
        ConfigEntry {
            key: ConfigKey::from(key),
            value: value.map(str::to_owned),
            source,
            sensitive: false,
            read_only: false,
            synonyms: synonyms.to_vec(),
        }
    }

    fn synonym(name: &str, value: &str, source: ConfigSource) -> Synonym {
        Synonym {
            name: name.to_owned(),
            value: Some(value.to_owned()),
            source,
        }
    }

    fn default(value: &str, source: ConfigSource) -> BrokerDefault {
        BrokerDefault {
            value: value.to_owned(),
            source,
        }
    }

    #[test]
    fn what_stands_behind_a_value_is_a_default_too() {
        let entries = Configs::from_iter([
            entry(
                "compression.type",
                Some("producer"),
                ConfigSource::KafkaDefault,
                &[],
            ),
            entry(
                "retention.ms",
                Some("1000"),
                ConfigSource::Topic,
                &[
                    synonym("retention.ms", "1000", ConfigSource::Topic),
                    synonym("log.retention.hours", "24", ConfigSource::Broker),
                ],
            ),
            entry(
                "flush.ms",
                Some("5"),
                ConfigSource::Topic,
                &[synonym("flush.ms", "5", ConfigSource::Topic)],
            ),
        ]);
        let defaults = told_by_topics([&entries].into_iter());
        let expected = [
            (
                "compression.type",
                default("producer", ConfigSource::KafkaDefault),
            ),
            ("retention.ms", default("86400000", ConfigSource::Broker)),
        ];
        let expected = expected.map(|(key, value)| (ConfigKey::from(key), value));
        assert_eq!(defaults, Defaults::from(expected));
        assert_eq!(behind(&entries, &defaults), Defaults::new());
    }

    #[test]
    fn a_broker_fills_the_gaps_in_its_own_units() {
        let broker = Configs::from_iter([
            entry("log.retention.ms", None, ConfigSource::KafkaDefault, &[]),
            entry(
                "log.retention.minutes",
                None,
                ConfigSource::KafkaDefault,
                &[],
            ),
            entry("log.retention.hours", Some("48"), ConfigSource::Broker, &[]),
            entry(
                "log.roll.hours",
                Some("-1"),
                ConfigSource::BrokerDefault,
                &[],
            ),
            entry("log.segment.bytes", Some("5"), ConfigSource::Broker, &[]),
            entry("log.preallocate", None, ConfigSource::KafkaDefault, &[]),
        ]);
        let told = default("9", ConfigSource::BrokerDefault);
        let mut defaults = Defaults::from([(ConfigKey::from("segment.bytes"), told.clone())]);
        let known: Vec<&ConfigSpec> = SPECS.iter().collect();
        assert!(!are_complete(&defaults, &known));
        complete(&mut defaults, &known, &broker);
        assert_eq!(
            defaults["retention.ms"],
            default("172800000", ConfigSource::Broker)
        );
        assert_eq!(
            defaults["segment.ms"],
            default("-1", ConfigSource::BrokerDefault)
        );
        assert_eq!(
            defaults["preallocate"],
            default("false", ConfigSource::KafkaDefault)
        );
        assert_eq!(defaults["segment.bytes"], told);
    }

    #[test]
    fn what_older_brokers_do_not_have_has_no_default() {
        let held = |key| entry(key, Some("1"), ConfigSource::Topic, &[]);
        let topic = Configs::from_iter(["flush.ms", "vendor.key", "segment.bytes"].map(held));
        let known = known([topic].iter());
        let names: Vec<&str> = known.iter().map(|spec| spec.name).collect();
        assert_eq!(names, ["flush.ms", "segment.bytes"]);
        // Without topics, the broker's configs are used.
        let setting = entry("log.segment.bytes", Some("5"), ConfigSource::Broker, &[]);
        let all = super::known(std::iter::empty());
        let mut defaults = Defaults::new();
        complete(&mut defaults, &all, &Configs::from_iter([setting]));
        assert!(defaults.contains_key("segment.bytes"));
        assert!(
            defaults.contains_key("remote.storage.enable"),
            "it takes it from no setting"
        );
        assert!(!defaults.contains_key("compression.zstd.level"));
    }

    #[test]
    fn a_topic_behind_which_stands_something_else_says_so() {
        let set = |behind: &str| {
            let own = synonym("segment.bytes", "1", ConfigSource::Topic);
            let broker = synonym("log.segment.bytes", behind, ConfigSource::Broker);
            entry(
                "segment.bytes",
                Some("1"),
                ConfigSource::Topic,
                &[own, broker],
            )
        };
        let [one, other] = ["100", "200"].map(|behind| Configs::from_iter([set(behind)]));
        let defaults = told_by_topics([&one, &other].into_iter());
        assert_eq!(behind(&one, &defaults), Defaults::new());
        assert_eq!(
            behind(&other, &defaults)["segment.bytes"],
            default("200", ConfigSource::Broker)
        );
    }
}
