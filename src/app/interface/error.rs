//! The error of everything that a program calls.

use std::fmt;

use super::super::problem::{ErrorKind, Invalid, help_of, kind_of, sentence};
use crate::render::{Style, diagnostics};

/// Why something could not be done. It is shown as one line; with `{:?}`, and so by a `main` that
/// returns it, also with what to do now and each error in the files at its place.
pub struct Error(anyhow::Error);

impl Error {
    /// What it means for the cluster, and for whoever might try again.
    pub fn kind(&self) -> ErrorKind {
        kind_of(&self.0)
    }

    /// What to do now, where that is known.
    pub fn help(&self) -> Option<String> {
        help_of(&self.0)
    }

    /// The errors in the files, each at its place, as `topicsmith validate` shows them.
    pub fn diagnostics(&self) -> Option<String> {
        let invalid = self.0.downcast_ref::<Invalid>()?;
        let Invalid {
            findings, sources, ..
        } = invalid;
        Some(diagnostics::text(findings, sources, Style::default()))
    }
}

/// What is said inside with `anyhow`, for a program.
pub(super) fn shown<T>(result: anyhow::Result<T>) -> Result<T, Error> {
    result.map_err(Error)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(&self.0))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        if let Some(help) = self.help() {
            write!(f, "\nhelp: {help}")?;
        }
        if let Some(diagnostics) = self.diagnostics() {
            write!(f, "\n{diagnostics}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
