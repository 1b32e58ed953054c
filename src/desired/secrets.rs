//! Secrets in files, from one folder alone.

use std::path::Path;

use super::suggest::shown;
use super::variables::Missing;

/// A secret's file is at most so large: certificates fit in it.
const LARGEST_SECRET: u64 = 1 << 20;

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
    let cannot = |error: std::io::Error| {
        let message = format!("the secret's file {} cannot be read: {error}", shown(name));
        missing(
            message,
            "it is looked for in the folder that --secrets-dir names",
        )
    };
    let home = folder.canonicalize().map_err(cannot)?;
    let path = home.join(name).canonicalize().map_err(cannot)?;
    if !path.starts_with(&home) {
        let message = format!(
            "{} is a link that leaves the folder of --secrets-dir",
            shown(name)
        );
        return Err(missing(message, "copy the file into the folder"));
    }
    let metadata = path.metadata().map_err(cannot)?;
    if !metadata.is_file() || metadata.len() > LARGEST_SECRET {
        let message = format!(
            "{} is no secret's file: it is no regular file, or larger than 1 MiB",
            shown(name)
        );
        return Err(missing(message, "name another one"));
    }
    let text = std::fs::read_to_string(&path).map_err(cannot)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}
