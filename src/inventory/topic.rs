//! The inventory's topic: created as it has to be, and checked to be so.

use std::time::Duration;

use tokio::time::Instant;

use super::error::{InventoryError, Right};
use crate::kafka::{
    Cluster, Configs, FaultKind, Mode, NewTopic, Operation, RecordError, TopicDescription,
};
use crate::model::{ConfigKey, TopicName};

/// How often a new topic is looked for.
const PAUSE: Duration = Duration::from_millis(50);

/// How long a new topic gets to show, at least: Kafka answers before it does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Most replicas that the inventory gets.
const REPLICAS: usize = 3;

/// How the topic is made: with the broker's clock, and so that the claims of a lock stay readable
/// one by one for far longer than any of them holds.
fn configs(replicas: u32) -> Vec<(ConfigKey, String)> {
    let min_isr = if replicas >= 3 { "2" } else { "1" };
    [
        ("cleanup.policy", "compact"),
        ("compression.type", "producer"),
        ("message.timestamp.type", "LogAppendTime"),
        ("min.compaction.lag.ms", "3600000"),
        ("min.insync.replicas", min_isr),
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

/// Creates the inventory on a cluster of so many brokers, and waits until it shows. That it is
/// there already is fine: somebody may have been faster.
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
                if check(cluster, topic).await?.is_some() {
                    return Ok(());
                }
            }
            kind if kind.is_worth_another_try() => {}
            _ => {
                return Err(InventoryError::of_fault(
                    topic,
                    Right::Create,
                    "create",
                    fault,
                ));
            }
        }
        if Instant::now() >= deadline {
            return Err(InventoryError::of_fault(
                topic,
                Right::Create,
                "create",
                fault,
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    shown(cluster, topic, deadline).await
}

/// Waits until the topic shows.
async fn shown(
    cluster: &Cluster,
    topic: &TopicName,
    deadline: Instant,
) -> Result<(), InventoryError> {
    while check(cluster, topic).await?.is_none() {
        if Instant::now() >= deadline {
            return Err(InventoryError::Missing {
                topic: topic.clone(),
            });
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// What the brokers say of the topic, checked to be an inventory; `None` where it is not there.
///
/// # Errors
/// It may not be seen or read, or it cannot be an inventory.
pub(super) async fn check(
    cluster: &Cluster,
    topic: &TopicName,
) -> Result<Option<TopicDescription>, InventoryError> {
    let names = std::slice::from_ref(topic);
    let (mut described, mut configs) = tokio::try_join!(
        cluster.describe_topics_and_rights(names),
        cluster.describe_topic_configs(names),
    )?;
    let description = match described.remove(topic) {
        None => return Ok(None),
        Some(Err(fault)) if fault.kind() == FaultKind::Missing => return Ok(None),
        Some(Err(fault)) => {
            return Err(InventoryError::of_fault(
                topic,
                Right::Describe,
                "see",
                fault,
            ));
        }
        Some(Ok(description)) => description,
    };
    let entries = match configs.remove(topic) {
        // It came or went just now.
        None => return Ok(None),
        Some(Err(fault)) if fault.kind() == FaultKind::Missing => return Ok(None),
        Some(Err(fault)) => {
            let right = Right::DescribeConfigs;
            return Err(InventoryError::of_fault(
                topic,
                right,
                "read the configs of",
                fault,
            ));
        }
        Some(Ok(entries)) => entries,
    };
    match unfit(&description, &entries) {
        None => Ok(Some(description)),
        Some(why) => Err(InventoryError::NotAnInventory {
            topic: topic.clone(),
            why,
        }),
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
    let policy = entries
        .find("cleanup.policy")
        .and_then(|entry| entry.value.as_deref())
        .unwrap_or_default();
    (!ConfigKey::from("cleanup.policy").same(policy, "compact")).then(|| {
        format!("its cleanup.policy is `{policy}`, where only `compact` keeps the last record of each key")
    })
}

/// Whether a description says that an operation is not allowed. Without it the broker says so when
/// it is tried.
pub(super) fn require(
    topic: &TopicName,
    description: &TopicDescription,
    operation: Operation,
    right: Right,
) -> Result<(), InventoryError> {
    let allowed = description.operations.as_ref();
    match allowed.is_some_and(|allowed| !allowed.contains(&operation)) {
        true => Err(InventoryError::NoRight {
            topic: topic.clone(),
            right,
        }),
        false => Ok(()),
    }
}

/// What an error while reading means.
pub(super) fn unread(topic: &TopicName, error: RecordError) -> InventoryError {
    InventoryError::of_records(topic, Right::Read, "read", error)
}

/// What an error while writing means.
pub(super) fn unwritten(topic: &TopicName, error: RecordError) -> InventoryError {
    InventoryError::of_records(topic, Right::Write, "write", error)
}
