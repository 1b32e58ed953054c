//! Escaping of text from elsewhere (a cluster, a file, a variable) for printing.

use std::borrow::Cow;

/// Returns whether a character could move the cursor, set colours, reorder the displayed text or
/// hide it: control characters, line separators, and Unicode's default ignorable characters
/// (DerivedCoreProperties.txt), except for the two that select text or emoji presentation.
pub(super) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Escapes every control, ANSI and bidirectional character as `\u{…}`, and line ends: the result
/// stays on one line.
pub fn escape(text: &str) -> Cow<'_, str> {
    // Fast path: most texts are printable ASCII.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) || !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\t' => safe.push_str("\\t"),
            c if is_hostile(c) => safe.extend(c.escape_unicode()),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// Formats a count with its noun: `1 topic`, `3 topics`.
pub fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// Formats a number in groups of three digits: `1,000,000`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Joins the first names of a list, and the count of the others: `a, b, c and 9 more`.
pub fn names<T: ToString>(all: &[T], most: usize) -> String {
    let shown: Vec<String> = all.iter().take(most).map(T::to_string).collect();
    let shown = shown.join(", ");
    match all.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Truncates a text to `most` characters, with the count of the others: `aaa… (9,997 more
/// characters)`.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    let Some((end, _)) = text.char_indices().nth(most) else {
        return Cow::Borrowed(text);
    };
    let left = text[end..].chars().count();
    let characters = if left == 1 { "character" } else { "characters" };
    Cow::Owned(format!(
        "{}… ({} more {characters})",
        &text[..end],
        grouped(left)
    ))
}

/// Replaces hostile characters other than tabs by `\u{fffd}`. The number of characters stays the
/// same, for text in which columns are counted.
pub fn mask(text: &str) -> String {
    let safe = |c: char| match is_hostile(c) && c != '\t' {
        true => char::REPLACEMENT_CHARACTER,
        false => c,
    };
    text.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        let numbers = [0, 12, 123, 1_234, 123_456, 1_000_000];
        let expected = ["0", "12", "123", "1,234", "123,456", "1,000,000"];
        assert_eq!(numbers.map(grouped), expected);
    }

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(escape("naïve 漢字 ok"), "naïve 漢字 ok");
        assert_eq!(escape("a\u{1b}[31mb\nc"), "a\\u{1b}[31mb\\nc");
        assert_eq!(mask("\ta\u{202e}b"), "\ta\u{fffd}b");
        assert_eq!(escape("\u{202e}txt.exe\u{9b}"), "\\u{202e}txt.exe\\u{9b}");
        assert_eq!(escape("a\u{61c}\u{e0100}"), "a\\u{61c}\\u{e0100}");
        assert_eq!(escape("\u{26a0}\u{fe0f}"), "\u{26a0}\u{fe0f}");
    }

    #[test]
    fn what_is_cut_says_how_much_is_left_out() {
        assert_eq!(cut("漢字", 2), "漢字");
        assert_eq!(cut("漢字", 1), "漢… (1 more character)");
        let long = "x".repeat(10_000);
        assert_eq!(cut(&long, 3), "xxx… (9,997 more characters)");
    }
}
