//! Which files are read, and their text as TOML. Broken syntax is a finding; what the tables mean is
//! not known here.

pub(super) mod document;
pub(super) mod error;
pub(super) mod folder;
pub(super) mod syntax;
pub(super) mod weight;
