//! Checks of an environment's whole set of topics.

use std::collections::HashMap;

use crate::desired::lifecycle::checks;
use crate::desired::lifecycle::name_shape::Effort;
use crate::desired::problems::Problems;
use crate::desired::suggest::shown;
use crate::desired::{Desired, Environment};
use crate::model::{Finding, Place, TopicName};

/// Checks an environment's topics and removals against each other and against the names that the
/// environment reserves.
pub(in crate::desired) fn check(desired: &Desired, effort: &Effort, problems: &mut Problems) {
    let environment = &desired.environment;
    collisions(desired, problems);
    for (name, topic) in &desired.topics {
        reserved(environment, name, &topic.declared_at, "listed", problems);
    }
    for (name, removal) in &desired.removed {
        reserved(
            environment,
            name,
            &removal.declared_at,
            "a removal",
            problems,
        );
        if let Some(topic) = desired.topics.get(name) {
            let message = format!("{} is both listed and removed", shown(name));
            let finding =
                Finding::error("listed-and-removed", removal.declared_at.clone(), message)
                    .related(topic.declared_at.clone(), "listed here")
                    .help("remove one of them, or limit each to its environments = [..]");
            problems.add_in(&environment.name, name, true, finding);
        }
    }
    checks::check(desired, effort, problems);
    if let Some(scope) = &environment.inventory.scope {
        for finding in outside_scope(desired, scope) {
            problems.add(finding);
        }
    }
}

/// Reports names that differ only in `.` and `_`.
fn collisions(desired: &Desired, problems: &mut Problems) {
    let mut seen: HashMap<String, (&TopicName, &Place)> = HashMap::new();
    for (name, topic) in &desired.topics {
        if !name.as_str().contains(['.', '_']) {
            continue;
        }
        let Some((first, place)) = seen.insert(name.collision_key(), (name, &topic.declared_at))
        else {
            continue;
        };
        let (early, late) = match place <= &topic.declared_at {
            true => ((first, place), (name, &topic.declared_at)),
            false => ((name, &topic.declared_at), (first, place)),
        };
        let message = format!(
            "{} and {} differ in nothing but `.` and `_`, and Kafka takes only one of them",
            shown(early.0),
            shown(late.0)
        );
        let finding = Finding::error("collision", late.1.clone(), message)
            .related(early.1.clone(), "the other one")
            .help("rename one of them: both have the same name in Kafka's metrics");
        problems.add_in(&desired.environment.name, late.0, true, finding);
    }
}

/// Reports topics that the environment ignores, or that are reserved for the tool itself.
fn reserved(
    environment: &Environment,
    name: &TopicName,
    place: &Place,
    what: &str,
    problems: &mut Problems,
) {
    if *name == environment.inventory.topic && environment.inventory.enabled {
        let message = format!(
            "{} holds the inventory, so it cannot be {what}",
            shown(name)
        );
        let finding = Finding::error("reserved", place.clone(), message)
            .help("another topic can hold it: [inventory] topic = \"…\"");
        problems.add_in(&environment.name, name, true, finding);
    }
    if let Some(glob) = environment.ignore_topics.first_match(name.as_str()) {
        let message = format!("{} is ignored here, so it cannot be {what}", shown(name));
        let finding = Finding::error("ignored", place.clone(), message).help(format!(
            "[ignore] topics has {}: change one of them",
            shown(glob)
        ));
        problems.add_in(&environment.name, name, true, finding);
    }
}

/// Returns the topics and removals of an environment that a scope may not list or remove. Empty if
/// the environment does not divide its cluster into scopes.
pub fn outside_scope(desired: &Desired, scope: &str) -> Vec<Finding> {
    let Some(limits) = desired.environment.scopes.get(scope) else {
        return Vec::new();
    };
    let listed = desired
        .topics
        .iter()
        .map(|(name, topic)| (name, &topic.declared_at));
    let removed = desired
        .removed
        .iter()
        .map(|(name, removal)| (name, &removal.declared_at));
    let outside = listed
        .chain(removed)
        .filter(|(name, _)| !limits.topics.matches(name.as_str()))
        .map(|(name, place)| (name.clone(), place));
    let outside = outside.chain(checks::outside(desired, &limits.topics));
    let finding = |(name, place): (TopicName, &Place)| {
        let message = format!(
            "{} does not belong to the scope {}",
            shown(&name),
            shown(scope)
        );
        let globs: Vec<&str> = limits
            .topics
            .patterns()
            .iter()
            .map(String::as_str)
            .take(20)
            .collect();
        Finding::error("scope", place.clone(), message)
            .related(limits.declared_at.clone(), "the scope")
            .help(match globs.as_slice() {
                [] => "it may list nothing".to_owned(),
                globs => format!("it may list {}", globs.join(", ")),
            })
    };
    outside.map(finding).collect()
}
