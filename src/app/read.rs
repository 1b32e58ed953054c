//! Reaching a cluster, or a snapshot that stands in for one.

use std::borrow::Cow;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use tracing::info;

use super::lock;
use super::scope::{check_scope_agrees, check_scope_is_named};
use super::token::TokenFrom;
use crate::cli::args::Connecting;
use crate::cli::problem::Problem;
use crate::cli::session::Session;
use crate::desired::{
    Ask, ClientConfig, ConnectionTemplate, Desired, Loaded, LoadedEnvironment, Outside,
};
use crate::files;
use crate::inventory::{Asking, TakenLock};
use crate::kafka::{Cluster, Limits};
use crate::live::{Live, snapshot};
use crate::model::connection::{Connection, Log};
use crate::model::text::{count, escape};
use crate::model::{BrokerTime, Finding, Globs, Sources, TopicName};
use crate::observe::{self, Observed, Want, Which};
use crate::plan::{self, Action, Options, Plan};
use crate::render::inventory::holder;

/// Where a reading command looks.
#[derive(Debug, clap::Args)]
pub struct LiveArgs {
    /// Look at a snapshot file instead of a cluster; nothing is connected
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wait", "secrets_dir", "client_config", "token_file", "token_command"])]
    live: Option<PathBuf>,
    #[command(flatten)]
    connecting: Connecting,
}

/// What a reading command looks at.
#[derive(Debug)]
pub enum LiveSource<'a> {
    /// What a file holds.
    Snapshot(Box<Live>),
    /// The cluster of each environment.
    Clusters(&'a Connecting),
}

impl LiveArgs {
    /// Whether a snapshot stands in for a cluster.
    pub fn is_snapshot(&self) -> bool {
        self.live.is_some()
    }

    /// Reads the files, and begins meanwhile to connect, where no snapshot stands for the clusters.
    ///
    /// # Errors
    /// As for [`Session::load`].
    pub async fn load(&self, session: &Session, ask: &Ask) -> Result<&'static Loaded> {
        match self.is_snapshot() {
            true => session.load(ask),
            false => self.connecting.load(session, ask).await,
        }
    }

    /// Reads the snapshot, where there is one.
    ///
    /// # Errors
    /// It cannot be read, or stands for more than one environment.
    pub fn source(&self, loaded: &Loaded) -> Result<LiveSource<'_>> {
        let Some(file) = &self.live else {
            return Ok(LiveSource::Clusters(&self.connecting));
        };
        if loaded.environments.len() > 1 {
            let message = "--live holds one cluster, and several environments were asked for";
            return Err(Problem::usage(message, "name one of them with -e").into());
        }
        Ok(LiveSource::Snapshot(Box::new(read_snapshot(file)?)))
    }
}

/// Does what may wait for something outside on a thread of its own, where the process may end without
/// it: meanwhile a signal is heard.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

fn read_snapshot(file: &Path) -> Result<Live> {
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
        session: &Session,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
        options: &Options,
        depth: ReadScope,
    ) -> Result<Cow<'a, Live>> {
        let (only, scope) = (&options.only, options.scope.as_deref());
        match self {
            LiveSource::Snapshot(live) => Ok(Cow::Borrowed(live)),
            LiveSource::Clusters(connecting) => {
                let cluster = connecting.connect(session, loaded, environment).await?;
                let desired = &environment.desired;
                let observed = read(&cluster, desired, only, depth, scope).await?;
                tell_beside(session, desired, &observed);
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
        session: &Session,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
        options: &Options,
        depth: ReadScope,
    ) -> Result<Cow<'a, Live>> {
        check_scope_agrees(&environment.desired.environment, options.scope.as_deref())?;
        let live = self.look(session, loaded, environment, options, depth);
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
        session: &Session,
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
            LiveSource::Clusters(connecting) => {
                let desired = &environment.desired;
                let cluster = connecting.connect(session, loaded, environment).await?;
                check_scope_is_named(&desired.environment, options.scope.as_deref())?;
                let scope = options.scope.as_deref();
                let observed =
                    read(&cluster, desired, &options.only, ReadScope::Listed, scope).await?;
                tell_beside(session, desired, &observed);
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

/// Says what else was seen: that an apply of the environment is running, as far as this machine's
/// clock can tell; that the inventory is yet to be one; that the clock is off.
pub(super) fn tell_beside(session: &Session, desired: &Desired, observed: &Observed) {
    let environment = &desired.environment.name;
    let now = observed.live.now;
    let runs = |lock: &&TakenLock| now.is_some_and(|now| !now.is_past(lock.until_ms));
    let applies = observed.locks.iter().filter(runs);
    for lock in applies.filter(|lock| lock::is_of(lock, environment)) {
        let holder = holder(&lock.holder);
        session.note(&format!("an apply of {environment} is running: {holder}\n"));
    }
    if observed.is_blank {
        let topic = escape(desired.environment.inventory.topic.as_str());
        session.note(&format!(
            "topic {topic} is empty and not marked as an inventory: the first apply uses it as one\n"
        ));
    }
    if let Some(now) = now {
        tell_clock(session, now);
    }
}

/// Says that this machine's clock is off, as far as records that brokers stamped show.
pub fn tell_clock(session: &Session, now: BrokerTime) {
    let Some(off_ms) = now.local_is_off_by() else {
        return;
    };
    let (seconds, way) = (
        off_ms.unsigned_abs() / 1_000,
        if off_ms < 0 { "behind" } else { "ahead of" },
    );
    let least = if now.is_exact() { "" } else { "at least " };
    session.note(&format!(
        "warning: this machine's clock is {least}{seconds} s {way} the brokers' clock, which counts; set it by NTP\n"
    ));
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

impl Connecting {
    /// Connects to the cluster of an environment, waiting for it where that was asked for.
    ///
    /// # Errors
    /// A variable or secret that the connection needs is missing, or no broker can be reached.
    pub async fn connect(
        &self,
        session: &Session,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
    ) -> Result<Cluster> {
        let name = &environment.desired.environment.name;
        if let Some(connected) = session.pending.take(name).await {
            return Ok(connected?);
        }
        let template = &environment.connection;
        self.read_client_config().await?;
        let connection = self.connection(session, &loaded.sources, name, template)?;
        let limits = self.limits();
        let Some(wait) = self.wait else {
            return Ok(Cluster::connect(connection, limits).await?);
        };
        let mut told = String::new();
        let cluster = Cluster::connect_within(connection, limits, wait, |error| {
            let text = format!("waiting for {name}: {}\n", escape(&error.to_string()));
            if told != text {
                session.note(&text);
                told = text;
            }
        });
        Ok(cluster.await?)
    }

    /// Reads the runner's own configuration, where there is one, for [`Connecting::connection`]. It
    /// may be a pipe: that gives its text once, for all environments, and a signal is heard while it
    /// is waited for.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) async fn read_client_config(&self) -> Result<()> {
        let Some(file) = self.client_config()? else {
            return Ok(());
        };
        let shown = format!("cannot read the client configuration {}", file.display());
        let read = aside(move || files::read_chosen(&file, files::LARGEST_SETTINGS));
        let read = self.client_config_text.get_or_try_init(|| read).await;
        read.map(drop).context(shown)
    }

    /// How long one request may take.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            timeout: self.timeout,
        }
    }

    /// How to reach the cluster of an environment, with everything that comes from outside of the
    /// files. The runner's own configuration has been read.
    ///
    /// # Errors
    /// A variable or secret is missing, or the runner's own configuration does not go with it.
    pub(super) fn connection(
        &self,
        session: &Session,
        sources: &Sources,
        name: &str,
        template: &ConnectionTemplate,
    ) -> Result<Connection> {
        let mut connection = self.resolved(session, sources, name, template)?;
        connection.tokens = self.tokens()?.map(TokenFrom::source);
        let terminal = session.terminal;
        connection.log = connection.property("debug").map(|_| {
            Log::new(move |line| {
                terminal.tell(&format!("librdkafka {}\n", escape(line)));
            })
        });
        Ok(connection)
    }

    /// As its file says, or the runner's own.
    fn resolved(
        &self,
        session: &Session,
        sources: &Sources,
        name: &str,
        template: &ConnectionTemplate,
    ) -> Result<Connection> {
        let outside = Outside {
            variables: &session.variables,
            secrets_dir: self.secrets_dir.as_deref(),
        };
        let missing = |findings: Vec<Finding>| {
            let message = "missing variables or secrets for the connection".to_owned();
            session.invalid(message, &findings, sources)
        };
        let Some(file) = self.client_config()? else {
            return template.resolve(outside).map_err(missing);
        };
        let text = self.client_config_text.get().map_or("", String::as_str);
        let config = ClientConfig::parse(&file, text).map_err(|findings| {
            let errors = count(findings.len(), "error");
            let message = format!("{errors} in the client configuration");
            session.invalid(message, &findings, sources)
        })?;
        let runner = config.resolve(outside).map_err(missing)?;
        template.beside(runner).map_err(|findings| {
            let message = format!(
                "connection settings of {name} conflict with --client-config {}",
                file.display()
            );
            session.refused(message, &findings, sources)
        })
    }
}
