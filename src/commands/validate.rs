//! `topicsmith validate`: checks the files, offline.

use anyhow::Result;

use crate::cli::{Environments, Exit, Format, Session};
use crate::desired::{Ask, CheckedEnvironment, Loaded};
use crate::model::Severity;
use crate::model::text::count;
use crate::render::diagnostics;
use crate::render::diagnostics::document::DiagnosticsDocument;
use crate::render::github::{self, Annotations};
use crate::render::markdown::Section;

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith validate                 every environment
  topicsmith validate -e prod         what concerns prod
  topicsmith validate --format json   the problems, for a program
  topicsmith validate --format github the problems at file and line of a pull request")]
pub struct Args {
    #[command(flatten)]
    pub(super) environments: Environments,
}

type Checked = Loaded<CheckedEnvironment>;

/// Checks the files of the environments that are named, or of all.
///
/// # Errors
/// The files cannot be read at all, or the output cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::All);
    let loaded = &session.check(&ask)?;
    let invalid = loaded.findings.iter().any(|f| f.level == Severity::Error);
    match session.format {
        Format::Json => session.print_json(&DiagnosticsDocument::from(&*loaded.findings))?,
        Format::Markdown => session.print_comment(&[section(loaded)])?,
        Format::Github => {
            let said = Annotations {
                summary: outcome(loaded),
                ..github::findings(&loaded.findings)
            };
            session.print_annotations(&[said])?;
        }
        Format::Text | Format::Html => {
            session.tell_findings(&loaded.findings, &loaded.sources);
            if !invalid {
                session.print(&summary(&loaded.environments))?;
            }
        }
    }
    Ok(if invalid { Exit::Error } else { Exit::Done })
}

/// What was found for a comment on a pull request.
fn section(loaded: &Checked) -> Section {
    Section {
        heading: format!("validate: {}", outcome(loaded)),
        ..diagnostics::section(&loaded.findings)
    }
}

/// `2 errors in the files`, or what is valid.
fn outcome(loaded: &Checked) -> String {
    match loaded.findings.is_empty() {
        true => format!(
            "the files are valid in {}",
            count(loaded.environments.len(), "environment")
        ),
        false => diagnostics::summary(&loaded.findings),
    }
}

/// One line an environment: `prod  valid: 24 topics, 71 partitions`.
fn summary(environments: &[CheckedEnvironment]) -> String {
    let width = environments.iter().map(|checked| checked.name.len()).max();
    let width = width.unwrap_or_default();
    let line = |checked: &CheckedEnvironment| {
        format!(
            "{:width$}  valid: {}, {}\n",
            checked.name,
            count(checked.topics, "topic"),
            count(checked.partitions, "partition"),
        )
    };
    environments.iter().map(line).collect()
}
