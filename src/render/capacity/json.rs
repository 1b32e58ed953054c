//! Disk as `topicsmith/capacity/1`. Sizes are bytes.

use serde_json::{Map, Value, json};

use super::FORMAT;
use crate::capacity::{Assumptions, Bound, Capacity, Need, Origin, Sum};

/// What one environment needs.
pub fn json(capacity: &Capacity) -> Value {
    let Capacity {
        environment,
        assumptions,
        topics,
        uncounted,
    } = capacity;
    let Assumptions {
        compression,
        after_ms,
        brokers,
        disk,
    } = assumptions;
    let owner = |(owner, sum): (Option<&str>, Sum)| {
        let mut fields = Map::new();
        fields.insert("owner".to_owned(), json!(owner));
        fields.extend(self::sum(sum));
        Value::Object(fields)
    };
    let owners: Vec<Value> = capacity.by_owner().into_iter().map(owner).collect();
    json!({
        "format": FORMAT,
        "environment": environment,
        "compression": compression,
        "after_ms": after_ms,
        "brokers": brokers,
        "disk_per_broker": disk,
        "topics": topics.iter().map(need).collect::<Vec<_>>(),
        "owners": owners,
        "not_counted": uncounted,
        "total": sum(capacity.total()),
        "per_broker": capacity.per_broker(),
        "fits": capacity.fit().map(|fit| fit.fits),
    })
}

fn sum(sum: Sum) -> Map<String, Value> {
    let Sum {
        topics,
        unbounded,
        per_day,
        on_disk,
    } = sum;
    let fields = [
        ("topics", json!(topics)),
        ("unbounded", json!(unbounded)),
        ("per_day", json!(per_day)),
        ("on_disk", json!(on_disk)),
    ];
    fields
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect()
}

fn need(need: &Need) -> Value {
    let Need {
        topic,
        owner,
        partitions,
        replication_factor,
        messages_per_day,
        per_day,
        bound,
        held,
        messages,
        segments,
        is_compacted,
        now,
    } = need;
    let (kind, amount, origin) = match bound {
        Bound::Time(ms, origin) => ("retention-ms", Some(*ms), Some(*origin)),
        Bound::Size(bytes, origin) => ("retention-bytes", Some(*bytes), Some(*origin)),
        Bound::After(ms) => ("after", Some(*ms), None),
        Bound::Unlimited => ("unlimited", None, None),
        Bound::Keys => ("keys", None, None),
    };
    let origin = origin.map(|origin| match origin {
        Origin::Files => "files",
        Origin::Brokers => "broker-default",
        Origin::Kafka => "kafka-default",
    });
    json!({
        "topic": topic,
        "owner": owner,
        "partitions": partitions,
        "replication_factor": replication_factor,
        "messages_per_day": messages_per_day,
        "per_day": per_day,
        "bound": {"by": kind, "value": amount, "from": origin},
        "held": held,
        "segments": segments,
        "on_disk": need.on_disk(),
        "at_most": is_compacted,
        "messages": messages,
        "messages_now": now.as_ref().and_then(|now| now.as_ref().ok()),
        "messages_unseen": now.as_ref().and_then(|now| now.as_ref().err()),
    })
}
