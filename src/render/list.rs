//! The topics of an environment in a table, for `list`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Paint, Style};
use crate::desired::{Desired, Topic};
use crate::live::{Live, LiveTopic, ReplicationFactor};
use crate::model::text::{count, escape};
use crate::model::{BlockCode, Globs, TopicName};
use crate::plan::{Action, Plan};
use crate::render::columns::{Cell, print_table};
use crate::render::markdown::{Entry, Section, code, code_of, prose};

/// The format that [`json()`] writes.
pub const FORMAT: &str = "topicsmith/list/1";

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub topic: TopicName,
    /// How many partitions it has, or is to have where it is missing.
    pub partitions: u32,
    /// How many replicas its partitions have, or are to have.
    pub replication_factor: ReplicationFactor,
    /// How many configs are set on the topic, or declared where it is missing. `None` where they
    /// were not read.
    pub overrides: Option<usize>,
    /// Who answers for it, where a file says so.
    pub owner: Option<String>,
    /// How it stands.
    pub state: State,
}

/// How files and cluster agree about a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is as the files say.
    InSync,
    /// It is live and listed, and differs.
    Differs,
    /// It is listed and not live.
    Missing,
    /// It is listed, and whether it is live cannot be seen.
    NotSeen,
    /// It is live, and no file names it.
    Unlisted,
    /// It is live, and a tombstone wants it gone, or it left the files and is to be deleted.
    Removed,
    /// It is live, listed and as the files say, and nobody owns it yet.
    NotOwned,
    /// It is owned and left the files, and is to stay.
    Released,
    /// Another scope or environment owns it, or an instance.
    Theirs,
    /// It differs, and a hold keeps it so.
    Held,
}

impl State {
    /// The state as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::InSync => "in-sync",
            State::Differs => "differs",
            State::Missing => "missing",
            State::NotSeen => "not-seen",
            State::Unlisted => "unlisted",
            State::Removed => "removed",
            State::NotOwned => "not-owned",
            State::Released => "released",
            State::Theirs => "theirs",
            State::Held => "held",
        }
    }

    /// The state as a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            State::InSync => "in sync",
            State::Differs => "differs",
            State::Missing => "missing",
            State::NotSeen => "not seen",
            State::Unlisted => "unlisted",
            State::Removed => "to be removed",
            State::NotOwned => "not owned yet",
            State::Released => "to be released",
            State::Theirs => "owned by others",
            State::Held => "held",
        }
    }

    fn paint(self) -> Paint {
        match self {
            State::InSync => Paint::Plain,
            State::Differs => Paint::Changed,
            State::Missing => Paint::Added,
            State::NotSeen | State::Unlisted => Paint::Told,
            State::Removed => Paint::Removed,
            State::NotOwned | State::Released => Paint::Changed,
            State::Theirs => Paint::Told,
            State::Held => Paint::Held,
        }
    }
}

/// The table of one environment, with a line that counts.
pub fn text(environment: &str, rows: &[Row], style: Style) -> String {
    let plain = |text: String| Cell::new(Paint::Plain, text);
    let head = [
        "TOPIC",
        "PARTITIONS",
        "REPLICATION",
        "OVERRIDES",
        "OWNER",
        "STATE",
    ];
    let head = head.map(|title| Cell::new(Paint::Faint, title)).to_vec();
    let cells = rows.iter().map(|row| {
        let overrides = row.overrides.map_or("?".to_owned(), |n| n.to_string());
        vec![
            plain(escape(row.topic.as_str()).into_owned()),
            plain(row.partitions.to_string()),
            plain(row.replication_factor.to_string()),
            plain(overrides),
            plain(escape(row.owner.as_deref().unwrap_or("-")).into_owned()),
            Cell::new(row.state.paint(), row.state.words()),
        ]
    });
    let table: Vec<Vec<Cell>> = [head].into_iter().chain(cells).collect();
    let line = counted(environment, rows);
    let line = escape(&line);
    let mut out = match rows.is_empty() {
        true => String::new(),
        false => print_table(&table, style) + "\n",
    };
    out.push_str(&style.paint(Paint::Strong, &line));
    out.push('\n');
    out
}

/// The table of one environment for a comment or a page: what is not as it should be first, then by
/// name.
pub fn section(environment: &str, rows: &[Row]) -> Section {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| row.state == State::InSync);
    let entry = |row: &Row| {
        let overrides = row.overrides.map_or("?".to_owned(), |n| n.to_string());
        Entry {
            cells: vec![
                code_of(row.topic.as_str(), 249),
                row.partitions.to_string(),
                row.replication_factor.to_string(),
                overrides,
                row.owner.as_deref().map_or_else(String::new, prose),
                row.state.words().to_owned(),
            ],
            ..Entry::default()
        }
    };
    Section {
        heading: prose(&counted(environment, rows)),
        columns: &[
            "Topic",
            "Partitions",
            "Replication",
            "Overrides",
            "Owner",
            "State",
        ],
        entries: sorted.into_iter().map(entry).collect(),
        shown_by: code(&format!("topicsmith list -e {environment}")),
        ..Section::default()
    }
}

/// `prod: 4 topics, 12 partitions`
fn counted(environment: &str, rows: &[Row]) -> String {
    let total = rows.iter().map(|row| row.partitions as usize).sum();
    format!(
        "{environment}: {}, {}",
        count(rows.len(), "topic"),
        count(total, "partition")
    )
}

/// The table of one environment as JSON.
pub fn json(environment: &str, rows: &[Row]) -> Value {
    let row = |row: &Row| {
        let Row {
            topic,
            partitions,
            replication_factor,
            overrides,
            owner,
            state,
        } = row;
        json!({
            "topic": topic,
            "partitions": partitions,
            "replication_factor": super::values::factor(replication_factor),
            "overrides": overrides,
            "owner": owner,
            "state": state.as_str(),
        })
    };
    let rows: Vec<Value> = rows.iter().map(row).collect();
    json!({"format": FORMAT, "environment": environment, "topics": rows})
}

/// The topics of an environment and of its cluster, by name, with how they stand to each other.
/// `plan` says so, and must be made of the same files and the same cluster.
pub fn rows(desired: &Desired, live: &Live, plan: &Plan, only: &Globs) -> Vec<Row> {
    let listed = desired.topics.keys();
    let listed = listed.filter(|topic| only.is_empty() || only.matches(topic.as_str()));
    let unseen = live.unseen_topics();
    let state = |topic: &TopicName| match unseen.contains_key(topic.as_str()) {
        true => State::NotSeen,
        false => State::InSync,
    };
    let mut states: BTreeMap<&TopicName, State> = listed.map(|t| (t, state(t))).collect();
    states.extend(plan.unlisted.iter().map(|topic| (topic, State::Unlisted)));
    states.extend(
        plan.theirs
            .iter()
            .map(|theirs| (&theirs.topic, State::Theirs)),
    );
    states.extend(plan.blocked.iter().map(|blocked| {
        let state = match blocked.code {
            _ if unseen.contains_key(blocked.topic.as_str()) => State::NotSeen,
            BlockCode::OwnedElsewhere => State::Theirs,
            _ => State::Differs,
        };
        (&blocked.topic, state)
    }));
    let held = plan.held.iter();
    let held = held.filter(|held| held.change.is_some() || !held.blocked.is_empty());
    states.extend(held.map(|held| (&held.topic, State::Held)));
    // A change of the topic says more than what is blocked of it, and so comes last.
    for change in &plan.changes {
        let state = match change.action {
            Action::Create => State::Missing,
            Action::Update => State::Differs,
            Action::Delete => State::Removed,
            Action::Release => State::Released,
            Action::Adopt if states.get(&change.topic) == Some(&State::InSync) => State::NotOwned,
            Action::Adopt | Action::Record => continue,
        };
        states.insert(&change.topic, state);
    }
    let row = |(topic, state): (&TopicName, State)| {
        row(
            topic,
            state,
            desired.topics.get(topic),
            live.topics.get(topic),
        )
    };
    states.into_iter().filter_map(row).collect()
}

/// A topic as it is, or where it is missing as it is to be.
fn row(
    topic: &TopicName,
    state: State,
    wanted: Option<&Topic>,
    found: Option<&LiveTopic>,
) -> Option<Row> {
    let (partitions, replication_factor, overrides) = match (found, wanted) {
        (Some(found), _) => (
            found.partitions,
            found.replication_factor.clone(),
            found.config.as_ref().map(|config| config.len()),
        ),
        (None, Some(wanted)) => (
            wanted.partitions.value,
            ReplicationFactor::Same(wanted.replication_factor.value),
            Some(wanted.config.len()),
        ),
        (None, None) => return None,
    };
    Some(Row {
        topic: topic.clone(),
        partitions,
        replication_factor,
        overrides,
        owner: wanted.and_then(|wanted| wanted.owner.clone()),
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |topic: &str, replicas: &[u32], overrides, owner: Option<&str>, state| Row {
            topic: topic.into(),
            partitions: 3,
            replication_factor: ReplicationFactor::of(replicas.iter().copied()),
            overrides,
            owner: owner.map(str::to_owned),
            state,
        };
        vec![
            row(
                "content-ingested",
                &[3],
                Some(2),
                Some("ingestion"),
                State::InSync,
            ),
            row(
                "mixed",
                &[1, 3],
                Some(0),
                Some("a\u{1b}[31m"),
                State::Differs,
            ),
            row("new", &[3], Some(1), None, State::Missing),
            row("stray", &[1], None, None, State::Unlisted),
        ]
    }

    #[test]
    fn a_table_of_topics() {
        let expected = "\
TOPIC             PARTITIONS  REPLICATION  OVERRIDES  OWNER        STATE
content-ingested  3           3            2          ingestion    in sync
mixed             3           1 or 3       0          a\\u{1b}[31m  differs
new               3           3            1          -            missing
stray             3           1            ?          -            unlisted

prod: 4 topics, 12 partitions
";
        let shown = text("prod", &rows(), Style::default());
        assert_eq!(shown, expected, "{shown}");
        assert_eq!(
            text("prod", &[], Style::default()),
            "prod: 0 topics, 0 partitions\n"
        );
    }

    #[test]
    fn as_json() {
        let json = json("prod", &rows());
        assert_eq!(json["format"], FORMAT);
        assert_eq!(json["topics"][1]["replication_factor"], json!([1, 3]));
        assert_eq!(json["topics"][3]["overrides"], Value::Null);
        assert_eq!(json["topics"][0]["state"], "in-sync");
    }
}
