//! Creates and deletes topics without a plan, for lifecycle instances: requests, retries and
//! read-back are the same as for plans.

use super::report::{self, OperationKind, Outcomes, ReportEntry, SkipReason};
use super::{ApplyOptions, Event, execute, preconditions, verify};
use crate::kafka::{Cluster, NewTopic};
use crate::model::TopicName;
use crate::model::{Operation, Phase, Step};
use crate::plan::Action;

/// Creates topics, and returns the outcome of each. An existing topic with the declared settings
/// counts as already applied.
pub async fn create(
    cluster: &Cluster,
    topics: Vec<NewTopic>,
    settings: &ApplyOptions,
    events: &mut (dyn FnMut(Event) + Send),
) -> Vec<ReportEntry> {
    let step = |topic: NewTopic| Step {
        phase: Phase::Create,
        topic: topic.name.clone(),
        work: Operation::Create(topic),
    };
    let steps = topics.into_iter().map(step).collect();
    let run = PhaseRun {
        phase: Phase::Create,
        action: Action::Create,
        doing: OperationKind::Create,
    };
    run.run(cluster, steps, settings, events).await
}

/// Deletes topics, and returns the outcome of each. If an id is given, a topic with the same name
/// and another id is kept.
pub async fn delete(
    cluster: &Cluster,
    topics: Vec<(TopicName, Option<String>)>,
    settings: &ApplyOptions,
    events: &mut (dyn FnMut(Event) + Send),
) -> Vec<ReportEntry> {
    let step = |(topic, id)| Step {
        phase: Phase::Delete,
        topic,
        work: Operation::Delete { id },
    };
    let steps = topics.into_iter().map(step).collect();
    let run = PhaseRun {
        phase: Phase::Delete,
        action: Action::Delete,
        doing: OperationKind::Delete,
    };
    run.run(cluster, steps, settings, events).await
}

/// The steps of one phase.
struct PhaseRun {
    phase: Phase,
    action: Action,
    doing: OperationKind,
}

impl PhaseRun {
    async fn run(
        self,
        cluster: &Cluster,
        steps: Vec<Step>,
        settings: &ApplyOptions,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Vec<ReportEntry> {
        let topics: Vec<TopicName> = steps.iter().map(|step| step.topic.clone()).collect();
        let mut outcomes = Outcomes::default();
        events(Event::Phase(self.phase, steps.len()));
        let steps =
            preconditions::to_send(cluster, self.phase, steps, settings, &mut outcomes).await;
        let answered = execute::phase(cluster, steps, settings, events).await;
        let ended = answered.ended.filter(|_| !settings.stop.is_set());
        let skip_reason = ended.unwrap_or(SkipReason::NotReached);
        verify::settle(cluster, answered.sent, settings, events, &mut outcomes).await;
        let entry = |topic: &TopicName| {
            report::entry_of(topic, self.action, self.doing, &mut outcomes, &skip_reason)
        };
        topics.iter().map(entry).collect()
    }
}
