//! Files that are written whole or not at all.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::Builder;

/// What a new file may be read and written by, before the umask of the process takes from it.
const NEW_FILE: u32 = 0o666;

/// A file that could not be written. What stood there before stands there still.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}: nothing was written")]
pub struct WriteError {
    path: String,
    source: io::Error,
}

/// Writes a file so that it is either there with all its text or as it was before: next to it
/// first, then in its place. Where it exists it keeps its permissions; a link is followed.
///
/// # Errors
/// The folder cannot be written, or the disk is full. Nothing is left behind.
pub fn write_whole(path: &Path, text: &str) -> Result<(), WriteError> {
    write(path, text).map_err(|source| WriteError {
        path: path.display().to_string(),
        source,
    })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let known = match fs::metadata(&path) {
        // A pipe or a device takes the text itself; it cannot be put in anything's place.
        Ok(known) if !known.is_file() => return fs::write(&path, text),
        Ok(known) => Some(known.permissions()),
        Err(_) => None,
    };
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let permissions = known.clone().unwrap_or(Permissions::from_mode(NEW_FILE));
    let mut file = Builder::new()
        .prefix(".topicsmith-")
        .permissions(permissions)
        .tempfile_in(folder)?;
    if let Some(known) = known {
        file.as_file().set_permissions(known)?;
    }
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    Ok(())
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
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write_whole(&folder.path().join("no/out.json"), "x").unwrap_err();
        assert!(error.to_string().contains("no/out.json"), "{error}");
    }
}
