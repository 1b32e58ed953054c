//! Schemas of dotted keys as nested tables: `config.retention.ms`, `config."retention.ms"` and
//! `config.retention."ms"` are the same key.

use serde_json::{Map, Value, json};

use super::definitions::Schemas;

/// The schema of a table with dotted keys: each key with the schema of its value.
pub(super) struct Keys {
    /// The prefix of the names of its definitions.
    pub(super) name: &'static str,
    pub(super) leaves: Vec<(&'static str, Value)>,
    /// Whether keys that any environment allows are valid, too.
    pub(super) takes_allowed: bool,
}

impl Keys {
    pub(super) fn schema(&self, schemas: &mut Schemas) -> Value {
        self.table("", schemas)
    }

    /// Returns the table below a part of a key, `""` or `retention.`.
    fn table(&self, above: &str, schemas: &mut Schemas) -> Value {
        let name = format!("{}.{above}", self.name);
        let name = name.trim_end_matches('.').to_owned();
        schemas.refer(&name, |schemas| self.made(above, schemas))
    }

    fn made(&self, above: &str, schemas: &mut Schemas) -> Value {
        let mut properties = Map::new();
        for (key, leaf) in &self.leaves {
            let Some(rest) = key.strip_prefix(above) else {
                continue;
            };
            for (dot, _) in rest.match_indices('.') {
                let part = &rest[..dot];
                let below = format!("{above}{part}.");
                if !properties.contains_key(part) {
                    properties.insert(part.to_owned(), self.table(&below, schemas));
                }
            }
            properties.insert(rest.to_owned(), leaf.clone());
        }
        let mut table = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
        });
        let allowed = self.allowed(above, schemas);
        if !allowed.is_empty() {
            table["patternProperties"] = Value::Object(allowed);
        }
        table
    }

    /// Returns patterns of allowed keys below a part of a key. Nested tables are not checked.
    fn allowed(&self, above: &str, schemas: &Schemas) -> Map<String, Value> {
        let mut patterns = Map::new();
        let globs = schemas.allowed.iter().filter(|_| self.takes_allowed);
        for glob in globs {
            let Some(rest) = glob.strip_prefix(above) else {
                continue;
            };
            let ends = rest.match_indices('.').map(|(dot, _)| dot);
            for end in ends.chain([rest.len()]) {
                patterns.insert(
                    pattern(&rest[..end]),
                    json!({"description": format!("Allowed by [rules] allow_configs: {glob}")}),
                );
            }
        }
        patterns
    }
}

/// Returns a regular expression that matches at least what a glob matches: everything after the
/// first wildcard is left open.
pub(super) fn pattern(glob: &str) -> String {
    match glob.find(['*', '?', '[', '{', '\\']) {
        Some(wild) => format!("^{}", regex::escape(&glob[..wild])),
        None => format!("^{}$", regex::escape(glob)),
    }
}
