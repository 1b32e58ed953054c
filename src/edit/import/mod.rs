//! Creates entries for live topics, such that the next plan adopts them, pins values that the
//! defaults declare, and changes nothing else.
//!
//! Settings that equal the environment's defaults are omitted. Other configs that are set on the
//! topic are declared, or an apply would reset them; configs of the defaults that the topic does
//! not have are overridden. Settings that the configuration cannot express become unmanaged, and
//! are noted.

mod check;
mod entry;
mod profiles;
#[cfg(test)]
mod properties;
pub(super) mod split;
mod write;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

pub use check::checked;
pub use split::Split;

use crate::desired::{Desired, Draft};
use crate::live::Live;
use crate::model::TopicName;

use entry::ImportedEntry;

/// The input and options of an import.
#[derive(Debug)]
pub struct Import<'a> {
    /// The environment, with its defaults.
    pub desired: &'a Desired,
    /// The environment's cluster.
    pub live: &'a Live,
    /// The topics, unlisted and unowned.
    pub topics: BTreeSet<&'a TopicName>,
    /// Whether other environments exist, in which these topics do not.
    pub is_one_of_several: bool,
    /// The names of existing profiles, if shared settings are to become profiles.
    pub profiles: Option<&'a BTreeSet<Arc<str>>>,
    /// How entries are distributed over files.
    pub split: Split,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The files.
    pub files: Vec<Draft>,
    /// The number of topics in the files.
    pub topics: usize,
    /// Notes for the user on topics, included or not.
    pub notes: Vec<Note>,
}

/// A note for the user on a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The fact and its consequence.
    pub what: String,
    /// The topic's name.
    pub topic: TopicName,
}

impl Note {
    /// Creates a note on a topic.
    pub fn new(topic: &TopicName, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            topic: topic.clone(),
        }
    }
}

/// The place of a written entry.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    path: PathBuf,
    /// The line of the header.
    line: u32,
    topic: TopicName,
}

impl Import<'_> {
    /// Creates the files, without regard to existing ones.
    fn files(&self) -> (Imported, Vec<Written>) {
        let mut notes = Vec::new();
        let mut entries: Vec<ImportedEntry> = Vec::new();
        for name in &self.topics {
            entries.extend(entry::of(name, self.desired, self.live, &mut notes));
        }
        let profiles = match self.profiles {
            Some(taken) => profiles::factor_out(&mut entries, taken),
            None => Vec::new(),
        };
        let topics = entries.len();
        let (files, written) = write::files(self, &entries, &profiles);
        let imported = Imported {
            files,
            topics,
            notes,
        };
        (imported, written)
    }
}
