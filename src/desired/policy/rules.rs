//! `[rules]`: requirements on an environment's topics.

use std::sync::Arc;

use super::limits::{Limit, Magnitude, config_limits, count_limit, magnitude};
use crate::desired::Topic;
use crate::desired::declarations::environments::Chain;
use crate::desired::problems::Problems;
use crate::desired::reader::field::Given;
use crate::desired::reader::pattern::Pattern;
use crate::desired::reader::rules_table::RulesTable;
use crate::desired::reader::values::List;
use crate::desired::subject::Subject;
use crate::desired::suggest::{self, shown};
use crate::model::config::MIN_ISR;
use crate::model::config::{SPECS, spec};
use crate::model::{ConfigKey, Finding, Globs, Layer, Place, TopicName};

/// The rules of one environment, merged with those of the files that it extends.
pub(in crate::desired) struct Rules<'a> {
    environment: Arc<str>,
    name: Option<&'a Given<Pattern>>,
    require: Vec<(Requirement, &'a Given<String>)>,
    partitions: Limit,
    replication_factor: Limit,
    configs: Vec<Limit>,
    max_total_partitions: Option<(u64, &'a Place)>,
    except: Option<&'a Globs>,
    allow_configs: Option<&'a Globs>,
}

/// The rule for names, `[rules] name`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameRule {
    pattern: Option<Pattern>,
    /// The names that it does not apply to.
    except: Globs,
}

impl NameRule {
    /// Returns the pattern if a name breaks it.
    pub(in crate::desired) fn broken_by(&self, name: &TopicName) -> Option<&str> {
        let pattern = self.pattern.as_ref()?;
        let fine = pattern.matches(name.as_str()) || self.ignores(name);
        (!fine).then_some(pattern.as_str())
    }

    /// Returns whether the rules do not apply to this topic.
    pub(in crate::desired) fn ignores(&self, name: &TopicName) -> bool {
        self.except.matches(name.as_str())
    }
}

/// A requirement on a topic, from `[rules] require`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// An `owner`.
    Owner,
    /// A `description`.
    Description,
    /// At least one label.
    Labels,
    /// The label with this name.
    Label(String),
    /// The expected traffic.
    Traffic,
    /// A declaration of this config.
    Config(String),
}

impl<'a> Rules<'a> {
    /// Builds and checks the rules of an environment.
    pub(in crate::desired) fn of(chain: &Chain<'a>, problems: &mut Problems) -> Self {
        let tables: Vec<&RulesTable> = chain
            .files
            .iter()
            .filter_map(|(_, content)| content.rules.value())
            .collect();
        let allow_configs = chain.pick(|file| Some(&file.rules.value()?.allow_configs));
        let allow_configs = allow_configs.map(|given| &given.value.globs);
        let require = chain.pick(|file| Some(&file.rules.value()?.require));
        let except = chain.pick(|file| Some(&file.rules.value()?.except));
        let total = chain.pick(|file| Some(&file.rules.value()?.max_total_partitions));
        Self {
            environment: chain.name.clone(),
            name: chain.pick(|file| Some(&file.rules.value()?.name)),
            require: require.map_or(Vec::new(), |given| {
                requirements(&given.value, allow_configs, problems)
            }),
            partitions: count_limit("partitions", tables.iter().map(|table| &table.partitions)),
            replication_factor: count_limit(
                "replication_factor",
                tables.iter().map(|table| &table.replication_factor),
            ),
            configs: config_limits(&tables, allow_configs, problems),
            max_total_partitions: total.map(|given| (given.value.0, &given.place)),
            except: except.map(|given| &given.value.globs),
            allow_configs,
        }
    }

    /// Returns whether a config key is valid here although Kafka 4.3 does not have it.
    pub(in crate::desired) fn allows(&self, key: &ConfigKey) -> bool {
        self.allow_configs
            .is_some_and(|globs| globs.matches(key.as_str()))
    }

    /// Returns the rule for names, for topics that only exist in lifecycle instances.
    pub(in crate::desired) fn names(&self) -> NameRule {
        NameRule {
            pattern: self.name.map(|given| given.value.clone()),
            except: self.except.cloned().unwrap_or_default(),
        }
    }

    /// Iterates over the requirements on every topic.
    pub(in crate::desired) fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.require.iter().map(|(requirement, _)| requirement)
    }

    /// Returns globs over the config keys that are valid here although Kafka 4.3 does not have
    /// them.
    pub(in crate::desired) fn allowed_configs(&self) -> Globs {
        self.allow_configs.cloned().unwrap_or_default()
    }

    /// Returns the number of checks per topic.
    pub(in crate::desired) fn size(&self) -> usize {
        self.require.len() + self.configs.len()
    }

    /// Returns whether the rules do not apply to this topic.
    fn ignores(&self, name: &str) -> bool {
        self.except.is_some_and(|globs| globs.matches(name))
    }

    /// Checks a topic. The name of a lifecycle's topic is not checked, because it is not known yet.
    pub(in crate::desired) fn check(
        &self,
        subject: &Subject<'_>,
        topic: &Topic,
        problems: &mut Problems,
    ) {
        if self.ignores(subject.name.as_str()) {
            return;
        }
        if let Some(pattern) = self.name
            && !subject.is_template
            && !pattern.value.matches(subject.name.as_str())
        {
            let message = format!("the name does not match {}", shown(pattern.value.as_str()));
            let finding = Finding::error("rule-name", topic.declared_at.clone(), message)
                .related(pattern.place.clone(), "the rule");
            subject.report(&Layer::Topic, finding, problems);
        }
        for (requirement, given) in &self.require {
            if !requirement.is_met(topic) {
                let message = format!("the topic has no {}", shown(&given.value));
                let finding = Finding::error("rule-require", topic.declared_at.clone(), message)
                    .related(given.place.clone(), "required here");
                subject.report(&Layer::Topic, finding, problems);
            }
        }
        let counts = [
            (&self.partitions, &topic.partitions),
            (&self.replication_factor, &topic.replication_factor),
        ];
        for (limit, value) in counts {
            let magnitude = Magnitude::Whole(i128::from(value.value));
            if let Some(finding) =
                limit.broken(Some(magnitude), &value.value.to_string(), &value.place)
            {
                subject.report(&value.layer, finding, problems);
            }
        }
        for limit in &self.configs {
            if let Some(value) = topic.config.get(limit.key.as_str()) {
                let magnitude = magnitude(spec(&limit.key), &value.value);
                if let Some(finding) = limit.broken(magnitude, &value.value, &value.place) {
                    subject.report(&value.layer, finding, problems);
                }
            }
        }
    }

    /// Checks the total of all topics.
    pub(in crate::desired) fn check_total<'t>(
        &self,
        topics: impl Iterator<Item = (&'t str, u32)>,
        problems: &mut Problems,
    ) {
        let Some((most, place)) = self.max_total_partitions else {
            return;
        };
        let counted = topics.filter(|(name, _)| !self.ignores(name));
        let total: u64 = counted.map(|(_, partitions)| u64::from(partitions)).sum();
        if total > most {
            let message = format!(
                "the topics of {} have {total} partitions together",
                self.environment
            );
            let finding = Finding::error("rule-total", place.clone(), message)
                .label(format!("{} more than allowed", total - most));
            problems.add(finding);
        }
    }
}

impl Requirement {
    fn is_met(&self, topic: &Topic) -> bool {
        match self {
            Requirement::Owner => topic.owner.is_some(),
            Requirement::Description => topic.description.is_some(),
            Requirement::Labels => !topic.labels.is_empty(),
            Requirement::Label(label) => topic.labels.contains_key(label),
            Requirement::Traffic => topic.traffic.is_some(),
            Requirement::Config(key) => topic.config.contains_key(key.as_str()),
        }
    }
}

fn requirements<'a>(
    list: &'a List<String>,
    allowed: Option<&Globs>,
    problems: &mut Problems,
) -> Vec<(Requirement, &'a Given<String>)> {
    let mut requirements = Vec::new();
    for given in &list.0 {
        let word = given.value.as_str();
        let config = word.strip_prefix("config.").unwrap_or(word);
        let is_config =
            spec(config).is_some() || allowed.is_some_and(|globs| globs.matches(config));
        let requirement = match word {
            "owner" => Requirement::Owner,
            "description" => Requirement::Description,
            "labels" => Requirement::Labels,
            "traffic" => Requirement::Traffic,
            "min_insync_replicas" => Requirement::Config(MIN_ISR.to_owned()),
            _ if is_config => Requirement::Config(config.to_owned()),
            _ => match word.strip_prefix("labels.") {
                Some(label) => Requirement::Label(label.to_owned()),
                None => {
                    problems.add(unknown_requirement(word, given.place.clone()));
                    continue;
                }
            },
        };
        requirements.push((requirement, given));
    }
    requirements
}

fn unknown_requirement(word: &str, place: Place) -> Finding {
    let fields = [
        "owner",
        "description",
        "labels",
        "traffic",
        "min_insync_replicas",
    ];
    let configs = SPECS.iter().map(|spec| spec.name);
    let near = suggest::closest(word, fields.into_iter().chain(configs));
    let finding = Finding::error(
        "unknown-word",
        place,
        format!("{} cannot be required", shown(word)),
    );
    finding.help(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "what can be: {}, labels.NAME, and any topic config",
            fields.join(", ")
        ),
    })
}
