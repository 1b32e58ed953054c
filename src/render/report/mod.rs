//! What became of an apply, `topicsmith/report/1`.

pub mod document;
mod github;
mod markdown;
mod text;
pub(super) mod words;

pub use github::annotations;
pub use markdown::section;
pub use text::text;
pub(super) use words::{ORDER, kind as word};

#[cfg(test)]
mod tests;
