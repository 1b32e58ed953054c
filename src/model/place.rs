//! Where something stands in a file, and which layer set a value.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A stretch of one line in a file. Lines and columns count from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as the user would name it, with `/`: `topics/playback.toml`.
    pub file: Arc<str>,
    /// Line, from 1. 0 means the file as a whole.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// How many characters are meant, within the line.
    pub length: u32,
}

impl Place {
    /// A file as a whole.
    pub fn whole(file: impl Into<Arc<str>>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
            length: 0,
        }
    }

    /// `topics/playback.toml:3`, as plans name it.
    pub fn file_line(&self) -> String {
        match self.line {
            0 => self.file.to_string(),
            line => format!("{}:{line}", self.file),
        }
    }
}

impl fmt::Display for Place {
    /// `topics/playback.toml:3:1`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// Which layer set a value, lowest first. The order of the variants is the order of the layers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// `[defaults]` of the environment file with this name (its own, or one that it extends).
    Defaults(Arc<str>),
    /// `[profiles.NAME]`
    Profile(Arc<str>),
    /// `[profiles.NAME.env.ENV]`
    ProfileEnv(Arc<str>, Arc<str>),
    /// The topic's own table.
    Topic,
    /// `env.ENV` in the topic's own table.
    TopicEnv(Arc<str>),
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Defaults(env) => write!(f, "defaults of {env}"),
            Layer::Profile(name) => write!(f, "profile {name}"),
            Layer::ProfileEnv(name, env) => write!(f, "profile {name}, env.{env}"),
            Layer::Topic => f.write_str("topic"),
            Layer::TopicEnv(env) => write!(f, "topic, env.{env}"),
        }
    }
}

/// A value together with the place and the layer that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The value in force.
    pub value: T,
    /// Where it is written.
    pub place: Place,
    /// The layer that it stands in.
    pub layer: Layer,
}

/// The text of the files that were read, so that a finding can show its line.
#[derive(Debug, Clone, Default)]
pub struct Sources(BTreeMap<Arc<str>, Arc<str>>);

impl Sources {
    /// Keeps the text of a file.
    pub fn insert(&mut self, file: Arc<str>, text: Arc<str>) {
        self.0.insert(file, text);
    }

    /// One line of a file, without its line end. `line` counts from 1.
    pub fn line(&self, file: &str, line: u32) -> Option<&str> {
        let index = usize::try_from(line.checked_sub(1)?).ok()?;
        self.0.get(file)?.lines().nth(index)
    }
}
