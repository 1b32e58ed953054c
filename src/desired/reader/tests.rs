//! Tests of the reader against its JSON Schemas.

use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::{environment_file, topics_file};
use crate::desired::problems::Problems;
use crate::model::config::SPECS;
use crate::model::{Globs, SourceText};

fn validator(allowed: &[&str]) -> Validator {
    let schema = topics_file::schema(&[Globs::new(allowed).unwrap()]);
    jsonschema::draft7::new(&schema).unwrap()
}

/// Returns whether the reader accepts a file, and whether the schema does.
fn accepted(text: &str, validator: &Validator) -> (bool, bool) {
    let mut problems = Problems::default();
    let source = SourceText::new(Arc::from("topics/a.toml"), text.to_owned());
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
    // Values of the wrong type are rejected.
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
    check(&topics_file::schema(&[]), "topics");
    check(&environment_file::schema(&[]), "environment");
}
