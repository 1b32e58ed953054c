//! Who uses a topic that would be deleted, and whether that holds the delete back.

use super::{Allow, Blocked};
use crate::live::{GroupUse, Usage};
use crate::model::text::{count, names};
use crate::model::time::utc;
use crate::model::{BlockCode, Place, TopicName};

/// How many groups are named.
const MOST_NAMED: usize = 5;

/// The delete held back, where the topic is in use and nobody allowed that.
pub(super) fn of_delete(
    name: &TopicName,
    place: Option<&Place>,
    usage: Option<&Usage>,
    allow: &[Allow],
) -> Option<Blocked> {
    let usage = usage.filter(|usage| usage.is_in_use())?;
    if allow.iter().any(|allow| allow.covers_use(name)) {
        return None;
    }
    let why = match usage.is_seen_in_use() {
        true => "the topic is in use",
        false => "whether the topic is in use cannot be seen",
    };
    let what = match place {
        Some(_) => "delete",
        None => "delete: no longer in any file",
    };
    Some(Blocked {
        topic: name.clone(),
        code: BlockCode::TopicInUse,
        setting: None,
        message: format!("{what}: {why}: {}", facts(usage).join("; ")),
        help: format!(
            "Stop what uses it, or force deletion with --allow {}:{name}",
            BlockCode::TopicInUse
        ),
        declared_at: place.cloned(),
        holds_back: Vec::new(),
    })
}

/// What is known of a topic's use, in phrases.
pub fn facts(usage: &Usage) -> Vec<String> {
    let Usage {
        groups,
        newest_record_ms,
        recent,
        messages,
        unseen,
    } = usage;
    let mut facts = Vec::new();
    let reading = |group: &&GroupUse| group.members > 0;
    facts.extend(named("read by", groups.iter().filter(reading)));
    let past = groups.iter().filter(|group| !reading(group));
    facts.extend(named("committed offsets of", past));
    facts.extend(messages.map(|held| match held {
        0 => "no messages".to_owned(),
        1 => "up to 1 message".to_owned(),
        held => format!("up to {held} messages"),
    }));
    facts.extend(match (newest_record_ms, recent) {
        (Some(ms), true) => Some(format!("newest record {}, less than a day ago", utc(*ms))),
        (Some(ms), false) => Some(format!("newest record {}", utc(*ms))),
        (None, true) => Some("a record of less than a day ago".to_owned()),
        (None, false) => None,
    });
    let hidden = unseen.iter();
    facts.extend(hidden.map(|unseen| format!("not seen: {}: {}", unseen.what, unseen.why)));
    facts
}

fn named<'a>(what: &str, groups: impl Iterator<Item = &'a GroupUse>) -> Option<String> {
    let group = |group: &GroupUse| match group.members {
        0 => group.name.clone(),
        members => {
            let members = usize::try_from(members).unwrap_or(usize::MAX);
            format!("{} ({})", group.name, count(members, "member"))
        }
    };
    let groups: Vec<String> = groups.map(group).collect();
    (!groups.is_empty()).then(|| format!("{what} {}", names(&groups, MOST_NAMED)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Unseen;
    use crate::plan::{Options, Plan, make};
    use crate::testing::{desired, found, live, removal};

    fn group(name: &str, members: u64) -> GroupUse {
        GroupUse {
            name: name.to_owned(),
            members,
            committed: true,
        }
    }

    fn plan(usage: Usage, allow: &[&str]) -> Plan {
        let mut desired = desired([]);
        desired.removed.insert("old".into(), removal());
        let mut live = live([("old", found(1, 1, &[]))]);
        live.usage.insert("old".into(), usage);
        let options = Options {
            allow: allow.iter().map(|allow| allow.parse().unwrap()).collect(),
            ..Options::default()
        };
        make(&desired, &live, &options)
    }

    #[test]
    fn what_is_known_is_said() {
        let usage = Usage {
            groups: vec![group("a", 2), group("b", 0), group("c", 1)],
            newest_record_ms: Some(1_763_670_896_000),
            recent: true,
            messages: Some(7),
            unseen: vec![Unseen {
                what: "x".to_owned(),
                why: "y".to_owned(),
            }],
        };
        assert_eq!(
            facts(&usage),
            [
                "read by a (2 members), c (1 member)",
                "committed offsets of b",
                "up to 7 messages",
                "newest record 2025-11-20T20:34:56Z, less than a day ago",
                "not seen: x: y",
            ]
        );
    }

    #[test]
    fn a_young_record_is_told_though_the_newest_is_not_known() {
        let usage = Usage {
            recent: true,
            ..Usage::default()
        };
        assert_eq!(facts(&usage), ["a record of less than a day ago"]);
        assert_eq!(facts(&Usage::default()), [] as [String; 0]);
    }

    #[test]
    fn readers_young_records_and_what_is_unseen_hold_a_delete_back() {
        let reader = Usage {
            groups: vec![group("a", 1)],
            ..Usage::default()
        };
        let young = Usage {
            recent: true,
            ..Usage::default()
        };
        let unseen = Usage {
            unseen: vec![Unseen {
                what: "x".to_owned(),
                why: "y".to_owned(),
            }],
            ..Usage::default()
        };
        for usage in [reader, young, unseen] {
            for allow in [&[][..], &["topic-deleted", "destructive", "topic-in-use:x"]] {
                let plan = plan(usage.clone(), allow);
                assert_eq!(plan.blocked[0].code, BlockCode::TopicInUse);
                assert!(plan.is_empty());
            }
            for allow in ["topic-in-use", "topic-in-use:o*"] {
                let plan = plan(usage.clone(), &[allow]);
                assert!(plan.blocked.is_empty());
                assert_eq!(plan.changes[0].usage.as_ref(), Some(&usage));
            }
        }
    }

    #[test]
    fn old_offsets_and_old_records_are_shown_and_hold_nothing_back() {
        let usage = Usage {
            groups: vec![group("a", 0)],
            newest_record_ms: Some(0),
            messages: Some(5),
            ..Usage::default()
        };
        let plan = plan(usage, &[]);
        assert!(plan.blocked.is_empty());
        assert_eq!(plan.changes.len(), 1);
    }
}
