//! The contents of the entry of one live topic.

use std::collections::BTreeMap;

use super::Note;
use crate::desired::{Desired, Requirement, Unmanaged};
use crate::live::{Live, LiveTopic, ReplicationFactor, effective};
use crate::model::config::MIN_ISR;
use crate::model::config::is_throttle;
use crate::model::text::{count, cut, escape};
use crate::model::toml::{DEFAULT, config_value, string};
use crate::model::{ConfigKey, TopicName};

/// Maximum characters of a key or a value in a note.
const LONGEST: usize = 100;

/// An entry to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImportedEntry {
    pub(super) topic: TopicName,
    /// The profile with a part of its settings.
    pub(super) profile: Option<String>,
    pub(super) partitions: Option<u32>,
    /// The settings that other topics may share, as TOML.
    pub(super) settings: SettingTexts,
    /// The unmanaged settings, if they differ from the defaults.
    pub(super) unmanaged: Option<Vec<String>>,
    /// The required fields that only a user can provide.
    pub(super) missing: Vec<Requirement>,
}

/// Settings by key, each with its value as TOML.
pub(super) type SettingTexts = BTreeMap<Setting, String>;

/// A setting of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Setting {
    ReplicationFactor,
    MinIsr,
    Config(ConfigKey),
}

impl Setting {
    fn of(key: &ConfigKey) -> Self {
        match key.as_str() {
            MIN_ISR => Setting::MinIsr,
            _ => Setting::Config(key.clone()),
        }
    }
}

/// Returns the entry of a topic. `None` if no entry is possible, which is noted.
pub(super) fn of(
    name: &TopicName,
    desired: &Desired,
    live: &Live,
    notes: &mut Vec<Note>,
) -> Option<ImportedEntry> {
    let found = live.topics.get(name)?;
    if let Some(problem) = name.problem() {
        notes.push(Note::new(name, format!("left out: {problem}")));
        return None;
    }
    let Some(held) = &found.config else {
        let what = "left out: its settings could not be read";
        notes.push(Note::new(name, what));
        return None;
    };
    let mut writer = Writer {
        name,
        desired,
        live,
        found,
        factor: 0,
        settings: SettingTexts::new(),
        unmanaged: desired.defaults.unmanaged.clone(),
        notes,
    };
    let partitions = writer.partitions();
    writer.replication_factor();
    for (key, value) in held {
        writer.held(key, value);
    }
    for key in desired.defaults.config.keys() {
        writer.switch_off(key);
    }
    let missing = writer.demands();
    let unmanaged = &desired.defaults.unmanaged;
    Some(ImportedEntry {
        topic: name.clone(),
        profile: None,
        partitions,
        unmanaged: (writer.unmanaged != *unmanaged).then(|| words(&writer.unmanaged)),
        settings: writer.settings,
        missing,
    })
}

struct Writer<'a> {
    name: &'a TopicName,
    desired: &'a Desired,
    live: &'a Live,
    found: &'a LiveTopic,
    /// The replication factor of the entry.
    factor: u32,
    settings: SettingTexts,
    unmanaged: Unmanaged,
    notes: &'a mut Vec<Note>,
}

impl Writer<'_> {
    fn note(&mut self, what: String) {
        self.notes.push(Note::new(self.name, what));
    }

    fn partitions(&mut self) -> Option<u32> {
        let given = self.desired.defaults.partitions;
        let is_said = given == Some(self.found.partitions);
        let is_left = given.is_some() && self.unmanaged.partitions;
        (!is_said && !is_left).then_some(self.found.partitions)
    }

    /// If partitions differ, no number is right for all of them, so the replication factor becomes
    /// unmanaged.
    fn replication_factor(&mut self) {
        let given = self.desired.defaults.replication_factor;
        let (factor, is_mixed) = match &self.found.replication_factor {
            ReplicationFactor::Same(factor) => (*factor, false),
            ReplicationFactor::Mixed(factors) => {
                (factors.last().copied().unwrap_or_default(), true)
            }
        };
        if is_mixed && !self.unmanaged.replication_factor {
            self.unmanaged.replication_factor = true;
            self.note(format!(
                "its partitions have {} replicas: the replication factor is left unmanaged",
                self.found.replication_factor
            ));
        }
        self.factor = match given {
            Some(given) if self.unmanaged.replication_factor && !is_mixed => given,
            _ => factor,
        };
        if given != Some(self.factor) {
            let text = self.factor.to_string();
            self.settings.insert(Setting::ReplicationFactor, text);
        }
    }

    /// Declares a config that is set on the topic: without a declaration, it would be reset.
    fn held(&mut self, key: &ConfigKey, value: &str) {
        let environment = &self.desired.environment;
        let given = self.desired.defaults.config.get(key);
        let is_left = self.unmanaged.config.contains(key)
            || is_throttle(key.as_str())
            || environment.ignore_configs.matches(key.as_str());
        if is_left {
            return;
        }
        if key.as_str() == MIN_ISR && exceeds(value, self.factor) {
            self.unmanaged.config.insert(key.clone());
            return self.note(format!(
                "min_insync_replicas = {} is more than its {}, so no acks=all write can succeed: left unmanaged",
                escape(&cut(value, LONGEST)),
                count(self.factor as usize, "replica"),
            ));
        }
        if given.is_some_and(|given| key.same(given, value)) {
            return;
        }
        let shown = escape(&cut(key.as_str(), LONGEST)).into_owned();
        let allowed = &self.desired.defaults.demands.allow_configs;
        if key.spec().is_none() && !allowed.matches(key.as_str()) {
            return self.note(format!(
                "`{shown}` is no config of Kafka 4.3 and not in [rules] allow_configs: left unchanged"
            ));
        }
        match config_value(key, value) {
            Some(text) => {
                self.settings.insert(Setting::of(key), text);
            }
            None => {
                self.unmanaged.config.insert(key.clone());
                self.note(format!(
                    "`{shown}` is {:?}, which the files cannot say: left unmanaged",
                    escape(&cut(value, LONGEST))
                ));
            }
        }
    }

    /// Overrides a config of the defaults that differs on the topic.
    fn switch_off(&mut self, key: &ConfigKey) {
        let given = &self.desired.defaults.config[key];
        let setting = Setting::of(key);
        // A configuration with more required in-sync replicas than replicas is invalid.
        let cannot_be = key.as_str() == MIN_ISR && exceeds(given, self.factor);
        if self.settings.contains_key(&setting) || (self.is_left(key) && !cannot_be) {
            return;
        }
        let defaults = &self.live.broker_defaults;
        let live = effective(self.found, defaults, key);
        let is_so = live.is_some_and(|live| key.same(live.value, given));
        if cannot_be || !is_so {
            self.settings.insert(setting, string(DEFAULT));
        }
    }

    fn is_left(&self, key: &ConfigKey) -> bool {
        self.unmanaged.config.contains(key)
    }

    /// Declares the configs that the rules require, at their live values; returns the requirements
    /// that remain for the user.
    fn demands(&mut self) -> Vec<Requirement> {
        let demands = self.desired.defaults.demands.of(self.name);
        let mut missing = Vec::new();
        for demand in demands {
            let met = match demand {
                Requirement::Config(key) => self.declare(&ConfigKey::from(key.as_str())),
                _ => false,
            };
            if !met {
                missing.push(demand.clone());
            }
        }
        missing
    }

    /// Declares a config at its live value, from any source; `false` if not possible.
    fn declare(&mut self, key: &ConfigKey) -> bool {
        let setting = Setting::of(key);
        match self.settings.get(&setting) {
            Some(text) if *text != string(DEFAULT) => return true,
            None if self.desired.defaults.config.contains_key(key) => return true,
            _ => {}
        }
        let live = effective(self.found, &self.live.broker_defaults, key);
        let text = live
            .filter(|live| key.as_str() != MIN_ISR || !exceeds(live.value, self.factor))
            .and_then(|live| config_value(key, live.value));
        match text {
            Some(text) => {
                self.settings.insert(setting, text);
                true
            }
            None => false,
        }
    }
}

/// Returns whether more in-sync replicas are required than exist.
fn exceeds(min_isr: &str, factor: u32) -> bool {
    min_isr
        .trim()
        .parse::<i64>()
        .is_ok_and(|least| least > i64::from(factor))
}

/// Returns the items of `unmanaged`.
fn words(unmanaged: &Unmanaged) -> Vec<String> {
    let counts = [
        ("partitions", unmanaged.partitions),
        ("replication_factor", unmanaged.replication_factor),
    ];
    let counts = counts.into_iter().filter(|(_, is_left)| *is_left);
    let counts = counts.map(|(word, _)| word.to_owned());
    let configs = unmanaged.config.iter();
    counts
        .chain(configs.map(|key| format!("config.{key}")))
        .collect()
}
