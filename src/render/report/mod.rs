//! What became of an apply, `topicsmith/report/1`.

mod json;
mod text;
mod words;

pub use json::json;
pub use text::text;

/// The format that [`json`] writes.
pub const FORMAT: &str = "topicsmith/report/1";

#[cfg(test)]
mod tests;
