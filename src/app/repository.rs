//! A repository's files, read and checked for what is to be done with them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use tracing::info;

use super::notice::{Notice, Notices};
use super::problem::Invalid;
use super::scope::check_scope_agrees;
use crate::desired::{
    self, Ask, CheckedEnvironment, ConnectionTemplate, Draft, Folders, LoadError, Loaded,
    Variables, outside_scope,
};
use crate::model::text::count;
use crate::model::{Finding, Severity, Sources, TopicName};

/// A folder with topics files and environment files: `topics/` and `environments/`.
///
/// Nothing is read before an environment is asked for, and then it is read anew.
#[derive(Debug, Clone)]
pub struct Repository {
    pub(crate) folders: Folders,
    pub(crate) variables: Variables,
    pub(crate) notices: Notices,
}

impl Repository {
    /// The repository in a folder. Files may refer to the same variables of this process' environment
    /// as on the command line.
    pub fn open(root: impl Into<PathBuf>) -> Self {
        Self::new(Folders::below(root), process_variables())
    }

    pub(crate) fn new(folders: Folders, variables: Variables) -> Self {
        Self {
            folders,
            variables,
            notices: Notices::default(),
        }
    }

    /// Has a function called with what happens beside the results, on whichever thread that comes up:
    /// that a cluster or a lock is waited for, that a clock is off.
    pub fn on_notice(self, hear: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        Self {
            notices: Notices::to(hear),
            ..self
        }
    }

    /// Reads and checks the files for what was asked. What is wrong is among the findings.
    pub(crate) fn read(&self, ask: &Ask) -> Result<Loaded> {
        let started = Instant::now();
        let loaded = desired::load(&self.folders, ask, &self.variables)?;
        tell_loaded(&loaded, started);
        Ok(loaded)
    }

    /// The same for those who need no more than what is wrong.
    pub(crate) fn check(&self, ask: &Ask) -> Result<Loaded<CheckedEnvironment>> {
        let started = Instant::now();
        let loaded = desired::check(&self.folders, ask, &self.variables)?;
        let topics = loaded.environments.iter().map(|one| one.topics);
        tell_read(loaded.environments.len(), topics.sum(), started);
        Ok(loaded)
    }

    /// The same for those who need files without errors: they are the error. Warnings are among the
    /// findings.
    pub(crate) fn load(&self, ask: &Ask) -> Result<Loaded> {
        self.load_to_connect(ask, |_, _| {})
    }

    /// The same for those who connect: `begin` hears how to reach each environment before the topics
    /// files are parsed.
    pub(super) fn load_to_connect(
        &self,
        ask: &Ask,
        begin: impl FnMut(&Arc<str>, &ConnectionTemplate) + Send,
    ) -> Result<Loaded> {
        let started = Instant::now();
        let loaded = desired::load_to_connect(&self.folders, ask, &self.variables, begin)?;
        tell_loaded(&loaded, started);
        without_errors(loaded)
    }

    /// The same, with where everything comes from, and all about one topic.
    pub(crate) fn load_explained(&self, ask: &Ask, topic: Option<&TopicName>) -> Result<Loaded> {
        let started = Instant::now();
        let loaded = desired::load_explained(&self.folders, ask, &self.variables, topic)?;
        tell_loaded(&loaded, started);
        without_errors(loaded)
    }

    /// Reads the environments alone, for those who need no topics files: they may be broken, or gone.
    pub(crate) fn load_environments(&self, ask: &Ask) -> Result<Loaded> {
        let loaded = desired::load_environments(&self.folders, ask, &self.variables)?;
        without_errors(loaded)
    }

    /// The files as they are, for those who write topics files: there may be none yet.
    pub(crate) fn load_to_write(&self, ask: &Ask) -> Result<Loaded> {
        without_errors(self.read_with(ask, &[])?)
    }

    /// Reads and checks the files as if the drafts were written.
    pub(crate) fn read_with(&self, ask: &Ask, drafts: &[Draft]) -> Result<Loaded, LoadError> {
        desired::load_with(&self.folders, ask, &self.variables, drafts)
    }

    /// Refuses a draft with which the files would not validate, each error at its place.
    pub(crate) fn check_draft(&self, ask: &Ask, draft: &Draft) -> Result<()> {
        let read = self.read_with(ask, std::slice::from_ref(draft))?;
        let errors: Vec<Finding> = read.findings.into_iter().filter(is_error).collect();
        if errors.is_empty() {
            return Ok(());
        }
        let message = format!(
            "{} in {} as it would be: nothing was written",
            count(errors.len(), "error"),
            draft.path.display()
        );
        Err(Invalid::new(message, &errors, &read.sources).into())
    }
}

/// Checks the files against what the scope may list or remove, where it is named by the runner and
/// not in the files.
///
/// # Errors
/// What lies outside of it.
pub fn check_scope(loaded: &Loaded, scope: Option<&str>) -> Result<()> {
    let Some(scope) = scope else {
        return Ok(());
    };
    for environment in &loaded.environments {
        check_scope_agrees(&environment.desired.environment, Some(scope))?;
    }
    let environments = loaded.environments.iter();
    let mut outside: Vec<Finding> = environments
        .flat_map(|environment| outside_scope(&environment.desired, scope))
        .collect();
    outside.sort_by(|a, b| a.place.cmp(&b.place));
    outside.dedup();
    refuse_errors(&outside, &loaded.sources)
}

fn without_errors(loaded: Loaded) -> Result<Loaded> {
    refuse_errors(&loaded.findings, &loaded.sources)?;
    Ok(loaded)
}

fn refuse_errors(findings: &[Finding], sources: &Sources) -> Result<()> {
    let errors = findings.iter().filter(|finding| is_error(finding)).count();
    if errors == 0 {
        return Ok(());
    }
    let message = format!("{} in the files", count(errors, "error"));
    Err(Invalid::new(message, findings, sources).into())
}

fn is_error(finding: &Finding) -> bool {
    finding.level == Severity::Error
}

/// The process environment, and no variable allowed besides the usual ones. Variables that are no text
/// are left out: no file can name them.
pub fn process_variables() -> Variables {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    Variables {
        values: std::env::vars_os().filter_map(text).collect(),
        allowed: Vec::new(),
    }
}

/// What was read, for whoever wants to hear of each step.
fn tell_read(environments: usize, topics: usize, started: Instant) {
    info!(environments, topics, took = ?started.elapsed(), "read the files");
}

fn tell_loaded(loaded: &Loaded, started: Instant) {
    let topics = loaded
        .environments
        .iter()
        .map(|one| one.desired.topics.len());
    tell_read(loaded.environments.len(), topics.sum(), started);
}
