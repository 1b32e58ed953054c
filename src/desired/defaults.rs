//! What an environment gives to a topic whose entry says nothing, and what it asks of every entry:
//! for whoever writes one.

use std::sync::Arc;

use super::layers::Layers;
use super::rules::{Requirement, Rules};
use super::tables::config_value::ConfigValue;
use super::{NameRule, Unmanaged};
use crate::model::{ConfigMap, Globs, TopicName};

/// What stands below and around an entry in one environment.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// The partitions of a topic that does not say.
    pub partitions: Option<u32>,
    /// The replication factor of a topic that does not say.
    pub replication_factor: Option<u32>,
    /// The configs that every topic declares unless it says otherwise.
    pub config: ConfigMap<Arc<str>>,
    /// What is left to others.
    pub unmanaged: Unmanaged,
    /// What `[rules]` asks of entries.
    pub demands: Demands,
}

/// `[rules]`, as far as an entry has to know them before it is written.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// What every entry has.
    require: Vec<Requirement>,
    /// Config keys that are legal besides Kafka 4.3's.
    pub allow_configs: Globs,
    /// What names look like, and the topics that the rules pass over.
    pub names: NameRule,
}

impl Demands {
    /// What the topic's entry must have.
    pub fn of(&self, topic: &TopicName) -> &[Requirement] {
        match self.names.passes_over(topic) {
            true => &[],
            false => &self.require,
        }
    }
}

/// What `[defaults]` and `[rules]` of an environment say.
pub(super) fn defaults(layers: &Layers<'_>, rules: &Rules<'_>) -> Defaults {
    let mut config = ConfigMap::new();
    for entry in layers
        .list
        .iter()
        .flat_map(|(_, settings)| settings.configs())
    {
        match &entry.value {
            ConfigValue::Set(value) => config.insert(entry.key.clone(), value.clone()),
            ConfigValue::Default | ConfigValue::Bad => config.remove(&entry.key),
        };
    }
    let partitions = layers.pick(|settings| &settings.partitions).value();
    let factor = layers.pick(|settings| &settings.replication_factor).value();
    let unmanaged = layers.pick(|settings| &settings.unmanaged).value();
    Defaults {
        partitions: partitions.map(|count| count.0),
        replication_factor: factor.map(|count| count.0),
        config,
        unmanaged: unmanaged.map(|list| list.what.clone()).unwrap_or_default(),
        demands: Demands {
            require: rules.requirements().cloned().collect(),
            allow_configs: rules.allowed_configs(),
            names: rules.names(),
        },
    }
}
