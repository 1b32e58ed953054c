//! A file's text as TOML tables whose keys and values know where they stand.

use std::collections::HashSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::Problems;
use crate::model::{Finding, Place, Source};

/// For how many duplicate keys of a file the first one is sought: each costs a look at the lines
/// before it.
const SOUGHT: usize = 100;

/// The largest file, in bytes, of which more than the first syntax error is said: each error costs
/// the parser much more memory than its text.
const RECOVERED: usize = 256 << 10;

/// How many levels of tables the parser goes down.
const LEVELS: usize = 80;

/// The code of a key that stands twice in a table.
const DUPLICATE: &str = "duplicate-key";

/// A parsed file.
pub(super) struct Document<'s> {
    table: DeTable<'s>,
}

impl<'s> Document<'s> {
    /// Parses a file. A file that is not TOML gives nothing but its syntax errors: whatever else
    /// could be said of it might follow from what is missing.
    pub(super) fn parse(source: &'s Source, problems: &mut Problems) -> Option<Self> {
        let mut errors = match DeTable::parse(source.text()) {
            Ok(table) => {
                return Some(Self {
                    table: table.into_inner(),
                });
            }
            Err(error) if source.text().len() > RECOVERED => vec![error],
            Err(_) => {
                let (table, errors) = DeTable::parse_recoverable(source.text());
                let _taken_apart = Self {
                    table: table.into_inner(),
                };
                errors
            }
        };
        errors.sort_by_key(|error| error.span().map_or(usize::MAX, |span| span.start));
        let mut follows = Follows::default();
        for (index, error) in errors.into_iter().enumerate() {
            let finding = syntax_error(source, &error, index < SOUGHT);
            if !follows.is_known(source, &finding) {
                problems.add(finding);
            }
        }
        None
    }

    /// The file's top table.
    pub(super) fn table(&self) -> &DeTable<'s> {
        &self.table
    }
}

impl Drop for Document<'_> {
    /// Takes the tables apart one by one. Dropping them as they are would recurse as deep as they
    /// are nested, which is up to the file.
    fn drop(&mut self) {
        let mut rest = vec![DeValue::Table(std::mem::take(&mut self.table))];
        while let Some(value) = rest.pop() {
            match value {
                DeValue::Table(table) => {
                    let values = table.into_iter().map(|(_, value)| value.into_inner());
                    rest.extend(values.filter(has_children));
                }
                DeValue::Array(array) => {
                    let values = array.into_iter().map(Spanned::into_inner);
                    rest.extend(values.filter(has_children));
                }
                _ => {}
            }
        }
    }
}

/// Which syntax errors only follow from earlier ones.
#[derive(Default)]
struct Follows {
    lines: HashSet<u32>,
    /// The line of a table's header that stood before already: its keys do so too.
    twice: Option<u32>,
}

impl Follows {
    fn is_known(&mut self, source: &Source, finding: &Finding) -> bool {
        let line = finding.place.line;
        // What follows on the same line is mostly the parser finding its feet again.
        if !self.lines.insert(line) {
            return true;
        }
        if finding.code != DUPLICATE {
            return false;
        }
        if header(source, line).is_some() {
            self.twice = Some(line);
            return false;
        }
        // The look goes on where the last one ended: each line is looked at once.
        let Some(from) = self.twice.filter(|from| *from < line) else {
            return false;
        };
        let is_over = (from + 1..=line).any(|line| header(source, line).is_some());
        self.twice = (!is_over).then_some(line);
        !is_over
    }
}

/// A line that is a table's header, without blanks and comment.
fn header(source: &Source, line: u32) -> Option<&str> {
    let text = source.line(line)?.split('#').next()?.trim();
    text.starts_with('[').then_some(text)
}

fn has_children(value: &DeValue<'_>) -> bool {
    matches!(value, DeValue::Table(_) | DeValue::Array(_))
}

fn syntax_error(source: &Source, error: &toml::de::Error, seek: bool) -> Finding {
    let end = source.text().len();
    if error.message() == "recursion limit" {
        return nested_too_deep(source);
    }
    let span = error.span().unwrap_or(end..end);
    let place = source.place(span.clone());
    if error.message().starts_with("duplicate key") {
        return duplicate_key(source, span, seek);
    }
    Finding::error("syntax", place, format!("not TOML: {}", error.message()))
}

/// More levels of tables than the parser goes down. It does not say where; a dotted key with so many
/// dots is easily found.
fn nested_too_deep(source: &Source) -> Finding {
    let is_deep = |line: &&str| line.bytes().filter(|byte| *byte == b'.').count() >= LEVELS - 1;
    let index = source
        .text()
        .lines()
        .take_while(|line| !is_deep(line))
        .count();
    let line = u32::try_from(index + 1).ok();
    let place = line.and_then(|line| source.line_place(line));
    let place = place.unwrap_or_else(|| Place::whole(source.file().clone()));
    let message = format!("nested more than {LEVELS} levels deep");
    Finding::error("syntax", place, message)
}

/// A key that stands twice in one table. The parser does not say where it stood first; a table's
/// header reads the same there, so that one is found.
fn duplicate_key(source: &Source, span: Range<usize>, seek: bool) -> Finding {
    let key = source.text().get(span.clone()).unwrap_or_default();
    let place = source.place(span);
    let message = format!("{} stands here twice", super::suggest::shown(key));
    let finding = Finding::error(DUPLICATE, place.clone(), message);
    let first = match header(source, place.line) {
        Some(this) if seek => (1..place.line)
            .find(|&line| header(source, line) == Some(this))
            .and_then(|line| source.line_place(line)),
        _ => None,
    };
    let finding = finding.help("remove one of them, or merge them");
    match first {
        Some(first) => finding.related(first, "first here"),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(text: &str) -> Vec<String> {
        let source = Source::new("a.toml".into(), text.to_owned());
        let mut problems = Problems::default();
        let document = Document::parse(&source, &mut problems);
        let findings = problems.finish(false);
        assert_eq!(document.is_none(), !findings.is_empty());
        let shown = |f: Finding| match f.related {
            Some((first, _)) => format!("{} {} ({})", f.place, f.message, first),
            None => format!("{} {}", f.place, f.message),
        };
        findings.into_iter().map(shown).collect()
    }

    #[test]
    fn a_duplicate_table_names_the_first_one() {
        let found = errors("[topics.a]\npartitions = 1\n\n [topics.a] # again\npartitions = 2\n");
        assert_eq!(found, ["a.toml:4:10 `a` stands here twice (a.toml:1:1)"]);
        let found = errors("a = 1\na = 2\n");
        assert_eq!(found, ["a.toml:2:1 `a` stands here twice"]);
    }

    #[test]
    fn deep_nesting_neither_parses_nor_overflows() {
        let dotted = vec!["a"; 5_000].join(".");
        assert_eq!(errors(&format!("{dotted} = 1\n")).len(), 1);
        assert_eq!(errors(&format!("[{dotted}]\n")).len(), 1);
        assert!(!errors(&format!("a = {}", "[".repeat(100_000))).is_empty());
        assert!(!errors(&format!("a = {}", "{a=".repeat(100_000))).is_empty());
    }

    #[test]
    fn the_deepest_that_parses_is_taken_apart() {
        let path = vec!["a"; 79].join(".");
        let text = format!(
            "x = {}1{}\n",
            format!("{{ {path} = ").repeat(75),
            " }".repeat(75)
        );
        let run = move || errors(&text).len();
        let small = std::thread::Builder::new().stack_size(1 << 20);
        assert_eq!(small.spawn(run).unwrap().join().unwrap(), 0);
    }
}
