//! Which file an entry goes into.

use std::path::{Path, PathBuf};

use crate::model::TopicName;

/// Names that are devices on Windows, whatever the ending of the file.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The same, each followed by a digit.
const RESERVED_PORTS: [&str; 2] = ["com", "lpt"];

/// What topics of one name share in front of these becomes the name of their file.
const ENDS: [char; 3] = ['.', '-', '_'];

/// The file of topics whose names begin with nothing.
const NAMELESS: &str = "topics";

/// How entries go into files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// All into this one.
    One(PathBuf),
    /// Into this folder, one file for each first part of the names, up to `.`, `-` or `_`, in lower
    /// case.
    ByPrefix(PathBuf),
}

impl Split {
    pub(super) fn file(&self, topic: &TopicName) -> PathBuf {
        match self {
            Split::One(file) => file.clone(),
            Split::ByPrefix(folder) => folder.join(file_name(topic)),
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

/// The name of the file for topics whose names begin alike: `orders.toml`. No two differ in case
/// alone, which is one file on macOS and Windows, and none is a device on Windows.
pub(in crate::edit) fn file_name(topic: &TopicName) -> String {
    let prefix = prefix(topic);
    let port = |name: &&str| prefix.strip_prefix(*name).map(str::as_bytes);
    let is_port = |digits: &[u8]| matches!(digits, [b'0'..=b'9']);
    let is_reserved =
        RESERVED.contains(&prefix.as_str()) || RESERVED_PORTS.iter().filter_map(port).any(is_port);
    match is_reserved {
        // No prefix has a `-`.
        true => format!("{prefix}-topics.toml"),
        false => format!("{prefix}.toml"),
    }
}

/// The first part of a name, in lower case. What stands before it, as in `_schemas`, is not part of
/// it: a file whose name begins with a dot would not be read.
pub(in crate::edit) fn prefix(topic: &TopicName) -> String {
    let name = topic.as_str().trim_start_matches(ENDS);
    match name.split(ENDS).next() {
        Some(prefix) if !prefix.is_empty() => prefix.to_ascii_lowercase(),
        _ => NAMELESS.to_owned(),
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
            ("Orders.created", "orders"),
        ] {
            assert_eq!(prefix(&name.into()), expected, "{name}");
        }
    }

    #[test]
    fn file_names_are_files_everywhere() {
        for (name, expected) in [
            ("A.x", "a.toml"),
            ("a-y", "a.toml"),
            ("con", "con-topics.toml"),
            ("NUL_x", "nul-topics.toml"),
            ("lpt1.x", "lpt1-topics.toml"),
            ("com", "com.toml"),
            ("com10", "com10.toml"),
            ("console", "console.toml"),
        ] {
            assert_eq!(file_name(&name.into()), expected, "{name}");
        }
    }
}
