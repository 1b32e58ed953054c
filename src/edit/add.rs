//! Adds a topic's entry to an existing file.

use toml_edit::{DocumentMut, Item, Table};

use crate::model::toml;
use crate::model::{ConfigKey, OnRemove, TopicName};

/// The fields of an entry as the user gave them; the reader of the configuration validates them.
#[derive(Debug, Clone, Default)]
pub struct NewEntry {
    /// The purpose of the topic.
    pub description: Option<String>,
    /// The team or person that owns the topic.
    pub owner: Option<String>,
    /// The labels, with unique names.
    pub labels: Vec<(String, String)>,
    /// The environments where the topic exists; empty means all.
    pub environments: Vec<String>,
    /// The profiles of the topic.
    pub profiles: Vec<String>,
    /// The number of partitions.
    pub partitions: Option<u32>,
    /// The number of replicas per partition.
    pub replication_factor: Option<u32>,
    /// The number of in-sync replicas that acks=all writes require.
    pub min_insync_replicas: Option<u32>,
    /// Configs, as `7d` or `604800000`.
    pub config: Vec<(ConfigKey, String)>,
    /// What happens when the entry is removed from the configuration.
    pub on_remove: Option<OnRemove>,
}

/// Why an entry cannot be added to a file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CannotAdd {
    /// The file already lists the topic.
    #[error("it is listed already")]
    Listed,
    /// `topics` is an inline value, to which no table can be added.
    #[error("`topics` is written as one value there, which no table can be added to")]
    NoTable,
    /// Existing lines would change.
    #[error("its layout could not be kept")]
    Layout,
    /// The file is not TOML.
    #[error("it is not TOML: {0}")]
    NotToml(String),
}

/// Returns the text of a file with an entry after its other topics. Everything else is unchanged,
/// including comments, blank lines and line ends.
///
/// # Errors
/// Returns an error if the file already lists the topic or the entry cannot be added.
pub fn add(file: &str, name: &TopicName, entry: &NewEntry) -> Result<String, CannotAdd> {
    let plain = file.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let before = parse(&plain)?;
    let written = entry.text(name);
    if before.is_empty() {
        // The existing text is a comment on everything after it.
        let gap = if plain.is_empty() { "" } else { "\n" };
        return splice(file, &plain, &format!("{}{gap}{written}", with_end(&plain)));
    }
    let after = beside(before, name, &written)?;
    splice(file, &plain, &after)
}

fn parse(text: &str) -> Result<DocumentMut, CannotAdd> {
    let parsed = text.parse::<DocumentMut>();
    parsed.map_err(|error| CannotAdd::NotToml(error.message().to_owned()))
}

fn beside(mut file: DocumentMut, name: &TopicName, written: &str) -> Result<String, CannotAdd> {
    let mut table = parse(written)?["topics"][name.as_str()]
        .as_table()
        .cloned()
        .ok_or(CannotAdd::NoTable)?;
    // Without a position, the table follows the last of its kind.
    table.set_position(None);
    table.decor_mut().set_prefix("\n");
    let topics = file
        .entry("topics")
        .or_insert_with(|| Item::Table(implicit()));
    let topics = topics.as_table_mut().ok_or(CannotAdd::NoTable)?;
    if topics.contains_key(name.as_str()) {
        return Err(CannotAdd::Listed);
    }
    topics.insert(name.as_str(), Item::Table(table));
    Ok(file.to_string())
}

/// Inserts into the file the lines that only `after` has, and keeps the file's line ends, which the
/// TOML writer would normalize.
fn splice(file: &str, before: &str, after: &str) -> Result<String, CannotAdd> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let same = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let added = new.len().checked_sub(old.len()).ok_or(CannotAdd::Layout)?;
    if old[same..] != new[same + added..] {
        return Err(CannotAdd::Layout);
    }
    let end = if file.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines = file.split_inclusive('\n');
    let mut text: String = lines.by_ref().take(same).collect();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str(end);
    }
    for line in &new[same..same + added] {
        text.push_str(line);
        text.push_str(end);
    }
    text.extend(lines);
    Ok(text)
}

/// Adds a line end after the last line.
fn with_end(text: &str) -> String {
    match text.is_empty() || text.ends_with('\n') {
        true => text.to_owned(),
        false => format!("{text}\n"),
    }
}

/// Returns a table without a header of its own, for `topics`.
fn implicit() -> Table {
    let mut table = Table::new();
    table.set_implicit(true);
    table
}

impl NewEntry {
    /// Returns the entry as written in a file.
    pub fn text(&self, name: &TopicName) -> String {
        let mut lines = vec![format!("[topics.{}]", toml::key(name.as_str()))];
        let mut line = |key: &str, value: Option<String>| {
            lines.extend(value.map(|value| format!("{key} = {value}")));
        };
        let text = |text: &Option<String>| text.as_deref().map(toml::string);
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        line("description", text(&self.description));
        line("owner", text(&self.owner));
        line("labels", toml::table(&self.labels));
        line("environments", list(&self.environments));
        line(
            "profile",
            match self.profiles.as_slice() {
                [one] => Some(toml::string(one)),
                several => list(several),
            },
        );
        line("partitions", number(self.partitions));
        line("replication_factor", number(self.replication_factor));
        line("min_insync_replicas", number(self.min_insync_replicas));
        let on_remove = self
            .on_remove
            .map(|on_remove| toml::string(on_remove.as_str()));
        line("on_remove", on_remove);
        let keys = || self.config.iter().map(|(key, _)| key);
        for (key, value) in &self.config {
            let written = format!("config.{}", toml::config_key(key, keys()));
            line(&written, Some(toml::config_text(key, value)));
        }
        lines.join("\n") + "\n"
    }
}

fn list(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| toml::list(items.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> NewEntry {
        NewEntry {
            description: Some("New \"orders\"".to_owned()),
            owner: Some("shop".to_owned()),
            partitions: Some(3),
            labels: vec![
                ("domain".to_owned(), "shop".to_owned()),
                ("a b".to_owned(), "c".to_owned()),
            ],
            config: vec![
                ("retention.ms".into(), "7d".to_owned()),
                ("cleanup.policy".into(), "compact,delete".to_owned()),
                ("segment.ms".into(), "default".to_owned()),
            ],
            ..NewEntry::default()
        }
    }

    const TEXT: &str = r#"[topics."orders.created"]
description = 'New "orders"'
owner = "shop"
labels = { domain = "shop", "a b" = "c" }
partitions = 3
config.retention.ms = "7d"
config.cleanup.policy = ["compact", "delete"]
config.segment.ms = "default"
"#;

    fn added(file: &str) -> Result<String, CannotAdd> {
        add(file, &"orders.created".into(), &entry())
    }

    #[test]
    fn into_an_empty_file() {
        assert_eq!(added("").as_deref(), Ok(TEXT));
    }

    #[test]
    fn behind_the_other_topics_and_nothing_else_moves() {
        let before = "# Head\n\n[topics.a]   # a\npartitions=3\n config.x.y = 1\n\n# About b\n[topics.b.env.prod]\npartitions = 1 # many\n";
        let after = "\n# Shared\n[profiles.p]\npartitions = 0x10\n\n# The end\n";
        assert_eq!(
            added(&format!("{before}{after}")),
            Ok(format!("{before}\n{TEXT}{after}"))
        );
        let windows = format!("{before}{after}").replace('\n', "\r\n");
        let expected = format!("{before}\n{TEXT}{after}").replace('\n', "\r\n");
        assert_eq!(added(&windows), Ok(expected));
        // With mixed line ends, each line keeps its own.
        let after = after.trim_start();
        let mixed = format!("{}{after}", format!("{before}\n").replace('\n', "\r\n"));
        let text = format!("{before}\n{TEXT}\n").replace('\n', "\r\n");
        assert_eq!(added(&mixed), Ok(format!("{text}{after}")));
    }

    #[test]
    fn a_file_without_topics_and_one_without_a_last_line_end() {
        let profiles = "[profiles.p]\npartitions = 1";
        assert_eq!(added(profiles), Ok(format!("{profiles}\n\n{TEXT}")));
        assert_eq!(added("\u{feff}# x\n"), Ok(format!("\u{feff}# x\n\n{TEXT}")));
    }

    #[test]
    fn what_has_no_place() {
        assert_eq!(
            added("[topics]\n\"orders.created\".partitions = 1\n"),
            Err(CannotAdd::Listed)
        );
        assert_eq!(
            added("topics = { a = { partitions = 1 } }\n"),
            Err(CannotAdd::NoTable)
        );
        assert!(matches!(added("[topics"), Err(CannotAdd::NotToml(_))));
    }
}
