//! The documented fields of a table.

use serde_json::Value as Json;

use super::definitions::Schemas;
use crate::model::schema::{described, object};

/// The documentation of a field.
#[derive(Debug, Clone)]
pub(crate) struct FieldDoc {
    pub(crate) name: &'static str,
    /// The meaning, in one sentence.
    pub(crate) doc: &'static str,
    /// Returns the schema of the value.
    pub(crate) schema: fn(&mut Schemas) -> Json,
}

/// Returns the schema of a table with these fields.
pub(crate) fn table_schema(fields: &[FieldDoc], schemas: &mut Schemas) -> Json {
    let field = |field: &FieldDoc| {
        let schema = (field.schema)(schemas);
        (field.name, false, described(schema, field.doc))
    };
    let fields: Vec<_> = fields.iter().map(field).collect();
    object(fields)
}
