//! JSON Schemas: how they begin, and the words that several of them need. Draft 7, which Taplo and
//! other editors read.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

/// The schema of a document that is derived from its type. With `list`, the same document holds those
/// of several environments under that key, errors at their place.
pub fn of_document<T: JsonSchema>(title: &str, list: Option<(&str, &str)>) -> Value {
    let settings = SchemaSettings::draft07().for_serialize();
    let mut generator = settings
        .with_transform(RecursiveTransform(close))
        .into_generator();
    let one = generator.subschema_for::<T>();
    let mut schema = match list {
        None => json!({"allOf": [one]}),
        Some((format, key)) => {
            let failed = generator.subschema_for::<FailedEnvironment>();
            let several = object([
                ("format", true, json!({"const": format})),
                (key, true, list_of_any(&one, &failed)),
            ]);
            json!({"anyOf": [one, several]})
        }
    };
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!(title);
    let definitions = generator.take_definitions(true);
    schema["definitions"] = Value::Object(definitions);
    schema
}

fn list_of_any(one: &Schema, other: &Schema) -> Value {
    list(json!({"anyOf": [one, other]}))
}

/// An object has the fields that its type has, and no others.
fn close(schema: &mut Schema) {
    let has_fields = schema.get("properties").is_some();
    if has_fields && schema.get("additionalProperties").is_none() {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// An environment that failed, among the documents of several.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct FailedEnvironment {
    /// The environment's name.
    environment: String,
    /// What failed.
    error: Failure,
}

/// An error.
#[derive(JsonSchema)]
#[allow(dead_code)]
struct Failure {
    /// What is wrong.
    message: String,
    /// How to fix it.
    help: Option<String>,
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

/// Something, or `null`.
pub fn nullable(schema: Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
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
