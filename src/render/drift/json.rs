//! Drift as JSON.

use serde_json::{Value, json};

use super::FORMAT;
use crate::diff::Since;
use crate::model::Place;
use crate::plan::Plan;
use crate::plan::drift::{Difference, Drift, Drifted, Kind, State};
use crate::render::plan::{hold_json, last_applied_json, record_json, theirs_json};
use crate::render::values::{self, on};

/// Where the cluster of one environment is not what was applied, or not what the files say. `drift`
/// must be of this plan.
pub fn json(plan: &Plan, drift: &Drift) -> Value {
    let of = |state| drift.topics.iter().filter(|d| d.state == state).count();
    let refused = plan.wrong_cluster().into_iter();
    let refused = refused.map(|r| json!({"code": r.code, "message": r.message, "help": r.help}));
    json!({
        "format": FORMAT,
        "environment": plan.environment,
        "cluster_id": plan.cluster.id,
        "summary": {
            "drift": drift.drifted(),
            "pending": drift.pending(),
            "differs": of(State::Differs),
            "missing": of(State::Missing),
            "unwanted": of(State::Unwanted),
            "held": plan.held.len(),
            "unlisted": plan.unlisted.len(),
            "unchanged": plan.unchanged,
        },
        "topics": drift.topics.iter().map(topic).collect::<Value>(),
        "held": plan.held.iter().map(|held| {
            let mut json = hold_json(held);
            let differs = drift.held.iter().find(|drifted| *drifted.topic == held.topic);
            json["differences"] = differs.map_or(json!([]), differences);
            json
        }).collect::<Value>(),
        "unlisted": plan.unlisted,
        "theirs": theirs_json(&plan.theirs),
        "refused": refused.collect::<Value>(),
        "notes": plan.notes,
    })
}

fn topic(drifted: &Drifted) -> Value {
    let Drifted {
        topic,
        state,
        since,
        fate,
        declared_at,
        applied,
        record,
        differences: _,
    } = drifted;
    json!({
        "topic": topic,
        "state": state_word(*state),
        "since_applied": since.map(since_word),
        "fate": fate.map(values::fate),
        "declared_at": declared_at.map(Place::file_line),
        "last_applied": applied.map(last_applied_json),
        "record": record.iter().map(record_json).collect::<Value>(),
        "differences": differences(drifted),
    })
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Missing => "missing",
        State::Differs => "differs",
        State::Unwanted => "unwanted",
        State::NotOwned => "not-owned",
        State::Theirs => "theirs",
        State::Left => "left",
        State::Record => "record",
        State::OfInstance => "instance",
    }
}

fn since_word(since: Since) -> &'static str {
    match since {
        Since::Drift => "drift",
        Since::Pending => "pending",
        Since::Both => "both",
    }
}

fn differences(drifted: &Drifted) -> Value {
    drifted.differences.iter().map(difference).collect()
}

fn difference(difference: &Difference) -> Value {
    let Difference {
        subject,
        kind,
        since,
        applied,
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
        "since_applied": since_word(*since),
        "last_applied": applied,
        "live": live,
        "wanted": wanted,
        "declared_at": declared_at.map(Place::file_line),
    })
}
