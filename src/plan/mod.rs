//! Decisions: from how desired and live differ to what an apply would do, what is held back and
//! why, and what it would cost. Pure: the same inputs give the same plan.

mod allow;
pub mod approval;
mod blocked;
mod changes;
pub mod drift;
mod gates;
mod in_use;
mod instances;
mod known;
mod make;
mod notes;
mod objections;
mod owned_elsewhere;
mod ownership;
mod record;
mod risks;
pub mod state;
mod summary;
mod unseen;
mod verdict;

pub use allow::{Allow, AllowError};
pub use approval::{Approval, Unapproved};
pub use drift::drift;
pub use gates::wrong_cluster;
pub use in_use::facts as usage_facts;
pub use instances::in_words as instance_words;
pub use make::{MissingRights, Options, make};
pub use owned_elsewhere::owner;
pub use ownership::{Books, Standing};
pub use summary::Summary;

use crate::live::{BrokerDefault, Owned, ReplicationFactor, Source, Usage, Whose};
pub use crate::model::Subject;
use crate::model::{BlockCode, ConfigKey, Place, RiskCode, TopicName};

/// The [`RecordChange::field`] of the note that a tombstone has done its work.
pub const TOMBSTONE: &str = "tombstone";

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
    /// Topics that a hold keeps as they are, by name.
    pub held: Vec<Held>,
    /// Live topics that no file names and nobody owns.
    pub unlisted: Vec<TopicName>,
    /// Live topics that no file names and another scope or environment owns, by name.
    pub theirs: Vec<Theirs>,
    /// Topics of running instances that are not there any more, or are others by now.
    pub lost: Vec<Lost>,
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
    /// The id of the topic that is live, where the cluster gives one.
    pub id: Option<String>,
    /// The entry or tombstone; `None` for a topic that has left the files.
    pub declared_at: Option<Place>,
    /// The partition count, where it is set or changes.
    pub partitions: Option<CountChange<u32>>,
    /// The replication factor, on a create and a delete.
    pub replication_factor: Option<CountChange<ReplicationFactor>>,
    /// The configs that change, by key.
    pub config: Vec<ConfigChange>,
    /// What of its record changes though nothing on the cluster does; on a create or an adopt only
    /// what a reviewer must see.
    pub record: Vec<RecordChange>,
    /// What the inventory holds of it so far, where that is this scope's and environment's.
    pub recorded: Option<Box<Owned>>,
    /// What the inventory is to hold once the change is made, with the commit; the id of a topic
    /// that is made, who and when are for the apply to fill in. `None` where it is to hold nothing.
    pub to_record: Option<Box<Owned>>,
    /// What became of the topic since it was last applied, where it is not the same any more.
    pub fate: Option<Fate>,
    /// The parts that were changed on the cluster since they were last applied, and that it sets
    /// back or changes again.
    pub undoes_drift: Vec<Subject>,
    /// What it can cost.
    pub risks: Vec<Risk>,
    /// Who uses a topic that is deleted, where that was looked at.
    pub usage: Option<Usage>,
}

impl Change {
    /// A change of which nothing is known but what happens to the topic as a whole.
    pub fn new(topic: TopicName, action: Action) -> Self {
        Self {
            topic,
            action,
            adopt: action == Action::Adopt,
            id: None,
            declared_at: None,
            partitions: None,
            replication_factor: None,
            config: Vec::new(),
            record: Vec::new(),
            recorded: None,
            to_record: None,
            fate: None,
            undoes_drift: Vec::new(),
            risks: Vec::new(),
            usage: None,
        }
    }
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
    /// It exists as it should be, and becomes owned.
    Adopt,
    /// It stops being owned, and stays as it is.
    Release,
    /// Nothing but what the inventory holds of it changes.
    Record,
}

/// What became of an owned topic without an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was deleted.
    Gone,
    /// It was deleted and made again: another topic has its name now.
    Recreated,
}

/// A field of a record that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordChange {
    /// `on_remove`, `owner`, `partitions`, `replication_factor`, `id`, `config.KEY`; `tombstone`, the
    /// note that one has done its work; `record`, all that is recorded of the topic.
    pub field: String,
    /// What is recorded so far.
    pub from: Option<String>,
    /// What is to be recorded.
    pub to: Option<String>,
    /// Where that is written.
    pub declared_at: Option<Place>,
}

/// A topic that a hold keeps as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The topic.
    pub topic: TopicName,
    /// When the hold ends, by the broker's clock, in ms since 1970.
    pub until_ms: i64,
    /// Why it is held.
    pub reason: String,
    /// Who asked for it, where that is known.
    pub by: Option<String>,
    /// What would be done without it.
    pub change: Option<Change>,
    /// What would be blocked without it.
    pub blocked: Vec<Blocked>,
}

/// A topic of a running instance that was deleted by somebody else, and perhaps made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The topic.
    pub topic: TopicName,
    /// `instance video-task task_id=abc`
    pub instance: String,
    /// What became of it.
    pub fate: Fate,
    /// The lifecycle's topic.
    pub declared_at: Place,
}

/// A live topic that another scope or environment owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theirs {
    /// The topic.
    pub topic: TopicName,
    /// Whose it is.
    pub whose: Whose,
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
