//! Each part of each change against what was approved for it.

use std::collections::BTreeMap;

use super::{Step, Unapproved};
use crate::model::{ConfigKey, TopicName};
use crate::plan::{Action, Change, ConfigChange, CountChange, Fate, RecordChange, Subject};

/// The parts of a fresh plan's changes that were not approved as they are, by topic and part.
pub(super) fn unapproved(
    approved: &BTreeMap<TopicName, Change>,
    fresh: &[Change],
) -> Vec<Unapproved> {
    let of = |change: &Change| match approved.get(&change.topic) {
        Some(approved) => parts(approved, change),
        None => vec![Unapproved {
            topic: change.topic.clone(),
            approved: None,
            now: Some(whole(change)),
        }],
    };
    fresh.iter().flat_map(of).collect()
}

fn parts(approved: &Change, fresh: &Change) -> Vec<Unapproved> {
    let part = |approved: Option<Step>, now: Option<Step>| Unapproved {
        topic: fresh.topic.clone(),
        approved,
        now,
    };
    if !continues(approved, fresh) {
        return vec![part(Some(whole(approved)), Some(whole(fresh)))];
    }
    if approved.action == Action::Delete && fresh.action != Action::Delete {
        return Vec::new();
    }
    let mut was = steps(approved);
    let mut differ = BTreeMap::new();
    for (subject, now) in steps(fresh) {
        let was = was.remove(&subject);
        if !was.as_ref().is_some_and(|was| same(was, &now)) && !follows(approved, &now) {
            differ.insert(subject, part(was, Some(now)));
        }
    }
    // Nothing of a topic that is not there can be done by now: what a create leaves out was
    // taken from the files.
    if fresh.action == Action::Create {
        let left_out = was.into_iter();
        differ.extend(left_out.map(|(subject, was)| (subject, part(Some(was), None))));
    }
    differ.into_values().collect()
}

/// Whether a fresh change is what was approved, or what an apply that was interrupted has left of
/// it: a topic that was made, changed or deleted, and not recorded so yet.
fn continues(approved: &Change, fresh: &Change) -> bool {
    match (approved.action, fresh.action) {
        (Action::Create | Action::Adopt, Action::Adopt) => true,
        (Action::Update, Action::Update | Action::Adopt) => approved.adopt || !fresh.adopt,
        (Action::Update, Action::Record) => true,
        (Action::Delete, Action::Release | Action::Record) => fresh.fate == Some(Fate::Gone),
        (approved, fresh) => approved == fresh,
    }
}

/// Whether a field of the record says no more than what was approved for the topic itself.
fn follows(approved: &Change, now: &Step) -> bool {
    let Step::Record(RecordChange { field, to, .. }) = now else {
        return false;
    };
    let count = || {
        approved
            .partitions
            .as_ref()
            .is_some_and(|count| count.to.map(|to| to.to_string()) == *to)
    };
    match field.strip_prefix("config.") {
        Some(key) => approved.config.iter().any(|config| {
            config.key.as_str() == key
                && same_value(&config.key, config.to.as_deref(), to.as_deref())
        }),
        None => field == "partitions" && count(),
    }
}

fn whole(change: &Change) -> Step {
    Step::Topic {
        action: change.action,
        adopt: change.adopt,
    }
}

/// Each part of a change; of the record each field is one.
fn steps(change: &Change) -> BTreeMap<(Subject, &str), Step> {
    let Change {
        topic: _,
        action: _,
        adopt: _,
        id: _,
        declared_at: _,
        partitions,
        replication_factor,
        config,
        record,
        recorded: _,
        to_record: _,
        fate: _,
        undoes_drift: _,
        risks: _,
        usage: _,
    } = change;
    let mut steps = BTreeMap::new();
    if let Some(change) = partitions {
        let step = Step::Partitions(change.clone());
        steps.insert((Subject::Partitions, ""), step);
    }
    if let Some(change) = replication_factor {
        let step = Step::ReplicationFactor(change.clone());
        steps.insert((Subject::ReplicationFactor, ""), step);
    }
    let config = config.iter();
    steps.extend(config.map(|c| {
        (
            (Subject::Config(c.key.clone()), ""),
            Step::Config(c.clone()),
        )
    }));
    let record = record.iter();
    steps.extend(record.map(|r| ((Subject::Record, r.field.as_str()), Step::Record(r.clone()))));
    steps
}

fn same(a: &Step, b: &Step) -> bool {
    match (a, b) {
        (Step::Partitions(a), Step::Partitions(b)) => same_count(a, b),
        (Step::ReplicationFactor(a), Step::ReplicationFactor(b)) => same_count(a, b),
        (Step::Config(a), Step::Config(b)) => same_config(a, b),
        (Step::Record(a), Step::Record(b)) => same_record(a, b),
        _ => false,
    }
}

/// The same from and to; where it is declared may have moved.
fn same_count<F: PartialEq>(a: &CountChange<F>, b: &CountChange<F>) -> bool {
    let CountChange {
        from,
        to,
        declared_at: _,
    } = a;
    (from, to) == (&b.from, &b.to)
}

fn same_record(a: &RecordChange, b: &RecordChange) -> bool {
    let RecordChange {
        field,
        from,
        to,
        declared_at: _,
    } = a;
    (field, from, to) == (&b.field, &b.from, &b.to)
}

fn same_config(a: &ConfigChange, b: &ConfigChange) -> bool {
    let ConfigChange {
        key,
        action,
        from,
        from_source: _,
        to,
        to_default,
        declared_at: _,
    } = a;
    let default = |change: &ConfigChange| change.to_default.as_ref().map(|d| d.value.clone());
    let to_default = to_default.as_ref().map(|default| &*default.value);
    (key, action) == (&b.key, &b.action)
        && same_value(key, from.as_deref(), b.from.as_deref())
        && same_value(key, to.as_deref(), b.to.as_deref())
        && same_value(key, to_default, default(b).as_deref())
}

fn same_value(key: &ConfigKey, a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => key.same(a, b),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Desired;
    use crate::live::{Inventory, Live, Owned};
    use crate::model::OnRemove;
    use crate::plan::{Options, Plan, make};
    use crate::testing::{desired, found, kafka_default, live, saved, tombstone, topic};

    type Cluster = (Desired, Live);

    /// One topic of each kind: it grows and gets other configs, is made, is deleted.
    fn example() -> Cluster {
        let mut desired = desired([
            ("grows", topic(6, 3, &[("retention.ms", "86400000")])),
            ("new", topic(3, 3, &[("cleanup.policy", "compact,delete")])),
        ]);
        desired.removed.insert("old".into(), tombstone());
        let held = [("retention.ms", "604800000"), ("segment.bytes", "1000000")];
        let live = live([("grows", found(3, 3, &held)), ("old", found(3, 3, &[]))]);
        (desired, live)
    }

    /// The plan that an apply makes, held to the plan of the example.
    fn held_to_the_example((desired, live): &Cluster) -> Plan {
        let (approved, before) = example();
        let approved = make(&approved, &before, &Options::default());
        let options = Options {
            approval: Some(saved(&approved)),
            ..Options::default()
        };
        make(desired, live, &options)
    }

    fn said(step: Option<&Step>) -> String {
        let arrow = |from: Option<String>, to: Option<String>| {
            let text = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
            format!("{} → {}", text(from), text(to))
        };
        let to_text = |number: Option<u32>| number.map(|number| number.to_string());
        match step {
            None => "nothing".to_owned(),
            Some(Step::Topic { action, .. }) => format!("{action:?}"),
            Some(Step::Partitions(c)) => arrow(to_text(c.from), to_text(c.to)),
            Some(Step::ReplicationFactor(c)) => {
                arrow(c.from.as_ref().map(ToString::to_string), to_text(c.to))
            }
            Some(Step::Config(c)) => {
                let becomes = c.becomes().map(str::to_owned);
                format!("{:?} {}", c.action, arrow(c.from.clone(), becomes))
            }
            Some(Step::Record(c)) => format!("{} {}", c.field, arrow(c.from.clone(), c.to.clone())),
        }
    }

    /// What is not approved once the example has changed in this way: `topic part: approved; now`.
    #[track_caller]
    fn check(change: impl Fn(&mut Cluster), expected: &[&str]) {
        let mut now = example();
        change(&mut now);
        let plan = held_to_the_example(&now);
        let line = |part: &Unapproved| {
            let (topic, approved) = (&part.topic, said(part.approved.as_ref()));
            let subject = match part.subject() {
                Subject::Config(key) => key.to_string(),
                other => format!("{other:?}"),
            };
            format!("{topic} {subject}: {approved}; {}", said(part.now.as_ref()))
        };
        let lines: Vec<String> = plan.unapproved.iter().map(line).collect();
        assert_eq!(lines, expected);
        let codes: Vec<&str> = plan.refused.iter().map(|r| r.code.as_str()).collect();
        let refused = codes.contains(&crate::plan::approval::NOT_APPROVED);
        assert_eq!(refused, !expected.is_empty(), "{codes:?}");
    }

    fn config(at: &mut Cluster, topic: &str, key: &str, value: Option<&str>) {
        let topic = at.0.topics.get_mut(topic).unwrap();
        topic.config.remove(key);
        if let Some(value) = value {
            let value = crate::testing::at(4, value.into());
            topic.config.insert(key.into(), value);
        }
    }

    fn held(at: &mut Cluster, topic: &str, key: &str, value: Option<&str>) {
        let held = at.1.topics.get_mut(topic).unwrap().config.as_mut().unwrap();
        held.remove(key);
        held.extend(value.map(|value| (key.into(), value.to_owned())));
    }

    #[test]
    fn the_same_again_is_approved_wherever_it_is_declared() {
        check(|_| {}, &[]);
        check(
            |at| at.0.topics.get_mut("grows").unwrap().partitions.place.line = 99,
            &[],
        );
        check(
            |at| config(at, "new", "cleanup.policy", Some("delete, compact")),
            &[],
        );
        // The same value, though a broker's now.
        check(|at| held(at, "grows", "retention.ms", None), &[]);
    }

    #[test]
    fn what_is_done_or_not_wanted_any_more_drops_out() {
        check(
            |at| held(at, "grows", "retention.ms", Some("86400000")),
            &[],
        );
        check(|at| held(at, "grows", "segment.bytes", None), &[]);
        check(
            |at| at.1.topics.get_mut("grows").unwrap().partitions = 6,
            &[],
        );
        check(|at| drop(at.1.topics.remove("old")), &[]);
        check(|at| at.0.removed.clear(), &[]);
        check(|at| drop(at.0.topics.remove("new")), &[]);
        check(
            |at| at.0.topics.get_mut("grows").unwrap().partitions.value = 3,
            &[],
        );
    }

    #[test]
    fn another_value_to_go_to() {
        check(
            |at| at.0.topics.get_mut("grows").unwrap().partitions.value = 12,
            &["grows Partitions: 3 → 6; 3 → 12"],
        );
        check(
            |at| config(at, "grows", "retention.ms", Some("1000")),
            &["grows retention.ms: Set 604800000 → 86400000; Set 604800000 → 1000"],
        );
        check(
            |at| at.0.topics.get_mut("new").unwrap().replication_factor.value = 2,
            &["new ReplicationFactor: - → 3; - → 2"],
        );
        check(
            |at| {
                let behind = &mut at.1.topics.get_mut("grows").unwrap().behind;
                behind.insert("segment.bytes".into(), kafka_default("5"));
            },
            &["grows segment.bytes: Reset 1000000 → 1073741824; Reset 1000000 → 5"],
        );
    }

    #[test]
    fn another_value_to_come_from() {
        check(
            |at| at.1.topics.get_mut("grows").unwrap().partitions = 4,
            &["grows Partitions: 3 → 6; 4 → 6"],
        );
        check(
            |at| at.1.topics.get_mut("old").unwrap().partitions = 4,
            &["old Partitions: 3 → -; 4 → -"],
        );
        check(
            |at| held(at, "grows", "segment.bytes", Some("5")),
            &["grows segment.bytes: Reset 1000000 → 1073741824; Reset 5 → 1073741824"],
        );
    }

    #[test]
    fn another_action() {
        check(
            |at| config(at, "grows", "segment.bytes", Some("1073741824")),
            &["grows segment.bytes: Reset 1000000 → 1073741824; Set 1000000 → 1073741824"],
        );
        check(
            |at| drop(at.1.topics.remove("grows")),
            &["grows Topic: Update; Create"],
        );
        check(
            |at| drop(at.1.topics.insert("new".into(), found(1, 3, &[]))),
            &["new Topic: Create; Update"],
        );
    }

    #[test]
    fn more_than_was_approved() {
        check(
            |at| drop(at.0.topics.insert("extra".into(), topic(1, 3, &[]))),
            &["extra Topic: nothing; Create"],
        );
        check(
            |at| config(at, "grows", "max.message.bytes", Some("5")),
            &["grows max.message.bytes: nothing; Set 1048588 → 5"],
        );
        check(
            |at| config(at, "new", "max.message.bytes", Some("5")),
            &["new max.message.bytes: nothing; Set - → 5"],
        );
    }

    #[test]
    fn a_create_that_leaves_something_out_is_another_create() {
        check(
            |at| config(at, "new", "cleanup.policy", None),
            &["new cleanup.policy: Set - → compact,delete; nothing"],
        );
    }

    /// A topic that is adopted and grows, one that is made and armed, one that is recorded anew, and
    /// two that left the files.
    fn owned() -> Cluster {
        let mut armed = topic(3, 3, &[]);
        armed.on_remove = OnRemove::Delete;
        let desired = desired([
            ("adopted", topic(6, 3, &[("retention.ms", "86400000")])),
            ("armed", armed.clone()),
            ("made", armed),
        ]);
        let record = |on_remove| Owned {
            on_remove: Some(on_remove),
            ..Owned::default()
        };
        let mut live = live([
            ("adopted", found(3, 3, &[])),
            ("armed", found(3, 3, &[])),
            ("goes", found(3, 3, &[])),
            ("left", found(3, 3, &[])),
        ]);
        let topics = [
            ("armed".into(), record(OnRemove::Retain)),
            ("goes".into(), record(OnRemove::Delete)),
            ("left".into(), record(OnRemove::Retain)),
        ];
        live.inventory = Some(Inventory {
            topics: topics.into(),
            ..Inventory::default()
        });
        (desired, live)
    }

    /// The parts that are not approved once what was approved meets another cluster.
    #[track_caller]
    fn check_owned(change: impl Fn(&mut Cluster), expected: &[&str]) {
        let (desired, live) = owned();
        let approved = make(&desired, &live, &Options::default());
        let mut now = owned();
        change(&mut now);
        let options = Options {
            approval: Some(saved(&approved)),
            ..Options::default()
        };
        let plan = make(&now.0, &now.1, &options);
        let line = |part: &Unapproved| {
            let (approved, now) = (said(part.approved.as_ref()), said(part.now.as_ref()));
            format!("{}: {approved}; {now}", part.topic)
        };
        let lines: Vec<String> = plan.unapproved.iter().map(line).collect();
        assert_eq!(lines, expected);
    }

    fn inventory(at: &mut Cluster) -> &mut Inventory {
        at.1.inventory.as_mut().unwrap()
    }

    #[test]
    fn what_an_interrupted_apply_left_goes_on() {
        check_owned(|_| {}, &[]);
        // Made, and not recorded.
        check_owned(
            |at| drop(at.1.topics.insert("made".into(), found(3, 3, &[]))),
            &[],
        );
        // Changed, and not recorded.
        let changed = || found(6, 3, &[("retention.ms", "86400000")]);
        check_owned(
            |at| drop(at.1.topics.insert("adopted".into(), changed())),
            &[],
        );
        // Deleted, and still recorded.
        check_owned(|at| drop(at.1.topics.remove("goes")), &[]);
        // Recorded, and not all of it changed.
        check_owned(
            |at| {
                drop(
                    inventory(at)
                        .topics
                        .insert("adopted".into(), Owned::default()),
                )
            },
            &[],
        );
    }

    #[test]
    fn a_record_of_what_was_approved_for_the_topic_is_approved() {
        let grown = Owned {
            partitions: Some(3),
            config: Some(
                [("retention.ms".into(), "604800000".to_owned())]
                    .into_iter()
                    .collect(),
            ),
            ..Owned::default()
        };
        let now = |at: &mut Cluster, partitions| {
            let found = found(partitions, 3, &[("retention.ms", "86400000")]);
            at.1.topics.insert("adopted".into(), found);
            inventory(at).topics.insert("adopted".into(), grown.clone());
        };
        check_owned(|at| now(at, 6), &[]);
        check_owned(
            |at| {
                at.0.topics.get_mut("adopted").unwrap().partitions.value = 9;
                now(at, 9);
            },
            &["adopted: nothing; partitions 3 → 9"],
        );
    }

    #[test]
    fn what_is_armed_otherwise_is_not_approved() {
        let disarm = |at: &mut Cluster, name: &str| {
            at.0.topics.get_mut(name).unwrap().on_remove = OnRemove::Retain;
        };
        let arm = |at: &mut Cluster| {
            at.0.topics.get_mut("adopted").unwrap().on_remove = OnRemove::Delete;
        };
        check_owned(arm, &["adopted: nothing; on_remove - → delete"]);
        check_owned(
            |at| disarm(at, "made"),
            &["made: on_remove - → delete; nothing"],
        );
        // Nothing is left to do.
        check_owned(|at| disarm(at, "armed"), &[]);
        let recorded = |at: &mut Cluster, name: &str, on_remove| {
            inventory(at).topics.get_mut(name).unwrap().on_remove = Some(on_remove);
        };
        check_owned(
            |at| recorded(at, "left", OnRemove::Delete),
            &["left: Release; Delete"],
        );
        check_owned(
            |at| recorded(at, "goes", OnRemove::Retain),
            &["goes: Delete; Release"],
        );
    }
}
