//! What the topics of running instances should be, by the lifecycles in the files.

use std::collections::BTreeMap;

use super::ownership::InventoryView;
use super::{ExternalChange, MissingInstanceTopic};
use crate::desired::{Desired, Topic};
use crate::live::{Instance, Live, LiveTopic, is_another};
use crate::model::TopicName;

/// What the instances that run should have.
#[derive(Debug, Default)]
pub(super) struct InstanceTopics<'a> {
    /// Their topics, as recorded, and what the files say of each.
    topics: BTreeMap<&'a TopicName, (&'a Instance, &'a Topic)>,
    /// Why the topics of an instance are not compared.
    pub(super) unclear: Vec<String>,
}

pub(super) fn wanted<'a>(
    desired: &'a Desired,
    inventory_view: Option<&InventoryView<'a>>,
) -> InstanceTopics<'a> {
    let mut wanted = InstanceTopics::default();
    for instance in inventory_view.into_iter().flat_map(InventoryView::running) {
        let Some(lifecycle) = desired.lifecycles.get(instance.lifecycle.as_str()) else {
            continue;
        };
        match lifecycle.topics_of(&instance.parameters) {
            Ok(topics) => {
                let recorded = |(name, topic): (TopicName, &'a Topic)| {
                    let (name, _) = instance.topics.get_key_value(&name)?;
                    Some((name, (instance, topic)))
                };
                wanted
                    .topics
                    .extend(topics.into_iter().filter_map(recorded));
            }
            Err(why) => {
                let what = in_words(instance);
                wanted
                    .unclear
                    .push(format!("the topics of {what} are not compared: {why}"));
            }
        }
    }
    wanted
}

impl<'a> InstanceTopics<'a> {
    /// What a live topic should be, unless it was deleted and made again by somebody else.
    pub(super) fn topic(&self, name: &TopicName, found: Option<&LiveTopic>) -> Option<&'a Topic> {
        let (instance, topic) = self.topics.get(name)?;
        let recorded = instance.topics.get(name)?;
        let another = found.is_some_and(|found| is_another(recorded.as_ref(), found.id.as_ref()));
        (!another).then_some(topic)
    }

    /// The topics that are not there any more, or were made again by somebody else, by name.
    pub(super) fn lost(&self, live: &Live) -> Vec<MissingInstanceTopic> {
        let lost = self.topics.iter().filter_map(|(name, (instance, topic))| {
            let recorded = instance.topics.get(*name)?;
            let external_change = match live.topics.get(*name) {
                None => ExternalChange::Deleted,
                Some(found) if is_another(recorded.as_ref(), found.id.as_ref()) => {
                    ExternalChange::Recreated
                }
                Some(_) => return None,
            };
            Some(MissingInstanceTopic {
                topic: (*name).clone(),
                instance: in_words(instance),
                external_change,
                declared_at: topic.declared_at.clone(),
            })
        });
        lost.collect()
    }
}

/// `instance video-task task_id=abc`
pub fn in_words(instance: &Instance) -> String {
    let mut words = format!("instance {}", instance.lifecycle);
    for (name, value) in &instance.parameters {
        words.push_str(&format!(" {name}={value}"));
    }
    words
}
