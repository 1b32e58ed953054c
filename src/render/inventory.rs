//! What an inventory holds, for `inventory list`.

pub mod document;

use std::collections::BTreeMap;

use super::columns::{Cell, print_table};
use super::{Paint, Style};
use crate::desired::Environment;
use crate::inventory::{Contents, Holder, TakenLock, Unreadable};
use crate::live::{AppliedRemoval, Hold, Instance, Inventory, Owned, OwnerKey, Stamp};
use crate::model::text::{count, escape};
use crate::model::time::utc;
use crate::model::{Globs, TopicName};

/// How much of a commit is shown.
const COMMIT: usize = 12;

/// What is recorded of one environment, or of all on its cluster.
#[derive(Debug)]
pub struct Recorded {
    environment: String,
    scope: Option<String>,
    topic: TopicName,
    exists: bool,
    inventory: Inventory,
    locks: Vec<TakenLock>,
    /// The records that nobody can read.
    pub unreadable: Vec<Unreadable>,
}

impl Recorded {
    /// Takes out of an inventory what is asked for. `None` was read where there is none yet.
    pub fn new(
        environment: &Environment,
        scope: Option<&str>,
        read: Option<Contents>,
        only: &Globs,
        all_scopes: bool,
    ) -> Self {
        let exists = read.is_some();
        let contents = read.unwrap_or_default();
        let Inventory {
            mut topics,
            mut holds,
            mut applied_removals,
            mut instances,
        } = contents.inventory;
        let wanted = |name: &TopicName| only.is_empty() || only.matches(name.as_str());
        let asked = |whose: &OwnerKey| all_scopes || whose.is(scope, &environment.name);
        topics.retain(|name, owned| wanted(name) && asked(&owned.whose));
        holds.retain(|name, hold| wanted(name) && asked(&hold.whose));
        applied_removals.retain(|applied_removals| {
            wanted(&applied_removals.topic) && asked(&applied_removals.whose)
        });
        instances.retain(|instance| asked(&instance.whose) && instance.topics.keys().any(wanted));
        Self {
            environment: environment.name.to_string(),
            scope: scope.map(str::to_owned),
            topic: environment.inventory.topic.clone(),
            exists,
            inventory: Inventory {
                topics,
                holds,
                applied_removals,
                instances,
            },
            locks: contents.locks,
            unreadable: contents.unreadable,
        }
    }
}

/// The tables of one environment, with a line that counts.
pub fn text(recorded: &Recorded, style: Style) -> String {
    let Inventory {
        topics,
        holds,
        applied_removals,
        instances,
    } = &recorded.inventory;
    let parts = [
        owned_table(topics, style),
        lines("held", holds.iter().map(held_line)),
        lines(
            "applied removals",
            applied_removals.iter().map(applied_removal_line),
        ),
        lines("instances", instances.iter().map(instance_line)),
        lines("locks", recorded.locks.iter().map(lock_line)),
        lines(
            "cannot be read",
            recorded.unreadable.iter().map(ToString::to_string),
        ),
    ];
    let mut out: String = parts.into_iter().flatten().collect();
    let what = match recorded.exists {
        true => count(topics.len(), "topic"),
        false => "no inventory yet: the first apply creates it".to_owned(),
    };
    let name = escape(&recorded.environment);
    let line = format!("{name}: {what} (topic {})", escape(recorded.topic.as_str()));
    out.push_str(&style.paint(Paint::Strong, &line));
    out.push('\n');
    out
}

fn owned_table(topics: &BTreeMap<TopicName, Owned>, style: Style) -> Option<String> {
    let head = [
        "TOPIC",
        "SCOPE",
        "ON REMOVE",
        "OWNER",
        "DECLARED AT",
        "APPLIED",
    ];
    let head = head.map(|title| Cell::new(Paint::Faint, title)).to_vec();
    let row = |(name, owned): (&TopicName, &Owned)| {
        let Owned {
            whose,
            id: _,
            on_remove,
            owner,
            partitions: _,
            replication_factor: _,
            config: _,
            declared_at,
            stamp,
        } = owned;
        let owner = owner.as_ref().and_then(Option::as_deref);
        let cells = [
            escape(name.as_str()).into_owned(),
            whose_words(whose),
            on_remove
                .map_or("?", |on_remove| on_remove.as_str())
                .to_owned(),
            escape(owner.unwrap_or("-")).into_owned(),
            escape(declared_at.as_deref().unwrap_or("?")).into_owned(),
            stamp_words(stamp),
        ];
        cells.map(|cell| Cell::new(Paint::Plain, cell)).to_vec()
    };
    let rows: Vec<Vec<Cell>> = [head].into_iter().chain(topics.iter().map(row)).collect();
    (!topics.is_empty()).then(|| print_table(&rows, style) + "\n")
}

/// `media-platform/prod`
fn whose_words(whose: &OwnerKey) -> String {
    let OwnerKey { scope, environment } = whose;
    let part = |part: &Option<String>| escape(part.as_deref().unwrap_or("?")).into_owned();
    format!("{}/{}", part(scope), part(environment))
}

/// `2026-11-20T22:31:07Z, 0a1b2c3d4e5f, anna@ci-7`
fn stamp_words(stamp: &Stamp) -> String {
    let Stamp { commit, by, at_ms } = stamp;
    let commit = commit.as_deref().map(short);
    let by = by.as_deref().map(|by| escape(by).into_owned());
    let parts = [at_ms.map(utc), commit, by];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

fn lines(title: &str, lines: impl Iterator<Item = String>) -> Option<String> {
    let lines: String = lines.map(|line| format!("  {line}\n")).collect();
    (!lines.is_empty()).then(|| format!("{title}\n{lines}\n"))
}

fn held_line((topic, hold): (&TopicName, &Hold)) -> String {
    let Hold {
        whose: _,
        until_ms,
        reason,
        stamp,
    } = hold;
    format!(
        "{} until {}: {} ({})",
        escape(topic.as_str()),
        utc(*until_ms),
        escape(reason),
        stamp_words(stamp)
    )
}

fn applied_removal_line(applied_removals: &AppliedRemoval) -> String {
    let AppliedRemoval {
        whose: _,
        topic,
        id: _,
        stamp,
    } = applied_removals;
    format!("{}: {}", escape(topic.as_str()), stamp_words(stamp))
}

fn instance_line(instance: &Instance) -> String {
    let parameters = instance.parameters.iter();
    let parameters = parameters.map(|(name, value)| format!("{}={}", escape(name), escape(value)));
    let parameters: Vec<String> = parameters.collect();
    format!(
        "{} {}: {}",
        escape(&instance.lifecycle),
        parameters.join(" "),
        count(instance.topics.len(), "topic")
    )
}

fn lock_line(lock: &TakenLock) -> String {
    let until = utc(lock.until_ms);
    format!(
        "{}: {}, until {until} unless it is renewed",
        escape(&lock.resource),
        holder(&lock.holder)
    )
}

/// `anna@ci-7, process 4711, commit 0a1b2c3d4e5f, since 2026-11-20T22:31:07Z`
pub fn holder(holder: &Holder) -> String {
    let Holder {
        by,
        pid,
        commit,
        since_ms,
    } = holder;
    let commit = commit
        .as_deref()
        .map(|commit| format!(", commit {}", short(commit)));
    format!(
        "{}, process {pid}{}, since {}",
        escape(by),
        commit.unwrap_or_default(),
        utc(*since_ms)
    )
}

fn short(commit: &str) -> String {
    let short: String = commit.chars().take(COMMIT).collect();
    escape(&short).into_owned()
}
