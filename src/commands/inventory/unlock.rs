//! `topicsmith inventory unlock`: the lock is taken away from an apply that does not end.

use anyhow::Result;

use super::Target;
use crate::cli::{ApplyContext, AutoApprove, Exit, Format, Session};
use crate::inventory;
use crate::render::inventory::document::{UnlockDocument, UnlockFormat};
use crate::render::inventory::holder;

/// Arguments of `inventory unlock`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith inventory unlock -e prod

An apply that died loses its lock by itself within 10 seconds: this is for one that hangs. Should it
go on after all, it sees within seconds that the lock is lost, and sends nothing more.")]
pub struct Args {
    #[command(flatten)]
    auto_approve: AutoApprove,
    #[command(flatten)]
    context: ApplyContext,
    #[command(flatten)]
    target: Target,
}

/// Takes the lock away.
///
/// # Errors
/// Nobody agreed, or the inventory cannot be read or written.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    args.auto_approve.check(session)?;
    let loaded = &args.target.load(session)?;
    let opened = args.target.open(session, loaded, args.context.scope()?);
    let opened = opened.await?;
    let contents = opened.read().await?;
    let resource = opened.lock();
    let mut locks = contents.locks.iter();
    let held = locks.find(|lock| lock.resource == resource);
    if let Some(lock) = held {
        let question = format!("Take the lock from {}?", holder(&lock.holder));
        if !args.auto_approve.given(session, &question).await? {
            return Ok(Exit::Refused);
        }
    }
    let topic = &opened.settings().inventory.topic;
    let was = inventory::break_lock(&opened.cluster, topic, &resource).await?;
    match (session.format, was) {
        (Format::Json, was_held_by) => session.print_json(&UnlockDocument {
            format: UnlockFormat,
            environment: opened.name().to_owned(),
            was_held_by,
        })?,
        (_, Some(was)) => {
            session.print(&format!(
                "unlocked {}: it was held by {}\n",
                opened.name(),
                holder(&was)
            ))?;
        }
        (_, None) => {
            session.print(&format!("the lock of {} is not held\n", opened.name()))?;
        }
    }
    Ok(Exit::Done)
}
