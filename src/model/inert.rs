//! Output sanitizing: removes everything that a terminal acts on or that the log of a CI runner
//! interprets as a command, from any source.
//!
//! It is applied once, to whole texts where they leave the tool. It needs only the syntax of a text
//! to write a replacement with the same meaning.
//!
//! Commands that runners recognize once control characters are removed: GitHub and Forgejo `::name
//! …::` at the beginning of a line, after optional blanks, and `##[name …]` anywhere in it
//! (`ActionCommand.TryParseV2` and `TryParse` of actions/runner); Azure `##[name]` and `##vso[…]`,
//! TeamCity `##teamcity[…]` and Octopus `##octopus[…]`, anywhere; GitLab `section_start:` and
//! `section_end:`. All of them are always escaped, because a container cannot detect its runner: it
//! has none of the runner's variables, but prints to its log.

use std::borrow::Cow;

use super::text::is_hostile;

/// The syntax of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Plain text, with or without colour.
    Text {
        /// Whether colour sequences are kept.
        colour: bool,
    },
    /// Markdown. Values are in code spans, which have no escapes.
    Markdown,
    /// HTML.
    Html,
    /// JSON.
    Json,
    /// TOML without literal strings.
    Toml,
}

/// Returns the text with every character escaped that a terminal or a runner would act on.
pub fn inert(text: &str, syntax: Syntax) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !is_plain(line) {
            out.push_str(&text[done..at]);
            one(line, syntax, &mut out);
            done = at + line.len();
        }
        at += line.len();
    }
    match done {
        0 => Cow::Borrowed(text),
        _ => Cow::Owned(out + &text[done..]),
    }
}

/// Returns whether a line can be copied without checking each character.
fn is_plain(line: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t') && byte != b'#';
    line.bytes().all(plain) && !begins_command(line.trim_start())
}

/// Returns whether a runner interprets the beginning of `rest`, the first non-blank text of its
/// line, as a command.
fn begins_command(rest: &str) -> bool {
    let named = |rest: &str| rest.starts_with(|c: char| !matches!(c, ':' | ' ' | '\n'));
    rest.strip_prefix("::").is_some_and(named)
        || rest.starts_with("section_start:")
        || rest.starts_with("section_end:")
}

fn one(line: &str, syntax: Syntax, out: &mut String) {
    let (mut begins, mut hash, mut marked) = (true, false, false);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if syntax == (Syntax::Text { colour: true })
            && let Some(length) = colour(rest)
        {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let hostile = is_hostile(c) && !matches!(c, '\n' | '\t');
        let command = (c == '[' && marked) || (begins && begins_command(rest));
        match hostile || command {
            true => syntax.write(c, out),
            false => out.push(c),
        }
        // Some runners search the visible text and skip these characters.
        if !matches!(c, '\u{fe0e}' | '\u{fe0f}') {
            begins &= c.is_whitespace();
            let word = c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            marked = (c == '#' && hash) || (marked && word);
            hash = c == '#';
        }
        rest = &rest[c.len_utf8()..];
    }
}

/// Returns the length of a colour sequence at the beginning of a text: `ESC [ 1 ; 31 m`.
fn colour(rest: &str) -> Option<usize> {
    let numbers = rest.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    numbers[end..]
        .starts_with('m')
        .then_some(end + "\u{1b}[m".len())
}

impl Syntax {
    /// Appends a character in an escaped form.
    fn write(self, c: char, out: &mut String) {
        match self {
            Syntax::Text { .. } | Syntax::Markdown => out.extend(c.escape_unicode()),
            // A character reference would have the same effect in the page.
            Syntax::Html if is_hostile(c) => out.extend(c.escape_unicode()),
            Syntax::Html => out.push_str(&format!("&#{};", u32::from(c))),
            Syntax::Json => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            Syntax::Toml if c > '\u{ffff}' => out.push_str(&format!("\\U{:08X}", u32::from(c))),
            Syntax::Toml => out.push_str(&format!("\\u{:04X}", u32::from(c))),
        }
    }
}

/// Output for the log of a GitHub workflow, the only text that may contain workflow commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowLog {
    /// Commands, without the leading `::` and the line end.
    pub commands: Vec<String>,
    /// The text output, one line per environment.
    pub text: String,
}

/// Writes the commands, then the text. Neither can contain other commands.
impl std::fmt::Display for WorkflowLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plain = Syntax::Text { colour: false };
        for command in &self.commands {
            writeln!(f, "::{}", inert(command, plain))?;
        }
        f.write_str(&inert(&self.text, plain))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAIN: Syntax = Syntax::Text { colour: false };
    const COLOURED: Syntax = Syntax::Text { colour: true };

    #[test]
    fn no_line_is_a_command() {
        for (text, expected) in [
            ("::error::x", "\\u{3a}:error::x"),
            (
                "a\n \u{3000}::stop-commands::x\n",
                "a\n \u{3000}\\u{3a}:stop-commands::x\n",
            ),
            ("a\r::error::x", "a\\u{d}::error::x"),
            ("x ##[add-mask]y", "x ##\\u{5b}add-mask]y"),
            ("###vso[task.x]##[y]", "###vso\\u{5b}task.x]##\\u{5b}y]"),
            ("#\u{fe0f}#TeamCity['", "#\u{fe0f}#TeamCity\\u{5b}'"),
            ("\tsection_end:1:x", "\t\\u{73}ection_end:1:x"),
        ] {
            assert_eq!(inert(text, PLAIN), expected);
        }
    }

    #[test]
    fn what_is_no_command_stays() {
        for text in [
            "",
            " ::: topics/a.toml:1:2\n",
            ":: x\n::\n",
            "## Heading [x]\n# #[x] ##x y[z]\n",
            "a::b::c ::error::\n",
            "\u{26a0}\u{fe0f} na\u{ef}ve \u{6f22}\u{5b57}\n",
        ] {
            assert_eq!(inert(text, PLAIN), text);
        }
    }

    #[test]
    fn colours_pass_where_they_are_shown_and_nothing_else_does() {
        let text = "\u{1b}[1;31mred\u{1b}[0m\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}1m";
        let rest = "\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{9b}1m";
        assert_eq!(
            inert(text, COLOURED),
            format!("\u{1b}[1;31mred\u{1b}[0m{rest}")
        );
        assert!(!inert(text, PLAIN).contains('\u{1b}'));
        let command = "\u{1b}[1m ::error::x ##\u{1b}[0m[x]";
        let expected = "\u{1b}[1m \\u{3a}:error::x ##\u{1b}[0m\\u{5b}x]";
        assert_eq!(inert(command, COLOURED), expected);
    }

    #[test]
    fn each_language_has_its_own_words() {
        let text = "##[x] \u{202e}\u{e0001}";
        assert_eq!(inert(text, Syntax::Html), "##&#91;x] \\u{202e}\\u{e0001}");
        assert_eq!(
            inert(text, Syntax::Json),
            "##\\u005bx] \\u202e\\udb40\\udc01"
        );
        assert_eq!(inert(text, Syntax::Toml), "##\\u005Bx] \\u202E\\U000E0001");
    }

    proptest! {
        #[test]
        fn json_and_toml_say_the_same(text in "(?s)[#\\[:a\\\\\"'\u{1b}\u{202e}\u{e0001}\u{9b}\u{7f}\n\u{2028}]{0,40}") {
            let value = serde_json::json!({ text.clone(): [text.clone()] });
            let written = format!("{value:#}");
            let safe = inert(&written, Syntax::Json);
            let read: serde_json::Value = serde_json::from_str(&safe).expect("it is JSON");
            prop_assert_eq!(&read, &value, "{}", safe);
            let raw = ['\u{1b}', '\u{202e}', '\u{9b}', '\u{7f}', '\u{2028}'];
            prop_assert!(!safe.contains("##[") && !safe.contains(raw), "{}", safe);
            // Sanitized text stays unchanged in every syntax.
            for syntax in [PLAIN, COLOURED, Syntax::Markdown, Syntax::Html, Syntax::Json, Syntax::Toml] {
                let once = inert(&text, syntax);
                prop_assert_eq!(&inert(&once, syntax), &once);
            }
        }
    }
}
