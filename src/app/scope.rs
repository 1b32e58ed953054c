//! Whose topics the files speak of, of which commit the files are, and who is at work.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::git;
use crate::cli::args::variable;
use crate::cli::problem::Problem;
use crate::desired::Environment;
use crate::model::text::escape;

/// Whose topics these are.
#[derive(Debug, clap::Args)]
pub struct Scope {
    /// Ownership scope; an environment file that sets another is refused [env: TOPICSMITH_SCOPE]
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
pub struct ApplyContext {
    #[command(flatten)]
    scope: Scope,
    /// Commit of the files, hexadecimal [default: the one checked out, from .git or CI's variables]
    #[arg(long, value_name = "SHA", value_parser = id)]
    commit: Option<String>,
}

impl ApplyContext {
    /// The scope that was named here.
    pub fn scope(&self) -> Result<Option<String>> {
        self.scope.named()
    }

    /// The commit that was named here, or else the one that is checked out: a plain id. Whether the
    /// files differ from it is not known: that takes git, and git takes orders from what it finds.
    pub fn commit(&self) -> Option<String> {
        self.commit.clone().or_else(checked_out)
    }
}

/// The commit that is checked out in this folder. Without a `.git` the CI's variable stands in for it;
/// with one it does not, for a job can check out another commit than its own.
fn checked_out() -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    match find(&folder) {
        Some(entry) => git::commit(&entry),
        None => commit_of_ci(),
    }
}

/// The nearest `.git` at or above a folder. The environment (`GIT_DIR` and its like) has no say, and
/// bare repositories are passed over: a checkout can hold one, but never a `.git`.
fn find(folder: &Path) -> Option<PathBuf> {
    let mut entries = folder.ancestors().map(|folder| folder.join(".git"));
    entries.find(|entry| entry.symlink_metadata().is_ok())
}

/// The commit that a CI job is for, where that is what jobs of its kind check out.
fn commit_of_ci() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // For events such as pull_request_target GITHUB_SHA is the default branch's.
    let event = set("GITHUB_EVENT_NAME");
    let own = [
        "push",
        "pull_request",
        "merge_group",
        "schedule",
        "workflow_dispatch",
    ];
    let is_own = event.is_some_and(|event| own.contains(&event.as_str()));
    let name = match () {
        () if set("GITHUB_ACTIONS").is_some() => is_own.then_some("GITHUB_SHA")?,
        () if set("GITLAB_CI").is_some() => "CI_COMMIT_SHA",
        () if set("TF_BUILD").is_some() => "BUILD_SOURCEVERSION",
        () => "BITBUCKET_COMMIT",
    };
    set(name).and_then(|commit| id(&commit).ok())
}

/// A commit's id, whole or shortened.
fn id(text: &str) -> Result<String, &'static str> {
    let is_id = (4..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    match is_id {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("expected a commit id: 4 to 64 hexadecimal digits"),
    }
}

/// The runner's word counts: a repository cannot take another scope for itself.
///
/// # Errors
/// The environment sets another scope than the command line or `TOPICSMITH_SCOPE`.
pub fn check_scope_agrees(environment: &Environment, named: Option<&str>) -> Result<()> {
    let inventory = &environment.inventory;
    let (Some(named), Some(own), true) = (named, &inventory.scope, inventory.enabled) else {
        return Ok(());
    };
    if named == own {
        return Ok(());
    }
    let (name, named, own) = (&environment.name, escape(named), escape(own));
    let message = format!(
        "{name} sets scope {own}, and the runner sets scope {named} (--scope or TOPICSMITH_SCOPE)"
    );
    let help = format!(
        "set `scope = \"{named}\"` in [inventory] of environments/{name}.toml, or remove `scope` there"
    );
    Err(Problem::refused(message, help).into())
}

/// Ownership has no meaning without an owner.
///
/// # Errors
/// The environment keeps an inventory, and neither it nor the command line names a scope; or they name
/// different ones.
pub fn check_scope_is_named(environment: &Environment, named: Option<&str>) -> Result<()> {
    check_scope_agrees(environment, named)?;
    let inventory = &environment.inventory;
    if !inventory.enabled || named.is_some() || inventory.scope.is_some() {
        return Ok(());
    }
    let name = &environment.name;
    let message = format!("{name} has an inventory, but no ownership scope is set");
    let help = format!(
        "name a scope: `scope` in [inventory] of environments/{name}.toml, --scope or TOPICSMITH_SCOPE; `enabled = false` there does without ownership"
    );
    Err(Problem::error(message, help).into())
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
