//! Drift as JSON.

use serde_json::{Value, json};

use super::FORMAT;
use super::facts::{Difference, Drifted, Kind, State, drifted};
use crate::desired::Desired;
use crate::live::Live;
use crate::model::Place;
use crate::plan::Plan;
use crate::render::values::on;

/// Where the cluster of one environment is not what the files say. `plan` must be made of the same
/// files and the same cluster.
pub fn json(plan: &Plan, desired: &Desired, live: &Live) -> Value {
    let drifted = drifted(plan, desired, live);
    let of = |state| drifted.iter().filter(|d| d.state == state).count();
    let refused = plan.wrong_cluster().into_iter();
    let refused = refused.map(|r| json!({"code": r.code, "message": r.message, "help": r.help}));
    json!({
        "format": FORMAT,
        "environment": plan.environment,
        "cluster_id": plan.cluster.id,
        "summary": {
            "differs": of(State::Differs),
            "missing": of(State::Missing),
            "unwanted": of(State::Unwanted),
            "unlisted": plan.unlisted.len(),
            "unchanged": plan.unchanged,
        },
        "topics": drifted.iter().map(topic).collect::<Value>(),
        "unlisted": plan.unlisted,
        "refused": refused.collect::<Value>(),
        "notes": plan.notes,
    })
}

fn topic(drifted: &Drifted) -> Value {
    let Drifted {
        topic,
        state,
        declared_at,
        differences,
    } = drifted;
    let state = match state {
        State::Missing => "missing",
        State::Differs => "differs",
        State::Unwanted => "unwanted",
    };
    json!({
        "topic": topic,
        "state": state,
        "declared_at": declared_at.map(Place::file_line),
        "differences": differences.iter().map(difference).collect::<Value>(),
    })
}

fn difference(difference: &Difference) -> Value {
    let Difference {
        subject,
        kind,
        live,
        wanted,
        declared_at,
    } = difference;
    let kind = match kind {
        Kind::Value => "value",
        Kind::NotHeld => "not-held",
        Kind::Undeclared => "undeclared",
    };
    json!({
        "on": on(subject),
        "kind": kind,
        "live": live,
        "wanted": wanted,
        "declared_at": declared_at.map(Place::file_line),
    })
}
