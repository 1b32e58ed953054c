//! From entries to topics: `for_each` and placeholders, every name once, and never more of them
//! than memory should hold.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::catalogue::bad_name;
use super::name_template::{NameTemplate, Product, is_placeholder};
use super::problems::Problems;
use super::suggest::{self, shown};
use super::topics_file::{LifecycleTable, TopicEntry};
use super::values::Entry;
use crate::model::name::{MAX_LENGTH, NameProblem};
use crate::model::{Finding, Place, TopicName, text};

/// The most topics that one entry makes.
const MOST_OF_ONE: usize = 200_000;

/// The most topics that all entries make.
const MOST_OF_ALL: usize = 500_000;

/// What the entries make; each refers to its entry by index.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// The topics, sorted by name, each once.
    pub(super) topics: Vec<(TopicName, usize)>,
    /// The topics of lifecycles, whose names still have the lifecycle's parameters in them.
    pub(super) of_lifecycles: Vec<(NameTemplate, usize)>,
}

/// Expands entries.
pub(super) struct Expander<'a> {
    lifecycles: &'a BTreeMap<Arc<str>, Entry<LifecycleTable>>,
    complete: bool,
    made: Made,
    /// How many names were made, the bad ones too.
    count: usize,
}

impl<'a> Expander<'a> {
    pub(super) fn new(
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

    /// Adds what one entry makes.
    pub(super) fn expand(
        &mut self,
        index: usize,
        entry: &Entry<TopicEntry>,
        problems: &mut Problems,
    ) {
        let Some(topic) = &entry.value else {
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

    /// The parameters of the entry's lifecycle; none without one. `None` if they are not known.
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

    /// Whether there is room for so many topics, said before any of them is made.
    fn check_size(
        &mut self,
        entry: &Entry<TopicEntry>,
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
                "this makes {size} more topics: with those before it more than {MOST_OF_ALL}, the most that is read"
            ),
            Some(size) => {
                format!("this makes {size} topics; one entry makes {MOST_OF_ONE} at most")
            }
            None => format!(
                "this makes more topics than can be counted; one entry makes {MOST_OF_ONE} at most"
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
        entry: &Entry<TopicEntry>,
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
        entry: &Entry<TopicEntry>,
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

    /// Sorts what was made, and reports what was made twice.
    pub(super) fn finish(mut self, entries: &[Entry<TopicEntry>], problems: &mut Problems) -> Made {
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

/// Names that two entries make, by the pair of entries.
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

    fn report(self, entries: &[Entry<TopicEntry>], problems: &mut Problems) {
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

/// The lists of `for_each`, by placeholder.
fn lists(topic: &TopicEntry) -> Vec<(&str, Vec<&str>)> {
    let entries = topic.for_each.value().map_or(&[][..], |entries| &entries.0);
    let lists = entries.iter().filter_map(|entry| {
        let items = entry.value.as_ref()?;
        let items = items.0.iter().map(|item| item.value.0.as_str()).collect();
        Some((&*entry.name, items))
    });
    lists.collect()
}

/// The most placeholders in a name.
pub(super) const MOST_PLACEHOLDERS: usize = 32;

/// Whether the name's parts are as short as names are, said before they are multiplied.
fn check_lengths(
    entry: &Entry<TopicEntry>,
    topic: &TopicEntry,
    template: &NameTemplate,
    problems: &mut Problems,
) -> bool {
    let too_long = |place: &Place, length: usize| {
        let problem = NameProblem::TooLong(length);
        Finding::error("topic-name", place.clone(), problem.to_string())
    };
    let before = problems.errors();
    let fixed = template.fixed().chars().count();
    if fixed > MAX_LENGTH {
        problems.add(too_long(&entry.place, fixed));
    }
    let lists = topic.for_each.value().map_or(&[][..], |entries| &entries.0);
    if template.placeholders().count().max(lists.len()) > MOST_PLACEHOLDERS {
        let message = format!("a name has {MOST_PLACEHOLDERS} placeholders at most");
        problems.add(Finding::error("placeholder", entry.place.clone(), message));
    }
    for item in lists
        .iter()
        .filter_map(|list| list.value.as_ref())
        .flat_map(|items| &items.0)
    {
        if item.value.0.len() > MAX_LENGTH {
            problems.add(too_long(&item.place, item.value.0.chars().count()));
        }
    }
    problems.errors() == before
}

/// Whether the name's placeholders are those that have values, each of them.
fn check_placeholders(
    entry: &Entry<TopicEntry>,
    topic: &TopicEntry,
    template: &NameTemplate,
    parameters: &[&str],
    problems: &mut Problems,
) -> bool {
    let before = problems.errors();
    let for_each = topic.for_each.value().map_or(&[][..], |entries| &entries.0);
    let used: HashSet<&str> = template.placeholders().collect();
    let has_values =
        |name: &str| parameters.contains(&name) || for_each.iter().any(|list| &*list.name == name);
    for name in used.iter().filter(|name| !has_values(name)) {
        let message = format!("the placeholder `{{{name}}}` has no values");
        let known = for_each
            .iter()
            .map(|list| &*list.name)
            .chain(parameters.iter().copied());
        let finding = Finding::error("placeholder", entry.place.clone(), message);
        problems.add(finding.help(match suggest::closest(name, known) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!("give it some: for_each.{name} = [\"…\"]"),
        }));
    }
    for list in for_each {
        if parameters.contains(&&*list.name) {
            let message = format!(
                "{} is a parameter of the lifecycle already",
                shown(&list.name)
            );
            problems.add(Finding::error("placeholder", list.place.clone(), message));
        } else if !used.contains(&*list.name) {
            report_unused(entry, &list.name, &list.place, problems);
        }
    }
    for parameter in parameters
        .iter()
        .filter(|parameter| !used.contains(**parameter))
    {
        let message =
            format!("the name has no `{{{parameter}}}`: two instances would have the same topic");
        let finding = Finding::error("placeholder", entry.place.clone(), message)
            .help("every parameter of the lifecycle stands in the name of each of its topics");
        problems.add(finding);
    }
    problems.errors() == before
}

fn report_unused(entry: &Entry<TopicEntry>, name: &str, place: &Place, problems: &mut Problems) {
    let finding = match is_placeholder(name) {
        true => {
            let message = format!("the topic's name has no `{{{name}}}`");
            Finding::error("placeholder", place.clone(), message)
                .related(entry.place.clone(), "the name")
        }
        false => {
            let message = format!("{} cannot be a placeholder's name", shown(name));
            Finding::error("placeholder", place.clone(), message)
                .help("it has letters, digits and `_`, and begins with no digit")
        }
    };
    problems.add(finding);
}

/// Whether each list has something in it, and nothing twice.
fn check_lists(topic: &TopicEntry, problems: &mut Problems) -> bool {
    let before = problems.errors();
    for list in topic.for_each.value().map_or(&[][..], |entries| &entries.0) {
        let Some(items) = &list.value else {
            return false;
        };
        if items.0.is_empty() {
            let message = format!("{} is empty: the entry makes no topic", shown(&list.name));
            problems.add(Finding::error("empty", list.place.clone(), message));
        }
        let mut seen: HashMap<&str, &Place> = HashMap::new();
        for item in &items.0 {
            if let Some(first) = seen.insert(&item.value.0, &item.place) {
                let message = format!("{} stands twice in the list", shown(&item.value.0));
                let finding = Finding::error("twice", item.place.clone(), message)
                    .related(first.clone(), "first here");
                problems.add(finding);
            }
        }
    }
    problems.errors() == before
}
