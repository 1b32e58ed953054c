//! Extracts settings that many topics share into profiles: those that save the most lines first,
//! while they save enough.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::entry::{ImportedEntry, Setting, SettingTexts};
use crate::model::toml::DEFAULT;

/// A profile to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) name: String,
    pub(super) settings: SettingTexts,
}

/// The minimum number of topics for a profile.
const FEWEST_TOPICS: usize = 3;

/// Maximum sets of settings that are considered, the most frequent first.
const MOST_SETS: usize = 200;

/// Maximum number of profiles, to keep them manageable.
const MOST_PROFILES: usize = 50;

/// Maximum number of settings in a profile's name.
const MOST_WORDS: usize = 3;

/// Moves shared settings from the entries to profiles. `taken` are the names of existing profiles.
pub(super) fn factor_out(
    entries: &mut [ImportedEntry],
    taken: &BTreeSet<Arc<str>>,
) -> Vec<Profile> {
    let mut taken: BTreeSet<String> = taken.iter().map(ToString::to_string).collect();
    let mut profiles = Vec::new();
    while profiles.len() < MOST_PROFILES
        && let Some(settings) = best(entries)
    {
        let name = name(&settings, &taken);
        taken.insert(name.clone());
        for entry in entries
            .iter_mut()
            .filter(|entry| can_take(entry, &settings))
        {
            entry.settings.retain(|key, _| !settings.contains_key(key));
            entry.profile = Some(name.clone());
        }
        profiles.push(Profile { name, settings });
    }
    profiles.sort_by(|a, b| a.name.cmp(&b.name));
    profiles
}

/// Returns whether an entry has no profile yet and contains all these settings.
fn can_take(entry: &ImportedEntry, settings: &SettingTexts) -> bool {
    let says = |(key, value)| entry.settings.get(key) == Some(value);
    entry.profile.is_none() && settings.iter().all(says)
}

/// Returns the settings that save the most lines as a profile.
fn best(entries: &[ImportedEntry]) -> Option<SettingTexts> {
    let mut counts: BTreeMap<&SettingTexts, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.profile.is_none()) {
        *counts.entry(&entry.settings).or_default() += 1;
    }
    let mut sets: Vec<(&SettingTexts, usize)> =
        counts.iter().map(|(set, count)| (*set, *count)).collect();
    sets.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    sets.truncate(MOST_SETS);
    let says = |more: &SettingTexts, less: &SettingTexts| {
        less.iter().all(|(key, value)| more.get(key) == Some(value))
    };
    let saved = |set: &SettingTexts| {
        let sharing = counts.iter().filter(|(other, _)| says(other, set));
        let topics: usize = sharing.map(|(_, count)| count).sum();
        // Each topic names the profile; the profile has a header and a blank line.
        let (before, after) = (topics * set.len(), topics + set.len() + 2);
        (topics >= FEWEST_TOPICS)
            .then_some(before)
            .and_then(|before| before.checked_sub(after))
    };
    let sets = sets
        .iter()
        .filter_map(|(set, _)| Some((saved(set).filter(|lines| *lines > 0)?, *set)));
    // On a tie, the first.
    let best = sets.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, set)| set.clone())
}

/// Returns a name that describes the settings: `compact-zstd`, `retention-7d-2-in-sync`.
fn name(settings: &SettingTexts, taken: &BTreeSet<String>) -> String {
    let mut words: Vec<(usize, String)> = settings
        .iter()
        .filter(|(_, value)| !value.contains(&format!("\"{DEFAULT}\"")))
        .map(|(key, value)| word(key, value))
        .collect();
    words.sort();
    let words: Vec<String> = words
        .into_iter()
        .take(MOST_WORDS)
        .map(|(_, word)| word)
        .collect();
    let name = match words.is_empty() {
        true => "shared".to_owned(),
        false => words.join("-"),
    };
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let mut names = std::iter::once(name.clone()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or(name)
}

/// Returns how characteristic a setting is for a topic's purpose, and its part of the name.
fn word(key: &Setting, value: &str) -> (usize, String) {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { ' ' };
    let value: String = value.chars().map(plain).collect();
    let value = value.split_whitespace().collect::<Vec<_>>().join("-");
    let key = match key {
        Setting::ReplicationFactor => return (5, format!("{value}-replicas")),
        Setting::MinIsr => return (6, format!("{value}-in-sync")),
        Setting::Config(key) => key.as_str(),
    };
    match key {
        "cleanup.policy" => (0, value),
        "retention.ms" => (1, format!("retention-{value}")),
        "retention.bytes" => (2, format!("size-{value}")),
        "compression.type" => (3, value),
        "max.message.bytes" => (4, format!("messages-{value}")),
        _ => (7, format!("{}-{value}", key.replace(['.', '_'], "-"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(topic: &str, settings: &[(&str, &str)]) -> ImportedEntry {
        let setting =
            |(key, value): &(&str, &str)| (Setting::Config((*key).into()), (*value).to_owned());
        ImportedEntry {
            topic: topic.into(),
            profile: None,
            partitions: None,
            settings: settings.iter().map(setting).collect(),
            unmanaged: None,
            missing: Vec::new(),
        }
    }

    const WEEK: (&str, &str) = ("retention.ms", "\"7d\"");
    const ZSTD: (&str, &str) = ("compression.type", "\"zstd\"");
    const COMPACT: (&str, &str) = ("cleanup.policy", "\"compact\"");
    const SEGMENT: (&str, &str) = ("segment.bytes", "\"1GiB\"");

    fn named(entries: &mut [ImportedEntry], taken: &[&str]) -> Vec<String> {
        let taken = taken.iter().map(|name| Arc::from(*name)).collect();
        let profiles = factor_out(entries, &taken);
        profiles.into_iter().map(|profile| profile.name).collect()
    }

    #[test]
    fn what_many_share_gets_a_name_and_each_keeps_the_rest() {
        let mut entries: Vec<ImportedEntry> = ["a", "b", "c", "d", "e"]
            .map(|name| entry(name, &[WEEK, ZSTD]))
            .into();
        entries.push(entry("f", &[WEEK, ZSTD, SEGMENT]));
        entries.push(entry("g", &[COMPACT]));
        assert_eq!(named(&mut entries, &[]), ["retention-7d-zstd"]);
        let with = |entry: &ImportedEntry| (entry.profile.is_some(), entry.settings.len());
        let expected = [
            (true, 0),
            (true, 0),
            (true, 0),
            (true, 0),
            (true, 0),
            (true, 1),
            (false, 1),
        ];
        assert_eq!(entries.iter().map(with).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_saves_nothing_gets_no_name() {
        let mut entries = ["a", "b", "c", "d"].map(|name| entry(name, &[WEEK]));
        assert!(named(&mut entries, &[]).is_empty());
        let mut entries = ["a", "b"].map(|name| entry(name, &[WEEK, ZSTD, COMPACT, SEGMENT]));
        assert!(named(&mut entries, &[]).is_empty());
    }

    #[test]
    fn no_name_is_taken_twice() {
        let names = ["a", "b", "c", "d", "e", "f"];
        let mut entries = names.map(|name| entry(name, &[COMPACT, ZSTD]));
        assert_eq!(
            named(&mut entries, &["compact-zstd", "compact-zstd-2"]),
            ["compact-zstd-3"]
        );
    }
}
