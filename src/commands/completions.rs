//! `topicsmith completions`: what a shell needs to complete commands and options.

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, Exit, Session};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith completions bash > /etc/bash_completion.d/topicsmith
  topicsmith completions zsh > ~/.zfunc/_topicsmith
  topicsmith completions fish > ~/.config/fish/completions/topicsmith.fish")]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// The output cannot take it.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "topicsmith", &mut script);
    session.print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
