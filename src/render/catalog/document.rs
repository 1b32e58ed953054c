//! The catalogue as JSON, `topicsmith/catalog/1`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::TopicName;
use crate::model::document::document_format;
use crate::view::catalog::{Catalog, CatalogEntry, ClusterState, EnvironmentState, TopicStatus};

document_format!(
    /// The format of a catalogue.
    CatalogFormat = "topicsmith/catalog/1" of CatalogDocument
);

/// All topics of all environments, each once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CatalogDocument {
    /// The format of this document.
    pub format: CatalogFormat,
    /// The environments, in the order that was asked for.
    pub environments: Vec<CatalogEnvironmentDocument>,
    /// The topics that the configuration lists, by name.
    pub topics: Vec<CatalogTopicDocument>,
    /// The topics of lifecycles, by name; a name holds the parameters that tell instances apart.
    pub lifecycles: Vec<CatalogTopicDocument>,
    /// The topics that only clusters have, by name.
    pub others: Vec<CatalogTopicDocument>,
}

/// One environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CatalogEnvironmentDocument {
    /// The environment's name.
    pub environment: String,
    /// What it is for.
    pub description: Option<String>,
    /// The id of the cluster that was read.
    pub cluster_id: Option<String>,
    /// Whether the cluster was read.
    pub read: bool,
    /// Why the cluster could not be read.
    pub error: Option<String>,
}

/// One topic.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CatalogTopicDocument {
    /// The topic.
    pub topic: TopicName,
    /// What it is for.
    pub description: Option<String>,
    /// Who is responsible for it.
    pub owner: Option<String>,
    /// Its labels, of all environments.
    pub labels: BTreeMap<String, String>,
    /// The topic in each environment that lists or holds it.
    pub environments: BTreeMap<String, TopicStatus>,
}

impl From<&Catalog<'_>> for CatalogDocument {
    fn from(catalog: &Catalog) -> Self {
        let Catalog {
            environments,
            listed,
            passing,
            others,
        } = catalog;
        let topics = |entries: &[CatalogEntry]| -> Vec<CatalogTopicDocument> {
            let entries = entries.iter();
            entries.map(|entry| topic(entry, environments)).collect()
        };
        Self {
            format: CatalogFormat,
            environments: environments.iter().map(|part| (*part).into()).collect(),
            topics: topics(listed),
            lifecycles: topics(passing),
            others: topics(others),
        }
    }
}

impl From<&EnvironmentState<'_>> for CatalogEnvironmentDocument {
    fn from(part: &EnvironmentState) -> Self {
        let EnvironmentState { desired, look } = part;
        let (cluster_id, error) = match look {
            ClusterState::Seen(live, _) => (live.cluster_id.clone(), None),
            ClusterState::NotAsked => (None, None),
            ClusterState::Failed(why) => (None, Some(why.clone())),
        };
        Self {
            environment: desired.environment.name.to_string(),
            description: desired.environment.description.clone(),
            cluster_id,
            read: matches!(look, ClusterState::Seen(..)),
            error,
        }
    }
}

fn topic(entry: &CatalogEntry, environments: &[&EnvironmentState]) -> CatalogTopicDocument {
    let CatalogEntry {
        topic,
        description,
        owner,
        labels,
        places,
    } = entry;
    let here = environments.iter().zip(places);
    let here = here.filter_map(|(part, status)| {
        let name = part.desired.environment.name.to_string();
        Some((name, status.clone()?))
    });
    CatalogTopicDocument {
        topic: topic.clone(),
        description: description.clone(),
        owner: owner.clone(),
        labels: labels.clone(),
        environments: here.collect(),
    }
}
