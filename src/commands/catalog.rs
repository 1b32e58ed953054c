//! `topicsmith catalog`: every topic on one page, for whoever writes to or reads from them.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Result;

use crate::app::{LiveSource, ReadScope, each};
use crate::cli::{Environments, Exit, Format, LiveArgs, Only, Scope, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::live::Live;
use crate::model::inert::{Syntax, inert};
use crate::plan::{self, Options, Plan};
use crate::render::catalog::document::CatalogDocument;
use crate::render::catalog::{html, markdown};
use crate::render::json_text;
use crate::terminal::write_whole;
use crate::view::catalog::{ClusterState, EnvironmentState, catalog};

/// Arguments of `catalog`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith catalog --all --out catalog.html              a page that needs nothing else
  topicsmith catalog -e dev -e prod --format markdown      for a wiki or a repository
  topicsmith catalog --all --format json                   for a program
  topicsmith catalog --all --no-live --out catalog.html    from the files alone

The formats are html (what it writes unless told otherwise), json and markdown.")]
pub struct Args {
    #[command(flatten)]
    pub(super) environments: Environments,
    #[command(flatten)]
    only: Only,
    /// Write it to FILE, whole or not at all, instead of stdout
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Read the files alone: no cluster is looked at, and no state is shown
    #[arg(long, conflicts_with_all = ["live", "wait", "client_config"])]
    no_live: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    live_args: LiveArgs,
}

/// Puts the topics of all environments on one page.
///
/// # Errors
/// The files have errors, the only environment cannot be looked at, or FILE cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let options = Options {
        only: args.only.globs()?,
        scope: args.scope.named()?,
        ..Options::default()
    };
    let loaded = &session.load(&ask)?;
    let input = match args.no_live {
        true => None,
        false => Some(args.live_args.input(session)?),
    };
    let source = input.as_ref().map(|input| input.source(loaded));
    let source = source.transpose()?;
    let looks = each(loaded, |environment| {
        one(loaded, environment, source.as_ref(), &options)
    });
    let (seen, exit) = session.seen(looks.await, loaded.list_form)?;
    let parts: Vec<EnvironmentState> = loaded.environments.iter().zip(&seen).map(part).collect();
    let catalog = catalog(&parts, &options.only);
    let (text, syntax) = match session.format {
        Format::Json => (json_text(&CatalogDocument::from(&catalog)), Syntax::Json),
        Format::Markdown => (markdown(&catalog), Syntax::Markdown),
        _ => (html(&catalog), Syntax::Html),
    };
    match &args.out {
        None => session.print_as(&text, syntax)?,
        Some(file) => write_whole(file, &inert(&text, syntax))?,
    }
    Ok(exit)
}

/// What is live in an environment, with what is to be said of it; `None` where nobody looks.
type LiveState<'a> = Option<(Cow<'a, Live>, Plan)>;

async fn one<'a>(
    loaded: &'a Loaded,
    environment: &'a LoadedEnvironment,
    source: Option<&'a LiveSource<'_>>,
    options: &Options,
) -> Result<LiveState<'a>> {
    let Some(source) = source else {
        return Ok(None);
    };
    let look = source.look_for(loaded, environment, options, ReadScope::All);
    let live = look.await?;
    let plan = plan::make(&environment.desired, &live, options);
    Ok(Some((live, plan)))
}

fn part<'a>(
    (environment, seen): (&'a LoadedEnvironment, &'a Result<LiveState, String>),
) -> EnvironmentState<'a> {
    EnvironmentState {
        desired: &environment.desired,
        look: match seen {
            Ok(Some((live, plan))) => ClusterState::Seen(live, plan),
            Ok(None) => ClusterState::NotAsked,
            Err(why) => ClusterState::Failed(why.clone()),
        },
    }
}
