//! Reads topics back and holds them against the steps, by meaning.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::Stop;
use super::report::ActualState;
use crate::kafka::{
    AlterOp, Cluster, ConfigEntry, Configs, Error, Fault, FaultKind, Metadata, TopicDescription,
    TopicMetadata,
};
use crate::live::{ConfigSource, ReplicationFactor, is_another};
use crate::model::{ConfigKey, TopicName};
use crate::model::{Operation, Step};
use crate::plan::Setting;

/// How often a broker is asked again that does not know of a topic yet.
const AGAIN: Duration = Duration::from_millis(100);

/// What the cluster showed.
#[derive(Debug, Default)]
pub struct Readback {
    /// `None` where every topic told its configs, and nothing else was asked.
    metadata: Option<Metadata>,
    configs: BTreeMap<TopicName, Result<Configs, Fault>>,
    /// Of the topics to delete that are there.
    ids: BTreeMap<TopicName, String>,
    /// Of the topics that were made, where that was asked for, as far as they are told by now.
    pub ids_of_made: BTreeMap<TopicName, String>,
}

/// Whose ids are wanted besides what shows how a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadIds {
    /// Nobody's.
    Nothing,
    /// Those of the topics that were made.
    IdsOfMade,
}

/// How a part of a step stands on the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// As it was wanted.
    AsWanted,
    /// The topic does not show, or not yet.
    Absent,
    /// The topic holds something else.
    Otherwise(ActualState),
    /// The topic holds a config that the step does not name and that Kafka 4.3 knows.
    Undeclared,
    /// It may not be read.
    Unreadable(Fault),
}

/// Reads what the steps touch.
///
/// # Errors
/// Why the cluster could not be read.
pub async fn read(cluster: &Cluster, steps: &[&Step], wanted: ReadIds) -> Result<Readback, Error> {
    let names = |is_meant: &dyn Fn(&Step) -> bool| -> Vec<TopicName> {
        let meant = steps.iter().filter(|step| is_meant(step));
        meant.map(|step| step.topic.clone()).collect()
    };
    let mut configs = cluster.describe_named_configs(altered(steps)).await?;
    // Whoever tells what a topic holds knows that it is there.
    let is_unsure = |(_, read): (_, &Result<Configs, Fault>)| read.is_err();
    if steps.iter().all(|step| is_alter(&step.work)) && !configs.iter().any(is_unsure) {
        return Ok(Readback {
            configs,
            ..Readback::default()
        });
    }
    let metadata = cluster.metadata().await?;
    // What was made is not asked about before it shows.
    let made = names(&|step| {
        matches!(step.work, Operation::Create(_)) && metadata.topics.contains_key(&step.topic)
    });
    let deleted = names(&|step| {
        let known = matches!(step.work, Operation::Delete { id: Some(_) });
        known && metadata.topics.contains_key(&step.topic)
    });
    let ids_of_made = async {
        match wanted {
            ReadIds::Nothing => Ids::new(),
            // Whoever needs one that is missing asks again.
            ReadIds::IdsOfMade => {
                let ids = ids(cluster, &made);
                ids.await.unwrap_or_default()
            }
        }
    };
    let (configs_of_made, ids_of_deleted, ids_of_made) = tokio::join!(
        cluster.describe_topic_configs(&made),
        ids(cluster, &deleted),
        ids_of_made,
    );
    configs.extend(configs_of_made?);
    let told = |ids: Ids| {
        let told = ids.into_iter();
        told.filter_map(|(name, id)| Some((name, id.ok()??)))
            .collect()
    };
    Ok(Readback {
        metadata: Some(metadata),
        configs,
        ids: told(ids_of_deleted?),
        ids_of_made: told(ids_of_made),
    })
}

/// What the brokers say of topics' ids: one, none on clusters that give none, or why they do not say.
pub type Ids = BTreeMap<TopicName, Result<Option<String>, Fault>>;

/// The ids of topics.
///
/// # Errors
/// Why the cluster could not be read.
pub async fn ids(cluster: &Cluster, topics: &[TopicName]) -> Result<Ids, Error> {
    if topics.is_empty() {
        return Ok(Ids::new());
    }
    let described = cluster.describe_topics(topics).await?.into_iter();
    let id = |description: Result<TopicDescription, Fault>| description.map(|found| found.id);
    Ok(described.map(|(name, found)| (name, id(found))).collect())
}

/// The ids of topics that were made. Brokers learn of a topic one after the other: one that does not
/// know of it yet is asked again, for so long.
///
/// # Errors
/// Why the cluster could not be read.
pub async fn ids_of_made(
    cluster: &Cluster,
    topics: &[TopicName],
    within: Duration,
    stop: &Stop,
) -> Result<Ids, Error> {
    let give_up = Instant::now() + within;
    let mut known = ids(cluster, topics).await?;
    loop {
        let later = known.iter().filter(|(_, id)| {
            let fault = id.as_ref().err();
            fault.is_some_and(|fault| unreadable(fault) == Shown::Absent)
        });
        let later: Vec<TopicName> = later.map(|(name, _)| name.clone()).collect();
        if later.is_empty() || stop.is_set() || Instant::now() >= give_up {
            return Ok(known);
        }
        tokio::time::sleep(AGAIN).await;
        known.extend(ids(cluster, &later).await?);
    }
}

/// The configs that steps change.
fn altered(steps: &[&Step]) -> BTreeMap<TopicName, BTreeSet<ConfigKey>> {
    let mut altered: BTreeMap<TopicName, BTreeSet<ConfigKey>> = BTreeMap::new();
    for step in steps.iter().filter(|step| is_alter(&step.work)) {
        let keys = altered.entry(step.topic.clone()).or_default();
        keys.extend(step.ops().into_iter().map(|(key, _)| key));
    }
    altered
}

fn is_alter(work: &Operation) -> bool {
    match work {
        Operation::Alter(_) | Operation::RaiseMinIsr { .. } => true,
        Operation::Create(_) | Operation::AddPartitions { .. } | Operation::Delete { .. } => false,
    }
}

/// How each part of a step stands. A create that holds everything, or does not show, is one part;
/// of one that holds something else, each such setting is a part too.
pub fn check(step: &Step, seen: &Readback) -> Vec<(Option<Setting>, Shown)> {
    let every = |shown: Shown| {
        let parts = step.parts().into_iter();
        parts.map(|part| (part, shown.clone())).collect()
    };
    let Some(metadata) = &seen.metadata else {
        return check_configs(step, &step.ops(), seen);
    };
    if let Some(fault) = metadata.unreadable.get(&step.topic) {
        return every(unreadable(fault));
    }
    let Some(topic) = metadata.topics.get(&step.topic) else {
        return every(match step.work {
            Operation::Delete { .. } => Shown::AsWanted,
            Operation::Create(_) => Shown::Absent,
            // It was there when the plan was made.
            Operation::AddPartitions { .. }
            | Operation::Alter(_)
            | Operation::RaiseMinIsr { .. } => Shown::Otherwise(ActualState::Nothing),
        });
    };
    let partitions = u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX);
    match &step.work {
        Operation::Delete { id } => {
            every(match is_another(id.as_ref(), seen.ids.get(&step.topic)) {
                true => Shown::AsWanted,
                false => Shown::Otherwise(ActualState::Topic),
            })
        }
        Operation::AddPartitions { to, .. } if partitions == *to => every(Shown::AsWanted),
        Operation::AddPartitions { .. } => {
            every(Shown::Otherwise(ActualState::Partitions(partitions)))
        }
        Operation::Alter(_) | Operation::RaiseMinIsr { .. } => {
            check_configs(step, &step.ops(), seen)
        }
        Operation::Create(wanted) => {
            let mut parts = vec![(None, Shown::AsWanted)];
            if partitions != wanted.partitions {
                let holds = Shown::Otherwise(ActualState::Partitions(partitions));
                parts.push((Some(Setting::Partitions), holds));
            }
            let replicas = replication_factor_of(topic);
            if replicas != ReplicationFactor::Same(wanted.replication_factor) {
                let holds = Shown::Otherwise(ActualState::ReplicationFactor(replicas));
                parts.push((Some(Setting::ReplicationFactor), holds));
            }
            parts.extend(deviating_configs(step, &wanted.config, seen));
            parts
        }
    }
}

/// What a fault in place of an answer says: a broker that does not know the topic yet, or that has
/// to be asked again, shows it later.
fn unreadable(fault: &Fault) -> Shown {
    match fault.kind() {
        FaultKind::NotAuthorised | FaultKind::Unsupported | FaultKind::Permanent => {
            Shown::Unreadable(fault.clone())
        }
        _ => Shown::Absent,
    }
}

fn replication_factor_of(topic: &TopicMetadata) -> ReplicationFactor {
    let replicas = topic.partitions.iter().map(|p| p.replicas.len());
    ReplicationFactor::of(replicas.map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
}

/// The configs in which a topic is not what its create asked for.
fn deviating_configs(
    step: &Step,
    config: &[(ConfigKey, String)],
    seen: &Readback,
) -> Vec<(Option<Setting>, Shown)> {
    let set = |(key, value): &(ConfigKey, String)| (key.clone(), AlterOp::Set(value.clone()));
    let ops: Vec<(ConfigKey, AlterOp)> = config.iter().map(set).collect();
    let mut parts = check_configs(step, &ops, seen);
    parts.retain(|(_, shown)| *shown != Shown::AsWanted);
    if let Some(Ok(entries)) = seen.configs.get(&step.topic) {
        let undeclared = entries.iter().filter(|entry| {
            let named = config.iter().any(|(key, _)| *key == entry.key);
            entry.source == ConfigSource::Topic && !named && entry.key.spec().is_some()
        });
        parts.extend(undeclared.map(|e| (Some(Setting::Config(e.key.clone())), Shown::Undeclared)));
    }
    parts
}

fn check_configs(
    step: &Step,
    ops: &[(ConfigKey, AlterOp)],
    seen: &Readback,
) -> Vec<(Option<Setting>, Shown)> {
    let shown = |key: &ConfigKey, op: &AlterOp| match seen.configs.get(&step.topic) {
        None => Shown::Absent,
        Some(Err(fault)) => unreadable(fault),
        Some(Ok(entries)) => check_config(key, op, entries.find(key.as_str())),
    };
    ops.iter()
        .map(|(key, op)| (Some(Setting::Config(key.clone())), shown(key, op)))
        .collect()
}

fn check_config(key: &ConfigKey, op: &AlterOp, entry: Option<&ConfigEntry>) -> Shown {
    let on_topic = entry.filter(|entry| entry.source == ConfigSource::Topic);
    let value = entry.and_then(|entry| entry.value.clone());
    let as_wanted = match (op, on_topic) {
        (AlterOp::Delete, held) => held.is_none(),
        (AlterOp::Set(_), None) => false,
        // A value that the broker keeps to itself cannot be compared.
        (AlterOp::Set(_), Some(entry)) if entry.sensitive => true,
        (AlterOp::Set(wanted), Some(entry)) => {
            let held = entry.value.as_deref();
            held.is_some_and(|held| key.same(wanted, held))
        }
    };
    match as_wanted {
        true => Shown::AsWanted,
        false => Shown::Otherwise(ActualState::Config(value)),
    }
}
