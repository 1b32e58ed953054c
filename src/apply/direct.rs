//! Topics that are made or deleted without a plan, as those of a lifecycle's instances are: sent,
//! repeated and read back as a plan's changes are.

use super::report::{self, OperationKind, Outcomes, ReportEntry, SkipReason};
use super::{ApplyOptions, Event, execute, preconditions, verify};
use crate::kafka::{Cluster, NewTopic};
use crate::model::TopicName;
use crate::model::{Operation, Phase, Step};
use crate::plan::Action;

/// Creates topics, and tells what became of each. One that is there already as it is wanted is
/// fine.
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

/// Deletes topics, and tells what became of each. Where an id is given, another topic of the name
/// stays.
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

/// Steps of one phase.
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
