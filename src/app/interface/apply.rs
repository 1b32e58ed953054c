//! An apply that a program runs.

use std::panic::resume_unwind;
use std::pin::pin;

use anyhow::{Result, anyhow};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::super::apply::ApplyRun;
use super::super::problem::Problem;
use super::environment::Client;
use super::error::shown;
use super::{Error, Options, Plan, Report};
use crate::apply::{self, Stop};
use crate::inventory;
use crate::plan;

/// An apply that has begun: it holds the lock of the environment and has a plan. It is carried out by
/// [`Apply::run`]; dropped, or ended by [`Apply::cancel`], it changes nothing.
#[must_use = "nothing is applied before `run`"]
#[derive(Debug)]
pub struct Apply {
    plan: Plan,
    /// What lets it begin, and stops it.
    go: oneshot::Sender<Stop>,
    ended: JoinHandle<Result<Option<Report>>>,
}

impl Apply {
    /// Begins on a thread of its own, where it also goes on: so it is never cut off half-way by a
    /// future that is dropped.
    pub(super) async fn begin(client: Client, options: Options) -> Result<Self> {
        let (planned, plan) = oneshot::channel();
        let (go, told) = oneshot::channel();
        let runtime = Handle::current();
        let work = move || runtime.block_on(work(client, options, planned, told));
        let ended = spawn_blocking(work);
        match plan.await {
            Ok(plan) => Ok(Self {
                plan: Plan(plan),
                go,
                ended,
            }),
            Err(_) => match ended.await.unwrap_or_else(|error| Err(lost(error))) {
                Err(error) => Err(error),
                Ok(_) => Err(anyhow!("the apply ended before it had a plan")),
            },
        }
    }

    /// What would be done.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes the changes of the plan, and reads back that they are in effect: the topics are there when
    /// it returns. What is blocked is left as it is. What fails is in the report; it is no error of this
    /// function. Once it was polled, it goes on in the background even where it is dropped.
    ///
    /// # Errors
    /// The plan is refused ([`Plan::refused`]), the inventory cannot be written to, or the cluster has
    /// changed since the plan was made; nothing was changed on any topic.
    pub async fn run(self) -> Result<Report, Error> {
        self.run_until(std::future::pending()).await
    }

    /// The same until `stop` returns: then the requests in flight are finished and reported, and the
    /// rest is skipped.
    ///
    /// # Errors
    /// As for [`Apply::run`].
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> Result<Report, Error> {
        let Self { go, ended, .. } = self;
        let stopped = Stop::default();
        // Where nobody listens it has ended, and says why.
        let _ = go.send(stopped.clone());
        let mut ended = pin!(ended);
        let ended = tokio::select! {
            ended = &mut ended => ended,
            () = stop => {
                stopped.set();
                ended.await
            }
        };
        let report = ended.unwrap_or_else(|error| Err(lost(error)));
        let none = || anyhow!("the apply ended without a report");
        shown(report.and_then(|report| report.ok_or_else(none)))
    }

    /// Gives the lock back without a change, and returns once that is done.
    pub async fn cancel(self) {
        let Self { go, ended, .. } = self;
        drop(go);
        // A lock that cannot be given back expires by itself.
        let _ = ended.await;
    }
}

/// A panic goes on; else the runtime has ended, and the thread with it.
fn lost(error: JoinError) -> anyhow::Error {
    match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => error.into(),
    }
}

/// The whole apply: it plans, waits until it may go on, and gives the lock back however it ends.
async fn work(
    client: Client,
    options: Options,
    planned: oneshot::Sender<plan::Plan>,
    told: oneshot::Receiver<Stop>,
) -> Result<Option<Report>> {
    let mut run = client.apply_run(&options)?;
    let ended = async {
        let (_, plan, ()) = run.plan(|_| ()).await?;
        // Whoever is not there any more does not go on either.
        let _ = planned.send(plan.clone());
        let Ok(stop) = told.await else {
            return Ok(None);
        };
        let report = carry_out(&mut run, &plan, &stop).await?;
        Ok(Some(Report { report, plan }))
    };
    let ended = ended.await;
    // One that cannot be given back expires by itself.
    let _ = run.give_back().await;
    drop(run);
    inventory::given_back().await;
    ended
}

async fn carry_out(
    run: &mut ApplyRun<'_>,
    plan: &plan::Plan,
    stop: &Stop,
) -> Result<apply::Report> {
    if let Some(refusal) = plan.refused.first() {
        let (message, help) = (refusal.message.clone(), refusal.help.clone());
        return Err(Problem::refused(message, help).into());
    }
    run.begin_the_inventory(plan).await?;
    run.carry_out(plan, stop, &mut |_| ()).await
}
