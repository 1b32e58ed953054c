//! What can be told of a lifecycle's topics before there are any: that their names could never be
//! used here, or could be those of other topics. Names are checked again once an instance has them.

use std::collections::BTreeMap;
use std::ops::Bound;

use regex::bytes::{Regex, RegexBuilder};

use super::name_template::Part;
use super::problems::Problems;
use super::suggest::shown;
use super::{Desired, Lifecycle, LifecycleTopic};
use crate::model::{Finding, Globs, Place, TopicName};

/// How many names are held against templates in one environment; beyond that only an instance
/// tells.
const MOST_TRIED: usize = 5_000_000;

/// What making a template into a regular expression counts among the names tried.
const COMPILED: usize = 500;

/// Room for the regular expression of a template, in bytes.
const PATTERN_SIZE: usize = 1 << 20;

/// Checks the lifecycles of an environment against everything else that it names.
pub(super) fn check(desired: &Desired, problems: &mut Problems) {
    let mut left = MOST_TRIED;
    for lifecycle in desired.lifecycles.values() {
        for topic in &lifecycle.topics {
            ignored(desired, topic, problems);
            let mut names = Names::of(lifecycle, topic, left);
            named_elsewhere(desired, &mut names, problems);
            left = names.left;
        }
    }
}

/// The topics of lifecycles that surely lie outside of what a scope may list.
pub(super) fn outside<'a>(
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

/// The name as it stands in the file, placeholders and all.
fn written(topic: &LifecycleTopic) -> TopicName {
    TopicName::new(topic.name.to_string())
}

/// What every name of a topic starts and ends with.
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

/// Whether a name with these ends could match a glob, as far as the glob's own plain ends tell.
fn may_match(glob: &str, start: &str, end: &str) -> bool {
    const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
    let glob_start = glob.split(SPECIAL).next().unwrap_or_default();
    let glob_end = glob.rsplit(SPECIAL).next().unwrap_or_default();
    let starts = start.starts_with(glob_start) || glob_start.starts_with(start);
    let ends = end.ends_with(glob_end) || glob_end.ends_with(end);
    starts && ends
}

/// A glob that matches whatever stands for the placeholders ignores every instance.
fn ignored(desired: &Desired, topic: &LifecycleTopic, problems: &mut Problems) {
    let environment = &desired.environment;
    let ignoring = |length: usize| {
        // No glob spells this out, so that only its wildcards match.
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

/// Names that the files give to something else and that an instance could have too.
fn named_elsewhere(desired: &Desired, names: &mut Names<'_>, problems: &mut Problems) {
    const HELP: &str = "rename one of them, or narrow the patterns of the lifecycle's parameters";
    let environment = &desired.environment;
    let template = written(names.topic);
    let inventory = &environment.inventory;
    if inventory.enabled && names.has(&inventory.topic) {
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
        .map(|(name, tombstone)| (name, &tombstone.declared_at, "has a tombstone"));
    for (name, place, what) in listed.chain(removed) {
        if !names.has(name) {
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

/// The names that a topic of a lifecycle can have.
struct Names<'a> {
    lifecycle: &'a Lifecycle,
    topic: &'a LifecycleTopic,
    start: &'a str,
    end: &'a str,
    /// Made once it is needed; `Some(None)` where it cannot be made.
    regex: Option<Option<Regex>>,
    /// How many names may still be tried.
    left: usize,
}

impl<'a> Names<'a> {
    fn of(lifecycle: &'a Lifecycle, topic: &'a LifecycleTopic, left: usize) -> Self {
        let (start, end) = ends(topic);
        Self {
            lifecycle,
            topic,
            start,
            end,
            regex: None,
            left,
        }
    }

    /// Whether this is surely one of them.
    fn has(&mut self, name: &TopicName) -> bool {
        let text = name.as_str();
        if self.left == 0 || !text.starts_with(self.start) || !text.ends_with(self.end) {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        let (lifecycle, topic, left) = (self.lifecycle, self.topic, &mut self.left);
        let regex = self.regex.get_or_insert_with(|| {
            *left = left.saturating_sub(COMPILED);
            regex(lifecycle, topic)
        });
        let Some(captures) = regex.as_ref().and_then(|r| r.captures(text.as_bytes())) else {
            return false;
        };
        // A placeholder that stands twice has one value.
        let mut values = BTreeMap::new();
        let group = |at: usize| captures.name(&group(at)).map(|value| value.as_bytes());
        let mut found = topic.name.placeholders().enumerate();
        found.all(|(at, name)| *values.entry(name).or_insert(group(at)) == group(at))
    }
}

/// The name of the group that holds the value of a placeholder, by its position.
fn group(at: usize) -> String {
    format!("topicsmith_{at}")
}

/// What the names match whole. `None` where the patterns do not go together: two may name their
/// groups alike.
fn regex(lifecycle: &Lifecycle, topic: &LifecycleTopic) -> Option<Regex> {
    let mut text = String::from(r"\A");
    let mut at = 0;
    for part in topic.name.parts() {
        match part {
            Part::Text(plain) => text.push_str(&regex::escape(plain)),
            Part::Placeholder(name) => {
                let pattern = lifecycle.parameters.get(name)?;
                text.push_str(&format!("(?P<{}>{})", group(at), pattern.grouped()));
                at += 1;
            }
        }
    }
    text.push_str(r"\z");
    let mut builder = RegexBuilder::new(&text);
    builder.unicode(false).size_limit(PATTERN_SIZE).build().ok()
}
