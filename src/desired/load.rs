//! Loading: from folders to resolved environments, with all findings.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Desired;
use super::checks::unknown_configs;
use super::checks::whole;
use super::connection::template::ConnectionTemplate;
use super::declarations::environments::{Chain, Environments};
use super::declarations::select::Ask;
use super::declarations::topics::Declarations;
use super::files::document;
use super::files::error::{Folder, LoadError};
use super::files::folder::{Folders, Found, ReadFile, read_folder};
use super::files::weight::{MOST_KEPT, Resolving, Room};
use super::layers::environment;
use super::layers::explain::{Explained, Explainer};
use super::layers::order::{Names, SharedLayers};
use super::layers::resolve::Resolver;
use super::lifecycle::name_shape::Effort;
use super::policy::rules::Rules;
use super::problems::Problems;
use super::reader::topics_file::{self, TopicsFile};
use super::reader::variables::Variables;
use crate::model::{Finding, Globs, Layer, Place, SourceText, Sources, TopicName};

/// The loaded configuration of the selected environments.
#[derive(Debug)]
pub struct Loaded<E = LoadedEnvironment> {
    /// The source texts, for the lines that findings show.
    pub sources: Sources,
    /// The environments without errors, in the selected order, without duplicates. A missing
    /// environment has an error in the findings; an error in the topics files belongs to every
    /// environment.
    pub environments: Vec<E>,
    /// All existing environments, selected or not, without groups.
    pub known: BTreeSet<Arc<str>>,
    /// The names of all profiles.
    pub profiles: BTreeSet<Arc<str>>,
    /// All findings, sorted by place.
    pub findings: Vec<Finding>,
    /// Whether several environments were selected: more than one name, a group, or all.
    pub list_form: bool,
}

/// A loaded environment.
#[derive(Debug)]
pub struct LoadedEnvironment {
    /// The desired state.
    pub desired: Desired,
    /// The connection settings.
    pub connection: ConnectionTemplate,
    /// The origin of all values, if requested.
    pub explained: Explained,
}

/// The summary of a checked environment, which is dropped: many environments take much memory.
#[derive(Debug)]
pub struct CheckedEnvironment {
    /// Its name.
    pub name: Arc<str>,
    /// The number of topics.
    pub topics: usize,
    /// The total number of partitions.
    pub partitions: usize,
}

impl From<LoadedEnvironment> for CheckedEnvironment {
    fn from(loaded: LoadedEnvironment) -> Self {
        let topics = &loaded.desired.topics;
        let partitions = topics.values().map(|topic| topic.partitions.value as usize);
        Self {
            name: loaded.desired.environment.name.clone(),
            topics: topics.len(),
            partitions: partitions.sum(),
        }
    }
}

/// Checks the configuration of the selected environments, without keeping them.
///
/// # Errors
/// As for [`load`].
pub fn check(
    folders: &Folders,
    ask: &Ask,
    variables: &Variables,
) -> Result<Loaded<CheckedEnvironment>, LoadError> {
    let topics = || read_folder(Folder::Topics, &folders.topics, &folders.root);
    let load = || load_all(folders, topics, ask, variables, |_, _| {}, None);
    document::with_room(load).map_err(LoadError::NoRoom)?
}

/// Loads and resolves the selected environments.
///
/// # Errors
/// Returns an error if there are no files or a selected environment does not exist. Problems in the
/// files are in [`Loaded::findings`].
pub fn load(folders: &Folders, ask: &Ask, variables: &Variables) -> Result<Loaded, LoadError> {
    load_to_connect(folders, ask, variables, |_, _| {})
}

/// Loads as [`load`], for a caller that connects: `begin` receives the connection settings of each
/// environment without errors before the topics files are parsed.
///
/// # Errors
/// As for [`load`].
pub fn load_to_connect(
    folders: &Folders,
    ask: &Ask,
    variables: &Variables,
    begin: impl FnMut(&Arc<str>, &ConnectionTemplate) + Send,
) -> Result<Loaded, LoadError> {
    let topics = || read_folder(Folder::Topics, &folders.topics, &folders.root);
    let load = || load_all(folders, topics, ask, variables, begin, None);
    document::with_room(load).map_err(LoadError::NoRoom)?
}

/// Loads as [`load`], with the origin of all values in each environment, and of `topic` if given.
///
/// # Errors
/// As for [`load`].
pub fn load_explained(
    folders: &Folders,
    ask: &Ask,
    variables: &Variables,
    topic: Option<&TopicName>,
) -> Result<Loaded, LoadError> {
    let topics = || read_folder(Folder::Topics, &folders.topics, &folders.root);
    let load = || load_all(folders, topics, ask, variables, |_, _| {}, Some(topic));
    document::with_room(load).map_err(LoadError::NoRoom)?
}

/// Loads as [`load`], without the topics files, which may be broken or missing: the environments
/// have no topics, removals or lifecycles.
///
/// # Errors
/// Returns an error if a selected environment does not exist.
pub fn load_environments(
    folders: &Folders,
    ask: &Ask,
    variables: &Variables,
) -> Result<Loaded, LoadError> {
    let load = || load_all(folders, || Ok(Vec::new()), ask, variables, |_, _| {}, None);
    document::with_room(load).map_err(LoadError::NoRoom)?
}

pub(super) fn load_all<E: From<LoadedEnvironment>>(
    folders: &Folders,
    topics: impl FnOnce() -> Result<Vec<Found>, LoadError>,
    ask: &Ask,
    variables: &Variables,
    mut begin: impl FnMut(&Arc<str>, &ConnectionTemplate),
    explain: Option<Option<&TopicName>>,
) -> Result<Loaded<E>, LoadError> {
    let found = read_folder(Folder::Environments, &folders.environments, &folders.root)?;
    let topics = topics()?;
    let mut sources = Sources::default();
    let mut problems = Problems::default();
    let environments = Environments::read(found, variables, &mut sources);
    let selected = environments.select(ask, &folders.environments, &folders.root)?;
    if problems.errors() == 0 {
        let sound = selected
            .iter()
            .filter(|name| environments.errors_of(name) == 0);
        let chains = sound.filter_map(|name| environments.chain(name));
        chains.for_each(|chain| begin(&chain.name, &ConnectionTemplate::of(&chain)));
    }

    let (files, complete) = read_topics(topics, &mut sources, &mut problems);
    let declarations = Declarations::build(files, complete, &environments.known, &mut problems);
    let allowed = environments.allowed_configs();
    if environments.complete() {
        unknown_configs::report(&declarations, &allowed, &mut problems);
    }
    let topics_are_sound = problems.errors() == 0;

    let mut loaded = Vec::new();
    let (effort, resolving) = (Effort::default(), Resolving::default());
    for name in &selected {
        let Some(chain) = environments.chain(name) else {
            continue;
        };
        let place = Place::whole(chain.own().0.file.clone());
        let weight = chain.weight() + declarations.weight();
        if let Err(finding) = resolving.take(name, place, weight) {
            problems.add(*finding);
            continue;
        }
        let before = problems.errors();
        let names = environments.names_of(name);
        let one = Loading {
            chain: &chain,
            declarations: &declarations,
            allowed: &allowed,
            variables,
            explainer: explain.map(|topic| Explainer {
                topic,
                sources: &sources,
                variables,
            }),
            effort: &effort,
            resolving: &resolving,
        };
        let one = one.run(names, &mut problems);
        if topics_are_sound && environments.errors_of(name) == 0 && problems.errors() == before {
            loaded.push(one.into());
        }
    }
    let all = !environments.are_named(ask);
    let list_form = environments.is_several(ask);
    let name_environments = selected.len() > 1;
    let known = environments.known.environments.clone();
    environments.report(&selected, all, &mut problems);
    Ok(Loaded {
        sources,
        environments: loaded,
        known,
        profiles: declarations.profiles.keys().cloned().collect(),
        findings: problems.finish(name_environments),
        list_form,
    })
}

/// The number of files that are read before their problems are merged.
const SIDE_BY_SIDE: usize = 64;

/// Reads all topics files; `false` if one of them could not be read.
fn read_topics(
    found: Vec<Found>,
    sources: &mut Sources,
    problems: &mut Problems,
) -> (Vec<TopicsFile>, bool) {
    let mut files = Vec::with_capacity(found.len());
    let mut complete = true;
    let mut room = Room::new(MOST_KEPT);
    let mut found = found.into_iter().map(|found| found.weighed(&mut room));
    loop {
        // In chunks, because the problems of many files take memory, too.
        let some: Vec<(usize, Found)> = found.by_ref().take(SIDE_BY_SIDE).collect();
        if some.is_empty() {
            return (files, complete);
        }
        let more = problems.wants_more();
        for (source, file, of_file) in document::side_by_side(some, |f| read_topics_file(f, more)) {
            problems.absorb(of_file);
            source.into_iter().for_each(|source| sources.insert(source));
            complete &= file.is_some();
            files.extend(file);
        }
    }
}

/// A file's text and content, as far as readable, with its problems.
type ReadTopics = (Option<Arc<SourceText>>, Option<TopicsFile>, Problems);

/// Reads a file. Only the first syntax error is reported unless `more` is set.
fn read_topics_file(found: Found, more: bool) -> ReadTopics {
    let mut problems = Problems::of_file(more);
    match found.read {
        ReadFile::Text(source) => {
            let file = topics_file::read(&source, &mut problems);
            (Some(source), file, problems)
        }
        ReadFile::Unreadable(finding, source) => {
            problems.add(*finding);
            (source, None, problems)
        }
    }
}

/// The inputs of one environment.
struct Loading<'a> {
    chain: &'a Chain<'a>,
    declarations: &'a Declarations,
    allowed: &'a [Globs],
    variables: &'a Variables,
    explainer: Option<Explainer<'a>>,
    effort: &'a Effort,
    resolving: &'a Resolving,
}

impl Loading<'_> {
    fn run(&self, names: Vec<Arc<str>>, problems: &mut Problems) -> LoadedEnvironment {
        let chain = self.chain;
        let connection = ConnectionTemplate::of(chain);
        connection
            .check()
            .into_iter()
            .for_each(|finding| problems.add(finding));
        let cluster_id = connection.cluster_id(self.variables, Layer::Defaults(chain.name.clone()));
        let groups = names.iter().filter(|name| **name != chain.name);
        let groups = groups.map(ToString::to_string).collect();
        let environment = environment::build(chain, groups, cluster_id, problems);
        let rules = Rules::of(chain, problems);
        unknown_configs::report_defaults(chain, &rules, problems);
        let profiles = self.declarations.profiles.values();
        let resolver = Resolver {
            environment: chain.name.clone(),
            file: chain.own().0.file.clone(),
            layers: SharedLayers::new(chain, Names::new(&names), profiles),
            declarations: self.declarations,
            rules: &rules,
            allowed_somewhere: self.allowed,
            resolving: self.resolving,
        };
        let resolved = resolver.run(problems);
        let explainer = self.explainer.as_ref();
        let explained = explainer.map(|e| e.explain(chain, &environment, &resolver));
        let desired = Desired {
            environment,
            topics: resolved.topics,
            removed: resolved.removed,
            lifecycles: resolved.lifecycles,
            defaults: resolved.defaults,
        };
        whole::check(&desired, self.effort, problems);
        LoadedEnvironment {
            desired,
            connection,
            explained: explained.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
