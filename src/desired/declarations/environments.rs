//! The environment files together: which environments there are, what extends what, and which of
//! them were asked for.

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

/// How many files an environment may extend, one after the other.
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
    /// `None` where the file is not TOML.
    content: Option<EnvironmentFile>,
    /// How much memory it takes, about.
    weight: usize,
    /// What is wrong with it, as far as it can be told from the file alone.
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
    /// Reads the files, and what each says about the others.
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

    /// Reports `extends` that leads nowhere, in a circle, or too far.
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

    /// The file and those that it extends, each once, as far as anybody would go.
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

    /// Reports groups that have the name of an environment which is not alone in them: `env.prod`
    /// could then mean either.
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

    /// The names that mean this environment: its groups in their order, then its own.
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

    /// An environment with all that it extends. `None` where a file of it is not TOML, or is
    /// missing: nothing can be said of it then.
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

    /// The config keys that any environment allows besides Kafka's, those that were not asked for
    /// too.
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

    /// Whether every file is TOML.
    pub(in crate::desired) fn complete(&self) -> bool {
        self.files.values().all(|source| source.content.is_some())
    }

    /// How many errors the files of an environment have.
    pub(in crate::desired) fn errors_of(&self, name: &str) -> usize {
        self.walk(name)
            .iter()
            .map(|source| source.problems.errors())
            .sum()
    }

    /// Hands over what is wrong with the files of these environments. `all`: and with the others.
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
    /// The environment's own file.
    pub(in crate::desired) fn own(&self) -> (&'a EnvironmentSource, &'a EnvironmentFile) {
        self.files[0]
    }

    /// How much memory its files take, about.
    pub(in crate::desired) fn weight(&self) -> usize {
        self.files.iter().map(|(source, _)| source.weight).sum()
    }

    /// A field of the nearest file that has it, right or wrong.
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
