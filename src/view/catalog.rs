//! Every topic of the files and of the clusters on one page, environments side by side: for whoever
//! writes to or reads from them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::desired::{Desired, Topic};
use crate::live::{Live, LiveTopic, ReplicationFactor};
use crate::model::{ConfigKey, Globs, OnRemove, Place, Setting, TopicName};
use crate::plan::drift::Drifted;
use crate::plan::state::TopicState;
use crate::plan::{self, Change, Plan, SettingAction};
use crate::view::list;

/// What is known of one environment.
#[derive(Debug)]
pub struct EnvironmentState<'a> {
    /// What the files say.
    pub desired: &'a Desired,
    /// What its cluster holds.
    pub look: ClusterState<'a>,
}

/// What became of the look at a cluster.
#[derive(Debug)]
pub enum ClusterState<'a> {
    /// It was looked at; the plan is of the same files and the same cluster.
    Seen(&'a Live, &'a Plan),
    /// It was not to be.
    NotAsked,
    /// It could not be, and why.
    Failed(String),
}

/// All topics, side by side.
#[derive(Debug)]
pub struct Catalog<'a> {
    /// The environments, in the order in which they were asked for.
    pub environments: Vec<&'a EnvironmentState<'a>>,
    /// The topics that a file lists, by name.
    pub listed: Vec<CatalogEntry>,
    /// The topics of lifecycles, by name; a name holds the parameters that tell instances apart.
    pub passing: Vec<CatalogEntry>,
    /// The topics that only clusters have, by name.
    pub others: Vec<CatalogEntry>,
}

/// One topic.
#[derive(Debug, Clone)]
pub struct CatalogEntry {
    /// Its name.
    pub topic: TopicName,
    /// What it is for, as the first environment that says so has it.
    pub description: Option<String>,
    /// The owner, likewise.
    pub owner: Option<String>,
    /// Its labels, of all environments.
    pub labels: BTreeMap<String, String>,
    /// How it is in each environment; `None` where it is neither listed nor live.
    pub places: Vec<Option<TopicStatus>>,
}

/// A topic in one environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TopicStatus {
    /// How configuration and cluster agree.
    pub state: CatalogState,
    /// The lifecycle whose instances have such a topic.
    pub lifecycle: Option<String>,
    /// Whether it was changed on the cluster since the last apply; `null` where that was not read.
    pub drifted: Option<bool>,
    /// Whether its configuration was not applied yet; `null` where that was not read.
    pub pending: Option<bool>,
    /// The entry.
    pub declared_at: Option<Place>,
    /// What happens once the entry leaves the files.
    pub on_remove: Option<OnRemove>,
    /// Its settings: partitions, replication factor, then configs by key.
    pub settings: Vec<SettingValues>,
}

/// How configuration and cluster agree about a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CatalogState {
    /// As `list` has it.
    Compared(TopicState),
    /// Not compared.
    NotCompared(NotCompared),
}

/// Why a topic was not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotCompared {
    /// It is a topic of a lifecycle.
    Lifecycle,
    /// The cluster was not read.
    NotRead,
}

/// One setting of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettingValues {
    /// The setting.
    pub setting: Setting,
    /// The declared value, as Kafka holds it.
    pub wanted: Option<String>,
    /// The live value, where it is another.
    pub live: Option<String>,
    /// Where the value is declared.
    pub declared_at: Option<Place>,
}

impl CatalogEntry {
    /// Whether no environment lists it.
    fn is_in_no_file(&self) -> bool {
        let mut statuses = self.places.iter().flatten();
        statuses.all(|status| status.declared_at.is_none())
    }

    /// The settings that it has in some environment: partitions, replication factor, then configs.
    pub fn settings(&self) -> BTreeSet<&Setting> {
        let statuses = self.places.iter().flatten();
        let settings = statuses.flat_map(|status| &status.settings);
        settings.map(|values| &values.setting).collect()
    }
}

impl TopicStatus {
    /// How one of its settings is, where the topic has it.
    pub fn setting(&self, setting: &Setting) -> Option<&SettingValues> {
        let mut settings = self.settings.iter();
        settings.find(|values| values.setting == *setting)
    }
}

/// Puts the environments side by side.
pub fn catalog<'a>(parts: &'a [EnvironmentState<'a>], only: &Globs) -> Catalog<'a> {
    let statuses: Vec<_> = parts.iter().map(|part| statuses(part, only)).collect();
    let listed = |index: usize, name: &TopicName| parts[index].desired.topics.get(name);
    let (others, listed) = entries(&statuses, listed)
        .into_iter()
        .partition(CatalogEntry::is_in_no_file);
    let passing: Vec<_> = parts.iter().map(|part| of_lifecycles(part, only)).collect();
    let statuses: Vec<_> = passing.iter().map(standings_of).collect();
    let settings =
        |index: usize, name: &TopicName| passing[index].get(name).map(|(_, topic)| *topic);
    Catalog {
        environments: parts.iter().collect(),
        listed,
        passing: entries(&statuses, settings),
        others,
    }
}

/// A topic of a lifecycle by its name, with the lifecycle's.
type Passing<'a> = BTreeMap<TopicName, (&'a str, &'a Topic)>;

/// The topics that instances have in an environment.
fn of_lifecycles<'a>(part: &EnvironmentState<'a>, only: &Globs) -> Passing<'a> {
    let lifecycles = part.desired.lifecycles.iter();
    let topics = lifecycles.flat_map(|(name, lifecycle)| {
        let topics = lifecycle.topics.iter();
        topics.map(|topic| {
            let template = TopicName::new(topic.name.to_string());
            (template, (&**name, &topic.settings))
        })
    });
    let wanted = |name: &TopicName| only.is_empty() || only.matches(name.as_str());
    topics.filter(|(name, _)| wanted(name)).collect()
}

fn standings_of(passing: &Passing) -> BTreeMap<TopicName, TopicStatus> {
    let one = |(name, (lifecycle, topic)): (&TopicName, &(&str, &Topic))| {
        let status = TopicStatus {
            state: CatalogState::NotCompared(NotCompared::Lifecycle),
            lifecycle: Some((*lifecycle).to_owned()),
            ..status(Some(topic), None, None)
        };
        (name.clone(), status)
    };
    passing.iter().map(one).collect()
}

/// The topics of all environments, each once. `listed` is what the files say of one.
fn entries<'a>(
    statuses: &[BTreeMap<TopicName, TopicStatus>],
    listed: impl Fn(usize, &TopicName) -> Option<&'a Topic>,
) -> Vec<CatalogEntry> {
    let names: BTreeSet<&TopicName> = statuses.iter().flat_map(BTreeMap::keys).collect();
    let entry = |name: &TopicName| {
        let listed = (0..statuses.len()).filter_map(|index| listed(index, name));
        let listed: Vec<&Topic> = listed.collect();
        let first =
            |of: fn(&Topic) -> Option<&String>| listed.iter().find_map(|topic| of(topic)).cloned();
        let labels = listed.iter().rev().flat_map(|topic| topic.labels.clone());
        CatalogEntry {
            topic: name.clone(),
            description: first(|topic| topic.description.as_ref()),
            owner: first(|topic| topic.owner.as_ref()),
            labels: labels.collect(),
            places: statuses.iter().map(|all| all.get(name).cloned()).collect(),
        }
    };
    names.into_iter().map(entry).collect()
}

/// The topics of one environment.
fn statuses(part: &EnvironmentState, only: &Globs) -> BTreeMap<TopicName, TopicStatus> {
    let desired = part.desired;
    let ClusterState::Seen(live, plan) = part.look else {
        let listed = desired.topics.iter();
        let listed = listed.filter(|(name, _)| only.is_empty() || only.matches(name.as_str()));
        return listed
            .map(|(name, topic)| (name.clone(), status(Some(topic), None, None)))
            .collect();
    };
    let drift = plan::drift(plan, desired, live);
    let drift: BTreeMap<&TopicName, &Drifted> = drift
        .topics
        .iter()
        .map(|drifted| (drifted.topic, drifted))
        .collect();
    let changes: BTreeMap<&TopicName, &Change> = plan
        .changes
        .iter()
        .map(|change| (&change.topic, change))
        .collect();
    let rows = list::rows(desired, live, plan, only).into_iter();
    rows.map(|row| {
        let (wanted, found) = (desired.topics.get(&row.topic), live.topics.get(&row.topic));
        let mut status = status(wanted, found, changes.get(&row.topic).copied());
        status.state = CatalogState::Compared(row.state);
        let drifted = drift.get(&row.topic);
        status.drifted = Some(drifted.is_some_and(|drifted| drifted.is_drift()));
        status.pending = Some(drifted.is_some_and(|drifted| drifted.is_pending()));
        (row.topic, status)
    })
    .collect()
}

fn status(
    wanted: Option<&Topic>,
    found: Option<&LiveTopic>,
    change: Option<&Change>,
) -> TopicStatus {
    TopicStatus {
        state: CatalogState::NotCompared(NotCompared::NotRead),
        lifecycle: None,
        drifted: None,
        pending: None,
        declared_at: wanted.map(|topic| topic.declared_at.clone()),
        on_remove: wanted.map(|topic| topic.on_remove),
        settings: match (wanted, found) {
            (Some(wanted), _) => of_listed(wanted, found, change),
            (None, Some(found)) => of_live(found),
            (None, None) => Vec::new(),
        },
    }
}

/// What the files say, and what is live where that is something else.
fn of_listed(
    wanted: &Topic,
    found: Option<&LiveTopic>,
    change: Option<&Change>,
) -> Vec<SettingValues> {
    let other = |live: Option<String>, wanted: &str| live.filter(|live| live != wanted);
    let count = |setting, number: u32, live: Option<String>, place: &Place| SettingValues {
        setting,
        wanted: Some(number.to_string()),
        live: other(live, &number.to_string()),
        declared_at: Some(place.clone()),
    };
    let (partitions, factor) = (&wanted.partitions, &wanted.replication_factor);
    let live_partitions = found.map(|found| found.partitions.to_string());
    let live_factor = found.map(|found| found.replication_factor.to_string());
    let mut settings = vec![
        count(
            Setting::Partitions,
            partitions.value,
            live_partitions,
            &partitions.place,
        ),
        count(
            Setting::ReplicationFactor,
            factor.value,
            live_factor,
            &factor.place,
        ),
    ];
    let changed = |key: &ConfigKey| {
        let change = found.and(change)?;
        change.setting(&Setting::Config(key.clone()))
    };
    settings.extend(wanted.config.iter().map(|(key, value)| {
        SettingValues {
            setting: Setting::Config(key.clone()),
            wanted: Some(value.value.to_string()),
            live: changed(key)
                .and_then(|config| config.current_text())
                .filter(|from| !key.same(from, &value.value))
                .map(str::to_owned),
            declared_at: Some(value.place.clone()),
        }
    }));
    let resets = found.and(change).into_iter().flat_map(Change::on_topic);
    let resets = resets.filter(|setting| matches!(setting.action, SettingAction::Reset(_)));
    settings.extend(resets.filter_map(|setting| {
        setting.config_key()?;
        Some(SettingValues {
            setting: setting.setting.clone(),
            wanted: None,
            live: setting.current_text().map(str::to_owned),
            declared_at: None,
        })
    }));
    settings.sort_by(|a, b| a.setting.cmp(&b.setting));
    settings
}

/// What only a cluster knows.
fn of_live(found: &LiveTopic) -> Vec<SettingValues> {
    let of = |setting, live: String| SettingValues {
        setting,
        wanted: None,
        live: Some(live),
        declared_at: None,
    };
    let factor: &ReplicationFactor = &found.replication_factor;
    let mut settings = vec![
        of(Setting::Partitions, found.partitions.to_string()),
        of(Setting::ReplicationFactor, factor.to_string()),
    ];
    let config = found.config.iter().flatten();
    settings.extend(config.map(|(key, value)| of(Setting::Config(key.clone()), value.to_string())));
    settings
}
