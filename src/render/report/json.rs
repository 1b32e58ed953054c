//! A report as JSON.

use serde_json::{Map, Value, json};

use super::{FORMAT, words};
use crate::apply::{Entry, Kind, Outcome, Part, Report};
use crate::plan::Plan;
use crate::render::plan::unapproved_json;
use crate::render::values::{action, on};

/// What became of the plan of one environment, with the guards and gates that it ran into.
pub fn json(report: &Report, plan: &Plan) -> Value {
    let Report {
        environment,
        cluster_id,
        entries,
        interrupted,
    } = report;
    let count = report.count();
    let summary: Map<String, Value> = words::ORDER
        .into_iter()
        .map(|kind| (key(kind), json!(count.of(kind))))
        .collect();
    let refused = plan.refused.iter();
    let refused = refused.map(|r| json!({"code": r.code, "message": r.message, "help": r.help}));
    json!({
        "format": FORMAT,
        "environment": environment,
        "cluster_id": cluster_id,
        "summary": summary,
        "interrupted": interrupted,
        "changes": entries.iter().map(entry).collect::<Value>(),
        "refused": refused.collect::<Value>(),
        "not_approved": unapproved_json(&plan.unapproved),
    })
}

/// `applied`, `not_kept`, …: as keys of the summary, and as results.
pub(in crate::render) fn key(kind: Kind) -> String {
    words::kind(kind).replace(' ', "_")
}

/// What became of one topic.
pub(in crate::render) fn entry(entry: &Entry) -> Value {
    let reason = entry
        .worst()
        .and_then(|part| words::reason(&part.subject, &part.outcome));
    json!({
        "topic": entry.topic,
        "action": entry.action.map(action),
        "result": key(entry.kind()),
        "reason": reason,
        "parts": entry.parts.iter().map(part).collect::<Value>(),
    })
}

fn part(part: &Part) -> Value {
    let Part {
        subject,
        doing,
        outcome,
    } = part;
    let code = match outcome {
        Outcome::Failed(fault) => json!(fault.name),
        Outcome::Blocked(code, _) | Outcome::Held(code) => json!(code),
        _ => Value::Null,
    };
    json!({
        "part": on(subject),
        "action": doing.map(words::doing),
        "result": key(outcome.kind()),
        "code": code,
        "message": words::reason(subject, outcome),
    })
}
