//! Where each value comes from: everything that the layers say about a topic's settings, and what
//! an environment's files say besides, each with its place. For people who ask; nothing else needs
//! more than the value in force.

mod environment;
mod written;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use environment::EnvironmentTrace;
pub use written::Written;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environments::Chain;
use super::layers::Layers;
use super::resolve::Resolver;
use super::tables::config_value::ConfigValue;
use super::tables::field::{Field, Given};
use super::tables::settings::UnmanagedList;
use super::tables::topics_file::{Listed, TopicEntry};
use super::tables::values::{Bounded, Entry};
use super::variables::{Template, Variables};
use super::{Environment, Unmanaged};
use crate::model::{ConfigKey, Layer, OnRemove, Place, Sources, TopicName};

/// The environments' traces, by name.
pub type Traces = BTreeMap<Arc<str>, Trace>;

/// What is traced while the files are resolved.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// What the environment's files say.
    pub environment: EnvironmentTrace,
    /// What the files say of the topic that was asked for; `None` where none of them lists it.
    pub topic: Option<TopicTrace>,
}

/// What the files say of one topic.
#[derive(Debug, Clone)]
pub struct TopicTrace {
    /// The entry's key.
    pub declared_at: Place,
    /// Whether the topic exists in this environment.
    pub is_here: bool,
    /// What the entry says besides settings: what it is for, whose it is.
    pub facts: Vec<Written>,
    /// Its settings, each with all that the layers say about it.
    pub settings: Vec<SettingTrace>,
}

/// Everything that the layers say of one setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingTrace {
    /// The setting.
    pub setting: Setting,
    /// What is said, the value in force first. Never empty.
    pub said: Vec<Said>,
}

/// A setting that layers can say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// How many partitions.
    Partitions,
    /// How many replicas of each.
    ReplicationFactor,
    /// One of Kafka's topic configs.
    Config(ConfigKey),
    /// What happens once the entry leaves the files.
    OnRemove,
    /// What is left to others.
    Unmanaged,
    /// Whether what is declared must be set on the topic itself.
    Pin,
}

impl Setting {
    /// The setting as a topics file writes it: `partitions`, `config.retention.ms`.
    pub fn name(&self) -> String {
        match self {
            Setting::Partitions => "partitions".to_owned(),
            Setting::ReplicationFactor => "replication_factor".to_owned(),
            Setting::Config(key) => format!("config.{key}"),
            Setting::OnRemove => "on_remove".to_owned(),
            Setting::Unmanaged => "unmanaged".to_owned(),
            Setting::Pin => "pin".to_owned(),
        }
    }
}

/// What one layer says of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The value as Kafka holds it; `None` for `"default"`, which declares nothing.
    pub value: Option<String>,
    /// The layer.
    pub layer: Layer,
    /// Where it stands.
    pub place: Place,
    /// The variables that it is made of.
    pub variables: Vec<FromVariable>,
}

/// A variable in a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FromVariable {
    /// Its name.
    pub name: String,
    /// Whether the process environment sets it; else the file's own default counts.
    #[serde(rename = "set")]
    pub is_set: bool,
}

/// What is traced, and what it is traced with.
pub(super) struct Tracer<'a> {
    pub(super) topic: Option<&'a TopicName>,
    pub(super) sources: &'a Sources,
    pub(super) variables: &'a Variables,
}

impl Tracer<'_> {
    /// Traces one environment.
    pub(super) fn trace(
        &self,
        chain: &Chain<'_>,
        environment: &Environment,
        resolver: &Resolver<'_>,
    ) -> Trace {
        let mut defaults = self.settings(resolver.layers.defaults());
        defaults.extend(self.pin(chain));
        Trace {
            environment: environment::trace(chain, environment, defaults, self.sources),
            topic: self.topic.and_then(|name| self.topic(name, resolver)),
        }
    }

    fn topic(&self, name: &TopicName, resolver: &Resolver<'_>) -> Option<TopicTrace> {
        let catalogue = resolver.catalogue;
        let mut made = catalogue.made.topics.iter();
        let (_, index) = made.find(|(made, _)| made == name)?;
        let entry: &Listed = &catalogue.entries[*index];
        let topic = entry.value.as_ref()?;
        Some(TopicTrace {
            declared_at: entry.place.clone(),
            is_here: resolver.layers.names.are_in(&topic.environments),
            facts: facts(topic),
            settings: self.settings(&resolver.layers.of(topic)),
        })
    }

    /// Everything that these layers say.
    fn settings(&self, layers: &Layers<'_>) -> Vec<SettingTrace> {
        let mut traces: Vec<SettingTrace> = Vec::new();
        let mut add = |setting: Setting, said: Said| match traces
            .iter_mut()
            .find(|trace| trace.setting == setting)
        {
            Some(trace) => trace.said.push(said),
            None => traces.push(SettingTrace {
                setting,
                said: vec![said],
            }),
        };
        for (layer, settings) in layers.list.iter().rev() {
            if let Some(given) = settings.partitions.given() {
                add(Setting::Partitions, self.said(layer, given, number));
            }
            if let Some(given) = settings.replication_factor.given() {
                add(Setting::ReplicationFactor, self.said(layer, given, number));
            }
            for entry in settings.configs() {
                let value = match &entry.value {
                    ConfigValue::Bad => continue,
                    ConfigValue::Default => None,
                    ConfigValue::Set(value) => Some(value.to_string()),
                };
                let said = self.from(layer, value, &entry.place);
                add(Setting::Config(entry.key.clone()), said);
            }
            if let Some(given) = settings.on_remove.given() {
                let word = |on_remove: &OnRemove| on_remove.as_str().to_owned();
                add(Setting::OnRemove, self.said(layer, given, word));
            }
            if let Some(given) = settings.unmanaged.given() {
                let list = |list: &UnmanagedList| unmanaged(&list.what);
                add(Setting::Unmanaged, self.said(layer, given, list));
            }
        }
        traces.sort_by(|a, b| a.setting.cmp(&b.setting));
        traces
    }

    fn pin(&self, chain: &Chain<'_>) -> Option<SettingTrace> {
        let said = chain.files.iter().filter_map(|(source, content)| {
            let given = content.defaults.value()?.0.pin.given()?;
            let layer = Layer::Defaults(source.name.clone());
            Some(self.said(&layer, given, bool::to_string))
        });
        let said: Vec<Said> = said.collect();
        let setting = Setting::Pin;
        (!said.is_empty()).then_some(SettingTrace { setting, said })
    }

    fn said<T>(&self, layer: &Layer, given: &Given<T>, text: impl Fn(&T) -> String) -> Said {
        self.from(layer, Some(text(&given.value)), &given.place)
    }

    fn from(&self, layer: &Layer, value: Option<String>, place: &Place) -> Said {
        let variables = match layer {
            Layer::Defaults(_) => self.variables(place),
            _ => Vec::new(),
        };
        Said {
            value,
            layer: layer.clone(),
            place: place.clone(),
            variables,
        }
    }

    /// The variables that stand at a place of `[defaults]`.
    fn variables(&self, place: &Place) -> Vec<FromVariable> {
        let line = self.sources.line(&place.file, place.line);
        let skip = place.column.saturating_sub(1) as usize;
        let written = line.unwrap_or_default().chars().skip(skip);
        let written: String = written.take(place.length as usize).collect();
        let Ok(template) = Template::parse(&written) else {
            return Vec::new();
        };
        let is_set = |name: &str| {
            let value = self.variables.values.get(name);
            value.is_some_and(|value| !value.is_empty())
        };
        let variable = |name: &str| FromVariable {
            name: name.to_owned(),
            is_set: is_set(name),
        };
        template.names().map(variable).collect()
    }
}

fn number<const MIN: u32, const MAX: u32>(number: &Bounded<MIN, MAX>) -> String {
    number.0.to_string()
}

/// `partitions, config.segment.bytes`
fn unmanaged(what: &Unmanaged) -> String {
    let Unmanaged {
        partitions,
        replication_factor,
        config,
    } = what;
    let partitions = partitions.then(|| Setting::Partitions.name());
    let factor = replication_factor.then(|| Setting::ReplicationFactor.name());
    let configs = config.iter().map(|key| format!("config.{key}"));
    let all: Vec<String> = partitions
        .into_iter()
        .chain(factor)
        .chain(configs)
        .collect();
    all.join(", ")
}

/// What an entry says besides settings.
fn facts(topic: &TopicEntry) -> Vec<Written> {
    let text = |key: &str, field: &Field<String>| {
        let given = field.given()?;
        Some(Written::at(key, given.value.clone(), &given.place))
    };
    let names = |given: &[Given<String>]| {
        let names: Vec<&str> = given.iter().map(|name| name.value.as_str()).collect();
        names.join(", ")
    };
    let label = |label: &Entry<String>| Some(format!("{}={}", label.name, label.value.as_ref()?));
    let labels = topic.labels.given().map(|given| {
        let labels: Vec<String> = given.value.0.iter().filter_map(label).collect();
        Written::at("labels", labels.join(", "), &given.place)
    });
    let profile = topic.profile.given();
    let profile = profile.map(|p| Written::at("profile", names(&p.value.0), &p.place));
    let environments = topic.environments.given();
    let environments =
        environments.map(|e| Written::at("environments", names(&e.value.0), &e.place));
    let lifecycle: Option<Written> = text("lifecycle", &topic.lifecycle);
    let traffic = topic.traffic.given().and_then(|given| {
        let daily = given.value.messages_per_day.value()?.0;
        let size = given.value.average_size.value()?.0;
        let text = format!("{daily} messages a day of {size} bytes");
        Some(Written::at("traffic", text, &given.place))
    });
    let all = [
        text("description", &topic.description),
        text("owner", &topic.owner),
        labels,
        profile,
        environments,
        lifecycle,
        traffic,
    ];
    all.into_iter().flatten().collect()
}
