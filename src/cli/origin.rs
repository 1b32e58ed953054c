//! Whose topics the files speak of, of which commit the files are, and who is at work.

use std::io;
use std::process::{Child, Command, Stdio};

use anyhow::Result;

use super::args::variable;
use super::problem::Problem;
use crate::desired::Environment;

/// Whose topics these are.
#[derive(Debug, clap::Args)]
pub struct Scope {
    /// Whose topics the files speak of [env: TOPICSMITH_SCOPE]
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
}

impl Scope {
    /// The scope that was named here.
    pub fn named(&self) -> Result<Option<String>> {
        match &self.scope {
            Some(scope) => Ok(Some(scope.clone())),
            None => variable("TOPICSMITH_SCOPE"),
        }
    }
}

/// Whose topics these are, and of which commit.
#[derive(Debug, clap::Args)]
pub struct Origin {
    #[command(flatten)]
    scope: Scope,
    /// The commit that the files are of [default: git's, where there is one]
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
}

impl Origin {
    /// The scope that was named here.
    pub fn scope(&self) -> Result<Option<String>> {
        self.scope.named()
    }

    /// Asks for the commit that was named here, or else the one that git knows.
    pub fn commit(&self) -> Commit {
        match &self.commit {
            Some(commit) => Commit::Named(commit.clone()),
            None => Commit::Asked(ask_git().ok()),
        }
    }
}

/// The commit that the files are of. Git compares all files with it, and is not waited for until
/// the answer is needed.
pub enum Commit {
    /// It was named.
    Named(String),
    /// Git is asked, where there is one.
    Asked(Option<Child>),
}

impl Commit {
    /// The commit. There is none where the files are in no repository of git.
    pub fn told(self) -> Option<String> {
        let git = match self {
            Commit::Named(commit) => return Some(commit),
            Commit::Asked(git) => git?,
        };
        let output = git.wait_with_output().ok();
        let output = output.filter(|output| output.status.success())?;
        let commit = String::from_utf8(output.stdout).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| !commit.is_empty())
    }
}

/// Ownership has no meaning without an owner.
///
/// # Errors
/// The environment keeps an inventory, and neither it nor the command line names a scope.
pub fn check_scope_is_named(environment: &Environment, named: Option<&str>) -> Result<()> {
    let inventory = &environment.inventory;
    if !inventory.enabled || named.is_some() || inventory.scope.is_some() {
        return Ok(());
    }
    let name = &environment.name;
    let message =
        format!("{name} keeps an inventory, and nothing says whose topics the files speak of");
    let help = format!(
        "name a scope: `scope` in [inventory] of environments/{name}.toml, --scope or TOPICSMITH_SCOPE; `enabled = false` there does without ownership"
    );
    Err(Problem::error(message, help).into())
}

/// Asks for the commit that is checked out here, with `-dirty` behind it where the files are not as
/// they were committed. A tag must not stand in its place: it can move.
fn ask_git() -> io::Result<Child> {
    let describe = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ];
    Command::new("git")
        .args(describe)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Who is at work, as others can find them: `user@host`, as far as the machine tells.
pub fn who() -> String {
    let user = ["USER", "LOGNAME"].into_iter();
    let user = user.filter_map(|name| std::env::var(name).ok());
    let user = user.into_iter().find(|user| !user.is_empty());
    let host = gethostname::gethostname();
    let host = host.to_string_lossy();
    match user {
        Some(user) => format!("{user}@{host}"),
        None => host.into_owned(),
    }
}
