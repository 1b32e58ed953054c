//! All environment files together: existing environments, `extends`, and selection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::known::KnownNames;
use super::patterns::Patterns;
use crate::desired::files::folder::{Found, ReadFile};
use crate::desired::files::weight::{MOST_KEPT_OF_ENVIRONMENTS, Room, Weight};
use crate::desired::problems::Problems;
use crate::desired::reader::environment_file::{self, EnvironmentFile};
use crate::desired::reader::field::{Field, Given};
use crate::desired::reader::variables::Variables;
use crate::desired::suggest::{self, shown};
use crate::model::{Finding, Globs, Place, Sources};

/// Maximum length of an `extends` chain, in files.
const DEEPEST: usize = 16;

/// All files in `environments/`.
#[derive(Debug, Default)]
pub(in crate::desired) struct Environments {
    files: BTreeMap<Arc<str>, EnvironmentSource>,
    pub(in crate::desired) known: KnownNames,
}

/// One environment file.
#[derive(Debug)]
pub(in crate::desired) struct EnvironmentSource {
    pub(in crate::desired) name: Arc<str>,
    pub(in crate::desired) file: Arc<str>,
    /// `None` if the file is not TOML.
    content: Option<EnvironmentFile>,
    /// The estimated memory, in bytes.
    weight: usize,
    /// The problems that can be found from the file alone.
    problems: Problems,
}

/// An environment with the files that it extends, its own first.
#[derive(Debug)]
pub(in crate::desired) struct Chain<'a> {
    pub(in crate::desired) name: Arc<str>,
    /// Never empty.
    pub(in crate::desired) files: Vec<(&'a EnvironmentSource, &'a EnvironmentFile)>,
}

impl EnvironmentSource {
    fn read(found: Found, variables: &Variables, sources: &mut Sources) -> Self {
        let mut problems = Problems::of_file(true);
        let content = match found.read {
            ReadFile::Text(source) => {
                sources.insert(source.clone());
                environment_file::read(&source, variables, &mut problems)
            }
            ReadFile::Unreadable(finding, source) => {
                problems.add(*finding);
                source.into_iter().for_each(|source| sources.insert(source));
                None
            }
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if found.stem.is_empty() || !found.stem.chars().all(plain) {
            let message = format!("{} cannot be an environment's name", shown(&found.stem));
            let place = Place::whole(found.file.clone());
            let finding = Finding::error("environment-name", place, message)
                .help("rename the file: letters, digits, `-`, `_` and `.`");
            problems.add(finding);
        }
        Self {
            name: found.stem,
            file: found.file,
            content,
            weight: 0,
            problems,
        }
    }

    fn extends(&self) -> Option<&Given<String>> {
        self.content.as_ref()?.extends.given()
    }

    fn is_abstract(&self) -> bool {
        self.content
            .as_ref()
            .and_then(|content| content.is_abstract.value())
            .is_some_and(|is_abstract| *is_abstract)
    }
}

impl Environments {
    /// Reads the files, and checks their references to each other.
    pub(in crate::desired) fn read(
        found: Vec<Found>,
        variables: &Variables,
        sources: &mut Sources,
    ) -> Self {
        let mut files = BTreeMap::new();
        let mut patterns = Patterns::default();
        let mut room = Room::new(MOST_KEPT_OF_ENVIRONMENTS);
        for found in found {
            let (_, found) = found.weighed(&mut room);
            let mut source = EnvironmentSource::read(found, variables, sources);
            source.weight = sources
                .get(&source.file)
                .map_or(0, |s| Weight::at_most(s.text()).kept);
            if let Some(content) = &mut source.content {
                patterns.of_environment(content, &mut source.problems);
            }
            files.insert(source.name.clone(), source);
        }
        let mut environments = Self {
            files,
            known: KnownNames::default(),
        };
        environments.check_extends();
        environments.learn_names();
        environments.check_groups();
        environments
    }

    /// Reports `extends` of a missing file, circular `extends`, and chains that are too long.
    fn check_extends(&mut self) {
        let sources = self.files.values();
        let found: Vec<(Arc<str>, Finding)> = sources
            .filter_map(|source| Some((source.name.clone(), self.extends_problem(source)?)))
            .collect();
        for (name, finding) in found {
            if let Some(source) = self.files.get_mut(&name) {
                source.problems.add(finding);
            }
        }
    }

    fn extends_problem(&self, source: &EnvironmentSource) -> Option<Finding> {
        let extends = source.extends()?;
        if !self.files.contains_key(extends.value.as_str()) {
            let message = format!("there is no environment file {}", shown(&extends.value));
            let mut finding = Finding::error("unknown-environment", extends.place.clone(), message);
            let names = self.files.keys().map(|name| &**name);
            finding.help = suggest::help(&extends.value, "environment files", names);
            return Some(finding);
        }
        let walked = self.walk(&source.name);
        let beyond = walked.last()?.extends()?;
        let circle = walked.iter().any(|source| *source.name == *beyond.value);
        if !circle && !self.files.contains_key(beyond.value.as_str()) {
            return None;
        }
        let message = match circle {
            true => "`extends` goes in a circle".to_owned(),
            false => format!("`extends` goes on for more than {DEEPEST} files"),
        };
        let names = walked.iter().map(|source| &*source.name);
        let path: Vec<&str> = names.chain([beyond.value.as_str()]).collect();
        let finding = Finding::error("circle", extends.place.clone(), message);
        Some(finding.help(path.join(" extends ")))
    }

    /// Returns the file and those that it extends, each once, up to the maximum length.
    fn walk(&self, name: &str) -> Vec<&EnvironmentSource> {
        let mut chain: Vec<&EnvironmentSource> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = self.files.get(name);
        while let Some(source) = next {
            if chain.len() > DEEPEST || !seen.insert(&source.name) {
                break;
            }
            chain.push(source);
            next = source
                .extends()
                .and_then(|extends| self.files.get(extends.value.as_str()));
        }
        chain
    }

    fn learn_names(&mut self) {
        let mut known = KnownNames {
            complete: true,
            ..KnownNames::default()
        };
        for source in self.files.values() {
            match source.is_abstract() {
                true => known.abstracts.insert(source.name.clone()),
                false => known.environments.insert(source.name.clone()),
            };
            match source.content.as_ref().map(|content| &content.groups) {
                Some(Field::Given(groups)) => {
                    let groups = groups.value.0.iter();
                    known
                        .groups
                        .extend(groups.map(|group| Arc::from(group.value.as_str())));
                }
                Some(Field::Absent) => {}
                Some(Field::Bad) | None => known.complete = false,
            }
        }
        self.known = known;
    }

    /// Reports groups with the name of an environment and other members: `env.prod` would be
    /// ambiguous.
    fn check_groups(&mut self) {
        let mut findings = Vec::new();
        for (name, source) in &self.files {
            let groups = source
                .content
                .as_ref()
                .and_then(|content| content.groups.value());
            for group in groups.map_or(&[][..], |groups| &groups.0) {
                if self.known.environments.contains(group.value.as_str()) && *group.value != **name
                {
                    let message = format!(
                        "the group {} has the name of an environment",
                        shown(&group.value)
                    );
                    let finding = Finding::error("ambiguous-group", group.place.clone(), message)
                        .help("rename one of them: `env.NAME` could mean either");
                    findings.push((name.clone(), finding));
                }
            }
        }
        for (name, finding) in findings {
            if let Some(source) = self.files.get_mut(&name) {
                source.problems.add(finding);
            }
        }
    }

    /// Returns the names of this environment: its groups in order, then its own.
    pub(in crate::desired) fn names_of(&self, name: &str) -> Vec<Arc<str>> {
        let groups =
            self.walk(name)
                .into_iter()
                .find_map(|source| match &source.content.as_ref()?.groups {
                    Field::Given(groups) => Some(
                        groups
                            .value
                            .0
                            .iter()
                            .map(|g| Arc::from(g.value.as_str()))
                            .collect(),
                    ),
                    Field::Absent | Field::Bad => None,
                });
        let mut names: Vec<Arc<str>> = groups.unwrap_or_default();
        names.retain(|group| **group != *name);
        names.push(Arc::from(name));
        names
    }

    /// Returns an environment with all files that it extends. `None` if one of them is not TOML or
    /// is missing: the environment cannot be checked then.
    pub(in crate::desired) fn chain(&self, name: &Arc<str>) -> Option<Chain<'_>> {
        let walked = self.walk(name);
        let last = walked.last()?;
        if last.extends().is_some() {
            return None;
        }
        let mut files = Vec::with_capacity(walked.len());
        for source in walked {
            let content = source.content.as_ref()?;
            if content.extends.is_bad() {
                return None;
            }
            files.push((source, content));
        }
        Some(Chain {
            name: name.clone(),
            files,
        })
    }

    /// Returns the config keys that any environment allows in addition to Kafka's, including
    /// unselected environments.
    pub(in crate::desired) fn allowed_configs(&self) -> Vec<Globs> {
        let contents = self
            .files
            .values()
            .filter_map(|source| source.content.as_ref());
        let globs = |content: &EnvironmentFile| {
            Some(content.rules.value()?.allow_configs.value()?.globs.clone())
        };
        contents.filter_map(globs).collect()
    }

    /// Returns whether every file is TOML.
    pub(in crate::desired) fn complete(&self) -> bool {
        self.files.values().all(|source| source.content.is_some())
    }

    /// Returns the number of errors in the files of an environment.
    pub(in crate::desired) fn errors_of(&self, name: &str) -> usize {
        self.walk(name)
            .iter()
            .map(|source| source.problems.errors())
            .sum()
    }

    /// Reports the problems of the selected environments' files. `all`: also of the others.
    pub(in crate::desired) fn report(
        self,
        selected: &[Arc<str>],
        all: bool,
        problems: &mut Problems,
    ) {
        let wanted: BTreeSet<Arc<str>> = selected
            .iter()
            .flat_map(|name| self.walk(name))
            .map(|source| source.name.clone())
            .collect();
        for (name, source) in self.files {
            if all || wanted.contains(&name) {
                problems.absorb(source.problems);
            }
        }
    }
}

impl<'a> Chain<'a> {
    /// Returns the environment's own file.
    pub(in crate::desired) fn own(&self) -> (&'a EnvironmentSource, &'a EnvironmentFile) {
        self.files[0]
    }

    /// Returns the estimated memory of its files, in bytes.
    pub(in crate::desired) fn weight(&self) -> usize {
        self.files.iter().map(|(source, _)| source.weight).sum()
    }

    /// Returns a field from the nearest file that sets it, valid or not.
    pub(in crate::desired) fn pick<T>(
        &self,
        field: impl Fn(&'a EnvironmentFile) -> Option<&'a Field<T>>,
    ) -> Option<&'a Given<T>> {
        self.files
            .iter()
            .filter_map(|(_, content)| field(content))
            .find(|field| !field.is_absent())
            .and_then(Field::given)
    }
}
