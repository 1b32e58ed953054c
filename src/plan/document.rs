//! A plan as JSON, `topicsmith/plan/1`: what `plan --format json` prints, `plan --out` saves and
//! `apply` reads as an approval. One set of types writes it, reads it and describes it.
//!
//! Fields that this version does not know are passed over when one is read: an approval without them
//! covers less, never more.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Action, Blocked, Change, Cluster, ExternalChange, ForeignTopic, HeldTopic, Plan, Refusal, Risk,
    SettingAction, SettingChange, Summary, UnknownConfigs,
};
use crate::live::{ConfigSource, Owned, OwnerKey, Stamp, Usage};
use crate::model::document::document_format;
use crate::model::time::utc;
use crate::model::{
    BlockCode, ConfigKey, Place, RiskCode, RiskLevel, Setting, SettingValue, TopicName,
};

document_format!(
    /// The format of a plan.
    PlanFormat = "topicsmith/plan/1" of PlanDocument, several as "plans"
);

/// What an apply to one environment would do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlanDocument {
    /// The format of this document.
    pub format: PlanFormat,
    /// The environment's name.
    pub environment: String,
    /// The ownership scope, where one is set.
    pub scope: Option<String>,
    /// The id of the cluster that was read.
    pub cluster_id: Option<String>,
    /// The release of Kafka, as far as the brokers report it.
    #[serde(default)]
    pub kafka_version: Option<String>,
    /// How many brokers are up.
    #[serde(default)]
    pub brokers: usize,
    /// The commit of the configuration, where it is known.
    #[serde(default)]
    pub commit: Option<String>,
    /// The globs that the plan was narrowed to by `--only`; absent where it holds all topics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// The plan in numbers.
    #[serde(default)]
    pub summary: Summary,
    /// What an apply would change, by topic name.
    pub changes: Vec<ChangeDocument>,
    /// What is blocked, and why.
    #[serde(default)]
    pub blocked: Vec<BlockedDocument>,
    /// Topics that a hold keeps as they are.
    #[serde(default)]
    pub held: Vec<HoldDocument>,
    /// Live topics that are in no file and unowned.
    #[serde(default)]
    pub unlisted: Vec<TopicName>,
    /// Live topics that are in no file and owned by another scope or environment.
    #[serde(default)]
    pub owned_elsewhere: Vec<OwnedElsewhereDocument>,
    /// Topics that could not be compared: this principal cannot see them or their configs.
    #[serde(default)]
    pub not_visible: Vec<TopicName>,
    /// The guards and gates that an apply of this plan would run into.
    #[serde(default)]
    pub refused: Vec<RefusalDocument>,
    /// Undeclared config keys that Kafka 4.3 does not know: neither compared nor reset.
    #[serde(default)]
    pub unknown_configs: Vec<UnknownConfigsDocument>,
    /// What could not be read or checked, and what follows from it.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What would happen to one topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(expecting = "an object, as a change is")]
pub struct ChangeDocument {
    /// The topic.
    pub topic: TopicName,
    /// What happens to the topic as a whole.
    pub action: Action,
    /// Whether an existing topic becomes owned by this scope.
    pub adopt: bool,
    /// Kafka's id of the live topic (KIP-516), where the cluster reports one: an approval holds for
    /// that very topic.
    #[serde(default)]
    pub id: Option<String>,
    /// The entry or removal; `null` for a topic that has left the configuration.
    #[serde(default)]
    pub declared_at: Option<String>,
    /// What happened to the topic outside of topicsmith since the last apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_change: Option<ExternalChange>,
    /// Whether the topic as a whole was changed on the cluster since the last apply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drifted: bool,
    /// What the change as a whole can cost.
    #[serde(default)]
    pub risks: Vec<RiskDocument>,
    /// The settings that change.
    pub settings: Vec<SettingDocument>,
    /// When and from where the topic was last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_applied: Option<LastAppliedDocument>,
    /// Who uses a topic that is deleted, as far as that could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// One setting that changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(expecting = "an object, as the change of a setting is")]
pub struct SettingDocument {
    /// The setting.
    pub setting: Setting,
    /// What happens to it.
    pub action: SettingActionName,
    /// The live value; `null` on a create, and where it is not known.
    pub from: Option<SettingValue>,
    /// Where the live value of a config comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_source: Option<ConfigSource>,
    /// The new value; `null` on a delete and a reset.
    pub to: Option<SettingValue>,
    /// On a reset: the default that the topic falls back to, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_default: Option<String>,
    /// Where that default comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_default_source: Option<ConfigSource>,
    /// Whether only the inventory changes, and nothing on the topic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inventory_only: bool,
    /// Whether the setting was changed on the cluster since the last apply.
    #[serde(default)]
    pub drifted: bool,
    /// Where the new value is declared.
    #[serde(default)]
    pub declared_at: Option<String>,
    /// What the change of this setting can cost.
    #[serde(default)]
    pub risks: Vec<RiskDocument>,
}

/// What happens to a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SettingActionName {
    /// It gets another value.
    Set,
    /// It gets the value it has, which so far is a broker's default and not the topic's own.
    Pin,
    /// It is removed from the topic and goes back to the broker's default.
    Reset,
}

/// What a change can cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(expecting = "an object, as a risk is")]
pub struct RiskDocument {
    /// The kind of risk.
    pub code: RiskCode,
    /// The care that it asks for.
    #[serde(default)]
    pub level: Option<RiskLevel>,
    /// What can happen, in a sentence.
    #[serde(default)]
    pub message: String,
}

/// What is blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockedDocument {
    /// The topic.
    pub topic: TopicName,
    /// The setting; `null` where the topic as a whole is blocked.
    pub setting: Option<Setting>,
    /// The kind of obstacle.
    pub code: BlockCode,
    /// What is blocked and why.
    pub message: String,
    /// How to fix it.
    pub help: String,
    /// Where the blocked value is declared.
    pub declared_at: Option<String>,
    /// Configs that depend on it and are blocked with it.
    #[serde(default)]
    pub holds_back: Vec<ConfigKey>,
}

/// A hold, and what waits for its end.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HoldDocument {
    /// The topic.
    pub topic: TopicName,
    /// When the hold ends, in UTC, by the broker's clock.
    pub until: String,
    /// Why the topic is held.
    pub reason: String,
    /// Who asked for the hold.
    pub by: Option<String>,
    /// What an apply would do without the hold.
    pub change: Option<ChangeDocument>,
    /// What would be blocked without the hold.
    pub blocked: Vec<BlockedDocument>,
}

/// A live topic that another scope or environment owns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnedElsewhereDocument {
    /// The topic.
    pub topic: TopicName,
    /// The scope that owns it.
    pub scope: Option<String>,
    /// The environment that owns it.
    pub environment: Option<String>,
}

/// A guard or gate that refuses the whole apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusalDocument {
    /// `max-destructive`, `wrong-cluster`, `not-approved`, or the code of a risk that is not allowed.
    pub code: String,
    /// What is refused and why.
    pub message: String,
    /// How to fix it.
    #[serde(default)]
    pub help: String,
}

/// Undeclared config keys of a topic that Kafka 4.3 does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownConfigsDocument {
    /// The topic.
    pub topic: TopicName,
    /// The keys.
    pub keys: Vec<ConfigKey>,
}

/// When and from where a topic was last applied, as far as the inventory holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastAppliedDocument {
    /// The entry that was applied.
    pub declared_at: Option<String>,
    /// The commit that it was applied from.
    pub commit: Option<String>,
    /// Who applied it.
    pub by: Option<String>,
    /// When, in UTC, by the broker's clock.
    pub at: Option<String>,
}

impl From<&Plan> for PlanDocument {
    fn from(plan: &Plan) -> Self {
        let Plan {
            environment,
            scope,
            cluster,
            commit,
            only,
            changes,
            blocked,
            held,
            unlisted,
            theirs,
            lost: _,
            unknown_configs,
            not_visible,
            unchanged: _,
            refused,
            unapproved: _,
            notes,
        } = plan;
        let Cluster {
            id,
            brokers,
            kafka_version,
        } = cluster;
        Self {
            format: PlanFormat,
            environment: environment.clone(),
            scope: scope.clone(),
            cluster_id: id.clone(),
            kafka_version: kafka_version.clone(),
            brokers: *brokers,
            commit: commit.clone(),
            only: only.clone(),
            summary: plan.summary(),
            changes: changes.iter().map(ChangeDocument::from).collect(),
            blocked: blocked.iter().map(BlockedDocument::from).collect(),
            held: held.iter().map(HoldDocument::from).collect(),
            unlisted: unlisted.clone(),
            owned_elsewhere: theirs.iter().map(OwnedElsewhereDocument::from).collect(),
            not_visible: not_visible.clone(),
            refused: refused.iter().map(RefusalDocument::from).collect(),
            unknown_configs: unknown_configs
                .iter()
                .map(UnknownConfigsDocument::from)
                .collect(),
            notes: notes.clone(),
        }
    }
}

impl From<&Change> for ChangeDocument {
    fn from(change: &Change) -> Self {
        let Change {
            topic,
            action,
            adopt,
            id,
            declared_at,
            settings,
            recorded,
            to_record: _,
            external_change,
            drifted,
            risks,
            usage,
        } = change;
        Self {
            topic: topic.clone(),
            action: *action,
            adopt: *adopt,
            id: id.clone(),
            declared_at: file_line(declared_at.as_ref()),
            external_change: *external_change,
            drifted: *drifted,
            risks: risks.iter().map(RiskDocument::from).collect(),
            settings: settings.iter().map(SettingDocument::from).collect(),
            last_applied: recorded.as_deref().map(LastAppliedDocument::from),
            usage: usage.clone(),
        }
    }
}

fn file_line(place: Option<&Place>) -> Option<String> {
    place.map(Place::file_line)
}

impl From<&SettingChange> for SettingDocument {
    fn from(change: &SettingChange) -> Self {
        let SettingChange {
            setting,
            action,
            from,
            from_source,
            inventory_only,
            drifted,
            declared_at,
            risks,
        } = change;
        let default = match action {
            SettingAction::Reset(default) => default.as_ref(),
            SettingAction::Set(_) | SettingAction::Pin(_) | SettingAction::Remove => None,
        };
        Self {
            setting: setting.clone(),
            action: action.into(),
            from: from.clone(),
            from_source: *from_source,
            to: change.to().cloned(),
            to_default: default.map(|default| default.value.clone()),
            to_default_source: default.map(|default| default.source),
            inventory_only: *inventory_only,
            drifted: *drifted,
            declared_at: file_line(declared_at.as_ref()),
            risks: risks.iter().map(RiskDocument::from).collect(),
        }
    }
}

impl From<&SettingAction> for SettingActionName {
    fn from(action: &SettingAction) -> Self {
        match action {
            SettingAction::Set(_) => SettingActionName::Set,
            SettingAction::Pin(_) => SettingActionName::Pin,
            SettingAction::Reset(_) | SettingAction::Remove => SettingActionName::Reset,
        }
    }
}

impl From<&Risk> for RiskDocument {
    fn from(risk: &Risk) -> Self {
        let Risk { code, message } = risk;
        Self {
            code: *code,
            level: Some(code.level()),
            message: message.clone(),
        }
    }
}

impl From<&Blocked> for BlockedDocument {
    fn from(blocked: &Blocked) -> Self {
        let Blocked {
            topic,
            code,
            setting,
            message,
            help,
            declared_at,
            holds_back,
        } = blocked;
        Self {
            topic: topic.clone(),
            setting: setting.clone(),
            code: *code,
            message: message.clone(),
            help: help.clone(),
            declared_at: file_line(declared_at.as_ref()),
            holds_back: holds_back.clone(),
        }
    }
}

impl From<&HeldTopic> for HoldDocument {
    fn from(held: &HeldTopic) -> Self {
        let HeldTopic {
            topic,
            until_ms,
            reason,
            by,
            change,
            blocked,
        } = held;
        Self {
            topic: topic.clone(),
            until: utc(*until_ms),
            reason: reason.clone(),
            by: by.clone(),
            change: change.as_ref().map(ChangeDocument::from),
            blocked: blocked.iter().map(BlockedDocument::from).collect(),
        }
    }
}

impl From<&ForeignTopic> for OwnedElsewhereDocument {
    fn from(theirs: &ForeignTopic) -> Self {
        let ForeignTopic {
            topic,
            whose: OwnerKey { scope, environment },
        } = theirs;
        Self {
            topic: topic.clone(),
            scope: scope.clone(),
            environment: environment.clone(),
        }
    }
}

impl From<&Refusal> for RefusalDocument {
    fn from(refusal: &Refusal) -> Self {
        let Refusal {
            code,
            message,
            help,
        } = refusal;
        Self {
            code: code.clone(),
            message: message.clone(),
            help: help.clone(),
        }
    }
}

impl From<&UnknownConfigs> for UnknownConfigsDocument {
    fn from(alone: &UnknownConfigs) -> Self {
        let UnknownConfigs { topic, keys } = alone;
        Self {
            topic: topic.clone(),
            keys: keys.clone(),
        }
    }
}

impl From<&Owned> for LastAppliedDocument {
    fn from(recorded: &Owned) -> Self {
        let Stamp { commit, by, at_ms } = &recorded.stamp;
        Self {
            declared_at: recorded.declared_at.clone(),
            commit: commit.clone(),
            by: by.clone(),
            at: at_ms.map(utc),
        }
    }
}
