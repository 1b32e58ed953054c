//! Estimates the memory of a file, during parsing and afterwards, from its text, before it is
//! parsed: a table of one letter takes a kilobyte.

use std::cell::Cell;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::model::{Finding, Place};

/// Maximum bytes for concurrent parsing, of one file or several.
pub(in crate::desired) const MOST_PARSING: usize = 256 << 20;

/// Maximum bytes of all parsed topics files, including their text.
pub(in crate::desired) const MOST_KEPT: usize = 192 << 20;

/// Maximum bytes of all parsed environment files, including their text.
pub(in crate::desired) const MOST_KEPT_OF_ENVIRONMENTS: usize = 48 << 20;

/// Maximum bytes of the resolved topics of one environment.
const MOST_RESOLVED: usize = 192 << 20;

/// Maximum bytes of all resolved environments of one run, as if all were kept: resolving also takes
/// time for those that are not.
const MOST_RESOLVED_OF_ALL: usize = 2 << 30;

/// An estimate, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::desired) struct Weight {
    pub(in crate::desired) parsing: usize,
    pub(in crate::desired) kept: usize,
}

/// The cost of each kind of token: during parsing, and afterwards.
mod cost {
    pub(in crate::desired) const TOKEN: usize = 60;
    pub(in crate::desired) const TABLE: (usize, usize) = (900, 450);
    /// A dotted key creates a table, which the following keys can share.
    pub(in crate::desired) const DOT: (usize, usize) = (1_400, 30);
    pub(in crate::desired) const SHARED_DOT: (usize, usize) = (0, 30);
    pub(in crate::desired) const VALUE: (usize, usize) = (150, 110);
    pub(in crate::desired) const ITEM: (usize, usize) = (130, 90);
    pub(in crate::desired) const LIST: (usize, usize) = (130, 30);
    pub(in crate::desired) const LINE: (usize, usize) = (6, 4);
}

impl Weight {
    /// Returns an upper bound, from the byte counts of the text alone.
    pub(in crate::desired) fn at_most(text: &str) -> Self {
        let mut counts = [0usize; 256];
        for &byte in text.as_bytes() {
            counts[usize::from(byte)] += 1;
        }
        let count = |byte: u8| counts[usize::from(byte)];
        let mut weight = Self::default();
        let ends = b".=,[]{} \t\r\n#\"'"
            .iter()
            .map(|byte| count(*byte))
            .sum::<usize>();
        // Between two of them is at most one other token.
        weight.add(2 * ends + 1, (cost::TOKEN, 0));
        weight.add(count(b'[') + count(b'{'), cost::TABLE);
        weight.add(count(b'.'), cost::DOT);
        weight.add(count(b'='), cost::VALUE);
        weight.add(count(b','), cost::ITEM);
        weight.add(count(b'\n') + count(b'\r'), cost::LINE);
        weight.kept += text.len();
        weight
    }

    /// Returns the estimate from the tokens of the text: the contents of strings and comments cost
    /// nothing.
    pub(in crate::desired) fn of(text: &str) -> Self {
        let mut weight = Self::default();
        let mut begins_line = true;
        let mut keys = Keys::default();
        for token in Source::new(text).lex() {
            weight.add(1, (cost::TOKEN, 0));
            let kind = token.kind();
            let span = token.span();
            let part = text.get(span.start()..span.end()).unwrap_or_default();
            let (new, shared) = keys.dots(kind, part, begins_line);
            weight.add(new, cost::DOT);
            weight.add(shared, cost::SHARED_DOT);
            weight.add(
                1,
                match kind {
                    TokenKind::LeftSquareBracket if begins_line => cost::TABLE,
                    TokenKind::LeftSquareBracket => cost::LIST,
                    TokenKind::LeftCurlyBracket => cost::TABLE,
                    TokenKind::Equals => cost::VALUE,
                    TokenKind::Comma => cost::ITEM,
                    TokenKind::Newline => cost::LINE,
                    _ => (0, 0),
                },
            );
            begins_line = match kind {
                TokenKind::Newline => true,
                // The second bracket of `[[`.
                TokenKind::Whitespace | TokenKind::LeftSquareBracket => begins_line,
                _ => false,
            };
        }
        weight.kept += text.len();
        weight
    }

    fn add(&mut self, count: usize, (parsing, kept): (usize, usize)) {
        self.parsing += count * parsing;
        self.kept += count * kept;
    }
}

/// The keys of a text, to determine which tables consecutive keys share.
#[derive(Default)]
struct Keys<'a> {
    /// The parts of a potential key.
    parts: Vec<&'a str>,
    dots: usize,
    /// The previous key in the same table.
    before: Vec<&'a str>,
    header: Vec<&'a str>,
    is_header: bool,
}

impl<'a> Keys<'a> {
    /// Returns how many dots of the key that ends with this token create a table, and how many
    /// share one.
    fn dots(&mut self, kind: TokenKind, part: &'a str, begins_line: bool) -> (usize, usize) {
        match kind {
            TokenKind::Whitespace => return (0, 0),
            TokenKind::Dot => {
                self.dots += 1;
                return (0, 0);
            }
            TokenKind::Atom | TokenKind::BasicString | TokenKind::LiteralString => {
                self.parts.push(part);
                return (0, 0);
            }
            _ => {}
        }
        let (parts, dots) = (
            std::mem::take(&mut self.parts),
            std::mem::take(&mut self.dots),
        );
        let before = match kind {
            TokenKind::Equals => &mut self.before,
            TokenKind::RightSquareBracket if self.is_header => &mut self.header,
            TokenKind::LeftSquareBracket if begins_line => {
                self.is_header = true;
                self.before.clear();
                return (0, 0);
            }
            TokenKind::LeftCurlyBracket | TokenKind::RightCurlyBracket => {
                self.before.clear();
                return (0, 0);
            }
            _ => return (0, 0),
        };
        self.is_header = false;
        let same = parts.iter().zip(&*before).take_while(|(a, b)| a == b);
        let shared = same.count().min(dots);
        *before = parts;
        (dots - shared, shared)
    }
}

/// The remaining memory for files of one kind.
#[derive(Debug)]
pub(in crate::desired) struct Room {
    kept: usize,
    most: usize,
}

impl Room {
    pub(in crate::desired) fn new(most: usize) -> Self {
        Self { kept: most, most }
    }

    /// Reserves memory for a file; files are reserved in reading order.
    ///
    /// # Errors
    /// Returns an error if the memory limit is exceeded.
    pub(in crate::desired) fn take(
        &mut self,
        place: &Place,
        text: &str,
    ) -> Result<Weight, Box<Finding>> {
        let bound = Weight::at_most(text);
        let weight = match bound.parsing <= MOST_PARSING && bound.kept <= self.kept / 4 {
            true => bound,
            false => Weight::of(text),
        };
        if weight.parsing > MOST_PARSING {
            let message = format!(
                "too many tables, keys, list items and lines for one file: parsing it would take {} MiB, and {} MiB is the limit",
                weight.parsing >> 20,
                MOST_PARSING >> 20
            );
            let finding = Finding::error("too-large", place.clone(), message);
            return Err(Box::new(finding.help("split it into several files")));
        }
        match self.kept.checked_sub(weight.kept) {
            Some(left) => {
                self.kept = left;
                Ok(weight)
            }
            None => {
                let message = format!(
                    "too many tables, keys, list items and lines: with the files before this one they would take more than {} MiB, the limit for all files",
                    self.most >> 20
                );
                let finding = Finding::error("too-large", place.clone(), message);
                Err(Box::new(finding.help(
                    "split the repository into several, each with a scope of its own",
                )))
            }
        }
    }
}

/// The remaining memory for resolving in this run.
#[derive(Debug)]
pub(in crate::desired) struct Resolving(Cell<usize>);

impl Default for Resolving {
    fn default() -> Self {
        Self(Cell::new(MOST_RESOLVED_OF_ALL))
    }
}

impl Resolving {
    /// Reserves memory for an environment or a part of it. `place` is its file.
    ///
    /// # Errors
    /// Returns an error if a memory limit is exceeded.
    pub(in crate::desired) fn take(
        &self,
        name: &str,
        place: Place,
        bytes: usize,
    ) -> Result<(), Box<Finding>> {
        let error = |message, help| Err(Box::new(too_many(place.clone(), message, help)));
        if bytes > MOST_RESOLVED {
            let message = format!(
                "the topics of {name} together are more than {} MiB",
                MOST_RESOLVED >> 20
            );
            return error(message, "their layers say too much, times too many topics");
        }
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or_default());
        match left {
            Some(_) => Ok(()),
            None => {
                let message = format!(
                    "the topics of {name} and of the environments before it are more than {} MiB together",
                    MOST_RESOLVED_OF_ALL >> 20
                );
                error(message, "name fewer environments at a time with -e")
            }
        }
    }
}

fn too_many(place: Place, message: String, help: &str) -> Finding {
    Finding::error("too-many-topics", place, message).help(help)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_in_strings_takes_nothing() {
        let topic =
            "[topics.a]\ndescription = \"a, b. {c}\" # d.e = f\nconfig.retention.ms = \"7d\"\n";
        let weight = Weight::of(topic);
        assert_eq!(weight, Weight::of(&topic.replace("a, b. {c}", "aaaaaaaaa")));
        // Close to the measured memory of such a topic.
        assert!((2_000..7_000).contains(&weight.parsing), "{weight:?}");
        assert!((500..1_500).contains(&weight.kept), "{weight:?}");
    }

    #[test]
    fn a_dot_costs_a_table_unless_the_key_before_has_it() {
        let dots = |text: &str| {
            let without = Weight::of(&text.replace('.', "_")).parsing;
            Weight::of(text).parsing - without
        };
        let (new, token) = (cost::DOT.0, 2 * cost::TOKEN);
        assert_eq!(dots("a.b = 1\na.c = 2\n"), new + 2 * token);
        assert_eq!(dots("a.b = 1\nb.c = 2\na.d = 3\n"), 3 * (new + token));
        assert_eq!(
            dots("[a.b]\na.b = 1\n[a.c]\na.b = 1\n"),
            3 * new + 4 * token
        );
        assert_eq!(dots("x = {a.b = 1}\ny = {a.b = 1}\n"), 2 * (new + token));
        assert_eq!(dots("x = [1.5, 2.5]\n"), 2 * token);
    }

    #[test]
    fn there_is_an_end() {
        let mut room = Room::new(4_000);
        let place = Place::whole("a.toml");
        assert!(room.take(&place, "[a]\nb = 1\n").is_ok());
        let many = "[a]\n".repeat(10);
        let full = room.take(&place, &many).unwrap_err();
        assert_eq!(full.code, "too-large");
        let deep = "a.b.c.d.e.f=1\nb.b.c.d.e.f=1\n".repeat(1 << 15);
        let large = Room::new(usize::MAX).take(&place, &deep).unwrap_err();
        assert!(large.message.contains("for one file"), "{}", large.message);
    }

    proptest! {
        #[test]
        fn the_bound_is_one(text in "[\\[\\]{}.=,#\"' \n\ra-c]{0,80}") {
            let (bound, weight) = (Weight::at_most(&text), Weight::of(&text));
            prop_assert!(bound.parsing + cost::TOKEN >= weight.parsing, "{bound:?} {weight:?}");
            prop_assert!(bound.kept >= weight.kept, "{bound:?} {weight:?}");
        }
    }
}
