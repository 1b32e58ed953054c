//! Partitions, readers and messages for people.

use crate::live::{GroupLag, Member, PartitionState, TopicDetail, Unseen};
use crate::model::text::{count, escape, grouped};
use crate::model::time::utc;
use crate::render::columns::{Cell, Sheet, print_table, wrap};
use crate::render::{Paint, Style};
use crate::view::show::TopicView;

const INDENT: usize = 2;

/// The lag of each partition is shown unasked where a topic has no more than this many.
const FEW: usize = 8;

/// Why nobody says how many bytes a topic takes.
const BYTES: &str = "not available: librdkafka cannot request log sizes (kafka-log-dirs can)";

fn plain(text: impl Into<String>) -> Cell {
    Cell::new(Paint::Plain, text)
}

fn head(titles: &[&str]) -> Vec<Cell> {
    let faint = |title: &&str| Cell::new(Paint::Faint, *title);
    titles.iter().map(faint).collect()
}

/// A table that stands within a section.
fn indented(rows: &[Vec<Cell>], style: Style) -> String {
    let inner = Style {
        width: style.width.saturating_sub(INDENT),
        ..style
    };
    let lines = print_table(rows, inner);
    let lines = lines.lines().map(|line| format!("{:INDENT$}{line}\n", ""));
    lines.collect()
}

fn number(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

fn ids(ids: &[i32]) -> String {
    let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
    match ids.is_empty() {
        true => "-".to_owned(),
        false => ids.join(","),
    }
}

/// The partitions in a table, and what is wrong with them.
pub(super) fn partitions(view: &TopicView, topic_detail: &TopicDetail, style: Style) -> String {
    let row = |partition: &PartitionState| {
        let PartitionState {
            number: id,
            leader,
            replicas,
            in_sync,
            offline,
            first_offset,
            next_offset,
        } = partition;
        let leader = match leader {
            Some(leader) => plain(leader.to_string()),
            None => Cell::new(Paint::Removed, "none"),
        };
        let in_sync_paint = match partition.is_under_replicated() {
            true => Paint::Changed,
            false => Paint::Plain,
        };
        let offline_paint = match offline.is_empty() {
            true => Paint::Plain,
            false => Paint::Removed,
        };
        let offsets = first_offset
            .zip(*next_offset)
            .map(|(first, next)| format!("{first} to {next}"));
        let messages = partition.messages().map(number);
        let unknown = || "?".to_owned();
        vec![
            plain(id.to_string()),
            leader,
            plain(ids(replicas)),
            Cell::new(in_sync_paint, ids(in_sync)),
            Cell::new(offline_paint, ids(offline)),
            plain(offsets.unwrap_or_else(unknown)),
            plain(messages.unwrap_or_else(unknown)),
        ]
    };
    let head = head(&[
        "PARTITION",
        "LEADER",
        "REPLICAS",
        "IN SYNC",
        "OFFLINE",
        "OFFSETS",
        "MESSAGES",
    ]);
    let rows: Vec<Vec<Cell>> = [head]
        .into_iter()
        .chain(topic_detail.partitions.iter().map(row))
        .collect();
    let mut out = indented(&rows, style);
    for (paint, line) in troubles(view, topic_detail) {
        wrap(&mut out, INDENT, &Cell::new(paint, line), style);
    }
    out
}

/// What is wrong with partitions, the worst first.
fn troubles(view: &TopicView, topic_detail: &TopicDetail) -> Vec<(Paint, String)> {
    let which = |is: &dyn Fn(&PartitionState) -> bool| -> Vec<i32> {
        let those = topic_detail.partitions.iter().filter(|p| is(p));
        those.map(|p| p.number).collect()
    };
    let mut troubles = Vec::new();
    let leaderless = which(&|p| p.leader.is_none());
    if !leaderless.is_empty() {
        let count = count(leaderless.len(), "partition");
        let text = format!(
            "{count} without a leader; reads and writes fail: {}",
            ids(&leaderless)
        );
        troubles.push((Paint::Removed, text));
    }
    if let Some(least) = view.min_in_sync {
        let too_few = which(&|p| p.leader.is_some() && p.in_sync.len() < least);
        if !too_few.is_empty() {
            let count = count(too_few.len(), "partition");
            let text = format!(
                "{count} with fewer in sync than min.insync.replicas {least}, which acks=all writes are refused on: {}",
                ids(&too_few)
            );
            troubles.push((Paint::Removed, text));
        }
    }
    let under = which(&PartitionState::is_under_replicated);
    if !under.is_empty() {
        let count = count(under.len(), "partition");
        let text = format!("{count} under-replicated: {}", ids(&under));
        troubles.push((Paint::Changed, text));
    }
    troubles
}

/// The groups in a table, with the lag of each partition where that was asked for or is short.
pub(super) fn groups(topic_detail: &TopicDetail, all_lag: bool, style: Style) -> String {
    let mut out = String::new();
    if !topic_detail.groups.is_empty() {
        let row = |group: &GroupLag| {
            vec![
                plain(escape(&group.name)),
                plain(escape(group.state.as_deref().unwrap_or("?"))),
                plain(group.members.len().to_string()),
                plain(topic_detail.total_lag(group).map_or("?".to_owned(), number)),
            ]
        };
        let head = head(&["GROUP", "STATE", "MEMBERS", "LAG"]);
        let rows: Vec<Vec<Cell>> = [head]
            .into_iter()
            .chain(topic_detail.groups.iter().map(row))
            .collect();
        out.push_str(&indented(&rows, style));
        let few = topic_detail.partitions.len() <= FEW;
        match all_lag || few {
            true => out.push_str(&lags(topic_detail, style)),
            false => {
                let line = format!(
                    "--lag shows each of the {} partitions",
                    topic_detail.partitions.len()
                );
                wrap(&mut out, INDENT, &Cell::new(Paint::Faint, line), style);
            }
        }
    } else if topic_detail.unseen_groups.is_empty() {
        wrap(&mut out, INDENT, &plain("no consumer groups"), style);
    }
    for unseen in &topic_detail.unseen_groups {
        wrap(&mut out, INDENT, &not_seen(unseen), style);
    }
    out
}

fn not_seen(unseen: &Unseen) -> Cell {
    let Unseen { what, why } = unseen;
    let line = format!("not seen: {}: {}", escape(what), escape(why));
    Cell::new(Paint::Info, line)
}

/// Every partition of every group.
fn lags(topic_detail: &TopicDetail, style: Style) -> String {
    let mut rows = vec![head(&[
        "GROUP",
        "PARTITION",
        "COMMITTED",
        "LAG",
        "CONSUMERS",
    ])];
    for group in &topic_detail.groups {
        let committed = group.committed.as_ref();
        for partition in &topic_detail.partitions {
            let id = partition.number;
            let offset = committed.and_then(|committed| committed.get(&id));
            let readers = group.members.iter().filter(|m| m.partitions.contains(&id));
            let readers: Vec<String> = readers.map(member).collect();
            if offset.is_none() && readers.is_empty() {
                continue;
            }
            let lag = topic_detail.lag(group, partition);
            let none = || "-".to_owned();
            rows.push(vec![
                plain(escape(&group.name)),
                plain(id.to_string()),
                plain(offset.map_or_else(none, i64::to_string)),
                plain(lag.map_or_else(|| "?".to_owned(), number)),
                plain(match readers.is_empty() {
                    true => none(),
                    false => readers.join(", "),
                }),
            ]);
        }
    }
    match rows.len() {
        1 => String::new(),
        _ => format!("\n{}", indented(&rows, style)),
    }
}

/// `client-1 at 10.0.0.7`
fn member(member: &Member) -> String {
    // Kafka writes a slash before addresses.
    let host = member.host.trim_start_matches('/');
    format!("{} at {}", escape(&member.client_id), escape(host))
}

/// What the topic holds.
pub(super) fn held(view: &TopicView, topic_detail: &TopicDetail) -> Sheet {
    let mut sheet = Sheet::default();
    let messages = match topic_detail.messages() {
        Some(messages) => plain(number(messages)),
        None => Cell::new(Paint::Info, "unknown: not every partition answered"),
    };
    let compacted = view.is_compacted;
    let most = match compacted {
        true => "at most: compaction leaves the newest of each key",
        false => "at most: transactions write markers between them",
    };
    let most = Cell::new(Paint::Faint, most);
    let remarks = topic_detail
        .messages()
        .is_some_and(|held| held > 0)
        .then_some(most);
    sheet.row(
        INDENT,
        plain("messages"),
        Some(messages),
        remarks.into_iter().collect(),
    );
    if let Some(ms) = topic_detail.newest_record_ms {
        sheet.row(
            INDENT,
            plain("newest record"),
            Some(plain(utc(ms))),
            Vec::new(),
        );
    }
    for unseen in &topic_detail.unseen_messages {
        sheet.text(INDENT, not_seen(unseen));
    }
    sheet.text(INDENT, Cell::new(Paint::Faint, format!("bytes: {BYTES}")));
    sheet
}
