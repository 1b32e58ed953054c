//! The effective value of a topic's config: set on the topic, or inherited from the brokers.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use super::{BrokerDefault, ConfigSource, LiveTopic};
use crate::model::ConfigKey;

/// An effective value and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effective<'a> {
    /// The effective value.
    pub value: &'a str,
    /// The layer of Kafka's configuration that sets it.
    pub source: ConfigSource,
}

impl Effective<'_> {
    /// Converts to an owned broker default.
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

/// The values that topics inherit from the brokers, by key.
pub type Defaults = BTreeMap<ConfigKey, BrokerDefault>;

/// Returns the effective value of a key: the topic's own value, or else the inherited default.
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

/// Returns the value that a topic inherits, or would inherit, for a key.
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
