//! Records of topics, holds, removals and instances as JSON objects, with the same shape in the
//! snapshot and in the inventory. An absent field means unknown.

use schemars::JsonSchema;
use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::values::{Count, MAX_PARTITIONS, MAX_REPLICAS, Named};
use crate::live::{AppliedRemoval, Hold, Instance, Owned, OwnerKey, Stamp};
use crate::model::document;
use crate::model::{ConfigKey, ConfigMap, OnRemove, TopicName};

/// What is recorded of an owned topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object, as the record of a topic is"
)]
pub struct OwnedFields {
    /// The ownership scope; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The environment; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// Kafka's id of the topic (KIP-516), where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What happens to the topic once its entry leaves the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_remove: Option<OnRemove>,
    /// Who is responsible for the topic; `null` where no file names one.
    #[serde(
        default,
        deserialize_with = "stated",
        skip_serializing_if = "Option::is_none"
    )]
    owner: Option<Option<String>>,
    /// The partitions last applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    partitions: Option<Count<MAX_PARTITIONS>>,
    /// The replication factor last applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    replication_factor: Option<Count<MAX_REPLICAS>>,
    /// The declared configs last applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Named<ConfigKey, String>>,
    /// The entry that was applied, `topics/a.toml:3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    declared_at: Option<String>,
    /// The commit that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// Who wrote the record: the user, and the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When the record was written, by the broker's clock, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
}

fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl From<Owned> for OwnedFields {
    fn from(owned: Owned) -> Self {
        let Owned {
            whose: OwnerKey { scope, environment },
            id,
            on_remove,
            owner,
            partitions,
            replication_factor,
            config,
            declared_at,
            stamp: Stamp { commit, by, at_ms },
        } = owned;
        Self {
            scope,
            environment,
            id,
            on_remove,
            owner,
            partitions: partitions.map(Count),
            replication_factor: replication_factor.map(Count),
            config: config.map(Named::from_iter),
            declared_at,
            commit,
            by,
            at_ms,
        }
    }
}

impl From<OwnedFields> for Owned {
    fn from(fields: OwnedFields) -> Self {
        Self {
            whose: OwnerKey {
                scope: fields.scope,
                environment: fields.environment,
            },
            id: fields.id,
            on_remove: fields.on_remove,
            owner: fields.owner,
            partitions: fields.partitions.map(|count| count.0),
            replication_factor: fields.replication_factor.map(|count| count.0),
            config: fields.config.map(Named::collect),
            declared_at: fields.declared_at,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        }
    }
}

/// A hold as it is read. Its end is said, or counted from when it was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object, as a hold is")]
#[schemars(extend("anyOf" = [
    {"required": ["until_ms"], "properties": {"until_ms": {"type": "integer"}}},
    {
        "required": ["at_ms", "for_ms"],
        "properties": {"at_ms": {"type": "integer"}, "for_ms": {"type": "integer"}},
    },
]))]
pub struct HoldFields {
    /// The ownership scope; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The environment; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// When the hold ends, by the broker's clock, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    until_ms: Option<i64>,
    /// How long after `at_ms` the hold ends, where `until_ms` is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    for_ms: Option<u64>,
    /// Why the topic is held.
    reason: String,
    /// The commit that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// Who wrote the record: the user, and the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When the record was written, by the broker's clock, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
}

impl From<Hold> for HoldFields {
    fn from(hold: Hold) -> Self {
        let Hold {
            whose: OwnerKey { scope, environment },
            until_ms,
            reason,
            stamp: Stamp { commit, by, at_ms },
        } = hold;
        Self {
            scope,
            environment,
            until_ms: Some(until_ms),
            for_ms: None,
            reason,
            commit,
            by,
            at_ms,
        }
    }
}

impl TryFrom<HoldFields> for Hold {
    type Error = &'static str;

    fn try_from(fields: HoldFields) -> Result<Self, Self::Error> {
        let counted = fields.at_ms.zip(fields.for_ms);
        let counted = counted.map(|(at_ms, for_ms)| at_ms.saturating_add_unsigned(for_ms));
        let until_ms = fields.until_ms.or(counted);
        Ok(Self {
            whose: OwnerKey {
                scope: fields.scope,
                environment: fields.environment,
            },
            until_ms: until_ms.ok_or("missing field `until_ms`")?,
            reason: fields.reason,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        })
    }
}

/// A removal that has deleted its topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object, as an applied removal is")]
pub struct AppliedRemovalFields {
    /// The ownership scope; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The environment; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// The topic.
    topic: TopicName,
    /// Kafka's id of the topic (KIP-516), where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// The commit that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// Who wrote the record: the user, and the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When the record was written, by the broker's clock, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_ms: Option<i64>,
}

impl From<AppliedRemoval> for AppliedRemovalFields {
    fn from(applied_removals: AppliedRemoval) -> Self {
        let AppliedRemoval {
            whose: OwnerKey { scope, environment },
            topic,
            id,
            stamp: Stamp { commit, by, at_ms },
        } = applied_removals;
        Self {
            scope,
            environment,
            topic,
            id,
            commit,
            by,
            at_ms,
        }
    }
}

impl From<AppliedRemovalFields> for AppliedRemoval {
    fn from(fields: AppliedRemovalFields) -> Self {
        Self {
            whose: OwnerKey {
                scope: fields.scope,
                environment: fields.environment,
            },
            topic: fields.topic,
            id: fields.id,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        }
    }
}

/// An instance as it is read. What does not say when it was, was when it was recorded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object, as an instance is")]
#[schemars(extend("anyOf" = [
    {"required": ["started_ms"], "properties": {"started_ms": {"type": "integer"}}},
    {"required": ["at_ms"], "properties": {"at_ms": {"type": "integer"}}},
]))]
pub struct InstanceFields {
    /// The ownership scope; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// The environment; absent for the one that reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<String>,
    /// The lifecycle, `[lifecycles.NAME]`.
    lifecycle: String,
    /// What tells the instance from the others of its lifecycle.
    #[serde(default)]
    parameters: Named<String, String>,
    /// Its topics, each with its id; `null` where that is not known.
    #[serde(default)]
    topics: Named<TopicName, Option<String>>,
    /// When it was started, in ms since 1970; `at_ms` where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    started_ms: Option<i64>,
    /// Whether it was ended, where `ended_ms` does not say when.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
    /// When it was ended, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_ms: Option<i64>,
    /// How long after its end its topics are deleted.
    delete_after_ms: u64,
    /// The age at which it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age_ms: Option<u64>,
    /// The commit that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// Who wrote the record: the user, and the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// When the record was written, by the broker's clock, in ms since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_ms: Option<i64>,
}

impl From<Instance> for InstanceFields {
    fn from(instance: Instance) -> Self {
        let Instance {
            whose: OwnerKey { scope, environment },
            lifecycle,
            parameters,
            topics,
            started_ms,
            ended_ms,
            delete_after_ms,
            max_age_ms,
            stamp: Stamp { commit, by, at_ms },
        } = instance;
        Self {
            scope,
            environment,
            lifecycle,
            parameters: parameters.into_iter().collect(),
            topics: topics.into_iter().collect(),
            started_ms: Some(started_ms),
            ended: false,
            ended_ms,
            delete_after_ms,
            max_age_ms,
            commit,
            by,
            at_ms,
        }
    }
}

impl TryFrom<InstanceFields> for Instance {
    type Error = &'static str;

    fn try_from(fields: InstanceFields) -> Result<Self, Self::Error> {
        let started_ms = fields.started_ms.or(fields.at_ms);
        let ended_ms = match (fields.ended_ms, fields.ended) {
            (Some(ended_ms), _) => Some(ended_ms),
            (None, true) => Some(fields.at_ms.ok_or("missing field `ended_ms`")?),
            (None, false) => None,
        };
        Ok(Self {
            whose: OwnerKey {
                scope: fields.scope,
                environment: fields.environment,
            },
            lifecycle: fields.lifecycle,
            parameters: fields.parameters.collect(),
            topics: fields.topics.collect(),
            started_ms: started_ms.ok_or("missing field `started_ms`")?,
            ended_ms,
            delete_after_ms: fields.delete_after_ms,
            max_age_ms: fields.max_age_ms,
            stamp: Stamp {
                commit: fields.commit,
                by: fields.by,
                at_ms: fields.at_ms,
            },
        })
    }
}

/// Writes the fields of an owned topic to its record, without unknown fields.
///
/// # Errors
/// Returns the errors of the serializer.
pub fn write_owned<M: SerializeMap>(
    record: &mut M,
    owned: &Owned,
    at_ms: Option<i64>,
) -> Result<(), M::Error> {
    let Owned {
        whose: OwnerKey { scope, environment },
        id,
        on_remove,
        owner,
        partitions,
        replication_factor,
        config,
        declared_at,
        stamp: Stamp {
            commit,
            by,
            at_ms: _,
        },
    } = owned;
    write(record, "scope", scope.as_ref())?;
    write(record, "environment", environment.as_ref())?;
    write(record, "id", id.as_ref())?;
    write(record, "on_remove", on_remove.map(OnRemove::as_str))?;
    write(record, "owner", owner.as_ref())?;
    write(record, "partitions", *partitions)?;
    write(record, "replication_factor", *replication_factor)?;
    write(record, "config", config.as_ref().map(Fields))?;
    write(record, "declared_at", declared_at.as_ref())?;
    write(record, "commit", commit.as_ref())?;
    write(record, "by", by.as_ref())?;
    write(record, "at_ms", at_ms)
}

fn write<M: SerializeMap>(
    record: &mut M,
    field: &str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| record.serialize_entry(field, &value))
}

/// Serializes configs as the fields of an object.
pub(super) struct Fields<'a>(pub &'a ConfigMap<String>);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}

/// Converts a hold to JSON.
pub fn hold_json(hold: &Hold) -> Map<String, Value> {
    fields(hold)
}

/// Converts an applied removal to JSON.
pub fn applied_removal_json(applied_removals: &AppliedRemoval) -> Map<String, Value> {
    fields(applied_removals)
}

/// Converts an instance to JSON.
pub fn instance_json(instance: &Instance) -> Map<String, Value> {
    fields(instance)
}

fn fields(record: &impl Serialize) -> Map<String, Value> {
    match document::json(record) {
        Value::Object(fields) => fields,
        other => unreachable!("a record is an object: {other}"),
    }
}
