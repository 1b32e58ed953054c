//! Where a cluster is not what the files say, `topicsmith/drift/1`.

mod json;
mod summary;
mod text;

pub use json::json;
pub use text::text;

/// The format that [`json()`] writes.
pub const FORMAT: &str = "topicsmith/drift/1";
