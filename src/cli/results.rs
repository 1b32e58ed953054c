//! What commands found out, in the format that was asked for; several environments side by side, and
//! errors at their place among them.

use std::path::Path;

use anyhow::{Context, Error, Result};
use serde_json::{Value, json};

use super::args::Format;
use super::exit::Exit;
use super::problem;
use super::session::{Session, written};
use crate::app::{Problem, sentence};
use crate::model::document::{self, Document as _, EnvironmentDocument, FailedEnvironment};
use crate::model::inert::Syntax;
use crate::render::Style;
use crate::render::github::{self, Annotations};
use crate::render::markdown::{self, Section};

/// What a reading command found out about one environment.
pub trait Reading {
    /// Its JSON document.
    type Document: EnvironmentDocument;
    /// The document.
    fn document(&self) -> Self::Document;
    /// What it means for the shell.
    fn exit(&self) -> Exit;
}

/// The same for people too.
pub trait Printable: Reading {
    /// The text.
    fn text(&self, style: Style) -> String;

    /// Its part of a comment on a pull request, where the command has that format.
    fn section(&self) -> Option<Section> {
        None
    }

    /// Annotations of a workflow's run, where the command has that format.
    fn annotations(&self) -> Option<Annotations> {
        None
    }
}

impl Session {
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
            Format::Markdown => {
                let failed = |_: &str, error: &Error| problem::section(self.command, error);
                let (sections, exit) = self.parts(results, list_form, T::section, failed)?;
                self.print_comment(&sections)?;
                Ok(exit)
            }
            Format::Github => {
                let failed = |_: &str, error: &Error| problem::annotations(self.command, error);
                let (said, exit) = self.parts(results, list_form, T::annotations, failed)?;
                self.print_annotations(&said)?;
                Ok(exit)
            }
            Format::Html => Err(self.no_such_format()),
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
    pub fn document<T: Reading>(
        &self,
        results: Vec<(String, Result<T>)>,
        list_form: bool,
    ) -> Result<(Value, Exit)> {
        let shown = |found: &T| Some(document::json(&found.document()));
        let failed = |environment: &str, error: &Error| {
            document::json(&FailedEnvironment {
                environment: environment.to_owned(),
                error: problem::document(error),
            })
        };
        let (documents, exit) = self.parts(results, list_form, shown, failed)?;
        let document = match list_form {
            true => json!({"format": T::Document::FORMAT, (T::Document::LIST): documents}),
            false => documents.into_iter().next().unwrap_or(Value::Null),
        };
        Ok((document, exit))
    }

    /// What is shown of each environment, or of what failed there, and the exit code of all. Errors
    /// are told too.
    fn parts<T: Reading, S>(
        &self,
        results: Vec<(String, Result<T>)>,
        list_form: bool,
        show: impl Fn(&T) -> Option<S>,
        failed: impl Fn(&str, &Error) -> S,
    ) -> Result<(Vec<S>, Exit)> {
        let mut exits = Vec::new();
        let mut parts = Vec::new();
        for (environment, result) in results {
            match named(result, &environment, list_form) {
                Ok(found) => {
                    exits.push(found.exit());
                    parts.push(show(&found).ok_or_else(|| self.no_such_format())?);
                }
                Err(error) if !list_form => return Err(error),
                Err(error) => {
                    exits.push(self.tell_error(&error));
                    parts.push(failed(&environment, &error));
                }
            }
        }
        Ok((parts, Exit::fold(exits)))
    }

    /// What was found out about each environment, or why nothing was, for what shows all of them
    /// together, and the exit code of the errors, which are told.
    ///
    /// # Errors
    /// The only environment that was asked for failed.
    pub fn seen<T>(
        &self,
        results: Vec<(String, Result<T>)>,
        list_form: bool,
    ) -> Result<(Vec<Result<T, String>>, Exit)> {
        let mut exits = Vec::new();
        let mut seen = Vec::new();
        for (environment, result) in results {
            seen.push(match result {
                Ok(found) => Ok(found),
                Err(error) if !list_form => return Err(error),
                Err(error) => {
                    let why = sentence(&error);
                    exits.push(self.tell_error(&error.context(environment)));
                    Err(why)
                }
            });
        }
        Ok((seen, Exit::fold(exits)))
    }

    /// Prints a comment on a pull request.
    ///
    /// # Errors
    /// The output cannot take it.
    pub fn print_comment(&self, sections: &[Section]) -> Result<()> {
        let comment = markdown::comment(&self.marker, sections);
        self.print_as(&comment, Syntax::Markdown)
    }

    /// Prints annotations of a workflow's run.
    ///
    /// # Errors
    /// The output cannot take it.
    pub fn print_annotations(&self, said: &[Annotations]) -> Result<()> {
        let folder = self.chdir.as_deref().unwrap_or(Path::new(""));
        written(self.terminal.print_annotations(&github::log(said, folder)))
    }

    /// The error of a command that was asked for a format that it does not have.
    pub fn no_such_format(&self) -> Error {
        let message = format!("{} has no --format {}", self.command, self.format);
        let has: Vec<String> = self.formats.iter().map(Format::to_string).collect();
        Problem::usage(message, format!("it has {}", has.join(", "))).into()
    }

    /// Tells a person an error, and says what it means for the shell.
    pub fn tell_error(&self, error: &Error) -> Exit {
        self.tell(&problem::text(error, self.err_style()));
        problem::exit_of(error)
    }

    /// Ends the run with an error: for a person on stderr and, where results are for something else
    /// than a terminal, in their format on stdout too.
    pub fn fail(&self, error: &Error) -> Exit {
        let exit = self.tell_error(error);
        let printed = match self.format {
            Format::Text | Format::Html => Ok(()),
            Format::Json => self.print_json(&problem::diagnostics(error)),
            Format::Markdown => self.print_comment(&[problem::section(self.command, error)]),
            Format::Github => self.print_annotations(&[problem::annotations(self.command, error)]),
        };
        if let Err(unwritten) = printed {
            self.tell_error(&unwritten);
        }
        exit
    }
}

/// Where several environments are reported, an error says whose it is.
fn named<T>(result: Result<T>, environment: &str, list_form: bool) -> Result<T> {
    match list_form {
        true => result.with_context(|| environment.to_owned()),
        false => result,
    }
}
