//! Entries for topics that are live: what a file has to say so that a plan after it adopts them, pins
//! what the defaults declare anyway, and changes nothing else.
//!
//! What a topic has in common with the environment's defaults is not said. What it holds besides is
//! declared, or an apply would reset it; what the defaults declare and it does not have is switched
//! off for it. What the files cannot say is left to others, and noted.

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

/// What is imported, and how it is to be written.
#[derive(Debug)]
pub struct Import<'a> {
    /// The environment whose defaults stand below.
    pub desired: &'a Desired,
    /// Its cluster.
    pub live: &'a Live,
    /// The topics, which no file lists and nobody owns.
    pub topics: BTreeSet<&'a TopicName>,
    /// Whether there are environments that these topics are not of.
    pub is_one_of_several: bool,
    /// The names of the profiles that there are already, where settings that topics share are to
    /// become profiles.
    pub profiles: Option<&'a BTreeSet<Arc<str>>>,
    /// How the entries go into files.
    pub split: Split,
}

/// What an import makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The files.
    pub files: Vec<Draft>,
    /// How many topics are in them.
    pub topics: usize,
    /// What a person should know of topics that are in the files, or are not.
    pub notes: Vec<Note>,
}

/// Something that a person should know of a topic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What, and what follows from it.
    pub what: String,
    /// Of which topic.
    pub topic: TopicName,
}

impl Note {
    /// Something about a topic.
    pub fn new(topic: &TopicName, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            topic: topic.clone(),
        }
    }
}

/// An entry's place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Written {
    path: PathBuf,
    /// The line of the header.
    line: u32,
    topic: TopicName,
}

impl Import<'_> {
    /// Makes the files, without a look at what stands in others.
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
