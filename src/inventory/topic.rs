//! The inventory topic: creation with the required configs, and validation.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{self, Either};
use tokio::time::Instant;

use super::error::{InventoryError, Right};
use crate::kafka::{
    Cluster, Configs, Fault, FaultKind, Mode, NewTopic, Reader, RecordError, TopicDescription,
};
use crate::model::{ConfigKey, TopicName};

/// The interval at which a new topic is polled.
const PAUSE: Duration = Duration::from_millis(50);

/// The minimum time to wait for a new topic to become visible: Kafka acknowledges its creation
/// earlier.
const PATIENCE: Duration = Duration::from_secs(20);

/// Maximum replicas of the inventory.
const REPLICAS: usize = 3;

/// Returns the configs of the inventory topic: broker timestamps; compaction late enough that each
/// claim of a lock stays readable far longer than its lease; and small segments, because Kafka does
/// not compact the active segment and every plan reads all of them.
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

/// Creates the inventory on a cluster with this number of brokers, and waits until all of them know
/// it. An existing inventory is accepted: another process may have created it.
///
/// # Errors
/// Returns an error if an authorization is missing, the cluster rejects the request, or the
/// existing topic cannot be the inventory.
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
            // It may exist nevertheless.
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

/// Waits until a topic that is known to exist becomes visible, and validates it: brokers learn of a
/// new topic one after the other.
///
/// # Errors
/// Returns an error if the topic does not become visible, one of these rights is missing, or it
/// cannot be an inventory.
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

/// Returns whether the topic exists, and validates that it is an inventory.
///
/// # Errors
/// Returns an error if the topic is not visible, one of these rights is missing, or it cannot be an
/// inventory.
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
        return Ok(false); // It was just created or deleted.
    };
    if let Some(why) = unfit(&description, &entries) {
        return Err(InventoryError::NotAnInventory {
            topic: topic.clone(),
            why,
        });
    }
    // Without a list of authorized operations, the broker reports a missing right on use.
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

/// Unwraps a broker's response about the topic; `None` if it does not exist.
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

/// Returns why a topic cannot be an inventory.
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

/// Returns whether a topic with these configs can be an inventory.
pub(super) fn may_be_one(configs: &Configs) -> bool {
    unfit_configs(configs).is_none()
}

/// Opens a reader of the inventory, validating it concurrently; `None` if it does not exist.
///
/// # Errors
/// Returns an error if the topic is not visible, one of these rights is missing, or it cannot be an
/// inventory.
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
    // An error of the topic is more informative than its consequences.
    match led(checked, Reader::open(cluster, topic, 0)).await {
        Ok(((), reader)) => reader.map(Some).map_err(|error| unread(topic, error)),
        Err(None) => Ok(None),
        Err(Some(error)) => Err(error),
    }
}

/// Runs both futures concurrently. An error of the first is returned and cancels the second.
async fn led<A, E, B>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = B>,
) -> Result<(A, B), E> {
    match future::select(pin!(first), pin!(second)).await {
        Either::Left((first, second)) => Ok((first?, second.await)),
        Either::Right((second, first)) => Ok((first.await?, second)),
    }
}

/// Converts an error of a read.
pub(super) fn unread(topic: &TopicName, error: RecordError) -> InventoryError {
    InventoryError::of_records(topic, Right::Read, error)
}

/// Converts an error of a write.
pub(super) fn unwritten(topic: &TopicName, error: RecordError) -> InventoryError {
    InventoryError::of_records(topic, Right::Write, error)
}
