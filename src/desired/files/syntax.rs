//! Messages for TOML syntax errors, for users who do not know the grammar.

use std::collections::HashSet;

use toml::de::Error;

use crate::desired::suggest::shown;
use crate::model::{Finding, Place, SourceText};

/// The parser's maximum depth of nested tables.
const LEVELS: usize = 80;

/// The number of duplicate keys per file for which the first occurrence is searched: each search
/// scans the lines before it.
const SOUGHT: usize = 100;

/// Maximum findings per file.
const MOST: usize = 2_000;

/// The code of duplicate keys in a table.
const DUPLICATE: &str = "duplicate-key";

/// Returns the findings of a file, without those that are consequences of others.
pub(in crate::desired) fn findings(source: &SourceText, mut errors: Vec<Error>) -> Vec<Finding> {
    errors.sort_by_key(|error| error.span().map_or(usize::MAX, |span| span.start));
    let mut follows = Follows::default();
    let mut findings = Vec::new();
    for (index, error) in errors.iter().enumerate() {
        let finding = finding(source, error, index < SOUGHT);
        if !follows.is_known(source, &finding) {
            findings.push(finding);
        }
        if follows.yaml || findings.len() >= MOST {
            break;
        }
    }
    findings
}

fn finding(source: &SourceText, error: &Error, seek: bool) -> Finding {
    let message = error.message();
    if message == "recursion limit" {
        return nested_too_deep(source);
    }
    let end = source.text().len();
    let span = error.span().unwrap_or(end..end);
    let text = source.text().get(span.clone()).unwrap_or_default();
    let place = source.place(span);
    if message.starts_with("duplicate key") {
        return duplicate_key(source, place, text, seek);
    }
    let line = source.line(place.line).unwrap_or_default();
    let (message, help) = words(message, text, line);
    let finding = Finding::error("syntax", place, message);
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// The parser's message, a plainer message, and the fix.
const PLAINER: [(&str, &str, &str); 12] = [
    (
        "unclosed table",
        "the header is not closed",
        "end it with ]",
    ),
    ("unclosed array", "the list is not closed", "end it with ]"),
    (
        "unclosed inline table",
        "the table is not closed",
        "end it with }",
    ),
    (
        "invalid basic string",
        "the string is not closed",
        "end it with \"",
    ),
    (
        "invalid literal string",
        "the string is not closed",
        "end it with '",
    ),
    (
        "missing escaped value",
        "`\\` begins an escape, and this is none",
        "write it twice, or put the string in single quotes",
    ),
    (
        "key with no value",
        "there is no `=` and no value",
        "TOML writes key = value",
    ),
    (
        "invalid unquoted key",
        "a key has letters, digits, `-` and `_` unless it is quoted",
        "quote it: \"…\"",
    ),
    (
        "unquoted keys cannot be empty",
        "a key has letters, digits, `-` and `_` unless it is quoted",
        "quote it: \"…\"",
    ),
    (
        "missing comma",
        "before this a comma is missing, or a closing bracket",
        "add the one that is missing",
    ),
    (
        "unexpected key or value",
        "this is left over after the value",
        "a line holds one key = value; what follows `#` is a comment",
    ),
    (
        "unexpected leading zero",
        "a number does not begin with 0",
        "leave the 0 out",
    ),
];

/// Returns a plainer message with its fix. `text` is the text at the parser's position.
fn words(message: &str, text: &str, line: &str) -> (String, Option<String>) {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    if let Some(said) = words_for_what_is_there(what, text, line) {
        return said;
    }
    let plainer = PLAINER.iter().find(|(start, ..)| what.starts_with(start));
    match plainer {
        Some((_, message, help)) => said(*message, help),
        None if expected.is_empty() || expected == "nothing" => (format!("not TOML: {what}"), None),
        None => (format!("not TOML: {message}"), None),
    }
}

fn said(message: impl Into<String>, help: &str) -> (String, Option<String>) {
    (message.into(), Some(help.to_owned()))
}

/// Returns a message that depends on the text at the place.
fn words_for_what_is_there(what: &str, text: &str, line: &str) -> Option<(String, Option<String>)> {
    let line = line.trim();
    Some(match what {
        "string values must be quoted" => unquoted(text),
        "invalid float" | "invalid boolean" if text.starts_with(char::is_alphabetic) => {
            unquoted(text)
        }
        "unclosed table" if line.ends_with(']') => said(
            "a key with blanks or other special characters needs quotes",
            "quote it: [topics.\"a b\"]",
        ),
        "key with no value" | "invalid unquoted key" if is_yaml(line) => said(
            "this is not TOML: `:` stands where `=` is expected",
            "TOML writes key = value, and [table] above the keys of a table",
        ),
        "key with no value" if line.ends_with(']') => {
            said("the header is not opened", "begin it with [")
        }
        "invalid key-value pair" if line.starts_with('{') => said(
            "this is not TOML but JSON",
            "TOML writes [topics.name], and its keys below",
        ),
        "cannot extend value of type inline table with a dotted key" => said(
            format!(
                "{} is complete already, in braces: nothing can be added to it",
                shown(text)
            ),
            "write all of it as dotted keys, or all of it in the braces",
        ),
        _ if what.starts_with("cannot extend value of type") => said(
            format!(
                "{} has a value already, so no key can stand below it",
                shown(text)
            ),
            "remove one of them",
        ),
        _ => return None,
    })
}

/// Returns the message for an unquoted value that is not a number.
fn unquoted(text: &str) -> (String, Option<String>) {
    let help = match text.to_ascii_lowercase().as_str() {
        "" => return ("there is no value after `=`".to_owned(), None),
        "true" | "yes" | "on" => "TOML writes true".to_owned(),
        "false" | "no" | "off" => "TOML writes false".to_owned(),
        "null" | "none" | "nil" | "~" => "TOML has no such value: leave the key out".to_owned(),
        _ if text.starts_with(|c: char| c.is_ascii_digit()) && text.contains(' ') => {
            "a line holds one key = value".to_owned()
        }
        _ if text.len() > 60 => "write it in quotes".to_owned(),
        _ => format!(
            "write it in quotes: \"{}\"",
            text.trim_matches(['“', '”', '‘', '’', '"', '\''])
        ),
    };
    (format!("{} is no value", shown(text)), Some(help))
}

/// Returns whether a line looks like YAML or JSON.
fn is_yaml(line: &str) -> bool {
    let colon = line.find(':');
    colon.is_some_and(|colon| !line[..colon].contains(['=', '"', '\'', '#', '[']))
}

/// Creates the finding of too many nested tables. The parser reports no position; a dotted key with
/// that many dots can be found.
fn nested_too_deep(source: &SourceText) -> Finding {
    let is_deep = |line: &&str| line.bytes().filter(|byte| *byte == b'.').count() >= LEVELS - 1;
    let index = source
        .text()
        .lines()
        .take_while(|line| !is_deep(line))
        .count();
    let line = u32::try_from(index + 1).ok();
    let place = line.and_then(|line| source.line_place(line));
    let place = place.unwrap_or_else(|| Place::whole(source.file().clone()));
    Finding::error(
        "syntax",
        place,
        format!("nested more than {LEVELS} levels deep"),
    )
}

/// Creates the finding of a duplicate key. The parser does not report the first occurrence.
fn duplicate_key(source: &SourceText, place: Place, key: &str, seek: bool) -> Finding {
    let message = format!("{} stands here twice", shown(key));
    let first = match seek {
        true => first_of(source, place.line, key),
        false => None,
    };
    let finding =
        Finding::error(DUPLICATE, place, message).help("remove one of them, or merge them");
    match first {
        Some(first) => finding.related(first, "first here"),
        None => finding,
    }
}

/// Returns the first occurrence of a duplicate: an equal header, or a key at the beginning of a
/// line in the same table.
fn first_of(source: &SourceText, line: u32, key: &str) -> Option<Place> {
    if let Some(this) = header(source, line)
        && let Some(first) = (1..line).find(|&line| header(source, line) == Some(this))
    {
        return source.line_place(first);
    }
    let begins = |line: &u32| {
        let text = source.line(*line).unwrap_or_default().trim_start();
        let rest = text.strip_prefix(key).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with(['=', '.']))
    };
    let table = (1..line)
        .rev()
        .take_while(|&line| header(source, line).is_none());
    table
        .filter(begins)
        .last()
        .and_then(|line| source.line_place(line))
}

/// Returns a line that is a table header, without blanks and comment.
fn header(source: &SourceText, line: u32) -> Option<&str> {
    let text = source.line(line)?.split('#').next()?.trim();
    text.starts_with('[').then_some(text)
}

/// Filters syntax errors that are consequences of earlier ones.
#[derive(Default)]
struct Follows {
    lines: HashSet<u32>,
    /// The line of a duplicate table header: its keys are duplicates, too.
    twice: Option<u32>,
    /// Whether the file is in another language: every line is an error then.
    yaml: bool,
}

impl Follows {
    fn is_known(&mut self, source: &SourceText, finding: &Finding) -> bool {
        let line = finding.place.line;
        // Further errors on the same line mostly come from the parser's recovery.
        if !self.lines.insert(line) {
            return true;
        }
        self.yaml |= source.line(line).is_some_and(is_yaml) && finding.code == "syntax";
        if finding.code != DUPLICATE {
            return false;
        }
        if header(source, line).is_some() {
            self.twice = Some(line);
            return false;
        }
        // Continues where the last search ended, so that each line is scanned once.
        let Some(from) = self.twice.filter(|from| *from < line) else {
            return false;
        };
        let is_over = (from + 1..=line).any(|line| header(source, line).is_some());
        self.twice = (!is_over).then_some(line);
        !is_over
    }
}

#[cfg(test)]
mod tests {
    use toml::de::DeTable;

    use super::*;

    fn errors(text: &str) -> Vec<String> {
        let source = SourceText::new("a.toml".into(), text.to_owned());
        let (_, errors) = DeTable::parse_recoverable(source.text());
        let shown = |f: Finding| match f.related {
            Some((first, _)) => format!("{} {} ({first})", f.place, f.message),
            None => format!("{} {}", f.place, f.message),
        };
        findings(&source, errors).into_iter().map(shown).collect()
    }

    #[test]
    fn duplicates_name_the_first_one() {
        let found = errors("[topics.a]\npartitions = 1\n\n [topics.a] # again\npartitions = 2\n");
        assert_eq!(found, ["a.toml:4:10 `a` stands here twice (a.toml:1:1)"]);
        let found = errors("b.c = 0\na = 1\na = 2\n");
        assert_eq!(found, ["a.toml:3:1 `a` stands here twice (a.toml:2:1)"]);
        let found = errors("[t]\na.b = 1\n[t.a]\nc = 2\n");
        assert_eq!(found, ["a.toml:3:4 `a` stands here twice (a.toml:2:1)"]);
    }

    #[test]
    fn what_follows_is_not_said() {
        let yaml = "topics:\n  - name: a\n    partitions: 3\n";
        assert_eq!(errors(yaml).len(), 1);
        let found = errors("a = yes\n[b\nc = 1\n");
        assert_eq!(
            found,
            [
                "a.toml:1:5 `yes` is no value",
                "a.toml:2:3 the header is not closed"
            ]
        );
    }

    #[test]
    fn messages_are_in_plain_words() {
        let said = |text: &str| errors(text).remove(0);
        assert_eq!(said("owner = team\n"), "a.toml:1:9 `team` is no value");
        assert_eq!(said("a = \n"), "a.toml:1:5 there is no value after `=`");
        assert_eq!(said("a = 'x\n"), "a.toml:1:7 the string is not closed");
        assert_eq!(said("a\n"), "a.toml:1:2 there is no `=` and no value");
        assert_eq!(said("a = 1 b = 2\n"), "a.toml:1:5 `1 b` is no value");
        assert_eq!(
            said("a = 01\n"),
            "a.toml:1:5 a number does not begin with 0"
        );
        assert_eq!(
            said("a = { b = 1 }\na.c = 2\n"),
            "a.toml:2:1 `a` is complete already, in braces: nothing can be added to it"
        );
    }

    #[test]
    fn deep_nesting_has_a_place() {
        let dotted = vec!["a"; 5_000].join(".");
        let found = errors(&format!("# first\n{dotted} = 1\n"));
        assert_eq!(found, ["a.toml:2:1 nested more than 80 levels deep"]);
    }
}
