//! The commands, one file each: a short script over the stations, with its own arguments.

mod apply;
mod capacity;
mod catalog;
mod completions;
mod doctor;
mod drift;
mod import;
mod init;
mod instance;
mod inventory;
mod list;
mod man;
mod new;
mod overview;
mod plan;
mod schema;
mod show;
mod snapshot;
mod start;
mod validate;

use anyhow::{Context, Result};

pub use start::{Cli, main};

use overview::run as overview;

use crate::cli::{self, Exit, Format, Session};
use crate::desired::Ask;

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
    /// Write a topics file for topics that are live and in no file
    Import(import::Args),
    /// List the topics: what is there, and how it stands to the files
    List(list::Args),
    /// Write a page of all topics: owner, description, settings, state
    Catalog(catalog::Args),
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
    /// Add a topic to the files, their comments and layout kept
    New(new::Args),
    /// Tell whether this tool can do its work on a cluster: brokers, settings, rights
    Doctor(doctor::Args),
    /// Print the JSON Schema of the files, of plans and of snapshots
    Schema(schema::Args),
    /// Print what a shell needs to complete commands and options
    Completions(completions::Args),
    /// Print the manual page, or write those of all commands
    Man(man::Args),
}

impl Command {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Validate(_) => "validate",
            Command::Plan(_) => "plan",
            Command::Apply(_) => "apply",
            Command::Drift(_) => "drift",
            Command::Snapshot(_) => "snapshot",
            Command::Import(_) => "import",
            Command::List(_) => "list",
            Command::Catalog(_) => "catalog",
            Command::Show(_) => "show",
            Command::Capacity(_) => "capacity",
            Command::Instance(_) => "instance",
            Command::Inventory(_) => "inventory",
            Command::Init(_) => "init",
            Command::New(_) => "new",
            Command::Schema(_) => "schema",
            Command::Doctor(_) => "doctor",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }

    /// The formats that its results come in, its own first.
    pub fn formats(&self) -> &'static [Format] {
        use Format::{Github, Html, Json, Markdown, Text};
        match self {
            Command::Validate(_)
            | Command::Plan(_)
            | Command::Apply(_)
            | Command::Drift(_)
            | Command::Doctor(_) => &[Text, Json, Markdown, Github],
            Command::List(_) | Command::Man(_) => &[Text, Json, Markdown],
            Command::Catalog(_) => &[Html, Json, Markdown],
            Command::Snapshot(_)
            | Command::Import(_)
            | Command::Show(_)
            | Command::Capacity(_)
            | Command::Instance(_)
            | Command::Inventory(_)
            | Command::Init(_)
            | Command::New(_)
            | Command::Schema(_)
            | Command::Completions(_) => &[Text, Json],
        }
    }

    /// The environments that were asked for by name, for what comes as a comment.
    pub fn asked(&self) -> Option<Ask> {
        let asked = match self {
            Command::Validate(args) => args.environments.ask(),
            Command::Plan(args) => args.environments.ask(),
            Command::Drift(args) => args.environments.ask(),
            Command::List(args) => args.environments.ask(),
            Command::Doctor(args) => args.environments.ask(),
            Command::Apply(args) => args.environment.ask().map(Some),
            _ => Ok(None),
        };
        // What is wrong with them is said when they are asked for.
        asked.ok().flatten()
    }

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
        let ended = runtime.block_on(async {
            match self {
                Command::Validate(args) => validate::run(args, session),
                Command::Plan(args) => plan::run(args, session).await,
                Command::Apply(args) => apply::run(args, session).await,
                Command::Drift(args) => drift::run(args, session).await,
                Command::Snapshot(args) => snapshot::run(args, session).await,
                Command::Import(args) => import::run(args, session).await,
                Command::List(args) => list::run(args, session).await,
                Command::Catalog(args) => catalog::run(args, session).await,
                Command::Show(args) => show::run(args, session).await,
                Command::Capacity(args) => capacity::run(args, session).await,
                Command::Instance(command) => {
                    cli::with_way_out(session, command.run(session)).await
                }
                Command::Inventory(command) => {
                    cli::with_way_out(session, command.run(session)).await
                }
                Command::Init(args) => init::run(args, session),
                Command::New(args) => new::run(args, session),
                Command::Doctor(args) => doctor::run(args, session).await,
                Command::Schema(args) => schema::run(args, session),
                Command::Completions(args) => completions::run(args, session),
                Command::Man(args) => man::run(args, session),
            }
        });
        // The process ends: nobody waits for its threads.
        runtime.shutdown_background();
        ended
    }
}
