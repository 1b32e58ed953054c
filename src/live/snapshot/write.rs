//! A snapshot as it is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::read::What;
use super::{FORMAT, records};
use crate::live::{
    BrokerDefault, GroupUse, Inventory, Live, LiveTopic, ReplicationFactor, Source, Unknown,
    Unread, Usage,
};
use crate::model::ConfigKey;

/// Writes a snapshot; [`super::parse`] reads back the same.
pub fn to_json(live: &Live) -> Value {
    let Live {
        cluster_id,
        kafka_version,
        brokers,
        broker_defaults,
        topics,
        inventory,
        now_ms,
        unknown,
        usage,
        objections: _,
    } = live;
    let brokers: Vec<Value> = brokers
        .iter()
        .map(|broker| json!({"id": broker.id, "rack": broker.rack}))
        .collect();
    let topics: Map<String, Value> = topics
        .iter()
        .map(|(name, topic)| (name.to_string(), topic_json(topic)))
        .collect();
    let mut file = json!({
        "format": FORMAT,
        "cluster_id": cluster_id,
        "kafka_version": kafka_version,
        "brokers": brokers,
        "broker_defaults": defaults_json(broker_defaults),
        "topics": topics,
    });
    if let Some(inventory) = inventory {
        put_inventory(&mut file, inventory);
    }
    if let Some(now_ms) = now_ms {
        file["now_ms"] = json!(now_ms);
    }
    if !unknown.is_empty() {
        file["unknown"] = unknown.iter().map(unknown_json).collect();
    }
    if !usage.is_empty() {
        let usage: Map<String, Value> = usage
            .iter()
            .map(|(name, usage)| (name.to_string(), usage_json(usage)))
            .collect();
        file["usage"] = Value::Object(usage);
    }
    file
}

/// What is recorded; the lists that are empty are left out.
fn put_inventory(file: &mut Value, inventory: &Inventory) {
    let Inventory {
        topics,
        holds,
        spent,
        instances,
    } = inventory;
    let topics = topics.iter();
    let topics = topics.map(|(name, owned)| (name.to_string(), json!(owned)));
    file["inventory"] = topics.collect();
    if !holds.is_empty() {
        let holds = holds.iter();
        let holds = holds.map(|(name, hold)| (name.to_string(), records::hold_json(hold)));
        file["holds"] = holds.collect();
    }
    if !spent.is_empty() {
        file["spent"] = spent.iter().map(records::spent_json).collect();
    }
    if !instances.is_empty() {
        file["instances"] = instances.iter().map(records::instance_json).collect();
    }
}

fn unknown_json(unknown: &Unknown) -> Value {
    let Unknown { what, why } = unknown;
    let (what, topic) = match what {
        Unread::TopicExistence(topic) => (What::TopicExistence, Some(topic)),
        Unread::Topic(topic) => (What::Topic, Some(topic)),
        Unread::TopicConfigs(topic) => (What::TopicConfigs, Some(topic)),
        Unread::TopicId(topic) => (What::TopicId, Some(topic)),
        Unread::BrokerDefaults => (What::BrokerDefaults, None),
    };
    match topic {
        Some(topic) => json!({"what": what, "topic": topic, "why": why}),
        None => json!({"what": what, "why": why}),
    }
}

/// A topic's use, as snapshots and plans write it.
pub fn usage_json(usage: &Usage) -> Value {
    let Usage {
        groups,
        newest_record_ms,
        recent,
        messages,
        unseen,
    } = usage;
    let groups = groups.iter().map(|group| {
        let GroupUse {
            name,
            members,
            committed,
        } = group;
        json!({"name": name, "members": members, "committed": committed})
    });
    let unseen = unseen
        .iter()
        .map(|unseen| json!({"what": unseen.what, "why": unseen.why}));
    json!({
        "groups": groups.collect::<Value>(),
        "newest_record_ms": newest_record_ms,
        "recent": recent,
        "messages": messages,
        "unseen": unseen.collect::<Value>(),
    })
}

fn topic_json(topic: &LiveTopic) -> Value {
    let LiveTopic {
        id,
        partitions,
        replication_factor,
        config,
        behind,
    } = topic;
    let mut json = Map::new();
    if let Some(id) = id {
        json.insert("id".to_owned(), json!(id));
    }
    json.insert("partitions".to_owned(), json!(partitions));
    let replicas = match replication_factor {
        ReplicationFactor::Same(count) => json!(count),
        ReplicationFactor::Mixed(counts) => json!(counts),
    };
    json.insert("replication_factor".to_owned(), replicas);
    json.insert(
        "config".to_owned(),
        json!(config.as_ref().map(records::Fields)),
    );
    if !behind.is_empty() {
        json.insert("behind".to_owned(), defaults_json(behind));
    }
    Value::Object(json)
}

fn defaults_json(defaults: &BTreeMap<ConfigKey, BrokerDefault>) -> Value {
    let entry = |(key, default): (&ConfigKey, &BrokerDefault)| {
        let BrokerDefault { value, source } = default;
        let json = match source {
            Source::BrokerDefault => json!(value),
            source => json!({"value": value, "source": source.as_str()}),
        };
        (key.to_string(), json)
    };
    Value::Object(defaults.iter().map(entry).collect())
}
