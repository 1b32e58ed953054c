//! `topicsmith validate`: checks the files, offline.

use anyhow::Result;

use crate::cli::{Environments, Exit, Format, Session};
use crate::desired::{Ask, LoadedEnvironment};
use crate::model::Level;
use crate::model::text::count;
use crate::render::diagnostics;

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith validate                 every environment
  topicsmith validate -e prod         what concerns prod
  topicsmith validate --format json   the problems, for a program")]
pub struct Args {
    #[command(flatten)]
    environments: Environments,
}

/// Checks the files of the environments that are named, or of all.
///
/// # Errors
/// The files cannot be read at all, or the output cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let ask = args.environments.ask()?.unwrap_or(Ask::All);
    let loaded = session.read_files(&ask)?;
    let invalid = loaded.findings.iter().any(|f| f.level == Level::Error);
    match session.format {
        Format::Json => session.print_json(&diagnostics::json(&loaded.findings))?,
        Format::Text => {
            session.tell_findings(&loaded.findings, &loaded.sources);
            if !invalid {
                session.print(&summary(&loaded.environments))?;
            }
        }
    }
    Ok(if invalid { Exit::Error } else { Exit::Done })
}

/// One line an environment: `prod  valid: 24 topics, 71 partitions`.
fn summary(environments: &[LoadedEnvironment]) -> String {
    let desired = || environments.iter().map(|loaded| &loaded.desired);
    let width = desired().map(|d| d.environment.name.len()).max();
    let width = width.unwrap_or_default();
    let line = |desired: &crate::desired::Desired| {
        let partitions = desired.topics.values().map(|t| t.partitions.value as usize);
        format!(
            "{:width$}  valid: {}, {}\n",
            desired.environment.name,
            count(desired.topics.len(), "topic"),
            count(partitions.sum(), "partition"),
        )
    };
    desired().map(line).collect()
}
