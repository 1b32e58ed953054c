//! JSON Schemas: their common parts. Draft 7, which Taplo and other editors support.

use std::collections::BTreeMap;

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::document::{Document, EnvironmentDocument, FailedEnvironment};

/// Generates the schema of a document type.
pub fn of_document<T: Document>() -> Value {
    let mut generator = generator(Contract::Serialize);
    let one = generator.subschema_for::<T>();
    complete(json!({"allOf": [one]}), T::FORMAT, generator)
}

/// Generates the schema of a document type, including the form for several environments: a list
/// with errors in place of failed environments.
pub fn of_environments<T: EnvironmentDocument>() -> Value {
    environments::<T>(generator(Contract::Serialize))
}

/// Generates the same schema for a document that users write, too: fields with a default are
/// optional.
pub fn of_input<T: EnvironmentDocument>() -> Value {
    environments::<T>(generator(Contract::Deserialize))
}

fn environments<T: EnvironmentDocument>(mut generator: SchemaGenerator) -> Value {
    let one = generator.subschema_for::<T>();
    let failed = generator.subschema_for::<FailedEnvironment>();
    let several = object([
        ("format", true, json!({"const": T::FORMAT})),
        (T::LIST, true, list(json!({"anyOf": [one, failed]}))),
    ]);
    complete(json!({"anyOf": [one, several]}), T::FORMAT, generator)
}

fn generator(contract: Contract) -> SchemaGenerator {
    let settings = SchemaSettings::draft07().with(|settings| settings.contract = contract);
    settings
        .with_transform(RecursiveTransform(close))
        .into_generator()
}

fn complete(mut schema: Value, format: &str, mut generator: SchemaGenerator) -> Value {
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!(format);
    schema["definitions"] = Value::Object(generator.take_definitions(true));
    schema
}

/// Rejects unknown fields in an object schema.
fn close(schema: &mut Schema) {
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    let has_fields = schema.get("properties").is_some();
    if is_object && has_fields && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// Named definitions that a schema refers to.
#[derive(Debug, Default)]
pub struct Definitions(BTreeMap<String, Value>);

impl Definitions {
    /// Returns a reference to a definition.
    pub fn reference(name: &str) -> Value {
        json!({"$ref": format!("#/definitions/{name}")})
    }

    /// Returns whether a definition exists or is being built.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Adds a definition.
    pub fn define(&mut self, name: &str, schema: Value) {
        self.0.insert(name.to_owned(), schema);
    }

    /// Builds the whole schema from its top-level schema.
    pub fn finish(self, title: &str, description: &str, top: Value) -> Value {
        let mut schema = json!({
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": title,
            "description": description,
        });
        if let (Value::Object(schema), Value::Object(top)) = (&mut schema, top) {
            schema.extend(top);
            if !self.0.is_empty() {
                let definitions = self.0.into_iter().collect::<Map<_, _>>();
                schema.insert("definitions".to_owned(), Value::Object(definitions));
            }
        }
        schema
    }
}

/// Returns the schema of an object with these fields (name, required, schema) and no others.
pub fn object<'f>(fields: impl IntoIterator<Item = (&'f str, bool, Value)>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, is_required, schema) in fields {
        properties.insert(name.to_owned(), schema);
        required.extend(is_required.then_some(name));
    }
    let mut schema =
        json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// Returns the schema of an object with arbitrary keys.
pub fn map(value: Value) -> Value {
    json!({"type": "object", "additionalProperties": value})
}

/// Returns the schema of a list.
pub fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// Returns the schema of any string.
pub fn string() -> Value {
    json!({"type": "string"})
}

/// Returns the schema of a non-negative integer.
pub fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// Adds a description to a schema. A reference is wrapped, because draft 7 ignores keywords beside
/// `$ref`.
pub fn described(schema: Value, description: &str) -> Value {
    let mut schema = match schema.get("$ref") {
        Some(_) => json!({"allOf": [schema]}),
        None => schema,
    };
    let own = schema.get("description").and_then(Value::as_str);
    schema["description"] = match own {
        Some(own) => json!(format!("{description} {own}")),
        None => json!(description),
    };
    schema
}
