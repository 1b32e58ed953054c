//! Documents with one string in every place that accepts a string, generated from their JSON
//! Schemas: new fields are included automatically.

use serde_json::{Map, Value};

/// Generates a document of a schema, with the text wherever text is accepted.
pub fn fill(schema: &Value, text: &str) -> Value {
    one(schema, schema, text)
}

/// Generates a value of one of a schema's definitions, with the text wherever text is accepted.
pub fn definition(schema: &Value, name: &str, text: &str) -> Value {
    one(&schema["definitions"][name], schema, text)
}

fn one(schema: &Value, root: &Value, text: &str) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let path = reference.trim_start_matches('#');
        return one(root.pointer(path).expect("the schema holds it"), root, text);
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if schema.get("properties").is_some() || schema.get("additionalProperties").is_some() {
        return object(schema, root, text);
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        if let Some(all) = schema[several].as_array() {
            let useful = |one: &&Value| one["type"] != "null";
            return one(
                all.iter().find(useful).expect("it is not always null"),
                root,
                text,
            );
        }
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        one => vec![one.clone()],
    };
    let is = |kind: &str| kinds.iter().any(|one| one == kind);
    if is("string") && schema.get("pattern").is_some() {
        // The only constrained text: a setting, with a free config key.
        format!("config.{text}").into()
    } else if is("string") {
        text.into()
    } else if is("integer") || is("number") {
        schema["minimum"].as_i64().unwrap_or(1).max(1).into()
    } else if is("boolean") {
        true.into()
    } else if is("array") {
        Value::Array(vec![one(&schema["items"], root, text)])
    } else if is("object") {
        object(schema, root, text)
    } else {
        panic!("no value is known for {schema}")
    }
}

fn object(schema: &Value, root: &Value, text: &str) -> Value {
    let mut filled = Map::new();
    for (key, schema) in schema["properties"].as_object().into_iter().flatten() {
        filled.insert(key.clone(), one(schema, root, text));
    }
    if schema["additionalProperties"].is_object() {
        let value = one(&schema["additionalProperties"], root, text);
        filled.insert(text.to_owned(), value);
    }
    Value::Object(filled)
}
