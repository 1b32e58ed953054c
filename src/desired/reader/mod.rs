//! The contents of both kinds of files: every table with its documented fields, and the types of
//! values. Tables are checked here as far as possible without other tables.

pub(super) mod automaton;
pub(super) mod cluster_table;
pub(super) mod config_table;
pub(super) mod config_value;
pub(super) mod environment_file;
pub(super) mod field;
pub(super) mod file;
pub(super) mod pattern;
pub(super) mod rules_table;
pub(super) mod settings;
pub(super) mod topics_file;
mod unknown_key;
pub(super) mod values;
pub(super) mod variables;
pub(super) mod words;
pub(super) mod written;

#[cfg(test)]
mod tests;
