//! The definitions of a schema under construction.

use serde_json::Value;

use crate::model::Globs;
use crate::model::schema::Definitions;

/// The definitions, and the inputs that depend on the environments.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    pub(crate) definitions: Definitions,
    /// Globs over config keys that any environment allows in addition to Kafka's.
    pub(crate) allowed: Vec<String>,
    /// Whether variables may replace values of any type: in `[defaults]`.
    pub(crate) variables: bool,
}

impl Schemas {
    pub(crate) fn new(allowed: &[Globs]) -> Self {
        let mut patterns: Vec<String> = allowed
            .iter()
            .flat_map(|globs| globs.patterns().to_vec())
            .collect();
        patterns.sort();
        patterns.dedup();
        Self {
            definitions: Definitions::default(),
            allowed: patterns,
            variables: false,
        }
    }

    /// Returns a reference to a definition, which is created on first use.
    pub(crate) fn refer(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.definitions.has(name) {
            self.definitions.define(name, Value::Null);
            let made = make(self);
            self.definitions.define(name, made);
        }
        Definitions::reference(name)
    }

    /// Builds the whole schema, with the schema of the file at its top.
    pub(crate) fn finish(self, title: &str, description: &str, top: Value) -> Value {
        self.definitions.finish(title, description, top)
    }
}
