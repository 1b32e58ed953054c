//! `topicsmith inventory list`: what is recorded.

use anyhow::Result;

use super::in_use;
use crate::cli::{self, Connecting, Environments, Exit, Only, Origin, Printable, Reading, Session};
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
    origin: Origin,
    #[command(flatten)]
    connecting: Connecting,
}

/// Prints what each environment's inventory holds.
///
/// # Errors
/// The files have errors, or the only inventory cannot be read.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let (only, scope) = (args.only.globs()?, args.origin.scope()?);
    let loaded = session.load(&ask)?;
    let lists = cli::each(loaded, |environment| {
        let scope = scope.as_deref();
        one(args, session, (loaded, environment), &only, scope)
    });
    session.print_each(lists.await, loaded.list_form)
}

async fn one(
    args: &Args,
    session: &Session,
    (loaded, environment): (&Loaded, &LoadedEnvironment),
    only: &Globs,
    scope: Option<&str>,
) -> Result<List> {
    let settings = &environment.desired.environment;
    in_use(settings)?;
    let connecting = &args.connecting;
    let cluster = connecting.connect(session, loaded, environment).await?;
    let read = inventory::read_anyway(&cluster, &settings.inventory.topic).await?;
    let scope = scope.or(settings.inventory.scope.as_deref());
    Ok(List(Recorded::new(
        settings,
        scope,
        read,
        only,
        args.all_scopes,
    )))
}

struct List(Recorded);

impl Printable for List {
    fn text(&self, style: Style) -> String {
        shown::text(&self.0, style)
    }
}

impl Reading for List {
    type Document = InventoryListDocument;

    fn document(&self) -> InventoryListDocument {
        InventoryListDocument::from(&self.0)
    }

    /// A record that cannot be read stops every plan and apply.
    fn exit(&self) -> Exit {
        match self.0.unreadable.is_empty() {
            true => Exit::Done,
            false => Exit::Error,
        }
    }
}
