//! Findings: problems in the configuration, each with its place, reason and fix.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place::Place;

/// How bad a finding is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The run cannot go on.
    Error,
    /// Worth a look, stops nothing.
    Warning,
}

/// A problem at a place in a file. Findings are plain data; [`crate::render`] formats them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable code of the problem, such as `unknown-key`.
    pub code: &'static str,
    /// Error or warning.
    pub level: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The underlined place.
    pub place: Place,
    /// The text beside the underline; may be empty.
    pub label: String,
    /// A second place that the message refers to, with its label ("first defined here").
    pub related: Option<(Place, String)>,
    /// How to fix the problem.
    pub help: Option<String>,
}

impl Finding {
    /// Creates an error at a place.
    pub fn error(code: &'static str, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            level: Severity::Error,
            message: message.into(),
            place,
            label: String::new(),
            related: None,
            help: None,
        }
    }

    /// Sets the text beside the underline.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Sets how to fix the problem.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Sets a second place.
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related = Some((place, label.into()));
        self
    }
}
