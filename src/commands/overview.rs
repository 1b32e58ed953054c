//! `topicsmith` alone: what is here, and what can be done next.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::app::Problem;
use crate::cli::{Exit, Session};
use crate::desired::{Ask, Loaded};
use crate::model::Severity;
use crate::model::text::{count, escape};

/// Environments that are named one by one.
const NAMED: usize = 5;

/// Tells what the files here hold and which commands come next. It is wrong usage all the same: a
/// pipeline that lost its command has done nothing.
///
/// # Errors
/// There is no repository here.
pub fn run(session: &Session) -> Result<Exit> {
    let folders = &session.repository.folders;
    if !folders.topics.exists() && !folders.environments.exists() {
        let message = "no command was given, and there is no topicsmith repository here";
        let help = "`topicsmith init` makes a first one, -C DIR goes to one that is elsewhere, \
                    `topicsmith --help` lists the commands";
        return Err(Problem::usage(message, help).into());
    }
    let text = match session.repository.read(&Ask::All) {
        Ok(loaded) => overview(&loaded),
        // A repository that was begun.
        Err(error) => format!(
            "{}\n\n  {:<34}shows more\n",
            escape(&format!("{error:#}")),
            "topicsmith validate"
        ),
    };
    session.terminal.tell(&text);
    Ok(Exit::Usage)
}

fn overview(loaded: &Loaded) -> String {
    let errors = loaded
        .findings
        .iter()
        .filter(|f| f.level == Severity::Error);
    match errors.count() {
        0 => format!("{}{}", what_is_here(loaded), next(loaded)),
        errors => format!(
            "{} in the files\n\n  {:<34}shows them\n",
            count(errors, "error"),
            "topicsmith validate"
        ),
    }
}

fn names(loaded: &Loaded) -> Vec<String> {
    let names = loaded.environments.iter();
    let names = names.map(|one| escape(&one.desired.environment.name).into_owned());
    names.collect()
}

fn what_is_here(loaded: &Loaded) -> String {
    let names = names(loaded);
    let more = names.len().saturating_sub(NAMED);
    let mut shown = names[..names.len() - more].join(", ");
    if more > 0 {
        shown.push_str(&format!(" and {more} more"));
    }
    let topics = loaded.environments.iter().map(|one| &one.desired.topics);
    let topics: BTreeSet<_> = topics.flat_map(|topics| topics.keys()).collect();
    format!(
        "{} in {} ({shown}), without an error\n\n",
        count(topics.len(), "topic"),
        count(names.len(), "environment"),
    )
}

fn next(loaded: &Loaded) -> String {
    let names = names(loaded);
    let (first, option) = match names.as_slice() {
        [_] => ("", ""),
        several => (several.first().map_or("", String::as_str), " -e "),
    };
    let steps = [
        ("doctor", "can the cluster be worked on?"),
        ("plan", "what would an apply change?"),
        ("apply", "bring the cluster to what the files say"),
        ("drift", "what was changed by hand?"),
    ];
    let line = |(command, what): (&str, &str)| {
        let command = format!("topicsmith {command}{option}{first}");
        format!("  {command:<34}{what}\n")
    };
    let steps: String = steps.map(line).concat();
    format!("{steps}  {:<34}all commands\n", "topicsmith --help")
}
