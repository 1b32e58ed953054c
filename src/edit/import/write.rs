//! Entries as text.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::entry::{Entry, Setting, Settings};
use super::profiles::Profile;
use super::{Import, Written};
use crate::desired::{Draft, Requirement};
use crate::edit::words;
use crate::model::ConfigKey;
use crate::model::text::escape;

/// The files that the entries and profiles stand in, and where each entry stands.
pub(super) fn files(
    import: &Import<'_>,
    entries: &[Entry],
    profiles: &[Profile],
) -> (Vec<Draft>, Vec<Written>) {
    let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
    let mut written = Vec::new();
    if !profiles.is_empty() {
        let text = files
            .entry(import.split.profiles())
            .or_insert_with(|| head(import));
        profiles
            .iter()
            .for_each(|profile| put_profile(profile, text));
    }
    for entry in entries {
        let path = import.split.file(&entry.topic);
        let text = files.entry(path.clone()).or_insert_with(|| head(import));
        text.push('\n');
        written.push(Written {
            line: 1 + text.lines().count() as u32,
            path,
            topic: entry.topic.clone(),
        });
        put_entry(entry, import, text);
    }
    let draft = |(path, text)| Draft { path, text };
    (files.into_iter().map(draft).collect(), written)
}

fn head(import: &Import<'_>) -> String {
    let name = &import.desired.environment.name;
    format!(
        "# What `topicsmith import -e {name}` found. All other settings come from [defaults] of {name}.\n"
    )
}

fn put_profile(profile: &Profile, text: &mut String) {
    text.push_str(&format!("\n[profiles.{}]\n", words::key(&profile.name)));
    put_settings(&profile.settings, text);
}

fn put_entry(entry: &Entry, import: &Import<'_>, text: &mut String) {
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("[topics.{}]", words::key(entry.topic.as_str())));
    for missing in &entry.missing {
        line(format!("# {}", escape(&to_do(missing))));
    }
    if import.is_one_of_several {
        let name = &import.desired.environment.name;
        line(format!("environments = {}", words::list([&**name])));
    }
    if let Some(profile) = &entry.profile {
        line(format!("profile = {}", words::string(profile)));
    }
    if let Some(partitions) = entry.partitions {
        line(format!("partitions = {partitions}"));
    }
    put_settings(&entry.settings, text);
    if let Some(unmanaged) = &entry.unmanaged {
        let list = words::list(unmanaged.iter().map(String::as_str));
        text.push_str(&format!("unmanaged = {list}\n"));
    }
}

/// A line to be filled in.
fn to_do(missing: &Requirement) -> String {
    let line = match missing {
        Requirement::Owner => "owner = \"…\"".to_owned(),
        Requirement::Description => "description = \"…\"".to_owned(),
        Requirement::Labels => "labels = { … = \"…\" }".to_owned(),
        Requirement::Label(label) => format!("labels.{} = \"…\"", words::key(label)),
        Requirement::Traffic => {
            "traffic = { messages_per_day = …, average_size = \"…\" }".to_owned()
        }
        Requirement::Config(key) => format!("config.{key} = …"),
    };
    format!("{line:<24} required by [rules]")
}

fn put_settings(settings: &Settings, text: &mut String) {
    let configs = || settings.keys().filter_map(config);
    for (setting, value) in settings {
        let key = match setting {
            Setting::ReplicationFactor => "replication_factor".to_owned(),
            Setting::MinIsr => "min_insync_replicas".to_owned(),
            Setting::Config(key) => format!("config.{}", words::config_key(key, configs())),
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
