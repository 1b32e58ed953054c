//! Places in files, and the layers that set values.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A range of characters within one line of a file. Lines and columns count from 1; columns count
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The path as the user would write it, with `/`: `topics/playback.toml`.
    pub file: Arc<str>,
    /// The line, from 1. 0 refers to the whole file.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The number of characters, within the line.
    pub length: u32,
}

impl Place {
    /// Creates a place that refers to a whole file.
    pub fn whole(file: impl Into<Arc<str>>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            column: 0,
            length: 0,
        }
    }

    /// Formats the place as in plans: `topics/playback.toml:3`.
    pub fn file_line(&self) -> String {
        match self.line {
            0 => self.file.to_string(),
            line => format!("{}:{line}", self.file),
        }
    }
}

impl fmt::Display for Place {
    /// Formats the place as `topics/playback.toml:3:1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

impl Serialize for Place {
    /// Serializes as [`Place::file_line`].
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.file_line())
    }
}

impl<'de> Deserialize<'de> for Place {
    /// Documents hold no column; column 1 is assumed.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let split = text.rsplit_once(':');
        let line = split.and_then(|(file, line)| Some((file, line.parse().ok()?)));
        Ok(match line {
            Some((file, line)) => Self {
                line,
                column: 1,
                ..Self::whole(file)
            },
            None => Self::whole(text),
        })
    }
}

impl JsonSchema for Place {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// The layer that set a value, lowest first. The order of the variants is the precedence of the
/// layers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// `[defaults]` of the environment file with this name (the environment's own, or one that it
    /// extends).
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

/// A value with the place and the layer that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sourced<T> {
    /// The effective value.
    pub value: T,
    /// The place that sets the value.
    pub place: Place,
    /// The layer that sets the value.
    pub layer: Layer,
}

/// The text of a file, with an index from byte offsets to lines and columns. Finding a place takes
/// the same time anywhere, in a file of a million lines and in a line of a million characters.
#[derive(Debug)]
pub struct SourceText {
    file: Arc<str>,
    text: String,
    /// The byte offset of each line. Files over 4 GiB are not read.
    lines: Vec<u32>,
    /// The number of characters before each block of [`STRETCH`] bytes; empty if every character is
    /// one byte.
    characters: Vec<usize>,
}

/// The size in bytes of the blocks that are scanned to find a column.
const STRETCH: usize = 128;

impl SourceText {
    /// Indexes the text of a file.
    pub fn new(file: Arc<str>, text: String) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0)
            .chain(ends.map(|(at, _)| number(at + 1)))
            .collect();
        let mut characters = Vec::new();
        if !text.is_ascii() {
            let mut before = 0;
            for stretch in text.as_bytes().chunks(STRETCH) {
                characters.push(before);
                before += count_characters(stretch);
            }
        }
        Self {
            file,
            text,
            lines,
            characters,
        }
    }

    /// Returns the path as the user would write it.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns a line without its line end. `line` counts from 1.
    pub fn line(&self, line: u32) -> Option<&str> {
        let index = usize::try_from(line.checked_sub(1)?).ok()?;
        let start = self.begin(index)?;
        let end = self
            .begin(index + 1)
            .map_or(self.text.len(), |next| next - 1);
        let text = self.text.get(start..end)?;
        Some(text.strip_suffix('\r').unwrap_or(text))
    }

    /// Returns the byte offset of a line, by index from 0.
    fn begin(&self, index: usize) -> Option<usize> {
        self.lines.get(index).map(|&begin| begin as usize)
    }

    /// Returns the place of a byte range. A range over several lines is cut at the end of its first
    /// line.
    pub fn place(&self, span: std::ops::Range<usize>) -> Place {
        let start = span.start.min(self.text.len());
        let index = self.lines.partition_point(|&line| line as usize <= start) - 1;
        let line_end = self
            .begin(index + 1)
            .map_or(self.text.len(), |next| next - 1);
        let end = span.end.clamp(start, line_end.max(start));
        let first = self.characters_before(start);
        Place {
            file: self.file.clone(),
            line: number(index + 1),
            column: number(first - self.characters_before(self.lines[index] as usize) + 1),
            length: number(self.characters_before(end) - first),
        }
    }

    /// Returns the place of a whole line without surrounding blanks. `line` counts from 1.
    pub fn line_place(&self, line: u32) -> Option<Place> {
        let text = self.line(line)?;
        let blanks = text.chars().take_while(|c| c.is_whitespace()).count();
        Some(Place {
            file: self.file.clone(),
            line,
            column: number(blanks + 1),
            length: number(text.trim().chars().count()),
        })
    }

    fn characters_before(&self, offset: usize) -> usize {
        let stretch = (offset / STRETCH).min(self.characters.len().saturating_sub(1));
        match self.characters.get(stretch) {
            Some(before) => {
                before + count_characters(&self.text.as_bytes()[stretch * STRETCH..offset])
            }
            None => offset,
        }
    }
}

/// Counts characters in UTF-8 that may be cut anywhere: all bytes other than continuation bytes.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The source texts of all files that were read, for the lines that findings show.
#[derive(Debug, Clone, Default)]
pub struct Sources(BTreeMap<Arc<str>, Arc<SourceText>>);

impl Sources {
    /// Adds a file.
    pub fn insert(&mut self, source: Arc<SourceText>) {
        self.0.insert(source.file().clone(), source);
    }

    /// Returns a file by path.
    pub fn get(&self, file: &str) -> Option<&Arc<SourceText>> {
        self.0.get(file)
    }

    /// Returns a line of a file without its line end. `line` counts from 1.
    pub fn line(&self, file: &str, line: u32) -> Option<&str> {
        self.0.get(file)?.line(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, span: std::ops::Range<usize>) -> (u32, u32, u32) {
        let place = SourceText::new("a.toml".into(), text.to_owned()).place(span);
        (place.line, place.column, place.length)
    }

    #[test]
    fn places_count_lines_and_characters_from_one() {
        assert_eq!(at("", 0..0), (1, 1, 0));
        assert_eq!(at("ab\ncd\n", 3..5), (2, 1, 2));
        assert_eq!(at("ab\ncd\n", 6..6), (3, 1, 0));
        assert_eq!(at("ä = 'ö'\n", 5..9), (1, 5, 3));
        assert_eq!(at("a = [\n1,\n]", 4..10), (1, 5, 1));
        assert_eq!(at("ab", 7..9), (1, 3, 0));
    }

    #[test]
    fn a_long_line_is_not_counted_through() {
        let text = format!("x\n{}", "ä".repeat(2000));
        assert_eq!(at(&text, 2 + 2 * 1999..2 + 2 * 2000), (2, 2000, 1));
    }

    #[test]
    fn lines_come_without_their_ends() {
        let source = SourceText::new("a.toml".into(), "one\r\ntwo\n".to_owned());
        let lines = [1, 2, 3, 4, 0].map(|line| source.line(line));
        assert_eq!(lines, [Some("one"), Some("two"), Some(""), None, None]);
    }
}
