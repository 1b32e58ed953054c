//! Reads topics from the brokers, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::{Duration, Instant};

use super::defaults;
use super::preflight::words;
use super::{Want, Which};
use crate::inventory::Contents;
use crate::kafka::{
    Cluster, Configs, Error, Fault, FaultKind, Metadata, Node, Partition, TopicDescription,
    TopicMetadata,
};
use crate::live::{
    Broker, ConfigSource, Defaults, Inventory, Live, LiveTopic, ReplicationFactor, Unknown, Unread,
};
use crate::model::{ConfigMap, InOrder, TopicName};

/// The time for brokers to learn of a topic that they do not know yet.
const SETTLING: Duration = Duration::from_millis(200);

/// The brokers' responses about topics.
pub struct ClusterRead {
    started: Instant,
    metadata: Metadata,
    configs: BTreeMap<TopicName, Result<Configs, Fault>>,
    descriptions: BTreeMap<TopicName, Result<TopicDescription, Fault>>,
    broker_defaults: Defaults,
    /// Why no broker returned the defaults that no topic's configs contain.
    without_defaults: Option<String>,
}

impl ClusterRead {
    /// Reads everything that does not depend on the inventory, which is read concurrently. Configs
    /// and ids of named topics do not wait for the list of topics either. Listed topics that are
    /// missing in the list may exist nevertheless: the response to the request for their id shows
    /// this.
    pub(super) async fn read(cluster: &Cluster, want: &Want<'_>) -> Result<Self, Error> {
        let started = Instant::now();
        let wanted = |names: &[TopicName]| -> Vec<TopicName> {
            let names = names.iter().filter(|name| want.topic(name));
            names.cloned().collect()
        };
        let (named, listed) = (wanted(want.configs.named()), wanted(want.listed));
        let (metadata, mut configs, descriptions) = tokio::try_join!(
            cluster.metadata(),
            cluster.describe_topic_configs(&named),
            cluster.describe_topics(&listed),
        )?;
        let live = &metadata.topics;
        let configs_and_defaults = async {
            if let Which::All = want.configs {
                let live = live.keys().filter(|name| want.topic(name));
                let live: Vec<TopicName> = live.cloned().collect();
                configs = cluster.describe_topic_configs(&live).await?;
            }
            let defaults = defaults(cluster, &metadata, &configs).await;
            Ok::<_, Error>((configs, defaults))
        };
        let (configs, (broker_defaults, without_defaults)) = configs_and_defaults.await?;
        Ok(Self {
            started,
            metadata,
            configs,
            descriptions,
            broker_defaults,
            without_defaults,
        })
    }

    /// Returns the start of the read.
    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// Reads what depends on the inventory: ids of its topics, and configs of instances' topics.
    async fn read_more(
        &mut self,
        cluster: &Cluster,
        want: &Want<'_>,
        inventory: &Inventory,
    ) -> Result<(), Error> {
        let of_instances = inventory.instance_topics();
        let live = self.metadata.topics.keys();
        let live = live.filter(|_| matches!(want.ids, Which::All));
        let recorded = inventory.topics.keys().chain(of_instances.keys().copied());
        let ids = live.chain(recorded);
        let ids = ids.filter(|name| want.topic(name) && !self.descriptions.contains_key(*name));
        let ids: BTreeSet<&TopicName> = ids.collect();
        let ids: Vec<TopicName> = ids.into_iter().cloned().collect();
        let configs = of_instances.keys().copied();
        let configs = configs.filter(|name| !self.configs.contains_key(*name) && want.topic(name));
        let configs: Vec<TopicName> = configs.cloned().collect();
        self.ask(cluster, &configs, &ids).await?;
        self.ask_again(cluster).await
    }

    /// Requests configs of some topics, and ids of some.
    async fn ask(
        &mut self,
        cluster: &Cluster,
        configs: &[TopicName],
        ids: &[TopicName],
    ) -> Result<(), Error> {
        let (configs, descriptions) = tokio::try_join!(
            cluster.describe_topic_configs(configs),
            cluster.describe_topics(ids),
        )?;
        self.configs.extend(configs);
        self.descriptions.extend(descriptions);
        Ok(())
    }

    /// Repeats requests for topics that a broker did not know but another one listed: brokers learn
    /// of a topic one after the other. Topics that are still unknown are deleted.
    async fn ask_again(&mut self, cluster: &Cluster) -> Result<(), Error> {
        let live = &self.metadata.topics;
        let (configs, ids) = (
            unsettled(live, &self.configs),
            unsettled(live, &self.descriptions),
        );
        if configs.is_empty() && ids.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(SETTLING).await;
        self.ask(cluster, &configs, &ids).await
    }

    /// Converts everything to plain data.
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
                let what = Unread::Topic(name.clone());
                live.unknown.push(unknown(what, fault));
            }
        }
        if let Some(why) = without_defaults {
            live.unknown.push(unknown(Unread::BrokerDefaults, &why));
        }
        let described = descriptions.iter().filter_map(|(name, description)| {
            let fault = description.as_ref().err()?;
            let is_hidden = fault.kind() == FaultKind::NotAuthorised;
            (is_hidden && !metadata.topics.contains_key(name)).then_some((name, fault))
        });
        let hidden = described.map(|(name, fault)| Unknown {
            what: Unread::TopicExistence(name.clone()),
            why: words(fault),
        });
        let hidden: Vec<Unknown> = hidden.collect();
        let mut last = Last::default();
        let (mut configs, mut descriptions) = (InOrder::of(configs), InOrder::of(descriptions));
        let wanted = metadata.topics.into_iter();
        let mut topics = Vec::with_capacity(wanted.len());
        for (name, topic) in wanted.filter(|(name, _)| want.topic(name)) {
            let read = configs.take(&name);
            let held = read.map(|read| read.map(|configs| last.by(configs, &live)));
            let description = descriptions.take(&name);
            let found = found(&mut live.unknown, &name, topic, held, description);
            topics.extend(found.map(|found| (name, found)));
        }
        live.topics = topics.into_iter().collect();
        live.unknown.extend(hidden);
        Ok(live)
    }
}

/// Returns the topics that one broker did not know but another one listed.
fn unsettled<T>(
    live: &BTreeMap<TopicName, TopicMetadata>,
    read: &BTreeMap<TopicName, Result<T, Fault>>,
) -> Vec<TopicName> {
    let is_missing = |read: &Result<T, Fault>| match read {
        Ok(_) => false,
        Err(fault) => fault.kind() == FaultKind::Missing,
    };
    let unsettled = read.iter();
    let unsettled = unsettled.filter(|(name, read)| is_missing(read) && live.contains_key(*name));
    unsettled.map(|(name, _)| name.clone()).collect()
}

fn brokers(metadata: &Metadata) -> Vec<Broker> {
    let broker = |node: &Node| Broker {
        id: node.id,
        rack: node.rack.clone(),
    };
    metadata.brokers.iter().map(broker).collect()
}

fn unknown(what: Unread, why: &dyn Display) -> Unknown {
    Unknown {
        what,
        why: why.to_string(),
    }
}

/// Returns the brokers' defaults, and why some are unknown. Defaults that no topic's configs
/// contain are read from the first broker that responds, since the metadata may still contain a
/// broker that is down.
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

/// Adds a topic with its data, unless the data shows that it is deleted.
fn found(
    unknowns: &mut Vec<Unknown>,
    name: &TopicName,
    topic: TopicMetadata,
    held: Option<Result<OwnValues, Fault>>,
    description: Option<Result<TopicDescription, Fault>>,
) -> Option<LiveTopic> {
    let mut read = LiveTopic {
        partitions: u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX),
        replication_factor: ReplicationFactor::of(replicas(&topic)),
        ..LiveTopic::default()
    };
    let gone = |fault: &Fault| fault.kind() == FaultKind::Missing;
    match description {
        Some(Ok(description)) => read.id = description.id,
        Some(Err(fault)) if gone(&fault) => return None,
        Some(Err(fault)) => unknowns.push(unknown(Unread::TopicId(name.clone()), &fault)),
        None => {}
    }
    match held {
        Some(Ok(held)) => {
            read.behind = held.behind;
            read.config = Some(held.config);
        }
        Some(Err(fault)) if gone(&fault) => return None,
        Some(Err(fault)) => {
            let is_hidden = fault.kind() == FaultKind::NotAuthorised;
            let what: fn(TopicName) -> Unread = match is_hidden {
                true => Unread::TopicConfigs,
                false => Unread::Topic,
            };
            let why = words(&fault);
            let what = what(name.clone());
            unknowns.push(Unknown { what, why });
        }
        None => {}
    }
    Some(read)
}

fn replicas(topic: &TopicMetadata) -> impl Iterator<Item = u32> {
    let count = |partition: &Partition| u32::try_from(partition.replicas.len()).unwrap_or(u32::MAX);
    topic.partitions.iter().map(count)
}

/// A topic's own configs, and the defaults that they override.
#[derive(Clone, Default)]
struct OwnValues {
    config: ConfigMap<String>,
    behind: Defaults,
}

/// The configs of the previous topic.
#[derive(Default)]
struct Last {
    of: Configs,
    held: OwnValues,
}

impl Last {
    /// Returns this topic's own configs, which are often equal to the previous topic's.
    fn by(&mut self, configs: Configs, live: &Live) -> OwnValues {
        if !self.of.holds_the_same(&configs) {
            self.held = OwnValues {
                config: set_on_topic(&configs),
                behind: defaults::behind(&configs, &live.broker_defaults),
            };
            self.of = configs;
        }
        self.held.clone()
    }
}

/// A value that the broker withholds is shown as empty; topic configs have none.
fn set_on_topic(entries: &Configs) -> ConfigMap<String> {
    entries
        .iter()
        .filter(|entry| entry.source == ConfigSource::Topic)
        .map(|entry| (entry.key.clone(), entry.value.clone().unwrap_or_default()))
        .collect()
}
