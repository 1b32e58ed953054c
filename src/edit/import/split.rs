//! Distribution of entries over files.

use std::path::{Path, PathBuf};

use crate::model::TopicName;

/// Device names on Windows, with any file extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Device names on Windows when followed by a digit.
const RESERVED_PORTS: [&str; 2] = ["com", "lpt"];

/// The separators that end a name's prefix, after which its file is named.
const ENDS: [char; 3] = ['.', '-', '_'];

/// The file name for topics without a prefix.
const NAMELESS: &str = "topics";

/// How entries are distributed over files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Split {
    /// All in this file.
    One(PathBuf),
    /// In this folder, one file per name prefix up to `.`, `-` or `_`, in lower case.
    ByPrefix(PathBuf),
}

impl Split {
    pub(super) fn file(&self, topic: &TopicName) -> PathBuf {
        match self {
            Split::One(file) => file.clone(),
            Split::ByPrefix(folder) => folder.join(file_name(topic)),
        }
    }

    /// Returns the file of the profiles.
    pub(super) fn profiles(&self) -> PathBuf {
        match self {
            Split::One(file) => file.clone(),
            Split::ByPrefix(folder) => folder.join(Path::new("profiles.toml")),
        }
    }
}

/// Returns the name of the file for topics with this prefix: `orders.toml`. No two differ only in
/// case, which would be one file on macOS and Windows, and none is a device name on Windows.
pub(in crate::edit) fn file_name(topic: &TopicName) -> String {
    let prefix = prefix(topic);
    let port = |name: &&str| prefix.strip_prefix(*name).map(str::as_bytes);
    let is_port = |digits: &[u8]| matches!(digits, [b'0'..=b'9']);
    let is_reserved =
        RESERVED.contains(&prefix.as_str()) || RESERVED_PORTS.iter().filter_map(port).any(is_port);
    match is_reserved {
        // Prefixes contain no `-`.
        true => format!("{prefix}-topics.toml"),
        false => format!("{prefix}.toml"),
    }
}

/// Returns the prefix of a name, in lower case. Leading separators, as in `_schemas`, are skipped:
/// a file with a leading dot would not be read.
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
