//! Resolution of one environment: merges the layers of every topic, keeps the place and the layer
//! of every value, and runs the checks that need resolved values.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::defaults::{Defaults, defaults};
use super::order::SharedLayers;
use super::stack::{Stack, Stacks};
use crate::desired::checks::cross_field;
use crate::desired::declarations::topics::Declarations;
use crate::desired::files::weight::Resolving;
use crate::desired::lifecycle::name_template::NameTemplate;
use crate::desired::policy::rules::Rules;
use crate::desired::problems::Problems;
use crate::desired::reader::config_value::{ConfigValue, unknown_config};
use crate::desired::reader::field::Field;
use crate::desired::reader::topics_file::{Listed, TopicEntry};
use crate::desired::reader::values::{Bounded, Entry};
use crate::desired::subject::Subject;
use crate::desired::suggest::shown;
use crate::desired::{Lifecycle, LifecycleTopic, Removal, Topic, Traffic};
use crate::model::{ConfigKey, ConfigMap, Finding, Globs, Layer, Place, Sourced, TopicName};

/// The estimated bytes of a topic without its values.
const TOPIC_BYTES: usize = 450;

/// The estimated bytes of one effective value.
const LAYER_BYTES: usize = 100;

/// The resolved topics of one environment.
#[derive(Default)]
pub(in crate::desired) struct Resolved {
    pub(in crate::desired) topics: BTreeMap<TopicName, Topic>,
    pub(in crate::desired) removed: BTreeMap<TopicName, Removal>,
    pub(in crate::desired) lifecycles: BTreeMap<Arc<str>, Lifecycle>,
    pub(in crate::desired) defaults: Defaults,
}

/// The inputs of the resolution of one environment.
pub(in crate::desired) struct Resolver<'a> {
    pub(in crate::desired) environment: Arc<str>,
    /// The displayed path of the environment's own file.
    pub(in crate::desired) file: Arc<str>,
    pub(in crate::desired) layers: SharedLayers<'a>,
    pub(in crate::desired) declarations: &'a Declarations,
    pub(in crate::desired) rules: &'a Rules<'a>,
    /// Config keys that any environment allows in addition to Kafka's.
    pub(in crate::desired) allowed_somewhere: &'a [Globs],
    pub(in crate::desired) resolving: &'a Resolving,
}

impl<'a> Resolver<'a> {
    /// Resolves all topics.
    pub(in crate::desired) fn run(&self, problems: &mut Problems) -> Resolved {
        if !self.fits(problems) {
            return Resolved::default();
        }
        let topics = self.topics(problems);
        let counts = topics
            .iter()
            .map(|(name, topic)| (name.as_str(), topic.partitions.value));
        self.rules.check_total(counts, problems);
        Resolved {
            topics,
            removed: self.removals(),
            lifecycles: self.lifecycles(problems),
            defaults: defaults(&Stacks::new(self.layers.defaults()), self.rules),
        }
    }

    /// Returns whether all topics together fit into memory, before any is resolved: every topic can
    /// inherit a long value.
    fn fits(&self, problems: &mut Problems) -> bool {
        let entries = self.declarations.entries.iter();
        let weights: Vec<usize> = entries
            .map(|entry| entry.value.as_ref().map_or(0, |topic| self.weight(topic)))
            .collect();
        let made = &self.declarations.made;
        let topics = made.topics.iter().map(|(_, index)| index);
        let topics = topics.chain(made.of_lifecycles.iter().map(|(_, index)| index));
        let total = topics.fold(0usize, |sum, index| sum.saturating_add(weights[*index]));
        let place = Place::whole(self.file.clone());
        match self.resolving.take(&self.environment, place, total) {
            Ok(()) => true,
            Err(finding) => {
                problems.add(*finding);
                false
            }
        }
    }

    /// Returns the estimated bytes of a topic of this entry.
    fn weight(&self, topic: &TopicEntry) -> usize {
        let text = |field: &Field<String>| field.value().map_or(0, String::len);
        let labels = topic.labels.value().map_or(&[][..], |labels| &labels.0);
        let label = |entry: &Entry<String>| {
            LAYER_BYTES + entry.name.len() + entry.value.as_ref().map_or(0, String::len)
        };
        let texts = text(&topic.description) + text(&topic.owner);
        let values = self.layers.values_of(topic) + self.rules.size();
        TOPIC_BYTES
            + labels.iter().map(label).sum::<usize>()
            + texts
            + values.saturating_mul(LAYER_BYTES)
    }

    fn topics(&self, problems: &mut Problems) -> BTreeMap<TopicName, Topic> {
        let made = &self.declarations.made.topics;
        let mut topics = Vec::with_capacity(made.len());
        for (name, index) in made {
            let entry = &self.declarations.entries[*index];
            let subject = Subject {
                environment: &self.environment,
                name: name.clone(),
                is_plain: *entry.name == *name.as_str(),
                is_template: false,
            };
            if let Some(topic) = self.resolve(entry, &subject, problems) {
                topics.push((name.clone(), topic));
            }
        }
        topics.into_iter().collect()
    }

    fn removals(&self) -> BTreeMap<TopicName, Removal> {
        let here = self
            .declarations
            .removed
            .iter()
            .filter_map(|(name, entry)| {
                let removed = entry.value.as_ref()?;
                let removal = Removal {
                    declared_at: entry.place.clone(),
                    reason: removed.reason.value().cloned(),
                };
                self.layers
                    .names
                    .are_in(&removed.environments)
                    .then(|| (name.clone(), removal))
            });
        here.collect()
    }

    fn lifecycles(&self, problems: &mut Problems) -> BTreeMap<Arc<str>, Lifecycle> {
        let mut lifecycles = BTreeMap::new();
        for (name, entry) in &self.declarations.lifecycles {
            let Some(table) = &entry.value else {
                continue;
            };
            let parameters = table.parameters.value().map_or(&[][..], |p| &p.0);
            let parameters = parameters
                .iter()
                .filter_map(|p| Some((p.name.to_string(), p.value.clone()?)));
            let lifecycle = Lifecycle {
                declared_at: entry.place.clone(),
                parameters: parameters.collect(),
                delete_after_ms: table.delete_after.value().map(|duration| duration.0),
                max_age_ms: table.max_age.value().map(|duration| duration.0),
                names: self.rules.names(),
                topics: Vec::new(),
            };
            lifecycles.insert(name.clone(), lifecycle);
        }
        for (template, index) in &self.declarations.made.of_lifecycles {
            let entry = &self.declarations.entries[*index];
            let lifecycle = entry
                .value
                .as_ref()
                .and_then(|topic| topic.lifecycle.value());
            let Some(lifecycle) = lifecycle.and_then(|name| lifecycles.get_mut(name.as_str()))
            else {
                continue;
            };
            if let Some(topic) = self.resolve_template(entry, template, problems) {
                lifecycle.topics.push(topic);
            }
        }
        lifecycles
    }

    fn resolve_template(
        &self,
        entry: &'a Listed,
        template: &NameTemplate,
        problems: &mut Problems,
    ) -> Option<LifecycleTopic> {
        let name = template.to_string();
        let subject = Subject {
            environment: &self.environment,
            is_plain: *entry.name == *name,
            name: TopicName::new(name),
            is_template: true,
        };
        let settings = self.resolve(entry, &subject, problems)?;
        let name = template.clone();
        Some(LifecycleTopic { name, settings })
    }

    /// Merges the layers of a topic. `None` if it is not declared here, or cannot be resolved.
    fn resolve(
        &self,
        entry: &'a Listed,
        subject: &Subject<'_>,
        problems: &mut Problems,
    ) -> Option<Topic> {
        let topic = entry.value.as_ref()?;
        if !self.layers.names.are_in(&topic.environments) {
            return None;
        }
        let layers = self.layers.of(topic);
        let stacks = Stacks::new(&layers);
        let config = self.config(&stacks, subject, problems);
        let partitions = required(&stacks.partitions, layers.complete);
        let replication_factor = required(&stacks.replication_factor, layers.complete);
        for (value, key) in [
            (&partitions, "partitions"),
            (&replication_factor, "replication_factor"),
        ] {
            if matches!(value, Required::Missing) {
                self.report_missing(key, entry, subject, problems);
            }
        }
        let labels = topic.labels.value().map_or(&[][..], |labels| &labels.0);
        let labels = labels
            .iter()
            .filter_map(|l| Some((l.name.to_string(), l.value.clone()?)));
        let unmanaged = stacks.unmanaged.value();
        let resolved = Topic {
            declared_at: entry.place.clone(),
            description: topic.description.value().cloned(),
            owner: topic.owner.value().cloned(),
            labels: labels.collect(),
            partitions: partitions.found()?,
            replication_factor: replication_factor.found()?,
            config: config?,
            unmanaged: unmanaged.map(|list| list.what.clone()).unwrap_or_default(),
            on_remove: stacks.on_remove.value().copied().unwrap_or_default(),
            traffic: traffic(topic),
        };
        cross_field::check(&resolved, subject, problems);
        self.rules.check(subject, &resolved, problems);
        Some(resolved)
    }

    fn report_missing(
        &self,
        key: &str,
        entry: &Listed,
        subject: &Subject<'_>,
        problems: &mut Problems,
    ) {
        let profiles = entry.value.as_ref().and_then(|topic| topic.profile.value());
        let names: Vec<String> = profiles
            .map_or(&[][..], |names| &names.0)
            .iter()
            .map(|n| shown(&n.value))
            .collect();
        let profile = match names.as_slice() {
            [] => "in a profile".to_owned(),
            [one] => format!("in its profile {one}"),
            many => format!("in one of its profiles {}", many.join(", ")),
        };
        let help = format!(
            "set it in this entry, {profile}, or in [defaults] of {}",
            self.file
        );
        let message = format!("`{key}` is not set in any layer");
        let finding = Finding::error("missing", entry.place.clone(), message)
            .label(format!("no `{key}`"))
            .help(help);
        subject.report(&Layer::Topic, finding, problems);
    }

    /// Returns the effective configs. `None` if one of them is invalid.
    fn config(
        &self,
        stacks: &Stacks<'_>,
        subject: &Subject<'_>,
        problems: &mut Problems,
    ) -> Option<ConfigMap<Sourced<Arc<str>>>> {
        let mut sound = stacks.configs_are_complete;
        let mut config = ConfigMap::new();
        for (layer, entry) in stacks.top_configs() {
            let key = &entry.key;
            match &entry.value {
                ConfigValue::Default => continue,
                ConfigValue::Bad => sound = false,
                ConfigValue::Set(value) => {
                    let value = Sourced {
                        value: value.clone(),
                        place: entry.place.clone(),
                        layer: layer.clone(),
                    };
                    config.insert(key.clone(), value);
                }
            }
            if key.spec().is_none() && !self.rules.allows(key) && self.is_allowed_elsewhere(key) {
                let message = format!(
                    "{} does not allow the config {}",
                    self.environment,
                    shown(key)
                );
                let finding =
                    unknown_config(key.as_str(), entry.key_place.clone(), problems.wants_help());
                subject.report(layer, Finding { message, ..finding }, problems);
            }
        }
        sound.then_some(config)
    }

    /// Returns whether another environment allows a key. A key that none allows has been reported.
    fn is_allowed_elsewhere(&self, key: &ConfigKey) -> bool {
        self.allowed_somewhere
            .iter()
            .any(|globs| globs.matches(key.as_str()))
    }
}

/// A required number.
enum Required {
    Found(Sourced<u32>),
    /// No layer sets it.
    Missing,
    /// A layer sets an invalid value or could not be read; this has been reported.
    Unavailable,
}

/// Returns a required number. `complete`: whether every layer could be read.
fn required<const MIN: u32, const MAX: u32>(
    stack: &Stack<'_, Bounded<MIN, MAX>>,
    complete: bool,
) -> Required {
    match stack.top() {
        Some((layer, Some(given))) => Required::Found(Sourced {
            value: given.value.0,
            place: given.place.clone(),
            layer: layer.clone(),
        }),
        None if complete => Required::Missing,
        None | Some((_, None)) => Required::Unavailable,
    }
}

impl Required {
    fn found(self) -> Option<Sourced<u32>> {
        match self {
            Required::Found(value) => Some(value),
            Required::Missing | Required::Unavailable => None,
        }
    }
}

fn traffic(topic: &TopicEntry) -> Option<Traffic> {
    let table = topic.traffic.value()?;
    Some(Traffic {
        messages_per_day: table.messages_per_day.value()?.0,
        average_size: table.average_size.value()?.0,
    })
}
