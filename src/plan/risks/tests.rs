//! Every risk: what brings it, what does not, and how it is worded.

use crate::desired::Topic;
use crate::live::{LiveTopic, ReplicationFactor};
use crate::plan::{Options, Plan, make};
use crate::testing::{desired, found, live, topic};

type Config<'a> = &'a [(&'a str, &'a str)];

fn plan(wanted: Topic, found: LiveTopic, without_default: &[&str]) -> Plan {
    let mut live = live([("a", found)]);
    for key in without_default {
        live.broker_defaults.remove(*key);
    }
    make(&desired([("a", wanted)]), &live, &Options::default())
}

/// `code: message` of each risk, on a topic of 3 partitions with 3 replicas.
fn risks(live: Config, files: Config) -> Vec<String> {
    risks_of(&plan(topic(3, 3, files), found(3, 3, live), &[]))
}

fn risks_without(default: &str, live: Config, files: Config) -> Vec<String> {
    risks_of(&plan(topic(3, 3, files), found(3, 3, live), &[default]))
}

fn risks_of(plan: &Plan) -> Vec<String> {
    let risks = plan.changes.iter().flat_map(|change| &change.risks);
    risks
        .map(|risk| format!("{}: {}", risk.code, risk.message))
        .collect()
}

const DAY: &str = "86400000";
const WEEK: &str = "604800000";

#[test]
fn retention_by_age() {
    let shortened = |live, files| risks(live, files).join("; ");
    assert_eq!(
        shortened(&[("retention.ms", WEEK)], &[("retention.ms", DAY)]),
        "retention-shortened: records older than 1d are deleted (so far 7d)"
    );
    assert_eq!(
        shortened(&[("retention.ms", "-1")], &[("retention.ms", "1500")]),
        "retention-shortened: records older than 1s500ms are deleted (so far unlimited)"
    );
    // From the broker's default, and back to it.
    assert_eq!(
        shortened(&[], &[("retention.ms", DAY)]),
        "retention-shortened: records older than 1d are deleted (so far 7d)"
    );
    assert_eq!(
        shortened(&[("retention.ms", "-1")], &[]),
        "retention-shortened: records older than 7d are deleted (so far unlimited)"
    );
    assert_eq!(
        shortened(&[("retention.ms", DAY)], &[("retention.ms", WEEK)]),
        ""
    );
    assert_eq!(
        shortened(&[("retention.ms", DAY)], &[("retention.ms", "-1")]),
        ""
    );
    assert_eq!(shortened(&[("retention.ms", DAY)], &[]), "");
    assert_eq!(shortened(&[("retention.ms", WEEK)], &[]), "");
    // A pin.
    assert_eq!(shortened(&[], &[("retention.ms", WEEK)]), "");
}

#[test]
fn retention_by_size() {
    assert_eq!(
        risks(&[], &[("retention.bytes", "1073741824")]),
        ["retention-shortened: records beyond 1GiB a partition are deleted (so far unlimited)"]
    );
    assert_eq!(
        risks(
            &[("retention.bytes", "2000")],
            &[("retention.bytes", "1001")]
        ),
        ["retention-shortened: records beyond 1001 bytes a partition are deleted (so far 2KB)"]
    );
    assert!(risks(&[("retention.bytes", "1000")], &[]).is_empty());
}

#[test]
fn retention_counts_only_where_old_records_are_deleted() {
    let compact: Config = &[("cleanup.policy", "compact"), ("retention.ms", WEEK)];
    let shorter = |policy| {
        risks(
            compact,
            &[("cleanup.policy", policy), ("retention.ms", DAY)],
        )
    };
    assert!(shorter("compact").is_empty());
    // What counts is the policy that the topic will have.
    assert_eq!(shorter("delete").len(), 2);
    assert_eq!(shorter("compact,delete").len(), 2);
    assert_eq!(
        risks(
            &[("retention.ms", WEEK)],
            &[("cleanup.policy", "compact"), ("retention.ms", DAY)]
        ),
        ["cleanup-policy-changed: only the latest record of each key is kept (so far delete)"]
    );
    assert!(
        risks(
            &[("cleanup.policy", ""), ("retention.ms", WEEK)],
            &[("cleanup.policy", ""), ("retention.ms", DAY)]
        )
        .is_empty()
    );
}

#[test]
fn an_unknown_default_counts_as_shorter() {
    let without = |live, files| risks_without("retention.ms", live, files).join("; ");
    assert_eq!(
        without(&[("retention.ms", DAY)], &[]),
        "retention-shortened: records may be deleted: the default that it goes back to is not known (so far 1d)"
    );
    assert_eq!(
        without(&[], &[("retention.ms", DAY)]),
        "retention-shortened: records older than 1d are deleted (so far unknown)"
    );
    assert_eq!(without(&[], &[("retention.ms", "-1")]), "");
    // The policy is not known: Kafka's own deletes.
    assert_eq!(
        risks_without("cleanup.policy", &[], &[("retention.ms", DAY)]).len(),
        1
    );
}

#[test]
fn cleanup_policy() {
    let changed = |live: &str, files: &str| {
        risks(&[("cleanup.policy", live)], &[("cleanup.policy", files)]).join("; ")
    };
    assert_eq!(
        changed("compact", "compact,delete"),
        "cleanup-policy-changed: only the latest record of each key is kept, and old records are deleted (so far compact)"
    );
    assert_eq!(
        changed("compact", "delete"),
        "cleanup-policy-changed: old records are deleted, whatever their key (so far compact)"
    );
    assert_eq!(
        changed("delete", ""),
        "cleanup-policy-changed: no record is deleted or compacted any more (so far delete)"
    );
    assert_eq!(changed("delete,compact", "compact, delete"), "");
    // A reset to what holds anyway, and one to something else.
    assert!(risks(&[("cleanup.policy", "delete")], &[]).is_empty());
    assert_eq!(risks(&[("cleanup.policy", "compact")], &[]).len(), 1);
    let without = |live, files| risks_without("cleanup.policy", live, files);
    assert_eq!(
        without(&[("cleanup.policy", "delete")], &[]),
        ["cleanup-policy-changed: the default that it goes back to is not known"]
    );
    assert_eq!(
        without(&[], &[("cleanup.policy", "delete")]),
        ["cleanup-policy-changed: old records are deleted, whatever their key (so far unknown)"]
    );
}

#[test]
fn more_partitions_move_keys_and_compacted_topics_keep_the_old_ones() {
    let grow = |live, files| risks_of(&plan(topic(6, 3, files), found(3, 3, live), &[]));
    let caution = "partitions-increased: keys move to other partitions";
    let destructive = "compacted-keys-moved: keys of a compacted topic move, their old values stay behind for good";
    assert_eq!(grow(&[], &[]), [caution]);
    let compact: Config = &[("cleanup.policy", "compact")];
    assert_eq!(grow(compact, compact), [destructive, caution]);
    // Before or after is enough.
    assert_eq!(
        grow(compact, &[("cleanup.policy", "delete")])[..2],
        [destructive, caution]
    );
    assert_eq!(grow(&[], compact)[..2], [destructive, caution]);
    // Not read: what the file says is what is known.
    let mut unread = found(3, 3, &[]);
    unread.config = None;
    assert_eq!(
        risks_of(&plan(topic(6, 3, compact), unread, &[])),
        [destructive, caution]
    );
}

#[test]
fn tiered_storage_turned_off_deletes_what_is_there() {
    let on: Config = &[("remote.storage.enable", "true")];
    let message = "remote-data-deleted: what is in remote storage is deleted";
    assert_eq!(
        risks(
            on,
            &[
                ("remote.storage.enable", "false"),
                ("remote.log.delete.on.disable", "true")
            ]
        ),
        [message]
    );
    assert_eq!(risks(on, &[]), [message]);
    assert_eq!(risks_without("remote.storage.enable", on, &[]), [message]);
    assert!(risks(&[], on).is_empty());
    let readonly: Config = &[
        ("remote.storage.enable", "true"),
        ("remote.log.copy.disable", "true"),
    ];
    assert!(risks(on, readonly).is_empty());
    let armed: Config = &[
        ("remote.storage.enable", "TRUE"),
        ("remote.log.delete.on.disable", "true"),
    ];
    assert!(risks(on, armed).is_empty());
}

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
        "durability-lowered: acks=all writes need only 1 in-sync replica (so far 2)"
    );
    assert_eq!(
        change("2", "3"),
        "writes-may-stop: one broker out of reach stops acks=all writes: 3 of 3 replicas must be in sync (so far 2)"
    );
    assert_eq!(change("1", "2"), "");
    // Back to the broker's default, 1.
    assert_eq!(
        risks(&[("min.insync.replicas", "2")], &[]),
        ["durability-lowered: acks=all writes need only 1 in-sync replica (so far 2)"]
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
        ["durability-lowered: a replica that lags behind may become leader, and records are lost"]
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
        ["messages-refused: batches over 1MiB are refused (so far 2MiB)"]
    );
    assert_eq!(
        risks(&[("max.message.bytes", "2097152")], &[]),
        ["messages-refused: batches over 1048588 bytes are refused (so far 2MiB)"]
    );
    assert!(risks(&[], &[("max.message.bytes", "2097152")]).is_empty());
}

#[test]
fn timestamps() {
    let append: Config = &[("message.timestamp.type", "LogAppendTime")];
    assert_eq!(
        risks(&[], append),
        [
            "timestamps-changed: records get the broker's time of writing as timestamp (so far CreateTime)"
        ]
    );
    assert_eq!(
        risks(append, &[]),
        ["timestamps-changed: records get the producer's time as timestamp (so far LogAppendTime)"]
    );
}

#[test]
fn a_new_topic_risks_nothing() {
    let wanted = topic(3, 3, &[("retention.ms", "1"), ("min.insync.replicas", "3")]);
    let plan = make(&desired([("a", wanted)]), &live([]), &Options::default());
    assert!(risks_of(&plan).is_empty());
}
