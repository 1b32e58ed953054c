//! An apply that a program runs.

use std::pin::pin;

use anyhow::Result;

use super::super::apply::ApplyRun;
use super::super::problem::Problem;
use super::error::shown;
use super::{Error, Plan, Report};
use crate::apply::Stop;
use crate::inventory;

/// An apply that has begun: it holds the lock of the environment and has a plan. It is carried out by
/// [`Apply::run`]; dropped, or ended by [`Apply::cancel`], it changes nothing.
#[must_use = "nothing is applied before `run`"]
pub struct Apply<'c> {
    run: ApplyRun<'c>,
    plan: Plan,
}

impl<'c> Apply<'c> {
    pub(super) fn new(run: ApplyRun<'c>, plan: Plan) -> Self {
        Self { run, plan }
    }

    /// What would be done.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes the changes of the plan, and reads back that they are in effect: the topics are there when
    /// it returns. What is blocked is left as it is. What fails is in the report; it is no error of this
    /// function.
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
    pub async fn run_until(mut self, stop: impl Future<Output = ()>) -> Result<Report, Error> {
        let report = self.carry_out(stop).await;
        let plan = self.plan;
        drop_lock(self.run).await;
        shown(report.map(|report| Report {
            report,
            plan: plan.0,
        }))
    }

    async fn carry_out(&mut self, stop: impl Future<Output = ()>) -> Result<crate::apply::Report> {
        let plan = &self.plan.0;
        if let Some(refusal) = plan.refused.first() {
            let (message, help) = (refusal.message.clone(), refusal.help.clone());
            return Err(Problem::refused(message, help).into());
        }
        self.run.begin_the_inventory(plan).await?;
        let stopped = Stop::default();
        let mut events = |_| ();
        let mut work = pin!(self.run.carry_out(plan, &stopped, &mut events));
        tokio::select! {
            report = &mut work => return report,
            () = stop => stopped.set(),
        }
        work.await
    }

    /// Gives the lock back without a change.
    pub async fn cancel(self) {
        drop_lock(self.run).await;
    }
}

/// Waits until the lock is given back, so that the process may end or the next apply begin. One that
/// cannot be given back expires by itself.
async fn drop_lock(mut run: ApplyRun<'_>) {
    let _ = run.give_back().await;
    drop(run);
    inventory::given_back().await;
}
