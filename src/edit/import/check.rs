//! Validates an import together with the existing configuration before it is returned, without
//! topics that conflict with existing declarations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Import, Imported, Note};
use crate::desired::{Draft, Folders, Loaded};
use crate::model::{Finding, Severity, TopicName};

/// The findings for which a topic cannot be listed, whatever its entry contains.
const NOT_TO_BE_LISTED: [&str; 7] = [
    "collision",
    "duplicate",
    "ignored",
    "lifecycle-name",
    "listed-and-removed",
    "reserved",
    "scope",
];

/// Maximum rounds of removing topics that cannot be listed: each can reveal more findings, because
/// the number of findings is limited.
const MOST_ROUNDS: usize = 100;

/// Creates the files of an import, without topics that cannot be listed. `read` loads the
/// configuration as if these files were written.
///
/// # Errors
/// Returns an error if the configuration cannot be read.
pub fn checked<E>(
    mut import: Import<'_>,
    folders: &Folders,
    read: impl Fn(&[Draft]) -> Result<Loaded, E>,
) -> Result<(Imported, Loaded), E> {
    let mut left_out = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let (imported, written) = import.files();
        let loaded = read(&imported.files)?;
        let mut topics: BTreeMap<(Arc<str>, u32), &TopicName> = BTreeMap::new();
        for entry in &written {
            topics.insert((folders.shown(&entry.path), entry.line), &entry.topic);
        }
        let out: BTreeMap<&TopicName, &Finding> = loaded
            .findings
            .iter()
            .filter(|finding| finding.level == Severity::Error)
            .filter(|finding| NOT_TO_BE_LISTED.contains(&finding.code))
            .filter_map(|finding| Some((about(finding, &topics)?, finding)))
            .collect();
        if out.is_empty() {
            return Ok((with(imported, left_out), loaded));
        }
        let drafts = topics.keys().map(|(file, _)| file.clone()).collect();
        let notes = out
            .iter()
            .map(|(topic, finding)| note(topic, finding, &drafts));
        left_out.extend(notes);
        let out: BTreeSet<TopicName> = out.into_keys().cloned().collect();
        import.topics.retain(|topic| !out.contains(*topic));
    }
    let (imported, _) = import.files();
    let loaded = read(&imported.files)?;
    Ok((with(imported, left_out), loaded))
}

fn with(mut imported: Imported, left_out: Vec<Note>) -> Imported {
    imported.notes.extend(left_out);
    imported
}

/// Returns the imported topic of a finding.
fn about<'t>(
    finding: &Finding,
    topics: &BTreeMap<(Arc<str>, u32), &'t TopicName>,
) -> Option<&'t TopicName> {
    let related = finding.related.iter().map(|(place, _)| place);
    let mut places = std::iter::once(&finding.place).chain(related);
    places.find_map(|place| topics.get(&(place.file.clone(), place.line)).copied())
}

fn note(topic: &TopicName, finding: &Finding, drafts: &BTreeSet<Arc<str>>) -> Note {
    let related = finding.related.as_ref().map(|(place, _)| place);
    let places = related.into_iter().chain([&finding.place]);
    let elsewhere = places.filter(|place| !drafts.contains(&place.file));
    let elsewhere = elsewhere.map(|place| &place.file).next();
    let what = match (finding.code, elsewhere) {
        ("duplicate", Some(file)) => format!("left out: {file} lists it for other environments"),
        ("listed-and-removed", Some(file)) => format!("left out: it has a removal in {file}"),
        ("scope", _) => "left out: [scopes] do not let this scope list it".to_owned(),
        ("lifecycle-name", _) => {
            "left out: an instance of a lifecycle could have this name".to_owned()
        }
        _ => format!("left out: {}", finding.message),
    };
    Note::new(topic, what)
}
