//! Resolution of client properties: variables, and secret files from a single folder.

use std::path::Path;

use crate::desired::reader::cluster_table::ClientEntry;
use crate::desired::reader::variables::{Filled, Missing, Variables};
use crate::desired::suggest::shown;
use crate::files::{self, FileError};
use crate::model::client_property::PropertyKind;
use crate::model::{Finding, Secret};

/// Maximum bytes of a secret file; certificates fit.
const LARGEST_SECRET: u64 = files::LARGEST_SETTINGS;

/// Inputs of a connection from outside the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Outside<'a> {
    /// The process environment.
    pub variables: &'a Variables,
    /// The folder of `${file:NAME}`.
    pub secrets_dir: Option<&'a Path>,
}

/// Resolves a client property. Its secret parts are added to `secrets`.
pub(in crate::desired) fn property(
    entry: &ClientEntry,
    outside: Outside<'_>,
    secrets: &mut Vec<Secret>,
) -> Result<Secret, Box<Finding>> {
    let place = &entry.value.place;
    let read = |name: &str| read_secret(name, outside.secrets_dir);
    let filled = entry.value.value.fill(outside.variables, read);
    let filled = filled.map_err(|missing| Box::new(missing.at(place.clone())))?;
    let value = Filled::joined(&filled);
    entry.property.check(value.expose()).map_err(|problem| {
        let message = format!("`{}` {problem}", entry.property.name);
        let finding = Finding::error("client-property", place.clone(), message);
        finding.help("its value comes from a variable or a file, and is not shown")
    })?;
    let outside = filled.iter().filter_map(|part| match part {
        Filled::Outside(secret) => Some(secret.clone()),
        Filled::Written(_) => None,
    });
    secrets.extend(outside);
    if !entry.property.is_secret() {
        return Ok(value);
    }
    // The content of a credential file is secret, too.
    let name: String = filled.iter().filter_map(Filled::name).collect();
    let value = match name.is_empty() {
        true => Secret::new(value.expose()),
        false => Secret::named(value.expose(), name),
    };
    secrets.push(value.clone());
    Ok(value)
}

/// Rejects a path that leads out of the checkout by a link, or to a file that blocks on open: any
/// file named here is opened. Missing files are reported by librdkafka.
pub(in crate::desired) fn check_path(
    entry: &ClientEntry,
    value: Secret,
) -> Result<Secret, Box<Finding>> {
    let path = Path::new(value.expose());
    let checked = match entry.property.kind {
        PropertyKind::Path => files::check_opened_later(path),
        _ => Ok(()),
    };
    checked.map(|()| value).map_err(|error| {
        let message = format!("`{}`: {error}", entry.property.name);
        let finding = Finding::error("client-property", entry.value.place.clone(), message);
        Box::new(finding.help("name a regular file of the repository, or one outside of it"))
    })
}

/// Reads a secret from the `--secrets-dir` folder only.
fn read_secret(name: &str, folder: Option<&Path>) -> Result<String, Missing> {
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
