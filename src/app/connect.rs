//! Connecting to the clusters of a repository's environments: with what the files say, or the runner's
//! own client configuration. It begins while the topics files are read.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use super::notice::Notice;
use super::problem::Invalid;
use super::repository::Repository;
use super::token::TokenFrom;
use crate::desired::{Ask, ClientConfig, ConnectionTemplate, Loaded, LoadedEnvironment, Outside};
use crate::files;
use crate::kafka::{Cluster, Error, Limits};
use crate::model::connection::{Connection, Log};
use crate::model::text::count;
use crate::model::{Finding, Sources};

/// How to reach a cluster, besides what the environment file says.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// How long one request may take.
    pub timeout: Duration,
    /// How long to wait for the cluster to be reachable; `None` tries once.
    pub wait: Option<Duration>,
    /// The folder in which `${file:NAME}` of `[cluster.client]` reads secrets.
    pub secrets_dir: Option<PathBuf>,
    /// A file with the client's properties, `key=value` lines with librdkafka's names. The environment
    /// file may then not set others.
    pub client_config: Option<PathBuf>,
    /// Where the tokens of OAUTHBEARER come from.
    pub tokens: Option<TokenFrom>,
}

impl Default for ConnectOptions {
    /// Thirty seconds for a request, one attempt, and nothing besides the environment file.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            wait: None,
            secrets_dir: None,
            client_config: None,
            tokens: None,
        }
    }
}

/// Connects to clusters, each once.
pub struct Connector<'a> {
    repository: &'a Repository,
    options: ConnectOptions,
    /// What the runner's client configuration holds, once it has been read.
    client_config: OnceCell<String>,
    /// The connections under way, by environment.
    pending: Mutex<BTreeMap<Arc<str>, Attempt>>,
}

type Attempt = JoinHandle<Result<Cluster, Error>>;

impl<'a> Connector<'a> {
    /// For the environments of a repository.
    pub fn new(repository: &'a Repository, options: ConnectOptions) -> Self {
        Self {
            repository,
            options,
            client_config: OnceCell::new(),
            pending: Mutex::default(),
        }
    }

    /// Where the connections' environments come from.
    pub fn repository(&self) -> &'a Repository {
        self.repository
    }

    /// Reads the files, and begins meanwhile to connect to the clusters: [`Connector::connect`] goes on
    /// with that. What is wrong with a connection is told there; where there are errors in the files,
    /// nobody hears of it.
    ///
    /// # Errors
    /// The files have errors, or what was asked for is not there.
    pub async fn load(&self, ask: &Ask) -> Result<Loaded> {
        if !self.may_begin() || self.read_client_config().await.is_err() {
            return self.repository.load(ask);
        }
        let runtime = Handle::current();
        self.repository.load_to_connect(ask, |name, template| {
            let sources = Sources::default();
            if let Ok(connection) = self.connection(&sources, name, template) {
                let connecting = Cluster::connect(connection, self.limits());
                let attempt = runtime.spawn(connecting);
                self.pending().insert(name.clone(), attempt);
            }
        })
    }

    /// Whoever waits for a cluster is told of each attempt, and no command for tokens is run before it
    /// is known that they are needed.
    fn may_begin(&self) -> bool {
        self.options.wait.is_none() && self.options.tokens.is_none()
    }

    /// Connects to the cluster of an environment, waiting for it where that was asked for.
    ///
    /// # Errors
    /// A variable or secret that the connection needs is missing, or no broker can be reached.
    pub async fn connect(
        &self,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
    ) -> Result<Cluster> {
        let name = &environment.desired.environment.name;
        let begun = self.pending().remove(name);
        if let Some(begun) = begun {
            let connected = begun.await;
            let connected = connected.unwrap_or_else(|panic| resume_unwind(panic.into_panic()));
            return Ok(connected?);
        }
        self.read_client_config().await?;
        let connection = self.connection(&loaded.sources, name, &environment.connection)?;
        let limits = self.limits();
        let Some(wait) = self.options.wait else {
            return Ok(Cluster::connect(connection, limits).await?);
        };
        let mut told = String::new();
        let cluster = Cluster::connect_within(connection, limits, wait, |error| {
            let error = error.to_string();
            if told != error {
                self.repository.notices.send(&Notice::WaitingForCluster {
                    environment: name.to_string(),
                    error: error.clone(),
                });
                told = error;
            }
        });
        Ok(cluster.await?)
    }

    /// Reads the runner's own configuration, where there is one, for [`Connector::connection`]. It
    /// may be a pipe: that gives its text once, for all environments, and a signal is heard while it
    /// is waited for.
    async fn read_client_config(&self) -> Result<()> {
        let Some(file) = self.options.client_config.clone() else {
            return Ok(());
        };
        let shown = format!("cannot read the client configuration {}", file.display());
        let read = aside(move || files::read_chosen(&file, files::LARGEST_SETTINGS));
        let read = self.client_config.get_or_try_init(|| read).await;
        read.map(drop).context(shown)
    }

    fn limits(&self) -> Limits {
        Limits {
            timeout: self.options.timeout,
        }
    }

    /// How to reach the cluster of an environment, with everything that comes from outside of the
    /// files. The runner's own configuration has been read.
    fn connection(
        &self,
        sources: &Sources,
        name: &str,
        template: &ConnectionTemplate,
    ) -> Result<Connection> {
        let mut connection = self.resolved(sources, name, template)?;
        connection.tokens = self.options.tokens.clone().map(TokenFrom::source);
        let notices = self.repository.notices.clone();
        connection.log = connection
            .property("debug")
            .map(|_| Log::new(move |line| notices.send(&Notice::Client(line.to_owned()))));
        Ok(connection)
    }

    /// As its file says, or the runner's own.
    fn resolved(
        &self,
        sources: &Sources,
        name: &str,
        template: &ConnectionTemplate,
    ) -> Result<Connection> {
        let outside = Outside {
            variables: &self.repository.variables,
            secrets_dir: self.options.secrets_dir.as_deref(),
        };
        let missing = |findings: Vec<Finding>| {
            let message = "missing variables or secrets for the connection".to_owned();
            Invalid::new(message, &findings, sources)
        };
        let Some(file) = &self.options.client_config else {
            return Ok(template.resolve(outside).map_err(missing)?);
        };
        let text = self.client_config.get().map_or("", String::as_str);
        let config = ClientConfig::parse(file, text).map_err(|findings| {
            let errors = count(findings.len(), "error");
            let message = format!("{errors} in the client configuration");
            Invalid::new(message, &findings, sources)
        })?;
        let runner = config.resolve(outside).map_err(missing)?;
        let connection = template.beside(runner).map_err(|findings| {
            let message = format!(
                "connection settings of {name} conflict with --client-config {}",
                file.display()
            );
            Invalid::new(message, &findings, sources).refused()
        })?;
        Ok(connection)
    }

    fn pending(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Attempt>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connector<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pending().keys()).finish()
    }
}

/// Does what may wait for something outside on a thread of its own, where the process may end without
/// it: meanwhile a signal is heard.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
