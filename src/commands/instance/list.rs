//! `topicsmith instance list`: the instances that are recorded.

use anyhow::Result;
use clap_complete::ArgValueCompleter;

use crate::app::{Connector, each};
use crate::cli::{self, Connecting, Environments, Exit, Printable, Reading, Scope, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::instance::belongs;
use crate::inventory::{self, Asking};
use crate::live::{Instance, OwnerKey};
use crate::model::BrokerTime;
use crate::render::instance::document::InstancesDocument;
use crate::render::{Style, instance as instances};

/// Arguments of `instance list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith instance list -e prod
  topicsmith instance list video-task -e prod --format json

Exit codes:
  0  done
  1  an error
  64 wrong usage")]
pub struct Args {
    /// Only instances of this lifecycle
    #[arg(value_name = "LIFECYCLE", add = ArgValueCompleter::new(cli::lifecycles))]
    lifecycle: Option<String>,
    #[command(flatten)]
    environments: Environments,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    connecting: Connecting,
}

/// Lists the instances of each environment.
///
/// # Errors
/// The environments have errors, or the only one cannot be looked at.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let loaded = session.load_environments(&ask)?;
    let named = args.scope.named()?;
    let connector = args.connecting.connector(session)?;
    let lists = each(&loaded, |environment| {
        one(args, &connector, &loaded, environment, named.clone())
    });
    session.print_each(lists.await, loaded.list_form)
}

async fn one(
    args: &Args,
    connector: &Connector<'_>,
    loaded: &Loaded,
    found: &LoadedEnvironment,
    named: Option<String>,
) -> Result<List> {
    let environment = &found.desired.environment;
    let whose = OwnerKey {
        scope: Some(super::scope(environment, named)?),
        environment: Some(environment.name.to_string()),
    };
    let cluster = connector.connect(loaded, found).await?;
    let asking = Asking {
        scope: whose.scope.as_deref(),
        environment: &environment.name,
        named: &[],
    };
    let contents = inventory::read(&cluster, &environment.inventory.topic, &asking).await?;
    let contents = contents.unwrap_or_default();
    let instances = contents.inventory.instances.into_iter().filter(|one| {
        let lifecycle = args.lifecycle.as_ref();
        belongs(one, &whose) && lifecycle.is_none_or(|name| *name == one.lifecycle)
    });
    Ok(List {
        environment: environment.name.to_string(),
        instances: instances.collect(),
        now: BrokerTime::estimated(contents.newest_ms),
    })
}

/// The instances of one environment.
struct List {
    environment: String,
    instances: Vec<Instance>,
    now: BrokerTime,
}

impl Printable for List {
    fn text(&self, style: Style) -> String {
        instances::list_text(&self.environment, &self.instances, self.now, style)
    }
}

impl Reading for List {
    type Document = InstancesDocument;

    fn document(&self) -> InstancesDocument {
        InstancesDocument::new(&self.environment, &self.instances, self.now)
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
