//! Reads the files of a folder, within limits, and only files that belong to this folder.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::error::{Folder, LoadError};
use super::weight::Room;
use crate::desired::suggest::shown;
use crate::files::{self, EntryKind, FileError, FolderEntry};
use crate::model::{Finding, Place, SourceText};

/// The folders of the configuration.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The folder that displayed paths are relative to.
    pub root: PathBuf,
    /// The folder of the topics files.
    pub topics: PathBuf,
    /// The folder of the environment files.
    pub environments: PathBuf,
}

impl Folders {
    /// Returns `topics` and `environments` below a folder.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self {
            topics: root.join("topics"),
            environments: root.join("environments"),
            root,
        }
    }

    /// Returns a path as displayed in findings.
    pub fn shown(&self, path: &Path) -> Arc<str> {
        shown_path(path, &self.root)
    }
}

/// Maximum total bytes of the files in each of the two folders.
const MOST: u64 = 64 << 20;

/// Maximum entries that are visited, including those that are not read.
const MOST_ENTRIES: usize = 100_000;

/// Maximum entries in the environments folder.
const MOST_ENVIRONMENTS: usize = 1_000;

/// Maximum depth of nested folders.
const DEEPEST: usize = 32;

/// A file, with its text or why it is unreadable.
pub(in crate::desired) struct Found {
    /// The displayed path.
    pub(in crate::desired) file: Arc<str>,
    /// The name without `.toml`.
    pub(in crate::desired) stem: Arc<str>,
    pub(in crate::desired) read: ReadFile,
}

impl Found {
    /// Adds the weight of parsing it, and drops the text if it exceeds the memory limit.
    pub(in crate::desired) fn weighed(mut self, room: &mut Room) -> (usize, Self) {
        let ReadFile::Text(source) = &self.read else {
            return (0, self);
        };
        match room.take(&Place::whole(self.file.clone()), source.text()) {
            Ok(weight) => (weight.parsing, self),
            Err(finding) => {
                self.read = ReadFile::Unreadable(finding, None);
                (0, self)
            }
        }
    }
}

pub(in crate::desired) enum ReadFile {
    Text(Arc<SourceText>),
    /// Not readable as text: the finding, and the displayable part of the text.
    Unreadable(Box<Finding>, Option<Arc<SourceText>>),
}

/// Reads all `*.toml` of a folder, sorted by path.
///
/// # Errors
/// Returns an error if the folder is missing, leads out of the root by a link, cannot be read, has
/// too many entries or no such file.
pub(in crate::desired) fn read_folder(
    which: Folder,
    folder: &Path,
    root: &Path,
) -> Result<Vec<Found>, LoadError> {
    let named = || which.named(&shown_path(folder, root));
    let location = files::locate(folder, root).map_err(|error| match error {
        FileError::Outside => LoadError::Outside(named()),
        FileError::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            LoadError::MissingFolder(named())
        }
        error => LoadError::Unreadable(named(), error),
    })?;
    if !location.real.is_dir() {
        return Err(LoadError::NotAFolder(named()));
    }
    let (deepest, most) = match which {
        Folder::Topics => (DEEPEST, MOST_ENTRIES),
        Folder::Environments => (0, MOST_ENVIRONMENTS),
    };
    let mut walk = Walk {
        deepest,
        boundary: location.boundary,
        home: location.real.clone(),
        root,
        folders: HashSet::new(),
        files: HashMap::new(),
        links: VecDeque::new(),
        entries: most,
        budget: MOST,
        found: Vec::new(),
    };
    match walk.all(folder.to_owned(), location.real) {
        Ok(()) => {}
        Err(Stop::Unreadable(error)) => {
            return Err(LoadError::Unreadable(named(), error));
        }
        Err(Stop::TooMany) => {
            let folder = named();
            return Err(LoadError::TooManyEntries { folder, most });
        }
    }
    let mut found = walk.found;
    if found.is_empty() {
        return Err(LoadError::NoFile(named()));
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

/// Why the walk through a folder stops.
enum Stop {
    Unreadable(FileError),
    TooMany,
}

/// A walk through a folder. Each real folder and file is read once; links are followed after all
/// real entries.
struct Walk<'a> {
    /// The folder that links must not lead out of.
    boundary: PathBuf,
    /// The folder being walked, with links resolved.
    home: PathBuf,
    root: &'a Path,
    deepest: usize,
    folders: HashSet<PathBuf>,
    /// The files that were read, each with its displayed path.
    files: HashMap<PathBuf, Arc<str>>,
    links: VecDeque<Link>,
    /// The number of entries that may still be visited.
    entries: usize,
    /// The number of bytes that may still be read.
    budget: u64,
    found: Vec<Found>,
}

struct Link {
    path: PathBuf,
    depth: usize,
}

impl Walk<'_> {
    fn all(&mut self, path: PathBuf, real: PathBuf) -> Result<(), Stop> {
        self.folder(path, real, 0).map_err(|(stop, _)| stop)?;
        while let Some(link) = self.links.pop_front() {
            self.link(link)?;
        }
        Ok(())
    }

    /// Walks through a folder; does nothing if it was visited before.
    fn folder(
        &mut self,
        path: PathBuf,
        real: PathBuf,
        depth: usize,
    ) -> Result<(), (Stop, PathBuf)> {
        if !self.folders.insert(real.clone()) {
            return Ok(());
        }
        let entries = match self.entries_of(&real) {
            Ok(entries) => entries,
            Err(stop) => return Err((stop, path)),
        };
        for entry in entries {
            let FolderEntry { name, kind } = entry;
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let (path, real) = (path.join(&name), real.join(&name));
            match kind {
                EntryKind::Link => self.links.push_back(Link { path, depth }),
                EntryKind::Folder => self.subfolder(path, real, depth)?,
                EntryKind::Other if is_toml(&path) => {
                    self.file(&path, real);
                }
                EntryKind::Other => {}
            }
        }
        Ok(())
    }

    /// Returns the entries of a folder, sorted by name.
    fn entries_of(&mut self, real: &Path) -> Result<Vec<FolderEntry>, Stop> {
        let mut entries = Vec::new();
        for entry in files::entries(real).map_err(Stop::Unreadable)? {
            self.entries = self.entries.checked_sub(1).ok_or(Stop::TooMany)?;
            entries.push(entry.map_err(|error| Stop::Unreadable(error.into()))?);
        }
        entries.sort();
        Ok(entries)
    }

    fn subfolder(
        &mut self,
        path: PathBuf,
        real: PathBuf,
        depth: usize,
    ) -> Result<(), (Stop, PathBuf)> {
        if depth >= self.deepest {
            // The environments folder is not read recursively.
            if self.deepest > 0 {
                let message = format!("more than {DEEPEST} folders inside each other: not read");
                self.reject(&path, "too-deep", message, "move its files further up");
            }
            return Ok(());
        }
        match self.folder(path, real, depth + 1) {
            Err((Stop::Unreadable(error), path)) => {
                self.unreadable(&path, format!("cannot be read: {error}"));
                Ok(())
            }
            other => other,
        }
    }

    fn link(&mut self, link: Link) -> Result<(), Stop> {
        let Link { path, depth } = link;
        let real = match path.canonicalize() {
            Ok(real) => real,
            Err(error) => {
                self.unreadable(&path, format!("cannot be read: {error}"));
                return Ok(());
            }
        };
        let is_folder = real.is_dir();
        if !(is_folder || is_toml(&path)) {
            return Ok(());
        }
        if !self.may_lead_to(&real, is_folder) {
            let what = match real.starts_with(&self.boundary) {
                true => "a link to a hidden file, or to one that is not named *.toml",
                false => "a link out of the repository's folder",
            };
            let message = format!(
                "{} is {what}: not read",
                shown(shown_path(&path, self.root))
            );
            self.reject(
                &path,
                "link",
                message,
                "remove the link, or put the file itself here",
            );
            return Ok(());
        }
        let first = match is_folder {
            true => self.folders.contains(&real).then_some(None),
            false => self.files.get(&real).cloned().map(Some),
        };
        if let Some(first) = first {
            let first = first.map_or("a folder that is read already".to_owned(), |first| {
                format!("{}, which is read already", shown(first))
            });
            let message = format!(
                "{} is a link to {first}",
                shown(shown_path(&path, self.root))
            );
            let help = "remove the link: each file and folder is read once";
            self.reject(&path, "link", message, help);
            return Ok(());
        }
        match is_folder {
            true => self.subfolder(path, real, depth).map_err(|(stop, _)| stop),
            false => {
                self.file(&path, real);
                Ok(())
            }
        }
    }

    /// Returns whether a link may lead to a path. Outside of the folder itself, a repository
    /// contains files that must not be read: hidden ones (`.git/config` may contain a token), and
    /// secrets that a pipeline has stored.
    fn may_lead_to(&self, real: &Path, is_folder: bool) -> bool {
        if real.starts_with(&self.home) {
            return true;
        }
        let is_hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
        real.strip_prefix(&self.boundary)
            .is_ok_and(|below| !below.components().any(is_hidden) && (is_folder || is_toml(below)))
    }

    fn file(&mut self, path: &Path, real: PathBuf) {
        let file = shown_path(path, self.root);
        if self.files.contains_key(&real) {
            return;
        }
        let read = match read_bytes(&real, &mut self.budget) {
            Ok(bytes) => text(&file, bytes),
            Err(why) => unreadable(&file, why),
        };
        self.files.insert(real, file.clone());
        self.add(path, file, read);
    }

    fn unreadable(&mut self, path: &Path, message: String) {
        let file = shown_path(path, self.root);
        let read = unreadable(&file, message);
        self.add(path, file, read);
    }

    /// Reports an entry that is not read, without quoting its contents.
    fn reject(&mut self, path: &Path, code: &'static str, message: String, help: &str) {
        let file = shown_path(path, self.root);
        let finding = Finding::error(code, Place::whole(file.clone()), message).help(help);
        self.add(path, file, ReadFile::Unreadable(Box::new(finding), None));
    }

    fn add(&mut self, path: &Path, file: Arc<str>, read: ReadFile) {
        let stem = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into();
        self.found.push(Found { file, stem, read });
    }
}

fn is_toml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
}

/// Returns a path for display: relative to the root, with `/`.
pub(in crate::desired) fn shown_path(path: &Path, root: &Path) -> Arc<str> {
    let relative = match path.strip_prefix(root) {
        Ok(relative) if relative.components().next().is_some() => relative,
        _ => path,
    };
    let shown = relative.to_string_lossy();
    Arc::from(match std::path::MAIN_SEPARATOR {
        '/' => shown,
        other => shown.replace(other, "/").into(),
    })
}

fn unreadable(file: &Arc<str>, message: String) -> ReadFile {
    let finding = Finding::error("unreadable", Place::whole(file.clone()), message);
    ReadFile::Unreadable(Box::new(finding), None)
}

/// Reads the bytes of a file, or returns why it cannot be read.
fn read_bytes(real: &Path, budget: &mut u64) -> Result<Vec<u8>, String> {
    let read = || {
        let (file, _) = files::open_regular(real)?;
        files::read_up_to(file, files::LARGEST_TOPICS)
    };
    let bytes = read().map_err(|error| format!("cannot be read: {error}"))?;
    *budget = budget.checked_sub(bytes.len() as u64).ok_or_else(|| {
        format!(
            "not read: the files before this one have {} MiB, the most that is read",
            MOST >> 20
        )
    })?;
    Ok(bytes)
}

fn text(file: &Arc<str>, bytes: Vec<u8>) -> ReadFile {
    match String::from_utf8(bytes) {
        Ok(text) => {
            let text = match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            };
            ReadFile::Text(Arc::new(SourceText::new(file.clone(), text)))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = Arc::new(SourceText::new(file.clone(), text));
            let place = source.place(at..at + '\u{fffd}'.len_utf8());
            let finding = Finding::error("not-utf-8", place, "not UTF-8, which TOML is written in")
                .label("this byte is not")
                .help("save the file as UTF-8");
            ReadFile::Unreadable(Box::new(finding), Some(source))
        }
    }
}
