//! Steps: the changes to a cluster, per topic. The planner creates them, preflight validates them,
//! the apply carries them out.

use super::config::MIN_ISR;
use super::{ConfigKey, Setting, TopicName};

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// The topic's name.
    pub name: TopicName,
    /// The number of partitions.
    pub partitions: u32,
    /// The number of replicas per partition.
    pub replication_factor: u32,
    /// The configs to set on the topic.
    pub config: Vec<(ConfigKey, String)>,
}

/// Config changes of one topic; configs that are not named are unchanged (KIP-339).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alter {
    /// The topic to change.
    pub topic: TopicName,
    /// The keys, each at most once.
    pub ops: Vec<(ConfigKey, AlterOp)>,
}

/// The change of one config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlterOp {
    /// Sets this value on the topic.
    Set(String),
    /// Removes the config from the topic; the broker's default applies.
    Delete,
}

/// The part of a topic's change that one request carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The phase of the apply.
    pub phase: Phase,
    /// The topic to change.
    pub topic: TopicName,
    /// The operation on the topic.
    pub work: Operation,
}

/// An operation on a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Creates the topic.
    Create(NewTopic),
    /// Adds partitions.
    AddPartitions {
        /// The current number of partitions.
        from: u32,
        /// The new number of partitions.
        to: u32,
    },
    /// Changes configs.
    Alter(Vec<(ConfigKey, AlterOp)>),
    /// Raises `min.insync.replicas`.
    RaiseMinIsr {
        /// The change of the config.
        op: AlterOp,
        /// The new value, if known.
        to: Option<u32>,
    },
    /// Deletes the topic.
    Delete {
        /// The id of the topic to delete; a topic with the same name and another id is kept.
        id: Option<String>,
    },
}

/// The phases of an apply, in their order of execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Creates topics, with their configs.
    Create,
    /// Lowers `min.insync.replicas`.
    LowerMinIsr,
    /// Adds partitions.
    Partitions,
    /// Changes all other configs.
    Configs,
    /// Raises `min.insync.replicas`.
    RaiseMinIsr,
    /// Deletes topics.
    Delete,
}

impl Step {
    /// Returns the settings that this step changes; `None` stands for the whole topic.
    pub fn parts(&self) -> Vec<Option<Setting>> {
        match &self.work {
            Operation::Create(_) | Operation::Delete { .. } => vec![None],
            Operation::AddPartitions { .. } => vec![Some(Setting::Partitions)],
            Operation::Alter(_) | Operation::RaiseMinIsr { .. } => {
                let keys = self.ops().into_iter().map(|(key, _)| key);
                keys.map(|key| Some(Setting::Config(key))).collect()
            }
        }
    }

    /// Returns the config changes of this step on an existing topic.
    pub fn ops(&self) -> Vec<(ConfigKey, AlterOp)> {
        match &self.work {
            Operation::Alter(ops) => ops.clone(),
            Operation::RaiseMinIsr { op, .. } => vec![(ConfigKey::from(MIN_ISR), op.clone())],
            Operation::Create(_) | Operation::AddPartitions { .. } | Operation::Delete { .. } => {
                Vec::new()
            }
        }
    }
}
