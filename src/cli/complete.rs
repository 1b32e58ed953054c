//! Completion of commands, options and names in a shell. The shell's script calls the program back
//! with what was typed so far; environments and topics then come from the files that are here.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Command;
use clap_complete::CompletionCandidate;
use clap_complete::env::{CompleteEnv, Shells};

use crate::app::process_variables;
use crate::desired::{self, Ask, Desired, Folders, Loaded};

/// What the script sets when it calls back.
const VARIABLE: &str = "TOPICSMITH_COMPLETE";

const PROGRAM: &str = "topicsmith";

/// Answers a shell that asks how a line may go on, where one does. What is wrong then is not told:
/// the person is in the middle of a line.
pub fn answer(program: fn() -> Command, arguments: &[OsString]) -> bool {
    let here = std::env::current_dir().ok();
    let complete = CompleteEnv::with_factory(program).var(VARIABLE);
    let answered = complete.try_complete(arguments.to_vec(), here.as_deref());
    answered.unwrap_or(true)
}

/// The script that a shell needs.
///
/// # Errors
/// There is none for this shell.
pub fn script(shell: &str) -> Result<String> {
    let shells = Shells::builtins();
    let shell = shells.completer(shell).context("no such shell")?;
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    Ok(String::from_utf8(script)?)
}

/// Environments and groups of them.
pub(super) fn environments(typed: &OsStr) -> Vec<CompletionCandidate> {
    let load = |folders: &Folders| {
        desired::load_environments(folders, &Ask::All, &process_variables()).ok()
    };
    candidates(typed, load, |desired| {
        let environment = &desired.environment;
        let groups = environment.groups.iter().cloned();
        groups.chain([environment.name.to_string()]).collect()
    })
}

/// Topics that files list.
pub fn topics(typed: &OsStr) -> Vec<CompletionCandidate> {
    candidates(typed, load, |desired| {
        desired.topics.keys().map(ToString::to_string).collect()
    })
}

/// Lifecycles.
pub fn lifecycles(typed: &OsStr) -> Vec<CompletionCandidate> {
    candidates(typed, load, |desired| {
        desired.lifecycles.keys().map(ToString::to_string).collect()
    })
}

fn load(folders: &Folders) -> Option<Loaded> {
    desired::load(folders, &Ask::All, &process_variables()).ok()
}

fn candidates(
    typed: &OsStr,
    load: impl Fn(&Folders) -> Option<Loaded>,
    names: impl Fn(&Desired) -> Vec<String>,
) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else {
        return Vec::new();
    };
    let loaded = load(&folders(&std::env::args_os().collect::<Vec<_>>()));
    let environments = loaded.into_iter().flat_map(|loaded| loaded.environments);
    let names = environments.flat_map(|environment| names(&environment.desired));
    let names = names.filter(|name| name.starts_with(typed) && is_word(name));
    let names: BTreeSet<String> = names.collect();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// Whether every shell takes a name for one word and nothing else: it is put into the line as it is.
fn is_word(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.starts_with('-') && name.chars().all(plain)
}

/// Where the line that is being typed says that the files are.
fn folders(line: &[OsString]) -> Folders {
    let after = |long: &str, short: Option<&str>| {
        let mut words = line.iter().filter_map(|word| word.to_str());
        let mut found = None;
        while let Some(word) = words.next() {
            let value = match word.strip_prefix(long) {
                Some("") => words.next(),
                Some(rest) => rest.strip_prefix('='),
                None if Some(word) == short => words.next(),
                None => continue,
            };
            found = value.map(PathBuf::from).or(found);
        }
        found
    };
    let root = after("--chdir", Some("-C")).unwrap_or_else(|| PathBuf::from("."));
    let folder = |long, usual: &str| root.join(after(long, None).unwrap_or_else(|| usual.into()));
    Folders {
        topics: folder("--topics-dir", "topics"),
        environments: folder("--environments-dir", "environments"),
        root,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_where_the_files_are() {
        let of = |line: &str| {
            let found = folders(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
            [found.topics, found.environments].map(|path| path.display().to_string())
        };
        assert_eq!(of("t plan -e "), ["./topics", "./environments"]);
        assert_eq!(of("t -C a plan"), ["a/topics", "a/environments"]);
        assert_eq!(
            of("t --chdir=a plan --environments-dir /trusted"),
            ["a/topics", "/trusted"]
        );
        assert_eq!(of("t plan --topics-dir"), ["./topics", "./environments"]);
    }
}
