//! Sends the steps of a phase: in batches, a few requests in flight, repeated where Kafka says
//! that a retry can help, and re-read first where it may have been done already.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::task::JoinSet;

use super::readback::{self, ReadIds, Shown};
use super::report::SkipReason;
use super::{ApplyOptions, Event};
use crate::kafka::batches::{self, Cost};
use crate::kafka::{Alter, Cluster, Fault, FaultKind, Mode, NewTopic};
use crate::model::TopicName;
use crate::model::{Operation, Step};

/// Requests that are under way at the same time: measured, more of them gain nothing.
const IN_FLIGHT: usize = 2;

/// A step that was sent, with the answer to it.
#[derive(Debug)]
pub struct Sent {
    /// The step.
    pub step: Step,
    /// The answer.
    pub answer: Answer,
}

/// What Kafka answered, in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done.
    Accepted,
    /// Not done, at least not by the last attempt.
    Refused {
        /// Why.
        fault: Fault,
        /// Whether an attempt before it got no answer and so may have done it.
        perhaps_done: bool,
    },
    /// No answer came.
    Unanswered(Fault),
}

/// What became of the steps of a phase.
#[derive(Debug, Default)]
pub struct Answered {
    /// Those that were sent.
    pub sent: Vec<Sent>,
    /// Why what was not sent had better not be: the cluster stopped to answer, or the lock is lost.
    pub ended: Option<SkipReason>,
}

/// Sends the steps of one phase. What was not sent, because the apply was stopped or the cluster
/// is lost, is not among the answers.
pub async fn phase(
    cluster: &Cluster,
    steps: Vec<Step>,
    settings: &ApplyOptions,
    events: &mut (dyn FnMut(Event) + Send),
) -> Answered {
    let mut waiting = batches::pack(steps, cost).into_iter();
    let mut under_way = JoinSet::new();
    let mut all = Answered::default();
    loop {
        while under_way.len() < IN_FLIGHT
            && !settings.stop.is_set()
            && all.ended.is_none()
            && let Some(batch) = waiting.next()
        {
            match lock_lost(settings).await {
                None => drop(under_way.spawn(Attempts::new(cluster, settings, batch).run())),
                skip_reason => all.ended = skip_reason,
            }
        }
        match under_way.join_next().await {
            None => return all,
            Some(Ok(answered)) => {
                events(Event::Answered(answered.sent.len()));
                all.sent.extend(answered.sent);
                all.ended = all.ended.or(answered.ended);
            }
            Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

/// Whether the lock that the apply needs is lost.
async fn lock_lost(settings: &ApplyOptions) -> Option<SkipReason> {
    let lost = settings.inventory_writer.as_ref()?.check().await.err()?;
    Some(SkipReason::LockLost(lost))
}

/// One batch on its way to an answer for each of its steps.
struct Attempts {
    cluster: Cluster,
    settings: ApplyOptions,
    /// The steps without a final answer.
    open: Vec<Open>,
    answered: Vec<Sent>,
    /// Whether the last attempt got no answer at all.
    unanswered: bool,
    /// Why nothing may be sent any more.
    lock_lost: Option<SkipReason>,
    delays: ExponentialBackoff,
    give_up: Instant,
}

/// A step without a final answer.
struct Open {
    step: Step,
    perhaps_done: bool,
    /// The last answer.
    fault: Option<Fault>,
}

impl Attempts {
    fn new(cluster: &Cluster, settings: &ApplyOptions, batch: Vec<Step>) -> Self {
        let open = |step| Open {
            step,
            perhaps_done: false,
            fault: None,
        };
        Self {
            cluster: cluster.clone(),
            settings: settings.clone(),
            open: batch.into_iter().map(open).collect(),
            answered: Vec::new(),
            unanswered: false,
            lock_lost: None,
            delays: delays(),
            give_up: Instant::now() + settings.retry_for,
        }
    }

    async fn run(mut self) -> Answered {
        loop {
            let before = self.open.len();
            let steps: Vec<&Step> = self.open.iter().map(|open| &open.step).collect();
            let answer = request(&self.cluster, &steps).await;
            let unanswered = |fault: &Fault| fault.kind() == FaultKind::Unanswered;
            self.unanswered = answer.as_ref().is_err_and(unanswered);
            // Where it failed as a whole, every step gets that answer.
            self.sort(answer.unwrap_or_else(|fault| vec![Err(fault); before]));
            self.look_for_existing().await;
            if self.open.len() < before {
                // Something got done: a quota lets a part through, and the rest after a while.
                self.delays = delays();
                self.give_up = Instant::now() + self.settings.retry_for;
            }
            let delay = self.delays.next().unwrap_or(MAX_DELAY);
            let late = Instant::now() + delay > self.give_up;
            if self.open.is_empty() || late {
                return self.finish();
            }
            self.settings.stop.or_after(delay).await;
            self.lock_lost = lock_lost(&self.settings).await;
            if self.settings.stop.is_set() || self.lock_lost.is_some() {
                return self.finish();
            }
            if self.open.iter().any(|open| open.perhaps_done) {
                self.look_again().await;
            }
        }
    }

    /// Keeps open what can be asked again, and writes down the rest.
    fn sort(&mut self, answers: Vec<Result<(), Fault>>) {
        for (mut open, answer) in std::mem::take(&mut self.open).into_iter().zip(answers) {
            let Err(fault) = answer else {
                self.answer(open.step, Answer::Accepted);
                continue;
            };
            match fault.kind() {
                FaultKind::NotController
                | FaultKind::Throttled
                | FaultKind::Retriable
                // What is there is looked at before it counts.
                | FaultKind::AlreadyExists => {
                    open.fault = Some(fault);
                    self.open.push(open);
                }
                FaultKind::Unanswered => {
                    open.perhaps_done = true;
                    open.fault = Some(fault);
                    self.open.push(open);
                }
                FaultKind::Missing
                | FaultKind::InvalidPartitions
                | FaultKind::NotAuthorised
                | FaultKind::Unsupported
                | FaultKind::Permanent => {
                    let perhaps_done = open.perhaps_done;
                    let refused = Answer::Refused {
                        fault,
                        perhaps_done,
                    };
                    self.answer(open.step, refused);
                }
            }
        }
    }

    fn answer(&mut self, step: Step, answer: Answer) {
        self.answered.push(Sent { step, answer });
    }

    /// After a missing answer: a fresh client, because the old one may wait for a broker that is
    /// gone, and a look at what is done already.
    async fn look_again(&mut self) {
        if self.cluster.renew().await.is_err() {
            return; // The next attempt says the same, and is counted.
        }
        let doubtful = self.open.iter().filter(|open| open.perhaps_done);
        let steps: Vec<&Step> = doubtful.map(|open| &open.step).collect();
        let Ok(seen) = readback::read(&self.cluster, &steps, ReadIds::Nothing).await else {
            return;
        };
        for open in std::mem::take(&mut self.open) {
            let parts = readback::check(&open.step, &seen);
            let done =
                open.perhaps_done && parts.iter().all(|(_, shown)| *shown == Shown::AsWanted);
            match done {
                true => self.answer(open.step, Answer::Accepted),
                false => self.open.push(open),
            }
        }
    }

    /// A topic that exists, and shows, is not made. One that does not show is being deleted: with
    /// ZooKeeper the name is free only once its logs are gone, and asking again makes it then. (Or
    /// somebody just made it, and it shows soon.)
    async fn look_for_existing(&mut self) {
        let exists = |fault: &Fault| fault.kind() == FaultKind::AlreadyExists;
        let faults = || self.open.iter().filter_map(|open| open.fault.as_ref());
        if !faults().any(exists) {
            return;
        }
        // What cannot be read now is looked at after the next attempt.
        let Ok(seen) = self.cluster.metadata().await else {
            return;
        };
        for open in std::mem::take(&mut self.open) {
            let name = &open.step.topic;
            let shows = seen.topics.contains_key(name) || seen.unreadable.contains_key(name);
            match open.fault.clone().filter(|fault| shows && exists(fault)) {
                None => self.open.push(open),
                Some(fault) => {
                    let perhaps_done = open.perhaps_done;
                    let refused = Answer::Refused {
                        fault,
                        perhaps_done,
                    };
                    self.answer(open.step, refused);
                }
            }
        }
    }

    /// Time is up: what is open has no other answer than the last one.
    fn finish(mut self) -> Answered {
        let cluster_lost = self.unanswered && !self.open.is_empty();
        let ended = cluster_lost.then_some(SkipReason::ClusterLost);
        let ended = self.lock_lost.take().or(ended);
        for open in std::mem::take(&mut self.open) {
            let Some(fault) = open.fault else { continue };
            let answer = match (fault.kind(), open.perhaps_done) {
                (FaultKind::Unanswered, _) => Answer::Unanswered(fault),
                (_, perhaps_done) => Answer::Refused {
                    fault,
                    perhaps_done,
                },
            };
            self.answer(open.step, answer);
        }
        Answered {
            sent: self.answered,
            ended,
        }
    }
}

/// The longest pause between two attempts.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// Pauses that grow, each with some jitter, so that several applies do not knock at the same time.
fn delays() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(u64::from(std::process::id()))
        .build()
}

/// What a step adds to a request.
fn cost(step: &Step) -> Cost {
    match &step.work {
        Operation::Create(topic) => Cost::of_create(topic.partitions, topic.config.len()),
        Operation::AddPartitions { from, to } => Cost::of_growth(*from, *to),
        Operation::Alter(ops) => Cost::of_alter(ops.len()),
        Operation::RaiseMinIsr { .. } => Cost::of_alter(1),
        Operation::Delete { .. } => Cost::of_delete(),
    }
}

/// Sends one request. The steps of a batch are all of one kind: they come from one phase.
async fn request(cluster: &Cluster, steps: &[&Step]) -> Result<Vec<Result<(), Fault>>, Fault> {
    match steps.first().map(|step| &step.work) {
        None => Ok(Vec::new()),
        Some(Operation::Create(_)) => {
            let topics: Vec<NewTopic> = steps.iter().filter_map(|step| created(step)).collect();
            cluster.create_topics(&topics, Mode::Apply).await
        }
        Some(Operation::AddPartitions { .. }) => {
            let counts: Vec<(TopicName, u32)> =
                steps.iter().filter_map(|step| count(step)).collect();
            cluster.create_partitions(&counts, Mode::Apply).await
        }
        Some(Operation::Alter(_) | Operation::RaiseMinIsr { .. }) => {
            let alter = |step: &&Step| Alter {
                topic: step.topic.clone(),
                ops: step.ops(),
            };
            let alters: Vec<Alter> = steps.iter().map(alter).collect();
            cluster
                .incremental_alter_configs(&alters, Mode::Apply)
                .await
        }
        Some(Operation::Delete { .. }) => {
            let names: Vec<TopicName> = steps.iter().map(|step| step.topic.clone()).collect();
            cluster.delete_topics(&names).await
        }
    }
}

fn created(step: &Step) -> Option<NewTopic> {
    match &step.work {
        Operation::Create(topic) => Some(topic.clone()),
        _ => None,
    }
}

fn count(step: &Step) -> Option<(TopicName, u32)> {
    match step.work {
        Operation::AddPartitions { to, .. } => Some((step.topic.clone(), to)),
        _ => None,
    }
}
