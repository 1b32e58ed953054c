//! What differs, taken from a plan: its changes and what it holds back, read as facts.

use std::collections::BTreeMap;

use crate::desired::Desired;
use crate::live::Live;
use crate::model::{ConfigKey, Place, TopicName};
use crate::plan::{Action, Blocked, Change, ConfigAction, ConfigChange, Plan, Subject};

/// One topic that is not what the files say.
#[derive(Debug)]
pub(super) struct Drifted<'a> {
    pub topic: &'a TopicName,
    pub state: State,
    pub declared_at: Option<&'a Place>,
    pub differences: Vec<Difference<'a>>,
}

/// In what way a topic is not what the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is not there.
    Missing,
    /// Settings differ.
    Differs,
    /// A tombstone says that it should be gone.
    Unwanted,
}

/// One setting that is not what the files say.
#[derive(Debug)]
pub(super) struct Difference<'a> {
    pub subject: Subject,
    pub kind: Kind,
    pub live: Option<String>,
    pub wanted: Option<String>,
    pub declared_at: Option<&'a Place>,
}

/// In what way a setting is not what the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It has another value.
    Value,
    /// Its value is right, but it comes from a broker: the topic does not hold it.
    NotHeld,
    /// The topic holds it, and no file sets it.
    Undeclared,
}

/// The topics that differ, by name.
pub(super) fn drifted<'a>(
    plan: &'a Plan,
    desired: &'a Desired,
    live: &'a Live,
) -> Vec<Drifted<'a>> {
    let mut topics: BTreeMap<&TopicName, Drifted<'a>> = BTreeMap::new();
    for change in &plan.changes {
        topics.insert(&change.topic, of_change(change));
    }
    for blocked in &plan.blocked {
        let drifted = topics.entry(&blocked.topic).or_insert_with(|| Drifted {
            topic: &blocked.topic,
            state: State::Differs,
            declared_at: desired.topics.get(&blocked.topic).map(|t| &t.declared_at),
            differences: Vec::new(),
        });
        drifted
            .differences
            .extend(of_blocked(blocked, desired, live));
        drifted
            .differences
            .sort_by(|a, b| a.subject.cmp(&b.subject));
    }
    topics.into_values().collect()
}

fn of_change(change: &Change) -> Drifted<'_> {
    let (state, differences) = match change.action {
        Action::Create => (State::Missing, Vec::new()),
        Action::Delete => (State::Unwanted, Vec::new()),
        Action::Update | Action::Adopt | Action::Release | Action::Record => {
            (State::Differs, of_update(change))
        }
    };
    Drifted {
        topic: &change.topic,
        state,
        declared_at: change.declared_at.as_ref(),
        differences,
    }
}

fn of_update(change: &Change) -> Vec<Difference<'_>> {
    let partitions = change.partitions.iter().map(|count| Difference {
        subject: Subject::Partitions,
        kind: Kind::Value,
        live: count.from.map(|from| from.to_string()),
        wanted: count.to.map(|to| to.to_string()),
        declared_at: count.declared_at.as_ref(),
    });
    partitions
        .chain(change.config.iter().map(of_config))
        .collect()
}

fn of_config(config: &ConfigChange) -> Difference<'_> {
    Difference {
        subject: Subject::Config(config.key.clone()),
        kind: match config.action {
            ConfigAction::Set => Kind::Value,
            ConfigAction::Pin => Kind::NotHeld,
            ConfigAction::Reset => Kind::Undeclared,
        },
        live: config.from.clone(),
        wanted: config.to.clone(),
        declared_at: config.declared_at.as_ref(),
    }
}

/// What is held back differs all the same: the values are those of the files and of the cluster.
fn of_blocked<'a>(blocked: &Blocked, desired: &'a Desired, live: &Live) -> Vec<Difference<'a>> {
    let (Some(wanted), Some(found)) = (
        desired.topics.get(&blocked.topic),
        live.topics.get(&blocked.topic),
    ) else {
        return Vec::new();
    };
    let count = |subject, live: String, wanted: &'a crate::model::Sourced<u32>| Difference {
        subject,
        kind: Kind::Value,
        live: Some(live),
        wanted: Some(wanted.value.to_string()),
        declared_at: Some(&wanted.place),
    };
    let config = |key: &ConfigKey| {
        let wanted = wanted.config.get(key);
        let held = found.config.as_ref().and_then(|config| config.get(key));
        let behind = || {
            live.default_for(&blocked.topic, key)
                .map(|d| d.value.clone())
        };
        Difference {
            subject: Subject::Config(key.clone()),
            kind: if wanted.is_some() {
                Kind::Value
            } else {
                Kind::Undeclared
            },
            live: held.cloned().or_else(behind),
            wanted: wanted.map(|value| value.value.to_string()),
            declared_at: wanted.map(|value| &value.place),
        }
    };
    let itself = match &blocked.subject {
        Subject::Topic | Subject::Record => None,
        Subject::Partitions => Some(count(
            Subject::Partitions,
            found.partitions.to_string(),
            &wanted.partitions,
        )),
        Subject::ReplicationFactor => Some(count(
            Subject::ReplicationFactor,
            found.replication_factor.to_string(),
            &wanted.replication_factor,
        )),
        Subject::Config(key) => Some(config(key)),
    };
    let waiting = blocked.holds_back.iter().map(config);
    itself.into_iter().chain(waiting).collect()
}
