//! What became of each change, as plain data.

use std::collections::BTreeMap;

use litemap::LiteMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::unrecorded::Unrecorded;
use crate::inventory::Lost;
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
    pub entries: Vec<Entry>,
    /// Whether the apply was told to stop.
    pub interrupted: bool,
}

/// What became of one change.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The topic.
    pub topic: TopicName,
    /// What was to happen to it; `None` where that was blocked.
    pub action: Option<Action>,
    /// What became of each part.
    pub parts: Vec<Part>,
}

/// What became of one part of a change.
#[derive(Debug, Clone)]
pub struct Part {
    /// The setting; `None` is the topic as a whole.
    pub setting: Option<Setting>,
    /// What was to be done to it; `None` where that was blocked, or nothing was to be done.
    pub doing: Option<Doing>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What was to be done to a part of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
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
    NotEffective(Holds),
    /// It may have been done, or not.
    Unknown(Doubt),
    /// The plan held it back.
    Blocked(BlockCode, String),
    /// It waits for something that was blocked.
    Held(BlockCode),
    /// It waits for the end of a hold on the topic.
    OnHold(Box<plan::Held>),
    /// It was not asked for.
    Skipped(WhyNot),
    /// It is true, and the inventory does not hold it, or it is not known whether it does.
    Unrecorded(Unrecorded),
}

/// What a topic holds instead of what was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holds {
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
pub enum Doubt {
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
pub enum WhyNot {
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
    LockLost(Lost),
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
pub enum Kind {
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
    pub fn kind(&self) -> Kind {
        match self {
            Outcome::Applied => Kind::Applied,
            Outcome::AlreadyApplied => Kind::AlreadyApplied,
            Outcome::Failed(_) => Kind::Failed,
            Outcome::NotEffective(_) => Kind::NotEffective,
            Outcome::Unknown(_) => Kind::Unknown,
            Outcome::Blocked(..) => Kind::Blocked,
            Outcome::Held(_) | Outcome::OnHold(_) => Kind::Held,
            Outcome::Skipped(_) => Kind::Skipped,
            Outcome::Unrecorded(why) if why.is_unanswered() => Kind::Unknown,
            Outcome::Unrecorded(_) => Kind::Failed,
        }
    }
}

/// How an apply ended as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
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
    pub fn of(&self, kind: Kind) -> usize {
        self.0[kind as usize]
    }
}

impl Entry {
    /// The part that needs the most attention; the first of several.
    pub fn worst(&self) -> Option<&Part> {
        self.parts
            .iter()
            .rev()
            .max_by_key(|part| part.outcome.kind())
    }

    /// What became of the change as a whole.
    pub fn kind(&self) -> Kind {
        self.worst()
            .map_or(Kind::AlreadyApplied, |part| part.outcome.kind())
    }
}

/// What is known so far, by topic.
pub(super) type Outcomes = BTreeMap<TopicName, Known>;

/// What is known of one topic's parts. Most have one: a tree would be made for eleven.
pub(super) type Known = LiteMap<Option<Setting>, Outcome>;

impl Report {
    /// Puts together what became of a plan. What has no outcome was not tried.
    pub(super) fn new(
        plan: &Plan,
        mut outcomes: Outcomes,
        why_not: &WhyNot,
        interrupted: bool,
    ) -> Self {
        let mut changed = |change: &Change| changed(change, &mut outcomes, why_not);
        let entries = plan.changes.iter().map(&mut changed).collect();
        Self::with(plan, entries, interrupted)
    }

    /// The report of an apply that changed nothing at all.
    pub fn untouched(plan: &Plan, why: &WhyNot) -> Self {
        let part = |(setting, doing)| Part {
            setting,
            doing: Some(doing),
            outcome: Outcome::Skipped(why.clone()),
        };
        let entry = |change: &Change| Entry {
            topic: change.topic.clone(),
            action: Some(change.action),
            parts: parts_of(change).into_iter().map(part).collect(),
        };
        Self::with(plan, plan.changes.iter().map(entry).collect(), false)
    }

    fn with(plan: &Plan, mut entries: Vec<Entry>, interrupted: bool) -> Self {
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
        self.any(&[Kind::Applied, Kind::NotEffective, Kind::Unknown])
    }

    fn any(&self, kinds: &[Kind]) -> bool {
        let mut parts = self.entries.iter().flat_map(|entry| &entry.parts);
        parts.any(|part| kinds.contains(&part.outcome.kind()))
    }

    /// How it ended as a whole.
    pub fn verdict(&self) -> Verdict {
        let failed = self.any(&[
            Kind::Failed,
            Kind::Skipped,
            Kind::NotEffective,
            Kind::Unknown,
        ]);
        // A hold is what somebody asked for.
        let held_back = self.any(&[Kind::Blocked]);
        match (failed || held_back, self.changed()) {
            _ if self.interrupted => Verdict::Interrupted,
            (false, _) => Verdict::Done,
            (true, true) => Verdict::Partial,
            (true, false) if failed => Verdict::Failed,
            (true, false) => Verdict::Blocked,
        }
    }
}

/// The parts of a change, in the order in which plans show them.
pub(super) fn parts_of(change: &Change) -> Vec<(Option<Setting>, Doing)> {
    match change.action {
        Action::Create => vec![(None, Doing::Create)],
        Action::Delete => vec![(None, Doing::Delete)],
        Action::Adopt => vec![(Some(Setting::Record), Doing::Adopt)],
        Action::Release => vec![(Some(Setting::Record), Doing::Release)],
        Action::UpdateInventory => vec![(Some(Setting::Record), Doing::UpdateInventory)],
        Action::Update => {
            let settings = change.on_topic();
            let settings = settings.map(|setting| (Some(setting.setting.clone()), doing(setting)));
            let only = change.inventory_only().next();
            let record = match (change.adopt, only) {
                (true, _) => Some(Doing::Adopt),
                (false, Some(_)) => Some(Doing::UpdateInventory),
                (false, None) => None,
            };
            let record = record.map(|doing| (Some(Setting::Record), doing));
            settings.chain(record).collect()
        }
    }
}

fn doing(change: &SettingChange) -> Doing {
    match (&change.setting, &change.action) {
        (Setting::Partitions, _) => Doing::AddPartitions,
        (_, SettingAction::Set(_)) => Doing::Set,
        (_, SettingAction::Pin(_)) => Doing::Pin,
        (_, SettingAction::Reset(_) | SettingAction::Remove) => Doing::Reset,
    }
}

fn changed(change: &Change, outcomes: &mut Outcomes, why_not: &WhyNot) -> Entry {
    let parts = parts_of(change);
    gathered(&change.topic, change.action, parts, outcomes, why_not)
}

/// What became of a topic that is made or deleted without a plan.
pub(super) fn entry_of(
    topic: &TopicName,
    action: Action,
    doing: Doing,
    outcomes: &mut Outcomes,
    why_not: &WhyNot,
) -> Entry {
    gathered(topic, action, vec![(None, doing)], outcomes, why_not)
}

fn gathered(
    topic: &TopicName,
    action: Action,
    parts: Vec<(Option<Setting>, Doing)>,
    outcomes: &mut Outcomes,
    why_not: &WhyNot,
) -> Entry {
    let mut known = outcomes.remove(topic).unwrap_or_default();
    let mut part = |(setting, doing)| Part {
        outcome: known
            .remove(&setting)
            .unwrap_or_else(|| Outcome::Skipped(why_not.clone())),
        setting,
        doing: Some(doing),
    };
    let mut parts: Vec<Part> = parts.into_iter().map(&mut part).collect();
    // Of a create that was accepted: the settings that the topic does not hold after all.
    let others = known.into_iter();
    parts.extend(others.map(|(setting, outcome)| Part {
        setting,
        doing: None,
        outcome,
    }));
    Entry {
        topic: topic.clone(),
        action: Some(action),
        parts,
    }
}

fn blocked(blocked: &Blocked) -> Entry {
    let waiting = blocked.holds_back.iter().map(|key| Part {
        setting: Some(Setting::Config(key.clone())),
        doing: None,
        outcome: Outcome::Held(blocked.code),
    });
    let itself = Part {
        setting: blocked.setting.clone(),
        doing: None,
        outcome: Outcome::Blocked(blocked.code, blocked.message.clone()),
    };
    Entry {
        topic: blocked.topic.clone(),
        action: None,
        parts: std::iter::once(itself).chain(waiting).collect(),
    }
}

/// A change that a hold keeps from being made.
fn on_hold(held: &plan::Held) -> Option<Entry> {
    let outcome = || Outcome::OnHold(Box::new(held.clone()));
    let change = held.change.as_ref()?;
    let part = |(setting, doing)| Part {
        setting,
        doing: Some(doing),
        outcome: outcome(),
    };
    Some(Entry {
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
        let entry = |outcome: &Outcome| Entry {
            topic: "t".into(),
            action: Some(Action::Update),
            parts: vec![Part {
                setting: Some(Setting::Partitions),
                doing: Some(Doing::AddPartitions),
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
        let unknown = || Outcome::Unknown(Doubt::Unanswered(fault.clone()));
        let not_kept = || Outcome::NotEffective(Holds::Partitions(1));
        let blocked = || Outcome::Blocked(BlockCode::PartitionsDecrease, String::new());
        let not_tried = || Outcome::Skipped(WhyNot::InSyncUnknown);
        let table = [
            (vec![], Verdict::Done),
            (vec![Applied, AlreadyApplied], Verdict::Done),
            (vec![failed()], Verdict::Failed),
            (vec![failed(), AlreadyApplied, blocked()], Verdict::Failed),
            (vec![failed(), Applied], Verdict::Partial),
            (vec![unknown()], Verdict::Partial),
            (vec![not_kept()], Verdict::Partial),
            (vec![blocked()], Verdict::Blocked),
            (vec![blocked(), AlreadyApplied], Verdict::Blocked),
            (vec![blocked(), Applied], Verdict::Partial),
            (vec![not_tried()], Verdict::Failed),
            (vec![not_tried(), Applied], Verdict::Partial),
        ];
        for (outcomes, expected) in table {
            assert_eq!(report(&outcomes, false).verdict(), expected, "{outcomes:?}");
            let stopped = report(&outcomes, true).verdict();
            assert_eq!(stopped, Verdict::Interrupted, "{outcomes:?}");
        }
    }

    #[test]
    fn a_change_is_counted_once_by_its_worst_part() {
        let mut report = report(&[Outcome::Applied, Outcome::AlreadyApplied], false);
        let second = report.entries[1].parts.clone();
        report.entries[0].parts.extend(second);
        report.entries[0].parts.push(Part {
            setting: None,
            doing: None,
            outcome: Outcome::Skipped(WhyNot::NotReached),
        });
        let count = report.count();
        assert_eq!(count.of(Kind::Skipped), 1);
        assert_eq!(count.of(Kind::AlreadyApplied), 1);
        assert_eq!(count.of(Kind::Applied), 0);
    }
}
