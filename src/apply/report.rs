//! The outcomes of an apply, as plain data.

use std::collections::BTreeMap;

use litemap::LiteMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unrecorded::Unrecorded;
use crate::inventory::LockLost;
use crate::kafka::{self, Fault};
use crate::live::ReplicationFactor;
use crate::model::{BlockCode, TopicName};
use crate::plan::{self, Action, Blocked, Change, Plan, Setting, SettingAction, SettingChange};

/// The report of an apply.
#[derive(Debug, Clone)]
pub struct Report {
    /// The environment.
    pub environment: String,
    /// The cluster.
    pub cluster_id: Option<String>,
    /// The outcome of each change, and of each blocked or held change, by topic.
    pub entries: Vec<ReportEntry>,
    /// Whether the apply was interrupted.
    pub interrupted: bool,
}

/// The outcome of one change.
#[derive(Debug, Clone)]
pub struct ReportEntry {
    /// The topic.
    pub topic: TopicName,
    /// The planned action; `None` if it was blocked.
    pub action: Option<Action>,
    /// The outcome of each part.
    pub parts: Vec<PartOutcome>,
}

/// The outcome of one part of a change.
#[derive(Debug, Clone)]
pub struct PartOutcome {
    /// The setting; `None` stands for the whole topic.
    pub setting: Option<Setting>,
    /// The planned operation; `None` if it was blocked or there was none.
    pub doing: Option<OperationKind>,
    /// The outcome.
    pub outcome: Outcome,
}

/// What was to be done to a part of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// The topic is made.
    Create,
    /// The topic is deleted.
    Delete,
    /// Partitions are added.
    AddPartitions,
    /// A config gets another value.
    Set,
    /// A config gets the value that it had from a broker.
    Pin,
    /// A config goes back to a broker's default.
    Reset,
    /// It is recorded as owned.
    Adopt,
    /// Its record goes.
    Release,
    /// What the inventory holds of it changes.
    UpdateInventory,
}

/// The outcome of an operation.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Made by this apply.
    Applied,
    /// Already in effect without this apply.
    AlreadyApplied,
    /// Rejected by Kafka.
    Failed(Fault),
    /// Accepted by Kafka, but the topic has another state.
    NotEffective(ActualState),
    /// It is unknown whether the change was made.
    Unknown(UnknownReason),
    /// Blocked by the plan.
    Blocked(BlockCode, String),
    /// Not made, because it depends on a blocked change.
    Held(BlockCode),
    /// Not made, because the topic has a hold.
    OnHold(Box<plan::HeldTopic>),
    /// Not requested from Kafka.
    Skipped(SkipReason),
    /// Made, but the inventory does not contain it, or this is unknown.
    Unrecorded(Unrecorded),
}

/// The actual state of a topic, in place of the accepted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActualState {
    /// The number of partitions.
    Partitions(u32),
    /// The number of replicas.
    ReplicationFactor(ReplicationFactor),
    /// The config's value, of the topic or inherited; `None` without a value.
    Config(Option<String>),
    /// The deleted topic exists, still or again.
    Topic,
    /// The topic does not exist.
    Nothing,
}

/// Why the outcome of a change is unknown.
#[derive(Debug, Clone)]
pub enum UnknownReason {
    /// No response, and the change is not visible on the cluster.
    Unanswered(Fault),
    /// Accepted, but the topic did not become visible in time.
    NotVisible,
    /// Accepted, but the principal is not authorized to read the topic.
    Unreadable(Fault),
    /// Accepted, but the cluster could not be read afterwards.
    Unread(kafka::Error),
}

/// Why an operation was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The apply ended before.
    NotReached,
    /// An earlier request got no response until the apply gave up.
    ClusterLost,
    /// A guard or gate refused the whole apply.
    Refused,
    /// Another change is blocked, and the apply is all or nothing.
    AllOrNothing,
    /// The user declined.
    Declined,
    /// Producers would be blocked: a partition has too few in-sync replicas.
    TooFewInSync {
        /// The partition number.
        partition: usize,
        /// The number of in-sync replicas.
        in_sync: usize,
        /// The number that would be required.
        wanted: u32,
    },
    /// It is unknown whether producers would be blocked.
    InSyncUnknown,
    /// The lock is lost, without which no change is allowed.
    LockLost(LockLost),
    /// A record that must be written before could not be written.
    Unrecorded(Unrecorded),
    /// The topic to delete was recreated.
    Recreated,
    /// It is unknown whether the topic to delete is still the same.
    IdUnknown,
    /// Over the maximum of added partitions, of which Kafka would add only a part.
    GrowthTooLarge {
        /// The number of added partitions.
        added: u32,
        /// The maximum.
        most: u32,
    },
}

/// The kinds of [`Outcome`], the one that needs the least attention first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// [`Outcome::AlreadyApplied`]
    AlreadyApplied,
    /// [`Outcome::Applied`]
    Applied,
    /// [`Outcome::Held`], [`Outcome::OnHold`]
    Held,
    /// [`Outcome::Blocked`]
    Blocked,
    /// [`Outcome::Skipped`]
    Skipped,
    /// [`Outcome::NotEffective`]
    NotEffective,
    /// [`Outcome::Unknown`]
    Unknown,
    /// [`Outcome::Failed`]
    Failed,
}

impl Outcome {
    /// Returns the kind of the outcome.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Outcome::Applied => OutcomeKind::Applied,
            Outcome::AlreadyApplied => OutcomeKind::AlreadyApplied,
            Outcome::Failed(_) => OutcomeKind::Failed,
            Outcome::NotEffective(_) => OutcomeKind::NotEffective,
            Outcome::Unknown(_) => OutcomeKind::Unknown,
            Outcome::Blocked(..) => OutcomeKind::Blocked,
            Outcome::Held(_) | Outcome::OnHold(_) => OutcomeKind::Held,
            Outcome::Skipped(_) => OutcomeKind::Skipped,
            Outcome::Unrecorded(why) if why.is_unanswered() => OutcomeKind::Unknown,
            Outcome::Unrecorded(_) => OutcomeKind::Failed,
        }
    }
}

/// The result of the whole apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunResult {
    /// Everything is as planned.
    Done,
    /// Something changed, or may have, and something else failed.
    Partial,
    /// Nothing changed, and something failed.
    Failed,
    /// Nothing changed, because all remaining changes are blocked.
    Blocked,
    /// The apply was interrupted.
    Interrupted,
}

/// The number of changes per kind of outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count([usize; 8]);

impl Count {
    /// Returns the number of changes with this kind of outcome.
    pub fn of(&self, kind: OutcomeKind) -> usize {
        self.0[kind as usize]
    }
}

impl ReportEntry {
    /// Returns the part that needs the most attention; the first of several.
    pub fn worst(&self) -> Option<&PartOutcome> {
        self.parts
            .iter()
            .rev()
            .max_by_key(|part| part.outcome.kind())
    }

    /// Returns the kind of outcome of the whole change.
    pub fn kind(&self) -> OutcomeKind {
        self.worst()
            .map_or(OutcomeKind::AlreadyApplied, |part| part.outcome.kind())
    }
}

/// The known outcomes, by topic.
pub(super) type Outcomes = BTreeMap<TopicName, TopicOutcomes>;

/// The known outcomes of one topic's parts. Most topics have one part, for which a tree would
/// allocate eleven entries.
pub(super) type TopicOutcomes = LiteMap<Option<Setting>, Outcome>;

impl Report {
    /// Builds the report of a plan. Parts without an outcome were skipped.
    pub(super) fn new(
        plan: &Plan,
        mut outcomes: Outcomes,
        skip_reason: &SkipReason,
        interrupted: bool,
    ) -> Self {
        let mut changed = |change: &Change| changed(change, &mut outcomes, skip_reason);
        let entries = plan.changes.iter().map(&mut changed).collect();
        Self::with(plan, entries, interrupted)
    }

    /// Returns the report of an apply without any changes.
    pub fn untouched(plan: &Plan, why: &SkipReason) -> Self {
        let part = |(setting, doing)| PartOutcome {
            setting,
            doing: Some(doing),
            outcome: Outcome::Skipped(why.clone()),
        };
        let entry = |change: &Change| ReportEntry {
            topic: change.topic.clone(),
            action: Some(change.action),
            parts: parts_of(change).into_iter().map(part).collect(),
        };
        Self::with(plan, plan.changes.iter().map(entry).collect(), false)
    }

    fn with(plan: &Plan, mut entries: Vec<ReportEntry>, interrupted: bool) -> Self {
        entries.extend(plan.blocked.iter().map(blocked));
        entries.extend(plan.held.iter().filter_map(on_hold));
        // Stable: a topic's change stays before its blocked parts.
        entries.sort_by(|a, b| a.topic.cmp(&b.topic));
        Self {
            environment: plan.environment.clone(),
            cluster_id: plan.cluster.id.clone(),
            entries,
            interrupted,
        }
    }

    /// Returns the number of changes per kind of outcome.
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for entry in &self.entries {
            count.0[entry.kind() as usize] += 1;
        }
        count
    }

    /// Returns whether anything on the cluster changed, or may have.
    pub fn changed(&self) -> bool {
        self.any(&[
            OutcomeKind::Applied,
            OutcomeKind::NotEffective,
            OutcomeKind::Unknown,
        ])
    }

    fn any(&self, kinds: &[OutcomeKind]) -> bool {
        let mut parts = self.entries.iter().flat_map(|entry| &entry.parts);
        parts.any(|part| kinds.contains(&part.outcome.kind()))
    }

    /// Returns the result of the whole apply.
    pub fn verdict(&self) -> RunResult {
        let failed = self.any(&[
            OutcomeKind::Failed,
            OutcomeKind::Skipped,
            OutcomeKind::NotEffective,
            OutcomeKind::Unknown,
        ]);
        // A hold is intentional, and so not a failure.
        let held_back = self.any(&[OutcomeKind::Blocked]);
        match (failed || held_back, self.changed()) {
            _ if self.interrupted => RunResult::Interrupted,
            (false, _) => RunResult::Done,
            (true, true) => RunResult::Partial,
            (true, false) if failed => RunResult::Failed,
            (true, false) => RunResult::Blocked,
        }
    }
}

/// Returns the parts of a change, in the order of plans.
pub(super) fn parts_of(change: &Change) -> Vec<(Option<Setting>, OperationKind)> {
    match change.action {
        Action::Create => vec![(None, OperationKind::Create)],
        Action::Delete => vec![(None, OperationKind::Delete)],
        Action::Adopt => vec![(Some(Setting::Record), OperationKind::Adopt)],
        Action::Release => vec![(Some(Setting::Record), OperationKind::Release)],
        Action::UpdateInventory => vec![(Some(Setting::Record), OperationKind::UpdateInventory)],
        Action::Update => {
            let settings = change.on_topic();
            let settings = settings.map(|setting| (Some(setting.setting.clone()), doing(setting)));
            let only = change.inventory_only().next();
            let record = match (change.adopt, only) {
                (true, _) => Some(OperationKind::Adopt),
                (false, Some(_)) => Some(OperationKind::UpdateInventory),
                (false, None) => None,
            };
            let record = record.map(|doing| (Some(Setting::Record), doing));
            settings.chain(record).collect()
        }
    }
}

fn doing(change: &SettingChange) -> OperationKind {
    match (&change.setting, &change.action) {
        (Setting::Partitions, _) => OperationKind::AddPartitions,
        (_, SettingAction::Set(_)) => OperationKind::Set,
        (_, SettingAction::Pin(_)) => OperationKind::Pin,
        (_, SettingAction::Reset(_) | SettingAction::Remove) => OperationKind::Reset,
    }
}

fn changed(change: &Change, outcomes: &mut Outcomes, skip_reason: &SkipReason) -> ReportEntry {
    let parts = parts_of(change);
    gathered(&change.topic, change.action, parts, outcomes, skip_reason)
}

/// Builds the outcome of a topic that is created or deleted without a plan.
pub(super) fn entry_of(
    topic: &TopicName,
    action: Action,
    doing: OperationKind,
    outcomes: &mut Outcomes,
    skip_reason: &SkipReason,
) -> ReportEntry {
    gathered(topic, action, vec![(None, doing)], outcomes, skip_reason)
}

fn gathered(
    topic: &TopicName,
    action: Action,
    parts: Vec<(Option<Setting>, OperationKind)>,
    outcomes: &mut Outcomes,
    skip_reason: &SkipReason,
) -> ReportEntry {
    let mut known = outcomes.remove(topic).unwrap_or_default();
    let mut part = |(setting, doing)| PartOutcome {
        outcome: known
            .remove(&setting)
            .unwrap_or_else(|| Outcome::Skipped(skip_reason.clone())),
        setting,
        doing: Some(doing),
    };
    let mut parts: Vec<PartOutcome> = parts.into_iter().map(&mut part).collect();
    // For an accepted create: the settings that differ nevertheless.
    let others = known.into_iter();
    parts.extend(others.map(|(setting, outcome)| PartOutcome {
        setting,
        doing: None,
        outcome,
    }));
    ReportEntry {
        topic: topic.clone(),
        action: Some(action),
        parts,
    }
}

fn blocked(blocked: &Blocked) -> ReportEntry {
    let waiting = blocked.holds_back.iter().map(|key| PartOutcome {
        setting: Some(Setting::Config(key.clone())),
        doing: None,
        outcome: Outcome::Held(blocked.code),
    });
    let itself = PartOutcome {
        setting: blocked.setting.clone(),
        doing: None,
        outcome: Outcome::Blocked(blocked.code, blocked.message.clone()),
    };
    ReportEntry {
        topic: blocked.topic.clone(),
        action: None,
        parts: std::iter::once(itself).chain(waiting).collect(),
    }
}

/// Returns the outcome of a change that a hold prevents.
fn on_hold(held: &plan::HeldTopic) -> Option<ReportEntry> {
    let outcome = || Outcome::OnHold(Box::new(held.clone()));
    let change = held.change.as_ref()?;
    let part = |(setting, doing)| PartOutcome {
        setting,
        doing: Some(doing),
        outcome: outcome(),
    };
    Some(ReportEntry {
        topic: held.topic.clone(),
        action: Some(change.action),
        parts: parts_of(change).into_iter().map(part).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Fault;

    fn report(outcomes: &[Outcome], interrupted: bool) -> Report {
        let entry = |outcome: &Outcome| ReportEntry {
            topic: "t".into(),
            action: Some(Action::Update),
            parts: vec![PartOutcome {
                setting: Some(Setting::Partitions),
                doing: Some(OperationKind::AddPartitions),
                outcome: outcome.clone(),
            }],
        };
        Report {
            environment: "prod".to_owned(),
            cluster_id: None,
            entries: outcomes.iter().map(entry).collect(),
            interrupted,
        }
    }

    #[test]
    fn how_an_apply_ends() {
        use Outcome::{AlreadyApplied, Applied};
        let fault = Fault {
            code: 40,
            name: "INVALID_CONFIG".to_owned(),
            message: String::new(),
        };
        let failed = || Outcome::Failed(fault.clone());
        let unknown = || Outcome::Unknown(UnknownReason::Unanswered(fault.clone()));
        let not_kept = || Outcome::NotEffective(ActualState::Partitions(1));
        let blocked = || Outcome::Blocked(BlockCode::PartitionsDecrease, String::new());
        let not_tried = || Outcome::Skipped(SkipReason::InSyncUnknown);
        let table = [
            (vec![], RunResult::Done),
            (vec![Applied, AlreadyApplied], RunResult::Done),
            (vec![failed()], RunResult::Failed),
            (vec![failed(), AlreadyApplied, blocked()], RunResult::Failed),
            (vec![failed(), Applied], RunResult::Partial),
            (vec![unknown()], RunResult::Partial),
            (vec![not_kept()], RunResult::Partial),
            (vec![blocked()], RunResult::Blocked),
            (vec![blocked(), AlreadyApplied], RunResult::Blocked),
            (vec![blocked(), Applied], RunResult::Partial),
            (vec![not_tried()], RunResult::Failed),
            (vec![not_tried(), Applied], RunResult::Partial),
        ];
        for (outcomes, expected) in table {
            assert_eq!(report(&outcomes, false).verdict(), expected, "{outcomes:?}");
            let stopped = report(&outcomes, true).verdict();
            assert_eq!(stopped, RunResult::Interrupted, "{outcomes:?}");
        }
    }

    #[test]
    fn a_change_is_counted_once_by_its_worst_part() {
        let mut report = report(&[Outcome::Applied, Outcome::AlreadyApplied], false);
        let second = report.entries[1].parts.clone();
        report.entries[0].parts.extend(second);
        report.entries[0].parts.push(PartOutcome {
            setting: None,
            doing: None,
            outcome: Outcome::Skipped(SkipReason::NotReached),
        });
        let count = report.count();
        assert_eq!(count.of(OutcomeKind::Skipped), 1);
        assert_eq!(count.of(OutcomeKind::AlreadyApplied), 1);
        assert_eq!(count.of(OutcomeKind::Applied), 0);
    }
}
