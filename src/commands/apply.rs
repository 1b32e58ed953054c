//! `topicsmith apply`: brings a cluster to what the files say.

use anyhow::{Context, Result};

use crate::apply::{self, Event, Phase, Report, Settings, Stop, Verdict, WhyNot};
use crate::cli::{
    self, Connecting, Exit, Format, OneEnvironment, Only, Origin, Preflight, Session, Usage,
};
use crate::desired::{Loaded, LoadedEnvironment};
use crate::kafka::Cluster;
use crate::model::text::escape;
use crate::plan::{Allow, MissingRights, Options, Plan};
use crate::render::{plan as plans, report as reports};

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith apply -e prod                                 shows the plan, asks, applies
  topicsmith apply -e prod --yes                           where nobody can be asked
  topicsmith apply -e prod --yes --all-or-nothing          nothing at all where something is blocked
  topicsmith apply -e prod --allow topic-deleted:old-*     allows what the plan says it needs

Exit codes:
  0  done, or nothing to do
  1  an error, and nothing was changed
  3  something was changed, or may have been, and something else failed, was blocked or is unknown
  4  refused or blocked, and nothing was changed
  64 wrong usage; also no terminal and no --yes
  130 after Ctrl-C: what was in flight is finished and reported first")]
pub struct Args {
    #[command(flatten)]
    environment: OneEnvironment,
    #[command(flatten)]
    only: Only,
    /// Allow a risk: CODE, CODE:GLOB for some topics, destructive, or topic-in-use; repeatable
    #[arg(long, value_name = "CODE[:GLOB]")]
    allow: Vec<Allow>,
    /// Apply nothing where anything is blocked
    #[arg(long)]
    all_or_nothing: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    origin: Origin,
    #[command(flatten)]
    connecting: Connecting,
}

/// Plans, shows the plan, asks, applies and reports.
///
/// # Errors
/// Something failed before anything was changed.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    somebody_agrees(args, session)?;
    let options = Options {
        only: args.only.globs()?,
        allow: args.allow.clone(),
        commit: args.origin.commit.clone(),
        scope: args.origin.scope()?,
        missing_rights: MissingRights::Block,
    };
    let loaded = session.load(&args.environment.ask()?)?;
    let environment = the_only_one(&loaded)?;
    let desired = &environment.desired;

    let cluster = args
        .connecting
        .connect(session, &loaded, environment)
        .await?;
    let (_, plan) = cli::plan(&cluster, desired, &options, Preflight::Asked).await?;
    show(&plan, session)?;

    if !plan.refused.is_empty() {
        session.tell_error(&anyhow::anyhow!("refused, and nothing was changed"));
        return untouched(&plan, &WhyNot::Refused, session);
    }
    if args.all_or_nothing && !plan.blocked.is_empty() && !plan.is_empty() {
        let why = "something is blocked, and it is all or nothing: nothing was changed";
        session.tell_error(&anyhow::anyhow!(why));
        return untouched(&plan, &WhyNot::AllOrNothing, session);
    }
    if !plan.is_empty() && !args.yes && !agreed(&plan, session)? {
        session.terminal.tell("nothing was changed\n");
        return untouched(&plan, &WhyNot::Declined, session);
    }
    let report = carry_out(&plan, &cluster, session).await?;
    if plan.is_empty() && plan.blocked.is_empty() && session.format == Format::Text {
        return Ok(Exit::Done); // The plan has said so.
    }
    tell(&report, &plan, session)
}

/// Without a terminal nobody can agree: said before anything is connected.
fn somebody_agrees(args: &Args, session: &Session) -> Result<()> {
    if args.yes || session.terminal.can_ask {
        return Ok(());
    }
    let message = "nobody can be asked here: standard input or error is no terminal";
    Err(Usage::new(message, "review the plan first, then add --yes").into())
}

fn the_only_one(loaded: &Loaded) -> Result<&LoadedEnvironment> {
    match loaded.environments.as_slice() {
        [one] if !loaded.list_form => Ok(one),
        several => {
            let names = several
                .iter()
                .map(|one| one.desired.environment.name.to_string());
            let names: Vec<String> = names.collect();
            let message = "apply changes one environment, and a group was named";
            let help = format!("name one of its environments: {}", names.join(", "));
            Err(Usage::new(message, help).into())
        }
    }
}

/// For people: where results are JSON, the report alone is the result.
fn show(plan: &Plan, session: &Session) -> Result<()> {
    match session.format {
        Format::Text => session.print(&plans::text(plan, session.out_style())),
        Format::Json => {
            session
                .terminal
                .tell(&plans::text(plan, session.err_style()));
            Ok(())
        }
    }
}

fn agreed(plan: &Plan, session: &Session) -> Result<bool> {
    let environment = escape(&plan.environment);
    let question = match &plan.cluster.id {
        Some(id) => format!("Apply this to {environment} (cluster {})?", escape(id)),
        None => format!("Apply this to {environment}?"),
    };
    let answer = session.terminal.confirm(&question);
    answer.context("cannot read the answer")
}

/// Ends an apply that was refused or declined.
fn untouched(plan: &Plan, why: &WhyNot, session: &Session) -> Result<Exit> {
    if session.format == Format::Json {
        let report = Report::untouched(plan, why);
        session.print_json(&reports::json(&report, &plan.refused))?;
    }
    Ok(Exit::Refused)
}

/// Executes the plan under a progress bar. Ctrl-C and SIGTERM end it after the requests in flight.
async fn carry_out(plan: &Plan, cluster: &Cluster, session: &Session) -> Result<Report> {
    let settings = Settings::default();
    let listener = tokio::spawn(stop_on_signals(settings.stop.clone(), session.terminal)?);
    let mut progress = session.terminal.progress();
    let mut reading = false;
    let mut events = |event| match event {
        Event::Phase(phase, steps) => progress.begin(work(phase), steps),
        Event::Answered(steps) => progress.advance(steps),
        Event::Reading(steps) => {
            if !std::mem::replace(&mut reading, true) {
                progress.begin("reading back", steps);
            }
            progress.left(steps);
        }
    };
    let report = apply::run(plan, cluster, &settings, &mut events).await;
    listener.abort();
    Ok(report)
}

fn work(phase: Phase) -> &'static str {
    match phase {
        Phase::Create => "creating topics",
        Phase::Partitions => "adding partitions",
        Phase::LowerMinIsr | Phase::Configs | Phase::RaiseMinIsr => "changing configs",
        Phase::Delete => "deleting topics",
    }
}

/// Listens from now on: the first signal ends the apply in order, the second one at once.
fn stop_on_signals(
    stop: Stop,
    terminal: crate::terminal::Terminal,
) -> Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).context("cannot listen for Ctrl-C");
    let (mut interrupt, mut terminate) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
    );
    Ok(async move {
        for first in [true, false] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if first {
                stop.set();
                terminal
                    .tell("stopping once what is in flight is answered; again to stop at once\n");
            }
        }
        std::process::exit(Exit::Interrupted.code().into());
    })
}

/// Prints the report. What changed has changed, even where the report cannot be printed.
fn tell(report: &Report, plan: &Plan, session: &Session) -> Result<Exit> {
    let exit = match report.verdict() {
        Verdict::Done => Exit::Done,
        Verdict::Partial => Exit::Partial,
        Verdict::Failed => Exit::Error,
        Verdict::Blocked => Exit::Refused,
        Verdict::Interrupted => Exit::Interrupted,
    };
    let printed = match session.format {
        Format::Json => session.print_json(&reports::json(report, &plan.refused)),
        Format::Text => session.print(&format!("\n{}", reports::text(report, session.out_style()))),
    };
    match printed {
        Ok(()) => Ok(exit),
        Err(error) if report.changed() => {
            session.tell_error(&error);
            Ok(Exit::fold([exit, Exit::Partial]))
        }
        Err(error) => Err(error),
    }
}
