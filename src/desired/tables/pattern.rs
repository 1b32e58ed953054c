//! Globs and regular expressions.

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value as Json;
use toml::de::DeValue;

use super::field::{Given, Read, Value};
use super::reader::Reader;
use super::values::List;
use crate::desired::schema::Schemas;
use crate::desired::suggest::shown;
use crate::model::schema::{list, string};
use crate::model::{Finding, Globs, Place};

/// Globs over topic names or config keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct GlobList {
    pub(crate) globs: Globs,
}

impl Read for GlobList {
    fn expected() -> String {
        "a list of globs".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        list(string())
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let list = match value.get_ref() {
            DeValue::Array(_) => List::<String>::read(value, reader)?.0,
            _ => return reader.wrong(value, &Self::expected()),
        };
        if let Some(place) = too_much(&list, value, reader) {
            let message = format!(
                "more than {MOST_GLOBS} globs, or one of more than {LONGEST_GLOB} characters"
            );
            reader.add(Finding::error("glob", place, message));
            return None;
        }
        let patterns: Vec<&str> = list.iter().map(|given| given.value.as_str()).collect();
        match Globs::new(&patterns) {
            Ok(globs) => Some(Self { globs }),
            Err((index, why)) => {
                let pattern = patterns.get(index).copied().unwrap_or_default();
                let message = format!("{} is no glob: {why}", shown(pattern));
                let place = list.get(index).map(|given| given.place.clone());
                let place = place.unwrap_or_else(|| reader.place(value.span()));
                let help = "`*` stands for any characters, `?` for one, `[a-z]` for a class, `{a,b}` for either";
                reader.add(Finding::error("glob", place, message).help(help));
                None
            }
        }
    }
}

/// The most globs in a list, and the longest of them, in bytes: they are compiled together.
const MOST_GLOBS: usize = 1_000;
const LONGEST_GLOB: usize = 500;

fn too_much(list: &[Given<String>], value: &Value<'_>, reader: &Reader<'_>) -> Option<Place> {
    if list.len() > MOST_GLOBS {
        return Some(reader.place(value.span()));
    }
    let long = list.iter().find(|given| given.value.len() > LONGEST_GLOB);
    long.map(|given| given.place.clone())
}

/// A regular expression that a text must match whole. It is about topic names, so `\w` and its like
/// mean ASCII.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// The same as a part of another expression.
    grouped: String,
    regex: Regex,
}

/// Room for a compiled pattern, in bytes. Names are checked by short ones; one that needs more is a
/// mistake or an attack.
const PATTERN_SIZE: usize = 256 << 10;

/// The longest pattern, in bytes: reading one costs memory too.
const LONGEST_PATTERN: usize = 4_000;

impl Pattern {
    pub(in crate::desired) fn new(text: &str) -> Result<Self, regex::Error> {
        let build = |text: &str| {
            let mut builder = RegexBuilder::new(text);
            builder.unicode(false).size_limit(PATTERN_SIZE).build()
        };
        if text.len() > LONGEST_PATTERN {
            return Err(regex::Error::CompiledTooBig(PATTERN_SIZE));
        }
        build(text)?;
        // The line break ends a comment that the pattern may end with, in its verbose mode.
        let whole = |grouped: String| Ok((build(&format!(r"\A{grouped}\z"))?, grouped));
        let (regex, grouped) = whole(format!("(?:{text})"))
            .or_else(|_: regex::Error| whole(format!("(?:{text}\n)")))?;
        Ok(Self {
            text: text.to_owned(),
            grouped,
            regex,
        })
    }

    /// The expression as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The expression as it can stand in another one.
    pub(in crate::desired) fn grouped(&self) -> &str {
        &self.grouped
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text.as_bytes())
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Read for Pattern {
    fn expected() -> String {
        "a regular expression".to_owned()
    }

    fn schema(_: &mut Schemas) -> Json {
        string()
    }

    fn read(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = String::read(value, reader)?;
        match Pattern::new(&text) {
            Ok(pattern) => Some(pattern),
            Err(problem) => {
                let why = match &problem {
                    regex::Error::CompiledTooBig(_) => "it needs too much memory".to_owned(),
                    other => last_line(&other.to_string()),
                };
                let message = format!("no usable regular expression: {why}");
                let place = reader.place(value.span());
                reader.add(Finding::error("regex", place, message));
                None
            }
        }
    }
}

/// The sentence of the regex crate's drawing of where an expression is wrong.
fn last_line(text: &str) -> String {
    let last = text.lines().next_back().unwrap_or_default();
    last.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole() {
        let pattern = |text: &str| Pattern::new(text).unwrap();
        assert!(pattern("a|ab").matches("ab"));
        assert!(!pattern("a|ab").matches("abc"));
        assert!(pattern("^[a-z]+$").matches("orders"));
        assert!(!pattern("[a-z]+").matches("orders\n"));
        assert!(pattern("(?x) a b # and nothing else").matches("ab"));
        assert!(!pattern(r"\w").matches("ä"));
    }

    #[test]
    fn bombs_are_refused() {
        for bomb in [
            "(((a{100}){100}){100}){100}",
            "(?:a|b){1000}{1000}",
            &"(".repeat(100_000),
        ] {
            assert!(Pattern::new(bomb).is_err());
        }
        let long = Pattern::new(&"a".repeat(1 << 20)).unwrap_err();
        assert!(matches!(long, regex::Error::CompiledTooBig(_)));
    }
}
