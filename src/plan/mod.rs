//! Decisions: from how desired and live differ to what an apply would do, what is held back and
//! why, and what it would cost. Pure: the same inputs give the same plan.

mod allow;
pub mod approval;
mod blocked;
mod changes;
pub mod document;
pub mod drift;
mod gates;
mod in_use;
mod inputs;
mod instances;
mod make;
mod notes;
mod options;
mod owned_elsewhere;
mod ownership;
mod preflight;
mod record;
mod risks;
pub mod state;
mod steps;
mod summary;
mod unseen;
mod verdict;

pub use allow::Allow;
pub use approval::{Approval, Unapproved};
pub use document::PlanDocument;
pub use drift::drift;
pub use gates::wrong_cluster;
pub use in_use::facts as usage_facts;
pub use instances::in_words as instance_words;
pub use make::make;
pub use options::{MissingRights, Options};
pub use owned_elsewhere::owner;
pub use ownership::{InventoryView, Ownership};
pub use steps::steps;
pub use summary::Summary;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::live::{BrokerDefault, ConfigSource, Owned, OwnerKey, Usage};
use crate::model::{BlockCode, ConfigKey, Place, RiskCode, TopicName};
pub use crate::model::{Setting, SettingValue};

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
    pub held: Vec<HeldTopic>,
    /// Live topics that no file names and nobody owns.
    pub unlisted: Vec<TopicName>,
    /// Live topics that no file names and another scope or environment owns, by name.
    pub theirs: Vec<ForeignTopic>,
    /// Topics of running instances that are not there any more, or are others by now.
    pub lost: Vec<MissingInstanceTopic>,
    /// Config keys on declared topics that no file names and that Kafka 4.3 does not know: left
    /// alone, and said so.
    pub unknown_configs: Vec<UnknownConfigs>,
    /// Topics of the files and of this scope that could not be compared, by name: they, or their
    /// configs, are not visible to this principal, or the brokers return errors for them. Nothing is
    /// planned for them.
    pub not_visible: Vec<TopicName>,
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
    /// The settings that change: partitions, replication factor, configs by key, then what changes
    /// in the inventory only. On a create or an adopt the inventory's part is only what a reviewer
    /// must see.
    pub settings: Vec<SettingChange>,
    /// What the inventory holds of it so far, where that is this scope's and environment's.
    pub recorded: Option<Box<Owned>>,
    /// What the inventory is to hold once the change is made, with the commit; the id of a topic
    /// that is made, who and when are for the apply to fill in. `None` where it is to hold nothing.
    pub to_record: Option<Box<Owned>>,
    /// What became of the topic since it was last applied, where it is not the same any more.
    pub external_change: Option<ExternalChange>,
    /// Whether the topic as a whole was changed on the cluster since it was last applied.
    pub drifted: bool,
    /// What the change as a whole can cost.
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
            settings: Vec::new(),
            recorded: None,
            to_record: None,
            external_change: None,
            drifted: false,
            risks: Vec::new(),
            usage: None,
        }
    }

    /// The change of one setting on the topic itself.
    pub fn setting(&self, setting: &Setting) -> Option<&SettingChange> {
        self.on_topic().find(|change| change.setting == *setting)
    }

    /// The settings that change on the topic itself.
    pub fn on_topic(&self) -> impl Iterator<Item = &SettingChange> {
        self.settings.iter().filter(|change| !change.inventory_only)
    }

    /// The settings that change in the inventory only.
    pub fn inventory_only(&self) -> impl Iterator<Item = &SettingChange> {
        self.settings.iter().filter(|change| change.inventory_only)
    }

    /// Everything that the change can cost, with the setting that brings it.
    pub fn all_risks(&self) -> impl Iterator<Item = (Option<&Setting>, &Risk)> {
        let whole = self.risks.iter().map(|risk| (None, risk));
        let settings = self.settings.iter().flat_map(|change| {
            let risks = change.risks.iter();
            risks.map(|risk| (Some(&change.setting), risk))
        });
        whole.chain(settings)
    }
}

/// What happens to a topic as a whole.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It does not exist and is made.
    Create,
    /// It exists and is changed.
    Update,
    /// It is deleted.
    Delete,
    /// It exists as declared, and becomes owned.
    Adopt,
    /// It stops being owned, and stays on the cluster.
    Release,
    /// Only what the inventory holds of it changes.
    UpdateInventory,
}

impl Action {
    /// The action's name in plans.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::Adopt => "adopt",
            Action::Release => "release",
            Action::UpdateInventory => "update-inventory",
        }
    }
}

/// What became of an owned topic without an apply.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ExternalChange {
    /// It was deleted.
    #[serde(rename = "deleted")]
    Deleted,
    /// It was deleted and made again: another topic has its name now.
    Recreated,
}

/// A topic that a hold keeps as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldTopic {
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
pub struct MissingInstanceTopic {
    /// The topic.
    pub topic: TopicName,
    /// `instance video-task task_id=abc`
    pub instance: String,
    /// What became of it.
    pub external_change: ExternalChange,
    /// The lifecycle's topic.
    pub declared_at: Place,
}

/// A live topic that another scope or environment owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignTopic {
    /// The topic.
    pub topic: TopicName,
    /// Whose it is.
    pub whose: OwnerKey,
}

/// A setting that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingChange {
    /// The setting.
    pub setting: Setting,
    /// What happens to it, and what it becomes.
    pub action: SettingAction,
    /// The value now; `None` on a create, or where a broker does not report it.
    pub from: Option<SettingValue>,
    /// Where the value of a config comes from.
    pub from_source: Option<ConfigSource>,
    /// Whether only the inventory changes, and nothing on the topic.
    pub inventory_only: bool,
    /// Whether it was changed on the cluster since it was last applied.
    pub drifted: bool,
    /// Where the new value is declared.
    pub declared_at: Option<Place>,
    /// What it can cost.
    pub risks: Vec<Risk>,
}

/// What happens to a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingAction {
    /// It gets another value.
    Set(SettingValue),
    /// It gets the value it has, which so far is a broker's default and not the topic's own.
    Pin(SettingValue),
    /// It is removed from the topic and goes back to this default, where that is known.
    Reset(Option<BrokerDefault>),
    /// It goes, with the topic or from the inventory.
    Remove,
}

impl SettingChange {
    /// A change of a setting to a declared value.
    pub fn set(
        setting: Setting,
        from: Option<SettingValue>,
        to: SettingValue,
        place: Option<&Place>,
    ) -> Self {
        Self {
            setting,
            action: SettingAction::Set(to),
            from,
            from_source: None,
            inventory_only: false,
            drifted: false,
            declared_at: place.cloned(),
            risks: Vec::new(),
        }
    }

    /// The key, of a config.
    pub fn config_key(&self) -> Option<&ConfigKey> {
        match &self.setting {
            Setting::Config(key) => Some(key),
            _ => None,
        }
    }

    /// Whether it changes nothing but whose value it is.
    pub fn is_pin(&self) -> bool {
        matches!(self.action, SettingAction::Pin(_))
    }

    /// The new value; `None` on a reset, and where the setting goes.
    pub fn to(&self) -> Option<&SettingValue> {
        match &self.action {
            SettingAction::Set(to) | SettingAction::Pin(to) => Some(to),
            SettingAction::Reset(_) | SettingAction::Remove => None,
        }
    }

    /// The text of the value now, of a config.
    pub fn current_text(&self) -> Option<&str> {
        self.from.as_ref().and_then(SettingValue::text)
    }

    /// The text that a config will have: the new value, or after a reset the default behind it, where
    /// that is known.
    pub fn becomes(&self) -> Option<&str> {
        match &self.action {
            SettingAction::Set(to) | SettingAction::Pin(to) => to.text(),
            SettingAction::Reset(default) => default.as_ref().map(|default| &*default.value),
            SettingAction::Remove => None,
        }
    }
}

/// What a change can cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Risk {
    /// The kind of risk; its level follows from it.
    pub code: RiskCode,
    /// What can happen, in a sentence.
    pub message: String,
}

/// A change that is held back, with the reason and a way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// The topic.
    pub topic: TopicName,
    /// Why.
    pub code: BlockCode,
    /// The setting that is held back; `None` where the topic as a whole is.
    pub setting: Option<Setting>,
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
pub struct UnknownConfigs {
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
