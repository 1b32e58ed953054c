//! How files and cluster agree about each topic, in a word: a plan, read topic by topic.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Plan};
use crate::desired::Desired;
use crate::model::{BlockCode, Globs, TopicName};

/// How files and cluster agree about a topic.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    clap::ValueEnum,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum TopicState {
    /// It is as the files say.
    InSync,
    /// It is live and listed, and differs.
    Differs,
    /// It is listed and not live.
    Missing,
    /// It is listed, and this principal is not authorized to see what it is compared with.
    NotSeen,
    /// It is live, and no file names it.
    Unlisted,
    /// It is live, and a removal names it, or it left the files and is to be deleted.
    Removed,
    /// It is live, listed and as the files say, and nobody owns it yet.
    NotOwned,
    /// It is owned and left the files, and is to stay.
    Released,
    /// Another scope or environment owns it, or an instance.
    OwnedElsewhere,
    /// It differs, and a hold keeps it so.
    Held,
}

/// The topics of an environment and of its cluster, each with how it stands. `plan` says so, and
/// must be made of the same files and the same cluster.
pub fn states<'a>(
    desired: &'a Desired,
    plan: &'a Plan,
    only: &Globs,
) -> BTreeMap<&'a TopicName, TopicState> {
    let listed = desired.topics.keys();
    let listed = listed.filter(|topic| only.is_empty() || only.matches(topic.as_str()));
    let is_unseen = |topic: &TopicName| plan.not_visible.binary_search(topic).is_ok();
    let state = |topic: &TopicName| match is_unseen(topic) {
        true => TopicState::NotSeen,
        false => TopicState::InSync,
    };
    let mut states: BTreeMap<&TopicName, TopicState> = listed.map(|t| (t, state(t))).collect();
    states.extend(
        plan.unlisted
            .iter()
            .map(|topic| (topic, TopicState::Unlisted)),
    );
    states.extend(
        plan.theirs
            .iter()
            .map(|theirs| (&theirs.topic, TopicState::OwnedElsewhere)),
    );
    states.extend(plan.blocked.iter().map(|blocked| {
        let state = match blocked.code {
            _ if is_unseen(&blocked.topic) => TopicState::NotSeen,
            BlockCode::OwnedElsewhere => TopicState::OwnedElsewhere,
            _ => TopicState::Differs,
        };
        (&blocked.topic, state)
    }));
    let held = plan.held.iter();
    let held = held.filter(|held| held.change.is_some() || !held.blocked.is_empty());
    states.extend(held.map(|held| (&held.topic, TopicState::Held)));
    // A change of the topic says more than what is blocked of it, and so comes last.
    for change in &plan.changes {
        let state = match change.action {
            Action::Create => TopicState::Missing,
            Action::Update => TopicState::Differs,
            Action::Delete => TopicState::Removed,
            Action::Release => TopicState::Released,
            Action::Adopt if states.get(&change.topic) == Some(&TopicState::InSync) => {
                TopicState::NotOwned
            }
            Action::Adopt | Action::UpdateInventory => continue,
        };
        states.insert(&change.topic, state);
    }
    states
}
