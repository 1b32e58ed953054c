//! Errors at the edge: the sentence, its causes, what to do now, and the exit code.

use anyhow::Error;
use serde_json::{Value, json};

use super::exit::Exit;
use crate::desired::LoadError;
use crate::inventory::InventoryError;
use crate::kafka;
use crate::model::Finding;
use crate::model::text::escape;
use crate::observe::ObserveError;
use crate::render::{Paint, Style, diagnostics};

/// Wrong usage, exit 64: an argument that means nothing here.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Usage {
    message: String,
    help: String,
}

impl Usage {
    /// What is wrong with the arguments, and what to write instead.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Refused before anything was looked at, exit 4.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    message: String,
    help: String,
}

impl Refused {
    /// What is refused and why, and what to do now.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// Another apply holds the lock, exit 5.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Locked {
    message: String,
    help: String,
}

impl Locked {
    /// Who holds it, and what to do now.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// An error with a way out, exit 1.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Advice {
    message: String,
    help: String,
}

impl Advice {
    /// What is wrong and why, and what to do now.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
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
    let is_usage = error.chain().any(|cause| {
        let load = cause.downcast_ref::<LoadError>();
        cause.is::<Usage>() || load.is_some_and(LoadError::is_usage)
    });
    match is_usage {
        true => Exit::Usage,
        false if error.is::<Refused>() => Exit::Refused,
        false if error.is::<Locked>() => Exit::Locked,
        false => error
            .downcast_ref::<Invalid>()
            .map_or(Exit::Error, |invalid| invalid.exit),
    }
}

/// What to do now, where the error knows it.
fn help_of(error: &Error) -> Option<String> {
    error.chain().find_map(|cause| {
        let usage = cause.downcast_ref::<Usage>();
        let refused = cause.downcast_ref::<Refused>();
        let locked = cause.downcast_ref::<Locked>();
        let advice = cause.downcast_ref::<Advice>();
        let inventory = cause.downcast_ref::<InventoryError>();
        let observed = cause.downcast_ref::<ObserveError>();
        let load = cause.downcast_ref::<LoadError>();
        let kafka = cause.downcast_ref::<kafka::Error>();
        usage
            .map(|usage| usage.help.clone())
            .or_else(|| refused.map(|refused| refused.help.clone()))
            .or_else(|| locked.map(|locked| locked.help.clone()))
            .or_else(|| advice.map(|advice| advice.help.clone()))
            .or_else(|| observed.and_then(ObserveError::help))
            .or_else(|| load.and_then(LoadError::help))
            .or_else(|| kafka.and_then(kafka::Error::help))
            .or_else(|| inventory.and_then(InventoryError::help))
    })
}

/// The error and its causes in one line, each cause once.
fn sentence(error: &Error) -> String {
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
        let head = style.paint(Paint::Told, "help:");
        text.push_str(&format!("{head} {}\n", escape(&help)));
    }
    text
}

/// The error as it stands in JSON at the place of one environment's result.
pub fn json(error: &Error) -> Value {
    json!({"message": sentence(error), "help": help_of(error)})
}

/// The error as a whole document, `topicsmith/diagnostics/1`.
pub fn document(error: &Error) -> Value {
    if let Some(invalid) = error.downcast_ref::<Invalid>() {
        return diagnostics::json(&invalid.findings);
    }
    let code = match exit_of(error) {
        Exit::Usage => "usage",
        Exit::Refused => "refused",
        _ => "error",
    };
    json!({
        "format": "topicsmith/diagnostics/1",
        "summary": {"errors": 1, "warnings": 0},
        "problems": [{
            "code": code,
            "level": "error",
            "message": sentence(error),
            "file": null,
            "line": null,
            "column": null,
            "length": null,
            "label": null,
            "help": help_of(error),
            "related": null,
        }],
    })
}
