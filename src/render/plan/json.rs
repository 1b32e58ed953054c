//! A plan as JSON, `topicsmith/plan/1`.

use serde_json::{Value, json};

use crate::live::snapshot::usage_json;
use crate::model::Place;
use crate::plan::{
    Blocked, Change, Cluster, ConfigAction, ConfigChange, CountChange, FORMAT, LeftAlone, Plan,
    Refusal, Risk,
};
use crate::render::values::{self, factor};

/// The plan of one environment.
pub fn json(plan: &Plan) -> Value {
    let Plan {
        environment,
        scope,
        cluster,
        commit,
        only,
        changes,
        blocked,
        unlisted,
        left_alone,
        unchanged: _,
        refused,
        unapproved: _,
        notes,
    } = plan;
    let Cluster {
        id,
        brokers,
        kafka_version,
    } = cluster;
    let mut json = json!({
        "format": FORMAT,
        "environment": environment,
        "scope": scope,
        "cluster_id": id,
        "kafka_version": kafka_version,
        "brokers": brokers,
        "commit": commit,
        "summary": plan.summary(),
        "changes": list(changes, change),
        "blocked": list(blocked, held),
        "unlisted": unlisted,
        "refused": list(refused, refusal),
        "left_alone": list(left_alone, alone),
        "notes": notes,
    });
    if !only.is_empty() {
        json["only"] = json!(only);
    }
    json
}

fn list<T>(items: &[T], json: impl Fn(&T) -> Value) -> Value {
    items.iter().map(json).collect()
}

fn change(change: &Change) -> Value {
    let Change {
        topic,
        action,
        adopt,
        declared_at,
        partitions,
        replication_factor,
        config,
        risks,
        usage,
    } = change;
    let mut json = json!({
        "topic": topic,
        "action": values::action(*action),
        "adopt": adopt,
        "declared_at": place(declared_at.as_ref()),
        "partitions": partitions.as_ref().map(|p| count(p, |from| json!(from))),
        "replication_factor": replication_factor.as_ref().map(|f| count(f, factor)),
        "config": list(config, config_change),
        "risks": list(risks, risk),
    });
    if let Some(usage) = usage {
        json["usage"] = usage_json(usage);
    }
    json
}

/// `topics/playback.toml:3`
fn place(place: Option<&Place>) -> Value {
    json!(place.map(Place::file_line))
}

pub(super) fn count<F>(change: &CountChange<F>, number: impl Fn(&F) -> Value) -> Value {
    let CountChange {
        from,
        to,
        declared_at,
    } = change;
    json!({
        "from": from.as_ref().map(number),
        "to": to,
        "declared_at": place(declared_at.as_ref()),
    })
}

pub(super) fn config_change(change: &ConfigChange) -> Value {
    let ConfigChange {
        key,
        action,
        from,
        from_source,
        to,
        to_default,
        declared_at,
    } = change;
    let name = match action {
        ConfigAction::Set => "set",
        ConfigAction::Pin => "pin",
        ConfigAction::Reset => "reset",
    };
    let mut json = json!({
        "key": key,
        "action": name,
        "from": from,
        "from_source": from_source.map(|source| source.as_str()),
        "to": to,
    });
    if *action == ConfigAction::Reset {
        let default = to_default.as_ref();
        json["to_default"] = json!(default.map(|default| &default.value));
        json["to_default_source"] = json!(default.map(|default| default.source.as_str()));
    }
    json["declared_at"] = place(declared_at.as_ref());
    json
}

fn risk(risk: &Risk) -> Value {
    let Risk {
        code,
        message,
        subject,
    } = risk;
    json!({
        "code": code,
        "level": code.level(),
        "message": message,
        "on": values::on(subject),
    })
}

fn held(blocked: &Blocked) -> Value {
    let Blocked {
        topic,
        code,
        subject,
        message,
        help,
        declared_at,
        holds_back,
    } = blocked;
    json!({
        "topic": topic,
        "code": code,
        "on": values::on(subject),
        "message": message,
        "help": help,
        "declared_at": place(declared_at.as_ref()),
        "holds_back": holds_back,
    })
}

fn alone(alone: &LeftAlone) -> Value {
    let LeftAlone { topic, keys } = alone;
    json!({"topic": topic, "keys": keys})
}

fn refusal(refusal: &Refusal) -> Value {
    let Refusal {
        code,
        message,
        help,
    } = refusal;
    json!({"code": code, "message": message, "help": help})
}
