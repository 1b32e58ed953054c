//! What became of a change, in words.

use crate::apply::{ActualState, Fault, Outcome, OutcomeKind, SkipReason, UnknownReason};
use crate::model::text::{count, escape};
use crate::plan::Setting;
use crate::render::plan::held_words;
use crate::render::values::value_or_unknown;

/// The kinds in the order in which they are counted.
pub(in crate::render) const ORDER: [OutcomeKind; 8] = [
    OutcomeKind::Applied,
    OutcomeKind::AlreadyApplied,
    OutcomeKind::Failed,
    OutcomeKind::NotEffective,
    OutcomeKind::Unknown,
    OutcomeKind::Blocked,
    OutcomeKind::Held,
    OutcomeKind::Skipped,
];

/// `applied`, `not effective`, …
pub(in crate::render) fn kind(kind: OutcomeKind) -> &'static str {
    match kind {
        OutcomeKind::Applied => "applied",
        OutcomeKind::AlreadyApplied => "already applied",
        OutcomeKind::Failed => "failed",
        OutcomeKind::NotEffective => "not effective",
        OutcomeKind::Unknown => "unknown",
        OutcomeKind::Blocked => "blocked",
        OutcomeKind::Held => "held",
        OutcomeKind::Skipped => "skipped",
    }
}

/// Why, in a phrase that follows the kind; `None` where there is nothing to say.
pub(in crate::render) fn reason(setting: Option<&Setting>, outcome: &Outcome) -> Option<String> {
    Some(match outcome {
        Outcome::Applied | Outcome::AlreadyApplied => return None,
        Outcome::Failed(fault) => broker(fault),
        Outcome::NotEffective(holds) => format!("accepted, but {}", instead(setting, holds)),
        Outcome::Unknown(doubt) => doubtful(doubt),
        Outcome::Blocked(_, message) => escape(message).into_owned(),
        Outcome::Held(code) => format!("it waits for what is blocked by {code}"),
        Outcome::OnHold(held) => held_words(held),
        Outcome::Skipped(why) => not_tried(why),
        Outcome::Unrecorded(why) => {
            format!("not recorded: {}", escape(&why.to_string()))
        }
    })
}

/// The broker's own words, the code behind them.
fn broker(fault: &Fault) -> String {
    match fault.message.is_empty() {
        true => fault.to_string(),
        false => format!("{} ({} {})", escape(&fault.message), fault.name, fault.code),
    }
}

fn instead(setting: Option<&Setting>, holds: &ActualState) -> String {
    match (holds, setting) {
        (ActualState::Topic, _) => "the topic is there, still or again".to_owned(),
        (ActualState::Nothing, _) => "the topic is gone".to_owned(),
        (ActualState::Partitions(count), _) => format!("the topic has {count} partitions"),
        (ActualState::ReplicationFactor(factor), _) => {
            format!("the topic has replication factor {factor}")
        }
        (ActualState::Config(value), Some(Setting::Config(key))) => {
            format!(
                "the topic holds {}",
                value_or_unknown(key, value.as_deref())
            )
        }
        (ActualState::Config(value), _) => {
            format!(
                "the topic holds {}",
                escape(value.as_deref().unwrap_or("nothing"))
            )
        }
    }
}

fn doubtful(doubt: &UnknownReason) -> String {
    match doubt {
        UnknownReason::Unanswered(fault) => format!(
            "no answer came, and the cluster does not show it so far: {}",
            broker(fault)
        ),
        UnknownReason::NotVisible => "accepted, but the topic does not show so far".to_owned(),
        UnknownReason::Unreadable(fault) => {
            format!("accepted, but it may not be read back: {}", broker(fault))
        }
        UnknownReason::Unread(error) => {
            format!(
                "accepted, but it could not be read back: {}",
                escape(&error.to_string())
            )
        }
    }
}

fn not_tried(why: &SkipReason) -> String {
    match why {
        SkipReason::NotReached => "the apply was stopped before its turn".to_owned(),
        SkipReason::ClusterLost => {
            "the apply gave up before its turn: the cluster did not answer any more".to_owned()
        }
        SkipReason::Refused => "the apply was refused".to_owned(),
        SkipReason::AllOrNothing => {
            "something is blocked, and it was to be all or nothing".to_owned()
        }
        SkipReason::Declined => "the answer was no".to_owned(),
        SkipReason::TooFewInSync {
            partition,
            in_sync,
            wanted,
        } => format!(
            "partition {partition} has {} in sync, and with {wanted} asked for acks=all producers would stop",
            count(*in_sync, "replica")
        ),
        SkipReason::InSyncUnknown => {
            "it could not be seen how many replicas are in sync, and acks=all producers might stop"
                .to_owned()
        }
        SkipReason::LockLost(lost) => escape(&lost.to_string()).into_owned(),
        SkipReason::Unrecorded(why) => format!(
            "the inventory has to hold it beforehand, and could not be written: {}",
            escape(&why.to_string())
        ),
        SkipReason::Recreated => {
            "the topic was recreated since the plan was made: this is another one".to_owned()
        }
        SkipReason::IdUnknown => {
            "it could not be seen whether it is still the topic of the plan".to_owned()
        }
        SkipReason::GrowthTooLarge { added, most } => format!(
            "{added} partitions at once: Kafka stops half-way above 10,000. Raise it by at most {most} at a time"
        ),
    }
}
