//! Something that a person should know: what, where, why as far as known, and what to do.

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

/// A problem found in the files, at a place. Findings are plain data; the render room words them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// A stable name for the kind of problem, `unknown-key`.
    pub code: &'static str,
    /// Error or warning.
    pub level: Severity,
    /// What is wrong, in one sentence without a full stop at its end.
    pub message: String,
    /// The place that is underlined.
    pub place: Place,
    /// What stands beside the underline; may be empty.
    pub label: String,
    /// A second place that the message speaks of, with its own label ("first defined here").
    pub related: Option<(Place, String)>,
    /// What to do now.
    pub help: Option<String>,
}

impl Finding {
    /// An error at a place.
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

    /// Adds what stands beside the underline.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to do now.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place.
    pub fn related(mut self, place: Place, label: impl Into<String>) -> Self {
        self.related = Some((place, label.into()));
        self
    }
}
