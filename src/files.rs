//! Resolves paths, and opens files only after their real location is known. A checkout is data:
//! links in it may only lead to other places in it.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Maximum bytes of this tool's documents: a snapshot, a saved plan, a metrics file.
pub const LARGEST_DOCUMENT: u64 = 1 << 30;
/// Maximum bytes of a topics or environment file.
pub const LARGEST_TOPICS: u64 = 16 << 20;
/// Maximum bytes of a file with settings or secrets: a client configuration, a token, a secret.
pub const LARGEST_SETTINGS: u64 = 1 << 20;

/// Why a file is not read or not written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// A link on the path leads out of the folder that contains the path.
    #[error("a link on this path leads out of the repository's folder")]
    Outside,
    /// A pipe, a socket or a device.
    #[error("not a regular file")]
    NotRegular,
    /// A device or a socket, where a pipe is allowed.
    #[error("neither a regular file nor a pipe")]
    NotReadable,
    /// A pipe for writing, without a reader.
    #[error("a pipe without a reader")]
    NoReader,
    /// Larger than the maximum for its kind.
    #[error("larger than {} MiB, the largest size that is read", .0 >> 20)]
    TooLarge(u64),
    /// Not UTF-8.
    #[error("not valid UTF-8")]
    NotText,
    /// An error of the operating system.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl FileError {
    /// Returns how to fix the error.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Outside => Some("remove the link, or pass the path that it leads to"),
            Self::NotRegular
            | Self::NoReader
            | Self::NotReadable
            | Self::TooLarge(_)
            | Self::NotText
            | Self::Io(_) => None,
        }
    }
}

/// A resolved path, with the folder that links below it must not leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The path with all links resolved.
    pub real: PathBuf,
    /// The repository's real folder if the path is in it; else the path itself, which is the user's
    /// choice.
    pub boundary: PathBuf,
}

/// Resolves the links of a path.
///
/// # Errors
/// Returns an error if the path as written is in `root` but leads out of it by a link, or if it
/// does not exist.
pub fn locate(path: &Path, root: &Path) -> Result<Location, FileError> {
    let inside = boundary(path, root)?;
    let real = path.canonicalize()?;
    match inside {
        Some(boundary) if real.starts_with(&boundary) => Ok(Location { real, boundary }),
        Some(_) => Err(FileError::Outside),
        None => Ok(Location {
            boundary: real.clone(),
            real,
        }),
    }
}

/// Returns the real folder of `root` if a path as written is in it: `..` removes the component
/// before it, and links are not resolved below `root`.
fn boundary(path: &Path, root: &Path) -> io::Result<Option<PathBuf>> {
    let home = root.canonicalize()?;
    let written = written(path)?;
    // `root` itself may be written with or without links.
    let is_home = |folder: &Path| folder.canonicalize().is_ok_and(|real| real == home);
    let inside = written.ancestors().skip(1).any(is_home) || written == home;
    Ok(inside.then_some(home))
}

/// Returns the absolute path without `.` and `..`, as written.
fn written(path: &Path) -> io::Result<PathBuf> {
    let mut written = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::ParentDir => {
                written.pop();
            }
            Component::CurDir => {}
            other => written.push(other),
        }
    }
    Ok(written)
}

/// Returns whether a path as written is in the working directory.
///
/// # Errors
/// Returns an error if the working directory no longer exists.
pub fn is_inside(path: &Path) -> io::Result<bool> {
    Ok(boundary(path, Path::new("."))?.is_some())
}

/// Checks that a path may be written: that it does not leave the working directory by a link. A
/// path that is outside as written is allowed.
///
/// # Errors
/// Returns an error if it leaves the working directory.
pub fn check_target(path: &Path) -> Result<(), FileError> {
    let here = Path::new(".");
    let Some(boundary) = boundary(path, here)? else {
        return Ok(());
    };
    // A missing path will be in its nearest existing parent.
    let mut there = path.ancestors().filter(|part| *part != Path::new(""));
    let real = there.find_map(|part| part.canonicalize().ok());
    match real.is_none_or(|real| real.starts_with(&boundary)) {
        true => Ok(()),
        false => Err(FileError::Outside),
    }
}

/// Reads a file from the command line. In the working directory, it must be a regular file;
/// elsewhere it may be a pipe, as for [`read_chosen`].
///
/// # Errors
/// Returns why it is not read.
pub fn read_named(path: &Path, most: u64) -> Result<String, FileError> {
    let here = Path::new(".");
    match boundary(path, here)? {
        Some(_) => {
            let (file, _) = open_regular(&locate(path, here)?.real)?;
            text(read_up_to(file, most)?)
        }
        None => read_chosen(path, most),
    }
}

/// Reads a file that the user chose, with links resolved: a regular file, a pipe (such as
/// `<(command)` in a shell), or the terminal if it is standard input. Reading a pipe blocks until
/// its writers close it: callers that must end at a signal read on another thread.
///
/// # Errors
/// Returns an error for another device or a socket, which may never end or have side effects, or if
/// the file cannot be read.
pub fn read_chosen(path: &Path, most: u64) -> Result<String, FileError> {
    check_readable(&fs::metadata(path)?)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOCTTY)
        .open(path)?;
    // It may have been replaced in the meantime.
    check_readable(&file.metadata()?)?;
    text(read_up_to(file, most)?)
}

fn check_readable(known: &Metadata) -> Result<(), FileError> {
    let kind = known.file_type();
    if kind.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    match kind.is_file() || kind.is_fifo() || is_terminal_of_stdin(known) {
        true => Ok(()),
        false => Err(FileError::NotReadable),
    }
}

fn is_terminal_of_stdin(known: &Metadata) -> bool {
    let stdin = io::stdin();
    let is_stdin = || fs::metadata("/dev/stdin").is_ok_and(|stdin| stdin.rdev() == known.rdev());
    known.file_type().is_char_device() && stdin.is_terminal() && is_stdin()
}

fn text(bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes).map_err(|_| FileError::NotText)
}

/// Checks a path that a library will open: in the working directory, it must be a regular file or a
/// folder of such files. A missing path is accepted.
///
/// # Errors
/// Returns an error if a link leads out of the working directory, or if the path is neither a
/// regular file nor a folder.
pub fn check_opened_later(path: &Path) -> Result<(), FileError> {
    let here = Path::new(".");
    if path == Path::new("") || boundary(path, here)?.is_none() {
        return Ok(());
    }
    let real = match locate(path, here) {
        Ok(location) => location.real,
        Err(FileError::Io(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let known = fs::metadata(&real)?;
    if known.is_dir() {
        for entry in fs::read_dir(&real)? {
            let entry = locate(&entry?.path(), here)?;
            if !fs::metadata(entry.real)?.is_file() {
                return Err(FileError::NotRegular);
            }
        }
        return Ok(());
    }
    match known.is_file() {
        true => Ok(()),
        false => Err(FileError::NotRegular),
    }
}

/// Opens a regular file at a path without links. Nothing else is ever opened: opening a pipe
/// blocks, and a device may have side effects.
///
/// # Errors
/// Returns an error if the path is not a regular file or contains a link.
pub fn open_regular(real: &Path) -> Result<(File, Metadata), FileError> {
    let kind = fs::symlink_metadata(real)?.file_type();
    if kind.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if !kind.is_file() {
        return Err(FileError::NotRegular);
    }
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = File::from(open_without_links(real, flags)?);
    let known = file.metadata()?;
    if !known.is_file() {
        return Err(FileError::NotRegular);
    }
    Ok((file, known))
}

/// Flags for opening an intermediate folder: it needs search permission only.
#[cfg(target_os = "linux")]
const STEP: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const STEP: OFlags = OFlags::RDONLY;

/// Opens a path component by component and follows no link, even if a folder was replaced by a link
/// after the path was resolved.
fn open_without_links(real: &Path, flags: OFlags) -> Result<OwnedFd, FileError> {
    let open = |folder: BorrowedFd, name: &OsStr, flags: OFlags| {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(folder, name, flags, Mode::empty())
    };
    let mut names = real
        .components()
        .skip_while(|part| !matches!(part, Component::Normal(_)));
    let mut at = open(CWD, OsStr::new("/"), STEP | OFlags::DIRECTORY).map_err(io::Error::from)?;
    let mut next = names.next();
    while let Some(name) = next {
        next = names.next();
        let flags = match next {
            Some(_) => STEP | OFlags::DIRECTORY,
            None => flags,
        };
        at = open(at.as_fd(), name.as_os_str(), flags).map_err(|error| match error {
            Errno::LOOP | Errno::NOTDIR => FileError::Outside,
            error => FileError::Io(error.into()),
        })?;
    }
    Ok(at)
}

/// An entry of a folder.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FolderEntry {
    /// Its name in the folder.
    pub name: OsString,
    /// What it is itself: a link is not followed.
    pub kind: EntryKind,
}

/// What an entry of a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A regular file, or something else that only opening it tells apart.
    Other,
}

/// The entries of a folder by its real path, in no order.
///
/// # Errors
/// A link is on the path by now, or the folder cannot be read.
pub fn entries(real: &Path) -> Result<impl Iterator<Item = io::Result<FolderEntry>>, FileError> {
    let folder = open_without_links(real, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let entries = Dir::read_from(&folder).map_err(io::Error::from)?;
    let entries = entries.map(move |entry| {
        let entry = entry?;
        let kind = match entry.file_type() {
            // Not every file system says so along with the names.
            FileType::Unknown => {
                let known =
                    rustix::fs::statat(&folder, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(known.st_mode)
            }
            known => known,
        };
        let kind = match kind {
            FileType::Directory => EntryKind::Folder,
            FileType::Symlink => EntryKind::Link,
            _ => EntryKind::Other,
        };
        let name = OsStr::from_bytes(entry.file_name().to_bytes()).to_owned();
        Ok(FolderEntry { name, kind })
    });
    let is_listed = |entry: &io::Result<FolderEntry>| {
        !entry
            .as_ref()
            .is_ok_and(|entry| entry.name == "." || entry.name == "..")
    };
    Ok(entries.filter(is_listed))
}

/// Reads a whole file. It may grow meanwhile, and not every file reports its size.
///
/// # Errors
/// Returns an error if it is larger than `most` or cannot be read.
pub fn read_up_to(file: File, most: u64) -> Result<Vec<u8>, FileError> {
    let size = file.metadata()?.len();
    if size > most {
        return Err(FileError::TooLarge(most));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(FileError::TooLarge(most)),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_stay_in_the_folder() {
        let (repository, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = repository.path();
        fs::write(outside.path().join("x"), "secret").unwrap();
        fs::create_dir(root.join("shared")).unwrap();
        symlink("shared", root.join("inside")).unwrap();
        symlink(outside.path(), root.join("outside")).unwrap();
        symlink("outside", root.join("twice")).unwrap();
        let locate = |path: &str| locate(&root.join(path), root);
        let real = root.canonicalize().unwrap();
        for path in [
            "shared",
            "inside",
            "./shared/../inside",
            "outside/../shared",
        ] {
            let found = locate(path);
            // After a link to a folder outside, `..` refers to another place.
            match path.starts_with("outside") {
                true => assert!(found.is_err(), "{path}"),
                false => assert_eq!(
                    found.unwrap(),
                    Location {
                        real: real.join("shared"),
                        boundary: real.clone()
                    },
                    "{path}"
                ),
            }
        }
        for path in ["outside", "outside/x", "twice/x", "inside/../twice"] {
            assert!(matches!(locate(path), Err(FileError::Outside)), "{path}");
        }
        // A link to the folder itself does not change the place of files below it.
        symlink(root, outside.path().join("again")).unwrap();
        let again = outside.path().join("again/outside");
        assert!(matches!(
            super::locate(&again, root),
            Err(FileError::Outside)
        ));
        // A path elsewhere is the user's choice.
        let elsewhere = super::locate(outside.path(), root).unwrap();
        assert_eq!(elsewhere.boundary, elsewhere.real);
    }

    /// What a folder is exchanged with after its path was found.
    #[test]
    fn no_link_on_a_real_path_is_followed() {
        let outside = tempfile::tempdir().unwrap();
        fs::create_dir(outside.path().join("deeper")).unwrap();
        for file in ["a", "deeper/a"] {
            fs::write(outside.path().join(file), "SECRET=1").unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        symlink(outside.path(), real.join("sub")).unwrap();
        for name in ["sub/a", "sub/deeper/a"] {
            let opened = open_regular(&real.join(name));
            assert!(matches!(opened, Err(FileError::Outside)), "{name}");
        }
        for name in ["sub", "sub/deeper"] {
            let read = entries(&real.join(name)).map(Iterator::count);
            assert!(matches!(read, Err(FileError::Outside)), "{name}");
        }
        let entries: Vec<FolderEntry> = entries(&real).unwrap().map(Result::unwrap).collect();
        let link = FolderEntry {
            name: "sub".into(),
            kind: EntryKind::Link,
        };
        assert_eq!(entries, [link]);
    }

    #[test]
    fn what_is_no_regular_file_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().canonicalize().unwrap().join(name);
        fs::write(path("a"), "text").unwrap();
        symlink("a", path("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        let pipe = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(pipe.unwrap().success());
        assert!(open_regular(&path("a")).is_ok());
        for name in ["link", "socket", "pipe"] {
            let opened = open_regular(&path(name));
            assert!(matches!(opened, Err(FileError::NotRegular)), "{name}");
        }
        let chosen = |name: &str| read_chosen(&path(name), 4);
        assert_eq!(chosen("a").unwrap(), "text");
        assert_eq!(chosen("link").unwrap(), "text");
        assert!(matches!(chosen("socket"), Err(FileError::NotReadable)));
        for device in ["/dev/zero", "/dev/null"] {
            let read = read_chosen(Path::new(device), 4);
            assert!(matches!(read, Err(FileError::NotReadable)), "{device}");
        }
        for (written, expected) in [("pipe", Some("pipe")), ("pipes", None)] {
            let writer = std::thread::spawn({
                let pipe = path("pipe");
                move || fs::write(pipe, written)
            });
            assert_eq!(chosen("pipe").ok().as_deref(), expected);
            writer.join().unwrap().unwrap();
        }
        let open = || File::open(path("a")).unwrap();
        assert_eq!(read_up_to(open(), 4).unwrap(), b"text");
        assert!(matches!(read_up_to(open(), 3), Err(FileError::TooLarge(3))));
    }
}
