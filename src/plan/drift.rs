//! Where a cluster is not what was last applied, and where the files are not: a plan's changes and
//! what it holds back, read as facts.

mod differences;
pub mod document;

pub(super) use differences::mark;

use std::collections::BTreeMap;

use differences::DriftInputs;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ownership::{InventoryView, Ownership};
use super::{
    Action, Blocked, Change, ExternalChange, MissingInstanceTopic, Plan, Setting, SettingChange,
};
use crate::desired::Desired;
use crate::diff::Since;
use crate::live::{Live, Owned};
use crate::model::{BlockCode, Place, TopicName};

/// What differs in one environment.
#[derive(Debug)]
pub struct Drift<'a> {
    /// Whether what was applied is recorded at all.
    pub recorded: bool,
    /// The topics that are not as they were applied, or not as the files say, by name.
    pub topics: Vec<Drifted<'a>>,
    /// The same for topics that are held: known, and left so.
    pub held: Vec<Drifted<'a>>,
}

/// One topic that differs.
#[derive(Debug)]
pub struct Drifted<'a> {
    /// The topic.
    pub topic: &'a TopicName,
    /// In what way.
    pub state: DriftState,
    /// On which side the topic as a whole changed, where it did.
    pub since: Option<Since>,
    /// What became of it without an apply.
    pub external_change: Option<ExternalChange>,
    /// The entry or tombstone.
    pub declared_at: Option<&'a Place>,
    /// What is recorded of the last apply.
    pub applied: Option<&'a Owned>,
    /// What of its record alone is not as the files say.
    pub record: Vec<&'a SettingChange>,
    /// Its settings that differ.
    pub differences: Vec<Difference<'a>>,
}

/// In what way a topic differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DriftState {
    /// It is not there.
    Missing,
    /// Settings differ.
    Differs,
    /// A tombstone says that it should be gone.
    Unwanted,
    /// It is listed, and nobody owns it yet.
    NotOwned,
    /// It is listed or tombstoned, and somebody else's.
    #[serde(rename = "owned-elsewhere")]
    ForeignTopic,
    /// It is owned and left the files: it is to be released, or deleted.
    Left,
    /// It is as the files say, and the record of it is not.
    #[serde(rename = "update-inventory")]
    Record,
    /// It is an instance's, and not there any more or another by now.
    #[serde(rename = "instance")]
    OfInstance,
}

/// One setting that differs.
#[derive(Debug)]
pub struct Difference<'a> {
    /// The setting.
    pub setting: Setting,
    /// In what way.
    pub kind: DifferenceKind,
    /// On which side it changed. Where that is not recorded, on the cluster.
    pub since: Since,
    /// What was last applied, where that is recorded.
    pub applied: Option<String>,
    /// What is live.
    pub live: Option<String>,
    /// What the files say.
    pub wanted: Option<String>,
    /// Where they say it.
    pub declared_at: Option<&'a Place>,
}

/// In what way a setting differs from what the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// It has another value.
    Value,
    /// Its value is right, but it comes from a broker: the topic does not hold it.
    NotHeld,
    /// The topic holds it, and no file sets it.
    Undeclared,
}

impl Drift<'_> {
    /// How many topics were changed on the cluster since they were applied.
    pub fn drifted(&self) -> usize {
        self.topics.iter().filter(|topic| topic.is_drift()).count()
    }

    /// Of how many topics the files say something that was not applied yet.
    pub fn pending(&self) -> usize {
        self.topics
            .iter()
            .filter(|topic| topic.is_pending())
            .count()
    }
}

impl Drifted<'_> {
    /// Every side on which something of it changed.
    fn sides(&self) -> impl Iterator<Item = Since> {
        let differences = self.differences.iter().map(|difference| difference.since);
        let record = (!self.record.is_empty()).then_some(Since::Pending);
        self.since.into_iter().chain(record).chain(differences)
    }

    /// Whether it was changed on the cluster since it was applied.
    pub fn is_drift(&self) -> bool {
        self.sides().any(Since::is_drift)
    }

    /// Whether the files say something that was not applied yet.
    pub fn is_pending(&self) -> bool {
        self.sides().any(Since::is_pending)
    }
}

/// What a plan says of drift. It must be made of the same files and the same cluster.
pub fn drift<'a>(plan: &'a Plan, desired: &'a Desired, live: &'a Live) -> Drift<'a> {
    let inventory_view = InventoryView::open(live, &desired.environment, plan.scope.as_deref());
    let look = DriftInputs2 {
        desired,
        live,
        inventory_view: inventory_view.as_ref(),
    };
    // What could not be compared differs in nothing that is known.
    let is_compared = |blocked: &&Blocked| plan.not_visible.binary_search(&blocked.topic).is_err();
    let blocked = plan.blocked.iter().filter(is_compared);
    let mut topics = look.all(plan.changes.iter(), blocked);
    topics.extend(plan.lost.iter().map(of_instance));
    topics.sort_by(|a, b| a.topic.cmp(b.topic));
    let held = plan.held.iter();
    let blocked = plan.held.iter().flat_map(|held| &held.blocked);
    let blocked = blocked.filter(is_compared);
    Drift {
        recorded: inventory_view.is_some(),
        topics,
        held: look.all(held.filter_map(|held| held.change.as_ref()), blocked),
    }
}

fn of_instance(lost: &MissingInstanceTopic) -> Drifted<'_> {
    Drifted {
        topic: &lost.topic,
        state: DriftState::OfInstance,
        since: Some(Since::Drift),
        external_change: Some(lost.external_change),
        declared_at: Some(&lost.declared_at),
        applied: None,
        record: Vec::new(),
        differences: Vec::new(),
    }
}

/// What a plan was made of.
struct DriftInputs2<'a, 'b> {
    desired: &'a Desired,
    live: &'a Live,
    inventory_view: Option<&'b InventoryView<'a>>,
}

impl<'a> DriftInputs2<'a, '_> {
    fn all(
        &self,
        changes: impl Iterator<Item = &'a Change>,
        blocked: impl Iterator<Item = &'a Blocked>,
    ) -> Vec<Drifted<'a>> {
        let changes = changes.map(|change| (&change.topic, self.of_change(change)));
        let mut topics: BTreeMap<&TopicName, Drifted<'a>> = changes.collect();
        for blocked in blocked {
            let drifted = topics.entry(&blocked.topic);
            let drifted = drifted.or_insert_with(|| self.of_blocked(blocked));
            let more = self.differences(blocked, drifted);
            drifted.differences.extend(more);
            drifted
                .differences
                .sort_by(|a, b| a.setting.cmp(&b.setting));
        }
        topics.into_values().collect()
    }

    /// What is recorded of a topic that this scope and environment applied.
    fn applied(&self, topic: &TopicName) -> Option<&'a Owned> {
        match self
            .inventory_view?
            .ownership(topic, self.live.topics.get(topic))
        {
            Ownership::Owned(owned) | Ownership::Recreated(owned) => Some(owned),
            _ => None,
        }
    }

    /// The side of what was never applied: pending, if anybody keeps in mind what was.
    fn never_applied(&self) -> Since {
        match self.inventory_view {
            Some(_) => Since::Pending,
            None => Since::Drift,
        }
    }

    fn of_change(&self, change: &'a Change) -> Drifted<'a> {
        let external_change = change.external_change;
        let (state, since) = match (change.action, external_change) {
            (Action::Create, Some(_)) => (DriftState::Missing, Some(Since::Drift)),
            (Action::Create, None) => (DriftState::Missing, Some(self.never_applied())),
            (Action::Delete, _) if change.declared_at.is_none() => {
                (DriftState::Left, Some(Since::Pending))
            }
            (Action::Delete, _) => (DriftState::Unwanted, Some(self.never_applied())),
            (Action::Release, Some(_)) => (DriftState::Left, Some(Since::Both)),
            (Action::Release, None) => (DriftState::Left, Some(Since::Pending)),
            (Action::UpdateInventory, _) => (DriftState::Record, Some(Since::Pending)),
            (Action::Update | Action::Adopt, _) if change.adopt => {
                let remade = external_change.map_or(Since::Pending, |_| Since::Drift);
                (DriftState::NotOwned, Some(remade))
            }
            (Action::Update | Action::Adopt, _) => (DriftState::Differs, None),
        };
        let differences = match change.action {
            Action::Update => differences::of_update(change, since),
            _ => Vec::new(),
        };
        Drifted {
            topic: &change.topic,
            state,
            since,
            external_change,
            declared_at: change.declared_at.as_ref(),
            applied: change.recorded.as_deref(),
            record: change.inventory_only().collect(),
            differences,
        }
    }

    fn of_blocked(&self, blocked: &'a Blocked) -> Drifted<'a> {
        let listed = self.desired.topics.get(&blocked.topic);
        let is_live = self.live.topics.contains_key(&blocked.topic);
        let (state, since) = match (&blocked.setting, blocked.code, listed) {
            (_, BlockCode::OwnedElsewhere, _) => (DriftState::ForeignTopic, Some(Since::Pending)),
            (_, BlockCode::Recreated, _) => (DriftState::Left, Some(Since::Both)),
            (None, _, Some(_)) if !is_live => (DriftState::Missing, Some(self.never_applied())),
            (None, _, None) => (DriftState::Unwanted, Some(self.never_applied())),
            _ => (DriftState::Differs, None),
        };
        let recreated = blocked.code == BlockCode::Recreated;
        Drifted {
            topic: &blocked.topic,
            state,
            since,
            external_change: recreated.then_some(ExternalChange::Recreated),
            declared_at: listed
                .map(|listed| &listed.declared_at)
                .or(blocked.declared_at.as_ref()),
            applied: self.applied(&blocked.topic),
            record: Vec::new(),
            differences: Vec::new(),
        }
    }

    /// What is held back differs all the same: the values are those of the files and of the
    /// cluster.
    fn differences(&self, blocked: &Blocked, drifted: &Drifted<'a>) -> Vec<Difference<'a>> {
        let wanted = self.desired.topics.get(&blocked.topic);
        let found = self.live.topics.get(&blocked.topic);
        let (Some(wanted), Some(found)) = (wanted, found) else {
            return Vec::new();
        };
        let sides = DriftInputs {
            wanted,
            found,
            defaults: &self.live.broker_defaults,
            applied: drifted.applied,
            otherwise: drifted.since.unwrap_or(Since::Drift),
        };
        let itself = match &blocked.setting {
            Some(Setting::Partitions) => Some(sides.partitions()),
            Some(Setting::ReplicationFactor) => Some(sides.replication_factor()),
            Some(Setting::Config(key)) => Some(sides.config(key)),
            _ => None,
        };
        let waiting = blocked.holds_back.iter().map(|key| sides.config(key));
        itself.into_iter().chain(waiting).collect()
    }
}
