//! Reads which commit is checked out from git's own files, as data. No process is started, no
//! configuration is read, and anything unusual gives no commit: a link, a special file, a file that is
//! too large, a name that is not a ref's. Uses std alone, for the build script reads it too.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The largest `.git` file, `HEAD`, `commondir` or ref that is read.
const SMALL: u64 = 4 << 10;

/// The largest `packed-refs` that is read: 200,000 refs fit in it.
const PACKED: u64 = 16 << 20;

/// How many refs may lead from one to the next, as git has it.
const HOPS: usize = 5;

/// The longest name of a ref.
const NAME: usize = 1 << 10;

/// The id of the commit that is checked out, in full.
pub fn commit(entry: &Path) -> Option<String> {
    let git = folder(entry)?;
    let shared = match read(&git.join("commondir"), SMALL)? {
        Content::Missing => git.clone(),
        Content::Bytes(bytes) => git.join(line(&bytes)?),
    };
    let mut content = read(&git.join("HEAD"), SMALL)?.bytes()?;
    for _ in 0..HOPS {
        let text = line(&content)?;
        if is_id(text) {
            return Some(text.to_owned());
        }
        let name = text.strip_prefix("ref: ").filter(|name| is_ref(name))?;
        content = match read(&below(&shared, name)?, SMALL)? {
            Content::Bytes(bytes) => bytes,
            Content::Missing => {
                packed(&read(&shared.join("packed-refs"), PACKED)?.bytes()?, name)?.to_vec()
            }
        };
    }
    None
}

/// The folder that a `.git` is, or names where it is a file: in a worktree or a submodule.
pub fn folder(entry: &Path) -> Option<PathBuf> {
    match entry.symlink_metadata().ok()?.is_dir() {
        true => Some(entry.to_owned()),
        false => {
            let bytes = read(entry, SMALL)?.bytes()?;
            let path = line(&bytes)?.strip_prefix("gitdir: ")?;
            Some(entry.parent()?.join(path))
        }
    }
}

/// The path of a ref's file, where no folder on the way to it is a link.
fn below(shared: &Path, name: &str) -> Option<PathBuf> {
    name.split('/').try_fold(shared.to_owned(), |folder, part| {
        let path = folder.join(part);
        let is_link = path
            .symlink_metadata()
            .is_ok_and(|known| known.is_symlink());
        (!is_link).then_some(path)
    })
}

enum Content {
    /// There is no such file; a folder of that name is none.
    Missing,
    Bytes(Vec<u8>),
}

impl Content {
    fn bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Missing => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}

/// Reads a file that is neither a link nor special, and no larger than this.
fn read(path: &Path, limit: u64) -> Option<Content> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Some(Content::Missing);
    };
    if metadata.is_dir() {
        return Some(Content::Missing);
    }
    if !metadata.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = File::open(path).ok()?;
    let read = file.take(limit + 1).read_to_end(&mut bytes).ok()?;
    (read as u64 <= limit).then_some(Content::Bytes(bytes))
}

/// The only line of a file.
fn line(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end_matches('\n');
    (!text.contains('\n')).then_some(text)
}

/// What `packed-refs` has for a ref.
fn packed<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    bytes.split(|byte| *byte == b'\n').find_map(|line| {
        let id = line.strip_suffix(name.as_bytes())?.strip_suffix(b" ")?;
        (!id.contains(&b' ')).then_some(id)
    })
}

/// A full id: SHA-1 or SHA-256, as git writes it.
fn is_id(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    matches!(text.len(), 40 | 64) && text.bytes().all(is_digit)
}

/// Whether git would take this name for a ref's (`git check-ref-format`), so that it stays below
/// `refs/` as a path too.
fn is_ref(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.ends_with(".lock")
    };
    let is_bad = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    name.starts_with("refs/")
        && name.len() <= NAME
        && name.split('/').all(is_part)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.contains(is_bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef01234567";

    /// A `.git` with these files.
    fn git(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in files {
            let path = folder.path().join(".git").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn read_in(folder: &Path) -> Option<String> {
        commit(&folder.join(".git"))
    }

    #[test]
    fn head_is_followed_to_a_commit() {
        let id = format!("{ID}\n");
        let packed = format!("# pack-refs with: peeled\n{ID} refs/heads/a/main\n^{ID}\n");
        let branch: &[u8] = b"ref: refs/heads/main\n";
        let cases: [&[(&str, &[u8])]; 4] = [
            &[("HEAD", id.as_bytes())],
            &[("HEAD", branch), ("refs/heads/main", id.as_bytes())],
            &[
                ("HEAD", b"ref: refs/heads/a/main"),
                ("packed-refs", packed.as_bytes()),
            ],
            &[
                ("HEAD", b"ref: refs/heads/x\n"),
                ("refs/heads/x", branch),
                ("refs/heads/main", id.as_bytes()),
            ],
        ];
        for files in cases {
            let folder = git(files);
            assert_eq!(read_in(folder.path()).as_deref(), Some(ID), "{files:?}");
        }
    }

    #[test]
    fn anything_unusual_is_no_commit() {
        let id = ID.as_bytes();
        let upper = ID.to_uppercase();
        let two = format!("{ID}\n{ID}\n");
        let escape = format!("\x1b[2J{}", &ID[4..]);
        let long = format!("ref: refs/heads/{}", "a/".repeat(1 << 20));
        let foreign = format!("{ID} refs/heads/xmain\n{ID} x refs/heads/main\n");
        let cases: [&[(&str, &[u8])]; 13] = [
            &[("x", b"")],
            &[("HEAD", b"")],
            &[("HEAD", &id[..39])],
            &[("HEAD", upper.as_bytes())],
            &[("HEAD", two.as_bytes())],
            &[("HEAD", escape.as_bytes())],
            &[("HEAD", b"\xff")],
            &[("HEAD", long.as_bytes())],
            &[("HEAD", b"ref: refs/heads/main")],
            &[("HEAD", b"ref: refs/../../id"), ("../id", id)],
            &[("HEAD", b"ref: id"), ("id", id)],
            &[
                ("HEAD", b"ref: refs/heads/a"),
                ("refs/heads/a", b"ref: refs/heads/a"),
            ],
            &[
                ("HEAD", b"ref: refs/heads/main"),
                ("packed-refs", foreign.as_bytes()),
            ],
        ];
        for files in cases {
            assert_eq!(read_in(git(files).path()), None, "{files:?}");
        }
    }

    #[test]
    fn links_special_files_and_huge_ones_are_no_commit() {
        let outside = tempfile::tempdir().unwrap();
        let id = outside.path().join("id");
        fs::write(&id, ID).unwrap();
        let link = |target: &Path, link: PathBuf| std::os::unix::fs::symlink(target, link).unwrap();

        let folder = git(&[("x", b"")]);
        link(&id, folder.path().join(".git/HEAD"));
        assert_eq!(read_in(folder.path()), None);

        let folder = git(&[("HEAD", b"ref: refs/heads/a"), ("refs/heads/b", b"")]);
        link(&id, folder.path().join(".git/refs/heads/a"));
        assert_eq!(read_in(folder.path()), None);

        // A folder on the way to the ref, of the name that a secret file has.
        let folder = git(&[("HEAD", b"ref: refs/id"), ("x", b"")]);
        link(outside.path(), folder.path().join(".git/refs"));
        assert_eq!(read_in(folder.path()), None);

        let (folder, other) = (
            tempfile::tempdir().unwrap(),
            git(&[("HEAD", ID.as_bytes())]),
        );
        link(&other.path().join(".git"), folder.path().join(".git"));
        assert_eq!(read_in(folder.path()), None);
        assert_eq!(read_in(other.path()).as_deref(), Some(ID));

        let folder = git(&[("HEAD", b"ref: refs/heads/a")]);
        let huge = File::create(folder.path().join(".git/packed-refs")).unwrap();
        huge.set_len(100 << 20).unwrap();
        assert_eq!(read_in(folder.path()), None);

        let folder = git(&[("x", b"")]);
        let head = folder.path().join(".git/HEAD");
        let made = std::process::Command::new("mkfifo").arg(head).status();
        assert!(made.unwrap().success());
        assert_eq!(read_in(folder.path()), None);
    }

    #[test]
    fn a_file_names_the_folder_of_a_worktree() {
        let main = git(&[
            ("HEAD", b"ref: refs/heads/other"),
            ("refs/heads/main", ID.as_bytes()),
            ("worktrees/a/HEAD", b"ref: refs/heads/main\n"),
            ("worktrees/a/commondir", b"../..\n"),
        ]);
        let worktree = tempfile::tempdir().unwrap();
        let names = |text: &str| {
            fs::write(worktree.path().join(".git"), text).unwrap();
            read_in(worktree.path())
        };
        let there = main.path().join(".git/worktrees/a");
        let found = names(&format!("gitdir: {}\n", there.display()));
        assert_eq!(found.as_deref(), Some(ID));
        for odd in [
            "",
            "gitdir: ",
            "gitdir: .git",
            "gitdir: /dev",
            "gitdir: /proc/self/fd",
        ] {
            assert_eq!(names(odd), None, "{odd}");
        }
    }
}
