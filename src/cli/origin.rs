//! Whose topics the files speak of, of which commit the files are, and who is at work.

use std::process::{Command, Stdio};

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

    /// The commit that was named here, or else the one that git knows. There is none where the
    /// files are in no repository of git.
    pub fn commit(&self) -> Option<String> {
        self.commit.clone().or_else(git_commit)
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

/// The commit that is checked out here, with `-dirty` behind it where the files are not as they
/// were committed. A tag must not stand in its place: it can move.
fn git_commit() -> Option<String> {
    let describe = [
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ];
    let output = Command::new("git")
        .args(describe)
        .stdin(Stdio::null())
        .output();
    let output = output.ok().filter(|output| output.status.success())?;
    let commit = String::from_utf8(output.stdout).ok()?;
    Some(commit.trim().to_owned()).filter(|commit| !commit.is_empty())
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
