//! Arguments that several commands share.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap_complete::ArgValueCompleter;

use super::complete;
use super::session::Session;
use crate::app::{ConnectOptions, Connector, Problem, Repository, TokenFrom, process_variables};
use crate::desired::{Ask, Folders, Variables};
use crate::model::{Globs, units};
use crate::terminal::ColourChoice;

/// Arguments that every command takes, before or after its name.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Run as if started in DIR; other paths are relative to it
    #[arg(short = 'C', long, value_name = "DIR", global = true)]
    pub chdir: Option<PathBuf>,
    /// Where the topics files are
    #[arg(long, value_name = "DIR", default_value = "topics", global = true)]
    topics_dir: PathBuf,
    /// Where the environment files are
    #[arg(
        long,
        value_name = "DIR",
        default_value = "environments",
        global = true
    )]
    environments_dir: PathBuf,
    /// Let [defaults] and [cluster] read this environment variable too; repeatable
    #[arg(long, value_name = "NAME", global = true)]
    allow_env: Vec<String>,
    /// Colour in the output [also: NO_COLOR, CLICOLOR_FORCE]
    #[arg(
        long,
        value_enum,
        value_name = "auto|always|never",
        default_value_t,
        hide_possible_values = true,
        global = true
    )]
    pub color: ColourChoice,
    /// Tell nothing but results and errors: no progress, no warnings, no notes on what is going on
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell on stderr what is done and how long it takes; -vv also each request to a broker
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How results are printed: for people, as JSON, as a comment on a pull request, as annotations
    /// of a GitHub workflow, as a page [default: text; html for catalog]
    #[arg(
        long,
        value_enum,
        value_name = "text|json|markdown|github|html",
        hide_possible_values = true,
        global = true
    )]
    pub format: Option<Format>,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// For programs: one JSON document
    Json,
    /// For people: a comment on a pull request
    Markdown,
    /// For people: annotations of a workflow's run on GitHub
    Github,
    /// For people: a page
    Html,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Markdown => "markdown",
            Format::Github => "github",
            Format::Html => "html",
        })
    }
}

impl Global {
    /// The repository that is worked on.
    pub fn repository(&self) -> Repository {
        let folders = Folders {
            root: PathBuf::from("."),
            topics: self.topics_dir.clone(),
            environments: self.environments_dir.clone(),
        };
        let variables = Variables {
            allowed: self.allow_env.clone(),
            ..process_variables()
        };
        Repository::new(folders, variables)
    }
}

/// Which environments a reading command looks at.
#[derive(Debug, clap::Args)]
pub struct Environments {
    /// An environment or a group of them; repeatable [env: TOPICSMITH_ENV]
    #[arg(short, long, value_name = "ENV", add = ArgValueCompleter::new(complete::environments))]
    env: Vec<String>,
    /// Every environment
    #[arg(long, conflicts_with = "env")]
    all: bool,
}

impl Environments {
    /// What was asked for, or `None` where nothing was said.
    pub fn ask(&self) -> Result<Option<Ask>> {
        if self.all {
            return Ok(Some(Ask::All));
        }
        if !self.env.is_empty() {
            return Ok(Some(Ask::Named(self.env.clone())));
        }
        Ok(variable("TOPICSMITH_ENV")?.map(|name| Ask::Named(vec![name])))
    }
}

/// Which environment a writing command changes.
#[derive(Debug, clap::Args)]
pub struct OneEnvironment {
    /// The environment; not needed where there is only one [env: TOPICSMITH_ENV]
    #[arg(short, long, value_name = "ENV", add = ArgValueCompleter::new(complete::environments))]
    env: Option<String>,
}

impl OneEnvironment {
    /// What was asked for.
    pub fn ask(&self) -> Result<Ask> {
        let named = match &self.env {
            Some(name) => Some(name.clone()),
            None => variable("TOPICSMITH_ENV")?,
        };
        Ok(named.map_or(Ask::Only, |name| Ask::Named(vec![name])))
    }
}

/// An environment variable; an empty one counts as not set, as pipelines leave them.
pub(super) fn variable(name: &str) -> Result<Option<String>> {
    match std::env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(Problem::usage(
            format!("the environment variable {name} is not valid UTF-8"),
            format!("set {name} again, or unset it"),
        )
        .into()),
    }
}

/// Which topics a command is narrowed to.
#[derive(Debug, clap::Args)]
pub struct Only {
    /// Only topics that match; repeatable
    #[arg(long, value_name = "GLOB", add = ArgValueCompleter::new(complete::topics))]
    only: Vec<String>,
}

impl Only {
    /// The globs; none match where none was given.
    pub fn globs(&self) -> Result<Globs> {
        globs("--only", &self.only)
    }
}

/// What an option says in globs.
///
/// # Errors
/// Which of them is none.
pub fn globs(option: &str, patterns: &[String]) -> Result<Globs> {
    Globs::new(patterns).map_err(|(index, why)| {
        let glob = &patterns[index];
        let help = "globs support *, ?, [a-z] and {a,b}; quote them for the shell";
        Problem::usage(format!("{option} {glob:?} is no glob: {why}"), help).into()
    })
}

/// How to reach the cluster.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct Connecting {
    /// How long one request may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = positive_duration)]
    timeout: Duration,
    /// How long to wait for the cluster to be reachable [default: do not wait]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    wait: Option<Duration>,
    /// Where ${file:NAME} in [cluster.client] reads secrets
    #[arg(long, value_name = "DIR")]
    secrets_dir: Option<PathBuf>,
    /// Connect as this file says, key=value lines with librdkafka's names, and refuse files that
    /// say otherwise [env: TOPICSMITH_CLIENT_CONFIG]
    #[arg(long, value_name = "FILE")]
    client_config: Option<PathBuf>,
    /// Read the token for OAUTHBEARER from this file, again whenever one is needed
    /// [env: TOPICSMITH_TOKEN_FILE, or the token itself in TOPICSMITH_TOKEN]
    #[arg(long, value_name = "FILE", conflicts_with = "token_command")]
    token_file: Option<PathBuf>,
    /// Take the token for OAUTHBEARER from what this shell command prints, run in / whenever one is
    /// needed [env: TOPICSMITH_TOKEN_COMMAND]
    #[arg(long, value_name = "COMMAND")]
    token_command: Option<String>,
}

impl Connecting {
    /// Connects to the environments of the session's repository.
    ///
    /// # Errors
    /// What the environment variables say cannot be.
    pub fn connector<'s>(&self, session: &'s Session) -> Result<Connector<'s>> {
        let options = ConnectOptions {
            timeout: self.timeout,
            wait: self.wait,
            secrets_dir: self.secrets_dir.clone(),
            client_config: self.client_config()?,
            tokens: self.tokens()?,
        };
        Ok(Connector::new(&session.repository, options))
    }

    /// The runner's own client configuration.
    fn client_config(&self) -> Result<Option<PathBuf>> {
        match &self.client_config {
            Some(file) => Ok(Some(file.clone())),
            None => Ok(variable("TOPICSMITH_CLIENT_CONFIG")?.map(PathBuf::from)),
        }
    }

    /// Where tokens come from. A flag goes before all variables.
    fn tokens(&self) -> Result<Option<TokenFrom>> {
        if let Some(file) = &self.token_file {
            return Ok(Some(TokenFrom::file(file)));
        }
        if let Some(command) = &self.token_command {
            return Ok(Some(TokenFrom::command(command)));
        }
        let given = [
            variable("TOPICSMITH_TOKEN")?.map(TokenFrom::text),
            variable("TOPICSMITH_TOKEN_FILE")?.map(TokenFrom::file),
            variable("TOPICSMITH_TOKEN_COMMAND")?.map(TokenFrom::command),
        ];
        let mut given = given.into_iter().flatten();
        match (given.next(), given.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(Problem::usage(
                "several variables say where the token for OAUTHBEARER comes from",
                "set one of TOPICSMITH_TOKEN, TOPICSMITH_TOKEN_FILE and TOPICSMITH_TOKEN_COMMAND",
            )
            .into()),
        }
    }
}

/// A duration with its unit: `30s`, `1m30s`.
///
/// # Errors
/// It has no unit, or is negative.
pub fn duration(text: &str) -> Result<Duration, String> {
    let milliseconds = units::parse_duration(text).map_err(|e| match e {
        units::UnitError::NoUnit(text) => format!("write the unit too, {text}s or {text}ms"),
        other => format!("{other}; write it as 30s, 5m or 1m30s"),
    })?;
    u64::try_from(milliseconds)
        .map(Duration::from_millis)
        .map_err(|_| "a duration cannot be negative".to_owned())
}

fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("no request can be answered in no time".to_owned()),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_carry_their_unit() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        assert!(duration("30").unwrap_err().contains("30s"));
        assert!(duration("-3s").is_err());
        assert!(positive_duration("0ms").is_err());
    }
}
