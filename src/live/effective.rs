//! The value that a topic has for a config: its own, or what it inherits from the brokers.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use super::{BrokerDefault, ConfigSource, LiveTopic};
use crate::model::ConfigKey;

/// A value that is in force, and where it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective<'a> {
    /// The value.
    pub value: &'a str,
    /// Who gives it.
    pub source: ConfigSource,
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
pub fn effective<'a, K: Ord + ?Sized>(
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    key: &K,
) -> Option<Effective<'a>>
where
    ConfigKey: Borrow<K>,
{
    let own = found.config.as_ref()?.get(key).map(|value| Effective {
        value,
        source: ConfigSource::Topic,
    });
    own.or_else(|| inherited_default(found, defaults, key))
}

/// What a topic has, or would have, for a key that is not set on it.
pub fn inherited_default<'a, K: Ord + ?Sized>(
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    key: &K,
) -> Option<Effective<'a>>
where
    ConfigKey: Borrow<K>,
{
    let default = found.behind.get(key).or_else(|| defaults.get(key));
    default.map(Effective::from)
}
