//! What a program gets: a plan, drift, a report.

use std::fmt;

use serde_json::Value;

use crate::apply::{self, RunResult};
use crate::model::document;
use crate::plan::drift::document::DriftDocument;
use crate::plan::{self, Action, PlanDocument, drift};
use crate::render::report::document::ReportDocument;
use crate::render::{self, Style};

/// What an apply would do, and why not more. As text it is what `topicsmith plan` prints.
#[derive(Debug, Clone)]
pub struct Plan(pub(super) plan::Plan);

/// What would happen to one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change<'p> {
    /// The topic.
    pub topic: &'p str,
    /// What happens to it as a whole.
    pub action: Action,
}

/// Why something is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reason<'p> {
    /// The topic; `None` where it holds for the plan as a whole.
    pub topic: Option<&'p str>,
    /// A stable name, as in the page of codes.
    pub code: &'p str,
    /// What was to be and why it cannot be, in a sentence.
    pub message: &'p str,
    /// What to do about it.
    pub help: &'p str,
}

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; to fix: {}", self.message, self.help)
    }
}

impl Plan {
    /// Whether there is nothing to change. Something may be blocked all the same.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes, by topic name.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.0.changes.iter().map(|change| Change {
            topic: change.topic.as_str(),
            action: change.action,
        })
    }

    /// What the files ask for and an apply leaves as it is, by topic name.
    pub fn blocked(&self) -> impl Iterator<Item = Reason<'_>> {
        self.0.blocked.iter().map(|blocked| Reason {
            topic: Some(blocked.topic.as_str()),
            code: blocked.code.as_str(),
            message: &blocked.message,
            help: &blocked.help,
        })
    }

    /// Why an apply would be refused as a whole: guards, gates, another cluster. Empty where it would
    /// not be.
    pub fn refused(&self) -> impl Iterator<Item = Reason<'_>> {
        self.0.refused.iter().map(|refusal| Reason {
            topic: None,
            code: &refusal.code,
            message: &refusal.message,
            help: &refusal.help,
        })
    }

    /// The document `topicsmith/plan/1`, with every setting on both sides; `topicsmith schema plan`
    /// describes it.
    pub fn json(&self) -> Value {
        document::json(&PlanDocument::from(&self.0))
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::plan::text(&self.0, Style::default()))
    }
}

/// Where a cluster is not what was last applied (drift), and where the files are not (pending). As text
/// it is what `topicsmith drift` prints.
#[derive(Debug, Clone)]
pub struct Drift {
    drifted: usize,
    pending: usize,
    document: Value,
    text: String,
}

impl Drift {
    pub(super) fn new(plan: &plan::Plan, drift: &drift::Drift<'_>) -> Self {
        Self {
            drifted: drift.drifted(),
            pending: drift.pending(),
            document: document::json(&DriftDocument::new(plan, drift)),
            text: render::drift::text(plan, drift, Style::default()),
        }
    }

    /// How many topics were changed on the cluster since they were applied. Without an inventory, how
    /// many differ from the files.
    pub fn drifted(&self) -> usize {
        self.drifted
    }

    /// Of how many topics the files say something that was not applied yet.
    pub fn pending(&self) -> usize {
        self.pending
    }

    /// The document `topicsmith/drift/1`; `topicsmith schema drift` describes it.
    pub fn json(&self) -> &Value {
        &self.document
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What became of a plan. As text it is what `topicsmith apply` prints at its end.
#[derive(Debug, Clone)]
pub struct Report {
    pub(super) report: apply::Report,
    pub(super) plan: plan::Plan,
}

impl Report {
    /// How the apply ended as a whole.
    pub fn result(&self) -> RunResult {
        self.report.verdict()
    }

    /// Whether something on the cluster was changed, or may have been.
    pub fn changed(&self) -> bool {
        self.report.changed()
    }

    /// The document `topicsmith/report/1`, with what became of each setting; `topicsmith schema report`
    /// describes it.
    pub fn json(&self) -> Value {
        document::json(&ReportDocument::new(&self.report, &self.plan))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::report::text(&self.report, Style::default()))
    }
}
