//! `topicsmith init`: a first repository that validates.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::app::Problem;
use crate::cli::{Exit, Session};
use crate::files;
use crate::model::text::{count, escape};
use crate::terminal::write_new;

const ENVIRONMENT: &str = include_str!("environment.toml");
const TOPICS: &str = include_str!("topics.toml");

/// How much of a folder is walked through to find out whether it holds files.
const MOST_ENTRIES: usize = 100_000;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith init
  topicsmith init --env prod --scope shop --bootstrap-servers kafka-1:9093,kafka-2:9093

Nothing that is there is changed: a folder that holds files already is left as it is.")]
pub struct Args {
    /// The name of the first environment
    #[arg(short, long, value_name = "ENV", default_value = "dev")]
    env: String,
    /// Whose topics the files speak of [default: the name of this folder]
    #[arg(long, value_name = "NAME")]
    scope: Option<String>,
    /// Where the cluster is
    #[arg(long, value_name = "HOST:PORT,…", default_value = "localhost:9092")]
    bootstrap_servers: String,
}

/// Writes what is missing and says what is there.
///
/// # Errors
/// A name cannot stand in a file, or a file cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let scope = match &args.scope {
        Some(scope) => scope.clone(),
        None => folder_name()?,
    };
    for (what, text) in [("--scope", &scope), ("--env", &args.env)] {
        check_name(what, text)?;
    }
    check_servers(&args.bootstrap_servers)?;
    let fill = |template: &str| {
        let filled = template.replace("@SCOPE@", &scope);
        filled.replace("@SERVERS@", &args.bootstrap_servers)
    };
    let folders = &session.repository.folders;
    let first = [
        (
            &folders.environments,
            format!("{}.toml", args.env),
            ENVIRONMENT,
        ),
        (&folders.topics, "example.toml".to_owned(), TOPICS),
    ];
    for (folder, file, template) in first {
        files::check_target(folder)
            .with_context(|| format!("cannot use the folder {}", folder.display()))?;
        let found = toml_files(folder)?;
        let said = match found {
            0 => {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {}", folder.display()))?;
                let file = folder.join(file);
                write_new(&file, &fill(template))?;
                format!("wrote {}", file.display())
            }
            found => format!(
                "{} has {} already: left unchanged",
                folder.display(),
                count(found, "file")
            ),
        };
        session.print(&format!("{}\n", escape(&said)))?;
    }
    session.print("\nNext: topicsmith validate, then topicsmith plan\n")?;
    Ok(Exit::Done)
}

fn folder_name() -> Result<String> {
    let here = std::env::current_dir().context("cannot read the name of this folder")?;
    let name = here
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let plain = |c: char| if is_plain(c) { c } else { '-' };
    let name: String = name.unwrap_or_default().chars().map(plain).collect();
    let name = name.trim_matches(['.', '-']);
    Ok(if name.is_empty() {
        "main".to_owned()
    } else {
        name.to_owned()
    })
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

fn check_name(what: &str, name: &str) -> Result<()> {
    if !name.is_empty() && !name.starts_with('.') && name.chars().all(is_plain) {
        return Ok(());
    }
    let message = format!("{what} {name:?} is no name");
    Err(Problem::usage(message, "use letters, digits, `-`, `_` and `.`").into())
}

fn check_servers(servers: &str) -> Result<()> {
    let is_server = |server: &str| {
        let (host, port) = server.trim().rsplit_once(':')?;
        let plain = |c: char| is_plain(c) || matches!(c, '[' | ']' | ':');
        let host = !host.is_empty() && host.chars().all(plain);
        (host && port.parse::<u16>().is_ok_and(|port| port > 0)).then_some(())
    };
    if servers.split(',').all(|server| is_server(server).is_some()) {
        return Ok(());
    }
    let message = format!("--bootstrap-servers {servers:?} is no list of servers");
    Err(Problem::usage(message, "write HOST:PORT, several with commas between them").into())
}

/// How many TOML files a folder holds, at any depth.
fn toml_files(folder: &Path) -> Result<usize> {
    if !folder.exists() {
        return Ok(0);
    }
    let shown = || format!("cannot read the folder {}", folder.display());
    let mut found = 0;
    for entry in walkdir::WalkDir::new(folder).into_iter().take(MOST_ENTRIES) {
        let path: PathBuf = entry.with_context(shown)?.into_path();
        found += usize::from(
            path.extension()
                .is_some_and(|extension| extension == "toml"),
        );
    }
    Ok(found)
}
