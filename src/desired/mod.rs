//! The desired state: the configuration is read, checked and resolved through its layers; every
//! value has the place and the layer that set it. This module depends neither on Kafka nor on the
//! live state.
//!
//! ```text
//!  files ──► reader ──► declarations ──► layers ──► checks, policy ──► Loaded
//!  (text)  (one file) (all of a kind)      (one environment)
//! ```
//!
//! | module | contents |
//! | --- | --- |
//! | `files` | which files are read, and parsing to TOML |
//! | `reader` | the tables of both kinds of files, one file each; `schema`: their JSON Schemas |
//! | `declarations` | all topics files together, all environment files together |
//! | `layers` | the layered values of each setting, the effective value, and its origin |
//! | `checks`, `policy` | conflicts between resolved values; `[rules]` |
//! | `connection` | `[cluster]`, the runner's client configuration, secrets |
//! | `lifecycle` | names with parameters, and the topics of an instance |
//!
//! All stages report to `problems` and continue: unreadable parts are distinguished from absent
//! ones, so that one mistake yields one finding.

mod checks;
mod connection;
mod declarations;
mod draft;
mod files;
mod layers;
mod lifecycle;
mod load;
mod policy;
mod problems;
mod reader;
mod schema;
mod subject;
mod suggest;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use checks::whole::outside_scope;
pub use connection::client_config::ClientConfig;
pub use connection::secrets::Outside;
pub use connection::template::ConnectionTemplate;
pub use declarations::select::Ask;
pub use draft::{Draft, load_with};
pub use files::error::LoadError;
pub use files::folder::Folders;
pub use layers::defaults::Defaults;
pub use layers::explain::{Explained, ExplainedTopic};
pub use layers::stack::{FromVariable, LayerValue, SettingStack};
pub use lifecycle::instance::NoInstance;
pub use lifecycle::name_template::NameTemplate;
pub use load::{
    CheckedEnvironment, Loaded, LoadedEnvironment, check, load, load_environments, load_explained,
    load_to_connect,
};
pub use policy::rules::{NameRule, Requirement};
pub use reader::environment_file::schema as environment_schema;
pub use reader::pattern::Pattern;
pub use reader::topics_file::schema as topics_schema;
pub use reader::variables::Variables;
pub use reader::written::Written;
pub use suggest::closest;

use crate::model::{
    ConfigKey, ConfigMap, Globs, OnRemove, Place, RiskCode, Secret, Setting, Sourced, TopicName,
};

/// The id of the only cluster to which an environment may connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterId(Secret);

impl ClusterId {
    /// Returns whether a cluster has this id.
    pub fn is(&self, id: &str) -> bool {
        self.0.expose() == id
    }
}

/// An id from a variable is displayed by the variable's name.
impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for ClusterId {
    /// Creates an id that is not secret.
    fn from(id: &str) -> Self {
        Self(Secret::public(id))
    }
}

/// The desired state of one environment.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The environment's own settings.
    pub environment: Environment,
    /// The declared topics.
    pub topics: BTreeMap<TopicName, Topic>,
    /// The topics to remove, `[removed.NAME]`.
    pub removed: BTreeMap<TopicName, Removal>,
    /// The lifecycles of ephemeral topics, `[lifecycles.NAME]`.
    pub lifecycles: BTreeMap<Arc<str>, Lifecycle>,
    /// The defaults of all topics, and the required keys.
    pub defaults: Defaults,
}

/// The settings of an environment file besides connection and defaults.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The file's name without `.toml`.
    pub name: Arc<str>,
    /// The purpose of the environment.
    pub description: Option<String>,
    /// Other names of the environment in `env.NAME` and `environments`.
    pub groups: Vec<String>,
    /// The only cluster to which this environment may connect.
    pub cluster_id: Option<Sourced<ClusterId>>,
    /// Topics that are never read and never reported.
    pub ignore_topics: Globs,
    /// Undeclared config keys that are neither reported nor reset.
    pub ignore_configs: Globs,
    /// Whether a declared value must be set on the topic even if it equals the broker's default.
    pub pin: bool,
    /// The limits and gates of an apply.
    pub guards: Guards,
    /// The storage of ownership.
    pub inventory: Inventory,
    /// The topics that each scope may list or remove on this cluster; without scopes, nothing is
    /// limited.
    pub scopes: BTreeMap<String, Scope>,
}

impl Environment {
    /// Returns whether a topic is never managed: ignored, internal to Kafka, or the inventory.
    pub fn ignores(&self, name: &TopicName) -> bool {
        name.is_internal()
            || *name == self.inventory.topic
            || self.ignore_topics.matches(name.as_str())
    }
}

/// `[guards]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    /// The maximum number of topics that one apply may delete, release or change destructively.
    pub max_destructive: Sourced<u32>,
    /// Caution codes that also need `--allow`.
    pub gate: BTreeSet<RiskCode>,
    /// Codes that are allowed without `--allow`.
    pub allow: BTreeSet<RiskCode>,
    /// Whether unlisted topics make `plan` and `drift` exit non-zero.
    pub fail_on_unlisted: bool,
}

/// `[inventory]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// Whether the inventory is used at all.
    pub enabled: bool,
    /// The topic of the inventory.
    pub topic: TopicName,
    /// The ownership scope.
    pub scope: Option<String>,
}

/// A declared topic, with all layers merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The place of the entry's key.
    pub declared_at: Place,
    /// The purpose of the topic.
    pub description: Option<String>,
    /// The team or person that owns the topic.
    pub owner: Option<String>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// The number of partitions; also used to create a topic with unmanaged partitions.
    pub partitions: Sourced<u32>,
    /// The number of replicas per partition.
    pub replication_factor: Sourced<u32>,
    /// The declared configs, as Kafka stores them, including `min.insync.replicas`.
    pub config: ConfigMap<Sourced<Arc<str>>>,
    /// The unmanaged settings.
    pub unmanaged: Unmanaged,
    /// What happens when the entry is removed from the configuration.
    pub on_remove: OnRemove,
    /// The expected traffic, for `capacity`.
    pub traffic: Option<Traffic>,
}

/// Settings of a topic that are neither compared nor changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unmanaged {
    /// Whether the partition count is unmanaged.
    pub partitions: bool,
    /// Whether the replication factor is unmanaged.
    pub replication_factor: bool,
    /// The unmanaged config keys.
    pub config: BTreeSet<ConfigKey>,
}

/// Formats as `partitions, config.segment.bytes`.
impl fmt::Display for Unmanaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Unmanaged {
            partitions,
            replication_factor,
            config,
        } = self;
        let counts = [
            partitions.then_some(Setting::Partitions),
            replication_factor.then_some(Setting::ReplicationFactor),
        ];
        let configs = config.iter().cloned().map(Setting::Config);
        let all = counts.into_iter().flatten().chain(configs);
        let all: Vec<String> = all.map(|setting| setting.to_string()).collect();
        f.write_str(&all.join(", "))
    }
}

/// The expected traffic of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Messages per day.
    pub messages_per_day: u64,
    /// Average bytes per message.
    pub average_size: u64,
}

impl Eq for Traffic {}

/// The removal of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The place of the removal's key.
    pub declared_at: Place,
    /// The reason.
    pub reason: Option<String>,
}

/// `[scopes.NAME]`
#[derive(Debug, Clone)]
pub struct Scope {
    /// The place of the scope's key.
    pub declared_at: Place,
    /// The topics that the scope may list or remove.
    pub topics: Globs,
}

/// A lifecycle of ephemeral topics, which exist as instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// The place of the lifecycle's key.
    pub declared_at: Place,
    /// The parameters that identify an instance: names, each with a pattern that values must fully
    /// match.
    pub parameters: BTreeMap<String, Pattern>,
    /// The time from the end of an instance to the deletion of its topics, in ms.
    pub delete_after_ms: Option<u64>,
    /// The maximum age of an instance, in ms.
    pub max_age_ms: Option<u64>,
    /// Additional rules for the names of its topics.
    pub names: NameRule,
    /// The topics of every instance.
    pub topics: Vec<LifecycleTopic>,
}

/// A topic of every instance of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleTopic {
    /// The name, with the lifecycle's parameters as placeholders.
    pub name: NameTemplate,
    /// The settings of the topic.
    pub settings: Topic,
}
