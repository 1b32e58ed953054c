//! What became of each change, as plain data.

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

/// What became of a plan.
#[derive(Debug, Clone)]
pub struct Report {
    /// The environment.
    pub environment: String,
    /// The cluster.
    pub cluster_id: Option<String>,
    /// What became of each change, and of each that is blocked or under a hold, by topic.
    pub entries: Vec<ReportEntry>,
    /// Whether the apply was told to stop.
    pub interrupted: bool,
}

/// What became of one change.
#[derive(Debug, Clone)]
pub struct ReportEntry {
    /// The topic.
    pub topic: TopicName,
    /// What was to happen to it; `None` where that was blocked.
    pub action: Option<Action>,
    /// What became of each part.
    pub parts: Vec<PartOutcome>,
}

/// What became of one part of a change.
#[derive(Debug, Clone)]
pub struct PartOutcome {
    /// The setting; `None` is the topic as a whole.
    pub setting: Option<Setting>,
    /// What was to be done to it; `None` where that was blocked, or nothing was to be done.
    pub doing: Option<OperationKind>,
    /// What became of it.
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

/// What became of something that was to be done.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is as wanted, by this apply.
    Applied,
    /// It is as wanted, and was so without this apply.
    AlreadyApplied,
    /// Kafka refused it.
    Failed(Fault),
    /// Kafka accepted it, and the topic holds something else.
    NotEffective(ActualState),
    /// It may have been done, or not.
    Unknown(UnknownReason),
    /// The plan held it back.
    Blocked(BlockCode, String),
    /// It waits for something that was blocked.
    Held(BlockCode),
    /// It waits for the end of a hold on the topic.
    OnHold(Box<plan::HeldTopic>),
    /// It was not asked for.
    Skipped(SkipReason),
    /// It is true, and the inventory does not hold it, or it is not known whether it does.
    Unrecorded(Unrecorded),
}

/// What a topic holds instead of what was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActualState {
    /// So many partitions.
    Partitions(u32),
    /// So many replicas.
    ReplicationFactor(ReplicationFactor),
    /// Another value, the topic's own or a broker's default; `None` where there is none.
    Config(Option<String>),
    /// The deleted topic is there, still or again.
    Topic,
    /// Nothing: the topic is gone.
    Nothing,
}

/// Why it is not known what became of a change.
#[derive(Debug, Clone)]
pub enum UnknownReason {
    /// No answer came, and the cluster does not show it so far.
    Unanswered(Fault),
    /// It was accepted, and the topic does not show in time.
    NotVisible,
    /// It was accepted, and the topic may not be read.
    Unreadable(Fault),
    /// It was accepted, and the cluster could not be read any more.
    Unread(kafka::Error),
}

/// Why something was not tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SkipReason {
    /// The apply ended before its turn.
    NotReached,
    /// A request before its turn got no answer for so long that the apply gave up.
    ClusterLost,
    /// A guard or gate refused the whole apply.
    Refused,
    /// Something else is blocked, and it was to be all or nothing.
    AllOrNothing,
    /// A person said no.
    Declined,
    /// Producers would be stopped: a partition has fewer replicas in sync.
    TooFewInSync {
        /// The partition.
        partition: usize,
        /// How many of its replicas are in sync.
        in_sync: usize,
        /// How many would be asked for.
        wanted: u32,
    },
    /// It could not be seen whether producers would be stopped.
    InSyncUnknown,
    /// The lock is lost, without which nothing may be changed.
    LockLost(LockLost),
    /// What has to be recorded beforehand could not be.
    Unrecorded(Unrecorded),
    /// The topic to delete is gone, and another one has its name.
    Recreated,
    /// It could not be seen whether the topic to delete is still the same.
    IdUnknown,
    /// Kafka makes fewer partitions at once, and stops half-way at more.
    GrowthTooLarge {
        /// How many would be made.
        added: u32,
        /// How many one apply makes.
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
    /// Its kind.
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

/// How an apply ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunResult {
    /// Everything is as wanted.
    Done,
    /// Something changed, or may have, and something else is not as wanted.
    Partial,
    /// Nothing changed, and something failed.
    Failed,
    /// Nothing changed, because what was left to do is blocked.
    Blocked,
    /// It was told to stop.
    Interrupted,
}

/// How many changes ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count([usize; 8]);

impl Count {
    /// How many ended in this way.
    pub fn of(&self, kind: OutcomeKind) -> usize {
        self.0[kind as usize]
    }
}

impl ReportEntry {
    /// The part that needs the most attention; the first of several.
    pub fn worst(&self) -> Option<&PartOutcome> {
        self.parts
            .iter()
            .rev()
            .max_by_key(|part| part.outcome.kind())
    }

    /// What became of the change as a whole.
    pub fn kind(&self) -> OutcomeKind {
        self.worst()
            .map_or(OutcomeKind::AlreadyApplied, |part| part.outcome.kind())
    }
}

/// What is known so far, by topic.
pub(super) type Outcomes = BTreeMap<TopicName, TopicOutcomes>;

/// What is known of one topic's parts. Most have one: a tree would be made for eleven.
pub(super) type TopicOutcomes = LiteMap<Option<Setting>, Outcome>;

impl Report {
    /// Puts together what became of a plan. What has no outcome was not tried.
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

    /// The report of an apply that changed nothing at all.
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
        // Stable: a topic's change stands before what is blocked of it.
        entries.sort_by(|a, b| a.topic.cmp(&b.topic));
        Self {
            environment: plan.environment.clone(),
            cluster_id: plan.cluster.id.clone(),
            entries,
            interrupted,
        }
    }

    /// How many changes ended in which way.
    pub fn count(&self) -> Count {
        let mut count = Count::default();
        for entry in &self.entries {
            count.0[entry.kind() as usize] += 1;
        }
        count
    }

    /// Whether anything on the cluster changed, or may have.
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

    /// How it ended as a whole.
    pub fn verdict(&self) -> RunResult {
        let failed = self.any(&[
            OutcomeKind::Failed,
            OutcomeKind::Skipped,
            OutcomeKind::NotEffective,
            OutcomeKind::Unknown,
        ]);
        // A hold is what somebody asked for.
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

/// The parts of a change, in the order in which plans show them.
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

/// What became of a topic that is made or deleted without a plan.
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
    // Of a create that was accepted: the settings that the topic does not hold after all.
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

/// A change that a hold keeps from being made.
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
