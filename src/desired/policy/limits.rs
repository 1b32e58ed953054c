//! The limits of `[rules]` on numbers and words.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::desired::problems::Problems;
use crate::desired::reader::config_value::{unknown_config, value_problem};
use crate::desired::reader::field::{Field, Given};
use crate::desired::reader::rules_table::{Bound, RulesTable, Text};
use crate::desired::reader::values::{Bounded, List};
use crate::desired::suggest::shown;
use crate::model::config::MIN_ISR;
use crate::model::config::{ConfigType, list_items, spec};
use crate::model::{ConfigKey, ConfigSpec, Finding, Globs, Place};

/// The allowed values of a number or word.
#[derive(Default)]
pub(in crate::desired) struct Limit {
    pub(in crate::desired) key: String,
    min: Option<Edge>,
    max: Option<Edge>,
    one_of: Option<(Vec<String>, Place)>,
}

/// A minimum or maximum.
struct Edge {
    magnitude: Magnitude,
    /// The limit as written.
    written: String,
    place: Place,
}

/// A comparable value. Unlimited is greater than all other values.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(in crate::desired) enum Magnitude {
    Whole(i128),
    Decimal(f64),
}

/// Returns the nearest minimum and maximum, from the environment's own file to those that it
/// extends.
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

pub(in crate::desired) fn count_limit<'a, const MIN: u32, const MAX: u32>(
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

pub(in crate::desired) fn config_limits(
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
    if spec.is_some_and(|spec| {
        !matches!(
            spec.kind,
            ConfigType::Integer { .. } | ConfigType::Double { .. }
        )
    }) {
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
    let message = format!(
        "`min` and `max` need a numeric config, and {} is not one",
        shown(key)
    );
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

/// Converts a value for comparison; `None` for words, and for -2, which stands for another config.
pub(in crate::desired) fn magnitude(spec: Option<&ConfigSpec>, value: &str) -> Option<Magnitude> {
    let unlimited = spec.is_some_and(|spec| spec.unlimited);
    let whole = || match value.trim().parse::<i64>().ok()? {
        -1 if unlimited => Some(Magnitude::Whole(i128::MAX)),
        -2 if unlimited => None,
        number => Some(Magnitude::Whole(i128::from(number))),
    };
    match spec.map(|spec| spec.kind) {
        Some(ConfigType::Integer { .. }) | None => whole(),
        Some(ConfigType::Double { .. }) => value.trim().parse().ok().map(Magnitude::Decimal),
        Some(
            ConfigType::Boolean
            | ConfigType::OneOf(_)
            | ConfigType::ListOf(_)
            | ConfigType::Replicas,
        ) => None,
    }
}

impl Limit {
    /// Returns the limit that a value breaks, if any.
    pub(in crate::desired) fn broken(
        &self,
        magnitude: Option<Magnitude>,
        value: &str,
        place: &Place,
    ) -> Option<Finding> {
        let finding = |message: String, rule: &Place| {
            Finding::error("rule-value", place.clone(), message).related(rule.clone(), "the rule")
        };
        let edges = [
            (&self.min, "is below the minimum", Ordering::Less),
            (&self.max, "exceeds the maximum", Ordering::Greater),
        ];
        for (edge, words, beyond) in edges {
            if let (Some(magnitude), Some(edge)) = (magnitude, edge)
                && magnitude.partial_cmp(&edge.magnitude) == Some(beyond)
            {
                let human = ConfigKey::from(self.key.as_str()).human(value);
                let message = format!(
                    "`{}` = {} {words}, {}",
                    self.key,
                    human.as_deref().unwrap_or(value),
                    edge.written
                );
                return Some(finding(message, &edge.place));
            }
        }
        let (words, rule) = self.one_of.as_ref()?;
        let stray = self.stray(value, words)?;
        let message = format!("`{}` has {}, which is not allowed", self.key, shown(stray));
        Some(finding(message, rule).help(format!("allowed: {}", words.join(", "))))
    }

    /// Returns the part of a value that is not among the allowed words; the whole value, unless it
    /// is a list.
    fn stray<'v>(&self, value: &'v str, words: &[String]) -> Option<&'v str> {
        let spec = spec(&self.key);
        let key = ConfigKey::from(self.key.as_str());
        let allowed = |item: &str| words.iter().any(|word| key.same(word, item));
        match spec.map(|spec| spec.kind) {
            Some(ConfigType::ListOf(_) | ConfigType::Replicas) => {
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
