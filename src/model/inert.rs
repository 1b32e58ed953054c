//! What a stream lets through: nothing that a terminal acts on, and nothing that the log of a pipeline
//! takes for a command, whoever wrote it.
//!
//! It is applied to whole texts where they leave the tool, once, and not where they are made. It needs
//! to know the language of a text alone, so that what it writes instead means the same there.
//!
//! What runners read as commands, of what is left once control characters are gone:
//! GitHub and Forgejo `::name …::` at the beginning of a line, blanks before it or not, and `##[name …]`
//! anywhere in it (`ActionCommand.TryParseV2` and `TryParse` of actions/runner); Azure `##[name]` and
//! `##vso[…]`, TeamCity `##teamcity[…]` and Octopus `##octopus[…]`, anywhere; GitLab `section_start:` and
//! `section_end:`. Whatever runs: a container has none of its runner's variables, and prints to its log.

use std::borrow::Cow;

use super::text::is_hostile;

/// The language of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// For a person, in colour or not.
    Text {
        /// Whether it may set colours.
        colour: bool,
    },
    /// Markdown. Values stand in code spans, which have no escapes of their own.
    Markdown,
    /// HTML.
    Html,
    /// JSON.
    Json,
    /// TOML without literal strings.
    Toml,
}

/// The text with every character written otherwise that a terminal or a runner would act on.
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

/// Whether a line needs no look at each of its characters.
fn is_plain(line: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t') && byte != b'#';
    line.bytes().all(plain) && !begins_command(line.trim_start())
}

/// Whether a runner takes what stands here, first on its line, for a command.
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
        // Some search a line as people do, and do not see these.
        if !matches!(c, '\u{fe0e}' | '\u{fe0f}') {
            begins &= c.is_whitespace();
            let word = c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            marked = (c == '#' && hash) || (marked && word);
            hash = c == '#';
        }
        rest = &rest[c.len_utf8()..];
    }
}

/// How long a setting of colours is, where one stands here: `ESC [ 1 ; 31 m`.
fn colour(rest: &str) -> Option<usize> {
    let numbers = rest.strip_prefix("\u{1b}[")?;
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    numbers[end..]
        .starts_with('m')
        .then_some(end + "\u{1b}[m".len())
}

impl Syntax {
    /// Writes a character so that it does nothing.
    fn write(self, c: char, out: &mut String) {
        match self {
            Syntax::Text { .. } | Syntax::Markdown => out.extend(c.escape_unicode()),
            // In a page it would do there what it does here.
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

/// What a run writes to the log of its workflow on GitHub: the only text that holds commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowLog {
    /// Commands, each without the `::` that it begins with and the end of its line.
    pub commands: Vec<String>,
    /// What came out, a line an environment.
    pub text: String,
}

/// Its commands, then the text for people below them. No other command is in either.
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
            // What was made inert is so in every language.
            for syntax in [PLAIN, COLOURED, Syntax::Markdown, Syntax::Html, Syntax::Json, Syntax::Toml] {
                let once = inert(&text, syntax);
                prop_assert_eq!(&inert(&once, syntax), &once);
            }
        }
    }
}
