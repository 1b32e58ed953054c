//! Reads back all changes until they are visible, for a bounded time, and determines their
//! outcomes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::execute::{Answer, Sent};
use super::readback::{self, ReadIds, Shown};
use super::report::{ActualState, Outcome, OutcomeKind, Outcomes, UnknownReason};
use super::{ApplyOptions, Event};
use crate::kafka::{Cluster, Error, FaultKind};
use crate::model::TopicName;
use crate::model::{Operation, Step};
use crate::plan::Setting;

/// Additional time if logs are created or deleted on the brokers' disks.
const FOR_LOGS: Duration = Duration::from_secs(40);
/// Additional time per log. As measured, 10,000 topics with three replicas took 102 s until
/// visible, and on an overloaded machine a thousand partitions took 20 s.
const FOR_EACH_LOG: Duration = Duration::from_millis(20);
/// The remaining time after an interruption.
const WHEN_STOPPED: Duration = Duration::from_secs(5);
/// The minimum and maximum pause between two reads.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(2));

/// Reads back the sent steps and sets their outcomes. If the ids of created topics are to be
/// recorded, they are read at the same time, as far as brokers return them.
pub async fn settle(
    cluster: &Cluster,
    mut sent: Vec<Sent>,
    settings: &ApplyOptions,
    events: &mut (dyn FnMut(Event) + Send),
    outcomes: &mut Outcomes,
) -> BTreeMap<TopicName, String> {
    let wanted = match settings.inventory_writer {
        Some(_) => ReadIds::IdsOfMade,
        None => ReadIds::Nothing,
    };
    let mut ids = BTreeMap::new();
    let started = Instant::now();
    let patience = patience(&sent, settings);
    while !sent.is_empty() {
        events(Event::Reading(sent.len()));
        let steps: Vec<&Step> = sent.iter().map(|sent| &sent.step).collect();
        let mut seen = readback::read(cluster, &steps, wanted).await;
        let over = match settings.stop.is_set() {
            true => started.elapsed() >= patience.min(WHEN_STOPPED),
            false => started.elapsed() >= patience,
        };
        sent.retain(|sent| {
            let shown = match &seen {
                Ok(seen) => readback::check(&sent.step, seen),
                Err(_) => Vec::new(),
            };
            let open = !over && (seen.is_err() || can_still_change(sent, &shown));
            if !open {
                write_down(sent, shown, seen.as_ref().err(), outcomes);
            }
            open
        });
        if let Ok(seen) = &mut seen {
            ids.append(&mut seen.ids_of_made);
        }
        if !sent.is_empty() {
            let pause = pause(started.elapsed());
            match settings.stop.is_set() {
                true => tokio::time::sleep(pause).await,
                false => settings.stop.or_after(pause).await,
            }
        }
    }
    ids
}

/// Returns the pause after a read: an eighth of the elapsed time, so that changes are detected soon
/// with few reads.
fn pause(elapsed: Duration) -> Duration {
    (elapsed / 8).clamp(PAUSES.0, PAUSES.1)
}

/// Returns the maximum time until everything is visible. Brokers process changes in sequence, so a
/// config waits for the logs created before it.
fn patience(sent: &[Sent], settings: &ApplyOptions) -> Duration {
    let logs = sent.iter().map(|sent| logs(&sent.step.work));
    let logs = logs.fold(0, u32::saturating_add);
    match logs {
        0 => settings.visible_within,
        logs => settings.visible_within + FOR_LOGS + FOR_EACH_LOG * logs,
    }
}

/// Returns the number of logs that are created or deleted, not counting replicas.
fn logs(work: &Operation) -> u32 {
    match work {
        Operation::Create(topic) => topic.partitions,
        Operation::AddPartitions { from, to } => to.saturating_sub(*from),
        Operation::Delete { .. } => 1,
        Operation::Alter(_) | Operation::RaiseMinIsr { .. } => 0,
    }
}

/// Returns whether a later read could change the outcome.
fn can_still_change(sent: &Sent, shown: &[(Option<Setting>, Shown)]) -> bool {
    let pending = |shown: &Shown| matches!(shown, Shown::Absent | Shown::Otherwise(_));
    let pending = shown.iter().any(|(_, shown)| pending(shown));
    match &sent.answer {
        Answer::Accepted | Answer::Unanswered(_) => pending,
        Answer::Refused {
            perhaps_done: true, ..
        } => pending,
        Answer::Refused { fault, .. } => match (&sent.step.work, fault.kind()) {
            // Another process has just done it, such as an apply that was killed: it becomes
            // visible soon.
            (Operation::Create(_), FaultKind::AlreadyExists) => {
                shown.iter().any(|(_, shown)| *shown == Shown::Absent)
            }
            (Operation::Delete { .. }, FaultKind::Missing) => pending,
            (Operation::AddPartitions { to, .. }, FaultKind::InvalidPartitions) => {
                let fewer = |shown: &Shown| matches!(shown, Shown::Otherwise(ActualState::Partitions(n)) if n < to);
                shown.iter().any(|(_, shown)| fewer(shown))
            }
            _ => false,
        },
    }
}

/// Sets the outcomes from a response and the state that was read.
fn write_down(
    sent: &Sent,
    shown: Vec<(Option<Setting>, Shown)>,
    unread: Option<&Error>,
    outcomes: &mut Outcomes,
) {
    let parts = outcomes.entry(sent.step.topic.clone()).or_default();
    match unread {
        Some(error) => {
            let outcome = without_a_look(&sent.answer, error);
            let subjects = sent.step.parts().into_iter();
            parts.extend(subjects.map(|subject| (subject, outcome.clone())));
        }
        None => parts.extend(judge(sent, shown)),
    }
}

fn without_a_look(answer: &Answer, error: &Error) -> Outcome {
    match answer {
        Answer::Accepted => Outcome::Unknown(UnknownReason::Unread(error.clone())),
        Answer::Unanswered(fault) => Outcome::Unknown(UnknownReason::Unanswered(fault.clone())),
        Answer::Refused {
            fault,
            perhaps_done: true,
        } => Outcome::Unknown(UnknownReason::Unanswered(fault.clone())),
        Answer::Refused { fault, .. } => Outcome::Failed(fault.clone()),
    }
}

/// Determines the outcomes from a response and the state that was read.
fn judge(sent: &Sent, shown: Vec<(Option<Setting>, Shown)>) -> Vec<(Option<Setting>, Outcome)> {
    let (good, bad) = match &sent.answer {
        Answer::Accepted => {
            let known = shown.into_iter().filter(|(_, s)| *s != Shown::Undeclared);
            return known.map(|(part, s)| (part, kept(s))).collect();
        }
        Answer::Unanswered(fault) => (
            Outcome::Applied,
            Outcome::Unknown(UnknownReason::Unanswered(fault.clone())),
        ),
        Answer::Refused {
            fault,
            perhaps_done: true,
        } => (Outcome::Applied, Outcome::Failed(fault.clone())),
        Answer::Refused { fault, .. } => (Outcome::AlreadyApplied, Outcome::Failed(fault.clone())),
    };
    // After an attempt without a response, additional configs may be set by the broker itself;
    // otherwise another process created this topic differently.
    let ours = good.kind() == OutcomeKind::Applied;
    let as_wanted = |s: &Shown| *s == Shown::AsWanted || (ours && *s == Shown::Undeclared);
    let outcome = |is_good: bool| if is_good { good.clone() } else { bad.clone() };
    match sent.step.work {
        Operation::Create(_) => {
            let whole = shown.iter().all(|(_, s)| as_wanted(s));
            vec![(None, outcome(whole))]
        }
        _ => shown
            .into_iter()
            .map(|(part, s)| (part, outcome(as_wanted(&s))))
            .collect(),
    }
}

/// Returns the outcome of an accepted part.
fn kept(shown: Shown) -> Outcome {
    match shown {
        Shown::AsWanted | Shown::Undeclared => Outcome::Applied,
        Shown::Absent => Outcome::Unknown(UnknownReason::NotVisible),
        Shown::Otherwise(holds) => Outcome::NotEffective(holds),
        Shown::Unreadable(fault) => Outcome::Unknown(UnknownReason::Unreadable(fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Fault;
    use crate::model::NewTopic;
    use crate::model::Phase;

    fn fault(code: i32) -> Fault {
        Fault {
            code,
            name: "X".to_owned(),
            message: String::new(),
        }
    }

    fn sent(work: Operation, answer: Answer) -> Sent {
        let step = Step {
            phase: Phase::Create,
            topic: "t".into(),
            work,
        };
        Sent { step, answer }
    }

    fn create() -> Operation {
        Operation::Create(NewTopic {
            name: "t".into(),
            partitions: 3,
            replication_factor: 1,
            config: Vec::new(),
        })
    }

    fn refused(code: i32, perhaps_done: bool) -> Answer {
        Answer::Refused {
            fault: fault(code),
            perhaps_done,
        }
    }

    /// The outcomes of a create, by its response and the state of the topic.
    #[test]
    fn what_a_create_comes_to() {
        let unanswered = || Answer::Unanswered(fault(-185));
        let other = || Shown::Otherwise(ActualState::Partitions(1));
        let table = [
            (Answer::Accepted, Shown::AsWanted, OutcomeKind::Applied),
            (Answer::Accepted, Shown::Absent, OutcomeKind::Unknown),
            (
                Answer::Accepted,
                Shown::Unreadable(fault(29)),
                OutcomeKind::Unknown,
            ),
            (unanswered(), Shown::AsWanted, OutcomeKind::Applied),
            (unanswered(), Shown::Absent, OutcomeKind::Unknown),
            (unanswered(), other(), OutcomeKind::Unknown),
            (
                refused(36, false),
                Shown::AsWanted,
                OutcomeKind::AlreadyApplied,
            ),
            (refused(36, false), Shown::Undeclared, OutcomeKind::Failed),
            (refused(36, false), other(), OutcomeKind::Failed),
            (refused(36, true), Shown::AsWanted, OutcomeKind::Applied),
            (refused(36, true), Shown::Undeclared, OutcomeKind::Applied),
            (refused(36, true), other(), OutcomeKind::Failed),
            (refused(40, false), Shown::Absent, OutcomeKind::Failed),
        ];
        for (answer, shown, expected) in table {
            let what = format!("{answer:?} {shown:?}");
            let outcomes = judge(&sent(create(), answer), vec![(None, shown)]);
            assert_eq!(outcomes.len(), 1, "{what}");
            assert_eq!(outcomes[0].1.kind(), expected, "{what}");
        }
    }

    #[test]
    fn what_shows_is_seen_soon_in_few_looks() {
        let (mut elapsed, mut looks) = (Duration::ZERO, 0);
        while elapsed < Duration::from_secs(60) {
            let next = elapsed + pause(elapsed);
            assert!(next <= elapsed * 9 / 8 + PAUSES.0, "{elapsed:?}");
            (elapsed, looks) = (next, looks + 1);
        }
        assert!((50..100).contains(&looks), "{looks}");
    }

    #[test]
    fn an_accepted_create_says_which_setting_was_not_kept() {
        let parts = vec![
            (None, Shown::AsWanted),
            (
                Some(Setting::Partitions),
                Shown::Otherwise(ActualState::Partitions(1)),
            ),
        ];
        let outcomes = judge(&sent(create(), Answer::Accepted), parts);
        let kinds: Vec<OutcomeKind> = outcomes.iter().map(|(_, o)| o.kind()).collect();
        assert_eq!(kinds, [OutcomeKind::Applied, OutcomeKind::NotEffective]);
    }

    #[test]
    fn only_what_can_still_come_is_waited_for() {
        let of = |work, answer, shown| can_still_change(&sent(work, answer), &[(None, shown)]);
        let waits = |answer, shown| of(create(), answer, shown);
        assert!(waits(Answer::Accepted, Shown::Absent));
        assert!(!waits(Answer::Accepted, Shown::AsWanted));
        assert!(!waits(Answer::Accepted, Shown::Unreadable(fault(29))));
        assert!(waits(refused(36, false), Shown::Absent));
        let other = Shown::Otherwise(ActualState::Partitions(1));
        assert!(!waits(refused(36, false), other.clone()));
        assert!(waits(refused(36, true), other));
        assert!(!waits(refused(40, false), Shown::Absent));
        // Done by an apply that was killed, and not visible yet.
        let holds = |count| Shown::Otherwise(ActualState::Partitions(count));
        let grow = || Operation::AddPartitions { from: 1, to: 3 };
        assert!(of(grow(), refused(37, false), holds(1)));
        assert!(!of(grow(), refused(37, false), holds(4)));
        assert!(!of(grow(), refused(44, false), holds(1)));
        let there = || Shown::Otherwise(ActualState::Topic);
        assert!(of(
            Operation::Delete { id: None },
            refused(3, false),
            there()
        ));
        assert!(!of(
            Operation::Delete { id: None },
            refused(29, false),
            there()
        ));
    }
}
