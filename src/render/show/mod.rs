//! One topic, or one environment, in full: for people, and as `topicsmith/show/1`.

mod beside;
pub mod document;
mod environment;
mod look;
mod topic;
mod words;

pub use beside::beside;
pub use environment::environment_text;
pub use topic::text;
