//! JSON Schemas of both kinds of files, made of the same tables that read them.

pub(super) mod config;
mod keys;
pub(super) mod kinds;

use serde_json::Value;

use super::tables::environment_file::EnvironmentFile;
use super::tables::field::Read;
use super::tables::topics_file::TopicsFile;
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
    fn new(allowed: &[Globs]) -> Self {
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

    fn finish<T: Read>(mut self, title: &str, description: &str) -> Value {
        let top = T::schema(&mut self);
        self.definitions.finish(title, description, top)
    }
}

/// The schema of a topics file. `allowed`: config keys that some environment allows besides Kafka's.
pub fn topics(allowed: &[Globs]) -> Value {
    let description = "A file below topics/: what should exist, wherever it is not said otherwise.";
    Schemas::new(allowed).finish::<TopicsFile>("topicsmith topics file", description)
}

/// The schema of an environment file.
pub fn environment(allowed: &[Globs]) -> Value {
    let description = "A file in environments/: one cluster, how to reach it, its defaults, its rules, its guards.";
    Schemas::new(allowed).finish::<EnvironmentFile>("topicsmith environment file", description)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jsonschema::Validator;
    use serde_json::json;

    use super::*;
    use crate::desired::problems::Problems;
    use crate::desired::tables::topics_file;
    use crate::model::Source;
    use crate::model::config::SPECS;

    fn validator(allowed: &[&str]) -> Validator {
        let schema = topics(&[Globs::new(allowed).unwrap()]);
        jsonschema::draft7::new(&schema).unwrap()
    }

    /// Whether the reader has nothing against a file, and whether the schema has.
    fn accepted(text: &str, validator: &Validator) -> (bool, bool) {
        let mut problems = Problems::default();
        let source = Source::new(Arc::from("topics/a.toml"), text.to_owned());
        let read = topics_file::read(&source, &mut problems);
        let table: toml::Table = text.parse().unwrap();
        let document = serde_json::to_value(table).unwrap();
        (
            read.is_some() && problems.errors() == 0,
            validator.is_valid(&document),
        )
    }

    #[test]
    fn a_config_in_all_its_spellings() {
        let validator = validator(&[]);
        for spec in SPECS {
            let parts: Vec<&str> = spec.name.split('.').collect();
            let halves = (1..parts.len()).map(|at| {
                let (first, rest) = parts.split_at(at);
                format!("{}.\"{}\"", first.join("."), rest.join("."))
            });
            let whole = format!("\"{}\"", spec.name);
            for key in halves.chain([whole, spec.name.to_owned()]) {
                let said = |value: &str| {
                    accepted(&format!("[topics.a]\nconfig.{key} = {value}\n"), &validator)
                };
                assert_eq!(said("\"default\""), (true, true), "{key}");
                let text = json!(spec.default).to_string();
                assert_eq!(said(&text), (true, true), "{key} = {text}");
            }
            let typo = format!("[topics.a]\nconfig.{}x = \"default\"\n", spec.name);
            assert!(!accepted(&typo, &validator).1, "{typo}");
        }
    }

    #[test]
    fn no_value_that_the_reader_takes_is_underlined() {
        let validator = validator(&[]);
        let values = [
            "1",
            "-1",
            "0",
            "7",
            "1048576",
            "9223372036854775807",
            "-9223372036854775808",
            "0.5",
            "1.0",
            "2.5",
            "true",
            "false",
            "\"TRUE\"",
            "\" true \"",
            "\"7d\"",
            "\"1d 12h\"",
            "\"7\"",
            "\"7y\"",
            "\"100MiB\"",
            "\"1kib\"",
            "\"2 GB\"",
            "\"unlimited\"",
            "\"0.50\"",
            "\".5\"",
            "\"zstd\"",
            "\"LogAppendTime\"",
            "\"compact\"",
            "\"compact, delete\"",
            "\"compact,\"",
            "\"\"",
            "[]",
            "[\"compact\", \"delete\"]",
            "[\"delete\", \"delete\"]",
            "[\"0:1\"]",
            "\"0:1,1:2\"",
            "\"*\"",
            "[1]",
            "1979-05-27",
        ];
        let mut both = 0;
        for spec in SPECS {
            for value in values {
                let text = format!("[topics.a]\nconfig.{} = {value}\n", spec.name);
                let (read, valid) = accepted(&text, &validator);
                assert!(valid || !read, "{text}");
                both += usize::from(read);
            }
        }
        assert!(both > 4 * SPECS.len(), "{both}");
        // Wrong kinds are underlined.
        for wrong in [
            "retention.ms = true",
            "retention.ms = \"7y\"",
            "preallocate = 1",
            "cleanup.policy = \"shrink\"",
        ] {
            let text = format!("[topics.a]\nconfig.{wrong}\n");
            assert_eq!(accepted(&text, &validator), (false, false), "{text}");
        }
    }

    #[test]
    fn what_some_environment_allows_is_known() {
        let said = |allowed: &[&str], key: &str| {
            let text = format!(
                "[topics.a]\nconfig.{key} = \"x\"\nunmanaged = [\"config.{}\"]\n",
                key.replace('"', "")
            );
            accepted(&text, &validator(allowed)).1
        };
        for key in [
            "confluent.tier.enable",
            "\"confluent.tier.enable\"",
            "confluent.\"tier.enable\"",
        ] {
            assert!(!said(&[], key), "{key}");
            assert!(said(&["confluent.*"], key), "{key}");
            assert!(said(&["confluent.tier.enable"], key), "{key}");
            assert!(said(&["con*"], key), "{key}");
            assert!(!said(&["vendor.*"], key), "{key}");
        }
        assert!(said(&["min.vendor.*"], "min.vendor.x"));
        assert!(!said(&["min.vendor.*"], "min.vendors.x"));
    }

    #[test]
    fn every_key_says_what_it_is() {
        fn check(schema: &Value, at: &str) {
            if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
                for (name, property) in properties {
                    let is_part = property.get("$ref").is_some();
                    let described = property["description"]
                        .as_str()
                        .is_some_and(|d| d.len() > 10);
                    assert!(is_part || described, "{at}.{name}");
                }
            }
            match schema {
                Value::Object(fields) => fields
                    .iter()
                    .for_each(|(key, value)| check(value, &format!("{at}.{key}"))),
                Value::Array(items) => items.iter().for_each(|item| check(item, at)),
                _ => {}
            }
        }
        check(&topics(&[]), "topics");
        check(&environment(&[]), "environment");
    }
}
