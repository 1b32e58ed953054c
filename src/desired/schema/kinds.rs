//! Schemas of value types that several tables share.

use serde_json::{Value, json};

use super::definitions::Schemas;
use super::keys::Keys;
use crate::model::client_property::{ClientProperty, PROPERTIES, PropertyKind};

/// Matches `7d`, `1d12h`.
pub(crate) const DURATION: &str = r"^\s*([0-9]+\s*(w|d|h|m|s|ms)\s*)+$";

/// Matches `100MiB`, `1GB`, case-insensitive.
pub(crate) const SIZE: &str = r"^\s*([0-9]+\s*([KkMmGgTtPp][Ii]?)?[Bb]\s*)+$";

const VARIABLE: &str = r"\$\{";

/// Returns a schema that accepts any of several schemas.
pub(crate) fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    let mut all: Vec<Value> = schemas.into_iter().collect();
    match all.len() {
        1 => all.remove(0),
        _ => json!({"anyOf": all}),
    }
}

/// Returns the schema of an enumerated string.
pub(crate) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({"type": "string", "enum": words.into_iter().collect::<Vec<_>>()})
}

/// Returns the schema of a string with a variable, which can stand for a value of any type.
pub(crate) fn variable() -> Value {
    json!({"type": "string", "pattern": VARIABLE})
}

/// Returns a schema that also accepts a variable, where variables are supported.
pub(crate) fn or_variable(schema: Value, schemas: &Schemas) -> Value {
    let variable = schemas.variables.then(variable);
    any_of(std::iter::once(schema).chain(variable))
}

/// Returns the schema of `[cluster.client]`: each property with its type; all of them accept
/// variables.
pub(crate) fn client_properties(schemas: &mut Schemas) -> Value {
    let mut leaves = Vec::new();
    for property in PROPERTIES {
        let name = format!("property.{}", property.name);
        leaves.push((
            property.name,
            schemas.refer(&name, |_| property_value(property)),
        ));
    }
    let keys = Keys {
        name: "client",
        leaves,
        takes_allowed: false,
    };
    keys.schema(schemas)
}

fn property_value(property: &ClientProperty) -> Value {
    let mut schema = match property.kind {
        PropertyKind::Integer(min, max) => any_of([
            json!({"type": "integer", "minimum": min, "maximum": max}),
            json!({"type": "string"}),
        ]),
        PropertyKind::Boolean => any_of([json!({"type": "boolean"}), json!({"type": "string"})]),
        PropertyKind::Text
        | PropertyKind::Secret
        | PropertyKind::Path
        | PropertyKind::OneOf(_)
        | PropertyKind::SomeOf(_) => {
            json!({"type": ["string", "integer", "number", "boolean"]})
        }
    };
    let expected = property.expected();
    schema["description"] = json!(format!("{}. It takes {expected}.", property.doc));
    schema
}
