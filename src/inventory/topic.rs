//! The inventory's topic: created as it has to be, and checked to be so.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{self, Either};
use tokio::time::Instant;

use super::error::{InventoryError, Right};
use crate::kafka::{
    Cluster, Configs, Fault, FaultKind, Mode, NewTopic, Reader, RecordError, TopicDescription,
};
use crate::model::{ConfigKey, TopicName};

/// How often a new topic is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a new topic gets to show, at least: Kafka answers before it does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most replicas that the inventory gets.
const REPLICAS: usize = 3;

/// How the topic is made: with the broker's clock; without compression, for the broker then counts
/// what records take unpacked, and a megabyte cannot become gigabytes for all who read it; so that the claims of a lock stay readable one by
/// one for far longer than any of them holds; and in small segments, for Kafka compacts none that is
/// still written to, and every plan reads them all.
fn configs(replicas: u32) -> Vec<(ConfigKey, String)> {
    let min_isr = if replicas >= 3 { "2" } else { "1" };
    [
        ("cleanup.policy", "compact"),
        ("compression.type", "uncompressed"),
        ("message.timestamp.type", "LogAppendTime"),
        ("min.compaction.lag.ms", "3600000"),
        ("min.insync.replicas", min_isr),
        ("segment.bytes", "8388608"),
    ]
    .map(|(key, value)| (ConfigKey::from(key), value.to_owned()))
    .to_vec()
}

fn wanted(topic: &TopicName, brokers: usize) -> NewTopic {
    let replicas = u32::try_from(brokers.clamp(1, REPLICAS)).unwrap_or(1);
    NewTopic {
        name: topic.clone(),
        partitions: 1,
        replication_factor: replicas,
        config: configs(replicas),
    }
}

/// Creates the inventory on a cluster of so many brokers, and waits until all of them know of it. That
/// it is there already is fine: somebody may have been faster.
///
/// # Errors
/// A right is missing, the cluster refuses, or what is there cannot be the inventory.
pub async fn create(
    cluster: &Cluster,
    topic: &TopicName,
    brokers: usize,
) -> Result<(), InventoryError> {
    let wanted = wanted(topic, brokers);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let results = cluster
            .create_topics(std::slice::from_ref(&wanted), Mode::Apply)
            .await;
        let fault = match results.map(|mut results| results.pop()) {
            Ok(None | Some(Ok(()))) => break,
            Ok(Some(Err(fault))) | Err(fault) => fault,
        };
        match fault.kind() {
            FaultKind::AlreadyExists => break,
            // It may be there after all.
            FaultKind::Unanswered => {
                cluster.renew().await?;
                if check(cluster, topic, &[]).await? {
                    break;
                }
            }
            kind if kind.is_worth_another_try() => {}
            _ => {
                return Err(InventoryError::of_fault(topic, Right::Create, fault));
            }
        }
        if Instant::now() >= deadline {
            return Err(InventoryError::of_fault(topic, Right::Create, fault));
        }
        tokio::time::sleep(PAUSE).await;
    }
    wait_until(topic, async || {
        Ok(check(cluster, topic, &[]).await? && cluster.all_know(topic).await?)
    })
    .await
}

/// Waits until a topic shows that is known to be there, and checks it: brokers learn of a new one one
/// after the other.
///
/// # Errors
/// It does not show, one of these rights is missing, or it cannot be an inventory.
pub(super) async fn shown(
    cluster: &Cluster,
    topic: &TopicName,
    rights: &[Right],
) -> Result<(), InventoryError> {
    wait_until(topic, async || check(cluster, topic, rights).await).await
}

async fn wait_until(
    topic: &TopicName,
    shows: impl AsyncFn() -> Result<bool, InventoryError>,
) -> Result<(), InventoryError> {
    let deadline = Instant::now() + PATIENCE;
    while !shows().await? {
        if Instant::now() >= deadline {
            return Err(InventoryError::Missing {
                topic: topic.clone(),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Whether the topic is there, checked to be an inventory.
///
/// # Errors
/// It may not be seen, one of these rights is missing, or it cannot be an inventory.
pub(super) async fn check(
    cluster: &Cluster,
    topic: &TopicName,
    rights: &[Right],
) -> Result<bool, InventoryError> {
    let names = std::slice::from_ref(topic);
    let (mut described, mut configs) = tokio::try_join!(
        cluster.describe_topics_and_rights(names),
        cluster.describe_topic_configs(names),
    )?;
    let described = described.remove(topic);
    let Some(description) = there(topic, Right::Describe, described)? else {
        return Ok(false);
    };
    let configs = configs.remove(topic);
    let Some(entries) = there(topic, Right::DescribeConfigs, configs)? else {
        return Ok(false); // It came or went just now.
    };
    if let Some(why) = unfit(&description, &entries) {
        return Err(InventoryError::NotAnInventory {
            topic: topic.clone(),
            why,
        });
    }
    // Without a list of what is allowed, the broker says so when it is tried.
    let Some(allowed) = &description.operations else {
        return Ok(true);
    };
    let is_missing = |right: &&Right| !allowed.contains(&right.operation());
    match rights.iter().find(is_missing) {
        None => Ok(true),
        Some(right) => Err(InventoryError::NoRight {
            topic: topic.clone(),
            right: *right,
        }),
    }
}

/// What a broker said of the topic; `None` where it is not there.
fn there<T>(
    topic: &TopicName,
    right: Right,
    said: Option<Result<T, Fault>>,
) -> Result<Option<T>, InventoryError> {
    match said.transpose() {
        Err(fault) if fault.kind() == FaultKind::Missing => Ok(None),
        Err(fault) => Err(InventoryError::of_fault(topic, right, fault)),
        Ok(said) => Ok(said),
    }
}

/// Why a topic cannot be an inventory.
fn unfit(description: &TopicDescription, entries: &Configs) -> Option<String> {
    if description.partitions != 1 {
        let partitions = description.partitions;
        return Some(format!(
            "it has {partitions} partitions, where the order of all records counts"
        ));
    }
    unfit_configs(entries)
}

fn unfit_configs(entries: &Configs) -> Option<String> {
    let is = |key: &str, wanted: &str| {
        let entry = entries.find(key);
        let value = entry.and_then(|entry| entry.value.as_deref());
        let value = value.unwrap_or_default();
        match ConfigKey::from(key).same(value, wanted) {
            true => None,
            false => Some(value.to_owned()),
        }
    };
    if let Some(policy) = is("cleanup.policy", "compact") {
        return Some(format!(
            "its cleanup.policy is `{policy}`, where only `compact` keeps the last record of each key"
        ));
    }
    let kind = is("message.timestamp.type", "LogAppendTime")?;
    Some(format!(
        "its message.timestamp.type is `{kind}`, where only `LogAppendTime` gives the broker's time"
    ))
}

/// Whether a topic with these configs can hold an inventory.
pub(super) fn may_be_one(configs: &Configs) -> bool {
    unfit_configs(configs).is_none()
}

/// Begins to read an inventory, which is checked meanwhile; `None` where there is none.
///
/// # Errors
/// It may not be seen, one of these rights is missing, or it cannot be an inventory.
pub(super) async fn open(
    cluster: &Cluster,
    topic: &TopicName,
    rights: &[Right],
) -> Result<Option<Reader>, InventoryError> {
    let checked = async {
        match check(cluster, topic, rights).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(None),
            Err(error) => Err(Some(error)),
        }
    };
    // What is wrong with the topic says more than what follows from it.
    match led(checked, Reader::open(cluster, topic, 0)).await {
        Ok(((), reader)) => reader.map(Some).map_err(|error| unread(topic, error)),
        Err(None) => Ok(None),
        Err(Some(error)) => Err(error),
    }
}

/// Does both at the same time. What goes wrong with the first is what is told, and ends the second.
async fn led<A, E, B>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = B>,
) -> Result<(A, B), E> {
    match future::select(pin!(first), pin!(second)).await {
        Either::Left((first, second)) => Ok((first?, second.await)),
        Either::Right((second, first)) => Ok((first.await?, second)),
    }
}

/// What an error while reading means.
pub(super) fn unread(topic: &TopicName, error: RecordError) -> InventoryError {
    InventoryError::of_records(topic, Right::Read, error)
}

/// What an error while writing means.
pub(super) fn unwritten(topic: &TopicName, error: RecordError) -> InventoryError {
    InventoryError::of_records(topic, Right::Write, error)
}
