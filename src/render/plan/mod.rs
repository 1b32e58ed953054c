//! A plan in its formats.

mod footer;
mod github;
mod json;
mod markdown;
mod parts;
mod record;
mod schema;
mod text;
mod unapproved;

pub use github::annotations;
pub(super) use github::beside as annotations_beside;
pub(super) use github::refusals as refusal_annotations;
pub use json::json;
pub(super) use json::{
    hold as hold_json, last_applied as last_applied_json, record_change as record_json,
    theirs as theirs_json,
};
pub use markdown::section;
pub(super) use markdown::{alerts, remarks};
pub(super) use record::{
    field, held as held_words, last_applied, theirs as theirs_words, values as field_values,
};
pub use schema::schema;
pub(super) use text::header;
pub use text::text;
pub(super) use unapproved::json as unapproved_json;

#[cfg(test)]
mod tests;
