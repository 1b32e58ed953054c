//! One topic, or one environment, in full: for people, and as `topicsmith/show/1`.

mod beside;
mod environment;
mod json;
mod look;
mod topic;
mod words;

pub use beside::beside;
pub use environment::{EnvironmentView, environment_json, environment_text};
pub use json::json;
pub use topic::text;

/// The format that [`json()`] and [`environment_json()`] write.
pub const FORMAT: &str = "topicsmith/show/1";
