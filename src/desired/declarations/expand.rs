//! Expansion of entries to topics: `for_each` and placeholders, with unique names, within memory
//! limits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::placeholders::{
    MOST_PLACEHOLDERS, check_lengths, check_lists, check_placeholders, lists,
};
use crate::desired::lifecycle::name_template::{NameTemplate, Product, is_placeholder};
use crate::desired::problems::Problems;
use crate::desired::reader::topics_file::{LifecycleTable, Listed, TopicEntry};
use crate::desired::reader::values::Entry;
use crate::desired::suggest::{self, shown};
use crate::model::{Finding, Place, TopicName, text};

/// Maximum topics of one entry.
const MOST_OF_ONE: usize = 200_000;

/// Maximum topics of all entries.
const MOST_OF_ALL: usize = 500_000;

/// The expanded topics; each refers to its entry by index.
#[derive(Debug, Default)]
pub(in crate::desired) struct Made {
    /// The topics, sorted by name, without duplicates.
    pub(in crate::desired) topics: Vec<(TopicName, usize)>,
    /// The topics of lifecycles, with the lifecycle's parameters as placeholders.
    pub(in crate::desired) of_lifecycles: Vec<(NameTemplate, usize)>,
}

/// Expands entries.
pub(in crate::desired) struct Expander<'a> {
    lifecycles: &'a BTreeMap<Arc<str>, Entry<LifecycleTable>>,
    complete: bool,
    made: Made,
    /// The number of names, including invalid ones.
    count: usize,
}

impl<'a> Expander<'a> {
    pub(in crate::desired) fn new(
        lifecycles: &'a BTreeMap<Arc<str>, Entry<LifecycleTable>>,
        complete: bool,
    ) -> Self {
        Self {
            lifecycles,
            complete,
            made: Made::default(),
            count: 0,
        }
    }

    /// Adds the topics of one entry.
    pub(in crate::desired) fn expand(
        &mut self,
        index: usize,
        entry: &Listed,
        problems: &mut Problems,
    ) {
        let Some(topic) = entry
            .value
            .as_ref()
            .filter(|topic| !topic.environments.is_bad())
        else {
            return;
        };
        let is_plain = topic.for_each.is_absent() && topic.lifecycle.is_absent();
        if is_plain && !entry.name.contains(['{', '}']) {
            let name = TopicName::new(entry.name.clone());
            match bad_name(&name, &entry.place) {
                Some(finding) => problems.add(finding),
                None => self.made.topics.push((name, index)),
            }
            return;
        }
        if topic.for_each.is_bad() || topic.lifecycle.is_bad() {
            return;
        }
        let template = match NameTemplate::parse(&entry.name) {
            Ok(template) => template,
            Err(why) => {
                let message = format!("{}: {why}", shown(&entry.name));
                problems.add(Finding::error("placeholder", entry.place.clone(), message));
                return;
            }
        };
        let Some(parameters) = self.parameters(topic, problems) else {
            return;
        };
        let lists = lists(topic);
        let sound = check_lengths(entry, topic, &template, problems)
            && check_placeholders(entry, topic, &template, &parameters, problems)
            && check_lists(topic, problems)
            && self.check_size(entry, topic, &lists, problems);
        if !sound {
            return;
        }
        match topic.lifecycle.is_absent() {
            true => self.add_topics(index, entry, &template, &lists, problems),
            false => self.add_of_lifecycle(index, entry, &template, &lists, problems),
        }
    }

    /// Returns the parameters of the entry's lifecycle; empty without a lifecycle. `None` if they
    /// are unknown.
    fn parameters(&self, topic: &TopicEntry, problems: &mut Problems) -> Option<Vec<&'a str>> {
        let Some(name) = topic.lifecycle.given() else {
            return Some(Vec::new());
        };
        let Some(lifecycle) = self.lifecycles.get(name.value.as_str()) else {
            if self.complete {
                let message = format!("there is no lifecycle {}", shown(&name.value));
                let mut finding = Finding::error("unknown-lifecycle", name.place.clone(), message);
                let names = self.lifecycles.keys().map(|name| &**name);
                if problems.wants_help() {
                    finding.help = suggest::help(&name.value, "lifecycles", names);
                }
                problems.add(finding);
            }
            return None;
        };
        let parameters = lifecycle.value.as_ref()?.parameters.value()?;
        if parameters.0.len() > MOST_PLACEHOLDERS {
            return None;
        }
        let usable = parameters
            .0
            .iter()
            .filter(|parameter| is_placeholder(&parameter.name));
        Some(usable.map(|parameter| &*parameter.name).collect())
    }

    /// Checks the limits before any topic is created.
    fn check_size(
        &mut self,
        entry: &Listed,
        topic: &TopicEntry,
        lists: &[(&str, Vec<&str>)],
        problems: &mut Problems,
    ) -> bool {
        let message = match Product::size(lists) {
            Some(size) if size <= MOST_OF_ONE && size + self.count <= MOST_OF_ALL => {
                self.count += size;
                return true;
            }
            Some(size) if size <= MOST_OF_ONE => format!(
                "this makes {} more topics: with those before it more than {}, the most that is read",
                text::grouped(size),
                text::grouped(MOST_OF_ALL)
            ),
            size => format!(
                "this makes {} topics; one entry makes {} at most",
                size.map_or("uncountably many".to_owned(), text::grouped),
                text::grouped(MOST_OF_ONE)
            ),
        };
        let place = topic
            .for_each
            .given()
            .map_or(&entry.place, |given| &given.place);
        problems.add(Finding::error("too-many-topics", place.clone(), message));
        false
    }

    fn add_topics(
        &mut self,
        index: usize,
        entry: &Listed,
        template: &NameTemplate,
        lists: &[(&str, Vec<&str>)],
        problems: &mut Problems,
    ) {
        let mut bad = None;
        let mut count = 0;
        for values in Product::new(lists) {
            let name = template.fill(&values);
            match bad_name(&name, &entry.place) {
                Some(finding) => {
                    count += 1;
                    bad.get_or_insert(finding);
                }
                None => self.made.topics.push((name, index)),
            }
        }
        if let Some(finding) = bad {
            problems.add(match count {
                1 => finding.label("made by this name"),
                _ => finding.label(format!("made by this name, and {} more like it", count - 1)),
            });
        }
    }

    fn add_of_lifecycle(
        &mut self,
        index: usize,
        entry: &Listed,
        template: &NameTemplate,
        lists: &[(&str, Vec<&str>)],
        problems: &mut Problems,
    ) {
        for values in Product::new(lists) {
            let name = template.with(&values);
            let fixed = TopicName::new(format!("x{}", name.fixed()));
            if let Some(problem) = fixed.problem() {
                let message = format!("{}: {problem}", shown(&name));
                problems.add(Finding::error("topic-name", entry.place.clone(), message));
                return;
            }
            self.made.of_lifecycles.push((name, index));
        }
    }

    /// Sorts the topics and reports duplicates.
    pub(in crate::desired) fn finish(
        mut self,
        entries: &[Listed],
        problems: &mut Problems,
    ) -> Made {
        let mut doubles = Doubles::default();
        self.made.topics.sort();
        self.made.topics.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                doubles.note(next.0.as_str(), kept.1, next.1);
            }
            same
        });
        let mut seen: HashMap<String, usize> = HashMap::new();
        self.made.of_lifecycles.retain(|(name, index)| {
            match seen.insert(name.to_string(), *index) {
                Some(first) => {
                    doubles.note(&name.to_string(), first, *index);
                    false
                }
                None => true,
            }
        });
        doubles.report(entries, problems);
        self.made
    }
}

/// Duplicate names of two entries, by the pair of entries.
#[derive(Default)]
struct Doubles(BTreeMap<(usize, usize), (String, usize)>);

impl Doubles {
    fn note(&mut self, name: &str, first: usize, second: usize) {
        let found = self
            .0
            .entry((first, second))
            .or_insert_with(|| (name.to_owned(), 0));
        found.1 += 1;
    }

    fn report(self, entries: &[Listed], problems: &mut Problems) {
        for ((first, second), (name, count)) in self.0 {
            let (first, second) = (&entries[first], &entries[second]);
            let more = match count {
                1 => String::new(),
                _ => format!(
                    ", and so {} {}",
                    if count == 2 { "is" } else { "are" },
                    text::count(count - 1, "more name")
                ),
            };
            let message = format!("the topic {} is listed twice{more}", shown(&name));
            let finding = Finding::error("duplicate", second.place.clone(), message);
            let finding = match second.name.contains('{') {
                true => finding.label("made by this name"),
                false => finding,
            };
            problems.add(match first.place == second.place {
                true => finding.help("two combinations of `for_each` give the same name"),
                false => finding
                    .related(
                        first.place.clone(),
                        if first.name.contains('{') {
                            "made by this name"
                        } else {
                            "first here"
                        },
                    )
                    .help(
                        "remove one of them, or use env.NAME for what differs between environments",
                    ),
            });
        }
    }
}

/// Returns the finding about a name that Kafka would reject.
fn bad_name(name: &TopicName, place: &Place) -> Option<Finding> {
    let problem = name.problem()?;
    let message = format!("{}: {problem}", shown(name));
    Some(Finding::error("topic-name", place.clone(), message))
}
