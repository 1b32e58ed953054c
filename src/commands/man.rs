//! `topicsmith man`: manual pages.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::{Cli, Exit, Session};
use crate::terminal::write_whole;

/// Arguments of `man`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith man | man -l -
  topicsmith man --out /usr/local/share/man/man1")]
pub struct Args {
    /// Write a page for each command into DIR, topicsmith.1 and topicsmith-plan.1 and so on
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the page of the program, or writes the pages of all commands.
///
/// # Errors
/// A page cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let program = built();
    match &args.out {
        None => session.print(&page(&program)?)?,
        Some(folder) => write_pages(folder, &program)?,
    }
    Ok(Exit::Done)
}

/// The command line with what clap adds to it, and the full names of the commands.
fn built() -> clap::Command {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    program
}

fn write_pages(folder: &Path, command: &clap::Command) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    write_whole(&folder.join(format!("{name}.1")), &page(command)?)?;
    let mut below = command.get_subcommands();
    below.try_for_each(|command| write_pages(folder, command))
}

fn page(command: &clap::Command) -> Result<String> {
    let mut page = Vec::new();
    let rendered = Man::new(command.clone()).render(&mut page);
    rendered.context("cannot make the manual page")?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
