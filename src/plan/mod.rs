//! Decisions: from how desired and live differ to what an apply would do, what is held back and
//! why, and what it would cost. Pure: the same inputs give the same plan.

mod allow;
pub mod approval;
mod blocked;
mod gates;
mod in_use;
mod make;
mod notes;
mod objections;
mod risks;
mod summary;

pub use allow::{Allow, AllowError};
pub use approval::{Approval, Unapproved};
pub use in_use::facts as usage_facts;
pub use make::{MissingRights, Options, make};
pub use summary::Summary;

use crate::live::{BrokerDefault, ReplicationFactor, Source, Usage};
pub use crate::model::Subject;
use crate::model::{BlockCode, ConfigKey, Place, RiskCode, TopicName};

/// The format of a plan as a file, which the render room writes.
pub const FORMAT: &str = "topicsmith/plan/1";

/// What an apply to one environment would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The environment's name.
    pub environment: String,
    /// Whose topics the files speak of, where that is said.
    pub scope: Option<String>,
    /// The cluster that was looked at.
    pub cluster: Cluster,
    /// The commit that the files are of, where it was said.
    pub commit: Option<String>,
    /// The globs that it was narrowed to; none means all topics.
    pub only: Vec<String>,
    /// What would change, by topic name.
    pub changes: Vec<Change>,
    /// What is held back, by topic name.
    pub blocked: Vec<Blocked>,
    /// Live topics that no file names.
    pub unlisted: Vec<TopicName>,
    /// Config keys on declared topics that no file names and that Kafka 4.3 does not know: left
    /// alone, and said so.
    pub left_alone: Vec<LeftAlone>,
    /// How many listed topics are as they should be. One that differs only in what is blocked is
    /// not among them.
    pub unchanged: usize,
    /// The guards and gates that an apply of this plan would run into.
    pub refused: Vec<Refusal>,
    /// What the saved plan that an apply was given does not approve.
    pub unapproved: Vec<Unapproved>,
    /// What could not be read or checked, and what follows from it.
    pub notes: Vec<String>,
}

/// The cluster that a plan is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Its id.
    pub id: Option<String>,
    /// How many brokers are up.
    pub brokers: usize,
    /// The release of Kafka.
    pub kafka_version: Option<String>,
}

/// What would happen to one topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The topic.
    pub topic: TopicName,
    /// What happens to it as a whole.
    pub action: Action,
    /// Whether it becomes owned by this scope with this change, though it existed before.
    pub adopt: bool,
    /// The entry or tombstone.
    pub declared_at: Option<Place>,
    /// The partition count, where it is set or changes.
    pub partitions: Option<CountChange<u32>>,
    /// The replication factor, on a create and a delete.
    pub replication_factor: Option<CountChange<ReplicationFactor>>,
    /// The configs that change, by key.
    pub config: Vec<ConfigChange>,
    /// What it can cost.
    pub risks: Vec<Risk>,
    /// Who uses a topic that is deleted, where that was looked at.
    pub usage: Option<Usage>,
}

/// What happens to a topic as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It does not exist and is made.
    Create,
    /// It exists and is changed.
    Update,
    /// It is deleted.
    Delete,
}

/// A number that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountChange<F> {
    /// What it is; `None` on a create.
    pub from: Option<F>,
    /// What it becomes; `None` on a delete.
    pub to: Option<u32>,
    /// Where that is written.
    pub declared_at: Option<Place>,
}

/// A config that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigChange {
    /// Its key.
    pub key: ConfigKey,
    /// What happens to it.
    pub action: ConfigAction,
    /// What it is now; `None` on a create, or where a broker does not say.
    pub from: Option<String>,
    /// Where that value comes from.
    pub from_source: Option<Source>,
    /// What it becomes; `None` on a reset.
    pub to: Option<String>,
    /// On a reset: what the topic will hold then, where it is known.
    pub to_default: Option<BrokerDefault>,
    /// Where the new value is written.
    pub declared_at: Option<Place>,
}

impl ConfigChange {
    /// What the topic will have: the new value, or after a reset the default behind it, where that
    /// is known.
    pub fn becomes(&self) -> Option<&str> {
        let default = || self.to_default.as_ref().map(|default| &*default.value);
        self.to.as_deref().or_else(default)
    }
}

/// What happens to a config.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfigAction {
    /// It gets another value.
    Set,
    /// It gets the value it has, which so far is a broker's default and not the topic's own.
    Pin,
    /// It is removed from the topic and goes back to the broker's default.
    Reset,
}

/// What a change can cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// The kind of risk; its level follows from it.
    pub code: RiskCode,
    /// What can happen, in a sentence.
    pub message: String,
    /// What part of the change brings it.
    pub subject: Subject,
}

/// A change that is held back, with the reason and a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The topic.
    pub topic: TopicName,
    /// Why.
    pub code: BlockCode,
    /// What is held back.
    pub subject: Subject,
    /// What was wanted and why it cannot be, in a sentence.
    pub message: String,
    /// A way out.
    pub help: String,
    /// Where what was wanted is written.
    pub declared_at: Option<Place>,
    /// Config changes that wait for it.
    pub holds_back: Vec<ConfigKey>,
}

/// Undeclared keys on a topic that this tool does not know and so leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftAlone {
    /// The topic.
    pub topic: TopicName,
    /// The keys.
    pub keys: Vec<ConfigKey>,
}

/// A guard or gate that refuses the whole apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `max-destructive`, `wrong-cluster`, `not-approved`, or the code of a risk that nobody allowed.
    pub code: String,
    /// What is refused and why, in a sentence.
    pub message: String,
    /// What to do now.
    pub help: String,
}
