//! `topicsmith import`: writes a topics file for topics that are live and in no file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::app::{Problem, ReadScope};
use crate::cli::{Exit, LiveArgs, OneEnvironment, Only, Scope, Session};
use crate::desired::{Desired, Draft, Loaded, LoadedEnvironment};
use crate::edit::import::{Import, Imported, Note, Split, checked};
use crate::live::{Live, UnseenTopic};
use crate::model::inert::Syntax;
use crate::model::name::MAX_LENGTH;
use crate::model::text::{count, cut, escape, names};
use crate::model::{Finding, Severity, TopicName};
use crate::plan::{self, InventoryView, Options, Ownership};
use crate::terminal::write_all_new;

/// How many topics a note names.
const MOST_NAMED: usize = 10;

/// How many characters of a note are shown.
const MOST_SAID: usize = 600;

/// The finding that only a person can do something about.
const REQUIRED: &str = "rule-require";

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  topicsmith import -e prod                                          to stdout
  topicsmith import -e prod --only 'orders.*' --out topics/orders.toml
  topicsmith import -e prod --split-by prefix --out topics --profiles
  topicsmith import -e prod --live prod.json                         offline, from a snapshot

An entry says what differs from [defaults] of the environment. A plan after it adopts the topics,
pins what the defaults declare, and changes nothing else. Topics that a file lists, that are
ignored, or that somebody owns are left out. Nothing is overwritten: a file that is there is an
error, and then none is written.

Exit codes:
  0  written, or nothing to import
  1  an error: a file is there already, the cluster cannot be read
  4  it is another cluster than the environment's
  64 wrong usage")]
pub struct Args {
    #[command(flatten)]
    environment: OneEnvironment,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    scope: Scope,
    /// Write it to FILE, which must not be there, instead of stdout; with --split-by, to files in
    /// this folder
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// One file for each first part of the topics' names, up to `.`, `-` or `_`, in lower case
    #[arg(long, value_name = "prefix", requires = "out")]
    split_by: Option<SplitBy>,
    /// Make profiles of settings that several topics share
    #[arg(long)]
    profiles: bool,
    #[command(flatten)]
    live_args: LiveArgs,
}

/// What entries are put into files by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SplitBy {
    /// By the first part of the name.
    Prefix,
}

/// Looks at the environment's cluster and writes entries for what no file lists.
///
/// # Errors
/// The files have errors, the cluster cannot be read or is another one, or a file is there already.
pub async fn run(args: &Args, session: &Session) -> Result<Exit> {
    let options = Options {
        only: args.only.globs()?,
        scope: args.scope.named()?,
        ..Options::default()
    };
    let ask = args.environment.ask()?;
    let loaded = session.warned(session.repository.load_to_write(&ask)?);
    let environment = the_environment(&loaded)?;
    let desired = &environment.desired;
    let input = args.live_args.input(session)?;
    let source = input.source(&loaded)?;
    let look = source.look_for(&loaded, environment, &options, ReadScope::Support);
    let live = look.await?;
    if let Some(wrong) = plan::wrong_cluster(&desired.environment, live.cluster_id.as_deref()) {
        return Err(Problem::refused(wrong.message, wrong.help).into());
    }
    let mut notes = Vec::new();
    let import = Import {
        desired,
        live: &live,
        topics: unowned(desired, &live, &options, &mut notes),
        is_one_of_several: loaded.known.len() > 1,
        profiles: args.profiles.then_some(&loaded.profiles),
        split: args.split(),
    };
    let read = |drafts: &[Draft]| session.repository.read_with(&ask, drafts);
    let (imported, read) = checked(import, &session.repository.folders, read)?;
    notes.extend(imported.notes.iter().cloned());
    args.write(session, &imported)?;
    tell_notes(session, notes);
    tell_findings(session, &read);
    Ok(Exit::Done)
}

fn the_environment(loaded: &Loaded) -> Result<&LoadedEnvironment> {
    match loaded.environments.as_slice() {
        [one] if !loaded.list_form => Ok(one),
        _ => {
            let message = "an import is of one environment, and a group was named";
            Err(Problem::usage(message, "name one of its environments with -e").into())
        }
    }
}

/// The live topics that no file names and nobody owns. Whose the others are is noted.
fn unowned<'a>(
    desired: &Desired,
    live: &'a Live,
    options: &Options,
    notes: &mut Vec<Note>,
) -> BTreeSet<&'a TopicName> {
    let environment = &desired.environment;
    let scope = options.scope.as_ref();
    let scope = scope.or(environment.inventory.scope.as_ref());
    let inventory_writer = InventoryView::open(live, environment, scope.map(String::as_str));
    let listed = |name: &TopicName| desired.topics.contains_key(name);
    let mut topics = BTreeSet::new();
    for (name, found) in &live.topics {
        if environment.ignores(name) || listed(name) || !options.wants(name) {
            continue;
        }
        let owner = match inventory_writer
            .as_ref()
            .map(|inventory_writer| inventory_writer.ownership(name, Some(found)))
        {
            Some(Ownership::Owned(_)) => {
                Some("this scope owns it, and it has left the files: see the plan".to_owned())
            }
            Some(Ownership::OwnedElsewhere(whose)) => {
                Some(format!("{} owns it", plan::owner(whose)))
            }
            Some(Ownership::OfInstance(instance)) => {
                Some(format!("it belongs to {}", plan::instance_words(instance)))
            }
            Some(Ownership::Unowned(_) | Ownership::Recreated(_)) | None => None,
        };
        match owner {
            Some(owner) => notes.push(Note::new(name, format!("left out: {owner}"))),
            None => {
                topics.insert(name);
            }
        }
    }
    for (name, unseen) in live.unseen_topics() {
        if let UnseenTopic::Unreadable(why) = unseen
            && !listed(name)
            && options.wants(name)
            && !live.topics.contains_key(name)
        {
            notes.push(Note::new(
                name,
                format!("left out: it could not be read: {why}"),
            ));
        }
    }
    topics
}

impl Args {
    fn split(&self) -> Split {
        match (&self.out, self.split_by) {
            (Some(folder), Some(SplitBy::Prefix)) => Split::ByPrefix(folder.clone()),
            (Some(file), None) => Split::One(file.clone()),
            (None, _) => Split::One(PathBuf::from("standard output")),
        }
    }

    fn write(&self, session: &Session, imported: &Imported) -> Result<()> {
        if imported.topics == 0 {
            session.terminal.note("nothing to import\n");
            return Ok(());
        }
        if self.out.is_none() {
            let texts = imported.files.iter().map(|file| file.text.as_str());
            return session.print_as(&texts.collect::<String>(), Syntax::Toml);
        }
        let files = imported.files.iter();
        let files: Vec<(&Path, &str)> =
            files.map(|f| (f.path.as_path(), f.text.as_str())).collect();
        refuse_alike(&files)?;
        write_all_new(&files)?;
        for (path, _) in files {
            session.print(&format!("wrote {}\n", escape(&path.display().to_string())))?;
        }
        Ok(())
    }
}

/// Whether files differ from some that are there in case alone: a checkout on macOS or Windows would
/// hold only one of the two.
fn refuse_alike(files: &[(&Path, &str)]) -> Result<()> {
    let name = |path: &Path| Some(path.file_name()?.to_string_lossy().into_owned());
    let folders: BTreeSet<&Path> = files.iter().filter_map(|(path, _)| path.parent()).collect();
    for folder in folders {
        let shown = match folder == Path::new("") {
            true => Path::new("."),
            false => folder,
        };
        // What is not there yet has no files.
        let entries = fs::read_dir(shown).into_iter().flatten().flatten();
        let there: BTreeMap<String, PathBuf> = entries
            .filter_map(|entry| Some((name(&entry.path())?.to_lowercase(), entry.path())))
            .collect();
        for (path, _) in files
            .iter()
            .filter(|(path, _)| path.parent() == Some(folder))
        {
            let alike = name(path).and_then(|name| there.get(&name.to_lowercase()));
            let alike = alike.filter(|alike| alike.file_name() != path.file_name());
            if let Some(alike) = alike {
                let (path, alike) = (path.display(), alike.display());
                let message =
                    format!("cannot write {path}: {alike} is the same file on macOS and Windows");
                let help = "rename that file, or write to another folder with --out";
                return Err(Problem::error(message, help).into());
            }
        }
    }
    Ok(())
}

/// What a person should know, the topics that it holds for together.
fn tell_notes(session: &Session, notes: Vec<Note>) {
    let mut topics: BTreeMap<String, Vec<TopicName>> = BTreeMap::new();
    for note in notes {
        topics.entry(note.what).or_default().push(note.topic);
    }
    for (what, topics) in topics {
        let short = |topic: &TopicName| cut(topic.as_str(), MAX_LENGTH).into_owned();
        let topics: Vec<String> = topics.iter().map(short).collect();
        let topics = names(&topics, MOST_NAMED);
        let note = format!(
            "note: {}: {}\n",
            escape(&topics),
            escape(&cut(&what, MOST_SAID))
        );
        session.terminal.note(&note);
    }
}

/// What `validate` would say of the files now.
fn tell_findings(session: &Session, read: &Loaded) {
    let errors = read.findings.iter().filter(|f| f.level == Severity::Error);
    let (required, others): (Vec<&Finding>, Vec<&Finding>) =
        errors.partition(|finding| finding.code == REQUIRED);
    let others: Vec<Finding> = others.into_iter().cloned().collect();
    session.tell_findings(&others, &read.sources);
    if !others.is_empty() {
        let errors = count(others.len(), "error");
        let note = format!("note: the files do not validate with these entries: {errors}\n");
        session.terminal.tell(&note);
    }
    if !required.is_empty() {
        let note = format!(
            "note: [rules] require what only you know: fill in {} that the entries have as comments\n",
            count(required.len(), "line"),
        );
        session.terminal.note(&note);
    }
}
