//! What became of an apply, `topicsmith/report/1`.

mod json;
mod text;
pub(super) mod words;

pub(super) use json::entry as entry_json;
pub use json::json;
pub(super) use json::key;
pub use text::text;
pub(super) use words::ORDER;

/// The format that [`json`] writes.
pub const FORMAT: &str = "topicsmith/report/1";

#[cfg(test)]
mod tests;
