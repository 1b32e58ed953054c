//! Gathers what is live from a cluster, and what the inventory on it holds. It decides nothing.

mod checkup;
mod defaults;
mod preflight;
mod side_by_side;
mod usage;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tracing::info;

pub use checkup::{Examined, checkup};
pub use preflight::{Growth, Objections, Questions, preflight};
pub use side_by_side::side_by_side;
pub use usage::usage;

use crate::desired::{Environment, Inventory};
use crate::inventory::{self, Contents, InventoryError, TakenLock};
use crate::kafka::{
    Cluster, Configs, Error, Fault, FaultKind, Metadata, Node, Partition, TopicDescription,
    TopicMetadata,
};
use crate::live::{BROKER_DEFAULTS, Broker, Live, LiveTopic, ReplicationFactor, Source, Unknown};
use crate::model::{ConfigKey, ConfigSpec, Globs, TopicName};

/// What of the cluster is wanted.
#[derive(Clone, Copy)]
pub struct Want<'a> {
    /// Whose topics are ignored, and where the inventory is.
    pub environment: &'a Environment,
    /// Which topics' configs.
    pub configs: Which<'a>,
    /// Which topics' ids.
    pub ids: Which<'a>,
    /// Only topics that match; all where it is empty.
    pub only: &'a Globs,
}

/// Of which topics something is wanted.
#[derive(Clone, Copy)]
pub enum Which<'a> {
    /// Those of the topics that this picks.
    Of(&'a (dyn Fn(&TopicName) -> bool + Sync)),
    /// All.
    All,
}

impl Want<'_> {
    /// Ignored and internal topics, and the inventory's own, are as good as not there.
    fn topic(&self, name: &TopicName) -> bool {
        let environment = self.environment;
        !name.is_internal()
            && *name != environment.inventory.topic
            && !environment.ignore_topics.matches(name.as_str())
            && (self.only.is_empty() || self.only.matches(name.as_str()))
    }
}

impl Which<'_> {
    fn has(&self, name: &TopicName) -> bool {
        match self {
            Which::All => true,
            Which::Of(pick) => pick(name),
        }
    }
}

/// Why a cluster could not be observed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ObserveError {
    /// It could not be read.
    #[error(transparent)]
    Kafka(#[from] Error),
    /// The inventory on it could not be read.
    #[error(transparent)]
    Inventory(#[from] InventoryError),
}

impl ObserveError {
    /// What to do now.
    pub fn help(&self) -> Option<String> {
        match self {
            ObserveError::Kafka(error) => error.help(),
            ObserveError::Inventory(error) => error.help(),
        }
    }
}

/// What was read.
#[derive(Debug)]
pub struct Observed {
    /// The state of the cluster.
    pub live: Live,
    /// The locks on it.
    pub locks: Vec<TakenLock>,
}

/// Reads the cluster, and the inventory where that is in use. A topic that vanishes meanwhile is
/// left out; what else cannot be read of a topic stands among the unknown.
///
/// # Errors
/// Why the cluster as a whole, or the inventory, could not be read.
pub async fn observe(cluster: &Cluster, want: &Want<'_>) -> Result<Observed, ObserveError> {
    let started = Instant::now();
    let topics = async { Ok::<_, ObserveError>(cluster.metadata().await?) };
    let (metadata, contents) = tokio::try_join!(topics, recorded(cluster, want.environment))?;
    let live = topics_of(cluster, want, &metadata, contents.as_ref()).await?;
    info!(topics = live.topics.len(), took = ?started.elapsed(), "read the cluster");
    let Contents {
        inventory,
        locks,
        end: _,
        newest_ms,
    } = contents.unwrap_or_default();
    let in_use = want.environment.inventory.enabled;
    let live = Live {
        inventory: in_use.then_some(inventory),
        now_ms: in_use.then(|| now_ms(newest_ms)),
        ..live
    };
    Ok(Observed { live, locks })
}

/// What the inventory holds; nothing where there is none yet, or it is not in use.
async fn recorded(
    cluster: &Cluster,
    environment: &Environment,
) -> Result<Option<Contents>, ObserveError> {
    match &environment.inventory {
        Inventory { enabled: false, .. } => Ok(None),
        Inventory { topic, .. } => Ok(inventory::read(cluster, topic).await?),
    }
}

/// How late it is, in ms since 1970: by this machine's clock, but never before the newest record.
pub fn now_ms(newest_ms: Option<i64>) -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let here = since.map_or(0, |since| since.as_millis());
    let here = i64::try_from(here).unwrap_or(i64::MAX);
    newest_ms.map_or(here, |newest| newest.max(here))
}

async fn topics_of(
    cluster: &Cluster,
    want: &Want<'_>,
    metadata: &Metadata,
    contents: Option<&Contents>,
) -> Result<Live, Error> {
    let wanted = metadata.topics.keys().filter(|name| want.topic(name));
    let names: Vec<TopicName> = wanted.cloned().collect();
    let of_instances = contents.map(|contents| contents.inventory.instance_topics());
    let of_instances = of_instances.unwrap_or_default();
    let recorded = |name: &TopicName| {
        let owned = contents.is_some_and(|c| c.inventory.topics.contains_key(name));
        owned || of_instances.contains_key(name)
    };
    let picked = |which: Which<'_>, too: &dyn Fn(&TopicName) -> bool| -> Vec<TopicName> {
        let picked = names.iter().filter(|name| which.has(name) || too(name));
        picked.cloned().collect()
    };
    let with_configs = picked(want.configs, &|name| of_instances.contains_key(name));
    let with_ids = picked(want.ids, &recorded);
    let (configs, descriptions) = tokio::try_join!(
        cluster.describe_topic_configs(&with_configs),
        cluster.describe_topics(&with_ids),
    )?;

    let mut live = Live {
        cluster_id: metadata.cluster_id.clone(),
        kafka_version: cluster.kafka_version(),
        brokers: brokers(metadata),
        ..Live::default()
    };
    for (name, fault) in &metadata.unreadable {
        if want.topic(name) {
            let why = fault.to_string();
            live.unknown.push(Unknown::unreadable_topic(name, why));
        }
    }
    live.broker_defaults = defaults::told_by_topics(configs.values().flatten());
    let known = defaults::known(configs.values().flatten());
    complete_defaults(cluster, metadata, &known, &mut live).await;
    for name in names {
        let partitions = &metadata.topics[&name];
        let configs = configs.get(&name).map(Result::as_ref);
        let description = descriptions.get(&name).map(Result::as_ref);
        add_topic(&mut live, name, partitions, configs, description);
    }
    Ok(live)
}

/// Finds those of the topics that do not show for lack of a right: Kafka shows them as if they did
/// not exist, until they are asked for by name.
///
/// # Errors
/// Why the cluster as a whole could not be asked.
pub async fn see_hidden(
    cluster: &Cluster,
    live: &mut Live,
    topics: impl Iterator<Item = &TopicName>,
) -> Result<(), Error> {
    let missing = topics.filter(|name| !live.topics.contains_key(*name));
    let missing: Vec<TopicName> = missing.cloned().collect();
    for (name, description) in cluster.describe_topics(&missing).await? {
        match description {
            Err(fault) if fault.kind() == FaultKind::NotAuthorised => {
                let hidden = Unknown::hidden_topic(&name, preflight::words(&fault));
                live.unknown.push(hidden);
            }
            _ => {}
        }
    }
    Ok(())
}

fn brokers(metadata: &Metadata) -> Vec<Broker> {
    let broker = |node: &Node| Broker {
        id: node.id,
        rack: node.rack.clone(),
    };
    metadata.brokers.iter().map(broker).collect()
}

fn unknown(what: String, why: &dyn Display) -> Unknown {
    Unknown {
        what,
        why: why.to_string(),
    }
}

/// Asks a broker for the defaults that no topic told: the first that answers, for the cluster may
/// still name one that is gone.
async fn complete_defaults(
    cluster: &Cluster,
    metadata: &Metadata,
    known: &[&ConfigSpec],
    live: &mut Live,
) {
    let mut why: Option<String> = None;
    for broker in &metadata.brokers {
        if defaults::are_complete(&live.broker_defaults, known) {
            return;
        }
        match cluster.describe_broker_configs(broker.id).await {
            Ok(Ok(entries)) => {
                return defaults::complete(&mut live.broker_defaults, known, &entries);
            }
            Ok(Err(fault)) => why = Some(fault.to_string()),
            Err(error) => why = Some(error.to_string()),
        }
    }
    if let Some(why) = why {
        live.unknown.push(unknown(BROKER_DEFAULTS.to_owned(), &why));
    }
}

/// Adds a topic with what was read of it, unless that says that it is gone.
fn add_topic(
    live: &mut Live,
    name: TopicName,
    topic: &TopicMetadata,
    configs: Option<Result<&Configs, &Fault>>,
    description: Option<Result<&TopicDescription, &Fault>>,
) {
    let mut read = LiveTopic {
        partitions: u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX),
        replication_factor: ReplicationFactor::of(replicas(topic)),
        ..LiveTopic::default()
    };
    let gone = |fault: &Fault| fault.kind() == FaultKind::Missing;
    match description {
        Some(Ok(description)) => read.id.clone_from(&description.id),
        Some(Err(fault)) if gone(fault) => return,
        Some(Err(fault)) => live
            .unknown
            .push(unknown(format!("id of topic {name}"), fault)),
        None => {}
    }
    match configs {
        Some(Ok(entries)) => {
            read.behind = defaults::behind(entries, &live.broker_defaults);
            read.config = Some(set_on_topic(entries));
        }
        Some(Err(fault)) if gone(fault) => return,
        Some(Err(fault)) => {
            let what = format!("configs of topic {name}");
            live.unknown.push(unknown(what, fault));
        }
        None => {}
    }
    live.topics.insert(name, read);
}

fn replicas(topic: &TopicMetadata) -> impl Iterator<Item = u32> {
    let count = |partition: &Partition| u32::try_from(partition.replicas.len()).unwrap_or(u32::MAX);
    topic.partitions.iter().map(count)
}

/// A value that the broker keeps to itself is shown as empty: topics have none such.
fn set_on_topic(entries: &Configs) -> BTreeMap<ConfigKey, String> {
    entries
        .iter()
        .filter(|entry| entry.source == Source::Topic)
        .map(|entry| (entry.key.clone(), entry.value.clone().unwrap_or_default()))
        .collect()
}
