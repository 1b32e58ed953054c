//! Drafts: files that are not written yet, validated together with the existing files, so that no
//! file is written that `validate` would reject.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::declarations::select::Ask;
use super::files::document;
use super::files::error::{Folder, LoadError};
use super::files::folder::{Folders, Found, ReadFile, read_folder, shown_path};
use super::load::{Loaded, load_all};
use super::reader::variables::Variables;
use crate::model::SourceText;

/// A topics file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The path. A draft replaces an existing file.
    pub path: PathBuf,
    /// The content.
    pub text: String,
}

/// Loads the configuration with the drafts. The topics folder may be missing or empty, for the
/// first file of a repository.
///
/// # Errors
/// As for [`super::load()`].
pub fn load_with(
    folders: &Folders,
    ask: &Ask,
    variables: &Variables,
    drafts: &[Draft],
) -> Result<Loaded, LoadError> {
    let topics = || match read_folder(Folder::Topics, &folders.topics, &folders.root) {
        Ok(found) => Ok(beside(found, drafts, folders)),
        Err(LoadError::MissingFolder(_) | LoadError::NoFile(_)) => {
            Ok(beside(Vec::new(), drafts, folders))
        }
        Err(error) => Err(error),
    };
    let load = || load_all(folders, topics, ask, variables, |_, _| {}, None);
    document::with_room(load).map_err(LoadError::NoRoom)?
}

fn beside(mut found: Vec<Found>, drafts: &[Draft], folders: &Folders) -> Vec<Found> {
    let shown = |draft: &Draft| shown_path(&draft.path, &folders.root);
    let replaced: BTreeSet<Arc<str>> = drafts.iter().map(shown).collect();
    found.retain(|found| !replaced.contains(&found.file));
    for draft in drafts {
        let file = shown(draft);
        let source = SourceText::new(file.clone(), draft.text.clone());
        found.push(Found {
            stem: Arc::from(""),
            read: ReadFile::Text(Arc::new(source)),
            file,
        });
    }
    found.sort_by(|a, b| a.file.cmp(&b.file));
    found
}
