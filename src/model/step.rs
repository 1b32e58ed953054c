//! What a cluster is asked to change, topic by topic: the planner makes the steps, preflight asks about
//! them, the apply sends them.

use super::config::MIN_ISR;
use super::{ConfigKey, Setting, TopicName};

/// A topic to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: TopicName,
    /// How many partitions.
    pub partitions: u32,
    /// How many replicas of each partition.
    pub replication_factor: u32,
    /// What is set on the topic itself.
    pub config: Vec<(ConfigKey, String)>,
}

/// Changes of one topic's configs; what is not named stays as it is (KIP-339).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alter {
    /// The topic.
    pub topic: TopicName,
    /// The keys, each at most once.
    pub ops: Vec<(ConfigKey, AlterOp)>,
}

/// What happens to one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlterOp {
    /// The topic holds this value.
    Set(String),
    /// The topic no longer holds the key: the broker's default counts.
    Delete,
}

/// One request's worth of one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When it is done.
    pub phase: Phase,
    /// The topic.
    pub topic: TopicName,
    /// What is done to it.
    pub work: Operation,
}

/// What is done to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// It is made.
    Create(NewTopic),
    /// It gets more partitions.
    AddPartitions {
        /// What it has.
        from: u32,
        /// What it gets.
        to: u32,
    },
    /// Its configs change.
    Alter(Vec<(ConfigKey, AlterOp)>),
    /// Its `min.insync.replicas` goes up.
    RaiseMinIsr {
        /// How.
        op: AlterOp,
        /// To what, where it is known.
        to: Option<u32>,
    },
    /// It is deleted.
    Delete {
        /// The id of the topic that was planned to go: another one of its name stays.
        id: Option<String>,
    },
}

/// The phases of an apply, in the order in which they are carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// New topics, with their configs.
    Create,
    /// `min.insync.replicas` where it goes down.
    LowerMinIsr,
    /// More partitions.
    Partitions,
    /// All other configs.
    Configs,
    /// `min.insync.replicas` where it goes up.
    RaiseMinIsr,
    /// Topics that go.
    Delete,
}

impl Step {
    /// The settings that this step changes; `None` is the topic as a whole.
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

    /// The configs that this step changes on a topic that exists.
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
