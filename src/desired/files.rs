//! Reads the files of a folder, within limits, and nothing that is not a file of that folder.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::error::{Folder, LoadError};
use super::suggest::shown;
use crate::model::{Finding, Level, Place, Source};

/// Where the files are read from.
#[derive(Debug, Clone)]
pub struct Folders {
    /// The folder that paths are shown relative to.
    pub root: PathBuf,
    /// The folder of the topics files.
    pub topics: PathBuf,
    /// The folder of the environment files.
    pub environments: PathBuf,
}

impl Folders {
    /// `topics` and `environments` below a folder.
    pub fn below(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self {
            topics: root.join("topics"),
            environments: root.join("environments"),
            root,
        }
    }

    /// A path as findings name it.
    pub fn shown(&self, path: &Path) -> Arc<str> {
        shown_path(path, &self.root)
    }
}

/// The largest file that is read: a hundred thousand topics fit in it.
const LARGEST: u64 = 16 << 20;

/// The most that is read altogether.
const MOST: u64 = 256 << 20;

/// A file that was found, with its text or what is wrong with it.
pub(super) struct Found {
    /// As it is shown to people.
    pub(super) file: Arc<str>,
    /// Its name without `.toml`.
    pub(super) stem: Arc<str>,
    pub(super) read: ReadFile,
}

pub(super) enum ReadFile {
    Text(Arc<Source>),
    /// Not readable as text: what is wrong, and the text as far as it can be shown.
    Unreadable(Box<Finding>, Option<Arc<Source>>),
    /// A link out of the folder: not read.
    Left(Box<Finding>),
}

/// Reads all `*.toml` of a folder, sorted by path.
///
/// # Errors
/// The folder is missing, cannot be read, or holds no such file.
pub(super) fn read_folder(
    which: Folder,
    folder: &Path,
    root: &Path,
) -> Result<Vec<Found>, LoadError> {
    let named = || which.named(&shown_path(folder, root));
    let home = folder.canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => LoadError::MissingFolder(named()),
        _ => LoadError::Unreadable(named(), error),
    })?;
    if !home.is_dir() {
        return Err(LoadError::NotAFolder(named()));
    }
    let depth = match which {
        Folder::Topics => usize::MAX,
        Folder::Environments => 1,
    };
    let walk = WalkDir::new(folder).follow_links(true).max_depth(depth);
    let mut found = read_walk(walk, &home, folder, root)
        .map_err(|error| LoadError::Unreadable(named(), error.into()))?;
    // A link that leaves the folder is no file of it.
    let is_left = |found: &Found| matches!(found.read, ReadFile::Left(_));
    if found.iter().all(is_left) {
        return Err(LoadError::NoFile(named()));
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(found)
}

fn read_walk(
    walk: WalkDir,
    home: &Path,
    folder: &Path,
    root: &Path,
) -> Result<Vec<Found>, walkdir::Error> {
    let is_visible = |entry: &DirEntry| {
        entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
    };
    let mut found = Vec::new();
    let mut budget = MOST;
    let mut entries = walk.into_iter().filter_entry(is_visible);
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) if error.depth() == 0 => return Err(error),
            Err(error) => {
                found.push(unreadable_entry(&error, folder, root));
                continue;
            }
        };
        let is_folder = entry.file_type().is_dir();
        if entry.path_is_symlink() && leaves(entry.path(), home) {
            if is_folder {
                entries.skip_current_dir();
            }
            if is_folder || is_toml(entry.path()) {
                found.push(left(entry.path(), root));
            }
        } else if !is_folder && is_toml(entry.path()) {
            found.push(read_file(entry.path(), root, &mut budget));
        }
    }
    Ok(found)
}

fn is_toml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
}

fn leaves(path: &Path, home: &Path) -> bool {
    // A link that leads nowhere leaves nothing: reading it says what is wrong.
    path.canonicalize()
        .is_ok_and(|target| !target.starts_with(home))
}

/// A path as people name it: relative to the root, with `/`.
pub(super) fn shown_path(path: &Path, root: &Path) -> Arc<str> {
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

fn found(path: &Path, root: &Path, read: impl FnOnce(&Arc<str>) -> ReadFile) -> Found {
    let file = shown_path(path, root);
    Found {
        stem: path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into(),
        read: read(&file),
        file,
    }
}

fn unreadable(file: &Arc<str>, message: String) -> ReadFile {
    let finding = Finding::error("unreadable", Place::whole(file.clone()), message);
    ReadFile::Unreadable(Box::new(finding), None)
}

fn left(path: &Path, root: &Path) -> Found {
    found(path, root, |file| {
        let message = format!(
            "{} is a link that leaves the folder: it is not read",
            shown(file)
        );
        let mut finding = Finding::error("link", Place::whole(file.clone()), message);
        finding.level = Level::Warning;
        ReadFile::Left(Box::new(finding))
    })
}

fn unreadable_entry(error: &walkdir::Error, folder: &Path, root: &Path) -> Found {
    let path = error.path().unwrap_or(folder);
    found(path, root, |file| match error.loop_ancestor() {
        Some(_) => unreadable(
            file,
            "this link leads back to a folder around it".to_owned(),
        ),
        None => {
            let why = error
                .io_error()
                .map_or_else(|| error.to_string(), ToString::to_string);
            unreadable(file, format!("cannot be read: {why}"))
        }
    })
}

fn read_file(path: &Path, root: &Path, budget: &mut u64) -> Found {
    found(path, root, |file| match read_bytes(path, budget) {
        Ok(bytes) => text(file, bytes),
        Err(why) => unreadable(file, why),
    })
}

/// The bytes of a file, or why not. Its size is checked before and while it is read: it may grow,
/// and not everything that has a name has a size.
fn read_bytes(path: &Path, budget: &mut u64) -> Result<Vec<u8>, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = path.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err("this is no regular file".to_owned());
    }
    let too_large = || {
        format!(
            "larger than {} MiB, the most that a file may have",
            LARGEST >> 20
        )
    };
    if metadata.len() > LARGEST {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    let file = File::open(path).map_err(cannot)?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    let size = bytes.len() as u64;
    if size > LARGEST {
        return Err(too_large());
    }
    *budget = budget.checked_sub(size).ok_or_else(|| {
        format!(
            "the files before this one already have {} MiB, the most that is read",
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
            ReadFile::Text(Arc::new(Source::new(file.clone(), text)))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = Arc::new(Source::new(file.clone(), text));
            let place = source.place(at..at + '\u{fffd}'.len_utf8());
            let finding = Finding::error("not-utf-8", place, "not UTF-8, which TOML is written in")
                .label("this byte is not")
                .help("save the file as UTF-8");
            ReadFile::Unreadable(Box::new(finding), Some(source))
        }
    }
}
