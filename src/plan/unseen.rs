//! Topics of which it is not known what they are like, if they exist at all: nothing is planned for
//! them, neither a create of what looks missing nor a release of what looks gone.

use std::collections::BTreeMap;

use super::make::MissingRights;
use super::{Blocked, Options};
use crate::live::{Live, UnseenTopic};
use crate::model::text::names;
use crate::model::{BlockCode, Place, TopicName};

/// How many topics a note names.
const MOST_NAMED: usize = 10;

/// The finding in place of what the files ask for, unless that is only noted.
pub(super) fn blocked(
    topic: &TopicName,
    unseen: UnseenTopic<'_>,
    place: Option<&Place>,
    options: &Options,
) -> Option<Blocked> {
    let (code, message, help) = match (unseen, options.missing_rights) {
        (UnseenTopic::Hidden(_), MissingRights::Noted) => return None,
        (UnseenTopic::Hidden(why), MissingRights::Block) => (
            BlockCode::NotAuthorised,
            format!("this principal may not see whether the topic exists: {why}"),
            "Give this principal the right to describe it: Describe on the topic",
        ),
        (UnseenTopic::Unreadable(why), _) => (
            BlockCode::RefusedByBroker,
            format!("the topic exists, and the brokers could not tell more of it: {why}"),
            "Try again when the brokers are well",
        ),
    };
    Some(Blocked {
        topic: topic.clone(),
        code,
        setting: None,
        message,
        help: help.to_owned(),
        declared_at: place.cloned(),
        holds_back: Vec::new(),
    })
}

/// What is not planned for lack of the right to see it, one note for each reason.
pub(super) fn notes(live: &Live, options: &Options) -> Vec<String> {
    if options.missing_rights == MissingRights::Block {
        return Vec::new();
    }
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (topic, unseen) in live.unseen_topics() {
        if let UnseenTopic::Hidden(why) = unseen {
            reasons.entry(why).or_default().push(topic);
        }
    }
    let note = |(why, topics): (&str, Vec<&str>)| {
        let they = match topics.len() {
            1 => "it exists",
            _ => "they exist",
        };
        format!(
            "not planned: {}: this principal may not see whether {they}: {why}",
            names(&topics, MOST_NAMED)
        )
    };
    reasons.into_iter().map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Unknown;
    use crate::plan::{Plan, make};
    use crate::testing::{desired, line, live, tombstone, topic};

    fn plan(missing_rights: MissingRights) -> Plan {
        let mut desired = desired([
            ("hidden", topic(3, 3, &[])),
            ("missing", topic(3, 3, &[])),
            ("unwell", topic(3, 3, &[])),
        ]);
        desired.removed.insert("to-go".into(), tombstone());
        let mut live = live([]);
        let no = || "No.".to_owned();
        live.unknown = vec![
            Unknown::hidden_topic(&"hidden".into(), no()),
            Unknown::hidden_topic(&"to-go".into(), no()),
            Unknown::unreadable_topic(&"unwell".into(), no()),
        ];
        let options = Options {
            missing_rights,
            ..Options::default()
        };
        make(&desired, &live, &options)
    }

    #[test]
    fn what_is_hidden_is_not_planned() {
        let plan = plan(MissingRights::Noted);
        assert_eq!(plan.changes.len(), 1);
        assert_eq!(plan.changes[0].topic, "missing".into());
        assert_eq!(plan.blocked.len(), 1);
        assert_eq!(plan.blocked[0].code, BlockCode::RefusedByBroker);
        assert_eq!(plan.unchanged, 0);
        assert_eq!(
            plan.notes,
            [
                "topic unwell could not be read: No.",
                "not planned: hidden, to-go: this principal may not see whether they exist: No.",
            ]
        );
    }

    #[test]
    fn in_an_apply_it_is_blocked() {
        let plan = plan(MissingRights::Block);
        let codes = plan.blocked.iter().map(|b| (b.topic.as_str(), b.code));
        let expected = [
            ("hidden", BlockCode::NotAuthorised),
            ("to-go", BlockCode::NotAuthorised),
            ("unwell", BlockCode::RefusedByBroker),
        ];
        assert_eq!(codes.collect::<Vec<_>>(), expected);
        assert_eq!(
            plan.blocked[0].message,
            "this principal may not see whether the topic exists: No."
        );
        assert_eq!(plan.blocked[0].declared_at, Some(line(1)));
        assert_eq!(plan.blocked[1].declared_at, Some(line(40)));
    }
}
