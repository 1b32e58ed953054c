//! Notes on topics that cannot be compared with what they should be.

use std::collections::BTreeMap;

use crate::live::UnseenTopic;
use crate::model::TopicName;
use crate::model::text::names;
use crate::plan::unseen::NOT_READ;
use crate::plan::verdict::Table;
use crate::plan::{MissingRights, Options, Plan};

/// How many topics a note names.
const MOST_NAMED: usize = 10;

/// What is not planned for lack of the right to see it, one note for each reason.
pub(in crate::plan) fn of(table: &Table, plan: &Plan, options: &Options) -> Vec<String> {
    if options.missing_rights == MissingRights::Block {
        return Vec::new();
    }
    let mut reasons: BTreeMap<(bool, &str), Vec<&TopicName>> = BTreeMap::new();
    for topic in &plan.not_visible {
        let reason = match table.unseen(topic) {
            Some(UnseenTopic::Hidden(why)) => (false, why),
            Some(UnseenTopic::ConfigsHidden(why)) => (true, why),
            // It is blocked, and has a note of its own.
            Some(UnseenTopic::Unreadable(_)) => continue,
            None => (true, NOT_READ),
        };
        reasons.entry(reason).or_default().push(topic);
    }
    let note = |((configs, why), topics): ((bool, &str), Vec<&TopicName>)| {
        let what = match (configs, topics.len()) {
            (true, 1) => "its configs are not visible",
            (true, _) => "their configs are not visible",
            (false, 1) => "this principal may not see whether it exists",
            (false, _) => "this principal may not see whether they exist",
        };
        let topics = names(&topics, MOST_NAMED);
        format!("not planned: {topics}: {what}: {why}")
    };
    reasons.into_iter().map(note).collect()
}
