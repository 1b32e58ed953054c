//! Drift as JSON, `topicsmith/drift/1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Difference, DifferenceKind, Drift, DriftState, Drifted};
use crate::diff::Since;
use crate::model::document::document_format;
use crate::model::{Place, Setting, TopicName};
use crate::plan::document::{
    HoldDocument, LastAppliedDocument, OwnedElsewhereDocument, RefusalDocument, SettingDocument,
};
use crate::plan::{ExternalChange, HeldTopic, Plan};

document_format!(
    /// The format of a drift document.
    DriftFormat = "topicsmith/drift/1" of DriftDocument, several as "drifts"
);

/// Where the cluster of one environment differs from what was applied, or from the configuration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DriftDocument {
    /// The format of this document.
    pub format: DriftFormat,
    /// The environment's name.
    pub environment: String,
    /// The id of the cluster that was read.
    pub cluster_id: Option<String>,
    /// The differences in numbers.
    pub summary: DriftSummary,
    /// The topics that differ, by name.
    pub topics: Vec<DriftedDocument>,
    /// Topics that a hold keeps as they are, and how they differ.
    pub held: Vec<HeldDriftDocument>,
    /// Live topics that are in no file and unowned.
    pub unlisted: Vec<TopicName>,
    /// Live topics that are in no file and owned by another scope or environment.
    pub owned_elsewhere: Vec<OwnedElsewhereDocument>,
    /// Topics that could not be compared: this principal cannot see them or their configs.
    pub not_visible: Vec<TopicName>,
    /// Why nothing was compared: another cluster.
    pub refused: Vec<RefusalDocument>,
    /// What could not be read, and what follows from it.
    pub notes: Vec<String>,
}

/// How many topics differ in which way.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DriftSummary {
    /// Topics that were changed on the cluster since the last apply.
    pub drift: usize,
    /// Topics whose configuration was not applied yet.
    pub pending: usize,
    /// Topics whose settings differ.
    pub differs: usize,
    /// Listed topics that are not on the cluster.
    pub missing: usize,
    /// Topics on the cluster that a removal names.
    pub unwanted: usize,
    /// Topics that a hold keeps as they are.
    pub held: usize,
    /// Live topics that are in no file and unowned.
    pub unlisted: usize,
    /// Listed topics that are in sync.
    pub unchanged: usize,
    /// Topics that could not be compared.
    pub not_visible: usize,
}

/// A topic that differs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DriftedDocument {
    /// The topic.
    pub topic: TopicName,
    /// In what way it differs.
    pub state: DriftState,
    /// On which side the topic as a whole changed since the last apply.
    pub since_applied: Option<Since>,
    /// What happened to the topic outside of topicsmith since the last apply.
    pub external_change: Option<ExternalChange>,
    /// The entry or removal.
    pub declared_at: Option<String>,
    /// When and from where the topic was last applied.
    pub last_applied: Option<LastAppliedDocument>,
    /// Its settings that differ.
    pub settings: Vec<DifferenceDocument>,
    /// What of it differs in the inventory only.
    pub inventory: Vec<SettingDocument>,
}

/// A setting that differs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DifferenceDocument {
    /// The setting.
    pub setting: Setting,
    /// In what way it differs.
    pub kind: DifferenceKind,
    /// On which side it changed since the last apply.
    pub since_applied: Since,
    /// What was last applied, where the inventory holds it.
    pub last_applied: Option<String>,
    /// The live value.
    pub live: Option<String>,
    /// The declared value.
    pub wanted: Option<String>,
    /// Where it is declared.
    pub declared_at: Option<String>,
}

/// A hold, and how the held topic differs.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HeldDriftDocument {
    /// The hold.
    #[serde(flatten)]
    pub hold: HoldDocument,
    /// The settings that differ.
    pub settings: Vec<DifferenceDocument>,
}

impl DriftDocument {
    /// The document of a drift, which must be of this plan.
    pub fn new(plan: &Plan, drift: &Drift) -> Self {
        let of = |state| drift.topics.iter().filter(|d| d.state == state).count();
        let held = |held: &HeldTopic| {
            let differs = drift
                .held
                .iter()
                .find(|drifted| *drifted.topic == held.topic);
            HeldDriftDocument {
                hold: held.into(),
                settings: differs.map_or_else(Vec::new, differences),
            }
        };
        let refused = plan.wrong_cluster().into_iter();
        Self {
            format: DriftFormat,
            environment: plan.environment.clone(),
            cluster_id: plan.cluster.id.clone(),
            summary: DriftSummary {
                drift: drift.drifted(),
                pending: drift.pending(),
                differs: of(DriftState::Differs),
                missing: of(DriftState::Missing),
                unwanted: of(DriftState::Unwanted),
                held: plan.held.len(),
                unlisted: plan.unlisted.len(),
                unchanged: plan.unchanged,
                not_visible: plan.not_visible.len(),
            },
            topics: drift.topics.iter().map(DriftedDocument::from).collect(),
            held: plan.held.iter().map(held).collect(),
            unlisted: plan.unlisted.clone(),
            owned_elsewhere: plan
                .theirs
                .iter()
                .map(OwnedElsewhereDocument::from)
                .collect(),
            not_visible: plan.not_visible.clone(),
            refused: refused.map(RefusalDocument::from).collect(),
            notes: plan.notes.clone(),
        }
    }
}

impl From<&Drifted<'_>> for DriftedDocument {
    fn from(drifted: &Drifted) -> Self {
        let Drifted {
            topic,
            state,
            since,
            external_change,
            declared_at,
            applied,
            record,
            differences: _,
        } = drifted;
        Self {
            topic: (*topic).clone(),
            state: *state,
            since_applied: *since,
            external_change: *external_change,
            declared_at: declared_at.map(Place::file_line),
            last_applied: applied.map(LastAppliedDocument::from),
            settings: differences(drifted),
            inventory: record
                .iter()
                .map(|change| SettingDocument::from(*change))
                .collect(),
        }
    }
}

fn differences(drifted: &Drifted) -> Vec<DifferenceDocument> {
    let differences = drifted.differences.iter();
    differences.map(DifferenceDocument::from).collect()
}

impl From<&Difference<'_>> for DifferenceDocument {
    fn from(difference: &Difference) -> Self {
        let Difference {
            setting,
            kind,
            since,
            applied,
            live,
            wanted,
            declared_at,
        } = difference;
        Self {
            setting: setting.clone(),
            kind: *kind,
            since_applied: *since,
            last_applied: applied.clone(),
            live: live.clone(),
            wanted: wanted.clone(),
            declared_at: declared_at.map(Place::file_line),
        }
    }
}
