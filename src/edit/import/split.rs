//! Which file an entry goes into.

use std::path::{Path, PathBuf};

use crate::model::TopicName;

/// What topics of one name share in front of these becomes the name of their file.
const ENDS: [char; 3] = ['.', '-', '_'];

/// The file of topics whose names begin with nothing.
const NAMELESS: &str = "topics";

/// How entries go into files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// All into this one.
    One(PathBuf),
    /// Into this folder, one file for each first part of the names, up to `.`, `-` or `_`.
    ByPrefix(PathBuf),
}

impl Split {
    pub(super) fn file(&self, topic: &TopicName) -> PathBuf {
        match self {
            Split::One(file) => file.clone(),
            Split::ByPrefix(folder) => folder.join(format!("{}.toml", prefix(topic))),
        }
    }

    /// The file of the profiles.
    pub(super) fn profiles(&self) -> PathBuf {
        match self {
            Split::One(file) => file.clone(),
            Split::ByPrefix(folder) => folder.join(Path::new("profiles.toml")),
        }
    }
}

/// The first part of a name. What stands before it, as in `_schemas`, is not part of it: a file
/// whose name begins with a dot would not be read.
pub(in crate::edit) fn prefix(topic: &TopicName) -> &str {
    let name = topic.as_str().trim_start_matches(ENDS);
    match name.split(ENDS).next() {
        Some(prefix) if !prefix.is_empty() => prefix,
        _ => NAMELESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        for (name, expected) in [
            ("orders", "orders"),
            ("orders.created", "orders"),
            ("client_2.kbe.auth_user", "client"),
            ("_schemas", "schemas"),
            ("..x-y", "x"),
            ("___", "topics"),
        ] {
            assert_eq!(prefix(&name.into()), expected, "{name}");
        }
    }
}
