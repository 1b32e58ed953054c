//! Finding, reading and parsing files. Broken syntax is a finding; the meaning of tables is handled
//! elsewhere.

pub(super) mod document;
pub(super) mod error;
pub(super) mod folder;
pub(super) mod syntax;
pub(super) mod weight;
