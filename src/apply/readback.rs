//! Reads topics back and compares them with the steps, by equality of values.

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

/// The interval at which a broker that does not know a topic yet is polled.
const AGAIN: Duration = Duration::from_millis(100);

/// The state that was read back.
#[derive(Debug, Default)]
pub struct Readback {
    /// `None` if all configs were returned and nothing else was requested.
    metadata: Option<Metadata>,
    configs: BTreeMap<TopicName, Result<Configs, Fault>>,
    /// The ids of existing topics to delete.
    ids: BTreeMap<TopicName, String>,
    /// The ids of created topics, if requested and available.
    pub ids_of_made: BTreeMap<TopicName, String>,
}

/// Which ids to read in addition to the state of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadIds {
    /// None.
    Nothing,
    /// Those of created topics.
    IdsOfMade,
}

/// The state of a part of a step on the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// As requested.
    AsWanted,
    /// The topic is not visible, or not yet.
    Absent,
    /// The topic has another state.
    Otherwise(ActualState),
    /// The topic has a config that Kafka 4.3 has and that the step does not name.
    Undeclared,
    /// The principal is not authorized to read it.
    Unreadable(Fault),
}

/// Reads the state of the steps' topics.
///
/// # Errors
/// Returns why the cluster could not be read.
pub async fn read(cluster: &Cluster, steps: &[&Step], wanted: ReadIds) -> Result<Readback, Error> {
    let names = |is_meant: &dyn Fn(&Step) -> bool| -> Vec<TopicName> {
        let meant = steps.iter().filter(|step| is_meant(step));
        meant.map(|step| step.topic.clone()).collect()
    };
    let mut configs = cluster.describe_named_configs(altered(steps)).await?;
    // A broker that returns a topic's configs knows that the topic exists.
    let is_unsure = |(_, read): (_, &Result<Configs, Fault>)| read.is_err();
    if steps.iter().all(|step| is_alter(&step.work)) && !configs.iter().any(is_unsure) {
        return Ok(Readback {
            configs,
            ..Readback::default()
        });
    }
    let metadata = cluster.metadata().await?;
    // Created topics are described only once they are visible.
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
            // Missing ids are read again where they are needed.
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

/// The topics' ids: an id, `None` on clusters without topic ids, or why it is not available.
pub type Ids = BTreeMap<TopicName, Result<Option<String>, Fault>>;

/// Reads the ids of topics.
///
/// # Errors
/// Returns why the cluster could not be read.
pub async fn ids(cluster: &Cluster, topics: &[TopicName]) -> Result<Ids, Error> {
    if topics.is_empty() {
        return Ok(Ids::new());
    }
    let described = cluster.describe_topics(topics).await?.into_iter();
    let id = |description: Result<TopicDescription, Fault>| description.map(|found| found.id);
    Ok(described.map(|(name, found)| (name, id(found))).collect())
}

/// Reads the ids of created topics. Brokers learn of a topic one after the other: brokers that do
/// not know a topic yet are polled for up to `within`.
///
/// # Errors
/// Returns why the cluster could not be read.
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

/// Returns the configs that steps change.
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

/// Returns the state of each part of a step. A create with the requested state, or that is not
/// visible, is one part; each differing setting is a further part.
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
            // It existed when the plan was made.
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

/// Returns the state for a fault: if a broker does not know the topic yet, or the request can be
/// retried, the topic becomes visible later.
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

/// Returns the configs of a topic that differ from its create.
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
        // A value that the broker withholds cannot be compared.
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
