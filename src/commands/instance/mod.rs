//! `topicsmith instance`: topics that come and go at run time, as `[lifecycles.NAME]` says.

mod down;
mod list;
mod sweep;
mod up;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap_complete::ArgValueCompleter;

use crate::app::{Problem, check_cluster, check_scope_is_named, the_only_one, who};
use crate::apply::ApplyOptions;
use crate::cli::{self, ApplyContext, Connecting, Exit, Format, OneEnvironment, Session, duration};
use crate::desired::{Ask, Desired, Environment, Loaded};
use crate::instance::{InstanceError, InstanceId, Proof, Report, RunResult, Site};
use crate::inventory::Holder;
use crate::kafka::Cluster;
use crate::live::{OwnerKey, Stamp};
use crate::render::instance::document::InstanceDocument;
use crate::render::{self, instance as instances};

/// What to do with instances.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make an instance's topics
    Up(up::Args),
    /// End an instance: its topics are deleted a while later
    Down(down::Args),
    /// List the instances that are recorded
    List(list::Args),
    /// Delete the instances that are over and not in use; for cron
    Sweep(sweep::Args),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// The files have errors, the cluster cannot be reached, or something is refused.
    pub async fn run(&self, session: &Session) -> Result<Exit> {
        match self {
            Command::Up(args) => up::run(args, session).await,
            Command::Down(args) => down::run(args, session).await,
            Command::List(args) => list::run(args, session).await,
            Command::Sweep(args) => sweep::run(args, session).await,
        }
    }
}

/// Which instance.
#[derive(Debug, clap::Args)]
struct InstanceName {
    /// The lifecycle, `[lifecycles.NAME]`
    #[arg(value_name = "LIFECYCLE", add = ArgValueCompleter::new(cli::lifecycles))]
    lifecycle: String,
    /// The lifecycle's parameters, each once
    #[arg(value_name = "KEY=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("a parameter is given as KEY=VALUE".to_owned()),
    }
}

impl InstanceName {
    fn id(&self) -> Result<InstanceId> {
        let mut parameters = BTreeMap::new();
        for (name, value) in &self.parameters {
            if parameters.insert(name.clone(), value.clone()).is_some() {
                let message = format!("the parameter {name:?} is given twice");
                return Err(Problem::usage(message, "give each parameter once").into());
            }
        }
        Ok(InstanceId {
            lifecycle: self.lifecycle.clone(),
            parameters,
        })
    }
}

/// Where, and for whom.
#[derive(Debug, clap::Args)]
struct InstanceArgs {
    #[command(flatten)]
    environment: OneEnvironment,
    #[command(flatten)]
    context: ApplyContext,
    /// How long to wait for somebody else who is at work on the same instance
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    lock_timeout: Duration,
    #[command(flatten)]
    connecting: Connecting,
}

/// Everything that a change to instances needs.
struct Job<'a> {
    session: &'a Session,
    environment: &'a Environment,
    /// All that the files say, where there are topics files and they were read.
    desired: Option<&'a Desired>,
    scope: String,
    cluster: Cluster,
    stamp: Stamp,
    lock_timeout: Duration,
    settings: ApplyOptions,
}

/// Reads what a delete is held against: the topics files too, where there are any.
fn load_proof(session: &Session, ask: &Ask) -> Result<Option<Loaded>> {
    let is_there = session
        .repository
        .folders
        .topics
        .try_exists()
        .unwrap_or(true);
    is_there.then(|| session.load(ask)).transpose()
}

impl<'a> Job<'a> {
    /// The same, to delete topics that these files prove to be instances' own.
    async fn to_delete(
        args: &InstanceArgs,
        session: &'a Session,
        loaded: &'a Loaded,
    ) -> Result<Self> {
        let job = Self::new(args, session, loaded).await?;
        Ok(Self {
            desired: Some(&the_only_one(loaded)?.desired),
            ..job
        })
    }

    /// Checks that instances can be recorded, and connects to the environment's own cluster.
    async fn new(args: &InstanceArgs, session: &'a Session, loaded: &'a Loaded) -> Result<Self> {
        let found = the_only_one(loaded)?;
        let environment = &found.desired.environment;
        let named = args.context.scope()?;
        let scope = scope(environment, named)?;
        let connector = args.connecting.connector(session)?;
        let cluster = connector.connect(loaded, found).await?;
        check_cluster(environment, &cluster).await?;
        Ok(Self {
            session,
            environment,
            desired: None,
            scope,
            cluster,
            stamp: Stamp {
                commit: args.context.commit(),
                by: Some(who()),
                at_ms: None,
            },
            lock_timeout: args.lock_timeout,
            settings: ApplyOptions::default(),
        })
    }

    fn site(&self) -> Site<'_> {
        Site {
            cluster: &self.cluster,
            inventory: &self.environment.inventory.topic,
            whose: OwnerKey {
                scope: Some(self.scope.clone()),
                environment: Some(self.environment.name.to_string()),
            },
            stamp: self.stamp.clone(),
            lock_timeout: self.lock_timeout,
            settings: &self.settings,
            proof: Proof {
                environment: self.environment,
                desired: self.desired,
                scope: &self.scope,
            },
        }
    }

    fn waiting(&self) -> impl FnMut(&Holder) + '_ {
        |holder| {
            let text = format!("waiting for {}\n", render::inventory::holder(holder));
            self.session.note(&text);
        }
    }

    fn report(&self, command: &'static str) -> Report {
        Report {
            command,
            scope: self.scope.clone(),
            environment: self.environment.name.to_string(),
            dry_run: false,
            entries: Vec::new(),
            interrupted: self.settings.stop.is_set(),
        }
    }

    /// Prints the report. What changed has changed, even where it cannot be printed.
    fn tell(&self, report: &Report) -> Exit {
        let session = self.session;
        let exit = match report.verdict() {
            RunResult::Done => Exit::Done,
            RunResult::Partial => Exit::Partial,
            RunResult::Failed => Exit::Error,
            RunResult::Interrupted => Exit::Interrupted,
        };
        let printed = match session.format {
            Format::Json => session.print_json(&&InstanceDocument::from(report)),
            _ => session.print(&instances::text(report, session.out_style())),
        };
        let Err(error) = printed else {
            return exit;
        };
        let changed = report.entries.iter().any(|entry| entry.changed());
        let unprinted = session.tell_error(&error);
        match changed {
            true => Exit::fold([exit, Exit::Partial]),
            false => Exit::fold([exit, unprinted]),
        }
    }
}

/// Whose instances they are. Without an inventory there are none.
fn scope(environment: &Environment, named: Option<String>) -> Result<String> {
    let inventory = &environment.inventory;
    if !inventory.enabled {
        let name = &environment.name;
        let message = format!("{name} has the inventory disabled, and instances need it");
        let help = format!("take `enabled = false` out of [inventory] of environments/{name}.toml");
        return Err(Problem::error(message, help).into());
    }
    check_scope_is_named(environment, named.as_deref())?;
    Ok(named
        .or_else(|| inventory.scope.clone())
        .unwrap_or_default())
}

/// An error with its exit code, and what to do about it.
fn advised(error: InstanceError) -> anyhow::Error {
    let message = error.to_string();
    match error {
        InstanceError::Inventory(error) => error.into(),
        InstanceError::Cluster(error) => error.into(),
        InstanceError::Locked { .. } => {
            let help = "try again, or wait for longer with --lock-timeout 2m; if it crashed, its lock expires within 10 s";
            Problem::locked(message, help).into()
        }
        InstanceError::Taken { .. } => {
            let help = "give the instance other values, or have the topic's owner remove it; nothing was changed";
            Problem::refused(message, help).into()
        }
        InstanceError::Refused { .. } => {
            let help =
                "put right what Kafka names, in the files or on the cluster; nothing was changed";
            Problem::refused(message, help).into()
        }
        InstanceError::Unseen { .. } => {
            let help = "allow Describe on the topic (an ACL); nothing was changed";
            Problem::error(message, help).into()
        }
    }
}
