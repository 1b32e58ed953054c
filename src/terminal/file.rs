//! Writes files atomically.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use crate::files::{self, FileError};

/// The permissions of a new file before the process's umask.
const NEW_FILE: u32 = 0o666;

/// The permissions of a file for other users.
const READABLE: u32 = 0o644;

/// A file could not be written. An existing file is unchanged.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: nothing was written")]
pub struct WriteError {
    path: String,
    source: FileError,
}

impl WriteError {
    fn new(path: &Path, source: impl Into<FileError>) -> Self {
        Self {
            path: path.display().to_string(),
            source: source.into(),
        }
    }
}

/// Writes a file atomically: to a temporary file beside it, which then replaces it. An existing
/// file keeps its permissions. Links are resolved, unless they lead out of the working directory.
///
/// # Errors
/// Returns an error if the folder is not writable or the disk is full. No temporary file is left.
pub fn write_whole(path: &Path, text: &str) -> Result<(), WriteError> {
    write(path, text, None)
}

/// Writes a file atomically, readable for other users of the machine whatever the process's umask.
///
/// # Errors
/// As for [`write_whole`].
pub fn write_readable(path: &Path, text: &str) -> Result<(), WriteError> {
    write(path, text, Some(READABLE))
}

fn write(path: &Path, text: &str, mode: Option<u32>) -> Result<(), WriteError> {
    let write = || match Place::of(path)? {
        Place::Stream => {
            // Opened without waiting for a reader: a pipe without one is an error.
            let open = |flags| {
                OpenOptions::new()
                    .write(true)
                    .custom_flags(flags)
                    .open(path)
            };
            let _reader_is_there = open(libc::O_NONBLOCK | libc::O_NOCTTY).map_err(no_reader)?;
            Ok(open(libc::O_NOCTTY)?.write_all(text.as_bytes())?)
        }
        Place::File(path) => {
            let mut file = beside(&path)?;
            if let Some(mode) = mode {
                let permissions = Permissions::from_mode(mode);
                file.as_file().set_permissions(permissions)?;
            }
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        }
    };
    write().map_err(|source: FileError| WriteError::new(path, source))
}

/// Writes a new file atomically.
///
/// # Errors
/// Returns an error if it exists, or as for [`write_whole`].
pub fn write_new(path: &Path, text: &str) -> Result<(), WriteError> {
    let write = || {
        files::check_target(path)?;
        let mut file = beside(path)?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|source: FileError| WriteError::new(path, source))
}

/// Writes new files, all or none, and creates their folders.
///
/// # Errors
/// Returns an error if one of them exists, or as for [`write_whole`].
pub fn write_all_new(all: &[(&Path, &str)]) -> Result<(), WriteError> {
    for (path, _) in all {
        if fs::symlink_metadata(path).is_ok() {
            let there = io::Error::new(io::ErrorKind::AlreadyExists, "a file is there already");
            return Err(WriteError::new(path, there));
        }
    }
    for (index, (path, text)) in all.iter().enumerate() {
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let made =
            files::check_target(path).and_then(|()| Ok(folder.map_or(Ok(()), fs::create_dir_all)?));
        let made = made.map_err(|source| WriteError::new(path, source));
        if let Err(error) = made.and_then(|()| write_new(path, text)) {
            // A file that cannot be removed stays, and the next run reports it.
            for (path, _) in &all[..index] {
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
    }
    Ok(())
}

/// Checks that [`write_whole`] could write now, before work with a result that must be kept.
///
/// # Errors
/// As for [`write_whole`], except for a disk that is full later.
pub fn check_writable(path: &Path) -> Result<(), WriteError> {
    let check = || match Place::of(path)? {
        Place::Stream => Ok(()),
        Place::File(path) => {
            beside(&path)?;
            Ok(())
        }
    };
    check().map_err(|source: FileError| WriteError::new(path, source))
}

fn no_reader(error: io::Error) -> FileError {
    match error.raw_os_error() {
        Some(libc::ENXIO) => FileError::NoReader,
        _ => error.into(),
    }
}

/// The kind of a target.
enum Place {
    /// A file at this path, with links resolved.
    File(PathBuf),
    /// A pipe or a device outside of the working directory, which is written directly: it cannot be
    /// replaced.
    Stream,
}

impl Place {
    fn of(path: &Path) -> Result<Self, FileError> {
        files::check_target(path)?;
        let path = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error.into()),
        };
        match fs::metadata(&path) {
            Ok(known) if known.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
            Ok(known) if !known.is_file() && files::is_inside(&path)? => Err(FileError::NotRegular),
            Ok(known) if !known.is_file() => Ok(Place::Stream),
            _ => Ok(Place::File(path)),
        }
    }
}

/// Creates a temporary file in the folder of another file, with its permissions if it exists.
fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let known = fs::metadata(path).ok().map(|known| known.permissions());
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    fs::metadata(folder)?;
    let permissions = known.clone().unwrap_or(Permissions::from_mode(NEW_FILE));
    let file = Builder::new()
        .prefix(".topicsmith-")
        .permissions(permissions)
        .tempfile_in(folder)
        // Without the path of the temporary file, which would only confuse.
        .map_err(|error| io::Error::from(error.kind()))?;
    if let Some(known) = known {
        file.as_file().set_permissions(known)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_keeps_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        write_whole(&path, "one\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        write_whole(&path, "two\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "one").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write_whole(&link, "two").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "two");
        assert!(link.is_symlink());
    }

    #[test]
    fn a_new_file_is_put_in_no_others_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        write_new(&path, "one").unwrap();
        let error = write_new(&path, "two").unwrap_err();
        assert!(
            matches!(error.source, FileError::Io(error) if error.kind() == io::ErrorKind::AlreadyExists)
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_whole(&folder.path().join("no/out.json"), "x").unwrap_err();
        assert!(error.to_string().contains("no/out.json"), "{error}");
    }

    #[test]
    fn a_check_says_the_same_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("there"), "one").unwrap();
        for name in ["there", "new"] {
            check_writable(&path(name)).unwrap();
        }
        assert_eq!(fs::read_to_string(path("there")).unwrap(), "one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        for (name, why) in [("no/new", "No such file"), ("", "is a directory")] {
            let checked = check_writable(&path(name)).unwrap_err();
            let written = write_whole(&path(name), "x").unwrap_err();
            let said = checked.source.to_string();
            assert!(said.contains(why), "{said}");
            assert_eq!(said, written.source.to_string());
        }
    }
}
