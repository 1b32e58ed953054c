//! Errors that end the work: what is wrong, what to do now, and of what kind it is. How that is shown,
//! and with which exit code a process ends, is for whoever runs the work.

use anyhow::Error;

use crate::desired::LoadError;
use crate::files::FileError;
use crate::inventory::InventoryError;
use crate::kafka;
use crate::model::text::escape;
use crate::model::{Finding, Sources};
use crate::observe::ObserveError;

/// What an error means for the cluster, and for whoever might try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Something failed, and nothing on the cluster was changed.
    Failed,
    /// What was asked for cannot be: an option, a name, a glob.
    Usage,
    /// A rule, a guard or a gate refuses it, and nothing was changed.
    Refused,
    /// Another apply of the environment holds the lock. Later it may succeed.
    Locked,
    /// It was interrupted.
    Interrupted,
    /// It failed half-way: something was changed, or may have been.
    Partial,
}

/// An error that knows its kind, and says what to do now.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    kind: ErrorKind,
    message: String,
    help: String,
}

impl Problem {
    fn new(kind: ErrorKind, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            help: help.into(),
        }
    }

    /// [`ErrorKind::Failed`]
    pub fn error(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Failed, message, help)
    }

    /// [`ErrorKind::Usage`]
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message, help)
    }

    /// [`ErrorKind::Refused`]
    pub fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, message, help)
    }

    /// [`ErrorKind::Interrupted`]
    pub fn interrupted(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Interrupted, message, help)
    }

    /// [`ErrorKind::Partial`]
    pub fn partial(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Partial, message, help)
    }

    /// [`ErrorKind::Locked`]
    pub fn locked(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(ErrorKind::Locked, message, help)
    }
}

/// Errors in the files, each at its place.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    message: String,
    /// The errors, and warnings beside them.
    pub findings: Vec<Finding>,
    /// The files that they are in.
    pub sources: Sources,
    kind: ErrorKind,
}

impl Invalid {
    /// Findings, with what follows from them.
    pub fn new(message: String, findings: &[Finding], sources: &Sources) -> Self {
        Self {
            message,
            findings: findings.to_vec(),
            sources: sources.clone(),
            kind: ErrorKind::Failed,
        }
    }

    /// The same as a refusal: what stands in the files is not wrong, but not allowed here.
    pub fn refused(self) -> Self {
        Self {
            kind: ErrorKind::Refused,
            ..self
        }
    }
}

/// Of what kind an error is.
pub fn kind_of(error: &Error) -> ErrorKind {
    let kind = error.chain().find_map(|cause| {
        let problem = cause.downcast_ref::<Problem>().map(|problem| problem.kind);
        let load = cause.downcast_ref::<LoadError>();
        let load = load.filter(|load| load.is_usage());
        let load = load.map(|_| ErrorKind::Usage);
        let invalid = cause.downcast_ref::<Invalid>().map(|invalid| invalid.kind);
        problem.or(load).or(invalid)
    });
    kind.unwrap_or(ErrorKind::Failed)
}

/// What to do now, where the error knows it.
pub fn help_of(error: &Error) -> Option<String> {
    fn of<'a, E: std::error::Error + 'static>(
        cause: &'a (dyn std::error::Error + 'static),
        help: impl FnOnce(&'a E) -> Option<String>,
    ) -> Option<String> {
        cause.downcast_ref::<E>().and_then(help)
    }
    error.chain().find_map(|cause| {
        of(cause, |problem: &Problem| Some(problem.help.clone()))
            .or_else(|| of(cause, LoadError::help))
            .or_else(|| of(cause, |file: &FileError| file.help().map(str::to_owned)))
            .or_else(|| of(cause, InventoryError::help))
            .or_else(|| of(cause, ObserveError::help))
            .or_else(|| of(cause, kafka::Error::help))
    })
}

/// The error and its causes in one line, each cause once.
pub fn sentence(error: &Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(plain) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(&cause) {
            sentence.push_str(": ");
            sentence.push_str(&cause);
        }
    }
    escape(&sentence).into_owned()
}

/// A cause without the number that the operating system has for it: its words are enough.
fn plain(cause: &(dyn std::error::Error + 'static)) -> String {
    let text = cause.to_string();
    match text.rfind(" (os error ") {
        Some(end) if text.ends_with(')') => text[..end].to_owned(),
        _ => text,
    }
}
