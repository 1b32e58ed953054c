//! Reading what is live, from a cluster or a snapshot that stands in for one, and planning against it.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use tracing::info;

use super::connect::Connector;
use super::lock;
use super::notice::{Notice, Notices};
use super::scope::{check_scope_agrees, check_scope_is_named};
use crate::desired::{Desired, Loaded, LoadedEnvironment};
use crate::files;
use crate::inventory::{Asking, TakenLock};
use crate::kafka::Cluster;
use crate::live::{Live, snapshot};
use crate::model::{BrokerTime, Globs, TopicName};
use crate::observe::{self, Observed, Want, Which};
use crate::plan::{self, Action, Options, Plan};
use crate::render::inventory::holder;

/// Where what is live is read.
#[derive(Debug)]
pub enum LiveSource<'a> {
    /// A snapshot that stands in for a cluster.
    Snapshot(Box<Live>),
    /// The cluster of each environment.
    Clusters(&'a Connector<'a>),
}

/// Reads a snapshot.
///
/// # Errors
/// It cannot be read, or is none.
pub fn read_snapshot(file: &Path) -> Result<Live> {
    let shown = || format!("cannot read the snapshot {}", file.display());
    let text = files::read_named(file, files::LARGEST_DOCUMENT).with_context(shown)?;
    snapshot::parse(&text).with_context(shown)
}

/// How much of a cluster is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadScope {
    /// The configs of topics that a file names.
    Listed,
    /// The configs of all topics.
    All,
    /// Also topic ids.
    Support,
}

impl LiveSource<'_> {
    /// What is live in an environment.
    ///
    /// # Errors
    /// The cluster cannot be reached or read.
    async fn look<'a>(
        &'a self,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
        options: &Options,
        depth: ReadScope,
    ) -> Result<Cow<'a, Live>> {
        let (only, scope) = (&options.only, options.scope.as_deref());
        match self {
            LiveSource::Snapshot(live) => Ok(Cow::Borrowed(live)),
            LiveSource::Clusters(connector) => {
                let cluster = connector.connect(loaded, environment).await?;
                let desired = &environment.desired;
                let observed = read(&cluster, desired, only, depth, scope).await?;
                tell_beside(&connector.repository().notices, desired, &observed);
                Ok(Cow::Owned(observed.live))
            }
        }
    }

    /// What is live in an environment, for a command that tells whose it is.
    ///
    /// # Errors
    /// Nobody is named whose topics the files speak of, or the cluster cannot be reached or read.
    pub async fn look_for<'a>(
        &'a self,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
        options: &Options,
        depth: ReadScope,
    ) -> Result<Cow<'a, Live>> {
        check_scope_agrees(&environment.desired.environment, options.scope.as_deref())?;
        let live = self.look(loaded, environment, options, depth);
        let live = live.await?;
        if let LiveSource::Clusters(_) = self {
            let scope = options.scope.as_deref();
            check_scope_is_named(&environment.desired.environment, scope)?;
        }
        Ok(live)
    }

    /// What is live in an environment, and what an apply would do there.
    ///
    /// # Errors
    /// The cluster cannot be reached or read.
    pub async fn plan<'a>(
        &'a self,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
        options: &Options,
        preflight: Preflight,
    ) -> Result<(Cow<'a, Live>, Plan)> {
        match self {
            LiveSource::Snapshot(live) => {
                let plan = plan::make(&environment.desired, live, options);
                Ok((Cow::Borrowed(live), plan))
            }
            LiveSource::Clusters(connector) => {
                let desired = &environment.desired;
                let cluster = connector.connect(loaded, environment).await?;
                check_scope_is_named(&desired.environment, options.scope.as_deref())?;
                let scope = options.scope.as_deref();
                let observed =
                    read(&cluster, desired, &options.only, ReadScope::Listed, scope).await?;
                tell_beside(&connector.repository().notices, desired, &observed);
                let live = observed.live;
                let plan = plan(&cluster, desired, live, options, preflight, |_| ());
                let (live, plan, ()) = plan.await?;
                Ok((Cow::Owned(live), plan))
            }
        }
    }
}

/// Whether a cluster is asked what it has against a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preflight {
    /// It is.
    Asked,
    /// It is not.
    Skipped,
}

/// Plans against a cluster, asks it what it has against that, and plans again with the answers. What
/// is told of the plan is made while the cluster is asked.
///
/// # Errors
/// The cluster does not answer.
pub async fn plan<T>(
    cluster: &Cluster,
    desired: &Desired,
    mut live: Live,
    options: &Options,
    preflight: Preflight,
    tell: impl Fn(&Plan) -> T,
) -> Result<(Live, Plan, T)> {
    let plan = plan::make(desired, &live, options);
    info!(
        changes = plan.changes.len(),
        blocked = plan.blocked.len(),
        "planned"
    );
    // Another cluster than the environment's is none of our business.
    if plan.is_empty() || plan.wrong_cluster().is_some() {
        let told = tell(&plan);
        return Ok((live, plan, told));
    }
    let ask = async {
        if preflight == Preflight::Asked {
            let started = Instant::now();
            live.preflight_errors = observe::preflight(cluster, &plan::steps(&plan)).await?;
            info!(took = ?started.elapsed(), "asked the brokers what they would refuse");
        }
        let deletes = plan.changes.iter().filter(|c| c.action == Action::Delete);
        see_usage(cluster, &mut live, deletes.map(|change| &change.topic)).await;
        anyhow::Ok(())
    };
    // In this order: the questions are on their way first.
    let (asked, told) = tokio::join!(biased; ask, async { tell(&plan) });
    asked?;
    // The same facts give the same plan.
    if live.preflight_errors.is_empty() && live.usage.is_empty() {
        return Ok((live, plan, told));
    }
    let plan = plan::make(desired, &live, options);
    let told = tell(&plan);
    Ok((live, plan, told))
}

/// Looks who uses these topics, of those that are live.
pub async fn see_usage<'a>(
    cluster: &Cluster,
    live: &mut Live,
    topics: impl Iterator<Item = &'a TopicName>,
) {
    let partitions = |name: &TopicName| Some((name.clone(), live.topics.get(name)?.partitions));
    let topics = topics.filter_map(partitions).collect();
    // Without an inventory no broker tells the time.
    let now = live.now.unwrap_or_else(|| BrokerTime::estimated(None));
    live.usage = observe::usage(cluster, &topics, now).await;
}

/// Tells what else was seen: that an apply of the environment is running, as far as this machine's
/// clock can tell; that the inventory is yet to be one; that the clock is off.
pub(super) fn tell_beside(notices: &Notices, desired: &Desired, observed: &Observed) {
    let environment = &desired.environment.name;
    let now = observed.live.now;
    let runs = |lock: &&TakenLock| now.is_some_and(|now| !now.is_past(lock.until_ms));
    let applies = observed.locks.iter().filter(runs);
    for lock in applies.filter(|lock| lock::is_of(lock, environment)) {
        notices.send(&Notice::ApplyRunning {
            environment: environment.to_string(),
            holder: holder(&lock.holder),
        });
    }
    if observed.is_blank {
        let topic = desired.environment.inventory.topic.to_string();
        notices.send(&Notice::BlankInventory { topic });
    }
    if let Some(now) = now {
        tell_clock(notices, now);
    }
}

/// Tells that this machine's clock is off, as far as records that brokers stamped show.
pub(super) fn tell_clock(notices: &Notices, now: BrokerTime) {
    if let Some(ahead_ms) = now.local_is_off_by() {
        let exact = now.is_exact();
        notices.send(&Notice::ClockOff { ahead_ms, exact });
    }
}

/// Reads what is live in an environment from its cluster.
///
/// # Errors
/// The cluster cannot be read.
pub async fn read(
    cluster: &Cluster,
    desired: &Desired,
    only: &Globs,
    depth: ReadScope,
    scope: Option<&str>,
) -> Result<Observed> {
    let wanted = ReadRequest::of(desired, only, depth, scope);
    Ok(observe::observe(cluster, &wanted.of_cluster()).await?)
}

/// What of a cluster is wanted for an environment.
pub struct ReadRequest<'a> {
    desired: &'a Desired,
    only: &'a Globs,
    depth: ReadScope,
    scope: Option<&'a str>,
    /// The topics that files name, to be gone or not, by name.
    listed: Vec<TopicName>,
}

impl<'a> ReadRequest<'a> {
    /// What files speak of, down to a depth, for a scope that is named here or in them.
    pub fn of(
        desired: &'a Desired,
        only: &'a Globs,
        depth: ReadScope,
        scope: Option<&'a str>,
    ) -> Self {
        let listed = desired.topics.keys().chain(desired.removed.keys());
        let mut listed: Vec<TopicName> = listed.cloned().collect();
        listed.sort();
        Self {
            desired,
            only,
            depth,
            scope: scope.or(desired.environment.inventory.scope.as_deref()),
            listed,
        }
    }

    /// Who reads the inventory.
    pub fn asking(&self) -> Asking<'_> {
        Asking {
            scope: self.scope,
            environment: &self.desired.environment.name,
            named: &self.listed,
        }
    }

    /// The same as the cluster is asked for it.
    pub fn of_cluster(&self) -> Want<'_> {
        let environment = &self.desired.environment;
        Want {
            environment,
            scope: self.scope,
            listed: &self.listed,
            configs: match self.depth {
                ReadScope::Listed => Which::Of(&self.listed),
                ReadScope::All | ReadScope::Support => Which::All,
            },
            // What is adopted is recorded with its id, by which it is known later; a saved plan
            // approves the changes of that very topic.
            ids: match self.depth {
                ReadScope::Listed | ReadScope::All => Which::Of(&self.listed),
                ReadScope::Support => Which::All,
            },
            only: self.only,
        }
    }
}
