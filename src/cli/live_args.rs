//! Where a reading command looks: at a snapshot file, or at the clusters.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::args::Connecting;
use super::session::Session;
use crate::app::{Connector, LiveSource, Problem, Repository, read_snapshot};
use crate::desired::{Ask, Loaded};

/// Where a reading command looks.
#[derive(Debug, clap::Args)]
pub struct LiveArgs {
    /// Look at a snapshot file instead of a cluster; nothing is connected
    #[arg(long, value_name = "FILE", conflicts_with_all = ["wait", "secrets_dir", "client_config", "token_file", "token_command"])]
    live: Option<PathBuf>,
    #[command(flatten)]
    connecting: Connecting,
}

/// What a reading command looks at, before the files are read.
#[derive(Debug)]
pub enum LiveInput<'a> {
    /// A snapshot file.
    Snapshot(&'a Path, &'a Repository),
    /// The cluster of each environment.
    Clusters(Box<Connector<'a>>),
}

impl LiveArgs {
    /// Whether a snapshot stands in for a cluster.
    pub fn is_snapshot(&self) -> bool {
        self.live.is_some()
    }

    /// What was asked for.
    ///
    /// # Errors
    /// What the environment variables say of the connection cannot be.
    pub fn input<'a>(&'a self, session: &'a Session) -> Result<LiveInput<'a>> {
        Ok(match &self.live {
            Some(file) => LiveInput::Snapshot(file, &session.repository),
            None => LiveInput::Clusters(Box::new(self.connecting.connector(session)?)),
        })
    }
}

impl LiveInput<'_> {
    /// Reads the files, and begins meanwhile to connect, where no snapshot stands for the clusters.
    ///
    /// # Errors
    /// The files have errors, or what was asked for is not there.
    pub async fn load(&self, ask: &Ask) -> Result<Loaded> {
        match self {
            LiveInput::Snapshot(_, repository) => repository.load(ask),
            LiveInput::Clusters(connector) => connector.load(ask).await,
        }
    }

    /// Reads the snapshot, where there is one.
    ///
    /// # Errors
    /// It cannot be read, or stands for more than one environment.
    pub fn source(&self, loaded: &Loaded) -> Result<LiveSource<'_>> {
        let file = match self {
            LiveInput::Clusters(connector) => return Ok(LiveSource::Clusters(connector)),
            LiveInput::Snapshot(file, _) => file,
        };
        if loaded.environments.len() > 1 {
            let message = "--live holds one cluster, and several environments were asked for";
            return Err(Problem::usage(message, "name one of them with -e").into());
        }
        Ok(LiveSource::Snapshot(Box::new(read_snapshot(file)?)))
    }
}
