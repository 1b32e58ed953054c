//! What editors are told of the fields of both kinds of files, as JSON Schemas. The tables that read
//! the files describe themselves with it: it knows none of them.

pub(super) mod config;
pub(super) mod definitions;
pub(super) mod fields;
mod keys;
pub(super) mod kinds;
