//! Each part of each change against what was approved for it.

use std::collections::BTreeMap;

use super::{ApprovedPart, Unapproved};
use crate::live::Usage;
use crate::model::{ConfigKey, Setting, SettingValue, TopicName};
use crate::plan::document::{ChangeDocument, SettingDocument};
use crate::plan::{Action, Change, ExternalChange};

/// The parts of a fresh plan's changes that were not approved as they are, by topic and part.
pub(super) fn unapproved(
    approved: &BTreeMap<TopicName, ChangeDocument>,
    fresh: &[Change],
) -> Vec<Unapproved> {
    let of = |change: &Change| {
        let fresh = ChangeDocument::from(change);
        match approved.get(&change.topic) {
            Some(approved) => parts(approved, fresh),
            None => vec![Unapproved {
                topic: change.topic.clone(),
                approved: None,
                now: Some(whole(&fresh)),
            }],
        }
    };
    fresh.iter().flat_map(of).collect()
}

fn parts(approved: &ChangeDocument, fresh: ChangeDocument) -> Vec<Unapproved> {
    let topic = fresh.topic.clone();
    let part = |approved: Option<ApprovedPart>, now: Option<ApprovedPart>| Unapproved {
        topic: topic.clone(),
        approved,
        now,
    };
    if !continues(approved, &fresh) {
        return vec![part(Some(whole(approved)), Some(whole(&fresh)))];
    }
    if let Some(another) = another_topic(approved, &fresh) {
        return vec![part(
            approved.id.clone().map(|id| ApprovedPart::Topic { id }),
            Some(another),
        )];
    }
    if approved.action == Action::Delete && fresh.action != Action::Delete {
        return Vec::new();
    }
    let mut differ = Vec::new();
    if let Some(usage) = more_use(approved, &fresh) {
        let was = approved
            .usage
            .clone()
            .map(|usage| ApprovedPart::Usage { usage });
        differ.push(part(was, Some(ApprovedPart::Usage { usage })));
    }
    let (fresh_action, mut was) = (fresh.action, settings(approved.settings.clone()));
    let mut others = BTreeMap::new();
    for (key, now) in settings(fresh.settings) {
        let was = was.remove(&key);
        if !was.as_ref().is_some_and(|was| same(was, &now)) && !follows(approved, &now) {
            let was = was.map(ApprovedPart::Setting);
            others.insert(key, part(was, Some(ApprovedPart::Setting(now))));
        }
    }
    // Nothing of a topic that is not there can be done by now: what a create leaves out was
    // taken from the files.
    if fresh_action == Action::Create {
        let left_out = was.into_iter();
        others
            .extend(left_out.map(|(key, was)| (key, part(Some(ApprovedPart::Setting(was)), None))));
    }
    differ.extend(others.into_values());
    differ
}

/// Whether a fresh change is what was approved, or what an apply that was interrupted has left of
/// it: a topic that was made, changed or deleted, and not recorded so yet.
fn continues(approved: &ChangeDocument, fresh: &ChangeDocument) -> bool {
    match (approved.action, fresh.action) {
        (Action::Create | Action::Adopt, Action::Adopt) => true,
        (Action::Update, Action::Update | Action::Adopt) => approved.adopt || !fresh.adopt,
        (Action::Update, Action::UpdateInventory) => true,
        (Action::Delete, Action::Release | Action::UpdateInventory) => {
            fresh.external_change == Some(ExternalChange::Deleted)
        }
        (approved, fresh) => approved == fresh,
    }
}

/// The live topic, where it is not the one that was approved. What an approval does not name it does
/// not cover. A topic that was to be made had no id.
fn another_topic(approved: &ChangeDocument, fresh: &ChangeDocument) -> Option<ApprovedPart> {
    let id = fresh.id.as_ref()?;
    let is_another = approved.action != Action::Create && approved.id.as_ref() != Some(id);
    is_another.then(|| ApprovedPart::Topic { id: id.clone() })
}

/// The use of a topic to delete, where it is more than what was approved: another group, or a group
/// that reads again, newer records than those of a topic that was at rest, or less that could be
/// read.
fn more_use(approved: &ChangeDocument, fresh: &ChangeDocument) -> Option<Usage> {
    let now = fresh.usage.as_ref()?;
    let nothing = Usage::default();
    let was = approved.usage.as_ref().unwrap_or(&nothing);
    let group = |name: &str| was.groups.iter().find(|group| group.name == name);
    let more_groups = now.groups.iter().any(|now| {
        let was = group(&now.name);
        was.is_none_or(|was| was.members == 0 && now.members > 0)
    });
    let more_records = !was.recent
        && (now.recent
            || now.newest_record_ms > was.newest_record_ms
            || now
                .messages
                .is_some_and(|now| now > was.messages.unwrap_or_default()));
    let less_seen = now.unseen.iter().any(|unseen| {
        let was = was.unseen.iter();
        !was.into_iter().any(|was| was.what == unseen.what)
    });
    (more_groups || more_records || less_seen).then(|| now.clone())
}

/// Whether the inventory is to hold no more than what was approved for the topic itself.
fn follows(approved: &ChangeDocument, now: &SettingDocument) -> bool {
    let same_target = |was: &SettingDocument| {
        was.setting == now.setting && same_value(&now.setting, was.to.as_ref(), now.to.as_ref())
    };
    let on_topic = approved.settings.iter().filter(|was| !was.inventory_only);
    now.inventory_only && on_topic.into_iter().any(same_target)
}

fn whole(change: &ChangeDocument) -> ApprovedPart {
    ApprovedPart::Whole {
        action: change.action,
        adopt: change.adopt,
    }
}

/// Each setting of a change, those on the topic first.
fn settings(settings: Vec<SettingDocument>) -> BTreeMap<(bool, Setting), SettingDocument> {
    let key = |change: &SettingDocument| (change.inventory_only, change.setting.clone());
    settings
        .into_iter()
        .map(|change| (key(&change), change))
        .collect()
}

/// The same from and to; where it is declared, and what is said of it, may differ.
fn same(a: &SettingDocument, b: &SettingDocument) -> bool {
    let SettingDocument {
        setting,
        action,
        from,
        from_source: _,
        to,
        to_default,
        to_default_source: _,
        inventory_only,
        drifted: _,
        declared_at: _,
        risks: _,
    } = a;
    let text = |default: &Option<String>| default.clone().map(SettingValue::Text);
    (setting, action, inventory_only) == (&b.setting, &b.action, &b.inventory_only)
        && same_value(setting, from.as_ref(), b.from.as_ref())
        && same_value(setting, to.as_ref(), b.to.as_ref())
        && same_value(
            setting,
            text(to_default).as_ref(),
            text(&b.to_default).as_ref(),
        )
}

fn same_value(setting: &Setting, a: Option<&SettingValue>, b: Option<&SettingValue>) -> bool {
    let same = |key: &ConfigKey, a: &SettingValue, b: &SettingValue| match (a.text(), b.text()) {
        (Some(a), Some(b)) => key.same(a, b),
        _ => a == b,
    };
    match (setting, a, b) {
        (Setting::Config(key), Some(a), Some(b)) => same(key, a, b),
        (_, a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Desired;
    use crate::live::{Inventory, Live, Owned};
    use crate::model::OnRemove;
    use crate::plan::{Options, Plan, make};
    use crate::testing::{desired, found, kafka_default, live, removal, saved, topic};

    type Cluster = (Desired, Live);

    /// One topic of each kind: it grows and gets other configs, is made, is deleted.
    fn example() -> Cluster {
        let mut desired = desired([
            ("grows", topic(6, 3, &[("retention.ms", "86400000")])),
            ("new", topic(3, 3, &[("cleanup.policy", "compact,delete")])),
        ]);
        desired.removed.insert("old".into(), removal());
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

    fn said(part: Option<&ApprovedPart>) -> String {
        let text = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
        match part {
            None => "nothing".to_owned(),
            Some(ApprovedPart::Whole { action, .. }) => action.as_str().to_owned(),
            Some(ApprovedPart::Topic { id }) => format!("id {id}"),
            Some(ApprovedPart::Usage { usage }) => crate::plan::usage_facts(usage).join(", "),
            Some(ApprovedPart::Setting(change)) => {
                let to = change.to.as_ref().map(ToString::to_string);
                let from = text(change.from.as_ref().map(ToString::to_string));
                let to = text(to.or(change.to_default.clone()));
                let only = match change.inventory_only {
                    true => "inventory ",
                    false => "",
                };
                format!("{only}{:?} {from} → {to}", change.action)
            }
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
            let what = part
                .setting()
                .map_or("topic".to_owned(), Setting::to_string);
            format!("{topic} {what}: {approved}; {}", said(part.now.as_ref()))
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
            &["grows partitions: Set 3 → 6; Set 3 → 12"],
        );
        check(
            |at| config(at, "grows", "retention.ms", Some("1000")),
            &["grows config.retention.ms: Set 604800000 → 86400000; Set 604800000 → 1000"],
        );
        check(
            |at| at.0.topics.get_mut("new").unwrap().replication_factor.value = 2,
            &["new replication_factor: Set - → 3; Set - → 2"],
        );
        check(
            |at| {
                let behind = &mut at.1.topics.get_mut("grows").unwrap().behind;
                behind.insert("segment.bytes".into(), kafka_default("5"));
            },
            &["grows config.segment.bytes: Reset 1000000 → 1073741824; Reset 1000000 → 5"],
        );
    }

    #[test]
    fn another_value_to_come_from() {
        check(
            |at| at.1.topics.get_mut("grows").unwrap().partitions = 4,
            &["grows partitions: Set 3 → 6; Set 4 → 6"],
        );
        check(
            |at| at.1.topics.get_mut("old").unwrap().partitions = 4,
            &["old partitions: Reset 3 → -; Reset 4 → -"],
        );
        check(
            |at| held(at, "grows", "segment.bytes", Some("5")),
            &["grows config.segment.bytes: Reset 1000000 → 1073741824; Reset 5 → 1073741824"],
        );
    }

    #[test]
    fn another_action() {
        check(
            |at| config(at, "grows", "segment.bytes", Some("1073741824")),
            &["grows config.segment.bytes: Reset 1000000 → 1073741824; Set 1000000 → 1073741824"],
        );
        check(
            |at| drop(at.1.topics.remove("grows")),
            &["grows topic: update; create"],
        );
        check(
            |at| drop(at.1.topics.insert("new".into(), found(1, 3, &[]))),
            &["new topic: create; update"],
        );
    }

    #[test]
    fn more_than_was_approved() {
        check(
            |at| drop(at.0.topics.insert("extra".into(), topic(1, 3, &[]))),
            &["extra topic: nothing; create"],
        );
        check(
            |at| config(at, "grows", "max.message.bytes", Some("5")),
            &["grows config.max.message.bytes: nothing; Set 1048588 → 5"],
        );
        check(
            |at| config(at, "new", "max.message.bytes", Some("5")),
            &["new config.max.message.bytes: nothing; Set - → 5"],
        );
    }

    #[test]
    fn a_create_that_leaves_something_out_is_another_create() {
        check(
            |at| config(at, "new", "cleanup.policy", None),
            &["new config.cleanup.policy: Set - → compact,delete; nothing"],
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
            let what = part
                .setting()
                .map_or(String::new(), |setting| format!(" {setting}"));
            format!("{}{what}: {approved}; {now}", part.topic)
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
            &["adopted partitions: nothing; inventory Set 3 → 9"],
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
        check_owned(
            arm,
            &["adopted on_remove: nothing; inventory Set - → delete"],
        );
        check_owned(
            |at| disarm(at, "made"),
            &["made on_remove: inventory Set - → delete; nothing"],
        );
        // Nothing is left to do.
        check_owned(|at| disarm(at, "armed"), &[]);
        let recorded = |at: &mut Cluster, name: &str, on_remove| {
            inventory(at).topics.get_mut(name).unwrap().on_remove = Some(on_remove);
        };
        check_owned(
            |at| recorded(at, "left", OnRemove::Delete),
            &["left: release; delete"],
        );
        check_owned(
            |at| recorded(at, "goes", OnRemove::Retain),
            &["goes: delete; release"],
        );
    }

    /// The example where every live topic has an id, and the one to delete holds nothing.
    fn with_ids() -> Cluster {
        let (desired, mut live) = example();
        for (name, topic) in &mut live.topics {
            topic.id = Some(format!("id-of-{name}"));
        }
        live.usage.insert("old".into(), at_rest());
        (desired, live)
    }

    fn at_rest() -> Usage {
        Usage {
            groups: vec![group("old-readers", 0)],
            newest_record_ms: Some(1_000),
            messages: Some(5),
            ..Usage::default()
        }
    }

    fn group(name: &str, members: u64) -> crate::live::GroupUse {
        crate::live::GroupUse {
            name: name.to_owned(),
            members,
            committed: true,
        }
    }

    #[track_caller]
    fn check_bound(change: impl Fn(&mut Cluster), expected: &[&str]) {
        let (desired, live) = with_ids();
        let approved = make(&desired, &live, &Options::default());
        let mut now = with_ids();
        change(&mut now);
        let options = Options {
            approval: Some(saved(&approved)),
            allow: vec!["topic-in-use".parse().unwrap()],
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

    #[test]
    fn another_topic_of_the_name_is_not_approved() {
        let remade = |at: &mut Cluster, name: &str| {
            at.1.topics.get_mut(name).unwrap().id = Some("another".to_owned());
        };
        check_bound(|_| {}, &[]);
        check_bound(|at| remade(at, "old"), &["old: id id-of-old; id another"]);
        check_bound(
            |at| remade(at, "grows"),
            &["grows: id id-of-grows; id another"],
        );
        // What does not name the topic approves nothing of it.
        let (desired, live) = example();
        let options = Options {
            approval: Some(saved(&make(&desired, &live, &Options::default()))),
            ..Options::default()
        };
        let plan = make(&desired, &with_ids().1, &options);
        let topics: Vec<&str> = plan.unapproved.iter().map(|p| p.topic.as_str()).collect();
        assert_eq!(topics, ["grows", "old"]);
    }

    #[test]
    fn more_use_than_was_approved_is_not_approved() {
        let used = |at: &mut Cluster, change: fn(&mut Usage)| {
            change(at.1.usage.get_mut("old").unwrap());
        };
        let was = "committed offsets of old-readers, up to 5 messages, newest record 1970-01-01T00:00:01Z";
        check_bound(
            |at| used(at, |usage| usage.groups.push(group("new", 1))),
            &[&format!("old: {was}; read by new (1 member), {was}")],
        );
        let check = |change: fn(&mut Usage), stale: bool| {
            let mut now = with_ids();
            used(&mut now, change);
            let (desired, live) = with_ids();
            let approved = make(&desired, &live, &Options::default());
            let options = Options {
                approval: Some(saved(&approved)),
                allow: vec!["topic-in-use".parse().unwrap()],
                ..Options::default()
            };
            assert_eq!(
                make(&now.0, &now.1, &options).unapproved.len(),
                usize::from(stale)
            );
        };
        check(|usage| usage.groups[0].members = 1, true);
        check(|usage| usage.recent = true, true);
        check(|usage| usage.newest_record_ms = Some(1_001), true);
        check(|usage| usage.messages = Some(6), true);
        check(
            |usage| {
                usage.unseen.push(crate::live::Unseen {
                    what: "consumer groups".to_owned(),
                    why: "no".to_owned(),
                });
            },
            true,
        );
        // Less use, as after retention, stays approved.
        check(|usage| usage.groups.clear(), false);
        check(
            |usage| (usage.messages, usage.newest_record_ms) = (Some(0), None),
            false,
        );
    }
}
