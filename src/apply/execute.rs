//! Sends the steps of a phase: in batches, a few requests in flight, with retries for retriable
//! errors, and a read before a retry if the change may have been made.

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

/// Maximum requests in flight; more are not faster, as measured.
const IN_FLIGHT: usize = 2;

/// A step that was sent, with its final response.
#[derive(Debug)]
pub struct Sent {
    /// The step.
    pub step: Step,
    /// The response.
    pub answer: Answer,
}

/// Kafka's final response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The change was made.
    Accepted,
    /// The change was not made, at least not by the last attempt.
    Refused {
        /// The broker's error.
        fault: Fault,
        /// Whether an earlier attempt got no response and so may have made the change.
        perhaps_done: bool,
    },
    /// No response.
    Unanswered(Fault),
}

/// The responses of a phase.
#[derive(Debug, Default)]
pub struct Answered {
    /// The steps that were sent.
    pub sent: Vec<Sent>,
    /// Why the other steps must not be sent: the cluster no longer responds, or the lock is lost.
    pub ended: Option<SkipReason>,
}

/// Sends the steps of one phase. Steps that were not sent, because the apply was interrupted or the
/// cluster is lost, are not in the result.
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

/// Returns the reason if the apply's lock is lost.
async fn lock_lost(settings: &ApplyOptions) -> Option<SkipReason> {
    let lost = settings.inventory_writer.as_ref()?.check().await.err()?;
    Some(SkipReason::LockLost(lost))
}

/// The attempts for one batch, until each of its steps has a final response.
struct Attempts {
    cluster: Cluster,
    settings: ApplyOptions,
    /// The steps without a final response.
    open: Vec<Open>,
    answered: Vec<Sent>,
    /// Whether the last attempt got no response at all.
    unanswered: bool,
    /// Why no further request may be sent.
    lock_lost: Option<SkipReason>,
    delays: ExponentialBackoff,
    give_up: Instant,
}

/// A step without a final response.
struct Open {
    step: Step,
    perhaps_done: bool,
    /// The last error.
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
            // If the request failed as a whole, its error applies to every step.
            self.sort(answer.unwrap_or_else(|fault| vec![Err(fault); before]));
            self.look_for_existing().await;
            if self.open.len() < before {
                // Progress was made: a quota accepts a part now, and the rest later.
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

    /// Keeps steps with a retriable error open, and sets the final response of the others.
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
                // An existing topic is read before the response is final.
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

    /// After a missing response: creates a new client, because the old one may be waiting for a
    /// broker that is down, and reads what has been done.
    async fn look_again(&mut self) {
        if self.cluster.renew().await.is_err() {
            return; // The next attempt fails in the same way, and is counted.
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

    /// Finishes creates of topics that exist and are visible. A topic that is not visible is being
    /// deleted: with ZooKeeper, the name is free only after its logs are deleted, and a retry then
    /// creates the topic. (Or it was just created elsewhere and becomes visible soon.)
    async fn look_for_existing(&mut self) {
        let exists = |fault: &Fault| fault.kind() == FaultKind::AlreadyExists;
        let faults = || self.open.iter().filter_map(|open| open.fault.as_ref());
        if !faults().any(exists) {
            return;
        }
        // If the read fails, it is repeated after the next attempt.
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

    /// The time is over: open steps get their last error as the final response.
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

/// The maximum pause between two attempts.
const MAX_DELAY: Duration = Duration::from_secs(5);

/// Returns growing pauses with jitter, so that several applies do not retry at the same time.
fn delays() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(MAX_DELAY)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(u64::from(std::process::id()))
        .build()
}

/// Returns what a step adds to a request.
fn cost(step: &Step) -> Cost {
    match &step.work {
        Operation::Create(topic) => Cost::of_create(topic.partitions, topic.config.len()),
        Operation::AddPartitions { from, to } => Cost::of_growth(*from, *to),
        Operation::Alter(ops) => Cost::of_alter(ops.len()),
        Operation::RaiseMinIsr { .. } => Cost::of_alter(1),
        Operation::Delete { .. } => Cost::of_delete(),
    }
}

/// Sends one request. All steps of a batch have the same kind, since they belong to one phase.
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
