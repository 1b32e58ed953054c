//! The JSON Schema of a plan. Tests hold it against every plan that they make.

use serde_json::{Value, json};

use crate::live::Source;
use crate::live::snapshot::schema::{error, usage};
use crate::model::schema::{Definitions, count, described, list, nullable, object, string};
use crate::model::{BlockCode, RiskCode, RiskLevel};
use crate::plan::{Action, FORMAT, Fate};
use crate::render::values;

/// The schema of `topicsmith/plan/1`.
pub fn schema() -> Value {
    let mut definitions = Definitions::default();
    for (name, schema) in [
        ("change", change()),
        ("config_change", config_change()),
        ("record_change", record_change()),
        ("blocked", blocked()),
        ("usage", usage()),
    ] {
        definitions.define(name, schema);
    }
    let one = plan();
    let several = object([
        ("format", true, json!({"const": FORMAT})),
        (
            "plans",
            true,
            list(json!({"anyOf": [one.clone(), error()]})),
        ),
    ]);
    let description = "What an apply would do, as `topicsmith plan --format json` and --out write it; where several environments were asked for, a list of them.";
    let top = json!({"anyOf": [one, several]});
    definitions.finish("topicsmith plan", description, top)
}

fn refer(name: &str) -> Value {
    Definitions::reference(name)
}

fn plan() -> Value {
    let fields = [
        (
            "format",
            true,
            json!({"const": FORMAT}),
            "What this document is.",
        ),
        ("environment", true, string(), "The environment."),
        (
            "scope",
            true,
            nullable(string()),
            "Whose topics the files speak of, where that is said.",
        ),
        (
            "cluster_id",
            true,
            nullable(string()),
            "The cluster that was looked at.",
        ),
        (
            "kafka_version",
            true,
            nullable(string()),
            "The release of Kafka, as far as the brokers let on.",
        ),
        ("brokers", true, count(), "How many brokers are up."),
        (
            "commit",
            true,
            nullable(string()),
            "The commit that the files are of.",
        ),
        ("summary", true, summary(), "The plan in numbers."),
        (
            "changes",
            true,
            list(refer("change")),
            "What would change, by topic name.",
        ),
        (
            "blocked",
            true,
            list(refer("blocked")),
            "What is held back, and why.",
        ),
        (
            "held",
            true,
            list(held()),
            "Topics that a hold keeps as they are.",
        ),
        (
            "unlisted",
            true,
            list(string()),
            "Live topics that no file names and nobody owns.",
        ),
        (
            "theirs",
            true,
            list(theirs()),
            "Live topics that no file names and another scope or environment owns.",
        ),
        (
            "refused",
            true,
            list(refusal()),
            "The guards and gates that an apply of this plan would run into.",
        ),
        (
            "left_alone",
            true,
            list(left_alone()),
            "Undeclared config keys that Kafka 4.3 does not know.",
        ),
        (
            "notes",
            true,
            list(string()),
            "What could not be read or checked.",
        ),
        (
            "only",
            false,
            list(string()),
            "The globs that it was narrowed to.",
        ),
    ];
    object(fields.map(|(name, required, schema, doc)| (name, required, described(schema, doc))))
}

fn summary() -> Value {
    let names = [
        "create",
        "update",
        "delete",
        "adopt",
        "release",
        "record",
        "unlisted",
        "unchanged",
        "blocked",
        "destructive",
    ];
    object(names.map(|name| (name, true, count())))
}

fn change() -> Value {
    use Action::{Adopt, Create, Delete, Record, Release, Update};
    let actions = [Create, Update, Delete, Adopt, Release, Record].map(values::action);
    let replicas = json!({"anyOf": [count(), list(count())]});
    let fates = [Fate::Gone, Fate::Recreated].map(values::fate);
    let undoes = || json!({"type": "boolean"});
    object([
        ("topic", true, string()),
        ("action", true, json!({"enum": actions})),
        (
            "adopt",
            true,
            described(
                json!({"type": "boolean"}),
                "Whether it becomes owned with this change, though it existed before.",
            ),
        ),
        ("declared_at", true, place()),
        ("partitions", true, nullable(number(count()))),
        ("replication_factor", true, nullable(number(replicas))),
        ("config", true, list(refer("config_change"))),
        ("risks", true, list(risk())),
        ("record", false, list(refer("record_change"))),
        (
            "fate",
            false,
            described(
                json!({"enum": fates}),
                "What became of the topic without an apply.",
            ),
        ),
        ("last_applied", false, last_applied()),
        ("usage", false, refer("usage")),
        ("undoes_drift", false, undoes()),
    ])
}

/// `topics/playback.toml:3`
fn place() -> Value {
    described(nullable(string()), "The file and line where it is written.")
}

fn number(of: Value) -> Value {
    object([
        ("from", true, nullable(of)),
        ("to", true, nullable(count())),
        ("declared_at", true, place()),
        ("undoes_drift", false, json!({"type": "boolean"})),
    ])
}

fn source() -> Value {
    use Source::{Broker, BrokerDefault, KafkaDefault, Topic};
    let sources = [Topic, Broker, BrokerDefault, KafkaDefault].map(Source::as_str);
    nullable(json!({"enum": sources}))
}

fn config_change() -> Value {
    object([
        ("key", true, string()),
        ("action", true, json!({"enum": ["set", "pin", "reset"]})),
        ("from", true, nullable(string())),
        ("from_source", true, source()),
        ("to", true, nullable(string())),
        ("to_default", false, nullable(string())),
        ("to_default_source", false, source()),
        ("declared_at", true, place()),
        ("undoes_drift", false, json!({"type": "boolean"})),
    ])
}

fn record_change() -> Value {
    object([
        ("field", true, string()),
        ("from", true, nullable(string())),
        ("to", true, nullable(string())),
        ("declared_at", true, place()),
    ])
}

fn risk() -> Value {
    let codes: Vec<&str> = RiskCode::ALL.iter().map(|code| code.as_str()).collect();
    object([
        ("code", true, json!({"enum": codes})),
        (
            "level",
            true,
            json!({"enum": [RiskLevel::Destructive, RiskLevel::Caution]}),
        ),
        ("message", true, string()),
        ("on", true, string()),
    ])
}

fn last_applied() -> Value {
    let fields = ["declared_at", "commit", "by", "at"];
    object(fields.map(|name| (name, true, nullable(string()))))
}

fn blocked() -> Value {
    object([
        ("topic", true, string()),
        ("code", true, json!({"enum": BlockCode::ALL})),
        ("on", true, string()),
        ("message", true, string()),
        ("help", true, string()),
        ("declared_at", true, place()),
        ("holds_back", true, list(string())),
    ])
}

fn held() -> Value {
    object([
        ("topic", true, string()),
        ("until", true, string()),
        ("reason", true, string()),
        ("by", true, nullable(string())),
        ("change", true, nullable(refer("change"))),
        ("blocked", true, list(refer("blocked"))),
    ])
}

fn theirs() -> Value {
    object([
        ("topic", true, string()),
        ("scope", true, nullable(string())),
        ("environment", true, nullable(string())),
    ])
}

fn left_alone() -> Value {
    object([("topic", true, string()), ("keys", true, list(string()))])
}

fn refusal() -> Value {
    object([
        ("code", true, string()),
        ("message", true, string()),
        ("help", true, string()),
    ])
}
