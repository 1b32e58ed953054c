//! Declarations of a file, for display: a key, its value on one line, and the place.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::file::Value;
use crate::desired::files::document;
use crate::desired::problems::Problems;
use crate::model::{Place, SourceText};

/// A declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The key: `owner`, `config.retention.ms.max`.
    pub key: String,
    /// The value in a form that can be written on one line.
    pub value: String,
    /// The place; `None` for this tool's built-in value of an undeclared key.
    pub place: Option<Place>,
}

impl Written {
    /// Creates a declaration at a place.
    pub(in crate::desired) fn at(key: &str, value: String, place: &Place) -> Self {
        Self {
            key: key.to_owned(),
            value,
            place: Some(place.clone()),
        }
    }
}

/// The tables of an environment's files, by name, with dotted keys: each key has the nearest file's
/// value.
pub(in crate::desired) struct Tables(BTreeMap<String, Vec<Written>>);

impl Tables {
    /// Reads the tables of these files, the nearest file first.
    pub(in crate::desired) fn nearest<'s>(
        sources: impl Iterator<Item = &'s Arc<SourceText>>,
    ) -> Self {
        let mut tables: BTreeMap<String, Vec<Written>> = BTreeMap::new();
        for source in sources {
            // Its problems were reported when it was loaded.
            let Some(file) = document::parse(source, &mut Problems::default()) else {
                continue;
            };
            for (name, value) in &file {
                let Some(table) = value.get_ref().as_table() else {
                    continue;
                };
                let nearer = tables.entry(name.get_ref().to_string()).or_default();
                let mut all = table_of(source, table);
                all.retain(|written| !nearer.iter().any(|nearer| nearer.key == written.key));
                nearer.extend(all);
            }
        }
        Self(tables)
    }

    /// Returns a table, with keys in file order.
    pub(in crate::desired) fn get(&self, name: &str) -> Vec<Written> {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// Returns a table, with built-in values for undeclared keys.
    pub(in crate::desired) fn get_or<const N: usize>(
        &self,
        name: &str,
        otherwise: [(&str, String); N],
    ) -> Vec<Written> {
        let mut all = self.get(name);
        for (key, value) in otherwise {
            if !all.iter().any(|written| written.key == key) {
                all.push(Written {
                    key: key.to_owned(),
                    value,
                    place: None,
                });
            }
        }
        all
    }
}

/// Returns all declarations of a table, with dotted keys, in file order.
fn table_of(source: &SourceText, table: &DeTable<'_>) -> Vec<Written> {
    let mut all = Vec::new();
    flatten(source, "", table, &mut all);
    all.sort_by_key(|written| {
        written
            .place
            .as_ref()
            .map(|place| (place.line, place.column))
    });
    all
}

fn flatten(source: &SourceText, before: &str, table: &DeTable<'_>, all: &mut Vec<Written>) {
    for (key, value) in table {
        let key = format!("{before}{}", key.get_ref());
        match value.get_ref() {
            DeValue::Table(inner) => flatten(source, &format!("{key}."), inner, all),
            _ => {
                let place = source.place(value.span());
                all.push(Written::at(&key, inline(source, value), &place));
            }
        }
    }
}

/// Formats a value on one line. A list may span several lines with comments.
fn inline(source: &SourceText, value: &Value<'_>) -> String {
    match value.get_ref() {
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(source, item)).collect();
            format!("[{}]", items.join(", "))
        }
        _ => {
            let written = source.text().get(value.span());
            written.unwrap_or_default().to_owned()
        }
    }
}
