//! The commands, one file each: a short script over the stations, with its own arguments.

mod apply;
mod capacity;
mod completions;
mod doctor;
mod drift;
mod init;
mod instance;
mod inventory;
mod list;
mod man;
mod overview;
mod plan;
mod show;
mod snapshot;
mod validate;

use anyhow::{Context, Result};

pub use overview::run as overview;

use crate::cli::{Exit, Session};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check the files, offline
    Validate(validate::Args),
    /// Show what an apply would do
    Plan(plan::Args),
    /// Bring a cluster to what the files say
    Apply(apply::Args),
    /// Show where a cluster is not what the files say; changes nothing
    Drift(drift::Args),
    /// Write the live state of a cluster as JSON, for --live and for support
    Snapshot(snapshot::Args),
    /// List the topics: what is there, and how it stands to the files
    List(list::Args),
    /// Show one topic in full, or an environment: every value, and where it comes from
    Show(show::Args),
    /// Reckon the disk that topics need, from traffic, retention and replication
    Capacity(capacity::Args),
    /// Topics that come and go at run time: up, down, list, sweep
    #[command(subcommand)]
    Instance(instance::Command),
    /// What is owned on a cluster, holds, and repairs
    #[command(subcommand)]
    Inventory(inventory::Command),
    /// Make a first repository that validates
    Init(init::Args),
    /// Tell whether this tool can do its work on a cluster: brokers, settings, rights
    Doctor(doctor::Args),
    /// Print what a shell needs to complete commands and options
    Completions(completions::Args),
    /// Print the manual page, or write those of all commands
    Man(man::Args),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What ended the command early; nothing on any cluster was changed then.
    pub fn run(&self, session: &Session) -> Result<Exit> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start the threads that speak to clusters")?;
        runtime.block_on(async {
            match self {
                Command::Validate(args) => validate::run(args, session),
                Command::Plan(args) => plan::run(args, session).await,
                Command::Apply(args) => apply::run(args, session).await,
                Command::Drift(args) => drift::run(args, session).await,
                Command::Snapshot(args) => snapshot::run(args, session).await,
                Command::List(args) => list::run(args, session).await,
                Command::Show(args) => show::run(args, session).await,
                Command::Capacity(args) => capacity::run(args, session).await,
                Command::Instance(command) => command.run(session).await,
                Command::Inventory(command) => command.run(session).await,
                Command::Init(args) => init::run(args, session),
                Command::Doctor(args) => doctor::run(args, session).await,
                Command::Completions(args) => completions::run(args, session),
                Command::Man(args) => man::run(args, session),
            }
        })
    }
}
