//! JSON Schemas of both kinds of files, for editors. The tables of the reader describe themselves
//! with this module, which does not depend on them.

pub(super) mod config;
pub(super) mod definitions;
pub(super) mod fields;
mod keys;
pub(super) mod kinds;
