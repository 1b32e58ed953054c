//! What changes for those who write: acknowledgement, size and timestamps.

use super::{ValueChange, after, before, in_words, risk, so_far};
use crate::live::LiveTopic;
use crate::model::RiskCode;
use crate::model::text::count;
use crate::plan::Risk;

/// `min.insync.replicas` goes down, or up to the number of replicas.
pub(super) fn min_insync_replicas(found: &LiveTopic, change: &ValueChange) -> Option<Risk> {
    let from: u32 = before(change).trim().parse().ok()?;
    let to: u32 = after(change).trim().parse().ok()?;
    let replicas = found.replication_factor.least();
    let so_far = so_far(change);
    if to < from {
        let message = format!(
            "acks=all writes need only {} {so_far}",
            count(to as usize, "in-sync replica")
        );
        return Some(risk(RiskCode::DurabilityLowered, message));
    }
    (to > from && to >= replicas).then(|| {
        let message = format!(
            "one broker out of reach stops acks=all writes: {to} of {replicas} replicas must be in sync {so_far}"
        );
        risk(RiskCode::WritesMayStop, message)
    })
}

/// `min.insync.replicas` exceeds the number of replicas: Kafka accepts that, and rejects every acks=all
/// write (`NOT_ENOUGH_REPLICAS`).
pub(super) fn stopped(replicas: u32, minimum: &str) -> Option<Risk> {
    let minimum: u32 = minimum.trim().parse().ok()?;
    (minimum > replicas).then(|| {
        let message = format!(
            "no acks=all write succeeds: min.insync.replicas is {minimum}, and the topic has {}",
            count(replicas as usize, "replica")
        );
        risk(RiskCode::WritesStopped, message)
    })
}

/// A replica that lags behind may become leader.
pub(super) fn unclean_election(change: &ValueChange) -> Option<Risk> {
    let on = |value: &str| value.trim().eq_ignore_ascii_case("true");
    (on(after(change)) && !on(before(change))).then(|| {
        let message = "a replica that lags behind may become leader, and records are lost";
        risk(RiskCode::DurabilityLowered, message.to_owned())
    })
}

/// `max.message.bytes` goes down.
pub(super) fn messages_refused(change: &ValueChange) -> Option<Risk> {
    let from: i64 = before(change).trim().parse().ok()?;
    let to: i64 = after(change).trim().parse().ok()?;
    (to < from).then(|| {
        let limit = in_words(change.key, after(change));
        let message = format!("batches over {limit} are refused {}", so_far(change));
        risk(RiskCode::MessagesRefused, message)
    })
}

/// `message.timestamp.type` changes.
pub(super) fn timestamps_changed(change: &ValueChange) -> Option<Risk> {
    (!change.key.same(before(change), after(change))).then(|| {
        let whose = match after(change).trim() {
            "LogAppendTime" => "the broker's time of writing",
            _ => "the producer's time",
        };
        let message = format!("records get {whose} as timestamp {}", so_far(change));
        risk(RiskCode::TimestampsChanged, message)
    })
}

#[cfg(test)]
mod tests {
    use crate::live::ReplicationFactor;
    use crate::plan::risks::testing::{Config, plan, risks, risks_of};
    use crate::plan::{Options, make};
    use crate::testing::{desired, found, live, topic};

    #[test]
    fn min_insync_replicas() {
        let change = |from, to| {
            risks(
                &[("min.insync.replicas", from)],
                &[("min.insync.replicas", to)],
            )
            .join("; ")
        };
        assert_eq!(
            change("2", "1"),
            "durability-lowered: acks=all writes need only 1 in-sync replica (currently 2)"
        );
        assert_eq!(
            change("2", "3"),
            "writes-may-stop: one broker out of reach stops acks=all writes: 3 of 3 replicas must be in sync (currently 2)"
        );
        assert_eq!(change("1", "2"), "");
        // Back to the broker's default, 1.
        assert_eq!(
            risks(&[("min.insync.replicas", "2")], &[]),
            ["durability-lowered: acks=all writes need only 1 in-sync replica (currently 2)"]
        );
        // The partition with the fewest replicas counts.
        let mut mixed = found(3, 3, &[]);
        mixed.replication_factor = ReplicationFactor::of([2, 3]);
        let mut wanted = topic(3, 3, &[("min.insync.replicas", "2")]);
        wanted.unmanaged.replication_factor = true;
        assert!(risks_of(&plan(wanted, mixed, &[]))[0].contains("2 of 2 replicas"));
        // One replica only: nothing is raised.
        let one = topic(3, 1, &[("min.insync.replicas", "1")]);
        assert!(risks_of(&plan(one, found(3, 1, &[]), &[])).is_empty());
    }

    #[test]
    fn unclean_election() {
        let on: Config = &[("unclean.leader.election.enable", "true")];
        assert_eq!(
            risks(&[], on),
            [
                "durability-lowered: a replica that lags behind may become leader, and records are lost"
            ]
        );
        assert!(risks(on, &[]).is_empty());
        assert!(risks(on, &[("unclean.leader.election.enable", "false")]).is_empty());
    }

    #[test]
    fn message_size() {
        assert_eq!(
            risks(
                &[("max.message.bytes", "2097152")],
                &[("max.message.bytes", "1048576")]
            ),
            ["messages-refused: batches over 1MiB are refused (currently 2MiB)"]
        );
        assert_eq!(
            risks(&[("max.message.bytes", "2097152")], &[]),
            ["messages-refused: batches over 1048588 bytes are refused (currently 2MiB)"]
        );
        assert!(risks(&[], &[("max.message.bytes", "2097152")]).is_empty());
    }

    #[test]
    fn timestamps() {
        let append: Config = &[("message.timestamp.type", "LogAppendTime")];
        assert_eq!(
            risks(&[], append),
            [
                "timestamps-changed: records get the broker's time of writing as timestamp (currently CreateTime)"
            ]
        );
        assert_eq!(
            risks(append, &[]),
            [
                "timestamps-changed: records get the producer's time as timestamp (currently LogAppendTime)"
            ]
        );
    }

    #[test]
    fn a_new_topic_risks_nothing() {
        let wanted = topic(3, 3, &[("retention.ms", "1"), ("min.insync.replicas", "3")]);
        let plan = make(&desired([("a", wanted)]), &live([]), &Options::default());
        assert!(risks_of(&plan).is_empty());
    }
}
