//! Reads each bootstrap server and broker separately, and the state of the partitions.

use std::collections::BTreeSet;

use super::super::side_by_side;
use super::{refused, unanswered};
use crate::kafka::{Cluster, ConfigEntry, Metadata, Node, TopicMetadata};
use crate::live::checkup::{Broker, BrokerAnswer, Partitions, Server};
use crate::model::TopicName;

/// Probes the bootstrap servers. Those that are a broker's advertised address are probed as that
/// broker.
pub(super) async fn servers(cluster: &Cluster, metadata: &Metadata) -> Vec<Server> {
    let advertised: BTreeSet<String> = metadata.brokers.iter().map(Node::address).collect();
    let servers = cluster.servers().iter();
    let others = servers.filter(|server| !advertised.contains(server.expose()));
    let ask = others.map(|server| async {
        let answered = cluster.knock(server).await;
        Server {
            address: server.to_string(),
            answered: answered.map_err(|error| unanswered(&error)),
        }
    });
    side_by_side(ask).await
}

/// Probes every broker at its advertised address.
pub(super) async fn visit_all(cluster: &Cluster, metadata: &Metadata) -> Vec<Broker> {
    let ask = metadata.brokers.iter().map(|node| async {
        let answered = cluster.probe(node).await;
        let probe = |probe: crate::kafka::BrokerProbe| BrokerAnswer {
            took: probe.took,
            release: probe.release,
            apis: probe.apis,
            settings: match &probe.configs {
                Ok(entries) => Ok(entries.iter().filter_map(setting).collect()),
                Err(fault) => Err(refused(fault)),
            },
        };
        Broker {
            id: node.id,
            rack: node.rack.clone(),
            address: node.address(),
            answered: answered.map(probe).map_err(|error| unanswered(&error)),
        }
    });
    side_by_side(ask).await
}

fn setting(entry: &ConfigEntry) -> Option<(String, String)> {
    let value = entry.value.clone()?;
    Some((entry.key.to_string(), value))
}

/// Summarizes the state of all partitions.
pub(super) fn partitions(metadata: &Metadata) -> Partitions {
    let up: BTreeSet<i32> = metadata.brokers.iter().map(|broker| broker.id).collect();
    let mut found = Partitions {
        topics: metadata.topics.len(),
        ..Partitions::default()
    };
    for (name, topic) in &metadata.topics {
        add_topic(&mut found, &up, name, topic);
    }
    found
}

fn add_topic(found: &mut Partitions, up: &BTreeSet<i32>, name: &TopicName, topic: &TopicMetadata) {
    for partition in &topic.partitions {
        found.all += 1;
        if partition.leader.is_none() {
            *found.offline.entry(name.clone()).or_default() += 1;
        } else if partition.in_sync.len() < partition.replicas.len() {
            *found.under_replicated.entry(name.clone()).or_default() += 1;
        }
        for replica in partition.replicas.iter().filter(|id| !up.contains(id)) {
            *found.absent.entry(*replica).or_default() += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Partition;

    #[test]
    fn a_broker_that_is_down_is_known_by_its_replicas() {
        let partition = |leader, in_sync: &[i32]| Partition {
            leader,
            replicas: vec![1, 2, 3],
            in_sync: in_sync.to_vec(),
        };
        let node = |id| Node {
            id,
            host: "kafka".to_owned(),
            port: 9092,
            rack: None,
        };
        let partitions_of_a = vec![
            partition(Some(1), &[1, 2]),
            partition(Some(2), &[1, 2, 3]),
            partition(None, &[3]),
        ];
        let topic = TopicMetadata {
            partitions: partitions_of_a,
        };
        let metadata = Metadata {
            brokers: vec![node(1), node(2)],
            topics: [("a".into(), topic)].into(),
            ..Metadata::default()
        };
        let found = partitions(&metadata);
        assert_eq!((found.topics, found.all), (1, 3));
        assert_eq!(found.offline, [("a".into(), 1)].into());
        assert_eq!(found.under_replicated, [("a".into(), 1)].into());
        assert_eq!(found.absent, [(3, 3)].into());
    }
}
