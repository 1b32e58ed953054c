//! The topics of an environment in a table, for `list`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Paint, Style};
use crate::model::document::document_format;
use crate::model::text::{count, escape};
use crate::plan::state::TopicState;
use crate::render::columns::{Cell, print_table};
use crate::render::markdown::{Section, TableEntry, code, code_of, prose};
use crate::view::list::Row;

document_format!(
    /// The format of a list.
    ListFormat = "topicsmith/list/1" of ListDocument, several as "lists"
);

/// The topics of one environment, in the order that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListDocument {
    /// The format of this document.
    pub format: ListFormat,
    /// The environment's name.
    pub environment: String,
    /// The topics.
    pub topics: Vec<Row>,
}

impl TopicState {
    /// The state as a person reads it.
    pub fn words(self) -> &'static str {
        match self {
            TopicState::InSync => "in sync",
            TopicState::Differs => "differs",
            TopicState::Missing => "missing",
            TopicState::NotSeen => "not seen",
            TopicState::Unlisted => "unlisted",
            TopicState::Removed => "to be removed",
            TopicState::NotOwned => "not owned yet",
            TopicState::Released => "to be released",
            TopicState::OwnedElsewhere => "owned elsewhere",
            TopicState::Held => "held",
        }
    }

    pub(super) fn paint(self) -> Paint {
        match self {
            TopicState::InSync => Paint::Plain,
            TopicState::Differs => Paint::Changed,
            TopicState::Missing => Paint::Added,
            TopicState::NotSeen | TopicState::Unlisted => Paint::Info,
            TopicState::Removed => Paint::Removed,
            TopicState::NotOwned | TopicState::Released => Paint::Changed,
            TopicState::OwnedElsewhere => Paint::Info,
            TopicState::Held => Paint::Held,
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

/// The table of one environment for a comment or a page, in the order given.
pub fn section(environment: &str, rows: &[Row]) -> Section {
    let entry = |row: &Row| {
        let overrides = row.overrides.map_or("?".to_owned(), |n| n.to_string());
        TableEntry {
            cells: vec![
                code_of(row.topic.as_str(), 249),
                row.partitions.to_string(),
                row.replication_factor.to_string(),
                overrides,
                row.owner.as_deref().map_or_else(String::new, prose),
                row.state.words().to_owned(),
            ],
            ..TableEntry::default()
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
        entries: rows.iter().map(entry).collect(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::ReplicationFactor;

    fn rows() -> Vec<Row> {
        let row = |topic: &str, replicas: &[u32], overrides, owner: Option<&str>, state| Row {
            topic: topic.into(),
            partitions: 3,
            replication_factor: ReplicationFactor::of(replicas.iter().copied()),
            overrides,
            owner: owner.map(str::to_owned),
            labels: Default::default(),
            state,
        };
        vec![
            row(
                "content-ingested",
                &[3],
                Some(2),
                Some("ingestion"),
                TopicState::InSync,
            ),
            row(
                "mixed",
                &[1, 3],
                Some(0),
                Some("a\u{1b}[31m"),
                TopicState::Differs,
            ),
            row("new", &[3], Some(1), None, TopicState::Missing),
            row("stray", &[1], None, None, TopicState::Unlisted),
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
}
