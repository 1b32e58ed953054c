//! Writes the results of an apply to the inventory, and holds its lock.
//!
//! A removal is recorded as applied before its topic is deleted, so that no interruption can make
//! it delete another topic later, and an adopt before its topic is changed, so that no two scopes
//! change it. Everything else is recorded after it is done: after a crash in between, the next plan
//! detects and records it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ApplyOptions;
use super::readback::{self, Ids};
use super::record::{asking, elsewhere, is_settled, keep_what_is_not_applied, whose};
use super::report::{ActualState, Outcome, Outcomes, SkipReason, TopicOutcomes as Parts};
use super::unrecorded::Unrecorded;
use crate::inventory::{InventoryRecord, Lock, LockLost, Settling, Writer};
use crate::kafka::Cluster;
use crate::live::{AppliedRemoval, Inventory, Stamp};
use crate::model::Step;
use crate::model::TopicName;
use crate::plan::{Action, Change, Plan, Setting};

/// The inventory during one apply.
#[derive(Clone)]
pub struct InventoryWriter {
    pub(super) lock: Arc<Lock>,
    writer: Arc<Writer>,
    pub(super) by: String,
}

impl InventoryWriter {
    /// Creates a writer under a lock. `by` is recorded as the writer.
    pub fn new(lock: Arc<Lock>, writer: Writer, by: String) -> Self {
        Self {
            lock,
            writer: Arc::new(writer),
            by,
        }
    }

    /// Checks that the lock is still held.
    ///
    /// # Errors
    /// Returns an error if the lock is lost or its state is unknown: no further change is allowed.
    pub async fn check(&self) -> Result<(), LockLost> {
        self.lock.check().await
    }

    /// Records the removals that these deletes apply.
    ///
    /// # Errors
    /// Returns an error if they could not be recorded: no topic may be deleted then.
    pub(super) async fn spend(&self, plan: &Plan, steps: &[Step]) -> Result<(), Unrecorded> {
        let deleted: BTreeSet<&TopicName> = steps.iter().map(|step| &step.topic).collect();
        let of_removals = plan
            .changes
            .iter()
            .filter(|change| deleted.contains(&change.topic) && change.declared_at.is_some());
        let applied_removal = |change: &Change| {
            InventoryRecord::AppliedRemoval(AppliedRemoval {
                whose: whose(plan),
                topic: change.topic.clone(),
                id: change.id.clone(),
                stamp: self.stamp(plan),
            })
        };
        self.write(of_removals.map(applied_removal).collect()).await
    }

    /// Records the outcomes of a plan, and sets the outcomes of failed writes. The lock is released
    /// with the records, if there are any.
    pub(super) async fn write_down(
        &self,
        plan: &Plan,
        cluster: &Cluster,
        settings: &ApplyOptions,
        known: ApplyResults<'_>,
        outcomes: &mut Outcomes,
    ) {
        let ApplyResults {
            ids: known,
            stay,
            stopped,
        } = known;
        let made = plan.changes.iter();
        let made = made.filter(|change| change.action == Action::Create);
        let made: Vec<&Change> = made.filter(|change| happened(change, outcomes)).collect();
        let named: Vec<TopicName> = made.iter().map(|change| change.topic.clone()).collect();
        let unknown = named.iter().filter(|topic| !known.contains_key(*topic));
        let unknown: Vec<TopicName> = unknown.cloned().collect();
        let ApplyOptions {
            visible_within,
            stop,
            ..
        } = settings;
        let ids = readback::ids_of_made(cluster, &unknown, *visible_within, stop).await;
        let known = known.into_iter().map(|(topic, id)| (topic, Ok(Some(id))));
        let ids: Result<Ids, _> = ids.map(|ids| known.chain(ids).collect());
        // Another scope may have adopted a created topic before it is recorded.
        let settling = match made.is_empty() {
            true => None,
            false => Some(self.lock.settle(&asking(plan, &named)).await),
        };
        let taken = match &settling {
            None => Ok(BTreeMap::new()),
            Some(Err(lost)) => Err(Unrecorded::unsettled(lost.clone())),
            Some(Ok(settling)) => {
                let inventory = &settling.contents().inventory;
                Ok(taken(plan, &made, inventory, ids.as_ref().ok()))
            }
        };
        let seen = RecordInputs {
            ids: ids.map_err(Unrecorded::NoIds),
            taken,
            stopped,
        };
        let mut entries = Vec::new();
        let mut recorded = Vec::new();
        let open = plan.changes.iter();
        let open = open.filter(|change| !is_settled(change) && !stay.contains(&change.topic));
        for change in open {
            match self.entries(plan, change, &seen, outcomes) {
                Ok(found) if found.is_empty() => {}
                Ok(found) => {
                    recorded.push(change);
                    entries.extend(found);
                }
                Err(outcome) => put(outcomes, change, outcome),
            }
        }
        let written = self.close(settling.and_then(Result::ok), entries).await;
        for change in recorded {
            match &written {
                Err(why) => put(outcomes, change, Outcome::Unrecorded(why.clone())),
                Ok(()) if shows(change) => put(outcomes, change, Outcome::Applied),
                Ok(()) => {}
            }
        }
    }

    async fn write(&self, entries: Vec<InventoryRecord>) -> Result<(), Unrecorded> {
        if entries.is_empty() {
            return Ok(());
        }
        self.lock.check().await?;
        self.writer.write(&entries).await?;
        Ok(())
    }

    /// Writes the last records, after which the lock is not needed.
    async fn close(
        &self,
        settling: Option<Settling<'_>>,
        entries: Vec<InventoryRecord>,
    ) -> Result<(), Unrecorded> {
        if let Some(settling) = settling {
            match entries.is_empty() {
                true => settling.end().await,
                false => {
                    let closed = settling.close(&self.writer, &entries).await;
                    closed.map_err(Unrecorded::unsettled)?;
                }
            }
            return Ok(());
        }
        if entries.is_empty() {
            return Ok(());
        }
        self.lock.check().await?;
        self.lock.release_behind(&self.writer, &entries).await?;
        Ok(())
    }

    /// Returns the records of a change; empty if no part of the change was made.
    ///
    /// # Errors
    /// Returns why the change cannot be recorded.
    fn entries(
        &self,
        plan: &Plan,
        change: &Change,
        seen: &RecordInputs,
        outcomes: &Outcomes,
    ) -> Result<Vec<InventoryRecord>, Outcome> {
        let topic = &change.topic;
        if direct(change)
            && let Some(skip_reason) = seen.stopped
        {
            return Err(Outcome::Skipped(skip_reason.clone()));
        }
        if !happened(change, outcomes) {
            return Ok(Vec::new());
        }
        if change.action == Action::Create {
            seen.check_free(topic).map_err(Outcome::Unrecorded)?;
        }
        let mut entries = Vec::new();
        match &change.to_record {
            Some(wanted) => {
                let mut owned = wanted.clone();
                if change.action == Action::Create {
                    owned.id = seen.id(topic).map_err(Outcome::Unrecorded)?;
                }
                owned.stamp.by = Some(self.by.clone());
                keep_what_is_not_applied(&mut owned, change, outcomes.get(topic));
                entries.push(InventoryRecord::Owned(topic.clone(), *owned));
            }
            None if change.recorded.is_some() => {
                entries.push(InventoryRecord::Disowned(topic.clone()))
            }
            None => {}
        }
        if change
            .inventory_only()
            .any(|news| news.setting == Setting::Removal)
        {
            entries.push(InventoryRecord::AppliedRemovalGone(AppliedRemoval {
                whose: whose(plan),
                topic: topic.clone(),
                id: None,
                stamp: Stamp::default(),
            }));
        }
        Ok(entries)
    }

    fn stamp(&self, plan: &Plan) -> Stamp {
        Stamp {
            commit: plan.commit.clone(),
            by: Some(self.by.clone()),
            at_ms: None,
        }
    }
}

/// Returns the created topics that another owner has recorded meanwhile: the first owner keeps
/// them.
fn taken(
    plan: &Plan,
    made: &[&Change],
    inventory: &Inventory,
    ids: Option<&Ids>,
) -> BTreeMap<TopicName, String> {
    let us = whose(plan);
    let taken = made.iter().filter_map(|change| {
        let topic = &change.topic;
        let id = ids.and_then(|ids| ids.get(topic)?.as_ref().ok()?.as_ref());
        Some((topic.clone(), elsewhere(inventory, topic, id, &us)?))
    });
    taken.collect()
}

/// The results of all steps.
pub(super) struct ApplyResults<'a> {
    /// The ids of created topics.
    pub ids: BTreeMap<TopicName, String>,
    /// The topics that were not changed, because they are owned elsewhere.
    pub stay: BTreeSet<TopicName>,
    /// Why the apply ended early, if it did.
    pub stopped: Option<&'a SkipReason>,
}

/// The facts besides the outcomes after all steps.
struct RecordInputs<'a> {
    /// The ids of created topics.
    ids: Result<Ids, Unrecorded>,
    /// The topics that another owner has recorded meanwhile.
    taken: Result<BTreeMap<TopicName, String>, Unrecorded>,
    /// Why the apply ended early, if it did.
    stopped: Option<&'a SkipReason>,
}

impl RecordInputs<'_> {
    fn id(&self, topic: &TopicName) -> Result<Option<String>, Unrecorded> {
        let ids = self.ids.as_ref().map_err(Clone::clone)?;
        let id = ids.get(topic).cloned().unwrap_or(Ok(None));
        id.map_err(Unrecorded::NoId)
    }

    /// Checks that a topic can be recorded as owned.
    fn check_free(&self, topic: &TopicName) -> Result<(), Unrecorded> {
        let taken = self.taken.as_ref().map_err(Clone::clone)?;
        match taken.get(topic) {
            Some(owner) => Err(Unrecorded::Taken(owner.clone())),
            None => Ok(()),
        }
    }
}

/// Returns whether a change only affects the inventory.
fn direct(change: &Change) -> bool {
    matches!(
        change.action,
        Action::Adopt | Action::Release | Action::UpdateInventory
    )
}

/// Returns whether the report shows the record of a change also on success.
pub(super) fn shows(change: &Change) -> bool {
    let only = change.inventory_only().next();
    direct(change) || change.adopt || (change.action == Action::Update && only.is_some())
}

fn put(outcomes: &mut Outcomes, change: &Change, outcome: Outcome) {
    let parts = outcomes.entry(change.topic.clone()).or_default();
    parts.insert(Some(Setting::Record), outcome);
}

/// Returns whether the change to record has been made: for a create or delete, that it succeeded;
/// for an update, that a part of it succeeded and the topic exists.
fn happened(change: &Change, outcomes: &Outcomes) -> bool {
    let parts = outcomes.get(&change.topic);
    let done = |outcome: &Outcome| matches!(outcome, Outcome::Applied | Outcome::AlreadyApplied);
    match change.action {
        Action::Create | Action::Delete => {
            parts.and_then(|parts| parts.get(&None)).is_some_and(done)
        }
        Action::Update => {
            // Its record was settled before.
            let all = || {
                let all = parts.into_iter().flat_map(Parts::iter);
                let all = all.filter(|(setting, _)| **setting != Some(Setting::Record));
                all.map(|(_, outcome)| outcome)
            };
            let gone =
                |outcome: &Outcome| matches!(outcome, Outcome::NotEffective(ActualState::Nothing));
            let tried = |outcome: &Outcome| !matches!(outcome, Outcome::Skipped(_));
            all().any(tried) && !all().any(gone)
        }
        Action::Adopt | Action::Release | Action::UpdateInventory => true,
    }
}
