//! An environment's files, and its cluster.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::Value;
use tokio::runtime::Handle;

use super::super::apply::ApplyRun;
use super::super::connect::{ConnectOptions, Connector, aside};
use super::super::problem::Problem;
use super::super::read::{self, Preflight, ReadScope, tell_beside};
use super::super::repository::{Repository, check_scope};
use super::super::scope::check_scope_is_named;
use super::super::select::the_only_one;
use super::error::shown;
use super::{Apply, Drift, Error, Plan};
use crate::desired::{Ask, Desired, Loaded, LoadedEnvironment};
use crate::kafka;
use crate::live::snapshot::LiveDocument;
use crate::live::{Live, snapshot};
use crate::model::{Finding, Globs, document};
use crate::plan::{self, MissingRights};

/// What is planned and applied, besides what the files say. The default is all of it, without a risk
/// allowed.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The topics that are looked at, as globs (`*`, `?`, `[a-z]`, `{a,b}`); none means all.
    pub only: Vec<String>,
    /// The risks that are allowed, as `CODE`, or as `CODE:GLOB` for some topics.
    pub allow: Vec<String>,
    /// The ownership scope, where the environment file sets none. One that sets another is refused.
    pub scope: Option<String>,
    /// The id of the commit that the files are of: it is recorded with what is applied.
    pub commit: Option<String>,
    /// How long an apply waits for another one of the environment to end.
    pub lock_timeout: Duration,
}

impl Options {
    /// The same for the planner.
    fn for_planner(&self, missing_rights: MissingRights) -> anyhow::Result<plan::Options> {
        let globs = Globs::new(&self.only).map_err(|(index, why)| {
            let message = format!("invalid glob {:?}: {why}", self.only[index]);
            Problem::usage(message, "globs support *, ?, [a-z] and {a,b}")
        })?;
        let allow = self.allow.iter().map(|allow| {
            let help = "use a risk code that a plan shows, or CODE:GLOB";
            let parsed = allow.parse();
            parsed.map_err(|error| Problem::usage(format!("allow: {error}"), help))
        });
        Ok(plan::Options {
            only: globs,
            allow: allow.collect::<Result<_, _>>()?,
            approval: None,
            commit: self.commit.clone(),
            scope: self.scope.clone(),
            missing_rights,
        })
    }
}

impl Repository {
    /// The names of the environments, in order.
    ///
    /// # Errors
    /// An environment file is invalid, or there is none.
    pub fn environments(&self) -> Result<Vec<String>, Error> {
        let loaded = shown(self.load_environments(&Ask::All))?;
        let names = loaded.environments.iter();
        let names = names.map(|one| one.desired.environment.name.to_string());
        Ok(names.collect())
    }

    /// Reads and checks the files of one environment.
    ///
    /// # Errors
    /// There is no such environment, or the files have errors.
    pub fn environment(&self, name: &str) -> Result<Environment, Error> {
        let load = || {
            let loaded = self.load(&Ask::Named(vec![name.to_owned()]))?;
            the_only_one(&loaded)?;
            Ok(Environment(Arc::new(Files {
                repository: self.clone(),
                loaded,
            })))
        };
        shown(load())
    }
}

/// What the files of a repository say for one environment. They are as they were when it was read.
/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Environment(Arc<Files>);

#[derive(Debug)]
struct Files {
    repository: Repository,
    /// Exactly one environment, without errors.
    loaded: Loaded,
}

impl Files {
    fn one(&self) -> anyhow::Result<&LoadedEnvironment> {
        the_only_one(&self.loaded)
    }
}

impl Environment {
    fn desired(&self) -> Option<&Desired> {
        let mut environments = self.0.loaded.environments.iter();
        environments.next().map(|one| &one.desired)
    }

    /// Its name: the environment file's, without `.toml`.
    pub fn name(&self) -> &str {
        self.desired().map_or("", |one| &one.environment.name)
    }

    /// The names of the topics that the files list for it, in order.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        let topics = self.desired().into_iter().flat_map(|one| one.topics.keys());
        topics.map(|name| name.as_str())
    }

    /// What the files could say better, one line each, with its place.
    pub fn warnings(&self) -> Vec<String> {
        let line = |finding: &Finding| format!("{}: {}", finding.place, finding.message);
        self.0.loaded.findings.iter().map(line).collect()
    }

    /// Plans against a snapshot, offline: what an apply would do to a cluster that is like it.
    ///
    /// # Errors
    /// The options are invalid, or the scope does not agree with the environment's.
    pub fn plan(&self, snapshot: &Snapshot, options: &Options) -> Result<Plan, Error> {
        let plan = || {
            let desired = &self.0.one()?.desired;
            let options = options.for_planner(MissingRights::Noted)?;
            check_scope(&self.0.loaded, options.scope.as_deref())?;
            Ok(Plan(plan::make(desired, &snapshot.0, &options)))
        };
        shown(plan())
    }

    /// Connects to its cluster. It takes a Tokio runtime, as all that is `async` here.
    ///
    /// # Errors
    /// A variable or secret that the connection needs is missing, or no broker can be reached.
    pub async fn connect(&self, options: &ConnectOptions) -> Result<Client, Error> {
        let files = &self.0;
        let connect = async {
            let connector = Connector::new(&files.repository, options.clone());
            connector.connect(&files.loaded, files.one()?).await
        };
        Ok(Client {
            environment: self.clone(),
            cluster: shown(connect.await)?,
        })
    }
}

/// A connection to the cluster of an environment. Cheap to clone. What is asked of it can be spawned as
/// tasks, also several at a time.
#[derive(Clone)]
pub struct Client {
    environment: Environment,
    cluster: kafka::Cluster,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client")
            .field(&self.environment.name())
            .finish()
    }
}

impl Client {
    /// The environment that it was connected for.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Reads what is live, as `topicsmith snapshot` does: for support, and to plan against later.
    ///
    /// # Errors
    /// The cluster or its inventory cannot be read.
    pub async fn snapshot(&self) -> Result<Snapshot, Error> {
        let client = self.clone();
        shown(on_a_thread(|| async move { client.read_all().await.map(Snapshot) }).await)
    }

    async fn read_all(&self) -> anyhow::Result<Live> {
        let desired = &self.environment.0.one()?.desired;
        let (only, scope) = (&Globs::default(), ReadScope::Support);
        let read = read::read(&self.cluster, desired, only, scope, None);
        let mut live = read.await?.live;
        read::see_usage(&self.cluster, &mut live, desired.removed.keys()).await;
        Ok(live)
    }

    /// Reads the cluster and plans what an apply would do. Brokers are asked what they would refuse.
    /// Nothing is changed.
    ///
    /// # Errors
    /// The options are invalid, or the cluster or its inventory cannot be read.
    pub async fn plan(&self, options: &Options) -> Result<Plan, Error> {
        let client = self.clone();
        let options = shown(options.for_planner(MissingRights::Noted))?;
        let plan = on_a_thread(|| async move {
            let (desired, live) = client.read(&options).await?;
            let asked = Preflight::Asked;
            let plan = read::plan(&client.cluster, desired, live, &options, asked, |_| ());
            let (_, plan, ()) = plan.await?;
            Ok(Plan(plan))
        });
        shown(plan.await)
    }

    /// Reads the cluster and compares it with what was last applied, and with the files.
    ///
    /// # Errors
    /// As for [`Client::plan`].
    pub async fn drift(&self, options: &Options) -> Result<Drift, Error> {
        let client = self.clone();
        let options = shown(options.for_planner(MissingRights::Noted))?;
        let drift = on_a_thread(|| async move {
            let (desired, live) = client.read(&options).await?;
            let plan = plan::make(desired, &live, &options);
            Ok(Drift::new(&plan, &plan::drift(&plan, desired, &live)))
        });
        shown(drift.await)
    }

    async fn read(&self, options: &plan::Options) -> anyhow::Result<(&Desired, Live)> {
        let desired = self.desired(options.scope.as_deref())?;
        let (only, scope) = (&options.only, options.scope.as_deref());
        let observed = read::read(&self.cluster, desired, only, ReadScope::Listed, scope).await?;
        tell_beside(&self.environment.0.repository.notices, desired, &observed);
        Ok((desired, observed.live))
    }

    /// What should exist, where the scope may say so.
    fn desired(&self, scope: Option<&str>) -> anyhow::Result<&Desired> {
        let files = &self.environment.0;
        let desired = &files.one()?.desired;
        check_scope(&files.loaded, scope)?;
        check_scope_is_named(&desired.environment, scope)?;
        Ok(desired)
    }

    /// Begins an apply: takes the lock of the environment, reads the cluster and plans. Nothing is
    /// changed before [`Apply::run`].
    ///
    /// # Errors
    /// As for [`Client::plan`]; or another apply holds the lock for longer than `lock_timeout`.
    pub async fn apply(&self, options: &Options) -> Result<Apply, Error> {
        shown(Apply::begin(self.clone(), options.clone()).await)
    }

    pub(super) fn apply_run(&self, options: &Options) -> anyhow::Result<ApplyRun<'_>> {
        Ok(ApplyRun {
            desired: self.desired(options.scope.as_deref())?,
            cluster: self.cluster.clone(),
            options: options.for_planner(MissingRights::Block)?,
            lock_timeout: options.lock_timeout,
            notices: &self.environment.0.repository.notices,
            lock: None,
        })
    }
}

/// Does work on a thread of Tokio's that may block. The compiler cannot tell of futures with async
/// closures in them that they can be sent between threads (rust-lang/rust#110338), and a program wants
/// to spawn its own.
async fn on_a_thread<T: Send + 'static, W: Future<Output = T>>(
    work: impl FnOnce() -> W + Send + 'static,
) -> T {
    let runtime = Handle::current();
    aside(move || runtime.block_on(work())).await
}

/// What is live on a cluster: topics and their configs, and what the inventory holds. No messages, and
/// nothing of the credentials.
#[derive(Debug, Clone)]
pub struct Snapshot(Live);

impl Snapshot {
    /// Reads one that [`Snapshot::json`] or `topicsmith snapshot` gave.
    ///
    /// # Errors
    /// Where in the text it is not what a snapshot must be, and how.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let live = snapshot::parse(text).map_err(|error| anyhow!(error));
        shown(live.map(Self))
    }

    /// The topics by name, each with how many partitions it has.
    pub fn topics(&self) -> BTreeMap<&str, u32> {
        let topics = self.0.topics.iter();
        topics
            .map(|(name, topic)| (name.as_str(), topic.partitions))
            .collect()
    }

    /// The document `topicsmith/live/1`; `topicsmith schema live` describes it.
    pub fn json(&self) -> Value {
        document::json(&LiveDocument::from(&self.0))
    }
}
