//! What a file says, as it can be shown again: a key, its value on one line, and the place.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::desired::document;
use crate::desired::problems::Problems;
use crate::desired::tables::reader::Value;
use crate::model::{Place, Source};

/// Something that a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its key: `owner`, `config.retention.ms.max`.
    pub key: String,
    /// What it says, as it can be written on one line.
    pub value: String,
    /// Where; `None` where no file says it, and the value is this tool's own.
    pub place: Option<Place>,
}

impl Written {
    /// What stands at a place.
    pub(in crate::desired) fn at(key: &str, value: String, place: &Place) -> Self {
        Self {
            key: key.to_owned(),
            value,
            place: Some(place.clone()),
        }
    }
}

/// Everything that a file says in one of its tables, with dotted keys, in the file's order.
pub(super) fn table(source: &Arc<Source>, name: &str) -> Vec<Written> {
    // What is wrong with it was reported when it was read.
    let Some(file) = document::parse(source, &mut Problems::default()) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    if let Some(table) = file.get(name).and_then(|value| value.get_ref().as_table()) {
        flatten(source, "", table, &mut all);
    }
    let line = |written: &Written| {
        written
            .place
            .as_ref()
            .map(|place| (place.line, place.column))
    };
    all.sort_by_key(line);
    all
}

fn flatten(source: &Source, before: &str, table: &DeTable<'_>, all: &mut Vec<Written>) {
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

/// A value on one line. A list may stand on several, with remarks between.
fn inline(source: &Source, value: &Value<'_>) -> String {
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
