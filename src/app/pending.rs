//! Connections that are made while the topics files are read.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::cli::args::Connecting;
use crate::cli::session::Session;
use crate::desired::{Ask, Loaded};
use crate::kafka::{Cluster, Error};
use crate::model::Sources;

type Attempt = JoinHandle<Result<Cluster, Error>>;

/// The connections under way, by environment.
#[derive(Default)]
pub struct PendingConnections(Mutex<BTreeMap<Arc<str>, Attempt>>);

impl Connecting {
    /// Reads the files as [`Session::load`] does, and begins meanwhile to connect to the clusters:
    /// [`Connecting::connect`] goes on with that. What is wrong with a connection is told there; where
    /// there are errors in the files, nobody hears of it.
    ///
    /// # Errors
    /// As for [`Session::load`].
    pub async fn load(&self, session: &Session, ask: &Ask) -> Result<&'static Loaded> {
        if !self.may_begin() || self.read_client_config().await.is_err() {
            return session.load(ask);
        }
        let runtime = Handle::current();
        session.load_to_connect(ask, |name, template| {
            let sources = Sources::default();
            if let Ok(connection) = self.connection(session, &sources, name, template) {
                let connecting = Cluster::connect(connection, self.limits());
                session.pending.add(name, runtime.spawn(connecting));
            }
        })
    }

    /// Whoever waits for a cluster is told of each attempt, and no command for tokens is run before it
    /// is known that they are needed.
    fn may_begin(&self) -> bool {
        self.wait.is_none() && matches!(self.tokens(), Ok(None))
    }
}

impl PendingConnections {
    fn add(&self, environment: &Arc<str>, attempt: Attempt) {
        self.lock().insert(environment.clone(), attempt);
    }

    /// The connection to an environment's cluster, or why there is none, where one was begun.
    pub(super) async fn take(&self, environment: &str) -> Option<Result<Cluster, Error>> {
        let attempt = self.lock().remove(environment)?;
        let connected = attempt.await;
        Some(connected.unwrap_or_else(|panic| resume_unwind(panic.into_panic())))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Arc<str>, Attempt>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for PendingConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.lock().keys()).finish()
    }
}
