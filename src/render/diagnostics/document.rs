//! Findings as JSON, `topicsmith/diagnostics/1`: what `validate --format json` prints, and every
//! command that ends with an error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::document::document_format;
use crate::model::{Finding, Place, Severity};

document_format!(
    /// The format of findings.
    DiagnosticsFormat = "topicsmith/diagnostics/1" of DiagnosticsDocument
);

/// What is wrong in the files, or with a run.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiagnosticsDocument {
    /// The format of this document.
    pub format: DiagnosticsFormat,
    /// The problems in numbers.
    pub summary: DiagnosticsSummary,
    /// The problems, by file and line.
    pub problems: Vec<ProblemDocument>,
}

/// How many problems there are of each level.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiagnosticsSummary {
    /// Those that the run cannot go on with.
    pub errors: usize,
    /// Those that stop nothing.
    pub warnings: usize,
}

/// One problem.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProblemDocument {
    /// A stable name for the kind of problem: `unknown-key`; `usage`, `refused` or `error` where the
    /// problem is in no file.
    pub code: String,
    /// Error or warning.
    pub level: Severity,
    /// What is wrong.
    pub message: String,
    /// Where.
    #[serde(flatten)]
    pub at: LocationDocument,
    /// What is wrong at that very place.
    pub label: Option<String>,
    /// How to fix it.
    pub help: Option<String>,
    /// A second place that belongs to the problem.
    pub related: Option<RelatedDocument>,
}

/// A place in a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct LocationDocument {
    /// The file; `null` where the problem is in no file.
    pub file: Option<String>,
    /// The line, from 1; `null` for the file as a whole.
    pub line: Option<u32>,
    /// The column, from 1, in characters.
    pub column: Option<u32>,
    /// The length, in characters.
    pub length: Option<u32>,
}

/// A second place that belongs to a problem.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RelatedDocument {
    /// Where.
    #[serde(flatten)]
    pub at: LocationDocument,
    /// What the place has to do with the problem.
    pub message: String,
}

impl DiagnosticsDocument {
    /// The document of these problems.
    pub fn new(problems: Vec<ProblemDocument>) -> Self {
        let count = |level| problems.iter().filter(|one| one.level == level).count();
        Self {
            format: DiagnosticsFormat,
            summary: DiagnosticsSummary {
                errors: count(Severity::Error),
                warnings: count(Severity::Warning),
            },
            problems,
        }
    }
}

impl From<&[Finding]> for DiagnosticsDocument {
    fn from(findings: &[Finding]) -> Self {
        Self::new(findings.iter().map(ProblemDocument::from).collect())
    }
}

impl From<&Finding> for ProblemDocument {
    fn from(finding: &Finding) -> Self {
        let Finding {
            code,
            level,
            message,
            place,
            label,
            related,
            help,
        } = finding;
        let related = related.as_ref().map(|(place, label)| RelatedDocument {
            at: place.into(),
            message: label.clone(),
        });
        Self {
            code: (*code).to_owned(),
            level: *level,
            message: message.clone(),
            at: place.into(),
            label: (!label.is_empty()).then(|| label.clone()),
            help: help.clone(),
            related,
        }
    }
}

impl From<&Place> for LocationDocument {
    fn from(place: &Place) -> Self {
        let Place {
            file,
            line,
            column,
            length,
        } = place;
        let within = |number: u32| (*line > 0).then_some(number);
        Self {
            file: Some(file.to_string()),
            line: within(*line),
            column: within(*column),
            length: within(*length),
        }
    }
}
