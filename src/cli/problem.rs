//! Errors at the edge: the sentence, its causes, what to do now, and the exit code.

use super::exit::Exit;
use crate::desired::LoadError;
use crate::files::FileError;
use crate::inventory::InventoryError;
use crate::kafka;
use crate::model::document::ErrorDocument;
use crate::model::text::escape;
use crate::model::{Finding, Severity};
use crate::observe::ObserveError;
use crate::render::diagnostics::document::{
    DiagnosticsDocument, LocationDocument, ProblemDocument,
};
use crate::render::github::{self, AnnotationLevel, Annotations};
use crate::render::markdown::{Section, prose};
use crate::render::{Paint, Style, diagnostics};
use anyhow::Error;

/// An error that ends the run with a code of its own, and says what to do now.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    exit: Exit,
    message: String,
    help: String,
}

impl Problem {
    fn new(exit: Exit, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: help.into(),
        }
    }

    /// What is wrong and why, exit 1.
    pub fn error(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Error, message, help)
    }

    /// What is wrong with the arguments, exit 64.
    pub fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message, help)
    }

    /// What is refused and why, exit 4.
    pub fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Refused, message, help)
    }

    /// What was left where it stood by a signal, exit 130.
    pub fn interrupted(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Interrupted, message, help)
    }

    /// What failed where something may have been changed, exit 3.
    pub fn partial(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Partial, message, help)
    }

    /// Who else holds the lock, exit 5.
    pub fn locked(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new(Exit::Locked, message, help)
    }
}

/// Errors in the files, each at its place.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    message: String,
    findings: Vec<Finding>,
    text: String,
    exit: Exit,
}

impl Invalid {
    /// What follows from the findings, and how a person is shown them.
    pub fn new(message: String, findings: &[Finding], text: String) -> Self {
        Self {
            message,
            findings: findings.to_vec(),
            text,
            exit: Exit::Error,
        }
    }

    /// The same as a refusal: what stands in the files is not wrong, but not allowed here.
    pub fn refused(self) -> Self {
        Self {
            exit: Exit::Refused,
            ..self
        }
    }
}

/// The exit code that an error ends the run with.
pub fn exit_of(error: &Error) -> Exit {
    let exit = error.chain().find_map(|cause| {
        let problem = cause.downcast_ref::<Problem>().map(|problem| problem.exit);
        let load = cause.downcast_ref::<LoadError>();
        let load = load.filter(|load| load.is_usage()).map(|_| Exit::Usage);
        let invalid = cause.downcast_ref::<Invalid>().map(|invalid| invalid.exit);
        problem.or(load).or(invalid)
    });
    exit.unwrap_or(Exit::Error)
}

/// What to do now, where the error knows it.
fn help_of(error: &Error) -> Option<String> {
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
pub(crate) fn sentence(error: &Error) -> String {
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

/// `error: …` and `help: …`, for a person; errors in files as they are shown at their places.
pub fn text(error: &Error, style: Style) -> String {
    let mut text = String::new();
    if let Some(invalid) = error.downcast_ref::<Invalid>() {
        text.push_str(&invalid.text);
    }
    let head = style.paint(Paint::Removed, "error:");
    text.push_str(&format!("{head} {}\n", sentence(error)));
    if let Some(help) = help_of(error) {
        let head = style.paint(Paint::Info, "help:");
        text.push_str(&format!("{head} {}\n", escape(&help)));
    }
    text
}

/// The error as it stands in JSON at the place of one environment's result.
pub fn document(error: &Error) -> ErrorDocument {
    ErrorDocument {
        message: sentence(error),
        help: help_of(error),
    }
}

/// The error as a part of a comment on a pull request: what failed, and where.
pub fn section(command: &str, error: &Error) -> Section {
    let heading = format!("{command} failed: {}", prose(&sentence(error)));
    let help = help_of(error).map(|help| prose(&help));
    match error.downcast_ref::<Invalid>() {
        Some(invalid) => Section {
            heading,
            ..diagnostics::section(&invalid.findings)
        },
        None => Section {
            heading,
            alerts: help.into_iter().collect(),
            ..Section::default()
        },
    }
}

/// The error as annotations of a workflow's run.
pub fn annotations(command: &str, error: &Error) -> Annotations {
    let summary = format!("{command} failed: {}", sentence(error));
    if let Some(invalid) = error.downcast_ref::<Invalid>() {
        return Annotations {
            summary,
            ..github::findings(&invalid.findings)
        };
    }
    let mut said = Annotations::default();
    let help = help_of(error).map(|help| format!("help: {help}"));
    let lines = std::iter::once(sentence(error)).chain(help).collect();
    said.add(
        AnnotationLevel::Error,
        None,
        format!("{command} failed"),
        lines,
    );
    said
}

/// The error as a whole document, `topicsmith/diagnostics/1`.
pub fn diagnostics(error: &Error) -> DiagnosticsDocument {
    if let Some(invalid) = error.downcast_ref::<Invalid>() {
        return DiagnosticsDocument::from(&*invalid.findings);
    }
    let code = match exit_of(error) {
        Exit::Usage => "usage",
        Exit::Refused => "refused",
        Exit::Interrupted => "interrupted",
        _ => "error",
    };
    DiagnosticsDocument::new(vec![ProblemDocument {
        code: code.to_owned(),
        level: Severity::Error,
        message: sentence(error),
        at: LocationDocument::default(),
        label: None,
        help: help_of(error),
        related: None,
    }])
}
