//! `topicsmith drift`: shows where a cluster is not what the files say.

use std::borrow::Cow;

use anyhow::Result;
use serde_json::Value;

use crate::cli::{Depth, Document, Environments, Exit, Looking, Only, Printable, Session, Source};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::live::Live;
use crate::observe;
use crate::plan::{self, Options, Plan};
use crate::render::{self, Style};

/// Arguments of `drift`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith drift -e prod
  topicsmith drift --all --format json     every environment, for a program

Exit codes:
  0  the cluster is what the files say
  1  an error
  2  it is not, or guards.unlisted = \"fail\" and there are unlisted topics
  4  it is another cluster
  64 wrong usage")]
pub struct Args {
    #[command(flatten)]
    environments: Environments,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    looking: Looking,
}

/// Compares each environment with its cluster and prints what differs.
///
/// # Errors
/// The files have errors, or the only environment cannot be looked at.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let options = Options {
        only: args.only.globs()?,
        ..Options::default()
    };
    let loaded = session.load(&ask)?;
    let source = args.looking.source(&loaded)?;
    let drifts = loaded.environments.iter().map(|environment| async {
        let name = environment.desired.environment.name.to_string();
        (
            name,
            one(session, &loaded, environment, &source, &options).await,
        )
    });
    let drifts = observe::side_by_side(drifts).await;
    session.print_each(drifts, loaded.list_form)
}

async fn one<'a>(
    session: &Session,
    loaded: &'a Loaded,
    environment: &'a LoadedEnvironment,
    source: &'a Source<'_>,
    options: &Options,
) -> Result<Drift<'a>> {
    let desired = &environment.desired;
    let look = source.look(session, loaded, environment, &options.only, Depth::Listed);
    let live = look.await?;
    let plan = plan::make(desired, &live, options);
    Ok(Drift {
        environment,
        live,
        plan,
    })
}

/// How one environment differs from its cluster.
struct Drift<'a> {
    environment: &'a LoadedEnvironment,
    live: Cow<'a, Live>,
    plan: Plan,
}

impl Printable for Drift<'_> {
    fn text(&self, style: Style) -> String {
        render::drift::text(&self.plan, &self.environment.desired, &self.live, style)
    }
}

impl Document for Drift<'_> {
    const FORMAT: &'static str = render::drift::FORMAT;
    const KEY: &'static str = "drifts";

    fn json(&self) -> Value {
        render::drift::json(&self.plan, &self.environment.desired, &self.live)
    }

    fn exit(&self) -> Exit {
        let guards = &self.environment.desired.environment.guards;
        let unlisted = guards.fail_on_unlisted && !self.plan.unlisted.is_empty();
        let differs = !self.plan.is_empty() || !self.plan.blocked.is_empty();
        if self.plan.wrong_cluster().is_some() {
            Exit::Refused
        } else if differs || unlisted {
            Exit::Changes
        } else {
            Exit::Done
        }
    }
}
