//! Collects findings: deduplicated when one mistake affects several topics or environments, and
//! limited in number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::text::count;
use crate::model::{Finding, Place, Severity, TopicName};

/// Maximum findings that are kept; further ones are only counted.
const LIMIT: usize = 10_000;

/// Maximum findings of a single file, while files are read in parallel.
const LIMIT_OF_FILE: usize = 2_000;

/// Maximum findings with a suggested spelling: each is compared to all known names.
const HELPED: usize = 100;

/// The collected findings.
#[derive(Debug)]
pub(super) struct Problems {
    limit: usize,
    wants_more: bool,
    noted: Vec<Noted>,
    /// The index in `noted` of each finding about a topic in an environment.
    known: BTreeMap<(Place, &'static str, String), usize>,
    errors: usize,
    beyond: usize,
}

#[derive(Debug)]
struct Noted {
    finding: Finding,
    topics: BTreeSet<TopicName>,
    /// Whether the place itself identifies the topic.
    is_plain: bool,
    environments: BTreeSet<Arc<str>>,
}

impl Default for Problems {
    fn default() -> Self {
        Self {
            limit: LIMIT,
            wants_more: true,
            noted: Vec::new(),
            known: BTreeMap::new(),
            errors: 0,
            beyond: 0,
        }
    }
}

impl Problems {
    /// Creates the problems of a single file; `more`: whether all of its syntax errors are
    /// collected.
    pub(super) fn of_file(more: bool) -> Self {
        Self {
            limit: LIMIT_OF_FILE,
            wants_more: more,
            ..Self::default()
        }
    }

    /// Adds a finding.
    pub(super) fn add(&mut self, finding: Finding) {
        self.note(finding);
    }

    /// Counts an error that another finding already reports.
    pub(super) fn more_of_the_same(&mut self) {
        self.errors += 1;
    }

    /// Adds a finding about a topic in an environment. The same finding about another topic or in
    /// another environment is merged with it: a mistake in a shared layer is one mistake.
    /// `is_plain`: the place itself identifies the topic.
    pub(super) fn add_in(
        &mut self,
        environment: &Arc<str>,
        topic: &TopicName,
        is_plain: bool,
        finding: Finding,
    ) {
        let key = (finding.place.clone(), finding.code, finding.message.clone());
        let index = match self.known.get(&key) {
            Some(&index) => {
                self.errors += usize::from(finding.level == Severity::Error);
                index
            }
            None => match self.note(finding) {
                Some(index) => *self.known.entry(key).or_insert(index),
                None => return,
            },
        };
        let noted = &mut self.noted[index];
        noted.topics.insert(topic.clone());
        noted.is_plain &= is_plain;
        noted.environments.insert(environment.clone());
    }

    /// Merges other problems.
    pub(super) fn absorb(&mut self, other: Problems) {
        self.errors += other.errors;
        self.beyond += other.beyond;
        let room = self.limit.saturating_sub(self.noted.len());
        self.beyond += other.noted.len().saturating_sub(room);
        self.noted.extend(other.noted.into_iter().take(room));
    }

    /// Returns the number of reported errors, including merged ones. An increase while something is
    /// read means that it is invalid.
    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Returns whether there are few enough findings for suggested spellings.
    pub(super) fn wants_help(&self) -> bool {
        self.noted.len() < HELPED
    }

    /// Returns whether there are few enough findings to collect all syntax errors of a file.
    pub(super) fn wants_more(&self) -> bool {
        self.wants_more && self.noted.len() < LIMIT_OF_FILE
    }

    /// Returns all findings by place, with the topics and environments that each affects.
    pub(super) fn finish(self, name_environments: bool) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .noted
            .into_iter()
            .map(|noted| noted.finish(name_environments))
            .collect();
        findings
            .sort_by(|a, b| (&a.place, a.code, &a.message).cmp(&(&b.place, b.code, &b.message)));
        findings.dedup();
        if let (Some(last), true) = (findings.last(), self.beyond > 0) {
            let message = format!("{} more problems are not listed", self.beyond);
            let place = Place::whole(last.place.file.clone());
            findings.push(Finding::error("too-many-problems", place, message));
        }
        findings
    }

    fn note(&mut self, finding: Finding) -> Option<usize> {
        self.errors += usize::from(finding.level == Severity::Error);
        if self.noted.len() >= self.limit {
            self.beyond += 1;
            return None;
        }
        self.noted.push(Noted {
            finding,
            topics: BTreeSet::new(),
            is_plain: true,
            environments: BTreeSet::new(),
        });
        Some(self.noted.len() - 1)
    }
}

impl Noted {
    fn finish(self, name_environments: bool) -> Finding {
        let mut parts = Vec::new();
        if !self.finding.label.is_empty() {
            parts.push(self.finding.label.clone());
        }
        if !self.is_plain {
            let names: Vec<&str> = self.topics.iter().map(TopicName::as_str).collect();
            parts.push(format!("for {}", and_more(&names, 2, "topic")));
        }
        if name_environments && !self.environments.is_empty() {
            let names: Vec<&str> = self.environments.iter().map(|e| &**e).collect();
            parts.push(format!("in {}", and_more(&names, 6, "environment")));
        }
        Finding {
            label: parts.join(", "),
            ..self.finding
        }
    }
}

/// Joins names: `a, b and 9 more topics`.
fn and_more(names: &[&str], most: usize, what: &str) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= most => format!("{} and {last}", first.join(", ")),
        _ => {
            let more = count(names.len() - most, &format!("more {what}"));
            format!("{} and {more}", names[..most].join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32) -> Place {
        Place {
            file: "a.toml".into(),
            line,
            column: 1,
            length: 1,
        }
    }

    #[test]
    fn one_mistake_in_a_shared_layer_is_one_finding() {
        let mut problems = Problems::default();
        for environment in ["dev", "prod"] {
            for topic in ["c", "a", "b"] {
                let finding = Finding::error("x", at(2), "too few");
                problems.add_in(&environment.into(), &topic.into(), false, finding);
            }
        }
        problems.add(Finding::error("y", at(1), "other"));
        assert_eq!(problems.errors(), 7);
        let findings = problems.finish(true);
        let labels: Vec<&str> = findings.iter().map(|f| f.label.as_str()).collect();
        assert_eq!(labels, ["", "for a, b and 1 more topic, in dev and prod"]);
    }

    #[test]
    fn memory_has_an_end() {
        let mut problems = Problems::default();
        for line in 0..LIMIT as u32 + 5 {
            problems.add(Finding::error("x", at(line + 1), "bad"));
        }
        assert_eq!(problems.errors(), LIMIT + 5);
        let findings = problems.finish(false);
        assert_eq!(findings.len(), LIMIT + 1);
        let last = findings.last().map(|f| f.message.as_str());
        assert_eq!(last, Some("5 more problems are not listed"));
    }
}
