//! What the brokers tell of topics, as plain data.

use std::collections::BTreeMap;
use std::fmt::Display;

use super::defaults::{self, Defaults};
use super::{Want, Which};
use crate::inventory::Contents;
use crate::kafka::{
    Cluster, Configs, Error, Fault, FaultKind, Metadata, Node, Partition, TopicDescription,
    TopicMetadata,
};
use crate::live::{BROKER_DEFAULTS, Broker, Live, LiveTopic, ReplicationFactor, Source, Unknown};
use crate::model::{ConfigKey, TopicName};

/// What the brokers told of topics.
pub(super) struct Told {
    metadata: Metadata,
    /// The topics that are anybody's business here.
    names: Vec<TopicName>,
    configs: BTreeMap<TopicName, Result<Configs, Fault>>,
    descriptions: BTreeMap<TopicName, Result<TopicDescription, Fault>>,
    broker_defaults: Defaults,
    /// Why no broker told those of the defaults that no topic tells.
    without_defaults: Option<String>,
}

impl Told {
    /// Reads what is wanted whatever the inventory holds: that is read meanwhile.
    pub async fn read(cluster: &Cluster, want: &Want<'_>) -> Result<Self, Error> {
        let metadata = cluster.metadata().await?;
        let names = metadata.topics.keys().filter(|name| want.topic(name));
        let names: Vec<TopicName> = names.cloned().collect();
        let picked = |which: Which<'_>| -> Vec<TopicName> {
            let picked = names.iter().filter(|name| which.has(name));
            picked.cloned().collect()
        };
        let (with_configs, with_ids) = (picked(want.configs), picked(want.ids));
        let with_defaults = async {
            let configs = cluster.describe_topic_configs(&with_configs).await?;
            let defaults = defaults(cluster, &metadata, &configs).await;
            Ok((configs, defaults))
        };
        let ((configs, (broker_defaults, without_defaults)), descriptions) =
            tokio::try_join!(with_defaults, cluster.describe_topics(&with_ids))?;
        Ok(Self {
            metadata,
            names,
            configs,
            descriptions,
            broker_defaults,
            without_defaults,
        })
    }

    /// Reads what the inventory asks for besides: the ids of what it holds, and the configs of
    /// instances' topics.
    async fn read_recorded(&mut self, cluster: &Cluster, contents: &Contents) -> Result<(), Error> {
        let inventory = &contents.inventory;
        let of_instances = inventory.instance_topics();
        let missing = |wanted: &dyn Fn(&TopicName) -> bool| -> Vec<TopicName> {
            let missing = self.names.iter().filter(|name| wanted(name));
            missing.cloned().collect()
        };
        let configs =
            missing(&|name| of_instances.contains_key(name) && !self.configs.contains_key(name));
        let ids = missing(&|name| {
            let recorded = inventory.topics.contains_key(name) || of_instances.contains_key(name);
            recorded && !self.descriptions.contains_key(name)
        });
        let (configs, descriptions) = tokio::try_join!(
            cluster.describe_topic_configs(&configs),
            cluster.describe_topics(&ids),
        )?;
        self.configs.extend(configs);
        self.descriptions.extend(descriptions);
        Ok(())
    }

    /// All of it as plain data.
    pub async fn live(
        mut self,
        cluster: &Cluster,
        want: &Want<'_>,
        contents: Option<&Contents>,
    ) -> Result<Live, Error> {
        if let Some(contents) = contents {
            self.read_recorded(cluster, contents).await?;
        }
        let Self {
            metadata,
            names,
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
        for name in names {
            let partitions = &metadata.topics[&name];
            let configs = configs.get(&name).map(Result::as_ref);
            let description = descriptions.get(&name).map(Result::as_ref);
            add_topic(&mut live, name, partitions, configs, description);
        }
        Ok(live)
    }
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
