//! One topic, or one environment, as JSON, `topicsmith/show/1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environment::sections;
use crate::desired::{FromVariable, LayerValue, LoadedEnvironment, SettingStack, Written};
use crate::live::{
    GroupLag, Hold, Member, Owned, OwnerKey, PartitionState, ReplicationFactor, TopicDetail, Unseen,
};
use crate::model::document::document_format;
use crate::model::time::utc;
use crate::model::{ConfigKey, Place, TopicName};
use crate::plan::document::BlockedDocument;
use crate::plan::state::TopicState;
use crate::view::show::{
    Comparison, Listing, LiveValue, OwnedBy, OwnershipView, SettingView, TopicView, Undeclared,
    UndeclaredEffect,
};

document_format!(
    /// The format of what `show` prints.
    ShowFormat = "topicsmith/show/1" of ShowDocument, several as "shows"
);

/// One topic in one environment, or the environment itself.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ShowDocument {
    /// One topic.
    Topic(Box<TopicShowDocument>),
    /// One environment.
    Environment(Box<EnvironmentShowDocument>),
}

/// All that is known of one topic in one environment. What was not read is `null`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TopicShowDocument {
    /// The format of this document.
    pub format: ShowFormat,
    /// The environment's name.
    pub environment: String,
    /// The topic.
    pub topic: TopicName,
    /// The id of the cluster that was read.
    pub cluster_id: Option<String>,
    /// What the configuration declares of this name.
    pub listed: Listed,
    /// Where.
    pub declared_at: Option<String>,
    /// How configuration and cluster agree about it.
    pub state: Option<TopicState>,
    /// What its entry declares besides settings, by key.
    pub facts: BTreeMap<String, WrittenDocument>,
    /// Its settings, each beside its live value.
    pub settings: Vec<TopicSettingDocument>,
    /// The live topic.
    pub live: Option<LiveTopicDocument>,
    /// Configs that are set on the topic and declared in no layer.
    pub undeclared: Vec<UndeclaredDocument>,
    /// What is blocked.
    pub blocked: Vec<BlockedDocument>,
    /// Why the topic could not be read.
    pub hidden: Option<String>,
    /// Its partitions.
    pub partitions: Option<Vec<PartitionState>>,
    /// The consumer groups with members or committed offsets on it.
    pub groups: Option<Vec<GroupDocument>>,
    /// Its messages.
    pub data: Option<DataDocument>,
    /// What of groups and messages could not be read, and why.
    pub unseen: Option<Vec<Unseen>>,
    /// Its owner; `null` where no inventory was read.
    pub ownership: Option<OwnershipDocument>,
}

/// What the configuration declares of a topic's name.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Listed {
    /// The topic, in this environment.
    Here,
    /// The topic, in other environments.
    Elsewhere,
    /// Its removal.
    Removal,
    /// Nothing.
    No,
}

/// A declared value.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WrittenDocument {
    /// The value, as it can be written on one line.
    pub value: String,
    /// Where; `null` for a value that is the tool's own.
    pub declared_at: Option<String>,
}

/// A setting and all layers that set it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeclaredDocument {
    /// The setting: partitions, replication_factor, config.KEY, on_remove, unmanaged, pin.
    pub setting: String,
    /// The value in force; `null` where nothing is declared after all.
    pub value: Option<String>,
    /// The layer that sets it; `null` where the value is the tool's own.
    pub layer: Option<String>,
    /// Where.
    pub declared_at: Option<String>,
    /// The variables in it.
    pub variables: Option<Vec<FromVariable>>,
    /// The values of lower layers, the next one first.
    pub over: Vec<LayerValueDocument>,
}

/// A setting of a topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TopicSettingDocument {
    /// What is declared.
    #[serde(flatten)]
    pub declared: DeclaredDocument,
    /// What is live.
    pub live: Option<LiveValue>,
    /// How the two compare.
    pub against_live: Option<Comparison>,
}

/// The value of one layer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LayerValueDocument {
    /// The value; `null` for `"default"`.
    pub value: Option<String>,
    /// The layer.
    pub layer: String,
    /// Where.
    pub declared_at: String,
    /// The variables in it.
    pub variables: Vec<FromVariable>,
}

/// The live topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LiveTopicDocument {
    /// Kafka's id of the topic (KIP-516), where the cluster reports one.
    pub id: Option<String>,
    /// How many partitions it has.
    pub partitions: u32,
    /// How many replicas its partitions have: a number, or a list where partitions differ.
    pub replication_factor: ReplicationFactor,
}

/// A config that is set on the topic and declared in no layer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UndeclaredDocument {
    /// The key.
    pub key: ConfigKey,
    /// The value.
    pub value: String,
    /// What the topic would inherit without it, where that is known.
    pub inherited_default: Option<LiveValue>,
    /// What an apply does with it.
    pub effect: UndeclaredEffect,
}

/// A consumer group.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GroupDocument {
    /// Its name.
    pub group: String,
    /// Its state, `Stable`.
    pub state: Option<String>,
    /// Its members that read the topic.
    pub members: Vec<Member>,
    /// How many messages it has yet to read.
    pub lag: Option<u64>,
    /// The same by partition, for those with a committed offset.
    pub partitions: Vec<GroupPartitionDocument>,
}

/// A consumer group in one partition.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GroupPartitionDocument {
    /// The partition's number.
    pub partition: i32,
    /// The offset that the group reads next.
    pub committed: i64,
    /// How many messages it has yet to read.
    pub lag: Option<u64>,
}

/// The messages of a topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DataDocument {
    /// How many messages it holds at most.
    pub messages: Option<u64>,
    /// Whether it can hold fewer: compaction and transactions leave gaps.
    pub messages_are_at_most: bool,
    /// Whether it is compacted.
    pub compacted: bool,
    /// When its newest record was written, in UTC.
    pub newest_record: Option<String>,
    /// Its bytes, which are not read.
    pub bytes: Option<u64>,
}

/// The owner of a topic, and what the inventory holds of its name.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OwnershipDocument {
    /// The kind of owner.
    pub by: Owner,
    /// Another scope that owns it, or owned the topic before it was recreated.
    pub scope: Option<String>,
    /// The environment of that scope.
    pub environment: Option<String>,
    /// The instance of a lifecycle that owns it.
    pub instance: Option<String>,
    /// The inventory's record of the topic.
    pub record: Option<Owned>,
    /// The hold on the topic.
    pub hold: Option<Hold>,
}

/// Kinds of owners.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// None.
    Unowned,
    /// This scope and environment.
    Owned,
    /// None: the topic that was owned was deleted, and created again by others.
    Recreated,
    /// Another scope or environment.
    OwnedElsewhere,
    /// An instance of a lifecycle.
    Instance,
}

/// One environment: the files that make it, and what each of them declares.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentShowDocument {
    /// The format of this document.
    pub format: ShowFormat,
    /// The environment's name.
    pub environment: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its file, then those that it extends.
    pub files: Vec<String>,
    /// Its groups.
    pub groups: Vec<String>,
    /// How many topics it lists.
    pub topics: usize,
    /// How many partitions these have.
    pub partitions: u64,
    /// How many removals it has.
    pub removals: usize,
    /// How many lifecycles it has.
    pub lifecycles: usize,
    /// `[defaults]`
    pub defaults: Vec<DeclaredDocument>,
    /// `[cluster]`, by key.
    pub cluster: BTreeMap<String, WrittenDocument>,
    /// `[rules]`, by key.
    pub rules: BTreeMap<String, WrittenDocument>,
    /// `[guards]`, by key.
    pub guards: BTreeMap<String, WrittenDocument>,
    /// `[ignore]`, by key.
    pub ignore: BTreeMap<String, WrittenDocument>,
    /// `[inventory]`, by key.
    pub inventory: BTreeMap<String, WrittenDocument>,
    /// `[scopes]`, by key.
    pub scopes: BTreeMap<String, WrittenDocument>,
}

impl From<&TopicView> for TopicShowDocument {
    fn from(view: &TopicView) -> Self {
        let TopicView {
            environment,
            topic,
            cluster,
            listing,
            state,
            facts,
            settings,
            found,
            undeclared,
            blocked,
            hidden,
            topic_detail,
            min_in_sync: _,
            is_compacted,
            ownership,
        } = view;
        let (listed, declared_at) = match listing {
            Listing::Listed(place) => (Listed::Here, Some(place)),
            Listing::Elsewhere(place) => (Listed::Elsewhere, Some(place)),
            Listing::Removal(place) => (Listed::Removal, Some(place)),
            Listing::No => (Listed::No, None),
        };
        let topic_detail = topic_detail.as_ref();
        let unseen = |topic_detail: &TopicDetail| {
            let all = topic_detail
                .unseen_groups
                .iter()
                .chain(&topic_detail.unseen_messages);
            all.cloned().collect()
        };
        Self {
            format: ShowFormat,
            environment: environment.clone(),
            topic: topic.clone(),
            cluster_id: cluster.as_ref().and_then(|cluster| cluster.id.clone()),
            listed,
            declared_at: declared_at.map(Place::file_line),
            state: *state,
            facts: written(facts),
            settings: settings.iter().map(TopicSettingDocument::from).collect(),
            live: found.as_ref().map(|found| LiveTopicDocument {
                id: found.id.clone(),
                partitions: found.partitions,
                replication_factor: found.replication_factor.clone(),
            }),
            undeclared: undeclared.iter().map(UndeclaredDocument::from).collect(),
            blocked: blocked.iter().map(BlockedDocument::from).collect(),
            hidden: hidden.clone(),
            partitions: topic_detail.map(|topic_detail| topic_detail.partitions.clone()),
            groups: topic_detail.map(|c| c.groups.iter().map(|g| group(c, g)).collect()),
            data: topic_detail.map(|topic_detail| DataDocument {
                messages: topic_detail.messages(),
                messages_are_at_most: true,
                compacted: *is_compacted,
                newest_record: topic_detail.newest_record_ms.map(utc),
                bytes: None,
            }),
            unseen: topic_detail.map(unseen),
            ownership: ownership.as_ref().map(OwnershipDocument::from),
        }
    }
}

fn written(all: &[Written]) -> BTreeMap<String, WrittenDocument> {
    let one = |Written { key, value, place }: &Written| {
        let document = WrittenDocument {
            value: value.clone(),
            declared_at: place.as_ref().map(Place::file_line),
        };
        (key.clone(), document)
    };
    all.iter().map(one).collect()
}

impl From<&SettingView> for TopicSettingDocument {
    fn from(view: &SettingView) -> Self {
        let SettingView {
            stack,
            value,
            live,
            against,
        } = view;
        Self {
            declared: DeclaredDocument {
                value: value.clone(),
                ..stack.into()
            },
            live: live.clone(),
            against_live: *against,
        }
    }
}

impl From<&SettingStack> for DeclaredDocument {
    fn from(stack: &SettingStack) -> Self {
        let SettingStack { setting, values } = stack;
        let mut layers = values.iter().rev().map(LayerValueDocument::from);
        let top = layers.next();
        let over = layers.collect();
        Self {
            setting: setting.to_string(),
            value: stack.value().map(str::to_owned),
            layer: top.as_ref().map(|top| top.layer.clone()),
            declared_at: top.as_ref().map(|top| top.declared_at.clone()),
            variables: top.map(|top| top.variables),
            over,
        }
    }
}

impl From<&LayerValue> for LayerValueDocument {
    fn from(declared: &LayerValue) -> Self {
        let LayerValue {
            value,
            layer,
            place,
            variables,
        } = declared;
        Self {
            value: value.clone(),
            layer: layer.to_string(),
            declared_at: place.file_line(),
            variables: variables.clone(),
        }
    }
}

impl From<&Undeclared> for UndeclaredDocument {
    fn from(undeclared: &Undeclared) -> Self {
        let Undeclared {
            key,
            value,
            behind,
            effect,
        } = undeclared;
        Self {
            key: key.clone(),
            value: value.clone(),
            inherited_default: behind.clone(),
            effect: *effect,
        }
    }
}

fn group(topic_detail: &TopicDetail, group: &GroupLag) -> GroupDocument {
    let GroupLag {
        name,
        state,
        members,
        committed,
    } = group;
    let lag = |partition: &PartitionState| {
        Some(GroupPartitionDocument {
            partition: partition.number,
            committed: *committed.as_ref()?.get(&partition.number)?,
            lag: topic_detail.lag(group, partition),
        })
    };
    GroupDocument {
        group: name.clone(),
        state: state.clone(),
        members: members.clone(),
        lag: topic_detail.total_lag(group),
        partitions: topic_detail.partitions.iter().filter_map(lag).collect(),
    }
}

impl From<&OwnershipView> for OwnershipDocument {
    fn from(ownership: &OwnershipView) -> Self {
        let OwnershipView { by, record, hold } = ownership;
        let (by, whose, instance) = match by {
            OwnedBy::Nobody => (Owner::Unowned, None, None),
            OwnedBy::Us => (Owner::Owned, None, None),
            OwnedBy::Remade(whose) => (Owner::Recreated, whose.clone(), None),
            OwnedBy::Others(whose) => (Owner::OwnedElsewhere, Some(whose.clone()), None),
            OwnedBy::Instance(instance) => (Owner::Instance, None, Some(instance.clone())),
        };
        let OwnerKey { scope, environment } = whose.unwrap_or_default();
        Self {
            by,
            scope,
            environment,
            instance,
            record: record.clone(),
            hold: hold.clone(),
        }
    }
}

impl From<&LoadedEnvironment> for EnvironmentShowDocument {
    fn from(loaded: &LoadedEnvironment) -> Self {
        let desired = &loaded.desired;
        let explained = &loaded.explained;
        let environment = &desired.environment;
        let partitions = desired.topics.values();
        let partitions = partitions.map(|topic| u64::from(topic.partitions.value));
        let tables = sections(loaded).map(|(_, entries)| written(&entries));
        let [cluster, rules, guards, ignore, inventory, scopes] = tables;
        Self {
            format: ShowFormat,
            environment: environment.name.to_string(),
            description: environment.description.clone(),
            files: explained.files.iter().map(ToString::to_string).collect(),
            groups: environment.groups.clone(),
            topics: desired.topics.len(),
            partitions: partitions.sum(),
            removals: desired.removed.len(),
            lifecycles: desired.lifecycles.len(),
            defaults: explained.defaults.iter().map(Into::into).collect(),
            cluster,
            rules,
            guards,
            ignore,
            inventory,
            scopes,
        }
    }
}
