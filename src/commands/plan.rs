//! `topicsmith plan`: shows what an apply would do.

use std::borrow::Cow;
use std::path::PathBuf;

use anyhow::Result;

use crate::app::{LiveSource, Log, Preflight, Problem, check_scope, each};
use crate::cli::{
    ApplyContext, Environments, Exit, Format, LiveArgs, Metrics, Only, Printable, Reading, Session,
};
use crate::desired::{Ask, Loaded, LoadedEnvironment};
use crate::live::Live;
use crate::metrics::Figures;
use crate::model::Globs;
use crate::plan::{Allow, MissingRights, Options, Plan, PlanDocument};
use crate::render::github::Annotations;
use crate::render::markdown::Section;
use crate::render::{self, Style, unified};
use crate::terminal::write_whole;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith plan -e prod
  topicsmith plan -e prod --detailed-exitcode          exit 2 where there are changes
  topicsmith plan -e prod --out prod.plan              saves it, for apply to be held to it
  topicsmith plan --all --format json                  every environment, for a program
  topicsmith plan -e prod --format markdown            a comment for the pull request
  topicsmith plan -e prod --format github              annotations at file and line
  topicsmith plan -e prod --live prod.json --diff      offline, against a snapshot
  topicsmith plan --all --metrics-file plan.prom       figures for Prometheus

A saved plan is an approval: `topicsmith apply prod.plan` does what stands in it, needs no --allow
for that, and does nothing else. Take one only from a job that the repository trusts. It holds
nothing of the credentials.

Exit codes:
  0  planned
  1  an error; with --detailed-exitcode also incomplete: a topic or its configs are not visible to
     this principal
  2  an apply would change something (with --detailed-exitcode)
  4  something is blocked, it is another cluster, or guards.unlisted = \"fail\" and there are some
  64 wrong usage")]
pub struct Args {
    #[command(flatten)]
    pub(super) environments: Environments,
    #[command(flatten)]
    only: Only,
    /// Allow a risk: CODE, CODE:GLOB for some topics, destructive, or topic-in-use; repeatable
    #[arg(long, value_name = "CODE[:GLOB]")]
    allow: Vec<Allow>,
    /// Add a unified diff of each topic, live against the files
    #[arg(long)]
    diff: bool,
    /// Exit with 2 where an apply would change something
    #[arg(long)]
    detailed_exitcode: bool,
    /// Do not ask the brokers what they would refuse
    #[arg(long)]
    no_preflight: bool,
    /// Save the plan in FILE, whole or not at all; it is JSON, and an approval for apply
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    metrics: Metrics,
    #[command(flatten)]
    context: ApplyContext,
    #[command(flatten)]
    live_args: LiveArgs,
}

/// Plans each environment, prints the plans, and saves the only one where that was asked for.
///
/// # Errors
/// The files have errors, the only environment cannot be looked at, or FILE cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    if args.diff && session.format != Format::Text {
        let message = format!(
            "--diff is text, and --format {} was asked for",
            session.format
        );
        let help = "leave one of them out: every format holds both sides of each change";
        return Err(Problem::usage(message, help).into());
    }
    let ask = args.environments.ask()?.unwrap_or(Ask::Only);
    let work = async |log: &Log| plan_each(args, session, &ask, log).await;
    args.metrics
        .measure("plan", Some(&ask), session, work)
        .await
}

async fn plan_each(args: &Args, session: &Session, ask: &Ask, log: &Log) -> Result<Exit> {
    let (only, scope) = (args.only.globs()?, args.context.scope()?);
    let input = args.live_args.input(session)?;
    let loaded = &session.warned(input.load(ask).await?);
    let options = Options {
        only,
        allow: args.allow.clone(),
        approval: None,
        commit: args.context.commit(),
        scope,
        missing_rights: MissingRights::Noted,
    };
    log.expect(loaded);
    check_scope(loaded, options.scope.as_deref())?;
    if args.out.is_some() && loaded.list_form {
        let help = "name one environment with -e";
        return Err(Problem::usage("--out holds the plan of one environment", help).into());
    }
    let source = input.source(loaded)?;
    let plans = each(loaded, |environment| {
        let planned = one(args, loaded, environment, &source, &options);
        async {
            let planned = planned.await?;
            planned.log(&options.only, log);
            Ok(planned)
        }
    });
    let plans = plans.await;
    if let (Some(file), [(_, Ok(planned))]) = (&args.out, plans.as_slice()) {
        write_whole(file, &render::json_text(&planned.document()))?;
    }
    session.print_each(plans, loaded.list_form)
}

async fn one<'a>(
    args: &'a Args,
    loaded: &'a Loaded,
    environment: &'a LoadedEnvironment,
    source: &'a LiveSource<'_>,
    options: &Options,
) -> Result<Planned<'a>> {
    let preflight = match args.no_preflight {
        true => Preflight::Skipped,
        false => Preflight::Asked,
    };
    let plan = source.plan(loaded, environment, options, preflight);
    let (live, plan) = plan.await?;
    Ok(Planned {
        args,
        environment,
        live,
        plan,
    })
}

/// The plan of one environment, and what it was made of.
struct Planned<'a> {
    args: &'a Args,
    environment: &'a LoadedEnvironment,
    live: Cow<'a, Live>,
    plan: Plan,
}

impl Planned<'_> {
    fn log(&self, only: &Globs, log: &Log) {
        let desired = &self.environment.desired;
        let figures = Figures::of(&self.plan, desired, &self.live, only);
        let success = self.plan.wrong_cluster().is_none() && self.plan.not_visible.is_empty();
        log.add(&desired.environment.name, figures, success);
    }
}

impl Printable for Planned<'_> {
    /// The diff first: the summary at the end of the plan stays in sight.
    fn text(&self, style: Style) -> String {
        let plan = render::plan::text(&self.plan, style);
        if !self.args.diff || (self.plan.is_empty() && self.plan.blocked.is_empty()) {
            return plan;
        }
        let diff = unified::text(&self.plan, &self.environment.desired, &self.live, style);
        format!("{diff}\n{plan}")
    }

    fn section(&self) -> Option<Section> {
        Some(render::plan::section(&self.plan))
    }

    fn annotations(&self) -> Option<Annotations> {
        Some(render::plan::annotations(&self.plan))
    }
}

impl Reading for Planned<'_> {
    type Document = PlanDocument;

    fn document(&self) -> PlanDocument {
        PlanDocument::from(&self.plan)
    }

    fn exit(&self) -> Exit {
        let guards = &self.environment.desired.environment.guards;
        let unlisted = guards.fail_on_unlisted && !self.plan.unlisted.is_empty();
        if self.args.detailed_exitcode && !self.plan.not_visible.is_empty() {
            // Neither "no changes" nor all of them.
            Exit::Error
        } else if !self.plan.blocked.is_empty() || self.plan.wrong_cluster().is_some() || unlisted {
            Exit::Refused
        } else if self.args.detailed_exitcode && !self.plan.is_empty() {
            Exit::Changes
        } else {
            Exit::Done
        }
    }
}
