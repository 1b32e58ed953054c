//! Facts: how a declared topic and the live one differ. Pure, and without an opinion on what should
//! follow.

mod config;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::desired::Topic;
use crate::live::{BrokerDefault, LiveTopic, ReplicationFactor, Source};
use crate::model::{ConfigKey, Globs, Sourced};

/// How one topic differs from what its entry says. What is `unmanaged` is not compared.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicDiff<'a> {
    /// The declared partition count, where the topic has another.
    pub partitions: Option<&'a Sourced<u32>>,
    /// The declared replication factor, where any partition has another.
    pub replication_factor: Option<&'a Sourced<u32>>,
    /// The configs that differ, by key. `None` where the topic's configs were not read.
    pub config: Option<Vec<ConfigDiff<'a>>>,
    /// Keys on the topic that no file names and that Kafka 4.3 does not know.
    pub unknown_keys: Vec<&'a ConfigKey>,
}

/// How one config differs.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigDiff<'a> {
    /// Its key.
    pub key: &'a ConfigKey,
    /// What the topic has now; `None` where neither the topic nor a known default says.
    pub live: Option<Effective<'a>>,
    /// In what way it differs.
    pub kind: Difference<'a>,
}

/// In what way a config differs.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference<'a> {
    /// The declared value is another than the live one.
    Value(&'a Sourced<Arc<str>>),
    /// The declared value is the live one, but a broker gives it: the topic does not hold it.
    NotHeld(&'a Sourced<Arc<str>>),
    /// The topic holds it and no file names it. Without it the topic would have this.
    Undeclared(Option<Effective<'a>>),
}

/// A value that is in force, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective<'a> {
    /// The value.
    pub value: &'a str,
    /// Who gives it.
    pub source: Source,
}

impl Effective<'_> {
    /// The same as a default that can be kept.
    pub fn to_default(self) -> BrokerDefault {
        BrokerDefault {
            value: self.value.to_owned(),
            source: self.source,
        }
    }
}

impl<'a> From<&'a BrokerDefault> for Effective<'a> {
    fn from(default: &'a BrokerDefault) -> Self {
        Self {
            value: &default.value,
            source: default.source,
        }
    }
}

/// What brokers give to topics that do not hold a key themselves.
pub type Defaults = BTreeMap<ConfigKey, BrokerDefault>;

/// What a topic has for a key: its own value, or else the default behind it.
pub fn effective<'a>(
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    key: &str,
) -> Option<Effective<'a>> {
    let own = found.config.as_ref()?.get(key).map(|value| Effective {
        value,
        source: Source::Topic,
    });
    own.or_else(|| behind(found, defaults, key))
}

/// What a topic has, or would have, for a key that is not set on it.
pub fn behind<'a>(
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    key: &str,
) -> Option<Effective<'a>> {
    let default = found.behind.get(key).or_else(|| defaults.get(key));
    default.map(Effective::from)
}

/// Compares a topic with its entry. `ignore` covers undeclared config keys that nobody wants to
/// hear of.
pub fn topic<'a>(
    wanted: &'a Topic,
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    ignore: &Globs,
) -> TopicDiff<'a> {
    let partitions = &wanted.partitions;
    let factor = &wanted.replication_factor;
    let other_count = partitions.value != found.partitions;
    let other_factor = found.replication_factor != ReplicationFactor::Same(factor.value);
    let (config, unknown_keys) = config::compare(wanted, found, defaults, ignore);
    TopicDiff {
        partitions: (other_count && !wanted.unmanaged.partitions).then_some(partitions),
        replication_factor: (other_factor && !wanted.unmanaged.replication_factor)
            .then_some(factor),
        config,
        unknown_keys,
    }
}
