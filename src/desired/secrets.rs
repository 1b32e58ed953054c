//! Secrets in files, from one folder alone.

use std::path::Path;

use super::suggest::shown;
use super::variables::Missing;
use crate::files::{self, FileError};

/// A secret's file is at most so large: certificates fit in it.
const LARGEST_SECRET: u64 = files::LARGEST_SETTINGS;

/// A secret from the folder that `--secrets-dir` names, and from nowhere else.
pub(super) fn read_secret(name: &str, folder: Option<&Path>) -> Result<String, Missing> {
    let missing = |message: String, help: &str| Missing {
        code: "secret-file",
        message,
        help: help.to_owned(),
    };
    let Some(folder) = folder else {
        let message = format!("{} needs a folder to be read from", shown(name));
        return Err(missing(message, "name the folder with --secrets-dir"));
    };
    let cannot = |error: FileError| {
        let message = format!("the secret's file {} cannot be read: {error}", shown(name));
        missing(
            message,
            "it is looked for in the folder that --secrets-dir names",
        )
    };
    let real = |path: &Path| path.canonicalize().map_err(|error| cannot(error.into()));
    let home = real(folder)?;
    let path = real(&home.join(name))?;
    if !path.starts_with(&home) {
        let message = format!(
            "{} is a link that leaves the folder of --secrets-dir",
            shown(name)
        );
        return Err(missing(message, "copy the file into the folder"));
    }
    let opened = files::open_regular(&path);
    let text = opened.and_then(|(file, _)| files::read_up_to(file, LARGEST_SECRET));
    let text = text.map_err(cannot)?;
    let text = String::from_utf8(text).map_err(|_| cannot(FileError::NotText))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
