//! What an environment gives to a topic whose entry says nothing, and what it asks of every entry:
//! for whoever writes one.

use std::sync::Arc;

use super::stack::Stacks;
use crate::desired::policy::rules::{Requirement, Rules};
use crate::desired::reader::config_value::ConfigValue;
use crate::desired::{NameRule, Unmanaged};
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
        match self.names.ignores(topic) {
            true => &[],
            false => &self.require,
        }
    }
}

/// What `[defaults]` and `[rules]` of an environment declare.
pub(in crate::desired) fn defaults(stacks: &Stacks<'_>, rules: &Rules<'_>) -> Defaults {
    let configs = stacks
        .top_configs()
        .filter_map(|(_, entry)| match &entry.value {
            ConfigValue::Set(value) => Some((entry.key.clone(), value.clone())),
            ConfigValue::Default | ConfigValue::Bad => None,
        });
    let unmanaged = stacks.unmanaged.value();
    Defaults {
        partitions: stacks.partitions.value().map(|count| count.0),
        replication_factor: stacks.replication_factor.value().map(|count| count.0),
        config: configs.collect(),
        unmanaged: unmanaged.map(|list| list.what.clone()).unwrap_or_default(),
        demands: Demands {
            require: rules.requirements().cloned().collect(),
            allow_configs: rules.allowed_configs(),
            names: rules.names(),
        },
    }
}
