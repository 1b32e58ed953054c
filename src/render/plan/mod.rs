//! A plan in its formats.

mod footer;
mod json;
mod record;
mod text;
mod unapproved;

pub use json::json;
pub(super) use text::header;
pub use text::text;
pub(super) use unapproved::json as unapproved_json;
