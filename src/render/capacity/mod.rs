//! The disk that topics need, for people and as `topicsmith/capacity/1`.

mod json;
mod text;

pub use json::json;
pub use text::text;

/// The format that [`json()`] writes.
pub const FORMAT: &str = "topicsmith/capacity/1";
