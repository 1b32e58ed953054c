//! What Kafka does not do, taken out of a change: each finding holds back its own part, and what
//! depends on it.

use super::{Blocked, ConfigAction, ConfigChange, CountChange, Subject};
use crate::desired::Topic;
use crate::diff::TopicDiff;
use crate::live::{LiveTopic, ReplicationFactor};
use crate::model::text::count;
use crate::model::{BlockCode, Place, TopicName};

const MIN_ISR: &str = "min.insync.replicas";

/// The partition count that the topic gets, or why it cannot have it.
///
/// Kafka adds partitions and never removes one: a partition's records would have nowhere to go.
pub(super) fn partitions(
    name: &TopicName,
    found: &LiveTopic,
    diff: &TopicDiff,
) -> Result<Option<CountChange<u32>>, Box<Blocked>> {
    let Some(wanted) = diff.partitions else {
        return Ok(None);
    };
    let (from, to) = (found.partitions, wanted.value);
    if to > from {
        return Ok(Some(CountChange {
            from: Some(from),
            to: Some(to),
            declared_at: Some(wanted.place.clone()),
        }));
    }
    Err(Box::new(Blocked {
        topic: name.clone(),
        code: BlockCode::PartitionsDecrease,
        subject: Subject::Partitions,
        message: format!("partitions {from} → {to}: Kafka cannot remove partitions"),
        help: format!(
            "Set partitions = {from}, leave them to others with unmanaged = [\"partitions\"], or move to a new topic"
        ),
        declared_at: Some(wanted.place.clone()),
        holds_back: Vec::new(),
    }))
}

/// The replication factor that the topic cannot get, where another is declared.
pub(super) fn replication_factor(
    name: &TopicName,
    found: &LiveTopic,
    diff: &TopicDiff,
) -> Option<Blocked> {
    let wanted = diff.replication_factor?;
    let from = &found.replication_factor;
    // Where partitions differ there is no one number that a file could say instead.
    let declare = match from {
        ReplicationFactor::Same(count) => {
            format!("set replication_factor = {count}, or ")
        }
        ReplicationFactor::Mixed(_) => String::new(),
    };
    Some(Blocked {
        topic: name.clone(),
        code: BlockCode::ReplicationFactorChange,
        subject: Subject::ReplicationFactor,
        message: format!(
            "replication factor {from} → {}: Kafka changes it by reassignment only",
            wanted.value
        ),
        help: format!(
            "Move the replicas with kafka-reassign-partitions, {declare}leave it to others with unmanaged = [\"replication_factor\"]"
        ),
        declared_at: Some(wanted.place.clone()),
        holds_back: Vec::new(),
    })
}

/// Holds back a `min.insync.replicas` that is more than the topic has replicas: Kafka accepts it,
/// and every acks=all write fails from then on.
pub(super) fn min_insync_replicas(
    name: &TopicName,
    wanted: &Topic,
    found: &LiveTopic,
    config: &mut Vec<ConfigChange>,
    factor: &mut Option<Blocked>,
) -> Option<Blocked> {
    let replicas = found.replication_factor.least();
    let index = config
        .iter()
        .position(|change| change.key.as_str() == MIN_ISR && change.action != ConfigAction::Pin)?;
    let minimum: u32 = config[index].becomes()?.trim().parse().ok()?;
    if minimum <= replicas {
        return None;
    }
    let change = config.remove(index);
    let from = change.from.as_deref().unwrap_or("?");
    if let Some(factor) = factor
        && minimum <= wanted.replication_factor.value
    {
        let waits = format!("; {MIN_ISR} {from} → {minimum} waits for it");
        factor.message.push_str(&waits);
        factor.holds_back.push(change.key);
        return None;
    }
    Some(too_few_replicas(
        name,
        replicas,
        minimum,
        from,
        change.declared_at,
    ))
}

fn too_few_replicas(
    name: &TopicName,
    replicas: u32,
    minimum: u32,
    from: &str,
    declared_at: Option<Place>,
) -> Blocked {
    let has = count(replicas as usize, "replica");
    Blocked {
        topic: name.clone(),
        code: BlockCode::ReplicationFactorChange,
        subject: Subject::Config(MIN_ISR.into()),
        message: format!(
            "{MIN_ISR} {from} → {minimum}: the topic has {has}, so every acks=all write would fail"
        ),
        help: format!(
            "Set min_insync_replicas to {replicas} or less, or give the topic more replicas with kafka-reassign-partitions"
        ),
        declared_at,
        holds_back: Vec::new(),
    }
}
