//! `instance up`: an instance's topics are made, or what is missing of them.

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

/// How long brokers may differ about topics that were seen.
const SHOWN_WITHIN: Duration = Duration::from_secs(5);

/// An instance that is to be up.
#[derive(Debug, Clone)]
pub struct InstanceSpec {
    /// Which.
    pub id: InstanceId,
    /// Its topics.
    pub topics: BTreeMap<TopicName, NewTopic>,
    /// How long after its end they are deleted.
    pub delete_after_ms: u64,
    /// The age at which it ends by itself.
    pub max_age_ms: Option<u64>,
}

/// Brings an instance up, and gives it back its lock. `waiting` hears who is at work on it.
///
/// # Errors
/// Nothing was done: a name is taken, the cluster refuses, or something could not be read.
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
    // Where it cannot be given back, it runs out by itself.
    let _ = lock.release().await;
    done
}

/// Why an instance is not recorded.
enum Unsettled {
    /// A name is taken by now.
    Refused(InstanceError),
    /// It could not be, or it is not known.
    LockLost(LockLost),
}

impl From<LockLost> for Unsettled {
    fn from(lost: LockLost) -> Self {
        Unsettled::LockLost(lost)
    }
}

/// An `up` that holds the lock of its instance.
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

    /// Whether the names are free, or this instance's own.
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

    /// Another instance that has a topic of this name.
    fn other(&self, inventory: &Inventory, topic: &TopicName) -> Option<InstanceId> {
        let is_this = |one: &Instance| {
            belongs(one, &self.site.whose) && InstanceId::of(one) == self.wanted.id
        };
        let mut instances = inventory.instances.iter();
        let other = instances.find(|one| one.topics.contains_key(topic) && !is_this(one));
        other.map(InstanceId::of)
    }

    /// The topics that are to be made. One that is there, recorded by an `up` that was killed before
    /// it knew the id, is among them: only what its create comes to tells whether it is as wanted.
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

    /// What is to be recorded before anything is made.
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

    /// Asks the cluster what it has against the topics, before anything is recorded. Where it gives
    /// no answer, creating them does.
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

    /// Records the instance, where the names are free still: nobody else can take them meanwhile.
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

    /// Records what the topics came to: their ids; or, where none of them may have been made, what
    /// was recorded before.
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
                    // One that was not made, which is said already.
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

    /// Fills in the ids of the topics that show, looking again for a while at those that are known
    /// to be there.
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
