//! Where a cluster is not what the files say, `topicsmith/drift/1`.

mod github;
mod json;
mod markdown;
mod summary;
mod text;
mod words;

pub use github::annotations;
pub use json::json;
pub use markdown::section;
pub use text::text;

/// The format that [`json()`] writes.
pub const FORMAT: &str = "topicsmith/drift/1";
