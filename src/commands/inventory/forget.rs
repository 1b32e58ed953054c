//! `topicsmith inventory forget`: topics are given up, or a record that cannot be read is removed.

use std::collections::BTreeSet;

use anyhow::Result;
use clap_complete::ArgValueCompleter;

use super::{Opened, Target};
use crate::app::{Problem, lock_of};
use crate::cli::{self, ApplyContext, AutoApprove, Exit, Format, Session};
use crate::inventory::{Contents, InventoryRecord, Lock, Unreadable, Writer};
use crate::live::OwnerKey;
use crate::model::TopicName;
use crate::model::text::{count, escape};
use crate::render::inventory::document::{ForgetDocument, ForgetFormat};

/// Arguments of `inventory forget`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith inventory forget old-events -e prod                 it is nobody's, and stays as it is
  topicsmith inventory forget old-events -e prod --from shop     takes it from the scope `shop`
  topicsmith inventory forget -e prod --offset 4711              removes a record that cannot be read

A topic that is forgotten is not changed. The next apply of files that list it adopts it.")]
pub struct Args {
    /// The topics
    #[arg(
        value_name = "NAME",
        add = ArgValueCompleter::new(cli::topics),
        required_unless_present = "offset",
        conflicts_with = "offset"
    )]
    topics: Vec<String>,
    /// Remove the record at this offset, which cannot be read
    #[arg(long, value_name = "N")]
    offset: Option<i64>,
    /// The scope that owns the topics, where it is not the one of the files
    #[arg(long, value_name = "SCOPE")]
    from: Option<String>,
    #[command(flatten)]
    context: ApplyContext,
    #[command(flatten)]
    auto_approve: AutoApprove,
    #[command(flatten)]
    target: Target,
}

/// Removes the records.
///
/// # Errors
/// A record is not there or is somebody else's, nobody agreed, or the inventory cannot be written.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    args.auto_approve.check(session)?;
    let loaded = &args.target.load(session)?;
    let opened = args.target.open(session, loaded, args.context.scope()?);
    let opened = opened.await?;
    let locks = keep_applies_off(args, &opened).await?;
    let ended = forget(args, session, &opened).await;
    for lock in locks {
        lock.release().await?;
    }
    ended
}

async fn forget(args: &Args, session: &Session, opened: &Opened<'_>) -> Result<Exit> {
    let contents = opened.read().await?;
    let (entries, question) = match args.offset {
        Some(offset) => the_record(offset, &contents.unreadable)?,
        None => the_topics(args, opened, &contents)?,
    };
    if !args.auto_approve.given(session, &question).await? {
        return Ok(Exit::Refused);
    }
    let inventory = &opened.settings().inventory.topic;
    let writer = Writer::open(&opened.cluster, inventory).await?;
    writer.write(&entries).await?;
    match session.format {
        Format::Json => session.print_json(&ForgetDocument {
            format: ForgetFormat,
            environment: opened.name().to_owned(),
            topics: args
                .topics
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
            offset: args.offset,
        })?,
        _ => session.print(&format!("forgot {}\n", count(entries.len(), "record")))?,
    }
    Ok(Exit::Done)
}

/// Holds the locks of those who own the topics: what an apply writes at its end would undo it.
async fn keep_applies_off(args: &Args, opened: &Opened<'_>) -> Result<Vec<Lock>> {
    let contents = opened.read().await?;
    let names = args
        .topics
        .iter()
        .map(|name| TopicName::from(name.as_str()));
    let owners = names.filter_map(|name| contents.inventory.topics.get(&name));
    let owners: BTreeSet<&OwnerKey> = owners
        .map(|owned| &owned.whose)
        .chain([&opened.whose])
        .collect();
    let mut locks = Vec::new();
    for whose in owners {
        let scope = whose.scope.as_deref().unwrap_or_default();
        let environment = whose.environment.as_deref().unwrap_or_default();
        let topic = &opened.settings().inventory.topic;
        locks.push(lock_of(&opened.cluster, topic, (scope, environment)).await?);
    }
    Ok(locks)
}

type Removal = (Vec<InventoryRecord>, String);

fn the_record(offset: i64, unreadable: &[Unreadable]) -> Result<Removal> {
    let Some(record) = unreadable.iter().find(|record| record.offset == offset) else {
        let help =
            "`topicsmith inventory list` shows those that cannot be read, with their offsets";
        let message = format!("there is no record at offset {offset} that cannot be read");
        return Err(Problem::error(message, help).into());
    };
    let Some(key) = &record.key else {
        let message = format!(
            "the record at offset {offset} has no key, and so no other record can replace it"
        );
        let help = "delete it with kafka-delete-records.sh, or name another topic in [inventory]";
        return Err(Problem::error(message, help).into());
    };
    let question = format!("Remove this record? {record}");
    Ok((vec![InventoryRecord::Forget(key.clone())], question))
}

fn the_topics(args: &Args, opened: &Opened, contents: &Contents) -> Result<Removal> {
    let mut entries = Vec::new();
    for name in &args.topics {
        let topic = TopicName::from(name.as_str());
        let recorded = contents.inventory.topics.get(&topic);
        let Some(owned) = recorded else {
            let message = format!("{} is unowned", escape(name));
            let help = "`topicsmith inventory list --all-scopes` shows what is owned";
            return Err(Problem::error(message, help).into());
        };
        check_whose(args, opened, name, &owned.whose)?;
        entries.push(InventoryRecord::Disowned(topic.clone()));
        let held = contents.inventory.holds.contains_key(&topic);
        entries.extend(held.then_some(InventoryRecord::Unheld(topic)));
    }
    let question = format!(
        "Forget {} of {}?",
        count(args.topics.len(), "topic"),
        opened.name()
    );
    Ok((entries, question))
}

/// What another scope owns is taken from it only where that is named.
fn check_whose(args: &Args, opened: &Opened, topic: &str, whose: &OwnerKey) -> Result<()> {
    let ours = &opened.whose;
    let theirs = whose.scope.as_deref().unwrap_or_default();
    let own = whose.is(ours.scope.as_deref(), opened.name());
    match &args.from {
        None if own => return Ok(()),
        Some(from) if from == theirs => return Ok(()),
        _ => {}
    }
    let environment = whose.environment.as_deref().unwrap_or("?");
    let message = format!(
        "{} is owned by scope {} for {}",
        escape(topic),
        escape(theirs),
        escape(environment)
    );
    let help = format!("agree with them, then add --from {theirs}");
    Err(Problem::refused(message, help).into())
}
