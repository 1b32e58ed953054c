//! The parts of a schema while it is made.

use serde_json::Value;

use crate::model::Globs;
use crate::model::schema::Definitions;

/// What is being described, and what of it depends on the environments.
#[derive(Debug, Default)]
pub(crate) struct Schemas {
    pub(crate) definitions: Definitions,
    /// Globs over config keys that some environment allows besides Kafka's.
    pub(crate) allowed: Vec<String>,
    /// Whether variables may stand for values of any kind: in `[defaults]`.
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

    /// A reference to a part, which is made where nobody referred to it before.
    pub(crate) fn refer(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.definitions.has(name) {
            self.definitions.define(name, Value::Null);
            let made = make(self);
            self.definitions.define(name, made);
        }
        Definitions::reference(name)
    }

    /// The whole schema, with what the file itself takes.
    pub(crate) fn finish(self, title: &str, description: &str, top: Value) -> Value {
        self.definitions.finish(title, description, top)
    }
}
