//! `topicsmith new`: adds an entry to a topics file, its comments and layout kept.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use crate::app::Problem;
use crate::cli::{Exit, Session};
use crate::desired::{Ask, Desired, Draft, Loaded, Requirement};
use crate::edit::add::{CannotAdd, NewEntry, add};
use crate::edit::home;
use crate::files::{self, FileError};
use crate::model::text::escape;
use crate::model::{ConfigKey, OnRemove, TopicName};
use crate::render::unified;
use crate::terminal::{write_all_new, write_whole};

/// Arguments of `new`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith new orders.created --owner shop --description 'Orders as they come in' --partitions 6
  topicsmith new orders.paid --config retention.ms=30d --config cleanup.policy=compact,delete
  topicsmith new orders.test --environments dev,staging --dry-run

The entry goes where topics of the same first part and owner stand, or else into a file of its own;
--file says where. What is not given, and is required or nowhere set, is asked for on a terminal.
The files are checked with the entry in them before anything is written: what the rules forbid is
refused at its place. Nothing on any cluster is touched: `topicsmith plan` shows what would be.

Exit codes:
  0  written, or shown
  1  the entry would not validate, or a file cannot be written; nothing was
  64 wrong usage")]
pub struct Args {
    /// The topic's name
    name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Team or person that owns the topic
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// A label; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    label: Vec<(String, String)>,
    /// A profile that it takes settings from; repeatable, applied in this order
    #[arg(long, value_name = "NAME")]
    profile: Vec<String>,
    /// How many partitions [default: what a profile or [defaults] say]
    #[arg(long, value_name = "N")]
    partitions: Option<u32>,
    /// How many replicas [default: what a profile or [defaults] say]
    #[arg(long, value_name = "N")]
    replication_factor: Option<u32>,
    /// How many in-sync replicas an acks=all write needs
    #[arg(long, value_name = "N")]
    min_insync_replicas: Option<u32>,
    /// A topic config, in human units too: retention.ms=7d; repeatable
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    config: Vec<(String, String)>,
    /// What happens once the entry leaves the files
    #[arg(long, value_name = "retain|delete", value_parser = on_remove)]
    on_remove: Option<OnRemove>,
    /// The environments, or groups of them, where it exists [default: all]
    #[arg(long, value_name = "ENV,…", value_delimiter = ',')]
    environments: Vec<String>,
    /// The file that the entry goes into
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Adds the entry, unless the files would not validate with it, and shows what changed.
///
/// # Errors
/// The files have errors, or would have with the entry, or a file cannot be written.
pub fn run(args: &Args, session: &Session) -> Result<Exit> {
    let name = TopicName::from(args.name.as_str());
    refuse_twice("--label", &args.label)?;
    refuse_twice("--config", &args.config)?;
    let loaded = session.warned(session.repository.load_to_write(&Ask::All)?);
    refuse_listed(&name, &loaded)?;
    let mut entry = args.entry();
    if session.terminal.can_ask {
        let here: Vec<&Desired> = args.here(&loaded).collect();
        ask(session, &name, &mut entry, &here)?;
    }
    let path = args.path(session, &name, &entry, &loaded)?;
    let before = read(&path)?;
    let text = before.as_deref().unwrap_or_default();
    let after = add(text, &name, &entry).map_err(|why| cannot(&path, &why))?;
    let draft = Draft {
        path: path.clone(),
        text: after,
    };
    session.repository.check_draft(&Ask::All, &draft)?;
    if !args.dry_run {
        match before {
            Some(_) => write_whole(&path, &draft.text)?,
            None => write_all_new(&[(&path, &draft.text)])?,
        }
    }
    let shown = path.display().to_string();
    session.print(&unified::file(
        &shown,
        text,
        &draft.text,
        session.out_style(),
    ))?;
    let next = match args.dry_run {
        true => "\nNothing was written: --dry-run\n",
        false => "\nNext: topicsmith plan\n",
    };
    session.terminal.note(next);
    Ok(Exit::Done)
}

fn refuse_twice(flag: &str, pairs: &[(String, String)]) -> Result<()> {
    let mut seen = BTreeSet::new();
    match pairs.iter().find(|(key, _)| !seen.insert(key)) {
        None => Ok(()),
        Some((key, _)) => {
            let message = format!("{flag} {key} was given twice");
            Err(Problem::usage(message, "leave one of them out").into())
        }
    }
}

fn refuse_listed(name: &TopicName, loaded: &Loaded) -> Result<()> {
    let mut listed = loaded
        .environments
        .iter()
        .filter_map(|e| e.desired.topics.get(name));
    let Some(topic) = listed.next() else {
        return Ok(());
    };
    let place = topic.declared_at.file_line();
    let message = format!("{name} is listed already, in {place}");
    let help = "change its entry there; env.NAME in it sets what differs in an environment";
    Err(Problem::error(message, help).into())
}

fn read(path: &Path) -> Result<Option<String>> {
    match files::read_named(path, files::LARGEST_TOPICS) {
        Ok(text) => Ok(Some(text)),
        Err(FileError::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn cannot(path: &Path, why: &CannotAdd) -> Problem {
    let message = format!("cannot add the topic to {}: {why}", path.display());
    let help = match why {
        CannotAdd::Listed => "change the entry that is there",
        CannotAdd::NoTable | CannotAdd::Layout | CannotAdd::NotToml(_) => {
            "name another file with --file"
        }
    };
    Problem::error(message, help)
}

impl Args {
    fn entry(&self) -> NewEntry {
        let config = self.config.iter();
        NewEntry {
            description: self.description.clone(),
            owner: self.owner.clone(),
            labels: self.label.clone(),
            environments: self.environments.clone(),
            profiles: self.profile.clone(),
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            min_insync_replicas: self.min_insync_replicas,
            config: config
                .map(|(key, value)| (ConfigKey::from(key.as_str()), value.clone()))
                .collect(),
            on_remove: self.on_remove,
        }
    }

    /// The environments where the topic is to exist.
    fn here<'a>(&'a self, loaded: &'a Loaded) -> impl Iterator<Item = &'a Desired> {
        let named = |desired: &&Desired| {
            let environment = &desired.environment;
            let is =
                |name: &String| *name == *environment.name || environment.groups.contains(name);
            self.environments.is_empty() || self.environments.iter().any(is)
        };
        loaded.environments.iter().map(|e| &e.desired).filter(named)
    }

    /// The file that the entry goes into, which must be one that is read.
    fn path(
        &self,
        session: &Session,
        name: &TopicName,
        entry: &NewEntry,
        loaded: &Loaded,
    ) -> Result<PathBuf> {
        let folder = &session.repository.folders.topics;
        let Some(file) = &self.file else {
            let desired = loaded.environments.iter().map(|e| &e.desired);
            return Ok(home(name, entry.owner.as_deref(), desired, folder));
        };
        let file = file.strip_prefix(".").unwrap_or(file);
        let is_toml = file
            .extension()
            .is_some_and(|extension| extension == "toml");
        let goes_up = file.components().any(|part| part == Component::ParentDir);
        if is_toml && file.starts_with(folder) && !goes_up {
            return Ok(file.to_owned());
        }
        let message = format!("--file {} would not be read", file.display());
        let help = format!("name a .toml file in {}", folder.display());
        Err(Problem::usage(message, help).into())
    }
}

/// Asks for what is not given: what the rules require, what no layer sets, who and what for.
fn ask(session: &Session, name: &TopicName, entry: &mut NewEntry, here: &[&Desired]) -> Result<()> {
    let required = here
        .iter()
        .flat_map(|desired| desired.defaults.demands.of(name));
    let required: BTreeSet<&Requirement> = required.collect();
    let question = |what: &str, is_required: bool| {
        let how = if is_required {
            "required"
        } else {
            "Enter leaves it out"
        };
        let answer = session.terminal.ask(&format!("{what} ({how}): "));
        answer.context("cannot read the answer")
    };
    if entry.description.is_none() {
        let is_required = required.contains(&Requirement::Description);
        entry.description = question("What is it for", is_required)?;
    }
    if entry.owner.is_none() {
        let is_required = required.contains(&Requirement::Owner);
        entry.owner = question("Owner", is_required)?;
    }
    for requirement in required {
        match requirement {
            Requirement::Label(label) if !entry.labels.iter().any(|(key, _)| key == label) => {
                let answer = question(&format!("Label {}", escape(label)), true)?;
                entry
                    .labels
                    .extend(answer.map(|value| (label.clone(), value)));
            }
            Requirement::Config(key) if !says(entry, key, here) => {
                let answer = question(&escape(key), true)?;
                let key = ConfigKey::from(key.as_str());
                entry.config.extend(answer.map(|value| (key, value)));
            }
            _ => {}
        }
    }
    // A profile may say it.
    let nowhere =
        |set: fn(&Desired) -> bool| entry.profiles.is_empty() && !here.iter().all(|d| set(d));
    let (partitions, factor) = (
        entry.partitions.is_none() && nowhere(|d| d.defaults.partitions.is_some()),
        entry.replication_factor.is_none() && nowhere(|d| d.defaults.replication_factor.is_some()),
    );
    if partitions {
        entry.partitions = number(question("How many partitions", true)?)?;
    }
    if factor {
        entry.replication_factor = number(question("How many replicas", true)?)?;
    }
    Ok(())
}

/// Whether a config is declared, here or below in every environment, or perhaps in a profile.
fn says(entry: &NewEntry, key: &str, here: &[&Desired]) -> bool {
    let is_min_isr = key == "min.insync.replicas" && entry.min_insync_replicas.is_some();
    let given = entry.config.iter().any(|(given, _)| given.as_str() == key);
    let below = here
        .iter()
        .all(|desired| desired.defaults.config.contains_key(key));
    is_min_isr || given || below || !entry.profiles.is_empty()
}

fn number(answer: Option<String>) -> Result<Option<u32>> {
    let Some(answer) = answer else {
        return Ok(None);
    };
    let number = answer.parse().map_err(|_| {
        let message = format!("{answer:?} is no number");
        Problem::usage(message, "run it again; nothing was written")
    });
    Ok(Some(number?))
}

/// `KEY=VALUE`
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    match key.trim() {
        "" => Err("write it as KEY=VALUE".to_owned()),
        key => Ok((key.to_owned(), value.trim().to_owned())),
    }
}

fn on_remove(text: &str) -> Result<OnRemove, String> {
    let all = [OnRemove::Retain, OnRemove::Delete];
    let found = all.into_iter().find(|one| one.as_str() == text);
    found.ok_or_else(|| "it is retain or delete".to_owned())
}
