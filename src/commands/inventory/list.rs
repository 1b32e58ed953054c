//! `topicsmith inventory list`: what is recorded.

use anyhow::Result;

use super::in_use;
use crate::app::{Connector, ReadRequest, ReadScope, check_scope_agrees, each};
use crate::cli::{ApplyContext, Connecting, Environments, Exit, Only, Printable, Reading, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::inventory;
use crate::model::Globs;
use crate::render::Style;
use crate::render::inventory::document::InventoryListDocument;
use crate::render::inventory::{self as shown, Recorded};

/// Arguments of `inventory list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith inventory list -e prod
  topicsmith inventory list -e prod --only 'playback-*' --format json
  topicsmith inventory list -e prod --all-scopes     what others own on this cluster, too")]
pub struct Args {
    #[command(flatten)]
    environments: Environments,
    #[command(flatten)]
    only: Only,
    /// Also what other scopes and environments own on the cluster
    #[arg(long)]
    all_scopes: bool,
    #[command(flatten)]
    context: ApplyContext,
    #[command(flatten)]
    connecting: Connecting,
}

/// Prints what each environment's inventory holds.
///
/// # Errors
/// The files have errors, or the only inventory cannot be read.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let (only, scope) = (args.only.globs()?, args.context.scope()?);
    let loaded = &session.load(&ask)?;
    let connector = args.connecting.connector(session)?;
    let lists = each(loaded, |environment| {
        let scope = scope.as_deref();
        one(args, &connector, (loaded, environment), &only, scope)
    });
    session.print_each(lists.await, loaded.list_form)
}

async fn one(
    args: &Args,
    connector: &Connector<'_>,
    (loaded, environment): (&Loaded, &LoadedEnvironment),
    only: &Globs,
    scope: Option<&str>,
) -> Result<List> {
    let settings = &environment.desired.environment;
    in_use(settings)?;
    check_scope_agrees(settings, scope)?;
    let cluster = connector.connect(loaded, environment).await?;
    let topic = &settings.inventory.topic;
    let read = inventory::read_anyway(&cluster, topic).await?;
    let desired = &environment.desired;
    let wanted = ReadRequest::of(desired, only, ReadScope::Listed, scope);
    let checked = read
        .as_ref()
        .map(|contents| contents.check(topic, &wanted.asking()));
    let scope = scope.or(settings.inventory.scope.as_deref());
    Ok(List {
        is_usable: !matches!(checked, Some(Err(_))),
        recorded: Recorded::new(settings, scope, read, only, args.all_scopes),
    })
}

struct List {
    recorded: Recorded,
    /// Whether nothing that cannot be read concerns the environment.
    is_usable: bool,
}

impl Printable for List {
    fn text(&self, style: Style) -> String {
        shown::text(&self.recorded, style)
    }
}

impl Reading for List {
    type Document = InventoryListDocument;

    fn document(&self) -> InventoryListDocument {
        InventoryListDocument::from(&self.recorded)
    }

    /// A record that cannot be read stops the plans and applies of those whom it concerns.
    fn exit(&self) -> Exit {
        match self.is_usable {
            true => Exit::Done,
            false => Exit::Error,
        }
    }
}
