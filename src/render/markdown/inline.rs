//! Text from elsewhere inside a line of Markdown: it can break no table, mention nobody, link
//! nowhere, run no HTML and hide nothing.
//!
//! GitHub and GitLab look for mentions, references, addresses and emoji after the Markdown is HTML,
//! so that a backslash does not keep them away. Code spans do: whatever could be one stands in one.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::inert::{Syntax, inert};
use crate::model::name::MAX_LENGTH;
use crate::model::text::{cut, escape};

/// The most of one value that is shown, in characters.
const VALUE: usize = 200;
/// The most of one sentence.
const SENTENCE: usize = 600;

/// A value as a code span.
pub(in crate::render) fn code(text: &str) -> String {
    code_of(text, VALUE)
}

/// The same for at most so many characters.
pub(in crate::render) fn code_of(text: &str, most: usize) -> String {
    let text = &*cut(text, most);
    // Renderers of tables do not agree on what a pipe after a backslash is.
    let text = escape(text).replace("\\|", "\\\\u{7c}");
    if text.is_empty() {
        return "`\"\"`".to_owned();
    }
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or_default() + 1);
    let span = match text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        true => format!("{fence} {text} {fence}"),
        false => format!("{fence}{text}{fence}"),
    };
    // Here and not at the end: the length of a comment is bounded.
    inert(&span, Syntax::Markdown).into_owned()
}

/// A sentence. What it holds between single backticks is code, as in this tool's own words.
pub fn prose(text: &str) -> String {
    let text = cut(text.trim(), SENTENCE);
    let mut out = String::with_capacity(text.len() * 5 / 4);
    let mut parts = text.split('`').peekable();
    let mut inside = false;
    while let Some(part) = parts.next() {
        // A last backtick that opens nothing is none.
        match inside && parts.peek().is_some() {
            true => out.push_str(&code(part)),
            false => {
                if inside {
                    out.push_str("\\`");
                }
                words(part, &mut out);
            }
        }
        inside = !inside;
    }
    out
}

/// What a platform makes something of wherever it stands: mentions, references, addresses, commits,
/// formulas, emoji.
static SPECIAL: LazyLock<Regex> = LazyLock::new(|| {
    let what = r"(?xi) [@\#$&] | :// | www\. | mailto: | xmpp: | \b GH-\d | (?-i: \b [A-Z][A-Z0-9_]* - \d ) | %[a-z0-9\x22] | :[a-z0-9_+-]*[a-z_+-][a-z0-9_+-]*: | :100: | :1234:
        | \b (?: [0-9]*[a-f][0-9a-f]* ) \b";
    Regex::new(what).expect("a constant that a test compiles")
});

/// The shortest abbreviation of a commit that GitHub links.
const SHORTEST_COMMIT: usize = 7;

fn is_special(word: &str) -> bool {
    let commit = |found: &str| {
        let hex = found.chars().all(|c| c.is_ascii_hexdigit());
        hex && found.len() < SHORTEST_COMMIT
    };
    SPECIAL.find_iter(word).any(|found| !commit(found.as_str()))
}

fn words(text: &str, out: &mut String) {
    for (index, word) in text.split(' ').enumerate() {
        if index > 0 {
            out.push(' ');
        }
        match is_special(word) {
            true => out.push_str(&code_of(word, SENTENCE)),
            false => plain(&escape(word), out),
        }
    }
}

/// Characters that Markdown gives a meaning, with a backslash before them. At the beginning of a line
/// more of them begin something: a list, a heading's line.
fn plain(word: &str, out: &mut String) {
    let begins = out.bytes().all(|b| b == b' ');
    let number = word.strip_suffix(['.', ')']);
    let is_number = number.is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
    for (index, c) in word.char_indices() {
        let special = match c {
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '!' | '~' => true,
            // GitLab's quick actions begin a line, too: `/close`.
            '-' | '+' | '=' | ':' | '/' => begins && index == 0,
            '.' | ')' => begins && is_number,
            _ => false,
        };
        if special {
            out.push('\\');
        }
        out.push(c);
    }
}

/// A value as code in a line of HTML: the names of Kafka's topics are never longer.
pub(in crate::render) fn html_code(text: &str) -> String {
    let code = format!("<code>{}</code>", html(&cut(text, MAX_LENGTH)));
    inert(&code, Syntax::Html).into_owned()
}

/// Text in HTML, between tags or in an attribute.
pub(in crate::render) fn html(text: &str) -> String {
    let text = escape(text);
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_code_whatever_they_hold() {
        assert_eq!(code("7d (604800000)"), "`7d (604800000)`");
        assert_eq!(code(""), "`\"\"`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\n\u{202e}b"), "`a\\n\\u{202e}b`");
        assert_eq!(code("a|b"), "`a|b`");
        assert_eq!(code("a\\|b"), "`a\\\\u{7c}b`");
        let long = code(&"x".repeat(10_000));
        assert!(long.ends_with("x… (9,800 more characters)`"), "{long}");
    }

    #[test]
    fn sentences_stay_readable() {
        let sentence = "partitions 6 → 3: Kafka cannot remove partitions";
        assert_eq!(prose(sentence), sentence);
        assert_eq!(
            prose("set unmanaged = [\"x\"], or `a_b`"),
            "set unmanaged = \\[\"x\"\\], or `a_b`"
        );
        assert_eq!(prose("one ` alone"), "one \\` alone");
        assert_eq!(prose("1. x"), "1\\. x");
        assert_eq!(prose("- - x"), "\\- - x");
        assert_eq!(
            prose("2026-11-21T00:13:20Z, 1. x"),
            "2026-11-21T00:13:20Z, 1. x"
        );
    }

    #[test]
    fn what_a_platform_would_make_something_of_is_code() {
        for (text, expected) in [
            ("by anna@host.example", "by `anna@host.example`"),
            ("ask @org/team!", "ask `@org/team!`"),
            ("see #12 and GH-12", "see `#12` and `GH-12`"),
            ("GL-3 and PROJ_2-17", "`GL-3` and `PROJ_2-17`"),
            ("min-1 a-2 UTF", "min-1 a-2 UTF"),
            ("(https://x.y)", "`(https://x.y)`"),
            ("WWW.x.y", "`WWW.x.y`"),
            ("commit 4f2a9c1", "commit `4f2a9c1`"),
            ("added 604800000 decade", "added 604800000 decade"),
            ("a :tada: b", "a `:tada:` b"),
            ("${VAR} &lt;", "`${VAR}` `&lt;`"),
            ("<script>", "\\<script\\>"),
            ("[x](y)", "\\[x\\](y)"),
        ] {
            assert_eq!(prose(text), expected);
        }
    }

    #[test]
    fn nothing_of_a_text_is_html() {
        assert_eq!(
            html("<a href='x' t=\"&\">\u{1b}"),
            "&lt;a href=&#39;x&#39; t=&quot;&amp;&quot;&gt;\\u{1b}"
        );
    }
}
