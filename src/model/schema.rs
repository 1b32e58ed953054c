//! JSON Schemas: how they begin, and the words that several of them need. Draft 7, which Taplo and
//! other editors read.

use std::collections::BTreeMap;

use schemars::generate::{Contract, SchemaSettings};
use schemars::transform::RecursiveTransform;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::document::{Document, EnvironmentDocument, FailedEnvironment};

/// The schema of a document, from its type.
pub fn of_document<T: Document>() -> Value {
    let mut generator = generator(Contract::Serialize);
    let one = generator.subschema_for::<T>();
    complete(json!({"allOf": [one]}), T::FORMAT, generator)
}

/// The same, where the document of several environments is a list, errors at their place.
pub fn of_environments<T: EnvironmentDocument>() -> Value {
    environments::<T>(generator(Contract::Serialize))
}

/// The same of a document that people write too: what can be left out when it is read is optional.
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

/// An object has the fields that its type has, and no others.
fn close(schema: &mut Schema) {
    let is_object = schema.get("type").is_some_and(|kind| kind == "object");
    let has_fields = schema.get("properties").is_some();
    if is_object && has_fields && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// What a schema's parts refer to by name.
#[derive(Debug, Default)]
pub struct Definitions(BTreeMap<String, Value>);

impl Definitions {
    /// How a part is referred to.
    pub fn reference(name: &str) -> Value {
        json!({"$ref": format!("#/definitions/{name}")})
    }

    /// Whether a part is there, or on its way.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Puts a part in.
    pub fn define(&mut self, name: &str, schema: Value) {
        self.0.insert(name.to_owned(), schema);
    }

    /// The whole schema, with the part of it that stands at its top.
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

/// An object with these fields and no others, of which those are required that say so.
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

/// An object whose keys are names.
pub fn map(value: Value) -> Value {
    json!({"type": "object", "additionalProperties": value})
}

/// A list.
pub fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// Any text.
pub fn string() -> Value {
    json!({"type": "string"})
}

/// A whole number that is not negative.
pub fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

/// The same with what it means. A reference has no room for it beside itself.
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
