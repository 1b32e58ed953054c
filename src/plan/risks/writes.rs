//! What changes for those who write: acknowledgement, size and timestamps.

use super::{after, before, in_words, risk, so_far};
use crate::live::LiveTopic;
use crate::model::RiskCode;
use crate::model::text::count;
use crate::plan::{ConfigChange, Risk};

/// `min.insync.replicas` goes down, or up to the number of replicas.
pub(super) fn min_insync_replicas(found: &LiveTopic, change: &ConfigChange) -> Option<Risk> {
    let from: u32 = before(change).trim().parse().ok()?;
    let to: u32 = after(change).trim().parse().ok()?;
    let replicas = found.replication_factor.least();
    let so_far = so_far(change);
    if to < from {
        let message = format!(
            "acks=all writes need only {} {so_far}",
            count(to as usize, "in-sync replica")
        );
        return Some(risk(RiskCode::DurabilityLowered, change, message));
    }
    (to > from && to >= replicas).then(|| {
        let message = format!(
            "one broker out of reach stops acks=all writes: {to} of {replicas} replicas must be in sync {so_far}"
        );
        risk(RiskCode::WritesMayStop, change, message)
    })
}

/// A replica that lags behind may become leader.
pub(super) fn unclean_election(change: &ConfigChange) -> Option<Risk> {
    let on = |value: &str| value.trim().eq_ignore_ascii_case("true");
    (on(after(change)) && !on(before(change))).then(|| {
        let message = "a replica that lags behind may become leader, and records are lost";
        risk(RiskCode::DurabilityLowered, change, message.to_owned())
    })
}

/// `max.message.bytes` goes down.
pub(super) fn messages_refused(change: &ConfigChange) -> Option<Risk> {
    let from: i64 = before(change).trim().parse().ok()?;
    let to: i64 = after(change).trim().parse().ok()?;
    (to < from).then(|| {
        let limit = in_words(&change.key, after(change));
        let message = format!("batches over {limit} are refused {}", so_far(change));
        risk(RiskCode::MessagesRefused, change, message)
    })
}

/// `message.timestamp.type` changes.
pub(super) fn timestamps_changed(change: &ConfigChange) -> Option<Risk> {
    (!change.key.same(before(change), after(change))).then(|| {
        let whose = match after(change).trim() {
            "LogAppendTime" => "the broker's time of writing",
            _ => "the producer's time",
        };
        let message = format!("records get {whose} as timestamp {}", so_far(change));
        risk(RiskCode::TimestampsChanged, change, message)
    })
}
