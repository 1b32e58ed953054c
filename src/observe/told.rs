//! What the brokers tell of topics, as plain data.

use std::collections::{BTreeMap, BTreeSet};
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
    /// Reads what is wanted whatever the inventory holds: that is read meanwhile. Configs do not wait
    /// for the list of topics either, where theirs are named. Listed topics that do not show may be
    /// there all the same, and are asked for.
    pub(super) async fn read(cluster: &Cluster, want: &Want<'_>) -> Result<Self, Error> {
        let started = Instant::now();
        let named = want.configs.named().iter();
        let named: Vec<TopicName> = named.filter(|name| want.topic(name)).cloned().collect();
        let (metadata, mut configs) =
            tokio::try_join!(cluster.metadata(), cluster.describe_topic_configs(&named))?;
        let live = &metadata.topics;
        let hidden = missing(live, want.listed).filter(|name| want.topic(name));
        let hidden: Vec<TopicName> = hidden.cloned().collect();
        let configs_and_defaults = async {
            if let Which::All = want.configs {
                let live = live.keys().filter(|name| want.topic(name));
                let live: Vec<TopicName> = live.cloned().collect();
                configs = cluster.describe_topic_configs(&live).await?;
            }
            let defaults = defaults(cluster, &metadata, &configs).await;
            Ok((configs, defaults))
        };
        let (descriptions, (configs, defaults)) =
            tokio::try_join!(cluster.describe_topics(&hidden), configs_and_defaults)?;
        let (broker_defaults, without_defaults) = defaults;
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

    /// Reads what is known only now: ids, but for those of topics that are as they were recorded, and
    /// the configs of instances' topics.
    async fn read_more(
        &mut self,
        cluster: &Cluster,
        want: &Want<'_>,
        inventory: &Inventory,
    ) -> Result<(), Error> {
        recognise(&mut self.metadata.topics, inventory);
        let of_instances = inventory.instance_topics();
        let live = &self.metadata.topics;
        let wanted: Vec<&TopicName> = match want.ids {
            Which::All => live.keys().collect(),
            Which::Of(names) => names.iter().collect(),
        };
        let ids = unrecognised(live, wanted)
            .chain(unrecognised(live, inventory.topics.keys()))
            .chain(unrecognised(live, of_instances.keys().copied()));
        let ids = ids.filter(|name| want.topic(name) && !self.descriptions.contains_key(*name));
        let ids: BTreeSet<&TopicName> = ids.collect();
        let ids: Vec<TopicName> = ids.into_iter().cloned().collect();
        let configs = of_instances.keys().copied();
        let configs = configs.filter(|name| !self.configs.contains_key(*name) && want.topic(name));
        let configs: Vec<TopicName> = configs.cloned().collect();
        self.ask(cluster, &configs, &ids).await?;
        self.ask_again(cluster).await
    }

    /// Asks for configs of some topics, and for ids of some.
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

    /// Brokers learn of a topic one after the other: what one of them does not know that another one
    /// listed is asked for again. Else the topic is gone.
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

/// Keeps of the hints at ids those that are what was recorded. No other is worth anything.
fn recognise(topics: &mut BTreeMap<TopicName, TopicMetadata>, inventory: &Inventory) {
    let mut owned = InOrder::of(&inventory.topics);
    let mut of_instances = InOrder::of(inventory.instance_topics());
    for (name, topic) in topics {
        let of_instance = of_instances.take(&name);
        let of_instance = of_instance.and_then(|instance| instance.topics.get(name)?.as_ref());
        let recorded = of_instance.or(owned.take(name).and_then(|owned| owned.id.as_ref()));
        topic.id_hint.take_if(|hint| Some(&*hint) != recorded);
    }
}

/// Those of some names, which ascend, whose topics are not known by their ids.
fn unrecognised<'a>(
    live: &'a BTreeMap<TopicName, TopicMetadata>,
    names: impl IntoIterator<Item = &'a TopicName>,
) -> impl Iterator<Item = &'a TopicName> {
    let mut live = InOrder::of(live);
    let mut is_known = move |name| live.take(name).is_some_and(|topic| topic.id_hint.is_some());
    let names = names.into_iter();
    names.filter(move |name| !is_known(*name))
}

/// Those of some names, which ascend, that no topic shows.
fn missing<'a>(
    live: &'a BTreeMap<TopicName, TopicMetadata>,
    names: impl IntoIterator<Item = &'a TopicName>,
) -> impl Iterator<Item = &'a TopicName> {
    let mut live = InOrder::of(live);
    let names = names.into_iter();
    names.filter(move |name| live.take(*name).is_none())
}

/// What a broker does not know of that another one listed.
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

/// A topic with what was read of it, unless that says that it is gone.
fn found(
    unknowns: &mut Vec<Unknown>,
    name: &TopicName,
    topic: TopicMetadata,
    held: Option<Result<Held, Fault>>,
    description: Option<Result<TopicDescription, Fault>>,
) -> Option<LiveTopic> {
    let mut read = LiveTopic {
        partitions: u32::try_from(topic.partitions.len()).unwrap_or(u32::MAX),
        replication_factor: ReplicationFactor::of(replicas(&topic)),
        id: topic.id_hint,
        ..LiveTopic::default()
    };
    let gone = |fault: &Fault| fault.kind() == FaultKind::Missing;
    match description {
        Some(Ok(description)) => read.id = description.id,
        Some(Err(fault)) if gone(&fault) => return None,
        Some(Err(fault)) => unknowns.push(unknown(format!("id of topic {name}"), &fault)),
        None => {}
    }
    match held {
        Some(Ok(held)) => {
            read.behind = held.behind;
            read.config = Some(held.config);
        }
        Some(Err(fault)) if gone(&fault) => return None,
        Some(Err(fault)) => {
            let what = format!("configs of topic {name}");
            unknowns.push(unknown(what, &fault));
        }
        None => {}
    }
    Some(read)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Instance, Owned};

    /// An id that librdkafka should have got wrong can only be another one than what was recorded, and
    /// those are asked for.
    #[test]
    fn a_hint_at_an_id_counts_where_it_was_recorded() {
        let seen = |hint: Option<&str>| TopicMetadata {
            id_hint: hint.map(str::to_owned),
            ..TopicMetadata::default()
        };
        let recorded = |id: Option<&str>| Owned {
            id: id.map(str::to_owned),
            ..Owned::default()
        };
        let instance = Instance {
            topics: [
                ("i-same".into(), Some("I".to_owned())),
                ("i-new".into(), None),
            ]
            .into(),
            ..Instance::default()
        };
        let inventory = Inventory {
            topics: [
                ("another".into(), recorded(Some("B"))),
                ("gone".into(), recorded(Some("G"))),
                ("no-hint".into(), recorded(Some("N"))),
                ("no-id".into(), recorded(None)),
                ("same".into(), recorded(Some("S"))),
            ]
            .into(),
            instances: vec![instance],
            ..Inventory::default()
        };
        let mut topics: BTreeMap<TopicName, TopicMetadata> = [
            ("another".into(), seen(Some("A"))),
            ("i-new".into(), seen(Some("J"))),
            ("i-same".into(), seen(Some("I"))),
            ("no-hint".into(), seen(None)),
            ("no-id".into(), seen(Some("X"))),
            ("nobodys".into(), seen(Some("Y"))),
            ("same".into(), seen(Some("S"))),
        ]
        .into();
        recognise(&mut topics, &inventory);
        let names: BTreeSet<TopicName> = topics
            .keys()
            .chain(inventory.topics.keys())
            .cloned()
            .collect();
        let asked: Vec<&str> = unrecognised(&topics, &names)
            .map(TopicName::as_str)
            .collect();
        assert_eq!(
            asked,
            ["another", "gone", "i-new", "no-hint", "no-id", "nobodys"]
        );
        let missing: Vec<&TopicName> = missing(&topics, &names).collect();
        assert_eq!(missing, [&TopicName::from("gone")]);
    }
}
