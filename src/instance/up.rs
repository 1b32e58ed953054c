//! `instance up`: creates an instance's topics, or those that are missing.

use std::collections::BTreeMap;
use std::time::Duration;

use super::report::{InstanceFailure, InstanceOutcome, InstanceState};
use super::site::{InstanceError, Site, Taken, TopicPresence};
use super::{InstanceId, belongs};
use crate::apply::{self, Event, OutcomeKind};
use crate::inventory::{self, Holder, Lock, LockLost, Writer};
use crate::kafka::{FaultKind, Mode, NewTopic};
use crate::live::{Instance, Inventory};
use crate::model::TopicName;

/// Maximum time for which brokers may disagree about existing topics.
const SHOWN_WITHIN: Duration = Duration::from_secs(5);

/// The instance to start.
#[derive(Debug, Clone)]
pub struct InstanceSpec {
    /// The identity.
    pub id: InstanceId,
    /// The topics.
    pub topics: BTreeMap<TopicName, NewTopic>,
    /// The time from its end to the deletion of its topics, in ms.
    pub delete_after_ms: u64,
    /// The maximum age, in ms.
    pub max_age_ms: Option<u64>,
}

/// Starts an instance under its lock. `waiting` receives the current holder of the lock.
///
/// # Errors
/// Nothing was created: a name is taken, the cluster rejects a topic, or something could not be
/// read.
pub async fn up(
    site: &Site<'_>,
    wanted: &InstanceSpec,
    waiting: impl FnMut(&Holder),
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<InstanceOutcome, InstanceError> {
    let named: Vec<TopicName> = wanted.topics.keys().cloned().collect();
    if site.contents(&named).await?.is_none() {
        let brokers = site.cluster.metadata().await?.brokers.len();
        inventory::create(site.cluster, site.inventory, brokers).await?;
    }
    let lock = site.lock(&wanted.id, site.lock_timeout, waiting).await?;
    let done = Up {
        site,
        wanted,
        lock: &lock,
    }
    .run(events)
    .await;
    // If the release fails, the lock expires.
    let _ = lock.release().await;
    done
}

/// Why an instance was not recorded.
enum Unsettled {
    /// A name has been taken.
    Refused(InstanceError),
    /// The lock is lost, or the result is unknown.
    LockLost(LockLost),
}

impl From<LockLost> for Unsettled {
    fn from(lost: LockLost) -> Self {
        Unsettled::LockLost(lost)
    }
}

/// A running `up` that holds the instance's lock.
struct Up<'a> {
    site: &'a Site<'a>,
    wanted: &'a InstanceSpec,
    lock: &'a Lock,
}

impl Up<'_> {
    async fn run(
        &self,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<InstanceOutcome, InstanceError> {
        let (site, id) = (self.site, &self.wanted.id);
        let names: Vec<TopicName> = self.wanted.topics.keys().cloned().collect();
        let contents = site.contents(&names).await?.unwrap_or_default();
        let before = id.recorded(&site.whose, &contents.inventory.instances);
        let seen = site.look(&names).await?;
        self.check_names(&contents.inventory, before, &seen)?;

        let missing = self.missing(before, &seen);
        let (instance, state) = self.to_record(before, &missing);
        let mut entry = InstanceOutcome::new(id.clone(), Some(instance), state);
        if before == entry.instance.as_ref() && missing.is_empty() {
            return Ok(entry);
        }
        self.ask(&missing, &seen).await?;
        let writer = Writer::open(site.cluster, site.inventory).await?;
        if let Err(error) = self.record(&mut entry, &names, &seen).await {
            match error {
                Unsettled::Refused(error) => return Err(error),
                Unsettled::LockLost(LockLost::Unknown(error)) => {
                    entry.trouble = Some(InstanceFailure::of_record(error)?);
                }
                Unsettled::LockLost(lost) => entry.trouble = Some(lost.into()),
            }
            entry.state = InstanceState::Incomplete;
            return Ok(entry);
        }
        if let Err(lost) = self.lock.check().await {
            entry.trouble = Some(lost.into());
            entry.state = InstanceState::Incomplete;
            return Ok(entry);
        }
        entry.topics = apply::direct::create(site.cluster, missing, site.settings, events).await;
        self.record_outcome(&mut entry, before, &writer).await;
        Ok(entry)
    }

    /// Checks that the names are free or this instance's own.
    fn check_names(
        &self,
        inventory: &Inventory,
        before: Option<&Instance>,
        seen: &BTreeMap<TopicName, TopicPresence>,
    ) -> Result<(), InstanceError> {
        for topic in self.wanted.topics.keys() {
            let recorded = before.and_then(|before| before.topics.get(topic));
            let taken = match (seen.get(topic), recorded) {
                _ if inventory.topics.contains_key(topic) => {
                    Some(Taken::Scope(inventory.topics[topic].whose.clone()))
                }
                (Some(TopicPresence::Unseen(fault)), _) => {
                    return Err(InstanceError::Unseen {
                        topic: topic.clone(),
                        fault: fault.clone(),
                    });
                }
                (Some(TopicPresence::There { id: Some(id), .. }), Some(Some(own))) if id != own => {
                    Some(Taken::MadeAgain)
                }
                (Some(TopicPresence::There { .. }), None)
                    if self.other(inventory, topic).is_none() =>
                {
                    Some(Taken::Nobody)
                }
                _ => self.other(inventory, topic).map(Taken::Instance),
            };
            if let Some(taken) = taken {
                let topic = topic.clone();
                return Err(InstanceError::Taken { topic, taken });
            }
        }
        Ok(())
    }

    /// Returns another instance with this topic.
    fn other(&self, inventory: &Inventory, topic: &TopicName) -> Option<InstanceId> {
        let is_this = |one: &Instance| {
            belongs(one, &self.site.whose) && InstanceId::of(one) == self.wanted.id
        };
        let mut instances = inventory.instances.iter();
        let other = instances.find(|one| one.topics.contains_key(topic) && !is_this(one));
        other.map(InstanceId::of)
    }

    /// Returns the topics to create. They include an existing topic from an `up` that was killed
    /// before it recorded the id: only the result of creating it shows whether it is as declared.
    fn missing(
        &self,
        before: Option<&Instance>,
        seen: &BTreeMap<TopicName, TopicPresence>,
    ) -> Vec<NewTopic> {
        let is_there = |topic: &TopicName| match seen.get(topic) {
            Some(TopicPresence::There { id, .. }) => {
                let own = before.and_then(|before| before.topics.get(topic));
                own.is_some_and(|own| own.is_some() || id.is_none())
            }
            _ => false,
        };
        let missing = self
            .wanted
            .topics
            .iter()
            .filter(|(name, _)| !is_there(name));
        missing.map(|(_, topic)| topic.clone()).collect()
    }

    /// Returns the record to write before creating topics.
    fn to_record(
        &self,
        before: Option<&Instance>,
        missing: &[NewTopic],
    ) -> (Instance, InstanceState) {
        let now_ms = self.lock.now().now_ms();
        let is_over = |before: &Instance| {
            before.ended_ms.is_some() || before.over_at_ms().is_some_and(|at| at <= now_ms)
        };
        let (mut instance, state) = match before {
            Some(before) if is_over(before) => (before.clone(), InstanceState::UpAgain),
            Some(before) => (before.clone(), InstanceState::Up),
            None => (Instance::default(), InstanceState::Started),
        };
        if state != InstanceState::Up {
            instance.started_ms = now_ms;
        }
        instance.whose = self.site.whose.clone();
        instance.lifecycle = self.wanted.id.lifecycle.clone();
        instance.parameters = self.wanted.id.parameters.clone();
        instance.ended_ms = None;
        instance.delete_after_ms = self.wanted.delete_after_ms;
        instance.max_age_ms = self.wanted.max_age_ms;
        for topic in missing {
            instance.topics.insert(topic.name.clone(), None);
        }
        (instance, state)
    }

    /// Validates the new topics on the cluster before recording them. Without a response, the
    /// actual create reports the problem.
    async fn ask(
        &self,
        missing: &[NewTopic],
        seen: &BTreeMap<TopicName, TopicPresence>,
    ) -> Result<(), InstanceError> {
        let absent = |topic: &&NewTopic| seen.get(&topic.name) == Some(&TopicPresence::Missing);
        let topics: Vec<NewTopic> = missing.iter().filter(absent).cloned().collect();
        let answers = self.site.cluster.create_topics(&topics, Mode::ValidateOnly);
        let Ok(answers) = answers.await else {
            return Ok(());
        };
        for (topic, answer) in topics.into_iter().zip(answers) {
            let Err(fault) = answer else { continue };
            if matches!(
                fault.kind(),
                FaultKind::NotAuthorised | FaultKind::Permanent
            ) {
                let topic = topic.name;
                return Err(InstanceError::Refused { topic, fault });
            }
        }
        Ok(())
    }

    /// Records the instance if the names are still free; no other process can take them
    /// concurrently.
    async fn record(
        &self,
        entry: &mut InstanceOutcome,
        names: &[TopicName],
        seen: &BTreeMap<TopicName, TopicPresence>,
    ) -> Result<(), Unsettled> {
        let Some(instance) = &mut entry.instance else {
            return Ok(());
        };
        let site = self.site;
        let settling = self.lock.settle(&site.asking(names)).await?;
        let inventory = &settling.contents().inventory;
        let before = self.wanted.id.recorded(&site.whose, &inventory.instances);
        if let Err(taken) = self.check_names(inventory, before, seen) {
            settling.end().await;
            return Err(Unsettled::Refused(taken));
        }
        instance.stamp = self.site.stamp.clone();
        let record = match entry.state {
            InstanceState::Up => inventory::InventoryRecord::Instance(instance.clone()),
            _ => inventory::InventoryRecord::Started(instance.clone()),
        };
        let at_ms = settling.record(&[record]).await?;
        if let (Some(at_ms), true) = (at_ms, entry.state != InstanceState::Up) {
            instance.started_ms = at_ms;
        }
        Ok(())
    }

    /// Records the outcome: the topics' ids, or the previous record if none of the topics may have
    /// been created.
    async fn record_outcome(
        &self,
        entry: &mut InstanceOutcome,
        before: Option<&Instance>,
        writer: &Writer,
    ) {
        let failed = entry.failed();
        let Some(instance) = &mut entry.instance else {
            return;
        };
        let none_made = |topic: &apply::ReportEntry| {
            matches!(topic.kind(), OutcomeKind::Failed | OutcomeKind::Skipped)
        };
        let record = match (failed, before) {
            (true, Some(before)) if entry.topics.iter().all(none_made) => {
                *instance = before.clone();
                inventory::InventoryRecord::Instance(before.clone())
            }
            (true, None) if entry.topics.iter().all(none_made) => {
                inventory::InventoryRecord::InstanceGone(instance.clone())
            }
            _ => {
                match self.learn_ids(instance).await {
                    // A topic that was not created, which is already reported.
                    Err(InstanceFailure::NoId(..)) if failed => {}
                    Err(error) => entry.trouble = Some(error),
                    Ok(()) => {}
                }
                inventory::InventoryRecord::Instance(instance.clone())
            }
        };
        if let Err(error) = writer.write(&[record]).await {
            entry.trouble = Some(InstanceFailure::Unrecorded(error));
        }
        if entry.failed() {
            entry.state = InstanceState::Incomplete;
        }
    }

    /// Adds the ids of visible topics, polling for a while for those that are known to exist.
    async fn learn_ids(&self, instance: &mut Instance) -> Result<(), InstanceFailure> {
        let unknown = instance.topics.iter().filter(|(_, id)| id.is_none());
        let names: Vec<TopicName> = unknown.map(|(name, _)| name.clone()).collect();
        let stop = &self.site.settings.stop;
        let ids = apply::ids_of_made(self.site.cluster, &names, SHOWN_WITHIN, stop).await;
        let mut all_known = Ok(());
        for (name, id) in ids.map_err(InstanceFailure::NoIds)? {
            match id {
                Ok(id) => drop(instance.topics.insert(name, id)),
                Err(fault) => all_known = Err(InstanceFailure::NoId(name, fault)),
            }
        }
        all_known
    }
}
