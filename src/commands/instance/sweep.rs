//! `topicsmith instance sweep`: deletes the instances that are over.

use anyhow::Result;

use super::{InstanceArgs, Job, advised, load_proof};
use crate::cli::{self, Exit, Session};
use crate::instance::{self, Sweep};
use crate::plan::Allow;

/// Arguments of `instance sweep`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith instance sweep -e prod                 from cron, every few minutes
  topicsmith instance sweep -e prod --dry-run       shows what it would delete

An instance is over once its end and then `delete_after` are past, or when it is older than
`max_age`, as it was recorded when it was started. Its topics are deleted if the topics files make
them of its lifecycle and parameters; without a topics folder, if their recorded ids are theirs and
they hold nothing older than the instance. Others stay, and are named: whoever may write to the
inventory could have recorded them. --allow unproven deletes them. One with a topic in
use stays as it is, is named, and is tried again by the next sweep. In use is a topic with a consumer
group that has members, or with a record younger than `delete_after` (a minute at least), and one of
which that cannot be seen. Topics are deleted by their ids: one that was made again by somebody else
is left alone.

Exit codes:
  0  done, or nothing to do; what is in use stays
  1  an error, and nothing was changed
  3  something was deleted, or may have been, and something else failed
  5  another sweep is running
  64 wrong usage
  130 after Ctrl-C, SIGTERM or SIGHUP: what was in flight is finished and reported first")]
pub struct Args {
    /// Change nothing; say what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Delete topics that are in use, or not proven to be the instance's: topic-in-use or unproven, or with :GLOB; repeatable
    #[arg(long, value_name = "CODE[:GLOB]")]
    allow: Vec<Allow>,
    #[command(flatten)]
    place: InstanceArgs,
}

/// Sweeps.
///
/// # Errors
/// The environment has errors, or the cluster cannot be reached.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.place.environment.ask()?;
    let environments;
    let proof = load_proof(session, &ask)?;
    let job = match &proof {
        Some(loaded) => Job::to_delete(&args.place, session, loaded).await?,
        None => {
            environments = session.load_environments(&ask)?;
            Job::new(&args.place, session, &environments).await?
        }
    };
    let site = job.site();
    let sweep = Sweep {
        allow: args.allow.clone(),
        dry_run: args.dry_run,
    };
    let swept = cli::under_way(session, &job.settings.stop, async |events| {
        instance::sweep(&site, &sweep, job.waiting(), events).await
    });
    let (entries, ended_early) = swept.await.map_err(advised)?;
    let mut report = job.report("sweep");
    report.dry_run = args.dry_run;
    report.entries = entries;
    let changed = report.entries.iter().any(|entry| entry.changed());
    match ended_early {
        None => Ok(job.tell(&report)),
        Some(error) if !changed => Err(advised(error)),
        Some(error) => {
            let exit = job.tell(&report);
            session.tell_error(&advised(error));
            Ok(Exit::fold([exit, Exit::Partial]))
        }
    }
}
