//! Topic names and Kafka's rules for them.

use std::fmt;
use std::sync::Arc;

/// The maximum length of a topic name, in ASCII characters: brokers append a suffix to it for the
/// partition's directory, and file systems allow 255.
///
/// Source: `org.apache.kafka.common.internals.Topic.MAX_NAME_LENGTH`.
pub const MAX_LENGTH: usize = 249;

/// Topics that Kafka creates and owns. They are never planned, listed or removed.
pub const INTERNAL: [&str; 4] = [
    "__cluster_metadata",
    "__consumer_offsets",
    "__share_group_state",
    "__transaction_state",
];

/// The name of a topic, from a file or from a cluster.
///
/// Construction does not validate it, because names from a cluster are accepted as they are;
/// [`TopicName::problem`] validates.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(Arc<str>);

/// Why Kafka would reject a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// The empty string.
    #[error("a topic name cannot be empty")]
    Empty,
    /// `.` and `..` are directories on the broker's disk.
    #[error("a topic cannot be named `.` or `..`")]
    Dots,
    /// Longer than [`MAX_LENGTH`].
    #[error("a topic name has at most {MAX_LENGTH} characters, this one has {0}")]
    TooLong(usize),
    /// A character other than ASCII letters, digits, `.`, `_` and `-`.
    #[error("{0:?} is not allowed in a topic name: ASCII letters, digits, `.`, `_` and `-` are")]
    Character(char),
    /// One of [`INTERNAL`].
    #[error("this is one of Kafka's internal topics")]
    Internal,
}

impl TopicName {
    /// Creates a name without validating it.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this is one of Kafka's internal topics, [`INTERNAL`].
    pub fn is_internal(&self) -> bool {
        INTERNAL.contains(&self.as_str())
    }

    /// Returns why Kafka, or this tool on Kafka's behalf, rejects this name.
    pub fn problem(&self) -> Option<NameProblem> {
        let name = self.as_str();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() {
            Some(NameProblem::Empty)
        } else if name == "." || name == ".." {
            Some(NameProblem::Dots)
        } else if let Some(c) = name.chars().find(|&c| !legal(c)) {
            Some(NameProblem::Character(c))
        } else if name.len() > MAX_LENGTH {
            Some(NameProblem::TooLong(name.len()))
        } else if self.is_internal() {
            Some(NameProblem::Internal)
        } else {
            None
        }
    }

    /// Returns the key that two topics must not share: Kafka replaces `.` by `_` in metric names,
    /// and rejects a topic that differs from another only in these characters.
    pub fn collision_key(&self) -> String {
        self.0.replace('.', "_")
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl From<&str> for TopicName {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl std::borrow::Borrow<str> for TopicName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for TopicName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl schemars::JsonSchema for TopicName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TopicName".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

impl<'de> serde::Deserialize<'de> for TopicName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <String as serde::Deserialize>::deserialize(deserializer).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kafkas_rules_for_names() {
        let problem = |name: &str| TopicName::from(name).problem();
        assert_eq!(problem("client_2.kbe.auth-user"), None);
        assert_eq!(problem(""), Some(NameProblem::Empty));
        assert_eq!(problem(".."), Some(NameProblem::Dots));
        assert_eq!(problem("bad name"), Some(NameProblem::Character(' ')));
        assert_eq!(problem("naïve"), Some(NameProblem::Character('ï')));
        assert_eq!(problem(&"x".repeat(249)), None);
        assert_eq!(problem(&"x".repeat(250)), Some(NameProblem::TooLong(250)));
        assert_eq!(problem("__consumer_offsets"), Some(NameProblem::Internal));
    }

    #[test]
    fn dots_and_underscores_collide() {
        let key = |name: &str| TopicName::from(name).collision_key();
        assert_eq!(key("a.b_c"), key("a_b.c"));
        assert_ne!(key("a.b"), key("a-b"));
    }
}
