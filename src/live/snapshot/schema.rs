//! The JSON Schema of a snapshot. A test holds it against the reader, field by field.

use serde_json::{Value, json};

use super::FORMAT;
use super::read::{MAX_PARTITIONS, MAX_REPLICAS, What};
use crate::live::Source;
use crate::model::OnRemove;
use crate::model::schema::{Definitions, count, described, list, map, nullable, object, string};

/// The schema of `topicsmith/live/1`.
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    for (name, schema) in [
        ("default", default()),
        ("topic", topic()),
        ("owned", owned()),
        ("hold", hold()),
        ("spent", spent()),
        ("instance", instance()),
        ("usage", usage()),
        ("unknown", unknown()),
    ] {
        definitions.define(name, schema);
    }
    let one = file();
    let several = object([
        ("format", true, json!({"const": FORMAT})),
        (
            "snapshots",
            true,
            list(json!({"anyOf": [one.clone(), error()]})),
        ),
    ]);
    let top = json!({"anyOf": [one, several]});
    let description = "What a cluster holds, as `topicsmith snapshot` writes it and --live reads it; where several environments were asked for, a list of them, which --live does not read.";
    definitions.finish("topicsmith live snapshot", description, top)
}

/// What stands in place of an environment that could not be looked at.
pub fn error() -> Value {
    let error = object([
        ("message", true, string()),
        ("help", true, nullable(string())),
    ]);
    object([("environment", true, string()), ("error", true, error)])
}

fn refer(name: &str) -> Value {
    Definitions::reference(name)
}

fn file() -> Value {
    let broker = object([
        ("id", true, json!({"type": "integer"})),
        ("rack", false, nullable(string())),
    ]);
    let fields = [
        (
            "format",
            true,
            json!({"const": FORMAT}),
            "What this file is.",
        ),
        (
            "cluster_id",
            false,
            nullable(string()),
            "The cluster's id, where it gives one.",
        ),
        (
            "kafka_version",
            false,
            nullable(string()),
            "The release of Kafka, as far as the brokers let on.",
        ),
        ("brokers", false, list(broker), "The brokers that are up."),
        (
            "broker_defaults",
            false,
            map(refer("default")),
            "What a topic without the key holds; what is left out is as Kafka ships it.",
        ),
        ("topics", true, map(refer("topic")), "The topics."),
        (
            "inventory",
            false,
            nullable(map(refer("owned"))),
            "What is owned; absent where no inventory is in use.",
        ),
        (
            "holds",
            false,
            map(refer("hold")),
            "The topics that no apply touches for a while.",
        ),
        (
            "spent",
            false,
            list(refer("spent")),
            "The tombstones that have done their work.",
        ),
        (
            "instances",
            false,
            list(refer("instance")),
            "The instances of lifecycles.",
        ),
        (
            "now_ms",
            false,
            nullable(json!({"type": "integer"})),
            "When it was read, in ms since 1970.",
        ),
        (
            "unknown",
            false,
            list(refer("unknown")),
            "What could not be read, and why.",
        ),
        (
            "usage",
            false,
            map(refer("usage")),
            "Who uses the topics that were looked at before a delete.",
        ),
    ];
    let file = object(
        fields.map(|(name, required, schema, doc)| (name, required, described(schema, doc))),
    );
    // What else is recorded stands beside what is owned.
    let recorded =
        json!({"required": ["inventory"], "properties": {"inventory": {"type": "object"}}});
    let nothing = json!({"properties": {
        "holds": {"maxProperties": 0}, "spent": {"maxItems": 0}, "instances": {"maxItems": 0},
    }});
    either(file, recorded, nothing)
}

fn default() -> Value {
    let sources = [Source::Broker, Source::BrokerDefault, Source::KafkaDefault];
    let source = json!({"enum": sources.map(Source::as_str)});
    let object = object([("value", true, string()), ("source", true, source)]);
    json!({"anyOf": [string(), object]})
}

fn topic() -> Value {
    let replicas = json!({"type": "integer", "minimum": 1, "maximum": MAX_REPLICAS});
    let mixed = json!({"type": "array", "items": replicas, "minItems": 1});
    object([
        ("id", false, nullable(string())),
        ("partitions", true, partitions()),
        (
            "replication_factor",
            true,
            json!({"anyOf": [replicas, mixed]}),
        ),
        (
            "config",
            false,
            described(
                nullable(map(string())),
                "What is set on the topic itself; null where it was not read.",
            ),
        ),
        (
            "behind",
            false,
            described(
                map(refer("default")),
                "What it would hold for a key of `config` if that were reset, where this is not the broker's default.",
            ),
        ),
    ])
}

fn partitions() -> Value {
    json!({"type": "integer", "minimum": 1, "maximum": MAX_PARTITIONS})
}

/// The fields of every record: whose it is and who wrote it.
fn record<'f>(fields: impl IntoIterator<Item = (&'f str, bool, Value)>) -> Value {
    let common = ["scope", "environment", "commit", "by"];
    let common = common.map(|name| (name, false, nullable(string())));
    let at_ms = ("at_ms", false, nullable(json!({"type": "integer"})));
    object(common.into_iter().chain([at_ms]).chain(fields))
}

fn owned() -> Value {
    let on_remove = [OnRemove::Retain, OnRemove::Delete].map(OnRemove::as_str);
    let replicas = json!({"type": "integer", "minimum": 1, "maximum": MAX_REPLICAS});
    record([
        ("id", false, nullable(string())),
        ("on_remove", false, nullable(json!({"enum": on_remove}))),
        ("owner", false, nullable(string())),
        ("partitions", false, nullable(partitions())),
        ("replication_factor", false, nullable(replicas)),
        ("config", false, nullable(map(string()))),
        ("declared_at", false, nullable(string())),
    ])
}

fn hold() -> Value {
    let hold = record([
        ("until_ms", false, nullable(json!({"type": "integer"}))),
        ("for_ms", false, nullable(count())),
        ("reason", true, string()),
    ]);
    either(
        hold,
        number("until_ms"),
        json!({"allOf": [number("at_ms"), {"properties": {"for_ms": count()}, "required": ["for_ms"]}]}),
    )
}

/// An object that has the one or the other.
fn either(mut schema: Value, one: Value, other: Value) -> Value {
    schema["anyOf"] = json!([one, other]);
    schema
}

/// An object in which this is a number.
fn number(field: &str) -> Value {
    json!({"properties": {field: {"type": "integer"}}, "required": [field]})
}

fn spent() -> Value {
    record([("topic", true, string()), ("id", false, nullable(string()))])
}

fn instance() -> Value {
    let number = || json!({"type": "integer"});
    let instance = record([
        ("lifecycle", true, string()),
        ("parameters", false, map(string())),
        ("topics", false, map(nullable(string()))),
        ("started_ms", false, nullable(number())),
        ("ended", false, json!({"type": "boolean"})),
        ("ended_ms", false, nullable(number())),
        ("delete_after_ms", true, count()),
        ("max_age_ms", false, nullable(count())),
    ]);
    either(instance, self::number("started_ms"), self::number("at_ms"))
}

/// Who uses a topic, as snapshots and plans write it.
pub fn usage() -> Value {
    let group = object([
        ("name", true, string()),
        ("members", false, count()),
        ("committed", false, json!({"type": "boolean"})),
    ]);
    object([
        ("groups", false, list(group)),
        (
            "newest_record_ms",
            false,
            nullable(json!({"type": "integer"})),
        ),
        ("recent", false, json!({"type": "boolean"})),
        ("messages", false, nullable(count())),
        ("unseen", false, list(unseen())),
    ])
}

fn unseen() -> Value {
    object([("what", true, string()), ("why", true, string())])
}

fn unknown() -> Value {
    let of_topic = [
        What::TopicExistence,
        What::Topic,
        What::TopicConfigs,
        What::TopicId,
    ];
    let of_topic = object([
        ("what", true, json!({"enum": of_topic})),
        ("topic", true, string()),
        ("why", true, string()),
    ]);
    let defaults = object([
        ("what", true, json!({"const": What::BrokerDefaults})),
        ("why", true, string()),
    ]);
    json!({"anyOf": [of_topic, defaults]})
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::live::snapshot::parse;

    /// A snapshot with every field that there is.
    fn everything() -> Value {
        let whose =
            json!({"scope": "shop", "environment": "prod", "commit": "c", "by": "ann", "at_ms": 5});
        let record = |fields: Value| -> Value {
            let objects = [whose.clone(), fields].into_iter();
            let fields = objects.flat_map(|object| object.as_object().cloned().unwrap_or_default());
            Value::Object(fields.collect::<Map<_, _>>())
        };
        json!({
            "format": FORMAT,
            "cluster_id": "c1",
            "kafka_version": "4.3",
            "brokers": [{"id": 1, "rack": "a"}],
            "broker_defaults": {"retention.ms": "1", "segment.bytes": {"value": "1", "source": "broker"}},
            "topics": {
                "a": {"id": "1", "partitions": 1, "replication_factor": 1, "config": {"retention.ms": "1"},
                      "behind": {"retention.ms": {"value": "1", "source": "kafka-default"}}},
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
            "spent": [record(json!({"topic": "c", "id": "1"}))],
            "instances": [record(json!({
                "lifecycle": "run", "parameters": {"id": "7"}, "topics": {"run_7": null, "x_7": "1"},
                "started_ms": 1, "ended": false, "ended_ms": 2, "delete_after_ms": 3, "max_age_ms": 4,
            }))],
            "now_ms": 7,
            "unknown": [
                {"what": "topic-configs", "topic": "b", "why": "No."},
                {"what": "broker-defaults", "why": "No."},
            ],
            "usage": {"a": {
                "groups": [{"name": "g", "members": 1, "committed": true}],
                "newest_record_ms": 1, "recent": true, "messages": 1,
                "unseen": [{"what": "groups", "why": "No."}],
            }},
        })
    }

    /// All places in a document.
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

    /// The document as somebody could get it wrong at one place.
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
        let validator = jsonschema::draft7::new(&schema()).unwrap();
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
}
