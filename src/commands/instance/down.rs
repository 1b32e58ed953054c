//! `topicsmith instance down`: ends an instance.

use anyhow::Result;

use super::{InstanceArgs, InstanceName, Job, advised, load_proof};
use crate::app::Problem;
use crate::cli::{self, Exit, Session};
use crate::instance::{self, InstanceState};
use crate::live::Instance;
use crate::model::time::utc;
use crate::plan::Allow;

/// Arguments of `instance down`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith instance down video-task task_id=abc -e prod
  topicsmith instance down video-task task_id=abc -e prod --wait-delete

The end is recorded. Once the lifecycle's `delete_after` is over, the next `instance sweep` deletes
the topics; --wait-delete waits and deletes them itself. It works from what is recorded: the topics
files are not read.

Exit codes:
  0  it is ended, or was so already, or is not up at all
  1  an error, and nothing was changed
  3  it is ended, and something else failed; with --wait-delete also: it is in use, and stays
  5  somebody else is at work on the same instance
  64 wrong usage
  130 after Ctrl-C, SIGTERM or SIGHUP: what was in flight is finished and reported first")]
pub struct Args {
    #[command(flatten)]
    which: InstanceName,
    /// Wait until the topics are to be deleted, and delete them
    #[arg(long)]
    wait_delete: bool,
    /// With --wait-delete: delete topics that are in use too: topic-in-use, or topic-in-use:GLOB
    #[arg(long, value_name = "CODE[:GLOB]", requires = "wait_delete")]
    allow: Vec<Allow>,
    #[command(flatten)]
    place: InstanceArgs,
}

/// Ends the instance.
///
/// # Errors
/// The environment has errors, or the cluster cannot be reached.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let id = args.which.id()?;
    if id.parameters.is_empty() {
        let help = "topicsmith instance list shows the instances and their parameters";
        return Err(Problem::usage("which instance? it has no parameters", help).into());
    }
    let ask = args.place.environment.ask()?;
    let proof = match args.wait_delete {
        true => load_proof(session, &ask)?,
        false => None,
    };
    let environments;
    let job = match &proof {
        Some(loaded) => Job::to_delete(&args.place, session, loaded).await?,
        None => {
            environments = session.load_environments(&ask)?;
            Job::new(&args.place, session, &environments).await?
        }
    };
    let site = job.site();
    let down = cli::under_way(session, &job.settings.stop, async |_| {
        instance::down(&site, &id, job.waiting()).await
    });
    let ended = down.await.map_err(advised)?;
    let mut report = job.report("down");
    report.entries.push(ended.clone());
    let is_ended = matches!(ended.state, InstanceState::Ended | InstanceState::Ending);
    if !args.wait_delete || !is_ended || report.interrupted {
        return Ok(job.tell(&report));
    }
    if let Some(at) = ended.instance.as_ref().and_then(Instance::over_at_ms) {
        let text = format!("{id} is ended, and is deleted at {}\n", utc(at));
        session.note(&text);
    }
    let told = ended.state == InstanceState::Ended;
    let deleted = cli::under_way(session, &job.settings.stop, async |events| {
        instance::delete_ended(&site, ended, &args.allow, job.waiting(), events).await
    });
    let mut report = job.report("down");
    let entry = match deleted.await {
        Ok(entry) => entry,
        Err(error) if told => {
            session.tell_error(&advised(error));
            return Ok(Exit::Partial);
        }
        Err(error) => return Err(advised(error)),
    };
    let stays = entry.state == InstanceState::Stays;
    report.interrupted = job.settings.stop.is_set();
    report.entries.push(entry);
    let exit = job.tell(&report);
    Ok(Exit::fold(
        [exit].into_iter().chain(stays.then_some(Exit::Partial)),
    ))
}
