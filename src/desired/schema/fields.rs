//! The documented fields of a table.

use serde_json::Value as Json;

use super::definitions::Schemas;
use crate::model::schema::{described, object};

/// A field as documents and schemas list it.
#[derive(Debug, Clone)]
pub(crate) struct FieldDoc {
    pub(crate) name: &'static str,
    /// What it means, in a sentence.
    pub(crate) doc: &'static str,
    /// What an editor is told of its value.
    pub(crate) schema: fn(&mut Schemas) -> Json,
}

/// What an editor is told of a table with these fields.
pub(crate) fn table_schema(fields: &[FieldDoc], schemas: &mut Schemas) -> Json {
    let field = |field: &FieldDoc| {
        let schema = (field.schema)(schemas);
        (field.name, false, described(schema, field.doc))
    };
    let fields: Vec<_> = fields.iter().map(field).collect();
    object(fields)
}
