//! What changes in the inventory, in words.

use crate::model::ConfigKey;
use crate::model::text::escape;
use crate::plan::RecordChange;
use crate::render::values;

/// `on_remove retain → delete`
pub(super) fn recorded(change: &RecordChange) -> String {
    let (field, values) = parts(change);
    format!("{field} {values}")
}

/// The field, and from what to what it changes.
pub(super) fn parts(change: &RecordChange) -> (String, String) {
    let shown = |value: &Option<String>| match (value, change.field.strip_prefix("config.")) {
        (None, _) => "nothing".to_owned(),
        (Some(value), Some(key)) => values::value(&ConfigKey::from(key), value),
        (Some(value), None) => escape(value).into_owned(),
    };
    let field = change
        .field
        .strip_prefix("config.")
        .unwrap_or(&change.field);
    let values = format!("{} → {}", shown(&change.from), shown(&change.to));
    (escape(field).into_owned(), values)
}
