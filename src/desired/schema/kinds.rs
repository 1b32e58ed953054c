//! What fields of all tables take.

use serde_json::{Value, json};

use super::definitions::Schemas;
use super::keys::Keys;
use crate::model::client_property::{ClientProperty, PROPERTIES, PropertyKind};

/// `7d`, `1d12h`
pub(crate) const DURATION: &str = r"^\s*([0-9]+\s*(w|d|h|m|s|ms)\s*)+$";

/// `100MiB`, `1GB`, in any case
pub(crate) const SIZE: &str = r"^\s*([0-9]+\s*([KkMmGgTtPp][Ii]?)?[Bb]\s*)+$";

/// `${`
const VARIABLE: &str = r"\$\{";

/// Any of these; one alone is itself.
pub(crate) fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    let mut all: Vec<Value> = schemas.into_iter().collect();
    match all.len() {
        1 => all.remove(0),
        _ => json!({"anyOf": all}),
    }
}

/// One of some words.
pub(crate) fn words<'w>(words: impl IntoIterator<Item = &'w str>) -> Value {
    json!({"type": "string", "enum": words.into_iter().collect::<Vec<_>>()})
}

/// Text with a variable in it, which stands for a value of any kind.
pub(crate) fn variable() -> Value {
    json!({"type": "string", "pattern": VARIABLE})
}

/// The same, or a variable that stands for it where variables work.
pub(crate) fn or_variable(schema: Value, schemas: &Schemas) -> Value {
    let variable = schemas.variables.then(variable);
    any_of(std::iter::once(schema).chain(variable))
}

/// `[cluster.client]`: each property with what it takes; variables work in all of them.
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
