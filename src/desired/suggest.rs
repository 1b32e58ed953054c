//! Suggested spellings of unknown words.

use std::fmt::Display;

use crate::model::text::escape;

/// Maximum length of a word to suggest for.
const LONGEST: usize = 80;

/// Maximum number of candidates.
const MOST: usize = 1_000;

/// Returns the closest candidate, if one is close enough. `-` and `_` are equal, and case is
/// ignored.
pub fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let word = plain(word);
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let rank = |candidate: &str| {
        let plain = plain(candidate);
        let near = plain.len().abs_diff(word.len()) <= allowed;
        let distance = near.then(|| strsim::osa_distance(&word, &plain));
        match distance.filter(|distance| *distance <= allowed) {
            Some(distance) => Some((0, distance)),
            // production, prod
            None if word.len().min(plain.len()) > 2 => {
                let longer = word.starts_with(&plain) || plain.starts_with(&word);
                longer.then(|| (1, plain.len().abs_diff(word.len())))
            }
            None => None,
        }
    };
    candidates
        .into_iter()
        .take(MOST)
        .filter_map(|candidate| Some((rank(candidate)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns "did you mean `x`?", or the list of valid words if it is short enough.
pub(super) fn help<'a>(
    word: &str,
    what: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(likely) = closest(word, candidates.clone()) {
        return Some(format!("did you mean `{likely}`?"));
    }
    let mut all: Vec<&str> = candidates.into_iter().take(31).collect();
    all.sort_unstable();
    match all.len() {
        0 => Some(format!("there are no {what}")),
        31.. => None,
        _ => Some(format!("{what}: {}", all.join(", "))),
    }
}

/// Formats a user's word for a message: in backticks, on one line, truncated.
pub(super) fn shown(word: impl Display) -> String {
    let word = word.to_string();
    let mut short: String = word.chars().take(LONGEST).collect();
    if short.len() < word.len() {
        short.push('…');
    }
    format!("`{}`", escape(&short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["partitions", "profile", "owner", "retention.ms"];
        assert_eq!(closest("partitons", known), Some("partitions"));
        assert_eq!(closest("Retentoin.ms", known), Some("retention.ms"));
        assert_eq!(closest("ownr", known), Some("owner"));
        assert_eq!(closest("zzz", known), None);
        assert_eq!(closest("production", ["dev", "prod"]), Some("prod"));
        assert_eq!(closest(&"partitions".repeat(1000), known), None);
    }

    #[test]
    fn without_a_near_word_all_are_listed() {
        let help_for = |word| help(word, "profiles", ["cdc", "events"]);
        assert_eq!(help_for("event").as_deref(), Some("did you mean `events`?"));
        assert_eq!(help_for("xyz").as_deref(), Some("profiles: cdc, events"));
        let none: [&str; 0] = [];
        let help = help("x", "profiles", none);
        assert_eq!(help.as_deref(), Some("there are no profiles"));
    }

    #[test]
    fn words_are_short_and_harmless() {
        assert_eq!(shown("a\u{1b}b"), "`a\\u{1b}b`");
        assert_eq!(shown("x".repeat(100)).chars().count(), LONGEST + 3);
    }
}
