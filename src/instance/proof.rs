//! Proof that an instance created a topic. A principal with write access to the inventory can forge
//! any record of an instance, and could have a sweep delete topics that it may not delete itself,
//! so records alone are not trusted.
//!
//! Kafka does not return a topic's creation time and stores no mark on it. A writer of the
//! inventory cannot forge the configuration: the names that a lifecycle derives from the instance's
//! parameters. Without topics files, the proof is the topic's id, and that the topic has no records
//! older than the instance.

use std::collections::{BTreeMap, BTreeSet};

use super::InstanceId;
use crate::desired::{Desired, Environment};
use crate::kafka::{Cluster, OffsetAt};
use crate::live::Instance;
use crate::model::TopicName;
use crate::model::text::escape;
use crate::model::time::utc;

/// Maximum time by which a producer's clock may be behind the brokers', in ms.
const SKEW_MS: i64 = 60_000;

/// The inputs of the proof.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The environment.
    pub environment: &'a Environment,
    /// The configuration; `None` if there are no topics files.
    pub desired: Option<&'a Desired>,
    /// The owner of the instances.
    pub scope: &'a str,
}

/// The timestamp of each topic's oldest record, or why it is unknown.
pub(super) type Oldest = BTreeMap<TopicName, Result<Option<i64>, String>>;

impl Proof<'_> {
    /// Returns why no instance may delete a topic, whatever its record contains.
    pub(super) fn forbids(&self, topic: &TopicName) -> Option<&'static str> {
        let limits = self.environment.scopes.get(self.scope);
        let is_listed = |desired: &Desired| {
            desired.topics.contains_key(topic) || desired.removed.contains_key(topic)
        };
        if topic.is_internal() || *topic == self.environment.inventory.topic {
            Some("it is Kafka's or the inventory")
        } else if self.environment.ignores(topic) {
            Some("it is ignored here")
        } else if limits.is_some_and(|limits| !limits.topics.matches(topic.as_str())) {
            Some("it is outside of the scope's topics")
        } else if self.desired.is_some_and(is_listed) {
            Some("the files list it")
        } else {
            None
        }
    }

    /// Returns an instance's topics by the configuration; `None` without topics files. Empty if the
    /// lifecycle is not declared.
    pub(super) fn names(&self, id: &InstanceId) -> Option<BTreeSet<TopicName>> {
        let lifecycle = self.desired?.lifecycle(&id.lifecycle).ok();
        let topics = lifecycle.and_then(|lifecycle| lifecycle.topics_of(&id.parameters).ok());
        Some(topics.into_iter().flatten().map(|(name, _)| name).collect())
    }

    /// Reads the oldest records of topics, each with its number of partitions. With topics files,
    /// only topics in `without_id` are read: configuration and id prove the others.
    pub(super) async fn oldest(
        &self,
        cluster: &Cluster,
        topics: &BTreeMap<TopicName, u32>,
        without_id: &BTreeSet<TopicName>,
    ) -> Oldest {
        let is_asked = |topic: &TopicName| self.desired.is_none() || without_id.contains(topic);
        let asked = topics.iter().filter(|(topic, _)| is_asked(topic));
        let partitions = asked.flat_map(|(topic, count)| {
            let numbers = 0..i32::try_from(*count).unwrap_or(i32::MAX);
            numbers.map(|number| (topic.clone(), number))
        });
        let partitions: Vec<(TopicName, i32)> = partitions.collect();
        if partitions.is_empty() {
            return Oldest::new();
        }
        let found = cluster.offsets(&partitions, OffsetAt::Since(0)).await;
        let mut oldest = Oldest::new();
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                let why = error.to_string();
                let unseen = topics.keys().map(|topic| (topic.clone(), Err(why.clone())));
                return unseen.collect();
            }
        };
        for ((topic, _), found) in found {
            let at = match found {
                Ok(found) => Ok(Some(found.timestamp).filter(|_| found.offset >= 0)),
                Err(fault) => Err(fault.to_string()),
            };
            let so_far = oldest.remove(&topic).unwrap_or(Ok(None));
            let older = match (so_far, at) {
                (Err(why), _) | (_, Err(why)) => Err(why),
                (Ok(a), Ok(b)) => Ok([a, b].into_iter().flatten().min()),
            };
            oldest.insert(topic, older);
        }
        oldest
    }
}

/// Returns why it is unproven that an instance created an existing topic, identified by its id.
pub(super) fn unproven(
    instance: &Instance,
    names: Option<&BTreeSet<TopicName>>,
    oldest: &Oldest,
    (topic, recorded, live): (&TopicName, Option<&String>, Option<&String>),
) -> Option<String> {
    if let Some(names) = names {
        let lifecycle = escape(&instance.lifecycle);
        if !names.contains(topic) {
            return Some(format!(
                "lifecycle {lifecycle} in the files makes no such topic of these parameters"
            ));
        }
        // An `up` that ended before it recorded the id leaves an empty topic. A topic with records
        // may have been created by anyone since.
        return match (recorded, live, oldest.get(topic)) {
            (Some(_), ..) | (_, None, _) | (.., Some(Ok(None))) => None,
            (.., Some(Err(why))) => Some(format!("its oldest record cannot be seen: {why}")),
            (.., Some(Ok(Some(_))) | None) => {
                Some("its id is not recorded, and it holds records".to_owned())
            }
        };
    }
    if recorded.is_none() && live.is_some() {
        return Some("its id is not recorded, and there are no topics files".to_owned());
    }
    match oldest.get(topic) {
        Some(Ok(Some(at))) if at.saturating_add(SKEW_MS) < instance.started_ms => Some(format!(
            "it holds a record of {}, before the instance was started",
            utc(*at)
        )),
        Some(Err(why)) => Some(format!("its oldest record cannot be seen: {why}")),
        _ => None,
    }
}
