//! The origin of everything in an environment: the values of all layers, and the other declarations
//! of its files and of a topic's entry, each with its place. Only for display; everything else uses
//! the effective values.

use std::sync::Arc;

use super::resolve::Resolver;
use super::stack::{FromVariable, LayerValue, SettingStack, Stacks};
use crate::desired::Environment;
use crate::desired::declarations::environments::Chain;
use crate::desired::reader::field::{Field, Given};
use crate::desired::reader::topics_file::{Listed, TopicEntry};
use crate::desired::reader::values::Entry;
use crate::desired::reader::variables::{Template, Variables};
use crate::desired::reader::written::{self, Written};
use crate::model::{Layer, Place, Setting, Sources, TopicName};

/// The explanation of an environment; empty unless requested.
#[derive(Debug, Clone, Default)]
pub struct Explained {
    /// Its files: its own, then those that it extends, in order.
    pub files: Vec<Arc<str>>,
    /// `[defaults]`.
    pub defaults: Vec<SettingStack>,
    /// `[rules]`.
    pub rules: Vec<Written>,
    /// `[guards]`, with built-in values for keys that no file sets.
    pub guards: Vec<Written>,
    /// `[ignore]`.
    pub ignore: Vec<Written>,
    /// `[inventory]`, with built-in values for keys that no file sets.
    pub inventory: Vec<Written>,
    /// `[scopes]`.
    pub scopes: Vec<Written>,
    /// The requested topic; `None` if no file lists it.
    pub topic: Option<ExplainedTopic>,
}

/// The declarations of one topic.
#[derive(Debug, Clone)]
pub struct ExplainedTopic {
    /// The place of the entry's key.
    pub declared_at: Place,
    /// Whether the topic is declared for this environment.
    pub is_here: bool,
    /// The entry's keys other than settings: description, owner, profiles.
    pub facts: Vec<Written>,
    /// The topic's settings.
    pub settings: Vec<SettingStack>,
}

/// The inputs of an explanation, besides the environment.
pub(in crate::desired) struct Explainer<'a> {
    pub(in crate::desired) topic: Option<&'a TopicName>,
    pub(in crate::desired) sources: &'a Sources,
    pub(in crate::desired) variables: &'a Variables,
}

impl Explainer<'_> {
    pub(in crate::desired) fn explain(
        &self,
        chain: &Chain<'_>,
        environment: &Environment,
        resolver: &Resolver<'_>,
    ) -> Explained {
        let mut defaults = self.stacks(&Stacks::new(resolver.layers.defaults()));
        defaults.extend(self.pin(chain));
        let files: Vec<Arc<str>> = chain.files.iter().map(|(s, _)| s.file.clone()).collect();
        let sources = files.iter().filter_map(|file| self.sources.get(file));
        let tables = written::Tables::nearest(sources);
        let guards = &environment.guards;
        let inventory = &environment.inventory;
        Explained {
            defaults,
            rules: tables.get("rules"),
            guards: tables.get_or(
                "guards",
                [
                    ("max_destructive", guards.max_destructive.value.to_string()),
                    ("unlisted", "\"report\"".to_owned()),
                ],
            ),
            ignore: tables.get("ignore"),
            inventory: tables.get_or(
                "inventory",
                [
                    ("enabled", inventory.enabled.to_string()),
                    ("topic", format!("{:?}", inventory.topic.as_str())),
                ],
            ),
            scopes: tables.get("scopes"),
            topic: self.topic.and_then(|name| self.topic(name, resolver)),
            files,
        }
    }

    fn topic(&self, name: &TopicName, resolver: &Resolver<'_>) -> Option<ExplainedTopic> {
        let declarations = resolver.declarations;
        let mut made = declarations.made.topics.iter();
        let (_, index) = made.find(|(made, _)| made == name)?;
        let entry: &Listed = &declarations.entries[*index];
        let topic = entry.value.as_ref()?;
        Some(ExplainedTopic {
            declared_at: entry.place.clone(),
            is_here: resolver.layers.names.are_in(&topic.environments),
            facts: facts(topic),
            settings: self.stacks(&Stacks::new(&resolver.layers.of(topic))),
        })
    }

    /// Returns the values of all layers; those of `[defaults]` with their variables.
    fn stacks(&self, stacks: &Stacks<'_>) -> Vec<SettingStack> {
        let mut shown = stacks.shown();
        for value in shown.iter_mut().flat_map(|stack| &mut stack.values) {
            if matches!(value.layer, Layer::Defaults(_)) {
                value.variables = self.variables(&value.place);
            }
        }
        shown
    }

    fn pin(&self, chain: &Chain<'_>) -> Option<SettingStack> {
        let values = chain.files.iter().rev().filter_map(|(source, content)| {
            let given = content.defaults.value()?.0.pin.given()?;
            let layer = Layer::Defaults(source.name.clone());
            Some(LayerValue {
                variables: self.variables(&given.place),
                ..LayerValue::new(&layer, Some(given.value.to_string()), &given.place)
            })
        });
        let values: Vec<LayerValue> = values.collect();
        let setting = Setting::Pin;
        (!values.is_empty()).then_some(SettingStack { setting, values })
    }

    /// Returns the variables at a place in `[defaults]`.
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

/// Returns an entry's keys other than settings.
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
