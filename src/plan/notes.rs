//! What a plan could not look at, and what else a reader should know.

mod ownership;
mod unseen;

use std::collections::BTreeMap;

pub(super) use unseen::of as unseen;

use super::verdict::Table;
use super::{Action, Change, Plan, Setting, risks};
use crate::desired::Desired;
use crate::live::{Live, Unknown, Unread};
use crate::model::TopicName;
use crate::model::text::{count, names};

/// One cause can keep a thousand topics from being read.
const MOST_UNKNOWN: usize = 10;

/// The notes of a plan that is otherwise made.
pub(super) fn of(
    desired: &Desired,
    live: &Live,
    plan: &Plan,
    table: &Table,
    wanted: impl Fn(&TopicName) -> bool + Copy,
) -> Vec<String> {
    unknown(live, plan)
        .into_iter()
        .chain(too_few_brokers(plan))
        .chain(writes_stopped(desired, live, plan, wanted))
        .chain(unlisted_fail(desired, plan))
        .chain(ownership::of(desired, live, (plan, table), wanted))
        .collect()
}

/// What the cluster did not tell.
fn unknown(live: &Live, plan: &Plan) -> Vec<String> {
    // What is not visible has notes, or findings, of its own.
    let is_noted = |unknown: &&Unknown| match &unknown.what {
        Unread::TopicExistence(_) => false,
        Unread::TopicConfigs(topic) => plan.not_visible.binary_search(topic).is_err(),
        Unread::Topic(_)
        | Unread::TopicId(_)
        | Unread::BrokerDefaults
        | Unread::InventoryRecord => true,
    };
    let all: Vec<&Unknown> = live.unknown.iter().filter(is_noted).collect();
    let first = all.iter().take(MOST_UNKNOWN);
    let note = |unknown: &&Unknown| format!("{} could not be read: {}", unknown.what, unknown.why);
    let mut notes: Vec<String> = first.map(note).collect();
    let more = all.len() - notes.len();
    if more > 0 {
        notes.push(format!("{more} more could not be read"));
    }
    notes
}

/// New topics that ask for more replicas than there are brokers.
fn too_few_brokers(plan: &Plan) -> Option<String> {
    let brokers = plan.cluster.brokers;
    let creates = plan.changes.iter().filter(|c| c.action == Action::Create);
    let beyond = creates.filter(|change| {
        let factor = change.setting(&Setting::ReplicationFactor);
        let replicas = factor.and_then(|factor| factor.to()?.number());
        replicas.is_some_and(|replicas| u64::from(replicas) > brokers as u64)
    });
    let topics: Vec<&TopicName> = beyond.map(|change| &change.topic).collect();
    (brokers > 0 && !topics.is_empty()).then(|| {
        format!(
            "{} to create {} more replicas than the {} that {} up: {}",
            count(topics.len(), "topic"),
            if topics.len() == 1 {
                "asks for"
            } else {
                "ask for"
            },
            count(brokers, "broker"),
            if brokers == 1 { "is" } else { "are" },
            names(&topics, 10)
        )
    })
}

/// Listed topics that reject every acks=all write, whether they change or not. Of those that are
/// created or adopted it is a risk.
fn writes_stopped(
    desired: &Desired,
    live: &Live,
    plan: &Plan,
    wanted: impl Fn(&TopicName) -> bool,
) -> Option<String> {
    let changes: BTreeMap<&TopicName, &Change> = plan
        .changes
        .iter()
        .map(|change| (&change.topic, change))
        .collect();
    let is_stopped = |name: &&TopicName| {
        let Some(found) = live.topics.get(*name) else {
            return false;
        };
        let change = changes.get(*name);
        let settings = change.map_or(&[][..], |change| &change.settings);
        let is_new = change.is_some_and(|change| change.adopt);
        !is_new && risks::of_state(found, &live.broker_defaults, settings).is_some()
    };
    let listed = desired.topics.keys().filter(|name| wanted(name));
    let topics: Vec<&TopicName> = listed.filter(is_stopped).collect();
    (!topics.is_empty()).then(|| {
        format!(
            "{} no acks=all write, with fewer replicas than min.insync.replicas: {}",
            match topics.len() {
                1 => "1 topic accepts".to_owned(),
                many => format!("{many} topics accept"),
            },
            names(&topics, 10)
        )
    })
}

fn unlisted_fail(desired: &Desired, plan: &Plan) -> Option<String> {
    let fail = desired.environment.guards.fail_on_unlisted && !plan.unlisted.is_empty();
    fail.then(|| {
        format!(
            "{} in no file, and guards.unlisted = \"fail\" asks that there be none",
            match plan.unlisted.len() {
                1 => "1 topic is".to_owned(),
                many => format!("{many} topics are"),
            }
        )
    })
}

#[cfg(test)]
mod tests {
    use crate::live::{Unknown, Unread};
    use crate::plan::{Options, make};
    use crate::testing::{desired, found, live, topic};

    #[test]
    fn what_was_not_read_or_will_not_do_is_said() {
        let mut unread = found(3, 3, &[]);
        unread.config = None;
        let mut desired = desired([
            ("new", topic(3, 5, &[])),
            ("unread", topic(3, 3, &[("retention.ms", "1")])),
        ]);
        desired.environment.guards.fail_on_unlisted = true;
        let mut live = live([("stray", unread.clone()), ("unread", unread)]);
        live.unknown.push(Unknown {
            what: Unread::BrokerDefaults,
            why: "Cluster authorization failed.".to_owned(),
        });
        let plan = make(&desired, &live, &Options::default());
        assert_eq!(
            plan.notes,
            [
                "broker defaults could not be read: Cluster authorization failed.",
                "1 topic to create asks for more replicas than the 3 brokers that are up: new",
                "1 topic is in no file, and guards.unlisted = \"fail\" asks that there be none",
                "not planned: unread: its configs are not visible: they were not read",
            ]
        );
        assert_eq!(
            (plan.unchanged, plan.not_visible),
            (0, vec!["unread".into()])
        );
        live.brokers.clear();
        let plan = make(&desired, &live, &Options::default());
        assert_eq!(plan.notes.len(), 3);
        live.unknown = vec![live.unknown[0].clone(); 13];
        let plan = make(&desired, &live, &Options::default());
        assert_eq!(plan.notes[10], "3 more could not be read");
    }
}
