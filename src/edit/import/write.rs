//! Formats entries as text.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::entry::{ImportedEntry, Setting, SettingTexts};
use super::profiles::Profile;
use super::{Import, Written};
use crate::desired::{Draft, Requirement};
use crate::model::ConfigKey;
use crate::model::text::escape;
use crate::model::toml;

/// Returns the files with entries and profiles, and the place of each entry.
pub(super) fn files(
    import: &Import<'_>,
    entries: &[ImportedEntry],
    profiles: &[Profile],
) -> (Vec<Draft>, Vec<Written>) {
    let mut files: BTreeMap<PathBuf, Text> = BTreeMap::new();
    let mut written = Vec::new();
    let begin = || Text::begin(head(import));
    if !profiles.is_empty() {
        let path = import.split.profiles();
        let text = files.entry(path).or_insert_with(begin);
        let mut all = String::new();
        profiles
            .iter()
            .for_each(|profile| put_profile(profile, &mut all));
        text.push(&all);
    }
    for entry in entries {
        let path = import.split.file(&entry.topic);
        let text = files.entry(path.clone()).or_insert_with(begin);
        text.push("\n");
        written.push(Written {
            line: 1 + text.lines,
            path,
            topic: entry.topic.clone(),
        });
        let mut one = String::new();
        put_entry(entry, import, &mut one);
        text.push(&one);
    }
    let draft = |(path, text): (PathBuf, Text)| Draft {
        path,
        text: text.text,
    };
    (files.into_iter().map(draft).collect(), written)
}

/// A file's text with a running line count: recounting for each entry would take quadratic time.
struct Text {
    text: String,
    lines: u32,
}

impl Text {
    fn begin(head: String) -> Self {
        let mut text = Self {
            text: String::new(),
            lines: 0,
        };
        text.push(&head);
        text
    }

    fn push(&mut self, lines: &str) {
        self.text.push_str(lines);
        self.lines += lines.lines().count() as u32;
    }
}

fn head(import: &Import<'_>) -> String {
    let name = &import.desired.environment.name;
    format!(
        "# What `topicsmith import -e {name}` found. All other settings come from [defaults] of {name}.\n"
    )
}

fn put_profile(profile: &Profile, text: &mut String) {
    text.push_str(&format!("\n[profiles.{}]\n", toml::key(&profile.name)));
    put_settings(&profile.settings, text);
}

fn put_entry(entry: &ImportedEntry, import: &Import<'_>, text: &mut String) {
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("[topics.{}]", toml::key(entry.topic.as_str())));
    for missing in &entry.missing {
        line(format!("# {}", escape(&to_do(missing))));
    }
    if import.is_one_of_several {
        let name = &import.desired.environment.name;
        line(format!("environments = {}", toml::list([&**name])));
    }
    if let Some(profile) = &entry.profile {
        line(format!("profile = {}", toml::string(profile)));
    }
    if let Some(partitions) = entry.partitions {
        line(format!("partitions = {partitions}"));
    }
    put_settings(&entry.settings, text);
    if let Some(unmanaged) = &entry.unmanaged {
        let list = toml::list(unmanaged.iter().map(String::as_str));
        text.push_str(&format!("unmanaged = {list}\n"));
    }
}

/// Returns a line for the user to complete.
fn to_do(missing: &Requirement) -> String {
    let line = match missing {
        Requirement::Owner => "owner = \"…\"".to_owned(),
        Requirement::Description => "description = \"…\"".to_owned(),
        Requirement::Labels => "labels = { … = \"…\" }".to_owned(),
        Requirement::Label(label) => format!("labels.{} = \"…\"", toml::key(label)),
        Requirement::Traffic => {
            "traffic = { messages_per_day = …, average_size = \"…\" }".to_owned()
        }
        Requirement::Config(key) => format!("config.{key} = …"),
    };
    format!("{line:<24} required by [rules]")
}

fn put_settings(settings: &SettingTexts, text: &mut String) {
    let configs = || settings.keys().filter_map(config);
    for (setting, value) in settings {
        let key = match setting {
            Setting::ReplicationFactor => "replication_factor".to_owned(),
            Setting::MinIsr => "min_insync_replicas".to_owned(),
            Setting::Config(key) => format!("config.{}", toml::config_key(key, configs())),
        };
        text.push_str(&format!("{key} = {value}\n"));
    }
}

fn config(setting: &Setting) -> Option<&ConfigKey> {
    match setting {
        Setting::Config(key) => Some(key),
        Setting::ReplicationFactor | Setting::MinIsr => None,
    }
}
