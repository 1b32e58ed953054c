//! What every command is given, and how it speaks to the outside: files in, results and errors out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Error, Result};
use serde::Serialize;
use tracing::info;

use super::args::Format;
use super::problem::Invalid;
use super::way_out::InterruptibleWork;
use crate::app::PendingConnections;
use crate::app::check_scope_agrees;
use crate::desired::{
    self, Ask, CheckedEnvironment, ConnectionTemplate, Folders, Loaded, Variables, outside_scope,
};
use crate::model::inert::Syntax;
use crate::model::text::count;
use crate::model::{Finding, Severity, Sources, TopicName};
use crate::render::{Style, diagnostics, json_text};
use crate::terminal::{Stream, Terminal};

/// What every command is given besides its own arguments.
#[derive(Debug)]
pub struct Session {
    /// Where results and messages go.
    pub terminal: Terminal,
    /// How results are printed.
    pub format: Format,
    /// The formats that the command has, its own first.
    pub formats: &'static [Format],
    /// Where the files are.
    pub folders: Folders,
    /// The process environment.
    pub variables: Variables,
    /// What is run: `plan`.
    pub command: &'static str,
    /// The first line of a comment, by which a job finds it again.
    pub marker: String,
    /// The folder that all paths are relative to, as it was named.
    pub chdir: Option<PathBuf>,
    /// Connections that were begun while the files were read.
    pub pending: PendingConnections,
    /// The work that a signal ends in order.
    pub work: InterruptibleWork,
}

impl Session {
    /// Reads and checks the files for what was asked.
    ///
    /// # Errors
    /// There is nothing to check: a folder is missing or empty, or an environment is not known.
    pub fn read_files(&self, ask: &Ask) -> Result<&'static Loaded> {
        let started = Instant::now();
        let loaded = kept(desired::load(&self.folders, ask, &self.variables)?);
        tell_loaded(loaded, started);
        Ok(loaded)
    }

    /// The same for a command that needs no more than what is wrong.
    ///
    /// # Errors
    /// As for [`Session::read_files`].
    pub fn check_files(&self, ask: &Ask) -> Result<&'static Loaded<CheckedEnvironment>> {
        let started = Instant::now();
        let loaded = kept(desired::check(&self.folders, ask, &self.variables)?);
        let topics = loaded.environments.iter().map(|one| one.topics);
        tell_read(loaded.environments.len(), topics.sum(), started);
        Ok(loaded)
    }

    /// The same for a command that needs files without errors. Warnings are told.
    ///
    /// # Errors
    /// Also the errors in the files.
    pub fn load(&self, ask: &Ask) -> Result<&'static Loaded> {
        self.load_to_connect(ask, |_, _| {})
    }

    /// The same for a command that connects: `begin` hears how to reach each environment before the
    /// topics files are parsed.
    ///
    /// # Errors
    /// As for [`Session::load`].
    pub(crate) fn load_to_connect(
        &self,
        ask: &Ask,
        begin: impl FnMut(&Arc<str>, &ConnectionTemplate) + Send,
    ) -> Result<&'static Loaded> {
        let started = Instant::now();
        let loaded = kept(desired::load_to_connect(
            &self.folders,
            ask,
            &self.variables,
            begin,
        )?);
        tell_loaded(loaded, started);
        self.refuse_errors(&loaded.findings, &loaded.sources)?;
        Ok(loaded)
    }

    /// The same, with where everything comes from, and all about one topic.
    ///
    /// # Errors
    /// As for [`Session::load`].
    pub fn load_explained(&self, ask: &Ask, topic: Option<&TopicName>) -> Result<Loaded> {
        let started = Instant::now();
        let loaded = desired::load_explained(&self.folders, ask, &self.variables, topic)?;
        tell_loaded(&loaded, started);
        self.refuse_errors(&loaded.findings, &loaded.sources)?;
        Ok(loaded)
    }

    /// Reads the environments alone, for a command that needs no topics files: they may be broken,
    /// or gone. Warnings are told.
    ///
    /// # Errors
    /// An environment is not known, or there are errors in the files.
    pub fn load_environments(&self, ask: &Ask) -> Result<Loaded> {
        let loaded = desired::load_environments(&self.folders, ask, &self.variables)?;
        self.refuse_errors(&loaded.findings, &loaded.sources)?;
        Ok(loaded)
    }

    /// Checks the files against what the scope may list or tombstone, where it is named on the
    /// command line and not in the files.
    ///
    /// # Errors
    /// What lies outside of it.
    pub fn check_scope(&self, loaded: &Loaded, scope: Option<&str>) -> Result<()> {
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
        self.refuse_errors(&outside, &loaded.sources)
    }

    pub(crate) fn refuse_errors(&self, findings: &[Finding], sources: &Sources) -> Result<()> {
        let is_error = |finding: &&Finding| finding.level == Severity::Error;
        let errors = findings.iter().filter(is_error).count();
        if errors > 0 {
            let message = format!("{} in the files", count(errors, "error"));
            return Err(self.invalid(message, findings, sources));
        }
        if !self.terminal.quiet {
            self.tell_findings(findings, sources);
        }
        Ok(())
    }

    /// Shows findings to a person.
    pub fn tell_findings(&self, findings: &[Finding], sources: &Sources) {
        self.tell(&diagnostics::text(findings, sources, self.err_style()));
    }

    /// Tells a person something beside the result.
    pub fn tell(&self, text: &str) {
        self.terminal.tell(text);
    }

    /// Tells a person something that can be left out.
    pub fn note(&self, text: &str) {
        self.terminal.note(text);
    }

    /// Findings as an error, with what follows from them.
    pub(crate) fn invalid(
        &self,
        message: String,
        findings: &[Finding],
        sources: &Sources,
    ) -> Error {
        let text = diagnostics::text(findings, sources, self.err_style());
        Invalid::new(message, findings, text).into()
    }

    /// Findings that refuse the run before anything is connected.
    pub(crate) fn refused(
        &self,
        message: String,
        findings: &[Finding],
        sources: &Sources,
    ) -> Error {
        let text = diagnostics::text(findings, sources, self.err_style());
        Invalid::new(message, findings, text).refused().into()
    }

    /// How text on stdout is shown.
    pub fn out_style(&self) -> Style {
        style(self.terminal.out)
    }

    /// How text on stderr is shown.
    pub fn err_style(&self) -> Style {
        style(self.terminal.err)
    }

    /// Prints a result that people read.
    ///
    /// # Errors
    /// The output cannot take it.
    pub fn print(&self, text: &str) -> Result<()> {
        written(self.terminal.print(text))
    }

    /// Prints a result in a language of its own.
    ///
    /// # Errors
    /// The output cannot take it.
    pub fn print_as(&self, text: &str, syntax: Syntax) -> Result<()> {
        written(self.terminal.print_as(text, syntax))
    }

    /// Prints a result that is a JSON document.
    ///
    /// # Errors
    /// The output cannot take it.
    pub fn print_json(&self, document: &impl Serialize) -> Result<()> {
        self.print_as(&json_text(document), Syntax::Json)
    }
}

/// What became of the output, in words.
pub(crate) fn written(result: std::io::Result<()>) -> Result<()> {
    result.context("cannot write the output")
}

/// Keeps what a command works with until the process ends: to take ten thousand topics apart before
/// takes longer than most of the work on them.
fn kept<T>(what: T) -> &'static T {
    Box::leak(Box::new(what))
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

/// How text is drawn on a stream.
pub fn style(stream: Stream) -> Style {
    Style {
        colour: stream.colour,
        width: stream.width,
    }
}
