//! Whose topics the files speak of, and of which commit they are, as arguments.

use anyhow::Result;

use super::args::variable;
use crate::app::{checked_out_commit, commit_id};

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
    #[arg(long, value_name = "SHA", value_parser = commit_id)]
    commit: Option<String>,
}

impl ApplyContext {
    /// The scope that was named here.
    pub fn scope(&self) -> Result<Option<String>> {
        self.scope.named()
    }

    /// The commit that was named here, or else the one that is checked out.
    pub fn commit(&self) -> Option<String> {
        self.commit.clone().or_else(checked_out_commit)
    }
}
