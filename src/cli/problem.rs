//! Errors at the edge: the sentence, its causes, what to do now, and the exit code.

use anyhow::Error;
use serde_json::{Value, json};

use super::exit::Exit;
use crate::model::text::escape;

/// Wrong usage, exit 64: an argument that means nothing here.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Usage {
    message: String,
    help: Option<String>,
}

impl Usage {
    /// What is wrong with the arguments, and what to write instead.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// An error that is wrong usage and says itself what to write instead.
    pub fn of(error: impl std::error::Error) -> Self {
        Self {
            message: error.to_string(),
            help: None,
        }
    }
}

/// An error together with what to do now.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Advised {
    message: String,
    help: String,
}

impl Advised {
    /// What happened, and what to do now.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// The exit code that an error ends the run with.
pub fn exit_of(error: &Error) -> Exit {
    match error.downcast_ref::<Usage>() {
        Some(_) => Exit::Usage,
        None => Exit::Error,
    }
}

/// What to do now, where the error knows it.
fn help_of(error: &Error) -> Option<String> {
    if let Some(usage) = error.downcast_ref::<Usage>() {
        return usage.help.clone();
    }
    error
        .downcast_ref::<Advised>()
        .map(|advised| advised.help.clone())
}

/// The error and its causes in one line, each cause once.
pub fn sentence(error: &Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(&cause) {
            sentence.push_str(": ");
            sentence.push_str(&cause);
        }
    }
    escape(&sentence).into_owned()
}

/// `error: …` and `help: …`, for a person.
pub fn text(error: &Error, colour: bool) -> String {
    let red = console::Style::new().red().bold().force_styling(colour);
    let cyan = console::Style::new().cyan().bold().force_styling(colour);
    let mut text = format!("{} {}\n", red.apply_to("error:"), sentence(error));
    if let Some(help) = help_of(error) {
        let help = escape(&help).into_owned();
        text.push_str(&format!("{} {help}\n", cyan.apply_to("help:")));
    }
    text
}

/// The error as it stands in JSON at the place of one environment's result.
pub fn json(error: &Error) -> Value {
    json!({"message": sentence(error), "help": help_of(error)})
}

/// The error as a whole document, `topicsmith/diagnostics/1`.
pub fn document(error: &Error) -> Value {
    json!({
        "format": "topicsmith/diagnostics/1",
        "summary": {"errors": 1, "warnings": 0},
        "problems": [{
            "code": match exit_of(error) { Exit::Usage => "usage", _ => "error" },
            "level": "error",
            "message": sentence(error),
            "file": null, "line": null, "column": null, "length": null,
            "help": help_of(error),
            "related": null,
        }],
    })
}
