//! The commands, one file each: a short script over the stations, with its own arguments.

use anyhow::Result;

use crate::cli::{Exit, Session};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub enum Command {}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What ended the command early; nothing on any cluster was changed then.
    pub fn run(&self, _session: &Session) -> Result<Exit> {
        match *self {}
    }
}
