//! Topics that are made or deleted without a plan, as those of a lifecycle's instances are: sent,
//! repeated and read back as a plan's changes are.

use super::report::{self, Doing, Entry, Outcomes, WhyNot};
use super::{Event, Settings, execute, safe, verify};
use crate::kafka::{Cluster, NewTopic};
use crate::model::TopicName;
use crate::model::{Phase, Step, Work};
use crate::plan::Action;

/// Creates topics, and tells what became of each. One that is there already as it is wanted is
/// fine.
pub async fn create(
    cluster: &Cluster,
    topics: Vec<NewTopic>,
    settings: &Settings,
    events: &mut (dyn FnMut(Event) + Send),
) -> Vec<Entry> {
    let step = |topic: NewTopic| Step {
        phase: Phase::Create,
        topic: topic.name.clone(),
        work: Work::Create(topic),
    };
    let steps = topics.into_iter().map(step).collect();
    let run = Alone {
        phase: Phase::Create,
        action: Action::Create,
        doing: Doing::Create,
    };
    run.run(cluster, steps, settings, events).await
}

/// Deletes topics, and tells what became of each. Where an id is given, another topic of the name
/// stays.
pub async fn delete(
    cluster: &Cluster,
    topics: Vec<(TopicName, Option<String>)>,
    settings: &Settings,
    events: &mut (dyn FnMut(Event) + Send),
) -> Vec<Entry> {
    let step = |(topic, id)| Step {
        phase: Phase::Delete,
        topic,
        work: Work::Delete { id },
    };
    let steps = topics.into_iter().map(step).collect();
    let run = Alone {
        phase: Phase::Delete,
        action: Action::Delete,
        doing: Doing::Delete,
    };
    run.run(cluster, steps, settings, events).await
}

/// Steps of one phase.
struct Alone {
    phase: Phase,
    action: Action,
    doing: Doing,
}

impl Alone {
    async fn run(
        self,
        cluster: &Cluster,
        steps: Vec<Step>,
        settings: &Settings,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Vec<Entry> {
        let topics: Vec<TopicName> = steps.iter().map(|step| step.topic.clone()).collect();
        let mut outcomes = Outcomes::default();
        events(Event::Phase(self.phase, steps.len()));
        let steps = safe::to_send(cluster, self.phase, steps, settings, &mut outcomes).await;
        let answered = execute::phase(cluster, steps, settings, events).await;
        let ended = answered.ended.filter(|_| !settings.stop.is_set());
        let why_not = ended.unwrap_or(WhyNot::NotReached);
        verify::settle(cluster, answered.sent, settings, events, &mut outcomes).await;
        let entry = |topic: &TopicName| {
            report::entry_of(topic, self.action, self.doing, &mut outcomes, &why_not)
        };
        topics.iter().map(entry).collect()
    }
}
