//! All topics files together: the entries, and checks of the names that they refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expand::{Expander, Made};
use super::known::KnownNames;
use super::patterns::Patterns;
use super::placeholders::MOST_PLACEHOLDERS;
use crate::desired::lifecycle::name_template::is_placeholder;
use crate::desired::problems::Problems;
use crate::desired::reader::field::Field;
use crate::desired::reader::settings::{Profile, Settings};
use crate::desired::reader::topics_file::{
    LifecycleTable, Listed, Removed, TopicEntry, TopicsFile,
};
use crate::desired::reader::values::{Entries, Entry};
use crate::desired::suggest::{self, shown};
use crate::model::{Finding, Place, TopicName};

/// The estimated bytes of an entry in an environment, without its topics.
const SHARED_BYTES: usize = 100;

const MOST_LIFECYCLES: usize = 1_000;

/// The contents of all topics files, without duplicates.
#[derive(Debug, Default)]
pub(in crate::desired) struct Declarations {
    pub(in crate::desired) entries: Vec<Listed>,
    pub(in crate::desired) profiles: BTreeMap<Arc<str>, Entry<Profile>>,
    pub(in crate::desired) lifecycles: BTreeMap<Arc<str>, Entry<LifecycleTable>>,
    pub(in crate::desired) removed: BTreeMap<TopicName, Entry<Removed>>,
    /// The expanded topics.
    pub(in crate::desired) made: Made,
}

impl Declarations {
    /// Combines the files. `complete` is false if one could not be read: references to what it may
    /// contain are not reported.
    pub(in crate::desired) fn build(
        files: Vec<TopicsFile>,
        complete: bool,
        known: &KnownNames,
        problems: &mut Problems,
    ) -> Self {
        let mut declarations = Self::default();
        let mut removals = BTreeMap::new();
        let topics = files.iter().filter_map(|file| file.topics.value());
        let topics = topics.map(|entries| entries.0.len()).sum();
        declarations.entries.reserve_exact(topics);
        for file in files {
            declarations.entries.extend(taken(file.topics));
            keep_first(
                taken(file.profiles),
                &mut declarations.profiles,
                "profile",
                problems,
            );
            keep_first(
                taken(file.lifecycles),
                &mut declarations.lifecycles,
                "lifecycle",
                problems,
            );
            keep_first(taken(file.removed), &mut removals, "removal", problems);
        }
        let complete = declarations.drop_lifecycles(problems) && complete;
        let mut patterns = Patterns::default();
        let lifecycles = declarations.lifecycles.values_mut();
        for lifecycle in lifecycles.filter_map(|entry| entry.value.as_mut()) {
            patterns.of_lifecycle(lifecycle, problems);
        }
        let check = Check {
            declarations: &declarations,
            complete,
            known,
        };
        check.all(problems);
        let mut expander = Expander::new(&declarations.lifecycles, complete);
        for (index, entry) in declarations.entries.iter().enumerate() {
            expander.expand(index, entry, problems);
        }
        declarations.made = expander.finish(&declarations.entries, problems);
        declarations.removed = check_tombstones(removals, known, problems);
        declarations
    }

    /// Returns the estimated bytes that every environment needs regardless of its topics.
    pub(in crate::desired) fn weight(&self) -> usize {
        let shared = self.profiles.len() + self.lifecycles.len() + self.removed.len();
        (shared + self.entries.len()) * SHARED_BYTES
    }

    /// Removes lifecycles over the limit. Returns `false` if any was removed.
    fn drop_lifecycles(&mut self, problems: &mut Problems) -> bool {
        let names = self.lifecycles.iter();
        let mut places: Vec<(Place, Arc<str>)> = names
            .map(|(name, entry)| (entry.place.clone(), name.clone()))
            .collect();
        if places.len() <= MOST_LIFECYCLES {
            return true;
        }
        places.sort();
        let beyond = places.split_off(MOST_LIFECYCLES);
        if let Some((place, _)) = beyond.first() {
            let message = format!("more than {MOST_LIFECYCLES} lifecycles, the most that is read");
            problems.add(Finding::error(
                "too-many-lifecycles",
                place.clone(),
                message,
            ));
        }
        for (_, name) in beyond {
            self.lifecycles.remove(&name);
        }
        false
    }
}

/// Returns the entries of a table; empty if it is absent or invalid.
fn taken<T>(field: Field<Entries<T>>) -> Vec<Entry<T>> {
    match field {
        Field::Given(given) => given.value.0,
        Field::Absent | Field::Bad => Vec::new(),
    }
}

fn keep_first<T>(
    entries: Vec<Entry<T>>,
    all: &mut BTreeMap<Arc<str>, Entry<T>>,
    what: &str,
    problems: &mut Problems,
) {
    for entry in entries {
        match all.get(&entry.name) {
            Some(first) => {
                let message = format!("there are two {what}s {}", shown(&entry.name));
                let finding = Finding::error("duplicate", entry.place, message)
                    .related(first.place.clone(), "first here")
                    .help("remove one of them, or merge them");
                problems.add(finding);
            }
            None => {
                all.insert(entry.name.clone(), entry);
            }
        }
    }
}

/// Checks the names that entries refer to.
struct Check<'a> {
    declarations: &'a Declarations,
    complete: bool,
    known: &'a KnownNames,
}

impl Check<'_> {
    fn all(&self, problems: &mut Problems) {
        for entry in &self.declarations.entries {
            if let Some(topic) = &entry.value {
                self.profiles(topic, problems);
                self.known
                    .check_list(&topic.environments, "the topic", problems);
                self.layers(&topic.env, problems);
            }
        }
        for profile in self.declarations.profiles.values() {
            if let Some(profile) = &profile.value {
                self.layers(&profile.env, problems);
            }
        }
        for lifecycle in self.declarations.lifecycles.values() {
            check_parameters(lifecycle, problems);
        }
    }

    fn profiles(&self, topic: &TopicEntry, problems: &mut Problems) {
        let Some(list) = topic.profile.value() else {
            return;
        };
        for name in &list.0 {
            let profiles = &self.declarations.profiles;
            if profiles.contains_key(name.value.as_str()) || !self.complete {
                continue;
            }
            let message = format!("there is no profile {}", shown(&name.value));
            let mut finding = Finding::error("unknown-profile", name.place.clone(), message);
            if problems.wants_help() {
                let names = profiles.keys().map(|name| &**name);
                finding.help = suggest::help(&name.value, "profiles", names);
            }
            problems.add(finding);
        }
    }

    fn layers(&self, env: &Field<Entries<Settings>>, problems: &mut Problems) {
        for layer in env.value().map_or(&[][..], |entries| &entries.0) {
            self.known.check(&layer.name, &layer.place, problems);
        }
    }
}

fn check_parameters(lifecycle: &Entry<LifecycleTable>, problems: &mut Problems) {
    let Some(table) = &lifecycle.value else {
        return;
    };
    if table.parameters.is_absent() {
        let message = format!("the lifecycle {} has no parameters", shown(&lifecycle.name));
        let finding = Finding::error("missing", lifecycle.place.clone(), message)
            .help("parameters identify an instance: parameters.NAME = 'regular expression'");
        problems.add(finding);
    }
    let count = table
        .parameters
        .value()
        .map_or(0, |parameters| parameters.0.len());
    if count > MOST_PLACEHOLDERS {
        let message = format!("a lifecycle has {MOST_PLACEHOLDERS} parameters at most");
        problems.add(Finding::error(
            "placeholder",
            lifecycle.place.clone(),
            message,
        ));
    }
    for parameter in table.parameters.value().map_or(&[][..], |p| &p.0) {
        if !is_placeholder(&parameter.name) {
            let message = format!("{} cannot be a parameter's name", shown(&parameter.name));
            let finding = Finding::error("placeholder", parameter.place.clone(), message)
                .help("it has letters, digits and `_`, and begins with no digit");
            problems.add(finding);
        }
    }
}

fn check_tombstones(
    removals: BTreeMap<Arc<str>, Entry<Removed>>,
    known: &KnownNames,
    problems: &mut Problems,
) -> BTreeMap<TopicName, Entry<Removed>> {
    let mut checked = BTreeMap::new();
    for (name, removal) in removals {
        let name = TopicName::new(name);
        if let Some(problem) = name.problem() {
            let finding = Finding::error("topic-name", removal.place, problem.to_string());
            problems.add(finding);
            continue;
        }
        if let Some(removed) = &removal.value {
            known.check_list(&removed.environments, "the removal", problems);
            checked.insert(name, removal);
        }
    }
    checked
}
