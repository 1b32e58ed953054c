//! One apply of one environment: the lock, a plan made under it, and once that was agreed to, the
//! inventory and the changes. Who agrees, and how, is for others.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::context::who;
use super::lock::take_lock;
use super::notice::Notices;
use super::problem::Problem;
use super::read::{self, Preflight, ReadRequest, ReadScope, tell_clock};
use crate::apply::{self, ApplyOptions, Event, InventoryWriter, Report, Stop};
use crate::desired::Desired;
use crate::inventory::{self, Asking, Contents, InventoryError, Lock, Writer};
use crate::kafka::Cluster;
use crate::live::Live;
use crate::observe::{self, Observed};
use crate::plan::{Options, Plan};

/// An apply from the lock to the report. What holds the lock is dropped with it; [`ApplyRun::give_back`]
/// also waits for that.
pub struct ApplyRun<'a> {
    /// What the cluster is brought to.
    pub desired: &'a Desired,
    /// The cluster.
    pub cluster: Cluster,
    /// What was asked for.
    pub options: Options,
    /// How long another apply of the environment is waited for.
    pub lock_timeout: Duration,
    /// Who hears what happens on the way.
    pub notices: &'a Notices,
    /// The inventory's lock; `None` before it is taken, and where the inventory is not in use or not
    /// there yet.
    pub lock: Option<Arc<Lock>>,
}

impl ApplyRun<'_> {
    /// Takes the lock, reads the cluster and plans. What is told of the plan is made while the cluster
    /// is asked what it has against it.
    ///
    /// # Errors
    /// Another apply holds the lock for too long, or the cluster or its inventory cannot be read.
    pub async fn plan<T>(&mut self, tell: impl Fn(&Plan) -> T) -> Result<(Live, Plan, T)> {
        let observed = self.lock_and_look().await?;
        self.plan_of(observed, tell).await
    }

    /// Takes the lock, where there is an inventory to hold it, and looks at the cluster meanwhile.
    /// What was seen counts where nobody else can have changed anything since.
    async fn lock_and_look(&mut self) -> Result<Observed> {
        let (cluster, inventory) = (&self.cluster, &self.desired.environment.inventory);
        let wanted = wanted(self.desired, &self.options);
        let want = wanted.of_cluster();
        let locked = async {
            let lock = self.take_lock().await?;
            let contents = contents(lock.as_deref(), &wanted.asking()).await;
            anyhow::Ok((lock, contents))
        };
        // Another's lock ends it at once; what fails beside it is told once the lock is had.
        let looked = async {
            let mark = match inventory.enabled {
                true => inventory::mark(cluster, &inventory.topic).await,
                false => None,
            };
            anyhow::Ok((mark, observe::topics(cluster, &want).await))
        };
        // In this order: the look waits for the mark, and the lock for clients that are yet to connect.
        let ((mark, looked), (lock, contents)) = tokio::try_join!(biased; looked, locked)?;
        // Also where what follows fails: then it is given back.
        self.lock = lock;
        let contents = contents?;
        let told = match &self.lock {
            Some(lock) if !mark.is_some_and(|mark| lock.was_free_since(mark)) => {
                observe::topics(cluster, &want).await?
            }
            _ => looked?,
        };
        Ok(observe::together(cluster, &want, told, contents).await?)
    }

    /// Looks again, under the lock.
    async fn look(&self) -> Result<Observed> {
        let wanted = wanted(self.desired, &self.options);
        let want = wanted.of_cluster();
        let told = observe::topics(&self.cluster, &want).await?;
        let contents = contents(self.lock.as_deref(), &wanted.asking()).await?;
        Ok(observe::together(&self.cluster, &want, told, contents).await?)
    }

    async fn plan_of<T>(
        &self,
        observed: Observed,
        tell: impl Fn(&Plan) -> T,
    ) -> Result<(Live, Plan, T)> {
        let ApplyRun {
            desired,
            options,
            cluster,
            ..
        } = self;
        let mut live = observed.live;
        // Whoever holds the lock knows how late it is by the broker's clock.
        live.now = self.lock.as_deref().map(Lock::now).or(live.now);
        if let Some(now) = live.now {
            tell_clock(self.notices, now);
        }
        let preflight = Preflight::Asked;
        read::plan(cluster, desired, live, options, preflight, tell).await
    }

    /// Takes the lock, where there is an inventory to hold it.
    async fn take_lock(&self) -> Result<Option<Arc<Lock>>> {
        let (cluster, desired, options) = (&self.cluster, self.desired, &self.options);
        let lock = take_lock(self.notices, cluster, desired, options, self.lock_timeout);
        Ok(lock.await?.map(Arc::new))
    }

    /// The first apply creates the inventory, once it is known that there is something to do. Only
    /// then is there a lock; what was planned without it has to be so still.
    ///
    /// # Errors
    /// The inventory cannot be created or locked, or the cluster has changed since the plan was made.
    pub async fn begin_the_inventory(&mut self, plan: &Plan) -> Result<()> {
        let inventory = &self.desired.environment.inventory;
        if plan.is_empty() || !inventory.enabled || self.lock.is_some() {
            return Ok(());
        }
        inventory::create(&self.cluster, &inventory.topic, plan.cluster.brokers).await?;
        self.lock = self.take_lock().await?;
        if self.lock.is_none() {
            let topic = inventory.topic.clone();
            return Err(InventoryError::Missing { topic }.into());
        }
        let (_, again, ()) = self.plan_of(self.look().await?, |_| ()).await?;
        if again.changes == plan.changes {
            return Ok(());
        }
        let message = "the cluster has changed since the plan was made, and nothing was applied";
        Err(Problem::refused(message, "apply again: a fresh plan is made and shown").into())
    }

    /// Makes the changes of the plan. Once `stop` is set, it ends after the requests in flight.
    ///
    /// # Errors
    /// The inventory cannot be written to, and nothing was changed.
    pub async fn carry_out(
        &self,
        plan: &Plan,
        stop: &Stop,
        events: &mut (dyn FnMut(Event) + Send),
    ) -> Result<Report> {
        let topic = &self.desired.environment.inventory.topic;
        let inventory_writer = match &self.lock {
            Some(lock) if !plan.is_empty() => {
                let writer = Writer::begin(&self.cluster, topic)?;
                Some(InventoryWriter::new(Arc::clone(lock), writer, who()))
            }
            _ => None,
        };
        let settings = ApplyOptions {
            inventory_writer,
            stop: stop.clone(),
            ..ApplyOptions::default()
        };
        Ok(apply::run(plan, &self.cluster, &settings, events).await)
    }

    /// Gives the lock back, so that another apply need not wait until it expires.
    ///
    /// # Errors
    /// It could not be given back, and expires by itself.
    pub async fn give_back(&mut self) -> Result<()> {
        let lock = self.lock.take();
        // Whatever still had it would end with the process.
        let Some(lock) = lock.and_then(Arc::into_inner) else {
            return Ok(());
        };
        let what = "the lock could not be given back, and expires by itself";
        lock.release().await.context(what)
    }
}

/// What of the cluster an apply looks at.
fn wanted<'a>(desired: &'a Desired, options: &'a Options) -> ReadRequest<'a> {
    ReadRequest::of(
        desired,
        &options.only,
        ReadScope::Listed,
        options.scope.as_deref(),
    )
}

/// What the inventory held when the lock was had.
async fn contents(lock: Option<&Lock>, asking: &Asking<'_>) -> Result<Option<Contents>> {
    match lock {
        Some(lock) => Ok(Some(lock.contents(asking).await?)),
        None => Ok(None),
    }
}
