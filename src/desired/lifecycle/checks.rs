//! Checks of lifecycle topics before any instance exists: names that could never be used, or that
//! other topics could have. Names are checked again when an instance starts.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::name_shape::{Effort, NameShape, Search};
use super::name_template::Part;
use crate::desired::problems::Problems;
use crate::desired::suggest::shown;
use crate::desired::{Desired, LifecycleTopic};
use crate::model::{Finding, Globs, Place, TopicName};

/// The code of names that two instances could share.
const AMBIGUOUS: &str = "ambiguous-template";

/// Checks the lifecycles of an environment against each other and against all other names.
pub(in crate::desired) fn check(desired: &Desired, effort: &Effort, problems: &mut Problems) {
    let mut made = Vec::new();
    for lifecycle in desired.lifecycles.values() {
        for topic in &lifecycle.topics {
            ignored(desired, topic, problems);
            if let Some(shape) = NameShape::of(lifecycle, &topic.name) {
                let (start, end) = ends(topic);
                made.push(Names {
                    topic,
                    shape,
                    start,
                    end,
                });
            }
        }
    }
    for names in &made {
        named_elsewhere(desired, names, effort, problems);
        ambiguous(desired, names, effort, problems);
    }
    overlaps(desired, made, effort, problems);
}

/// The possible names of a lifecycle's topic.
struct Names<'a> {
    topic: &'a LifecycleTopic,
    shape: NameShape<'a>,
    start: &'a str,
    end: &'a str,
}

impl Names<'_> {
    /// Returns whether a name is certainly one of them.
    fn has(&self, name: &TopicName, effort: &Effort) -> bool {
        let text = name.as_str();
        text.starts_with(self.start) && text.ends_with(self.end) && self.shape.has(text, effort)
    }

    fn place(&self) -> Place {
        self.topic.settings.declared_at.clone()
    }
}

/// Reports a name that two instances of a lifecycle could share.
fn ambiguous(desired: &Desired, names: &Names<'_>, effort: &Effort, problems: &mut Problems) {
    const HELP: &str = "put a character between the parameters that their patterns do not match";
    let written = written(names.topic);
    let finding = match names.shape.two_readings(effort) {
        Search::None => return,
        Search::Found {
            name,
            first,
            second,
        } => {
            let message = format!(
                "{} is ambiguous: {} and {} make the same topic {}",
                shown(&written),
                values(&first),
                values(&second),
                shown(&name)
            );
            Finding::error(AMBIGUOUS, names.place(), message)
        }
        Search::Unknown => {
            let message = format!(
                "cannot check whether two instances could have the same topic {}: its patterns are too large, or a parameter is in it twice",
                shown(&written)
            );
            Finding::error(AMBIGUOUS, names.place(), message)
        }
    };
    let environment = &desired.environment.name;
    problems.add_in(environment, &written, true, finding.help(HELP));
}

/// Reports names that topics of two templates could share.
fn overlaps(desired: &Desired, mut made: Vec<Names<'_>>, effort: &Effort, problems: &mut Problems) {
    made.sort_by(|a, b| (a.start, a.place()).cmp(&(b.start, b.place())));
    for (number, one) in made.iter().enumerate() {
        // Templates with different prefixes share no name.
        let others = made[number + 1..].iter();
        for other in others.take_while(|other| other.start.starts_with(one.start)) {
            if !effort.take(1) {
                return;
            }
            let ends = one.end.ends_with(other.end) || other.end.ends_with(one.end);
            if ends && let Search::Found { name, .. } = one.shape.common_name(&other.shape, effort)
            {
                overlap(desired, one, other, &name, problems);
            }
        }
    }
}

fn overlap(
    desired: &Desired,
    one: &Names<'_>,
    other: &Names<'_>,
    name: &str,
    problems: &mut Problems,
) {
    let (first, second) = match one.place() <= other.place() {
        true => (one, other),
        false => (other, one),
    };
    let topic = written(second.topic);
    let message = format!(
        "{} and {} could be the same topic: both make {}",
        shown(written(first.topic)),
        shown(&topic),
        shown(name)
    );
    let finding = Finding::error(AMBIGUOUS, second.place(), message)
        .related(first.place(), "the other one")
        .help("begin or end their names differently, or narrow the patterns of the parameters");
    problems.add_in(&desired.environment.name, &topic, true, finding);
}

/// Formats values as `a=x b=y_z`.
fn values(values: &BTreeMap<String, String>) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    shown(values.join(" "))
}

/// Returns the lifecycle topics that are certainly outside of a scope.
pub(in crate::desired) fn outside<'a>(
    desired: &'a Desired,
    scope: &'a Globs,
) -> impl Iterator<Item = (TopicName, &'a Place)> {
    let topics = desired.lifecycles.values().flat_map(|l| &l.topics);
    let outside = topics.filter(|topic| {
        let (start, end) = ends(topic);
        let mut globs = scope.patterns().iter();
        !globs.any(|glob| may_match(glob, start, end))
    });
    outside.map(|topic| (written(topic), &topic.settings.declared_at))
}

/// Returns the name as written, with placeholders.
fn written(topic: &LifecycleTopic) -> TopicName {
    TopicName::new(topic.name.to_string())
}

/// Returns the common prefix and suffix of a topic's names.
fn ends(topic: &LifecycleTopic) -> (&str, &str) {
    let parts = topic.name.parts();
    (plain(parts.first()), plain(parts.last()))
}

fn plain(part: Option<&Part>) -> &str {
    match part {
        Some(Part::Text(text)) => text,
        Some(Part::Placeholder(_)) | None => "",
    }
}

/// Returns whether a name with this prefix and suffix could match a glob, by the glob's literal
/// prefix and suffix.
fn may_match(glob: &str, start: &str, end: &str) -> bool {
    const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
    let glob_start = glob.split(SPECIAL).next().unwrap_or_default();
    let glob_end = glob.rsplit(SPECIAL).next().unwrap_or_default();
    let starts = start.starts_with(glob_start) || glob_start.starts_with(start);
    let ends = end.ends_with(glob_end) || glob_end.ends_with(end);
    starts && ends
}

/// Reports a glob that matches any value of the placeholders, and so ignores every instance.
fn ignored(desired: &Desired, topic: &LifecycleTopic, problems: &mut Problems) {
    let environment = &desired.environment;
    let ignoring = |length: usize| {
        // A character that no glob contains literally, so that only wildcards match.
        let anything = "\u{1}".repeat(length);
        let values = topic.name.placeholders().map(|name| (name, &*anything));
        let name = topic.name.fill(&values.collect());
        environment.ignore_topics.first_match(name.as_str())
    };
    let (Some(glob), Some(_)) = (ignoring(1), ignoring(20)) else {
        return;
    };
    let name = written(topic);
    let message = format!(
        "{} is ignored here, so it cannot be a lifecycle's",
        shown(&name)
    );
    let place = topic.settings.declared_at.clone();
    let finding = Finding::error("ignored", place, message).help(format!(
        "[ignore] topics has {}: change one of them",
        shown(glob)
    ));
    problems.add_in(&environment.name, &name, true, finding);
}

/// Reports other declared names that an instance could have, too.
fn named_elsewhere(desired: &Desired, names: &Names<'_>, effort: &Effort, problems: &mut Problems) {
    const HELP: &str = "rename one of them, or narrow the patterns of the lifecycle's parameters";
    let environment = &desired.environment;
    let template = written(names.topic);
    let inventory = &environment.inventory;
    if inventory.enabled && names.has(&inventory.topic, effort) {
        let message = format!(
            "a topic of an instance could be {}, which holds the inventory",
            shown(&inventory.topic)
        );
        let place = names.topic.settings.declared_at.clone();
        let finding = Finding::error("lifecycle-name", place, message).help(HELP);
        problems.add_in(&environment.name, &template, true, finding);
    }
    let listed = with_start(&desired.topics, names.start)
        .map(|(name, topic)| (name, &topic.declared_at, "is listed"));
    let removed = with_start(&desired.removed, names.start)
        .map(|(name, removal)| (name, &removal.declared_at, "has a removal"));
    for (name, place, what) in listed.chain(removed) {
        if !names.has(name, effort) {
            continue;
        }
        let message = format!(
            "{} {what}, and could be a topic of an instance too",
            shown(name)
        );
        let finding = Finding::error("lifecycle-name", place.clone(), message)
            .related(
                names.topic.settings.declared_at.clone(),
                "made by this name",
            )
            .help(HELP);
        problems.add_in(&environment.name, name, true, finding);
    }
}

fn with_start<'a, T>(
    topics: &'a BTreeMap<TopicName, T>,
    start: &str,
) -> impl Iterator<Item = (&'a TopicName, &'a T)> {
    let from = topics.range::<str, _>((Bound::Included(start), Bound::Unbounded));
    from.take_while(move |(name, _)| name.as_str().starts_with(start))
}
