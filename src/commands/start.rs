//! The command line as a whole: understood, carried out, and ended with a code.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{CommandFactory, FromArgMatches, Parser};

use super::{Command, overview};
use crate::app::{Notice, Repository};
use crate::cli::{self, Exit, Format, Global, Session};
use crate::desired::Ask;
use crate::files;
use crate::kafka;
use crate::model::text::escape;
use crate::render::{github, markdown};
use crate::terminal::{ColourChoice, Terminal, tell_events};

/// Keeps the topics of Kafka clusters as TOML files say: plan in review, apply on merge
#[derive(Debug, Parser)]
#[command(name = "topicsmith", version, max_term_width = 100)]
#[command(after_help = "`topicsmith COMMAND --help` shows examples of each command.")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    global: Global,
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if cli::answer(Cli::command, &arguments) {
        return ExitCode::SUCCESS;
    }
    match parse(&arguments) {
        Ok(cli) => run(cli),
        Err(error) => {
            // It shows arguments, among colours of its own.
            let shown: Vec<OsString> = arguments.iter().map(|one| shown(one)).collect();
            let error = parse(&shown).err().unwrap_or(error);
            let terminal = Terminal::new(colour_asked(&arguments), false);
            usage(&error, terminal).into()
        }
    }
}

fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = Cli::command()
        .long_version(about())
        .color(clap::ColorChoice::Always)
        .try_get_matches_from(arguments)?;
    Cli::from_arg_matches(&matches)
}

fn shown(argument: &OsStr) -> OsString {
    escape(&argument.to_string_lossy()).into_owned().into()
}

fn run(cli: Cli) -> ! {
    let session = session(&cli);
    tell_events(cli.global.verbose, session.terminal.err);
    let ended = match &cli.global.chdir {
        _ if !session.formats.contains(&session.format) => Err(session.no_such_format()),
        Some(folder) => {
            go_to(folder).with_context(|| format!("cannot go to the folder {}", folder.display()))
        }
        None => Ok(()),
    };
    let ended = ended.and_then(|()| match &cli.command {
        Some(command) => command.run(&session),
        None => overview(&session),
    });
    let exit = match ended {
        Ok(exit) => exit,
        Err(error) => session.fail(&error),
    };
    kafka::leave(exit.code())
}

/// Works in another folder from now on. A folder below this one must really be there: where this is a
/// checkout, a link in it does not choose what is read.
fn go_to(folder: &Path) -> Result<()> {
    let location = files::locate(folder, Path::new("."))?;
    Ok(std::env::set_current_dir(location.real)?)
}

/// What the command is given besides its own arguments. Looks at the streams, once.
fn session(cli: &Cli) -> Session {
    let Cli { command, global } = cli;
    let command = command.as_ref();
    let name = command.map_or("topicsmith", Command::name);
    let formats = command.map_or(&[Format::Text, Format::Json][..], Command::formats);
    let folder = global
        .chdir
        .as_deref()
        .map(|folder| github::path(folder, ""));
    let folder = folder.filter(|folder| !folder.is_empty());
    let marker = match command.and_then(Command::asked) {
        Some(Ask::Named(names)) => markdown::marker(name, Some(&names), folder.as_deref()),
        Some(Ask::All) => markdown::marker(name, None, folder.as_deref()),
        Some(Ask::Only) | None => markdown::marker(name, Some(&[]), folder.as_deref()),
    };
    let terminal = Terminal::new(global.color, global.quiet);
    Session {
        terminal,
        format: global.format.unwrap_or(formats[0]),
        formats,
        repository: repository(global, terminal),
        command: name,
        marker,
        chdir: global.chdir.clone(),
        work: cli::InterruptibleWork::default(),
    }
}

/// The files that are worked on. What happens on the way is told beside the results.
fn repository(global: &Global, terminal: Terminal) -> Repository {
    global.repository().on_notice(move |notice| {
        let line = format!("{notice}\n");
        match notice {
            // It was asked for, so that `--quiet` has no say.
            Notice::Client(_) => terminal.tell(&line),
            _ => terminal.note(&line),
        }
    })
}

/// What this binary is made of: its release, its commit, and its Kafka client.
fn about() -> String {
    let commit = match env!("TOPICSMITH_COMMIT") {
        "" => String::new(),
        commit => format!("commit      {commit}\n"),
    };
    let client = kafka::about();
    format!(
        "{}\n{commit}librdkafka  {}\nfeatures    {}",
        env!("CARGO_PKG_VERSION"),
        client.version,
        client.features
    )
}

/// Help and the version go to stdout; everything else that clap says is wrong usage.
fn usage(error: &clap::Error, terminal: Terminal) -> Exit {
    let paint = |colour: bool| match colour {
        true => error.render().ansi().to_string(),
        false => error.render().to_string(),
    };
    if error.use_stderr() {
        terminal.tell(&paint(terminal.err.colour));
        return Exit::Usage;
    }
    match terminal.print(&paint(terminal.out.colour)) {
        Ok(()) => Exit::Done,
        Err(error) => {
            let error = anyhow::Error::new(error).context("cannot write the output");
            terminal.tell(&cli::error_text(&error, cli::style(terminal.err)));
            Exit::Error
        }
    }
}

/// What `--color` says, for output that comes before the arguments are understood.
fn colour_asked(arguments: &[OsString]) -> ColourChoice {
    let mut texts = arguments.iter().filter_map(|argument| argument.to_str());
    while let Some(argument) = texts.next() {
        let value = match argument.strip_prefix("--color") {
            Some("") => texts.next(),
            Some(rest) => rest.strip_prefix('='),
            None => continue,
        };
        if let Some(choice) = value.and_then(|v| clap::ValueEnum::from_str(v, false).ok()) {
            return choice;
        }
    }
    ColourChoice::Auto
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn colour_is_known_before_the_arguments_are() {
        let asked =
            |line: &str| colour_asked(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(asked("t --colour"), ColourChoice::Auto);
        assert_eq!(asked("t nope --color=never"), ColourChoice::Never);
        assert_eq!(asked("t --color always"), ColourChoice::Always);
        assert_eq!(asked("t --color"), ColourChoice::Auto);
    }
}
