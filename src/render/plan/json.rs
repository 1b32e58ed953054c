//! A plan as JSON, `topicsmith/plan/1`.

use serde_json::{Value, json};

use crate::live::snapshot::usage_json;
use crate::live::{Owned, Stamp, Whose};
use crate::model::Place;
use crate::model::time::utc;
use crate::plan::{
    Blocked, Change, Cluster, ConfigAction, ConfigChange, CountChange, FORMAT, Held, LeftAlone,
    Plan, RecordChange, Refusal, Risk, Subject, Theirs,
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
        held,
        unlisted,
        theirs,
        lost: _,
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
    let mut json = object([
        ("format", json!(FORMAT)),
        ("environment", json!(environment)),
        ("scope", json!(scope)),
        ("cluster_id", json!(id)),
        ("kafka_version", json!(kafka_version)),
        ("brokers", json!(brokers)),
        ("commit", json!(commit)),
        ("summary", json!(plan.summary())),
        ("changes", list(changes, change)),
        ("blocked", list(blocked, held_back)),
        ("held", list(held, hold)),
        ("unlisted", json!(unlisted)),
        ("theirs", self::theirs(theirs)),
        ("refused", list(refused, refusal)),
        ("left_alone", list(left_alone, alone)),
        ("notes", json!(notes)),
    ]);
    if !only.is_empty() {
        json["only"] = json!(only);
    }
    json
}

/// An object of large values: the macro would copy each of them.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.into_iter().collect())
}

pub(super) fn list<T>(items: &[T], json: impl Fn(&T) -> Value) -> Value {
    items.iter().map(json).collect()
}

fn change(change: &Change) -> Value {
    let Change {
        topic,
        action,
        adopt,
        id: _,
        declared_at,
        partitions,
        replication_factor,
        config,
        record,
        recorded,
        to_record: _,
        fate,
        undoes_drift,
        risks,
        usage,
    } = change;
    let partitions = partitions.as_ref().map(|p| count(p, |from| json!(from)));
    let replication_factor = replication_factor.as_ref().map(|f| count(f, factor));
    let mut json = object([
        ("topic", json!(topic)),
        ("action", json!(values::action(*action))),
        ("adopt", json!(adopt)),
        ("declared_at", place(declared_at.as_ref())),
        ("partitions", partitions.unwrap_or_default()),
        ("replication_factor", replication_factor.unwrap_or_default()),
        ("config", list(config, config_change)),
        ("risks", list(risks, risk)),
    ]);
    for subject in undoes_drift {
        mark_undone(&mut json, subject);
    }
    if !record.is_empty() {
        json["record"] = list(record, record_change);
    }
    if let Some(fate) = fate {
        json["fate"] = json!(values::fate(*fate));
    }
    if let Some(recorded) = recorded {
        json["last_applied"] = last_applied(recorded);
    }
    if let Some(usage) = usage {
        json["usage"] = usage_json(usage);
    }
    json
}

/// Says of a part that it was changed on the cluster since it was last applied.
fn mark_undone(json: &mut Value, subject: &Subject) {
    const UNDOES: &str = "undoes_drift";
    match subject {
        Subject::Config(key) => {
            let parts = json["config"].as_array_mut().into_iter().flatten();
            for part in parts.filter(|part| part["key"] == key.as_str()) {
                part[UNDOES] = json!(true);
            }
        }
        Subject::Partitions => json["partitions"][UNDOES] = json!(true),
        Subject::Topic => json[UNDOES] = json!(true),
        Subject::ReplicationFactor | Subject::Record => {}
    }
}

/// When and from where a topic was last applied, as far as that was recorded.
pub(in crate::render) fn last_applied(recorded: &Owned) -> Value {
    let Stamp { commit, by, at_ms } = &recorded.stamp;
    json!({
        "declared_at": recorded.declared_at,
        "commit": commit,
        "by": by,
        "at": at_ms.map(utc),
    })
}

pub(in crate::render) fn record_change(change: &RecordChange) -> Value {
    let RecordChange {
        field,
        from,
        to,
        declared_at,
    } = change;
    json!({"field": field, "from": from, "to": to, "declared_at": place(declared_at.as_ref())})
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

fn held_back(blocked: &Blocked) -> Value {
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

/// A hold, and what waits for its end.
pub(in crate::render) fn hold(held: &Held) -> Value {
    let Held {
        topic,
        until_ms,
        reason,
        by,
        change: waiting,
        blocked,
    } = held;
    json!({
        "topic": topic,
        "until": utc(*until_ms),
        "reason": reason,
        "by": by,
        "change": waiting.as_ref().map(change),
        "blocked": list(blocked, held_back),
    })
}

pub(in crate::render) fn theirs(all: &[Theirs]) -> Value {
    list(all, their)
}

fn their(theirs: &Theirs) -> Value {
    let Theirs {
        topic,
        whose: Whose { scope, environment },
    } = theirs;
    json!({"topic": topic, "scope": scope, "environment": environment})
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
