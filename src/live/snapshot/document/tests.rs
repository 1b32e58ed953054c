use serde_json::{Map, Value, json};

use super::*;
use crate::live::snapshot::parse;
use crate::model::document::Document as _;
use crate::model::schema::of_input;

/// Returns a snapshot with every field.
fn everything() -> Value {
    let whose =
        json!({"scope": "shop", "environment": "prod", "commit": "c", "by": "ann", "at_ms": 5});
    let record = |fields: Value| -> Value {
        let objects = [whose.clone(), fields].into_iter();
        let fields = objects.flat_map(|object| object.as_object().cloned().unwrap_or_default());
        Value::Object(fields.collect::<Map<_, _>>())
    };
    json!({
        "format": LiveDocument::FORMAT,
        "cluster_id": "c1",
        "kafka_version": "4.3",
        "brokers": [{"id": 1, "rack": "a"}],
        "broker_defaults": {"retention.ms": "1", "segment.bytes": {"value": "1", "source": "broker"}},
        "topics": {
            "a": {"id": "1", "partitions": 1, "replication_factor": 1, "config": {"retention.ms": "1"},
                  "inherited_defaults": {"retention.ms": {"value": "1", "source": "kafka-default"}}},
            "b": {"partitions": 1, "replication_factor": [1, 2], "config": null},
        },
        "inventory": {"a": record(json!({
            "id": "1", "on_remove": "retain", "owner": "ann", "partitions": 1,
            "replication_factor": 1, "config": {"retention.ms": "1"}, "declared_at": "topics/a.toml:1",
        }))},
        "holds": {
            "a": record(json!({"until_ms": 9, "reason": "x"})),
            "b": record(json!({"for_ms": 9, "reason": "x"})),
        },
        "applied_removals": [record(json!({"topic": "c", "id": "1"}))],
        "instances": [record(json!({
            "lifecycle": "run", "parameters": {"id": "7"}, "topics": {"run_7": null, "x_7": "1"},
            "started_ms": 1, "ended": false, "ended_ms": 2, "delete_after_ms": 3, "max_age_ms": 4,
        }))],
        "now_ms": 7,
        "unknown": [{"what": "broker-defaults", "why": "No."}],
        "usage": {"a": {
            "groups": [{"name": "g", "members": 1, "committed": true}],
            "newest_record_ms": 1, "recent": true, "messages": 1,
            "unseen": [{"what": "groups", "why": "No."}],
        }},
    })
}

/// Collects the JSON pointers of all values in a document.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    let mut inner = |key: &str, value: &Value| pointers(value, &format!("{at}/{key}"), all);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| inner(key, value)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| inner(&index.to_string(), value));
        }
        _ => {}
    }
}

/// Returns variants of the document with one mistake at the given pointer.
fn mistakes(document: &Value, at: &str) -> Vec<Value> {
    let others = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!("x"),
        json!([]),
        json!({}),
    ];
    let mut wrong = Vec::new();
    for other in others {
        let mut document = document.clone();
        document
            .pointer_mut(at)
            .into_iter()
            .for_each(|value| *value = other.clone());
        wrong.push(document);
    }
    let mut with_more = document.clone();
    if let Some(Value::Object(fields)) = with_more.pointer_mut(at) {
        fields.insert("zzz".to_owned(), json!(1.5));
        wrong.push(with_more);
    }
    if let Some((parent, key)) = at.rsplit_once('/') {
        let mut without = document.clone();
        if let Some(Value::Object(fields)) = without.pointer_mut(parent) {
            fields.remove(key);
            wrong.push(without);
        }
    }
    wrong
}

#[test]
fn the_schema_accepts_what_the_reader_does_and_nothing_else() {
    let validator = jsonschema::draft7::new(&of_input::<LiveDocument>()).unwrap();
    let document = everything();
    assert!(parse(&document.to_string()).is_ok());
    assert!(validator.is_valid(&document));
    let mut places = Vec::new();
    pointers(&document, "", &mut places);
    for at in places {
        for wrong in mistakes(&document, &at) {
            let read = parse(&wrong.to_string());
            let valid = validator.is_valid(&wrong);
            assert_eq!(read.is_ok(), valid, "{at}: {read:?}\n{wrong:#}");
        }
    }
}
