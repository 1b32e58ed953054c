//! Settles ownership before the first change: an adopted topic is recorded before anything else is
//! done, and a topic recorded by another owner is not changed.

use std::collections::{BTreeMap, BTreeSet};

use super::inventory_writer::InventoryWriter;
use super::preconditions::recreated;
use super::readback::{self, Ids};
use super::record::{asking, elsewhere, keep_what_is_not_applied, whose};
use super::report::{Outcome, Outcomes, SkipReason, parts_of};
use super::unrecorded::Unrecorded;
use crate::inventory::InventoryRecord;
use crate::kafka::Cluster;
use crate::model::{BlockCode, TopicName};
use crate::plan::{Change, Plan, Setting};

impl InventoryWriter {
    /// Records the adopted topics with their current state. Returns those that must not be changed:
    /// another scope, environment or instance owns them now, or their owner is unknown.
    pub(super) async fn adopt(
        &self,
        plan: &Plan,
        cluster: &Cluster,
        outcomes: &mut Outcomes,
    ) -> BTreeSet<TopicName> {
        let adopts: Vec<&Change> = plan.changes.iter().filter(|change| change.adopt).collect();
        if adopts.is_empty() {
            return BTreeSet::new();
        }
        let topics: Vec<TopicName> = adopts.iter().map(|one| one.topic.clone()).collect();
        let ids = readback::ids(cluster, &topics).await;
        let settled = self.settle(plan, &adopts, ids.as_ref().ok()).await;
        let mut stay = BTreeSet::new();
        for change in adopts {
            let refused = match &settled {
                Ok(refused) => refused.get(&change.topic).cloned(),
                Err(why) => Some(Outcome::Skipped(SkipReason::Unrecorded(why.clone()))),
            };
            let parts = outcomes.entry(change.topic.clone()).or_default();
            match refused {
                None => drop(parts.insert(Some(Setting::Record), Outcome::Applied)),
                Some(outcome) => {
                    let of_change = parts_of(change).into_iter();
                    parts.extend(of_change.map(|(setting, _)| (setting, outcome.clone())));
                    stay.insert(change.topic.clone());
                }
            }
        }
        stay
    }

    /// Records the adopted topics that are still unowned, and sets the outcomes of the others.
    async fn settle(
        &self,
        plan: &Plan,
        adopts: &[&Change],
        ids: Option<&Ids>,
    ) -> Result<BTreeMap<TopicName, Outcome>, Unrecorded> {
        let topics: Vec<TopicName> = adopts.iter().map(|one| one.topic.clone()).collect();
        let settling = self.lock.settle(&asking(plan, &topics)).await;
        let settling = settling.map_err(Unrecorded::unsettled)?;
        let inventory = &settling.contents().inventory;
        let us = whose(plan);
        let mut refused = BTreeMap::new();
        let mut entries = Vec::new();
        for change in adopts {
            let topic = &change.topic;
            let skip_reason = match elsewhere(inventory, topic, change.id.as_ref(), &us) {
                Some(owner) => {
                    let said = format!("{owner} adopted it first");
                    Some(Outcome::Blocked(BlockCode::OwnedElsewhere, said))
                }
                None => recreated(topic, change.id.as_ref(), ids).map(Outcome::Skipped),
            };
            match skip_reason {
                Some(outcome) => drop(refused.insert(topic.clone(), outcome)),
                None => entries.extend(self.before(change)),
            }
        }
        match entries.is_empty() {
            true => settling.end().await,
            false => {
                let recorded = settling.record(&entries).await;
                recorded.map_err(Unrecorded::unsettled)?;
            }
        }
        Ok(refused)
    }

    /// Returns the record of a topic with nothing applied yet.
    fn before(&self, change: &Change) -> Option<InventoryRecord> {
        let mut owned = change.to_record.clone()?;
        owned.stamp.by = Some(self.by.clone());
        keep_what_is_not_applied(&mut owned, change, None);
        Some(InventoryRecord::Owned(change.topic.clone(), *owned))
    }
}
