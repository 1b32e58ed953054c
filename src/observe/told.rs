//! What the brokers tell of topics, as plain data.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use super::defaults::{self, Defaults};
use super::preflight::words;
use super::{Want, Which};
use crate::inventory::Contents;
use crate::kafka::{
    Cluster, Configs, Error, Fault, FaultKind, Metadata, Node, Partition, TopicDescription,
    TopicMetadata,
};
use crate::live::{
    BROKER_DEFAULTS, Broker, Inventory, Live, LiveTopic, ReplicationFactor, Source, Unknown,
};
use crate::model::{ConfigMap, InOrder, TopicName};

/// How long brokers that do not know of a topic yet have to hear of it.
const SETTLING: Duration = Duration::from_millis(200);

/// What the brokers told of topics.
pub struct Told {
    started: Instant,
    metadata: Metadata,
    configs: BTreeMap<TopicName, Result<Configs, Fault>>,
    descriptions: BTreeMap<TopicName, Result<TopicDescription, Fault>>,
    broker_defaults: Defaults,
    /// Why no broker told those of the defaults that no topic tells.
    without_defaults: Option<String>,
}

impl Told {
    /// Reads what is wanted whatever the inventory holds: that is read meanwhile. Nothing waits for
    /// anything else either, where the topics are named.
    pub(super) async fn read(cluster: &Cluster, want: &Want<'_>) -> Result<Self, Error> {
        let started = Instant::now();
        let wanted = |which: Which<'_>| -> Vec<TopicName> {
            let wanted = which.named().iter().filter(|name| want.topic(name));
            wanted.cloned().collect()
        };
        let (with_configs, with_ids) = (wanted(want.configs), wanted(want.ids));
        let (metadata, mut configs, mut descriptions) = tokio::try_join!(
            cluster.metadata(),
            cluster.describe_topic_configs(&with_configs),
            cluster.describe_topics(&with_ids),
        )?;
        let names = metadata.topics.keys().filter(|name| want.topic(name));
        let names: Vec<TopicName> = names.cloned().collect();
        let all = |which| match which {
            Which::All => &names[..],
            Which::Of(_) => &[],
        };
        let (more_configs, more_descriptions) = tokio::try_join!(
            cluster.describe_topic_configs(all(want.configs)),
            cluster.describe_topics(all(want.ids)),
        )?;
        configs.extend(more_configs);
        descriptions.extend(more_descriptions);
        ask_again(cluster, &names, &mut configs, &mut descriptions).await?;
        let (broker_defaults, without_defaults) = defaults(cluster, &metadata, &configs).await;
        Ok(Self {
            started,
            metadata,
            configs,
            descriptions,
            broker_defaults,
            without_defaults,
        })
    }

    /// When the reading began.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Reads what is known only now: the ids of what the inventory holds, the configs of instances'
    /// topics, and whether listed topics that do not show are there all the same.
    async fn read_more(
        &mut self,
        cluster: &Cluster,
        want: &Want<'_>,
        inventory: &Inventory,
    ) -> Result<(), Error> {
        let of_instances = inventory.instance_topics();
        let missing = |name: &&TopicName| !self.metadata.topics.contains_key(*name);
        let recorded = inventory.topics.keys().chain(of_instances.keys().copied());
        let ids = recorded.chain(want.listed.iter().filter(missing));
        let ids = ids.filter(|name| !self.descriptions.contains_key(*name) && want.topic(name));
        let ids: Vec<TopicName> = ids.cloned().collect();
        let configs = of_instances.keys().copied();
        let configs = configs.filter(|name| !self.configs.contains_key(*name) && want.topic(name));
        let configs: Vec<TopicName> = configs.cloned().collect();
        let (configs, descriptions) = tokio::try_join!(
            cluster.describe_topic_configs(&configs),
            cluster.describe_topics(&ids),
        )?;
        self.configs.extend(configs);
        self.descriptions.extend(descriptions);
        Ok(())
    }

    /// All of it as plain data.
    pub(super) async fn live(
        mut self,
        cluster: &Cluster,
        want: &Want<'_>,
        contents: Option<&Contents>,
    ) -> Result<Live, Error> {
        let nothing = Inventory::default();
        let inventory = contents.map_or(&nothing, |contents| &contents.inventory);
        self.read_more(cluster, want, inventory).await?;
        let Self {
            started: _,
            metadata,
            configs,
            descriptions,
            broker_defaults,
            without_defaults,
        } = self;
        let mut live = Live {
            broker_defaults,
            cluster_id: metadata.cluster_id.clone(),
            kafka_version: cluster.kafka_version(),
            brokers: brokers(&metadata),
            ..Live::default()
        };
        for (name, fault) in &metadata.unreadable {
            if want.topic(name) {
                let why = fault.to_string();
                live.unknown.push(Unknown::unreadable_topic(name, why));
            }
        }
        if let Some(why) = without_defaults {
            live.unknown.push(unknown(BROKER_DEFAULTS.to_owned(), &why));
        }
        let described = descriptions.iter().filter_map(|(name, description)| {
            let fault = description.as_ref().err()?;
            let is_hidden = fault.kind() == FaultKind::NotAuthorised;
            (is_hidden && !metadata.topics.contains_key(name)).then_some((name, fault))
        });
        let hidden = described.map(|(name, fault)| Unknown::hidden_topic(name, words(fault)));
        let hidden: Vec<Unknown> = hidden.collect();
        let mut last = Last::default();
        let (mut configs, mut descriptions) = (InOrder::of(configs), InOrder::of(descriptions));
        let wanted = metadata.topics.into_iter();
        for (name, topic) in wanted.filter(|(name, _)| want.topic(name)) {
            let read = configs.take(&name);
            let held = read.map(|read| read.map(|configs| last.by(configs, &live)));
            let description = descriptions.take(&name);
            add_topic(&mut live, name, &topic, held, description);
        }
        live.unknown.extend(hidden);
        Ok(live)
    }
}

/// Brokers learn of a topic one after the other: what one of them does not know that another one
/// listed is asked for again. Else the topic is gone.
async fn ask_again(
    cluster: &Cluster,
    names: &[TopicName],
    configs: &mut BTreeMap<TopicName, Result<Configs, Fault>>,
    descriptions: &mut BTreeMap<TopicName, Result<TopicDescription, Fault>>,
) -> Result<(), Error> {
    fn unknown<T>(
        names: &[TopicName],
        read: &BTreeMap<TopicName, Result<T, Fault>>,
    ) -> Vec<TopicName> {
        let is_unknown = |name: &&TopicName| match read.get(*name) {
            Some(Err(fault)) => fault.kind() == FaultKind::Missing,
            _ => false,
        };
        names.iter().filter(is_unknown).cloned().collect()
    }
    let (without_configs, without_id) = (unknown(names, configs), unknown(names, descriptions));
    if without_configs.is_empty() && without_id.is_empty() {
        return Ok(());
    }
    tokio::time::sleep(SETTLING).await;
    let (again, ids_again) = tokio::try_join!(
        cluster.describe_topic_configs(&without_configs),
        cluster.describe_topics(&without_id),
    )?;
    configs.extend(again);
    descriptions.extend(ids_again);
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

/// The brokers' defaults, and why some are not known. Those that no topic tells are asked of a
/// broker: the first that answers, for the cluster may still name one that is gone.
async fn defaults(
    cluster: &Cluster,
    metadata: &Metadata,
    configs: &BTreeMap<TopicName, Result<Configs, Fault>>,
) -> (Defaults, Option<String>) {
    let read = configs.values().flatten();
    let mut defaults = defaults::told_by_topics(read.clone());
    let known = defaults::known(read);
    let mut why: Option<String> = None;
    for broker in &metadata.brokers {
        if defaults::are_complete(&defaults, &known) {
            return (defaults, None);
        }
        match cluster.describe_broker_configs(broker.id).await {
            Ok(Ok(entries)) => {
                defaults::complete(&mut defaults, &known, &entries);
                return (defaults, None);
            }
            Ok(Err(fault)) => why = Some(fault.to_string()),
            Err(error) => why = Some(error.to_string()),
        }
    }
    (defaults, why)
}

/// Adds a topic with what was read of it, unless that says that it is gone.
fn add_topic(
    live: &mut Live,
    name: TopicName,
    topic: &TopicMetadata,
    held: Option<Result<Held, Fault>>,
    description: Option<Result<TopicDescription, Fault>>,
) {
    let mut read = LiveTopic {
        partitions: u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX),
        replication_factor: ReplicationFactor::of(replicas(topic)),
        ..LiveTopic::default()
    };
    let gone = |fault: &Fault| fault.kind() == FaultKind::Missing;
    match description {
        Some(Ok(description)) => read.id = description.id,
        Some(Err(fault)) if gone(&fault) => return,
        Some(Err(fault)) => live
            .unknown
            .push(unknown(format!("id of topic {name}"), &fault)),
        None => {}
    }
    match held {
        Some(Ok(held)) => {
            read.behind = held.behind;
            read.config = Some(held.config);
        }
        Some(Err(fault)) if gone(&fault) => return,
        Some(Err(fault)) => {
            let what = format!("configs of topic {name}");
            live.unknown.push(unknown(what, &fault));
        }
        None => {}
    }
    live.topics.insert(name, read);
}

fn replicas(topic: &TopicMetadata) -> impl Iterator<Item = u32> {
    let count = |partition: &Partition| u32::try_from(partition.replicas.len()).unwrap_or(u32::MAX);
    topic.partitions.iter().map(count)
}

/// What a topic holds itself, and what stands behind that.
#[derive(Clone, Default)]
struct Held {
    config: ConfigMap<String>,
    behind: Defaults,
}

/// What the last topic held.
#[derive(Default)]
struct Last {
    of: Configs,
    held: Held,
}

impl Last {
    /// What this topic holds; often that is what the last one did.
    fn by(&mut self, configs: Configs, live: &Live) -> Held {
        if !self.of.holds_the_same(&configs) {
            self.held = Held {
                config: set_on_topic(&configs),
                behind: defaults::behind(&configs, &live.broker_defaults),
            };
            self.of = configs;
        }
        self.held.clone()
    }
}

/// A value that the broker keeps to itself is shown as empty: topics have none such.
fn set_on_topic(entries: &Configs) -> ConfigMap<String> {
    entries
        .iter()
        .filter(|entry| entry.source == Source::Topic)
        .map(|entry| (entry.key.clone(), entry.value.clone().unwrap_or_default()))
        .collect()
}
