//! `config`: Kafka's own keys, dotted or quoted, with values in the form that Kafka stores.

use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use super::config_value::{ConfigValue, read_value};
use super::field::Read;
use super::file::{Key, Reader, Value};
use crate::desired::schema::config;
use crate::desired::schema::definitions::Schemas;
use crate::desired::suggest::shown;
use crate::model::{ConfigKey, Finding, Place};

/// The configs of a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConfigTable(pub(crate) Vec<ConfigEntry>);

/// A config.
#[derive(Debug, Clone)]
pub(crate) struct ConfigEntry {
    pub(crate) key: ConfigKey,
    pub(crate) key_place: Place,
    pub(crate) value: ConfigValue,
    pub(crate) place: Place,
}

/// Maximum depth of nested keys, more than any Kafka key has.
const DEEPEST: usize = 16;

impl Read for ConfigTable {
    fn expected() -> String {
        "a table of Kafka's topic configs".to_owned()
    }

    fn schema(schemas: &mut Schemas) -> Json {
        config::table(schemas)
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value)?;
        let mut leaves = Vec::new();
        flatten(table, reader, &mut leaves, &|_| false);
        let mut entries: Vec<ConfigEntry> = leaves
            .into_iter()
            .map(|leaf| {
                let key = ConfigKey::new(leaf.key);
                ConfigEntry {
                    key_place: leaf.place,
                    value: read_value(&key, leaf.value, reader),
                    place: reader.place(leaf.value.span()),
                    key,
                }
            })
            .collect();
        entries.sort_by(|a, b| (&a.key, &a.place).cmp(&(&b.key, &b.place)));
        report_doubles(&mut entries, reader);
        Some(Self(entries))
    }
}

/// A value with its whole dotted key.
pub(crate) struct Leaf<'v, 'i> {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) value: &'v Value<'i>,
}

/// Flattens nested tables to dotted keys. `stop` identifies tables that are values.
pub(crate) fn flatten<'v, 'i>(
    table: &'v DeTable<'i>,
    reader: &mut Reader<'_>,
    leaves: &mut Vec<Leaf<'v, 'i>>,
    stop: &dyn Fn(&DeTable<'i>) -> bool,
) {
    let mut path = Vec::new();
    descend(table, &mut path, reader, leaves, stop);
}

fn descend<'v, 'i>(
    table: &'v DeTable<'i>,
    path: &mut Vec<&'v Key<'i>>,
    reader: &mut Reader<'_>,
    leaves: &mut Vec<Leaf<'v, 'i>>,
    stop: &dyn Fn(&DeTable<'i>) -> bool,
) {
    for (key, value) in table {
        path.push(key);
        match value.get_ref() {
            DeValue::Table(inner) if path.len() >= DEEPEST || inner.is_empty() => {
                let place = key_place(path, reader);
                let message = match inner.is_empty() {
                    true => format!("{} has no value", shown(joined(path))),
                    false => format!("{} is nested too deep", shown(joined(path))),
                };
                reader.add(Finding::error("unknown-config", place, message));
            }
            DeValue::Table(inner) if !stop(inner) => descend(inner, path, reader, leaves, stop),
            _ => leaves.push(Leaf {
                key: joined(path),
                place: key_place(path, reader),
                value,
            }),
        }
        path.pop();
    }
}

fn joined(path: &[&Key<'_>]) -> String {
    let mut joined = String::with_capacity(40);
    for (depth, key) in path.iter().enumerate() {
        if depth > 0 {
            joined.push('.');
        }
        joined.push_str(key.get_ref());
    }
    joined
}

/// Returns the place of a dotted key: all of it if it is written contiguously, else its last part.
fn key_place(path: &[&Key<'_>], reader: &Reader<'_>) -> Place {
    let last = path.last().map(|key| key.span()).unwrap_or_default();
    let text = reader.source.text();
    let in_one_go = |start: usize| {
        let between = text.get(start..last.end);
        between
            .is_some_and(|between| between.len() < 300 && !between.contains(['\n', '=', '{', '[']))
    };
    let start = path
        .iter()
        .map(|key| key.span().start)
        .find(|start| in_one_go(*start));
    reader.place(start.unwrap_or(last.start)..last.end)
}

/// Reports a key in two spellings, `config."retention.ms"` and `config.retention.ms`: two keys in
/// TOML, but one in Kafka.
fn report_doubles(entries: &mut [ConfigEntry], reader: &mut Reader<'_>) {
    for index in 1..entries.len() {
        let (before, after) = entries.split_at_mut(index);
        let (first, second) = (&mut before[index - 1], &mut after[0]);
        if first.key != second.key {
            continue;
        }
        let message = format!(
            "{} stands here twice: in quotes and as a dotted key it is the same config",
            shown(&second.key)
        );
        let finding = Finding::error("config-twice", second.key_place.clone(), message)
            .related(first.key_place.clone(), "first here")
            .help("remove one of them");
        reader.add(finding);
        first.value = ConfigValue::Bad;
        second.value = ConfigValue::Bad;
    }
}
