//! Edits the configuration's TOML files: entries for live topics, and entries for new topics.
//! Existing text keeps its comments and layout. This module returns text; the caller displays,
//! validates or writes it, and handles ownership.

pub mod add;
mod home;
pub mod import;

pub use home::home;
