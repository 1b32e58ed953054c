//! A snapshot as it is written.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::FORMAT;
use crate::live::{
    BrokerDefault, GroupUse, Live, LiveTopic, Owned, ReplicationFactor, Source, Usage, Whose,
};
use crate::model::{ConfigKey, OnRemove};

/// Writes a snapshot; [`super::parse`] reads back the same.
pub fn to_json(live: &Live) -> Value {
    let Live {
        cluster_id,
        kafka_version,
        brokers,
        broker_defaults,
        topics,
        inventory,
        now_ms: _,
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
        let records: Map<String, Value> = inventory
            .topics
            .iter()
            .map(|(name, owned)| (name.to_string(), owned_json(owned)))
            .collect();
        file["inventory"] = Value::Object(records);
    }
    if !unknown.is_empty() {
        file["unknown"] = unknown
            .iter()
            .map(|unknown| json!({"what": unknown.what, "why": unknown.why}))
            .collect();
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
    json.insert("config".to_owned(), json!(config));
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

fn owned_json(owned: &Owned) -> Value {
    let Owned {
        whose: Whose { scope, environment },
        id,
        on_remove,
        owner: _,
        partitions,
        replication_factor,
        config,
        declared_at: _,
        stamp: _,
    } = owned;
    let mut json = Map::new();
    let texts = [
        ("scope", scope.as_deref()),
        ("environment", environment.as_deref()),
        ("id", id.as_deref()),
        ("on_remove", on_remove.map(OnRemove::as_str)),
    ];
    for (field, text) in texts {
        if let Some(text) = text {
            json.insert(field.to_owned(), json!(text));
        }
    }
    let counts = [
        ("partitions", partitions),
        ("replication_factor", replication_factor),
    ];
    for (field, count) in counts {
        if let Some(count) = count {
            json.insert(field.to_owned(), json!(count));
        }
    }
    if let Some(config) = config {
        json.insert("config".to_owned(), json!(config));
    }
    Value::Object(json)
}
