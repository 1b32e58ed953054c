//! `topicsmith list`: the topics, and how they stand to the files.

use anyhow::Result;

use crate::app::{LiveSource, ReadScope, each};
use crate::cli::{self, Environments, Exit, LiveArgs, Only, Printable, Reading, Scope, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::plan::state::TopicState;
use crate::plan::{self, Options};
use crate::render::Style;
use crate::render::list::{self, ListDocument, ListFormat};
use crate::render::markdown::Section;
use crate::view::list::{Filter, Label, Order, Row, rows};

/// Arguments of `list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith list -e prod
  topicsmith list -e prod --only 'client_2.*'
  topicsmith list -e prod --owner 'shop*' --state differs --state missing
  topicsmith list -e prod --label domain=content --sort partitions
  topicsmith list -e prod --format json

States:
  in-sync    as the files say
  differs    listed, and not as the files say
  missing    listed, and not there
  not-seen   listed, and may not be seen
  unlisted   there, and in no file
  removed    to be deleted: by a removal, or because it left the files
  not-owned  as the files say, and nobody's so far
  released   left the files, and stays
  theirs     another scope's, or an instance's
  held       not as the files say, and a hold keeps it so

Orders: name, partitions, replication, overrides (each with the most first), owner, state")]
pub struct Args {
    #[command(flatten)]
    pub(super) environments: Environments,
    #[command(flatten)]
    only: Only,
    /// Only topics whose owner in the files matches; repeatable
    #[arg(long, value_name = "GLOB")]
    owner: Vec<String>,
    /// Only topics with this label in the files, whatever its value or with this one; repeatable,
    /// and then all of them
    #[arg(long, value_name = "KEY[=VALUE]")]
    label: Vec<Label>,
    /// Only topics that stand so; repeatable
    #[arg(long, value_enum, value_name = "STATE", hide_possible_values = true)]
    state: Vec<TopicState>,
    /// What the topics are sorted by
    #[arg(
        long,
        value_enum,
        value_name = "ORDER",
        default_value_t,
        hide_possible_values = true
    )]
    sort: Order,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    live_args: LiveArgs,
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
    let filter = Filter {
        owners: cli::globs("--owner", &args.owner)?,
        labels: args.label.clone(),
        states: args.state.clone(),
    };
    let input = args.live_args.input(session)?;
    let loaded = &session.warned(input.load(&ask).await?);
    let source = input.source(loaded)?;
    let lists = each(loaded, |environment| {
        let rows = read_rows(loaded, environment, &source, &options);
        async {
            Ok(List {
                environment: environment.desired.environment.name.to_string(),
                rows: filter.pick(rows.await?, args.sort),
            })
        }
    });
    session.print_each(lists.await, loaded.list_form)
}

async fn read_rows(
    loaded: &Loaded,
    environment: &LoadedEnvironment,
    source: &LiveSource<'_>,
    options: &Options,
) -> Result<Vec<Row>> {
    let desired = &environment.desired;
    let look = source.look_for(loaded, environment, options, ReadScope::All);
    let live = look.await?;
    let plan = plan::make(desired, &live, options);
    Ok(rows(desired, &live, &plan, &options.only))
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

impl Reading for List {
    type Document = ListDocument;

    fn document(&self) -> ListDocument {
        ListDocument {
            format: ListFormat,
            environment: self.environment.clone(),
            topics: self.rows.clone(),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
