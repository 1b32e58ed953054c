//! Writes into people's TOML files: entries for topics that are live, entries for topics that
//! should be. What stands there already keeps its comments and its layout. Text comes out of this
//! room; whether it is shown, checked or written is the caller's business, and so is whose a topic is.

pub mod add;
mod home;
pub mod import;

pub use home::home;
