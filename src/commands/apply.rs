//! `topicsmith apply`: brings a cluster to what the files say.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::app::{ApplyRun, Log, Problem, aside, check_scope, check_scope_is_named, the_only_one};
use crate::apply::{Report, RunResult, SkipReason, Stop};
use crate::cli::{
    self, ApplyContext, AutoApprove, Connecting, Exit, Format, Metrics, OneEnvironment, Only,
    Session, duration,
};
use crate::desired::Ask;
use crate::files;
use crate::metrics::Figures;
use crate::model::document;
use crate::model::text::escape;
use crate::plan::{Allow, Approval, MissingRights, Options, Plan};
use crate::render::report::document::ReportDocument;
use crate::render::{Style, json_text, plan as plans, report as reports};
use crate::terminal::{check_writable, write_whole};

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith apply -e prod                                 shows the plan, asks, applies
  topicsmith apply -e prod --yes                           where nobody can be asked
  topicsmith apply -e prod --yes --all-or-nothing          nothing at all where something is blocked
  topicsmith apply -e prod --allow topic-deleted:old-*     allows what the plan says it needs
  topicsmith apply -e prod --yes --format markdown         the report as a comment
  topicsmith apply prod.plan --yes                         only what `plan --out prod.plan` approved

PLAN is an approval, not instructions. A fresh plan is made, and it is applied if each of its
changes stands in PLAN with the same from and to; what is done already is not done again. Else
nothing is changed, and what was not approved is shown. PLAN also allows the risks that it shows;
max_destructive and cluster.id still hold. Whoever can write PLAN can approve: take it only from a
job that the repository trusts, never from a pull request's own.

Exit codes:
  0  done, or nothing to do
  1  an error, and nothing was changed
  3  something was changed, or may have been, and something else failed, was blocked or is unknown
  4  refused or blocked, and nothing was changed
  5  another apply of the environment is running, and nothing was changed
  64 wrong usage; also no terminal and no --yes
  130 after Ctrl-C, SIGTERM or SIGHUP: what was in flight is finished and reported first, the lock is
     given back and the report written; a second signal does not wait for what is in flight")]
pub struct Args {
    /// A plan that was saved by `plan --out`: apply only what it approves
    #[arg(value_name = "PLAN", conflicts_with = "only")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    pub(super) environment: OneEnvironment,
    #[command(flatten)]
    only: Only,
    /// Allow a risk: CODE, CODE:GLOB for some topics, destructive, or topic-in-use; repeatable
    #[arg(long, value_name = "CODE[:GLOB]")]
    allow: Vec<Allow>,
    /// Apply nothing where anything is blocked
    #[arg(long)]
    all_or_nothing: bool,
    #[command(flatten)]
    auto_approve: AutoApprove,
    /// How long to wait for another apply of the environment to end [default: do not wait]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    lock_timeout: Option<Duration>,
    /// Write the report as JSON to FILE too, whole or not at all, however the apply ends
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    metrics: Metrics,
    #[command(flatten)]
    context: ApplyContext,
    #[command(flatten)]
    connecting: Connecting,
}

/// Applies, and keeps the report where that was asked for.
///
/// # Errors
/// Something failed before anything was changed.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    args.auto_approve.check(session)?;
    let asked = args.environment.ask()?;
    let work = async |log: &Log| {
        let apply = cli::with_way_out(session, apply(args, session, log));
        let Some(file) = &args.report else {
            return Ok(apply.await?.exit);
        };
        check_writable(file)?;
        keep(file, apply.await, session)
    };
    args.metrics
        .measure("apply", Some(&asked), session, work)
        .await
}

/// How an apply ended.
struct Ended {
    exit: Exit,
    report: Report,
    plan: Plan,
}

impl Ended {
    fn new(exit: Exit, report: Report, plan: Plan) -> Self {
        Self { exit, report, plan }
    }

    fn document(&self) -> ReportDocument {
        ReportDocument::new(&self.report, &self.plan)
    }
}

/// Writes the report to a file; where there is none, the error that stands in its place. What
/// changed has changed, even where that cannot be written.
fn keep(file: &Path, ended: Result<Ended>, session: &Session) -> Result<Exit> {
    let document = match &ended {
        Ok(ended) => document::json(&ended.document()),
        Err(error) => document::json(&cli::diagnostics(error)),
    };
    let written = write_whole(file, &json_text(&document));
    let exit = written.err().map(|error| session.tell_error(&error.into()));
    let ended = ended?;
    let unwritten = exit.map(|exit| match ended.report.changed() {
        true => Exit::Partial,
        false => exit,
    });
    Ok(Exit::fold(
        [Some(ended.exit), unwritten].into_iter().flatten(),
    ))
}

/// Plans, shows the plan, asks, applies and reports.
async fn apply(args: &Args, session: &Session, log: &Log) -> Result<Ended> {
    let approval = match args.plan.clone() {
        Some(file) => Some(aside(move || read_plan(&file)).await?),
        None => None,
    };
    let options = Options {
        only: match &approval {
            Some(approval) => approval.only.clone(),
            None => args.only.globs()?,
        },
        allow: args.allow.clone(),
        approval,
        commit: args.context.commit(),
        scope: args.context.scope()?,
        missing_rights: MissingRights::Block,
    };
    let ask = which(args.environment.ask()?, options.approval.as_ref())?;
    let connector = args.connecting.connector(session)?;
    let loaded = &session.warned(connector.load(&ask).await?);
    log.expect(loaded);
    check_scope(loaded, options.scope.as_deref())?;
    let environment = the_only_one(loaded)?;
    let desired = &environment.desired;
    let cluster = connector.connect(loaded, environment).await?;
    check_scope_is_named(&desired.environment, options.scope.as_deref())?;
    let run = ApplyRun {
        desired,
        cluster,
        options,
        lock_timeout: args.lock_timeout.unwrap_or_default(),
        notices: &session.repository.notices,
        lock: None,
    };
    let mut job = Job {
        args,
        session,
        run,
        figures: None,
    };
    let ended = job.run().await;
    give_back(&mut job.run, session).await;
    if let (Ok(ended), Some(figures)) = (&ended, job.figures) {
        let name = &desired.environment.name;
        log.add(name, figures.with(&ended.report), ended.exit == Exit::Done);
        if ended.report.changed() {
            log.changed();
        }
    }
    ended
}

/// One apply of one environment.
struct Job<'a> {
    args: &'a Args,
    session: &'a Session,
    run: ApplyRun<'a>,
    /// What the plan that was shown comes to.
    figures: Option<Figures>,
}

impl Job<'_> {
    async fn run(&mut self) -> Result<Ended> {
        let (args, session) = (self.args, self.session);
        let text = |plan: &Plan| plans::text(plan, shown_on(session));
        let (live, plan, text) = self.run.plan(text).await?;
        let (desired, only) = (self.run.desired, &self.run.options.only);
        self.figures = Some(Figures::of(&plan, desired, &live, only));
        drop(live);
        show(&text, session)?;
        if !plan.refused.is_empty() {
            session.tell_error(&anyhow::anyhow!("refused, and nothing was changed"));
            return untouched(plan, &SkipReason::Refused, session);
        }
        if args.all_or_nothing && !plan.blocked.is_empty() && !plan.is_empty() {
            let why = "something is blocked, and it is all or nothing: nothing was changed";
            session.tell_error(&anyhow::anyhow!(why));
            return untouched(plan, &SkipReason::AllOrNothing, session);
        }
        if !plan.is_empty() && !args.auto_approve.given(session, &question(&plan)).await? {
            return untouched(plan, &SkipReason::Declined, session);
        }
        self.run.begin_the_inventory(&plan).await?;
        let report = self.carry_out(&plan).await?;
        // In this order: another apply may wait for the lock, and nobody for the report.
        let told = async { tell(report, plan, session) };
        let ((), told) = tokio::join!(biased; give_back(&mut self.run, session), told);
        told
    }

    /// Executes the plan under a progress bar. A signal ends it after the requests in flight.
    async fn carry_out(&self, plan: &Plan) -> Result<Report> {
        let stop = Stop::default();
        let work = async |events: &mut (dyn FnMut(_) + Send)| {
            self.run.carry_out(plan, &stop, events).await
        };
        cli::under_way(self.session, &stop, work).await
    }
}

async fn give_back(run: &mut ApplyRun<'_>, session: &Session) {
    if let Err(error) = run.give_back().await {
        session.tell_error(&error);
    }
}

/// Reads a saved plan.
fn read_plan(file: &Path) -> Result<Approval> {
    let shown = || format!("cannot read the plan {}", file.display());
    let text = files::read_named(file, files::LARGEST_DOCUMENT).with_context(shown)?;
    text.parse().with_context(shown)
}

/// The environment: the one that was named, or else the one that the saved plan is for.
fn which(asked: Ask, approval: Option<&Approval>) -> Result<Ask> {
    let Some(approval) = approval else {
        return Ok(asked);
    };
    let own = vec![approval.environment.clone()];
    match asked {
        Ask::Named(names) if names != own => {
            let own = &approval.environment;
            let message = format!(
                "the saved plan is for {own}, and not for {}",
                names.join(", ")
            );
            let help = format!("leave -e and TOPICSMITH_ENV out, or set them to {own}");
            Err(Problem::refused(message, help).into())
        }
        _ => Ok(Ask::Named(own)),
    }
}

/// For people: in any other format than text, the report alone is the result.
fn show(plan: &str, session: &Session) -> Result<()> {
    match session.format {
        Format::Text => session.print(plan),
        _ => {
            session.tell(plan);
            Ok(())
        }
    }
}

/// How what is shown of a plan is styled.
fn shown_on(session: &Session) -> Style {
    match session.format {
        Format::Text => session.out_style(),
        _ => session.err_style(),
    }
}

fn question(plan: &Plan) -> String {
    let environment = escape(&plan.environment);
    match &plan.cluster.id {
        Some(id) => format!("Apply this to {environment} (cluster {})?", escape(id)),
        None => format!("Apply this to {environment}?"),
    }
}

/// Ends an apply that was refused or declined.
fn untouched(plan: Plan, why: &SkipReason, session: &Session) -> Result<Ended> {
    let ended = Ended::new(Exit::Refused, Report::untouched(&plan, why), plan);
    if session.format != Format::Text {
        print(&ended, session)?;
    }
    Ok(ended)
}

/// Prints the report. What changed has changed, even where the report cannot be printed.
fn tell(report: Report, plan: Plan, session: &Session) -> Result<Ended> {
    let exit = match report.verdict() {
        RunResult::Done => Exit::Done,
        RunResult::Partial => Exit::Partial,
        RunResult::Failed => Exit::Error,
        RunResult::Blocked => Exit::Refused,
        RunResult::Interrupted => Exit::Interrupted,
    };
    let mut ended = Ended::new(exit, report, plan);
    if let Err(error) = print(&ended, session) {
        if !ended.report.changed() {
            return Err(error);
        }
        session.tell_error(&error);
        ended.exit = Exit::fold([exit, Exit::Partial]);
    }
    Ok(ended)
}

fn print(ended: &Ended, session: &Session) -> Result<()> {
    let Ended { report, plan, .. } = ended;
    match session.format {
        Format::Json => session.print_json(&ended.document()),
        Format::Markdown => session.print_comment(&[reports::section(report, plan)]),
        Format::Github => session.print_annotations(&[reports::annotations(report, plan)]),
        // The plan has said so.
        _ if plan.is_empty() && plan.blocked.is_empty() => Ok(()),
        _ => session.print(&format!("\n{}", reports::text(report, session.out_style()))),
    }
}
