//! Globs and regular expressions.

use std::sync::Arc;

use serde_json::Value as Json;
use toml::de::DeValue;

use super::automaton::{Automaton, TOO_LARGE};
use super::field::{Given, Read};
use super::file::{Reader, Value};
use super::values::List;
use crate::desired::schema::definitions::Schemas;
use crate::desired::suggest::shown;
use crate::model::schema::{list, string};
use crate::model::{Finding, Globs, Place};

/// Globs over topic names or config keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct GlobList {
    pub(crate) globs: Globs,
}

impl GlobList {
    /// Returns the total bytes of the globs.
    pub(crate) fn bytes(&self) -> usize {
        self.globs.patterns().iter().map(String::len).sum()
    }
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
                "more than {MOST_GLOBS} globs or {} KiB of them, or one of more than {LONGEST_GLOB} characters",
                MOST_GLOB_BYTES >> 10
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

/// Maximum number of globs in a list, and maximum bytes of each: they are compiled together.
const MOST_GLOBS: usize = 1_000;
const LONGEST_GLOB: usize = 500;

/// Maximum total bytes of the globs in a list.
const MOST_GLOB_BYTES: usize = 16 << 10;

fn too_much(list: &[Given<String>], value: &Value<'_>, reader: &Reader<'_>) -> Option<Place> {
    let bytes: usize = list.iter().map(|given| given.value.len()).sum();
    if list.len() > MOST_GLOBS || bytes > MOST_GLOB_BYTES {
        return Some(reader.place(value.span()));
    }
    let long = list.iter().find(|given| given.value.len() > LONGEST_GLOB);
    long.map(|given| given.place.clone())
}

/// A regular expression that must match a whole text. It is for topic names, so classes such as
/// `\w` are ASCII.
///
/// Each expression is compiled once, however many places contain it, after all files are read: see
/// `declarations/patterns.rs`.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: Arc<str>,
    place: Place,
    automaton: Option<Arc<Automaton>>,
}

/// Maximum bytes of a pattern, because parsing takes memory, too.
const LONGEST_PATTERN: usize = 4_000;

impl Pattern {
    /// Creates a compiled pattern without a file.
    #[cfg(test)]
    pub(in crate::desired) fn new(text: &str) -> Result<Self, String> {
        Ok(Self {
            text: text.into(),
            place: Place::whole(""),
            automaton: Some(Arc::new(Automaton::new(text)?)),
        })
    }

    /// Returns the expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(in crate::desired) fn place(&self) -> &Place {
        &self.place
    }

    /// Returns the compiled automaton.
    pub(in crate::desired) fn automaton(&self) -> Option<&Arc<Automaton>> {
        self.automaton.as_ref()
    }

    pub(in crate::desired) fn set_automaton(&mut self, automaton: Arc<Automaton>) {
        self.automaton = Some(automaton);
    }

    /// Returns whether the whole text matches. An uncompiled pattern matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        let automaton = self.automaton.as_ref();
        automaton.is_some_and(|automaton| automaton.matches(text.as_bytes()))
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
        let place = reader.place(value.span());
        if text.len() > LONGEST_PATTERN {
            reader.add(no_pattern(&place, TOO_LARGE));
            return None;
        }
        Some(Self {
            text: text.into(),
            place,
            automaton: None,
        })
    }
}

/// Creates the finding about an invalid pattern.
pub(in crate::desired) fn no_pattern(place: &Place, why: &str) -> Finding {
    let message = format!("invalid regular expression: {why}");
    Finding::error("regex", place.clone(), message)
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
        assert!(pattern("").matches("") && !pattern("").matches("a"));
        assert!(pattern("a+?").matches("aaa"));
        assert!(pattern(r"a\b-\bb").matches("a-b"));
    }

    #[test]
    fn bombs_are_refused() {
        for bomb in [
            "(((a{100}){100}){100}){100}",
            "(?:a|b){1000}{1000}",
            ".*a.{30}",
            &"(".repeat(100_000),
        ] {
            assert!(Pattern::new(bomb).is_err(), "{bomb:.20}");
        }
        for usual in [
            "^[a-z][a-z0-9._-]{0,248}$",
            "[a-z0-9]+(-[a-z0-9]+){1,20}",
            r"(dev|prod)\.[a-z]{1,60}\.(events|state)\.v[0-9]{1,3}",
        ] {
            assert!(Pattern::new(usual).is_ok(), "{usual}");
        }
    }
}
