//! What became of instances, as JSON.

use serde_json::{Map, Value, json};

use super::FORMAT;
use super::text::reason;
use crate::instance::{Entry, Report, State, Why};
use crate::live::Instance;
use crate::render::report::document::OutcomeDocument;

/// What became of each instance.
pub fn json(report: &Report) -> Value {
    let Report {
        command,
        scope,
        environment,
        dry_run,
        entries,
        interrupted,
    } = report;
    json!({
        "format": FORMAT,
        "command": command,
        "scope": scope,
        "environment": environment,
        "dry_run": dry_run,
        "interrupted": interrupted,
        "instances": entries.iter().map(entry).collect::<Value>(),
    })
}

fn entry(entry: &Entry) -> Value {
    let Entry {
        id,
        instance,
        state,
        topics,
        stays,
        trouble,
    } = entry;
    let holder = match state {
        State::Busy(holder) => json!({"by": holder.by, "pid": holder.pid}),
        _ => Value::Null,
    };
    let stays = stays
        .iter()
        .map(|(topic, why)| json!({"topic": topic, "code": code(why), "reason": reason(why)}));
    json!({
        "lifecycle": id.lifecycle,
        "parameters": id.parameters,
        "state": word(state),
        "started_ms": instance.as_ref().map(|instance| instance.started_ms),
        "ended_ms": instance.as_ref().and_then(|instance| instance.ended_ms),
        "delete_at_ms": instance.as_ref().and_then(Instance::over_at_ms),
        "topics": instance.as_ref().map(ids),
        "changes": topics.iter().map(OutcomeDocument::from).collect::<Vec<_>>(),
        "stays": stays.collect::<Value>(),
        "busy": holder,
        "trouble": trouble.as_ref().map(ToString::to_string),
    })
}

/// The topics, each with its id, where that is known.
pub(super) fn ids(instance: &Instance) -> Map<String, Value> {
    let topics = instance.topics.iter();
    let id = |(topic, id): (&crate::model::TopicName, &Option<String>)| {
        (topic.as_str().to_owned(), json!(id))
    };
    topics.map(id).collect()
}

fn word(state: &State) -> &'static str {
    match state {
        State::Started => "started",
        State::Again => "up-again",
        State::Up => "up",
        State::NotUp => "not-up",
        State::Ended => "ended",
        State::Ending => "ending",
        State::Over => "over",
        State::Deleted => "deleted",
        State::Stays => "stays",
        State::Busy(_) => "busy",
        State::Incomplete => "incomplete",
    }
}

fn code(why: &Why) -> &'static str {
    match why {
        Why::InUse(_) => "topic-in-use",
        Why::Held(_) => "held",
        Why::Another => "another-stays",
        Why::MadeAgain => "recreated",
        Why::Owned => "owned-elsewhere",
    }
}
