//! `[rules]`: what an environment's topics must look like.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Topic;
use super::config_table::{MIN_ISR, unknown_config, value_problem};
use super::environment_file::{Bound, RulesTable, Text};
use super::environments::Chain;
use super::field::{Field, Given};
use super::pattern::Pattern;
use super::problems::Problems;
use super::resolve::Subject;
use super::suggest::{self, shown};
use super::values::{Bounded, List};
use crate::model::config::{Kind, SPECS, list_items, spec};
use crate::model::{ConfigKey, ConfigSpec, Finding, Globs, Layer, Place};

/// The rules of one environment, those that it extends below its own.
pub(super) struct Rules<'a> {
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

/// What a topic must have.
enum Requirement {
    Owner,
    Description,
    Labels,
    Label(String),
    Traffic,
    Config(String),
}

/// What a number or a word may be.
#[derive(Default)]
struct Limit {
    key: String,
    min: Option<Edge>,
    max: Option<Edge>,
    one_of: Option<(Vec<String>, Place)>,
}

/// The least or the most that is allowed.
struct Edge {
    magnitude: Magnitude,
    /// As the file writes it.
    written: String,
    place: Place,
}

/// A value that can be compared. Unlimited is more than anything else.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
enum Magnitude {
    Whole(i128),
    Decimal(f64),
}

impl<'a> Rules<'a> {
    /// Puts the rules of an environment together, and checks them.
    pub(super) fn of(chain: &Chain<'a>, problems: &mut Problems) -> Self {
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

    /// Whether a config key is legal here though Kafka 4.3 does not have it.
    pub(super) fn allows(&self, key: &ConfigKey) -> bool {
        self.allow_configs
            .is_some_and(|globs| globs.matches(key.as_str()))
    }

    /// How many checks a topic goes through.
    pub(super) fn size(&self) -> usize {
        self.require.len() + self.configs.len()
    }

    /// Whether the rules pass over this topic.
    fn passes_over(&self, name: &str) -> bool {
        self.except.is_some_and(|globs| globs.matches(name))
    }

    /// Checks a topic. The name of a lifecycle's topic is not known yet, so that is not checked.
    pub(super) fn check(&self, subject: &Subject<'_>, topic: &Topic, problems: &mut Problems) {
        if self.passes_over(subject.name.as_str()) {
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

    /// Checks all topics together.
    pub(super) fn check_total<'t>(
        &self,
        topics: impl Iterator<Item = (&'t str, u32)>,
        problems: &mut Problems,
    ) {
        let Some((most, place)) = self.max_total_partitions else {
            return;
        };
        let counted = topics.filter(|(name, _)| !self.passes_over(name));
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

/// The nearest of each edge, from the environment's own file down to what it extends.
fn nearest<'a, T: 'a>(
    bounds: impl Iterator<Item = &'a Bound<T>> + Clone,
) -> [Option<&'a Given<T>>; 2] {
    let pick = |edge: fn(&Bound<T>) -> &Field<T>| {
        bounds
            .clone()
            .map(edge)
            .find(|field| !field.is_absent())
            .and_then(Field::given)
    };
    [pick(|bound| &bound.min), pick(|bound| &bound.max)]
}

fn nearest_list<'a, T: 'a>(
    bounds: impl Iterator<Item = &'a Bound<T>>,
) -> Option<&'a Given<List<T>>> {
    let mut lists = bounds.map(|bound| &bound.one_of);
    lists
        .find(|field| !field.is_absent())
        .and_then(Field::given)
}

fn count_limit<'a, const MIN: u32, const MAX: u32>(
    key: &str,
    bounds: impl Iterator<Item = &'a Field<Bound<Bounded<MIN, MAX>>>> + Clone,
) -> Limit {
    let bounds = bounds.filter_map(Field::value);
    let edge = |given: &Given<Bounded<MIN, MAX>>| Edge {
        magnitude: Magnitude::Whole(i128::from(given.value.0)),
        written: given.value.0.to_string(),
        place: given.place.clone(),
    };
    let [min, max] = nearest(bounds.clone());
    let one_of = nearest_list(bounds).map(|list| {
        let words = list.value.0.iter().map(|given| given.value.0.to_string());
        (words.collect(), list.place.clone())
    });
    Limit {
        key: key.to_owned(),
        min: min.map(edge),
        max: max.map(edge),
        one_of,
    }
}

fn config_limits(
    tables: &[&RulesTable],
    allowed: Option<&Globs>,
    problems: &mut Problems,
) -> Vec<Limit> {
    let mut by_key: BTreeMap<&str, Vec<&Bound<Text>>> = BTreeMap::new();
    for table in tables {
        if let Some(bound) = table.min_insync_replicas.value() {
            by_key.entry(MIN_ISR).or_default().push(bound);
        }
        for rule in table.config.value().map_or(&[][..], |configs| &configs.0) {
            if spec(&rule.key).is_none() && !allowed.is_some_and(|globs| globs.matches(&rule.key)) {
                problems.add(unknown_config(&rule.key, rule.place.clone(), true));
                continue;
            }
            by_key.entry(&rule.key).or_default().push(&rule.bound);
        }
    }
    let limit = |(key, bounds): (&str, Vec<&Bound<Text>>)| {
        let [min, max] = nearest(bounds.iter().copied());
        Limit {
            key: key.to_owned(),
            min: min.and_then(|given| config_edge(key, given, problems)),
            max: max.and_then(|given| config_edge(key, given, problems)),
            one_of: nearest_list(bounds.iter().copied())
                .map(|list| config_words(key, list, problems)),
        }
    };
    by_key.into_iter().map(limit).collect()
}

fn config_edge(key: &str, given: &Given<Text>, problems: &mut Problems) -> Option<Edge> {
    let written = given.value.0.clone();
    let spec = spec(key);
    if spec.is_some_and(|spec| !matches!(spec.kind, Kind::Integer { .. } | Kind::Double { .. })) {
        problems.add(no_number(key, &given.place));
        return None;
    }
    let normal = match spec.map(|spec| spec.normalise(&written)) {
        Some(Ok(normal)) => normal,
        Some(Err(problem)) => {
            problems.add(value_problem(key, &problem, given.place.clone(), None));
            return None;
        }
        None => written.clone(),
    };
    let Some(magnitude) = magnitude(spec, &normal) else {
        problems.add(no_number(key, &given.place));
        return None;
    };
    Some(Edge {
        magnitude,
        written,
        place: given.place.clone(),
    })
}

fn no_number(key: &str, place: &Place) -> Finding {
    let message = format!("{} is no number: it has no least and no most", shown(key));
    Finding::error("wrong-type", place.clone(), message).help("use one_of = [\"…\"]")
}

fn config_words(
    key: &str,
    list: &Given<List<Text>>,
    problems: &mut Problems,
) -> (Vec<String>, Place) {
    let mut words = Vec::new();
    for given in &list.value.0 {
        match spec(key).map(|spec| spec.normalise(&given.value.0)) {
            Some(Err(problem)) => {
                problems.add(value_problem(key, &problem, given.place.clone(), None))
            }
            Some(Ok(normal)) => words.push(normal),
            None => words.push(given.value.0.clone()),
        }
    }
    (words, list.place.clone())
}

/// A value as something to compare; `None` for words, and for -2, which stands for another config.
fn magnitude(spec: Option<&ConfigSpec>, value: &str) -> Option<Magnitude> {
    let unlimited = spec.is_some_and(|spec| spec.unlimited);
    let whole = || match value.trim().parse::<i64>().ok()? {
        -1 if unlimited => Some(Magnitude::Whole(i128::MAX)),
        -2 if unlimited => None,
        number => Some(Magnitude::Whole(i128::from(number))),
    };
    match spec.map(|spec| spec.kind) {
        Some(Kind::Integer { .. }) | None => whole(),
        Some(Kind::Double { .. }) => value.trim().parse().ok().map(Magnitude::Decimal),
        Some(Kind::Boolean | Kind::OneOf(_) | Kind::ListOf(_) | Kind::Replicas) => None,
    }
}

impl Limit {
    /// What a value breaks, if anything.
    fn broken(&self, magnitude: Option<Magnitude>, value: &str, place: &Place) -> Option<Finding> {
        let human = ConfigKey::from(self.key.as_str()).human(value);
        let shown_value = human.as_deref().unwrap_or(value);
        let finding = |message: String, rule: &Place| {
            Finding::error("rule-value", place.clone(), message).related(rule.clone(), "the rule")
        };
        if let (Some(magnitude), Some(min)) = (magnitude, &self.min)
            && magnitude < min.magnitude
        {
            let message = format!(
                "`{}` = {shown_value} is below the least allowed, {}",
                self.key, min.written
            );
            return Some(finding(message, &min.place));
        }
        if let (Some(magnitude), Some(max)) = (magnitude, &self.max)
            && magnitude > max.magnitude
        {
            let message = format!(
                "`{}` = {shown_value} is above the most allowed, {}",
                self.key, max.written
            );
            return Some(finding(message, &max.place));
        }
        let (words, rule) = self.one_of.as_ref()?;
        let stray = self.stray(value, words)?;
        let message = format!("`{}` has {}, which is not allowed", self.key, shown(stray));
        Some(finding(message, rule).help(format!("allowed: {}", words.join(", "))))
    }

    /// The part of a value that is not among the words; the whole value, unless it is a list.
    fn stray<'v>(&self, value: &'v str, words: &[String]) -> Option<&'v str> {
        let spec = spec(&self.key);
        let key = ConfigKey::from(self.key.as_str());
        let allowed = |item: &str| words.iter().any(|word| key.same(word, item));
        match spec.map(|spec| spec.kind) {
            Some(Kind::ListOf(_) | Kind::Replicas) => {
                let within = |item: &&str| {
                    words
                        .iter()
                        .any(|word| list_items(word).any(|w| w == *item))
                };
                list_items(value).find(|item| !within(item))
            }
            _ => (!allowed(value)).then_some(value),
        }
    }
}
