//! Skips steps that would do harm now, with the reason.

use std::time::{Duration, Instant};

use super::ApplyOptions;
use super::batches::MAX_PARTITIONS;
use super::readback::{self, Ids};
use super::report::{Outcome, Outcomes, SkipReason};
use crate::kafka::{Cluster, FaultKind, Metadata};
use crate::live::is_another;
use crate::model::TopicName;
use crate::model::{Operation, Phase, Step};

/// The interval at which in-sync replicas are polled while a partition lacks some.
const AGAIN: Duration = Duration::from_millis(500);

/// Returns the steps of a phase that can be sent; sets the outcome of the others.
pub async fn to_send(
    cluster: &Cluster,
    phase: Phase,
    steps: Vec<Step>,
    settings: &ApplyOptions,
    outcomes: &mut Outcomes,
) -> Vec<Step> {
    match phase {
        Phase::Partitions => split(steps, outcomes, too_large),
        Phase::RaiseMinIsr => {
            let metadata = in_sync(cluster, &steps, settings).await;
            split(steps, outcomes, |step| {
                stops_producers(step, metadata.as_ref())
            })
        }
        Phase::Delete => {
            let named = steps
                .iter()
                .map(|step| step.topic.clone())
                .collect::<Vec<_>>();
            let ids = readback::ids(cluster, &named).await;
            split(steps, outcomes, |step| {
                not_the_planned(step, ids.as_ref().ok())
            })
        }
        Phase::Create | Phase::LowerMinIsr | Phase::Configs => steps,
    }
}

/// Skips all steps.
pub fn keep_back(steps: &mut Vec<Step>, why: &SkipReason, outcomes: &mut Outcomes) {
    *steps = split(std::mem::take(steps), outcomes, |_| Some(why.clone()));
}

/// Returns a reason if the topic to delete was recreated after planning: Kafka deletes by name.
fn not_the_planned(step: &Step, ids: Option<&Ids>) -> Option<SkipReason> {
    let Operation::Delete { id } = &step.work else {
        return None;
    };
    recreated(&step.topic, id.as_ref(), ids)
}

/// Returns why a topic is not, or may not be, the planned one, by its id if known.
pub fn recreated(topic: &TopicName, id: Option<&String>, ids: Option<&Ids>) -> Option<SkipReason> {
    id?;
    match ids.and_then(|ids| ids.get(topic)) {
        Some(Ok(now)) => is_another(id, now.as_ref()).then_some(SkipReason::Recreated),
        // It has been deleted already.
        Some(Err(fault)) if fault.kind() == FaultKind::Missing => None,
        Some(Err(_)) | None => Some(SkipReason::IdUnknown),
    }
}

fn split(
    steps: Vec<Step>,
    outcomes: &mut Outcomes,
    skip_reason: impl Fn(&Step) -> Option<SkipReason>,
) -> Vec<Step> {
    let mut ready = Vec::new();
    for step in steps {
        match skip_reason(&step) {
            None => ready.push(step),
            Some(why) => {
                let parts = outcomes.entry(step.topic.clone()).or_default();
                let outcome = Outcome::Skipped(why);
                parts.extend(step.parts().into_iter().map(|part| (part, outcome.clone())));
            }
        }
    }
    ready
}

/// Returns a reason if more partitions are added than Kafka's limit: Kafka would add a part of them
/// permanently, and return an error.
fn too_large(step: &Step) -> Option<SkipReason> {
    let most = u32::try_from(MAX_PARTITIONS).unwrap_or(u32::MAX);
    match step.work {
        Operation::AddPartitions { from, to } if to.saturating_sub(from) > most => {
            Some(SkipReason::GrowthTooLarge {
                added: to - from,
                most,
            })
        }
        _ => None,
    }
}

/// Returns a reason if a partition has fewer in-sync replicas than acks=all writes will require.
fn stops_producers(step: &Step, metadata: Option<&Metadata>) -> Option<SkipReason> {
    let Operation::RaiseMinIsr {
        to: Some(wanted), ..
    } = step.work
    else {
        return None;
    };
    let Some(topic) = metadata.and_then(|m| m.topics.get(&step.topic)) else {
        return Some(SkipReason::InSyncUnknown);
    };
    topic
        .partitions
        .iter()
        .enumerate()
        .map(|(partition, state)| (partition, state.in_sync.len()))
        .find(|(_, in_sync)| *in_sync < wanted as usize)
        .map(|(partition, in_sync)| SkipReason::TooFewInSync {
            partition,
            in_sync,
            wanted,
        })
}

/// Reads the in-sync replicas until there are enough, or up to the maximum time until changes are
/// visible: new partitions need a moment.
async fn in_sync(cluster: &Cluster, steps: &[Step], settings: &ApplyOptions) -> Option<Metadata> {
    let give_up = Instant::now() + settings.visible_within;
    loop {
        let metadata = cluster.metadata().await.ok();
        let enough = steps
            .iter()
            .all(|step| stops_producers(step, metadata.as_ref()).is_none());
        if enough || settings.stop.is_set() || Instant::now() >= give_up {
            return metadata;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::{AlterOp, Fault, Partition, TopicMetadata};

    fn step(work: Operation) -> Step {
        Step {
            phase: Phase::Configs,
            topic: "t".into(),
            work,
        }
    }

    fn metadata(in_sync: &[&[i32]]) -> Metadata {
        let partition = |in_sync: &&[i32]| Partition {
            leader: None,
            replicas: vec![1, 2, 3],
            in_sync: in_sync.to_vec(),
        };
        let topic = TopicMetadata {
            partitions: in_sync.iter().map(partition).collect(),
        };
        Metadata {
            topics: [("t".into(), topic)].into(),
            ..Metadata::default()
        }
    }

    #[test]
    fn producers_are_not_stopped() {
        let raise = |to| {
            step(Operation::RaiseMinIsr {
                op: AlterOp::Set("2".to_owned()),
                to,
            })
        };
        let full = metadata(&[&[1, 2], &[2, 3]]);
        assert_eq!(stops_producers(&raise(Some(2)), Some(&full)), None);
        let lacking = metadata(&[&[1, 2], &[3]]);
        let why = SkipReason::TooFewInSync {
            partition: 1,
            in_sync: 1,
            wanted: 2,
        };
        assert_eq!(stops_producers(&raise(Some(2)), Some(&lacking)), Some(why));
        let unknown = Some(SkipReason::InSyncUnknown);
        assert_eq!(stops_producers(&raise(Some(2)), None), unknown);
        assert_eq!(stops_producers(&raise(None), Some(&full)), None);
    }

    #[test]
    fn a_topic_that_was_made_again_is_not_deleted() {
        let delete = |id: Option<&str>| {
            let id = id.map(str::to_owned);
            step(Operation::Delete { id })
        };
        let ids = |id: &str| Ids::from([("t".into(), Ok(Some(id.to_owned())))]);
        let fault = |code| Ids::from([("t".into(), Err(Fault::new(code, String::new())))]);
        let why = |id, ids: &Ids| not_the_planned(&delete(id), Some(ids));
        assert_eq!(why(Some("a"), &ids("a")), None);
        assert_eq!(why(Some("a"), &ids("b")), Some(SkipReason::Recreated));
        assert_eq!(why(Some("a"), &fault(3)), None);
        let unknown = Some(SkipReason::IdUnknown);
        assert_eq!(why(Some("a"), &fault(29)), unknown);
        assert_eq!(why(Some("a"), &Ids::new()), unknown);
        assert_eq!(why(None, &ids("b")), None);
        assert_eq!(
            not_the_planned(&delete(Some("a")), None),
            Some(SkipReason::IdUnknown)
        );
        assert_eq!(not_the_planned(&delete(None), None), None);
    }

    #[test]
    fn a_growth_that_would_stop_half_way_is_not_sent() {
        let grow = |to| step(Operation::AddPartitions { from: 4, to });
        assert_eq!(too_large(&grow(9_004)), None);
        let why = SkipReason::GrowthTooLarge {
            added: 9_001,
            most: 9_000,
        };
        assert_eq!(too_large(&grow(9_005)), Some(why.clone()));
        let mut outcomes = Outcomes::new();
        let steps = vec![grow(9_005), grow(5)];
        assert_eq!(split(steps, &mut outcomes, too_large), [grow(5)]);
        assert_eq!(outcomes.len(), 1);
    }
}
