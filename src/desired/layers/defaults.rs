//! The defaults of an environment's topics and the requirements on entries, for commands that write
//! entries.

use std::sync::Arc;

use super::stack::Stacks;
use crate::desired::policy::rules::{Requirement, Rules};
use crate::desired::reader::config_value::ConfigValue;
use crate::desired::{NameRule, Unmanaged};
use crate::model::{ConfigMap, Globs, TopicName};

/// The lower layers and the requirements of an entry in one environment.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// The default number of partitions.
    pub partitions: Option<u32>,
    /// The default replication factor.
    pub replication_factor: Option<u32>,
    /// The default configs.
    pub config: ConfigMap<Arc<str>>,
    /// The unmanaged settings.
    pub unmanaged: Unmanaged,
    /// The requirements of `[rules]` on entries.
    pub demands: Demands,
}

/// The part of `[rules]` that matters before an entry is written.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// The required keys of every entry.
    require: Vec<Requirement>,
    /// Valid config keys in addition to Kafka 4.3's.
    pub allow_configs: Globs,
    /// The rule for names, with its exceptions.
    pub names: NameRule,
}

impl Demands {
    /// Returns the required keys of the topic's entry.
    pub fn of(&self, topic: &TopicName) -> &[Requirement] {
        match self.names.ignores(topic) {
            true => &[],
            false => &self.require,
        }
    }
}

/// Builds the defaults from an environment's `[defaults]` and `[rules]`.
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
