//! What every command is given, and how it speaks to the outside: files in, results and errors out.

use std::time::Instant;

use anyhow::{Context, Error, Result};
use serde_json::{Value, json};
use tracing::info;

use super::args::Format;
use super::exit::Exit;
use super::problem::{self, Invalid};
use crate::desired::{self, Ask, Folders, Loaded, Traces, Variables, outside_scope};
use crate::model::text::count;
use crate::model::{Finding, Level, Sources, TopicName};
use crate::render::{self, Style, diagnostics};
use crate::terminal::{Stream, Terminal};

/// What every command is given besides its own arguments.
#[derive(Debug)]
pub struct Session {
    /// Where results and messages go.
    pub terminal: Terminal,
    /// How results are printed.
    pub format: Format,
    /// Where the files are.
    pub folders: Folders,
    /// The process environment.
    pub variables: Variables,
}

/// What a reading command found out about one environment, as a JSON document.
pub trait Document {
    /// Its format.
    const FORMAT: &'static str;
    /// What holds the documents where there are several.
    const KEY: &'static str;
    /// The document.
    fn json(&self) -> Value;
    /// What it means for the shell.
    fn exit(&self) -> Exit;
}

/// The same for people too.
pub trait Printable: Document {
    /// The text.
    fn text(&self, style: Style) -> String;
}

impl Session {
    /// Reads and checks the files for what was asked.
    ///
    /// # Errors
    /// There is nothing to check: a folder is missing or empty, or an environment is not known.
    pub fn read_files(&self, ask: &Ask) -> Result<Loaded> {
        let started = Instant::now();
        let loaded = desired::load(&self.folders, ask, &self.variables)?;
        tell_read(&loaded, started);
        Ok(loaded)
    }

    /// The same for a command that needs files without errors. Warnings are told.
    ///
    /// # Errors
    /// Also the errors in the files.
    pub fn load(&self, ask: &Ask) -> Result<Loaded> {
        let loaded = self.read_files(ask)?;
        self.refuse_errors(&loaded.findings, &loaded.sources)?;
        Ok(loaded)
    }

    /// The same, with where everything in the files stands, and everything about one topic.
    ///
    /// # Errors
    /// As for [`Session::load`].
    pub fn load_traced(&self, ask: &Ask, topic: Option<&TopicName>) -> Result<(Loaded, Traces)> {
        let started = Instant::now();
        let traced = desired::load_traced(&self.folders, ask, &self.variables, topic)?;
        tell_read(&traced.0, started);
        self.refuse_errors(&traced.0.findings, &traced.0.sources)?;
        Ok(traced)
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
        let environments = loaded.environments.iter();
        let mut outside: Vec<Finding> = environments
            .flat_map(|environment| outside_scope(&environment.desired, scope))
            .collect();
        outside.sort_by(|a, b| a.place.cmp(&b.place));
        outside.dedup();
        self.refuse_errors(&outside, &loaded.sources)
    }

    fn refuse_errors(&self, findings: &[Finding], sources: &Sources) -> Result<()> {
        let is_error = |finding: &&Finding| finding.level == Level::Error;
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
        let text = diagnostics::text(findings, sources, self.err_style());
        self.terminal.tell(&text);
    }

    /// Findings as an error, with what follows from them.
    pub(super) fn invalid(
        &self,
        message: String,
        findings: &[Finding],
        sources: &Sources,
    ) -> Error {
        let text = diagnostics::text(findings, sources, self.err_style());
        Invalid::new(message, findings, text).into()
    }

    /// Findings that refuse the run before anything is connected.
    pub(super) fn refused(
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

    /// Prints a result.
    ///
    /// # Errors
    /// The output cannot take it.
    pub fn print(&self, text: &str) -> Result<()> {
        self.terminal.print(text).context("cannot write the output")
    }

    /// Prints a result that is a JSON document.
    ///
    /// # Errors
    /// The output cannot take it.
    pub fn print_json(&self, document: &Value) -> Result<()> {
        self.print(&format!("{document:#}\n"))
    }

    /// Prints what was found out about each environment, in the order given. One that failed does
    /// not hide the others.
    ///
    /// # Errors
    /// The output cannot take it, or the only environment that was asked for failed.
    pub fn print_each<T: Printable>(
        &self,
        results: Vec<(String, Result<T>)>,
        list_form: bool,
    ) -> Result<Exit> {
        match self.format {
            Format::Text => self.print_texts(results, list_form),
            Format::Json => {
                let (document, exit) = self.document(results, list_form)?;
                self.print_json(&document)?;
                Ok(exit)
            }
        }
    }

    fn print_texts<T: Printable>(
        &self,
        results: Vec<(String, Result<T>)>,
        list_form: bool,
    ) -> Result<Exit> {
        let mut exits = Vec::new();
        let mut gap = "";
        for (environment, result) in results {
            exits.push(match named(result, &environment, list_form) {
                Err(error) => self.tell_error(&error),
                Ok(found) => {
                    self.print(&format!("{gap}{}", found.text(self.out_style())))?;
                    gap = "\n";
                    found.exit()
                }
            });
        }
        Ok(Exit::fold(exits))
    }

    /// One document of what was found out about each environment, and the exit code of all. Errors
    /// stand in it at their place, and are told.
    ///
    /// # Errors
    /// The only environment that was asked for failed.
    pub fn document<T: Document>(
        &self,
        results: Vec<(String, Result<T>)>,
        list_form: bool,
    ) -> Result<(Value, Exit)> {
        let mut exits = Vec::new();
        let mut documents = Vec::new();
        for (environment, result) in results {
            match named(result, &environment, list_form) {
                Ok(found) => {
                    exits.push(found.exit());
                    documents.push(found.json());
                }
                Err(error) if !list_form => return Err(error),
                Err(error) => {
                    exits.push(self.tell_error(&error));
                    let error = problem::json(&error);
                    documents.push(json!({"environment": environment, "error": error}));
                }
            }
        }
        let document = match list_form {
            true => render::many(T::FORMAT, T::KEY, documents),
            false => documents.into_iter().next().unwrap_or(Value::Null),
        };
        Ok((document, Exit::fold(exits)))
    }

    /// Tells a person an error, and says what it means for the shell.
    pub fn tell_error(&self, error: &Error) -> Exit {
        self.terminal.tell(&problem::text(error, self.err_style()));
        problem::exit_of(error)
    }

    /// Ends the run with an error: for a person on stderr and, where results are JSON, as a
    /// document on stdout too.
    pub(super) fn fail(&self, error: &Error) -> Exit {
        let exit = self.tell_error(error);
        if self.format == Format::Json
            && let Err(unwritten) = self.print_json(&problem::document(error))
        {
            self.tell_error(&unwritten);
        }
        exit
    }
}

/// What was read, for whoever wants to hear of each step.
fn tell_read(loaded: &Loaded, started: Instant) {
    let environments = loaded.environments.iter();
    let topics = environments
        .map(|one| one.desired.topics.len())
        .sum::<usize>();
    info!(environments = loaded.environments.len(), topics, took = ?started.elapsed(), "read the files");
}

/// Where several environments are reported, an error says whose it is.
fn named<T>(result: Result<T>, environment: &str, list_form: bool) -> Result<T> {
    match list_form {
        true => result.with_context(|| environment.to_owned()),
        false => result,
    }
}

pub(super) fn style(stream: Stream) -> Style {
    Style {
        colour: stream.colour,
        width: stream.width,
    }
}
