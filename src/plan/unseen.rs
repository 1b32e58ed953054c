//! Topics that cannot be compared with what they should be, because not enough of them could be read:
//! nothing is planned for them, neither a create of what looks missing nor a release of what looks
//! gone, and no plan or drift counts them as unchanged.

use super::options::MissingRights;
use super::{Blocked, Options};
use crate::live::UnseenTopic;
use crate::model::{BlockCode, Place, TopicName};

/// Why the configs of a topic are not known where nothing else is known of it.
pub(super) const NOT_READ: &str = "they were not read";

/// The finding in place of what the files ask for, unless that is only noted.
pub(super) fn blocked(
    topic: &TopicName,
    unseen: UnseenTopic<'_>,
    place: Option<&Place>,
    options: &Options,
) -> Option<Blocked> {
    let (code, message, help) = match (unseen, options.missing_rights) {
        (UnseenTopic::Hidden(_) | UnseenTopic::ConfigsHidden(_), MissingRights::Noted) => {
            return None;
        }
        (UnseenTopic::ConfigsHidden(why), MissingRights::Block) => (
            BlockCode::NotAuthorised,
            format!("the topic's configs are not visible to this principal: {why}"),
            "Allow this principal to describe them: DescribeConfigs on the topic",
        ),
        (UnseenTopic::Hidden(why), MissingRights::Block) => (
            BlockCode::NotAuthorised,
            format!("this principal may not see whether the topic exists: {why}"),
            "Give this principal the right to describe it: Describe on the topic",
        ),
        (UnseenTopic::Unreadable(why), _) => (
            BlockCode::RefusedByBroker,
            format!("the topic exists, but the brokers returned an error for it: {why}"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{LiveTopic, Unknown, Unread};
    use crate::plan::Plan;
    use crate::plan::make;
    use crate::testing::{desired, found, line, live, removal, topic};

    fn plan(missing_rights: MissingRights) -> Plan {
        let mut desired = desired([
            ("half", topic(6, 3, &[("retention.ms", "1")])),
            ("hidden", topic(3, 3, &[])),
            ("missing", topic(3, 3, &[])),
            ("unwell", topic(3, 3, &[])),
        ]);
        desired.removed.insert("to-go".into(), removal());
        let half = LiveTopic {
            config: None,
            ..found(3, 3, &[])
        };
        let mut live = live([("half", half)]);
        live.unknown = [
            Unread::TopicConfigs("half".into()),
            Unread::TopicExistence("hidden".into()),
            // In no file, and of no concern here.
            Unread::TopicExistence("others".into()),
            Unread::TopicExistence("to-go".into()),
            Unread::Topic("unwell".into()),
        ]
        .map(|what| Unknown {
            what,
            why: "No.".to_owned(),
        })
        .into();
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
        let not_visible = ["half", "hidden", "to-go", "unwell"].map(TopicName::from);
        assert_eq!(plan.not_visible, not_visible);
        assert_eq!(
            plan.notes,
            [
                "topic unwell could not be read: No.",
                "not planned: hidden, to-go: this principal may not see whether they exist: No.",
                "not planned: half: its configs are not visible: No.",
            ]
        );
    }

    #[test]
    fn in_an_apply_it_is_blocked() {
        let plan = plan(MissingRights::Block);
        let codes = plan.blocked.iter().map(|b| (b.topic.as_str(), b.code));
        let expected = [
            ("half", BlockCode::NotAuthorised),
            ("hidden", BlockCode::NotAuthorised),
            ("to-go", BlockCode::NotAuthorised),
            ("unwell", BlockCode::RefusedByBroker),
        ];
        assert_eq!(codes.collect::<Vec<_>>(), expected);
        assert_eq!(
            plan.blocked[1].message,
            "this principal may not see whether the topic exists: No."
        );
        assert_eq!(plan.blocked[1].declared_at, Some(line(1)));
        assert_eq!(plan.blocked[2].declared_at, Some(line(40)));
    }
}
