//! What both kinds of files can say: every table with its documented fields, and the kinds of values
//! that fields take. Reading a table checks it as far as that is possible without its neighbours.

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
