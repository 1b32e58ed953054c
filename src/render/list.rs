//! The topics of an environment in a table, for `list`.

use serde_json::{Value, json};

use super::{Paint, Style};
use crate::live::ReplicationFactor;
use crate::model::TopicName;
use crate::model::text::{count, escape};
use crate::render::columns::{Cell, print_table};

/// The format that [`json`] writes.
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
    /// It is live, and no file names it.
    Unlisted,
    /// It is live, and a tombstone wants it gone.
    Removed,
}

impl State {
    /// The state as JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::InSync => "in-sync",
            State::Differs => "differs",
            State::Missing => "missing",
            State::Unlisted => "unlisted",
            State::Removed => "removed",
        }
    }

    fn words(self) -> &'static str {
        match self {
            State::InSync => "in sync",
            State::Differs => "differs",
            State::Missing => "missing",
            State::Unlisted => "unlisted",
            State::Removed => "to be removed",
        }
    }

    fn paint(self) -> Paint {
        match self {
            State::InSync => Paint::Plain,
            State::Differs => Paint::Changed,
            State::Missing => Paint::Added,
            State::Unlisted => Paint::Told,
            State::Removed => Paint::Removed,
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
    let total: u64 = rows.iter().map(|row| u64::from(row.partitions)).sum();
    let line = format!(
        "{}: {}, {total} partitions",
        escape(environment),
        count(rows.len(), "topic")
    );
    let mut out = match rows.is_empty() {
        true => String::new(),
        false => print_table(&table, style) + "\n",
    };
    out.push_str(&style.paint(Paint::Strong, &line));
    out.push('\n');
    out
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
