//! One environment: the layers of every topic merged, every value with the place and the layer
//! that set it, and what only shows then.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::catalogue::{Catalogue, is_for};
use super::config_table::{ConfigEntry, ConfigValue, MIN_ISR, unknown_config};
use super::environments::Chain;
use super::field::{Field, Given};
use super::name_template::NameTemplate;
use super::problems::Problems;
use super::rules::Rules;
use super::settings::Settings;
use super::suggest::shown;
use super::topics_file::TopicEntry;
use super::values::{Bounded, Entry};
use super::{Lifecycle, LifecycleTopic, Tombstone, Topic, Traffic};
use crate::model::{ConfigKey, Finding, Globs, Layer, Place, Sourced, TopicName};

/// The topics of one environment.
pub(super) struct Resolved {
    pub(super) topics: BTreeMap<TopicName, Topic>,
    pub(super) removed: BTreeMap<TopicName, Tombstone>,
    pub(super) lifecycles: BTreeMap<Arc<str>, Lifecycle>,
}

/// One layer's settings, with the layer's name.
type Layered<'a> = (Layer, &'a Settings);

/// The topic that is being looked at.
pub(super) struct Subject<'a> {
    pub(super) environment: &'a Arc<str>,
    pub(super) name: TopicName,
    /// Whether the entry's name is the topic's, so that its place says which topic is meant.
    pub(super) is_plain: bool,
    /// Whether the name still has a lifecycle's parameters in it.
    pub(super) is_template: bool,
}

impl Subject<'_> {
    /// Reports something about this topic, at a place that belongs to a layer.
    pub(super) fn report(&self, layer: &Layer, finding: Finding, problems: &mut Problems) {
        let own = matches!(layer, Layer::Topic | Layer::TopicEnv(_));
        problems.add_in(self.environment, &self.name, own && self.is_plain, finding);
    }
}

/// What resolving one environment needs.
pub(super) struct Resolver<'a> {
    environment: Arc<str>,
    /// The names that mean this environment: its groups, then its own.
    names: Vec<Arc<str>>,
    catalogue: &'a Catalogue,
    rules: &'a Rules<'a>,
    /// Config keys that some environment allows besides Kafka's.
    allowed_somewhere: &'a [Globs],
    defaults: Vec<Layered<'a>>,
    /// The layers of each profile, and whether all of them could be read.
    profiles: HashMap<&'a str, (Vec<Layered<'a>>, bool)>,
    environment_file: Arc<str>,
    /// Whether all of `[defaults]` could be read.
    complete: bool,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(
        chain: &Chain<'a>,
        names: Vec<Arc<str>>,
        catalogue: &'a Catalogue,
        rules: &'a Rules<'a>,
        allowed_somewhere: &'a [Globs],
    ) -> Self {
        let defaults = chain.files.iter().rev().filter_map(|(source, content)| {
            let defaults = content.defaults.value()?;
            Some((Layer::Defaults(source.name.clone()), &defaults.0.settings))
        });
        let mut resolver = Self {
            environment: chain.name.clone(),
            names,
            catalogue,
            rules,
            allowed_somewhere,
            defaults: defaults.collect(),
            profiles: HashMap::new(),
            environment_file: chain.own().0.file.clone(),
            complete: !chain
                .files
                .iter()
                .any(|(_, content)| content.defaults.is_bad()),
        };
        for (name, profile) in &catalogue.profiles {
            let Some(profile) = &profile.value else {
                continue;
            };
            let mut layers = vec![(Layer::Profile(name.clone()), &profile.settings)];
            layers.extend(
                resolver.env_layers(&profile.env, |env| Layer::ProfileEnv(name.clone(), env)),
            );
            let complete = resolver.is_complete(&profile.env);
            resolver.profiles.insert(name, (layers, complete));
        }
        resolver
    }

    /// The `env.NAME` layers that are for this environment, in the order of its names.
    fn env_layers(
        &self,
        env: &'a Field<super::values::Entries<Settings>>,
        layer: impl Fn(Arc<str>) -> Layer,
    ) -> Vec<Layered<'a>> {
        let entries = env.value().map_or(&[][..], |entries| &entries.0);
        let of = |name: &Arc<str>| {
            let entry = entries.iter().find(|entry| entry.name == *name)?;
            Some((layer(name.clone()), entry.value.as_ref()?))
        };
        self.names.iter().filter_map(of).collect()
    }

    /// Whether the `env.NAME` layers that are for this environment could be read.
    fn is_complete(&self, env: &Field<super::values::Entries<Settings>>) -> bool {
        let entries = env.value().map_or(&[][..], |entries| &entries.0);
        let is_bad =
            |entry: &Entry<Settings>| entry.value.is_none() && self.names.contains(&entry.name);
        !env.is_bad() && !entries.iter().any(is_bad)
    }

    /// Resolves all topics.
    pub(super) fn run(&self, problems: &mut Problems) -> Resolved {
        let mut topics = BTreeMap::new();
        for (name, index) in &self.catalogue.made.topics {
            let entry = &self.catalogue.entries[*index];
            let subject = Subject {
                environment: &self.environment,
                name: name.clone(),
                is_plain: *entry.name == *name.as_str(),
                is_template: false,
            };
            if let Some(topic) = self.resolve(entry, &subject, problems) {
                topics.insert(name.clone(), topic);
            }
        }
        let counts = topics
            .iter()
            .map(|(name, topic)| (name.as_str(), topic.partitions.value));
        self.rules.check_total(counts, problems);
        Resolved {
            topics,
            removed: self.tombstones(),
            lifecycles: self.lifecycles(problems),
        }
    }

    fn tombstones(&self) -> BTreeMap<TopicName, Tombstone> {
        let here = self.catalogue.removed.iter().filter_map(|(name, entry)| {
            let removed = entry.value.as_ref()?;
            let tombstone = Tombstone {
                declared_at: entry.place.clone(),
                reason: removed.reason.value().cloned(),
            };
            is_for(&removed.environments, &self.names).then(|| (name.clone(), tombstone))
        });
        here.collect()
    }

    fn lifecycles(&self, problems: &mut Problems) -> BTreeMap<Arc<str>, Lifecycle> {
        let mut lifecycles = BTreeMap::new();
        for (name, entry) in &self.catalogue.lifecycles {
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
                topics: Vec::new(),
            };
            lifecycles.insert(name.clone(), lifecycle);
        }
        for (template, index) in &self.catalogue.made.of_lifecycles {
            let entry = &self.catalogue.entries[*index];
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
        entry: &'a Entry<TopicEntry>,
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

    /// Merges the layers of a topic. `None` where it does not exist here, or cannot be told.
    fn resolve(
        &self,
        entry: &'a Entry<TopicEntry>,
        subject: &Subject<'_>,
        problems: &mut Problems,
    ) -> Option<Topic> {
        let topic = entry.value.as_ref()?;
        if !is_for(&topic.environments, &self.names) {
            return None;
        }
        let env = self.env_layers(&topic.env, Layer::TopicEnv);
        let layers = self.layers(topic, &env);
        let config = self.config(&layers, subject, problems);
        let partitions = self.required(layers.pick(|s| &s.partitions), &layers);
        let replication_factor = self.required(layers.pick(|s| &s.replication_factor), &layers);
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
        let unmanaged = layers.pick(|s| &s.unmanaged).value();
        let resolved = Topic {
            declared_at: entry.place.clone(),
            description: topic.description.value().cloned(),
            owner: topic.owner.value().cloned(),
            labels: labels.collect(),
            partitions: partitions.found()?,
            replication_factor: replication_factor.found()?,
            config: config?,
            unmanaged: unmanaged.map(|list| list.what.clone()).unwrap_or_default(),
            on_remove: layers
                .pick(|s| &s.on_remove)
                .value()
                .copied()
                .unwrap_or_default(),
            traffic: traffic(topic),
        };
        check_together(&resolved, subject, problems);
        self.rules.check(subject, &resolved, problems);
        Some(resolved)
    }

    /// The layers of a topic, lowest first.
    fn layers<'l>(&'l self, topic: &'l TopicEntry, env: &'l [Layered<'l>]) -> Layers<'l> {
        let mut layers = Layers {
            list: self.defaults.iter().map(layered).collect(),
            complete: self.complete && self.is_complete(&topic.env) && !topic.profile.is_bad(),
        };
        for name in topic.profile.value().map_or(&[][..], |names| &names.0) {
            match self.profiles.get(name.value.as_str()) {
                Some((profile, complete)) => {
                    layers.list.extend(profile.iter().map(layered));
                    layers.complete &= complete;
                }
                None => layers.complete = false,
            }
        }
        layers.list.push((&Layer::Topic, &topic.settings));
        layers.list.extend(env.iter().map(layered));
        layers
    }

    /// A number that must come from some layer.
    fn required<const MIN: u32, const MAX: u32>(
        &self,
        picked: Picked<'_, Bounded<MIN, MAX>>,
        layers: &Layers<'_>,
    ) -> Required {
        match picked {
            Picked::Given(given, layer) => Required::Found(Sourced {
                value: given.value.0,
                place: given.place.clone(),
                layer: layer.clone(),
            }),
            Picked::Absent if layers.complete => Required::Missing,
            Picked::Absent | Picked::Bad => Required::Untold,
        }
    }

    fn report_missing(
        &self,
        key: &str,
        entry: &Entry<TopicEntry>,
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
            self.environment_file
        );
        let message = format!(
            "no layer says how many {} the topic has",
            match key {
                "partitions" => "partitions",
                _ => "replicas",
            }
        );
        let finding = Finding::error("missing", entry.place.clone(), message)
            .label(format!("no `{key}`"))
            .help(help);
        subject.report(&Layer::Topic, finding, problems);
    }

    /// The configs of all layers together. `None` where one in force is wrong.
    fn config(
        &self,
        layers: &Layers<'_>,
        subject: &Subject<'_>,
        problems: &mut Problems,
    ) -> Option<BTreeMap<ConfigKey, Sourced<Arc<str>>>> {
        let mut merged: BTreeMap<&ConfigKey, (&ConfigEntry, &Layer)> = BTreeMap::new();
        let mut sound = true;
        for (layer, settings) in &layers.list {
            sound &= !settings.config_is_bad();
            for entry in settings.configs() {
                merged.insert(&entry.key, (entry, layer));
            }
        }
        let mut config = BTreeMap::new();
        for (key, (entry, layer)) in merged {
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
                let finding = unknown_config(key.as_str(), entry.key_place.clone());
                subject.report(layer, Finding { message, ..finding }, problems);
            }
        }
        sound.then_some(config)
    }

    /// Whether another environment allows a key. One that none allows has been reported already.
    fn is_allowed_elsewhere(&self, key: &ConfigKey) -> bool {
        self.allowed_somewhere
            .iter()
            .any(|globs| globs.matches(key.as_str()))
    }
}

/// The layers of one topic, lowest first.
struct Layers<'l> {
    list: Vec<(&'l Layer, &'l Settings)>,
    /// Whether all layers are known: if not, what none of them says is not missed.
    complete: bool,
}

fn layered<'l>((layer, settings): &'l Layered<'l>) -> (&'l Layer, &'l Settings) {
    (layer, settings)
}

/// What the layers say about one field.
enum Picked<'l, T> {
    Absent,
    Bad,
    Given(&'l Given<T>, &'l Layer),
}

impl<'l, T> Picked<'l, T> {
    fn value(self) -> Option<&'l T> {
        match self {
            Picked::Given(given, _) => Some(&given.value),
            Picked::Absent | Picked::Bad => None,
        }
    }
}

impl<'l> Layers<'l> {
    /// The field of the highest layer that has it.
    fn pick<T>(&self, field: impl Fn(&'l Settings) -> &'l Field<T>) -> Picked<'l, T> {
        for (layer, settings) in self.list.iter().rev() {
            match field(settings) {
                Field::Absent => {}
                Field::Bad => return Picked::Bad,
                Field::Given(given) => return Picked::Given(given, layer),
            }
        }
        Picked::Absent
    }
}

/// A number that a topic must have.
enum Required {
    Found(Sourced<u32>),
    /// No layer has it.
    Missing,
    /// A layer has it wrong, or a layer is not known: that has been reported.
    Untold,
}

impl Required {
    fn found(self) -> Option<Sourced<u32>> {
        match self {
            Required::Found(value) => Some(value),
            Required::Missing | Required::Untold => None,
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

/// What one value says about another.
fn check_together(topic: &Topic, subject: &Subject<'_>, problems: &mut Problems) {
    let config = |key: &str| topic.config.get(key);
    let number = |key: &str| config(key).and_then(|value| value.value.parse::<i64>().ok());
    let replicas = &topic.replication_factor;
    if let (Some(min_isr), Some(value)) = (number(MIN_ISR), config(MIN_ISR))
        && min_isr > i64::from(replicas.value)
    {
        let message = format!(
            "min_insync_replicas = {min_isr} is more than replication_factor = {}",
            replicas.value
        );
        let help =
            "no write with acks=all could ever succeed: keep it below the replication factor";
        report_pair(
            ("min-isr", message, help),
            (&value.place, &value.layer, "min_insync_replicas"),
            (&replicas.place, &replicas.layer, "replication_factor"),
            subject,
            problems,
        );
    }
    let (least, most) = ("min.compaction.lag.ms", "max.compaction.lag.ms");
    if let (Some(low), Some(high), Some(from), Some(to)) =
        (number(least), number(most), config(least), config(most))
        && high < low
    {
        let message = format!("`{most}` is below `{least}`");
        report_pair(
            ("compaction-lag", message, "Kafka refuses such a topic"),
            (&to.place, &to.layer, most),
            (&from.place, &from.layer, least),
            subject,
            problems,
        );
    }
}

type Side<'p> = (&'p Place, &'p Layer, &'p str);

/// Reports two values that do not fit: at the one that the higher layer set, which is the one that
/// made them differ.
fn report_pair(
    (code, message, help): (&'static str, String, &str),
    first: Side<'_>,
    second: Side<'_>,
    subject: &Subject<'_>,
    problems: &mut Problems,
) {
    let (higher, lower) = if second.1 > first.1 {
        (second, first)
    } else {
        (first, second)
    };
    let finding = Finding::error(code, higher.0.clone(), message)
        .related(lower.0.clone(), format!("`{}` is set here", lower.2))
        .help(help);
    subject.report(higher.1, finding, problems);
}
