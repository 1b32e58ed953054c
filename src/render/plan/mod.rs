//! A plan in its formats.

mod footer;
mod json;
mod text;

pub use json::json;
pub(super) use text::header;
pub use text::text;
