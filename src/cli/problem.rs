//! Errors at the edge: how they are shown in each format, and the exit code that they end a run with.

use anyhow::Error;

use super::exit::Exit;
use crate::app::{ErrorKind, Invalid, help_of, kind_of, sentence};
use crate::model::Severity;
use crate::model::document::ErrorDocument;
use crate::model::text::escape;
use crate::render::diagnostics::document::{
    DiagnosticsDocument, LocationDocument, ProblemDocument,
};
use crate::render::github::{self, AnnotationLevel, Annotations};
use crate::render::markdown::{Section, prose};
use crate::render::{Paint, Style, diagnostics};

impl From<ErrorKind> for Exit {
    fn from(kind: ErrorKind) -> Exit {
        match kind {
            ErrorKind::Failed => Exit::Error,
            ErrorKind::Usage => Exit::Usage,
            ErrorKind::Refused => Exit::Refused,
            ErrorKind::Locked => Exit::Locked,
            ErrorKind::Interrupted => Exit::Interrupted,
            ErrorKind::Partial => Exit::Partial,
        }
    }
}

/// The exit code that an error ends the run with.
pub fn exit_of(error: &Error) -> Exit {
    kind_of(error).into()
}

/// `error: …` and `help: …`, for a person; errors in files as they are shown at their places.
pub fn text(error: &Error, style: Style) -> String {
    let mut text = String::new();
    if let Some(invalid) = error.downcast_ref::<Invalid>() {
        let findings = diagnostics::text(&invalid.findings, &invalid.sources, style);
        text.push_str(&findings);
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
    let code = match kind_of(error) {
        ErrorKind::Usage => "usage",
        ErrorKind::Refused => "refused",
        ErrorKind::Interrupted => "interrupted",
        ErrorKind::Failed | ErrorKind::Locked | ErrorKind::Partial => "error",
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
