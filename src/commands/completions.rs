//! `topicsmith completions`: what a shell needs to complete commands, options and names.

use anyhow::Result;
use clap_complete::Shell;

use crate::cli::{self, Exit, Session};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith completions bash > ~/.local/share/bash-completion/completions/topicsmith
  topicsmith completions zsh > ~/.zfunc/_topicsmith
  topicsmith completions fish > ~/.config/fish/completions/topicsmith.fish

The script asks topicsmith itself how a line may go on, so that environments and topics are those
of the files in the folder (or of -C, --topics-dir, --environments-dir). Write it anew after an
upgrade.")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// The output cannot take it.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    session.print(&cli::script(&args.shell.to_string())?)?;
    Ok(Exit::Done)
}
