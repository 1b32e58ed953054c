//! `topicsmith instance up`: makes an instance's topics.

use anyhow::Result;

use super::{InstanceArgs, InstanceName, Job, advised};
use crate::app::{Problem, check_scope, the_only_one};
use crate::cli::{self, Exit, Session};
use crate::desired::{Desired, NoInstance, Topic};
use crate::instance::{self, InstanceId, InstanceSpec};
use crate::kafka::NewTopic;
use crate::model::TopicName;

/// Arguments of `instance up`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith instance up video-task task_id=abc -e prod
  topicsmith instance up video-task task_id=abc -e prod --wait 60s    once the cluster is there

The instance is recorded, then its topics are made. Doing it again makes what is missing, and takes
back the end of an instance that is not deleted yet. However it is interrupted: `up` again completes
it, `down` and `sweep` clean it up. Instances wait for nobody: neither for each other nor for an
apply.

Exit codes:
  0  it is up, or was so already
  1  an error, and nothing was changed
  3  something was changed, or may have been, and something else failed
  4  refused: a name is taken, or the cluster would not make a topic; nothing was changed
  5  somebody else is at work on the same instance
  64 wrong usage: also a lifecycle, a parameter or a value that is not one
  130 after Ctrl-C, SIGTERM or SIGHUP: what was in flight is finished and reported first")]
pub struct Args {
    #[command(flatten)]
    which: InstanceName,
    #[command(flatten)]
    place: InstanceArgs,
}

/// Brings the instance up.
///
/// # Errors
/// The files have errors, the cluster cannot be reached, or something is refused.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let id = args.which.id()?;
    let loaded = &session.load(&args.place.environment.ask()?)?;
    let named = args.place.context.scope()?;
    check_scope(loaded, named.as_deref())?;
    let desired = &the_only_one(loaded)?.desired;
    let scope = super::scope(&desired.environment, named)?;
    let wanted = wanted(desired, id, &scope).map_err(usage)?;

    let job = Job::new(&args.place, session, loaded).await?;
    let site = job.site();
    let up = cli::under_way(session, &job.settings.stop, async |events| {
        instance::up(&site, &wanted, job.waiting(), events).await
    });
    let entry = up.await.map_err(advised)?;
    let mut report = job.report("up");
    report.entries.push(entry);
    Ok(job.tell(&report))
}

/// What the files say of the instance.
fn wanted(desired: &Desired, id: InstanceId, scope: &str) -> Result<InstanceSpec, NoInstance> {
    let lifecycle = desired.lifecycle(&id.lifecycle)?;
    let topics = lifecycle.topics_of(&id.parameters)?;
    for name in topics.keys() {
        desired.has_room_for(name, lifecycle, scope)?;
    }
    let topic = |(name, topic): (TopicName, &Topic)| (name.clone(), new_topic(name, topic));
    Ok(InstanceSpec {
        topics: topics.into_iter().map(topic).collect(),
        delete_after_ms: lifecycle.delete_after_ms.unwrap_or_default(),
        max_age_ms: lifecycle.max_age_ms,
        id,
    })
}

fn new_topic(name: TopicName, topic: &Topic) -> NewTopic {
    let config = topic.config.iter();
    NewTopic {
        name,
        partitions: topic.partitions.value,
        replication_factor: topic.replication_factor.value,
        config: config
            .map(|(key, value)| (key.clone(), value.value.to_string()))
            .collect(),
    }
}

fn usage(error: NoInstance) -> anyhow::Error {
    let help = error.help().unwrap_or_else(|| {
        "give other values, or change the files: topicsmith instance up --help".to_owned()
    });
    Problem::usage(error.to_string(), help).into()
}
