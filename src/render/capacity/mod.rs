//! The disk that topics need, for people and as `topicsmith/capacity/1`.

pub mod document;
mod text;

pub use text::text;
