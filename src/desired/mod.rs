//! What the files say: they are read, checked, layered and resolved, every value with the place
//! and the layer that set it. This room knows neither Kafka nor what is live.
//!
//! ```text
//!  files ──► reader ──► declarations ──► layers ──► checks, policy ──► Loaded
//!  (text)  (one file) (all of a kind)      (one environment)
//! ```
//!
//! | room | holds |
//! | --- | --- |
//! | `files` | which files are read, and their text as TOML |
//! | `reader` | the tables of both kinds of files, a file each; `schema`: what editors are told of them |
//! | `declarations` | all topics files together, all environment files together |
//! | `layers` | a stack of values for each setting, what is in force, and where it comes from |
//! | `checks`, `policy` | what does not fit once it is resolved; `[rules]` |
//! | `connection` | `[cluster]`, the runner's client configuration, secrets |
//! | `lifecycle` | names with parameters, and the topics of an instance |
//!
//! What is wrong goes to `problems`, from every station, and the way goes on: what could not be
//! read is told apart from what is not there, so that one mistake is one finding.

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

/// The id of the only cluster that an environment may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterId(Secret);

impl ClusterId {
    /// Whether this is the id.
    pub fn is(&self, id: &str) -> bool {
        self.0.expose() == id
    }
}

/// An id that came from a variable is shown by its name.
impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<&str> for ClusterId {
    /// One that is written out.
    fn from(id: &str) -> Self {
        Self(Secret::public(id))
    }
}

/// One environment with everything that should exist in it.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The environment itself.
    pub environment: Environment,
    /// The topics that should exist here.
    pub topics: BTreeMap<TopicName, Topic>,
    /// The topics that should not, `[removed.NAME]`.
    pub removed: BTreeMap<TopicName, Removal>,
    /// The topics that come and go at run time, `[lifecycles.NAME]`.
    pub lifecycles: BTreeMap<Arc<str>, Lifecycle>,
    /// What a topic has whose entry says nothing, and what every entry must say.
    pub defaults: Defaults,
}

/// What an environment file says besides how to connect and its defaults.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name: the file's, without `.toml`.
    pub name: Arc<str>,
    /// What it is.
    pub description: Option<String>,
    /// The names besides its own that `env.NAME` and `environments` may use for it.
    pub groups: Vec<String>,
    /// The only cluster that this environment may touch.
    pub cluster_id: Option<Sourced<ClusterId>>,
    /// Topics that are never read and never reported.
    pub ignore_topics: Globs,
    /// Undeclared config keys that are neither reported nor reset.
    pub ignore_configs: Globs,
    /// Whether a declared value must be set on the topic even if it equals the broker's default.
    pub pin: bool,
    /// What an apply may not do unasked.
    pub guards: Guards,
    /// Where ownership is recorded.
    pub inventory: Inventory,
    /// What each scope may list or tombstone on this cluster; nothing is limited where it is empty.
    pub scopes: BTreeMap<String, Scope>,
}

impl Environment {
    /// Whether a topic is none of the files' business: ignored, Kafka's own, or the inventory.
    pub fn ignores(&self, name: &TopicName) -> bool {
        name.is_internal()
            || *name == self.inventory.topic
            || self.ignore_topics.matches(name.as_str())
    }
}

/// `[guards]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    /// How many topics one apply may delete, release or change destructively.
    pub max_destructive: Sourced<u32>,
    /// Caution codes that need `--allow` here too.
    pub gate: BTreeSet<RiskCode>,
    /// Codes that are never asked about here.
    pub allow: BTreeSet<RiskCode>,
    /// Whether unlisted topics make `plan` and `drift` exit non-zero.
    pub fail_on_unlisted: bool,
}

/// `[inventory]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// Whether ownership is recorded at all.
    pub enabled: bool,
    /// The topic that holds the records.
    pub topic: TopicName,
    /// Whose topics the files speak of.
    pub scope: Option<String>,
}

/// A topic that should exist, all layers merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// The entry's key.
    pub declared_at: Place,
    /// What it is for.
    pub description: Option<String>,
    /// The team or person that owns the topic.
    pub owner: Option<String>,
    /// Free labels.
    pub labels: BTreeMap<String, String>,
    /// How many partitions; what a new topic gets even where partitions are left to others.
    pub partitions: Sourced<u32>,
    /// How many replicas of each partition.
    pub replication_factor: Sourced<u32>,
    /// The declared configs, as Kafka holds them. `min.insync.replicas` is among them.
    pub config: ConfigMap<Sourced<Arc<str>>>,
    /// What is left to others.
    pub unmanaged: Unmanaged,
    /// What happens once the entry leaves the files.
    pub on_remove: OnRemove,
    /// What it is expected to carry, for `capacity`.
    pub traffic: Option<Traffic>,
}

/// What of a topic is neither compared nor touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unmanaged {
    /// Its partition count.
    pub partitions: bool,
    /// Its replication factor.
    pub replication_factor: bool,
    /// Config keys.
    pub config: BTreeSet<ConfigKey>,
}

/// `partitions, config.segment.bytes`
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

/// The expected load of a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Messages a day.
    pub messages_per_day: u64,
    /// Bytes a message.
    pub average_size: u64,
}

impl Eq for Traffic {}

/// A topic that should be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The tombstone's key.
    pub declared_at: Place,
    /// Why it goes.
    pub reason: Option<String>,
}

/// `[scopes.NAME]`
#[derive(Debug, Clone)]
pub struct Scope {
    /// The scope's key.
    pub declared_at: Place,
    /// The topics that it may list or tombstone.
    pub topics: Globs,
}

/// Topics that come and go at run time, as instances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifecycle {
    /// The lifecycle's key.
    pub declared_at: Place,
    /// What tells instances apart: names, each with what a value must match whole.
    pub parameters: BTreeMap<String, Pattern>,
    /// How long after its end an instance's topics are deleted.
    pub delete_after_ms: Option<u64>,
    /// The age at which an instance ends by itself.
    pub max_age_ms: Option<u64>,
    /// What the names of its topics must look like besides.
    pub names: NameRule,
    /// The topics that every instance has.
    pub topics: Vec<LifecycleTopic>,
}

/// A topic of every instance of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleTopic {
    /// Its name, with the lifecycle's parameters as placeholders.
    pub name: NameTemplate,
    /// Everything else about it.
    pub settings: Topic,
}
