//! Checks that an entry's placeholders match its lists, before expansion.

use std::collections::{HashMap, HashSet};

use crate::desired::lifecycle::name_template::{NameTemplate, is_placeholder};
use crate::desired::problems::Problems;
use crate::desired::reader::topics_file::{Listed, TopicEntry};
use crate::desired::suggest::{self, shown};
use crate::model::name::{MAX_LENGTH, NameProblem};
use crate::model::{Finding, Place};

/// Returns the lists of `for_each`, by placeholder.
pub(in crate::desired) fn lists(topic: &TopicEntry) -> Vec<(&str, Vec<&str>)> {
    let entries = topic.for_each.value().map_or(&[][..], |entries| &entries.0);
    let lists = entries.iter().filter_map(|entry| {
        let items = entry.value.as_ref()?;
        let items = items.0.iter().map(|item| item.value.0.as_str()).collect();
        Some((&*entry.name, items))
    });
    lists.collect()
}

/// Maximum placeholders in a name.
pub(in crate::desired) const MOST_PLACEHOLDERS: usize = 32;

/// Checks the length of a name's parts, before expansion.
pub(in crate::desired) fn check_lengths(
    entry: &Listed,
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

/// Checks that the name uses exactly the placeholders that have values.
pub(in crate::desired) fn check_placeholders(
    entry: &Listed,
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

fn report_unused(entry: &Listed, name: &str, place: &Place, problems: &mut Problems) {
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

/// Checks that each list is not empty and has no duplicates.
pub(in crate::desired) fn check_lists(topic: &TopicEntry, problems: &mut Problems) -> bool {
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
