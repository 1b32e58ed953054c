//! What every command is given, and how it speaks to the outside: files in, results and errors out.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Serialize;

use super::args::Format;
use super::way_out::InterruptibleWork;
use crate::app::Repository;
use crate::desired::{Ask, CheckedEnvironment, Loaded};
use crate::model::inert::Syntax;
use crate::model::{Finding, Sources};
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
    /// The files that the command works on.
    pub repository: Repository,
    /// What is run: `plan`.
    pub command: &'static str,
    /// The first line of a comment, by which a job finds it again.
    pub marker: String,
    /// The folder that all paths are relative to, as it was named.
    pub chdir: Option<PathBuf>,
    /// The work that a signal ends in order.
    pub work: InterruptibleWork,
}

impl Session {
    /// Reads and checks the files for a command that needs them without errors. Warnings are told.
    ///
    /// # Errors
    /// There is nothing to check: a folder is missing or empty, or an environment is not known. Or
    /// the files have errors.
    pub fn load(&self, ask: &Ask) -> Result<Loaded> {
        Ok(self.warned(self.repository.load(ask)?))
    }

    /// The same for a command that needs no more than what is wrong.
    ///
    /// # Errors
    /// There is nothing to check.
    pub fn check(&self, ask: &Ask) -> Result<Loaded<CheckedEnvironment>> {
        self.repository.check(ask)
    }

    /// Reads the environments alone, for a command that needs no topics files: they may be broken,
    /// or gone. Warnings are told.
    ///
    /// # Errors
    /// An environment is not known, or there are errors in the files.
    pub fn load_environments(&self, ask: &Ask) -> Result<Loaded> {
        Ok(self.warned(self.repository.load_environments(ask)?))
    }

    /// Tells the warnings of files that were read.
    pub fn warned(&self, loaded: Loaded) -> Loaded {
        if !self.terminal.quiet {
            self.tell_findings(&loaded.findings, &loaded.sources);
        }
        loaded
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
pub(super) fn written(result: std::io::Result<()>) -> Result<()> {
    result.context("cannot write the output")
}

/// How text is drawn on a stream.
pub fn style(stream: Stream) -> Style {
    Style {
        colour: stream.colour,
        width: stream.width,
    }
}
