//! A report as JSON, `topicsmith/report/1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::words;
use crate::apply::{Count, OperationKind, Outcome, OutcomeKind, PartOutcome, Report, ReportEntry};
use crate::model::document::document_format;
use crate::model::{Setting, TopicName};
use crate::plan::approval::UnapprovedDocument;
use crate::plan::document::RefusalDocument;
use crate::plan::{Action, Plan};

document_format!(
    /// The format of a report.
    ReportFormat = "topicsmith/report/1" of ReportDocument
);

/// What became of the plan of one environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReportDocument {
    /// The format of this document.
    pub format: ReportFormat,
    /// The environment's name.
    pub environment: String,
    /// The id of the cluster.
    pub cluster_id: Option<String>,
    /// How many changes ended in which way.
    pub summary: ReportSummary,
    /// Whether the apply was told to stop.
    pub interrupted: bool,
    /// What became of each change, and of each that is blocked or held, by topic name.
    pub changes: Vec<OutcomeDocument>,
    /// The guards and gates that refused the apply.
    pub refused: Vec<RefusalDocument>,
    /// What the saved plan does not approve.
    pub not_approved: Vec<UnapprovedDocument>,
}

/// How many changes ended in which way.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ReportSummary {
    /// As declared, by this apply.
    pub applied: usize,
    /// As declared, without this apply.
    pub already_applied: usize,
    /// Rejected by the broker.
    pub failed: usize,
    /// Accepted by the broker, and the topic holds something else.
    pub not_effective: usize,
    /// Done or not: no answer came, and the topic could not be read back.
    pub unknown: usize,
    /// Blocked by the plan.
    pub blocked: usize,
    /// Waiting for the end of a hold, or for what is blocked.
    pub held: usize,
    /// Not requested.
    pub skipped: usize,
}

/// What became of the change of one topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeDocument {
    /// The topic.
    pub topic: TopicName,
    /// What was to happen to the topic; `null` where that was blocked.
    pub action: Option<Action>,
    /// The outcome of the setting that needs the most attention.
    pub result: OutcomeKind,
    /// Why it ended so.
    pub reason: Option<String>,
    /// What became of each setting.
    pub settings: Vec<SettingOutcomeDocument>,
}

/// What became of one setting.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SettingOutcomeDocument {
    /// The setting; `null` for the topic as a whole.
    pub setting: Option<Setting>,
    /// What was to be done; `null` where that was blocked.
    pub action: Option<OperationKind>,
    /// How it ended.
    pub result: OutcomeKind,
    /// The name of Kafka's error, or the code of what blocked it.
    pub code: Option<String>,
    /// Why it ended so.
    pub message: Option<String>,
}

impl ReportDocument {
    /// The document of a report, which must be of this plan.
    pub fn new(report: &Report, plan: &Plan) -> Self {
        let Report {
            environment,
            cluster_id,
            entries,
            interrupted,
        } = report;
        Self {
            format: ReportFormat,
            environment: environment.clone(),
            cluster_id: cluster_id.clone(),
            summary: report.count().into(),
            interrupted: *interrupted,
            changes: entries.iter().map(OutcomeDocument::from).collect(),
            refused: plan.refused.iter().map(RefusalDocument::from).collect(),
            not_approved: plan
                .unapproved
                .iter()
                .map(UnapprovedDocument::from)
                .collect(),
        }
    }
}

impl From<Count> for ReportSummary {
    fn from(count: Count) -> Self {
        Self {
            applied: count.of(OutcomeKind::Applied),
            already_applied: count.of(OutcomeKind::AlreadyApplied),
            failed: count.of(OutcomeKind::Failed),
            not_effective: count.of(OutcomeKind::NotEffective),
            unknown: count.of(OutcomeKind::Unknown),
            blocked: count.of(OutcomeKind::Blocked),
            held: count.of(OutcomeKind::Held),
            skipped: count.of(OutcomeKind::Skipped),
        }
    }
}

impl From<&ReportEntry> for OutcomeDocument {
    fn from(entry: &ReportEntry) -> Self {
        let worst = entry.worst();
        Self {
            topic: entry.topic.clone(),
            action: entry.action,
            result: entry.kind(),
            reason: worst.and_then(|part| words::reason(part.setting.as_ref(), &part.outcome)),
            settings: entry
                .parts
                .iter()
                .map(SettingOutcomeDocument::from)
                .collect(),
        }
    }
}

impl From<&PartOutcome> for SettingOutcomeDocument {
    fn from(part: &PartOutcome) -> Self {
        let PartOutcome {
            setting,
            doing,
            outcome,
        } = part;
        Self {
            setting: setting.clone(),
            action: *doing,
            result: outcome.kind(),
            code: match outcome {
                Outcome::Failed(fault) => Some(fault.name.clone()),
                Outcome::Blocked(code, _) | Outcome::Held(code) => Some(code.to_string()),
                _ => None,
            },
            message: words::reason(setting.as_ref(), outcome),
        }
    }
}
