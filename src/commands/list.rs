//! `topicsmith list`: the topics, and how they stand to the files.

use anyhow::Result;
use serde_json::Value;

use crate::cli::{
    self, Depth, Document, Environments, Exit, Looking, Only, Printable, Scope, Session, Source,
};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::plan::{self, Options};
use crate::render::Style;
use crate::render::list::{self, Row};
use crate::render::markdown::Section;

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith list -e prod
  topicsmith list -e prod --only 'client_2.*'
  topicsmith list -e prod --format json")]
pub struct Args {
    #[command(flatten)]
    pub(super) environments: Environments,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    looking: Looking,
}

/// Lists the topics of each environment, those of the files and those of the cluster.
///
/// # Errors
/// The files have errors, or the only environment cannot be looked at.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let options = Options {
        only: args.only.globs()?,
        scope: args.scope.named()?,
        ..Options::default()
    };
    let loaded = session.load(&ask)?;
    let source = args.looking.source(&loaded)?;
    let lists = cli::each(&loaded, |environment| {
        one(session, &loaded, environment, &source, &options)
    });
    session.print_each(lists.await, loaded.list_form)
}

async fn one(
    session: &Session,
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    source: &Source<'_>,
    options: &Options,
) -> Result<List> {
    let desired = &environment.desired;
    let look = source.look_for(session, loaded, environment, options, Depth::All);
    let live = look.await?;
    let plan = plan::make(desired, &live, options);
    Ok(List {
        environment: desired.environment.name.to_string(),
        rows: list::rows(desired, &live, &plan, &options.only),
    })
}

/// The topics of one environment.
struct List {
    environment: String,
    rows: Vec<Row>,
}

impl Printable for List {
    fn text(&self, style: Style) -> String {
        list::text(&self.environment, &self.rows, style)
    }

    fn section(&self) -> Option<Section> {
        Some(list::section(&self.environment, &self.rows))
    }
}

impl Document for List {
    const FORMAT: &'static str = list::FORMAT;
    const KEY: &'static str = "lists";

    fn json(&self) -> Value {
        list::json(&self.environment, &self.rows)
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
