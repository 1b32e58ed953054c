//! Reads the inventory topic, and broker timestamps from it and other topics.

use std::collections::BTreeMap;

use super::{Standings, refused, unanswered};
use crate::desired::Environment;
use crate::inventory::{self, InventoryError, TakenLock};
use crate::kafka::{Cluster, ConfigEntry, Metadata, OffsetAt};
use crate::live::checkup::{
    Available, Contents, Inventory, Lock, Reason, TopicAccess, Unavailable,
};
use crate::model::TopicName;

/// Kafka's topic of consumer offsets: brokers stamp its records with their own clock.
const OFFSETS: &str = "__consumer_offsets";

/// Reads the inventory topic; `None` if it is disabled.
pub(super) async fn look(
    cluster: &Cluster,
    metadata: &Metadata,
    environment: &Environment,
    standings: &Standings,
) -> Option<(TopicName, Available<Inventory>)> {
    let crate::desired::Inventory { enabled, topic, .. } = &environment.inventory;
    if !enabled {
        return None;
    }
    let Some(shown) = metadata.topics.get(topic) else {
        return Some((topic.clone(), unseen(topic, standings)));
    };
    let replicas = shown.partitions.iter().map(|p| p.replicas.len()).min();
    let (configs, contents) = tokio::join!(configs(cluster, topic), contents(cluster, topic));
    let found = Inventory::There {
        partitions: shown.partitions.len(),
        replicas: replicas.unwrap_or_default(),
        configs,
        contents,
    };
    Some((topic.clone(), Ok(found)))
}

/// Metadata omits topics that are not visible; the description distinguishes them from missing
/// ones.
fn unseen(topic: &TopicName, standings: &Standings) -> Available<Inventory> {
    match standings.as_ref().map_err(Clone::clone)?.get(topic) {
        Some(TopicAccess::Unavailable(why)) => Err(why.clone()),
        Some(TopicAccess::Hidden) => Err(Unavailable {
            why: "this principal may not see whether it is there".to_owned(),
            help: None,
            kind: Reason::Denied,
        }),
        // It was created in the meantime.
        Some(TopicAccess::Missing | TopicAccess::There(_)) | None => Ok(Inventory::Missing),
    }
}

async fn configs(cluster: &Cluster, topic: &TopicName) -> Available<BTreeMap<String, String>> {
    let described = cluster
        .describe_topic_configs(std::slice::from_ref(topic))
        .await;
    let mut described = described.map_err(|error| unanswered(&error))?;
    match described.remove(topic) {
        Some(Ok(entries)) => {
            let value = |entry: &ConfigEntry| Some((entry.key.to_string(), entry.value.clone()?));
            Ok(entries.iter().filter_map(value).collect())
        }
        Some(Err(fault)) => Err(refused(&fault)),
        None => Ok(BTreeMap::new()),
    }
}

async fn contents(cluster: &Cluster, topic: &TopicName) -> Available<Contents> {
    let read = inventory::read_anyway(cluster, topic).await;
    let contents = read.map_err(|error| unread(&error))?.unwrap_or_default();
    Ok(Contents {
        owned: contents.inventory.topics.len(),
        held: contents.inventory.holds.len(),
        instances: contents.inventory.instances.len(),
        newest_ms: contents.newest_ms,
        unreadable: contents
            .unreadable
            .iter()
            .map(ToString::to_string)
            .collect(),
        locks: contents.locks.into_iter().map(lock).collect(),
    })
}

fn unread(error: &InventoryError) -> Unavailable {
    Unavailable {
        why: error.to_string(),
        help: error.help(),
        kind: match error {
            InventoryError::NoRight { .. } => Reason::Denied,
            InventoryError::Unanswered(_) => Reason::Silence,
            _ => Reason::Refused,
        },
    }
}

fn lock(taken: TakenLock) -> Lock {
    let TakenLock {
        resource,
        holder,
        until_ms,
    } = taken;
    Lock {
        resource,
        by: holder.by,
        pid: holder.pid,
        since_ms: holder.since_ms,
        until_ms,
    }
}

/// Returns the newest known broker timestamp, from the visible topics with broker timestamps: the
/// inventory, and Kafka's consumer offsets.
pub(super) async fn stamped(
    cluster: &Cluster,
    metadata: &Metadata,
    inventory: Option<&(TopicName, Available<Inventory>)>,
) -> Available<Option<(TopicName, i64)>> {
    let own = inventory.and_then(|(topic, found)| Some((topic.clone(), appended(found)?)));
    match (newest_offset(cluster, metadata).await, own) {
        (Ok(other), own) => Ok([own, other].into_iter().flatten().max_by_key(|(_, at)| *at)),
        (Err(_), Some(own)) => Ok(Some(own)),
        (Err(why), None) => Err(why),
    }
}

/// Returns the append time of the inventory's newest record, if brokers stamp them.
fn appended(found: &Available<Inventory>) -> Option<i64> {
    let Ok(Inventory::There {
        configs: Ok(configs),
        contents: Ok(contents),
        ..
    }) = found
    else {
        return None;
    };
    let kind = configs.get("message.timestamp.type")?;
    contents.newest_ms.filter(|_| kind == "LogAppendTime")
}

/// Returns the newest record of Kafka's consumer offsets, if visible.
async fn newest_offset(
    cluster: &Cluster,
    metadata: &Metadata,
) -> Available<Option<(TopicName, i64)>> {
    let topic = TopicName::from(OFFSETS);
    let shown = metadata.topics.get(&topic);
    let partitions = shown.map_or(&[][..], |shown| &shown.partitions);
    let led = (0..).zip(partitions).filter(|(_, p)| p.leader.is_some());
    let led: Vec<(TopicName, i32)> = led.map(|(number, _)| (topic.clone(), number)).collect();
    if led.is_empty() {
        return Ok(None);
    }
    let newest = cluster.offsets(&led, OffsetAt::MaxTimestamp).await;
    let mut latest = None;
    for found in newest.map_err(|error| unanswered(&error))?.into_values() {
        let at = found.map_err(|fault| refused(&fault))?.timestamp;
        latest = latest.max((at >= 0).then_some(at));
    }
    Ok(latest.map(|at| (topic, at)))
}
