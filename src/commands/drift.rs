//! `topicsmith drift`: shows what changed on a cluster since the last apply, and what in the files.

use std::borrow::Cow;

use anyhow::Result;

use crate::app::{LiveSource, Log, ReadScope, each};
use crate::cli::{Environments, Exit, LiveArgs, Metrics, Only, Printable, Reading, Scope, Session};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::live::Live;
use crate::metrics::Figures;
use crate::model::Globs;
use crate::plan::drift::Drift;
use crate::plan::drift::document::DriftDocument;
use crate::plan::{self, Options, Plan};
use crate::render::github::Annotations;
use crate::render::markdown::Section;
use crate::render::{self, Style};

/// Arguments of `drift`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith drift -e prod
  topicsmith drift -e prod --pending       exit 2 for what is not applied yet, too
  topicsmith drift --all --format json     every environment, for a program
  topicsmith drift -e prod --format markdown   for an issue
  topicsmith drift --all --metrics-file /var/lib/node_exporter/drift.prom

The inventory tells what was changed on the cluster since it was last applied (drift) from what was
changed in the files (pending). Without one, all that differs counts as drift. What is held is known,
and counts as neither.

Exit codes:
  0  nothing was changed on the cluster
  1  an error, or incomplete: a topic or its configs are not visible to this principal
  2  something was, or is pending (with --pending), or guards.unlisted = \"fail\" and there are unlisted topics
  4  it is another cluster
  64 wrong usage")]
pub struct Args {
    #[command(flatten)]
    pub(super) environments: Environments,
    #[command(flatten)]
    only: Only,
    /// Exit with 2 also where the files say something that was not applied yet
    #[arg(long)]
    pending: bool,
    #[command(flatten)]
    metrics: Metrics,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    live_args: LiveArgs,
}

/// Compares each environment with its cluster and prints what differs.
///
/// # Errors
/// The files have errors, or the only environment cannot be looked at.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let work = async |log: &Log| drift_each(args, session, &ask, log).await;
    args.metrics
        .measure("drift", Some(&ask), session, work)
        .await
}

async fn drift_each(args: &Args, session: &Session, ask: &Ask, log: &Log) -> Result<Exit> {
    let options = Options {
        only: args.only.globs()?,
        scope: args.scope.named()?,
        ..Options::default()
    };
    let input = args.live_args.input(session)?;
    let loaded = &session.warned(input.load(ask).await?);
    log.expect(loaded);
    let source = input.source(loaded)?;
    let drifts = each(loaded, |environment| {
        let looked = one(args, loaded, environment, &source, &options);
        async {
            let looked = looked.await?;
            looked.log(&options.only, log);
            Ok(looked)
        }
    });
    session.print_each(drifts.await, loaded.list_form)
}

async fn one<'a>(
    args: &Args,
    loaded: &'a Loaded,
    environment: &'a LoadedEnvironment,
    source: &'a LiveSource<'_>,
    options: &Options,
) -> Result<EnvironmentDrift<'a>> {
    let desired = &environment.desired;
    let look = source.look_for(loaded, environment, options, ReadScope::Listed);
    let live = look.await?;
    let plan = plan::make(desired, &live, options);
    Ok(EnvironmentDrift {
        pending: args.pending,
        environment,
        live,
        plan,
    })
}

/// How one environment differs from its cluster.
struct EnvironmentDrift<'a> {
    /// Whether what is pending counts too.
    pending: bool,
    environment: &'a LoadedEnvironment,
    live: Cow<'a, Live>,
    plan: Plan,
}

impl EnvironmentDrift<'_> {
    fn log(&self, only: &Globs, log: &Log) {
        let desired = &self.environment.desired;
        let figures = Figures::of(&self.plan, desired, &self.live, only);
        let success = self.plan.wrong_cluster().is_none() && self.plan.not_visible.is_empty();
        log.add(&desired.environment.name, figures, success);
    }

    fn drift(&self) -> Drift<'_> {
        plan::drift(&self.plan, &self.environment.desired, &self.live)
    }
}

impl Printable for EnvironmentDrift<'_> {
    fn text(&self, style: Style) -> String {
        render::drift::text(&self.plan, &self.drift(), style)
    }

    fn section(&self) -> Option<Section> {
        Some(render::drift::section(&self.plan, &self.drift()))
    }

    fn annotations(&self) -> Option<Annotations> {
        Some(render::drift::annotations(&self.plan, &self.drift()))
    }
}

impl Reading for EnvironmentDrift<'_> {
    type Document = DriftDocument;

    fn document(&self) -> DriftDocument {
        DriftDocument::new(&self.plan, &self.drift())
    }

    fn exit(&self) -> Exit {
        let guards = &self.environment.desired.environment.guards;
        let unlisted = guards.fail_on_unlisted && !self.plan.unlisted.is_empty();
        let drift = self.drift();
        let differs = drift.drifted() > 0 || (self.pending && drift.pending() > 0);
        if self.plan.wrong_cluster().is_some() {
            Exit::Refused
        } else if !self.plan.not_visible.is_empty() {
            // Neither "no drift" nor all of the drift.
            Exit::Error
        } else if differs || unlisted {
            Exit::Changes
        } else {
            Exit::Done
        }
    }
}
