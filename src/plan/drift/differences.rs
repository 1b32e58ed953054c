//! Single settings, three ways: last applied, live, wanted.

use super::{Difference, DifferenceKind};
use crate::desired::Topic;
use crate::diff::{self, Since};
use crate::live::{self, Defaults, Effective, LiveTopic, Owned, ReplicationFactor};
use crate::model::{ConfigKey, Setting, SettingValue};
use crate::plan::{Change, SettingAction, SettingChange};

/// Marks the settings that were changed on the cluster since they were last applied.
pub(in crate::plan) fn mark(applied: &Owned, settings: &mut [SettingChange]) {
    for change in settings.iter_mut().filter(|change| !change.inventory_only) {
        change.drifted = since(applied, change).is_some_and(Since::is_drift);
    }
}

/// On which side a setting of a topic changed, where it is recorded what was applied.
fn since(applied: &Owned, change: &SettingChange) -> Option<Since> {
    let number = |value: Option<&SettingValue>| value.and_then(SettingValue::number);
    match &change.setting {
        Setting::Partitions => {
            let (from, to) = (number(change.from.as_ref())?, number(change.to())?);
            since_number(applied.partitions, from, to)
        }
        Setting::Config(key) => {
            let live = change.current_text().zip(change.from_source);
            let live = live.map(|(value, source)| Effective { value, source });
            let to = change.to().and_then(SettingValue::text);
            Some(diff::of_config(applied.config.as_ref()?, key, live, to))
        }
        _ => None,
    }
}

fn since_number(applied: Option<u32>, live: u32, wanted: u32) -> Option<Since> {
    Some(diff::of_number(&applied?, &live, &wanted))
}

/// What an update sets right. Of a topic that was never applied every difference is as the topic
/// itself.
pub(super) fn of_update(change: &Change, whole: Option<Since>) -> Vec<Difference<'_>> {
    let applied = change.recorded.as_deref();
    let default = whole.unwrap_or(Since::Drift);
    let settings = change.on_topic();
    settings
        .map(|change| difference(change, applied, default))
        .collect()
}

fn difference<'a>(
    change: &'a SettingChange,
    applied: Option<&Owned>,
    default: Since,
) -> Difference<'a> {
    let last = match &change.setting {
        Setting::Partitions => applied
            .and_then(|applied| applied.partitions)
            .map(|last| last.to_string()),
        Setting::Config(key) => last_applied(applied, key),
        _ => None,
    };
    let since = applied.and_then(|applied| since(applied, change));
    Difference {
        setting: change.setting.clone(),
        kind: match change.action {
            SettingAction::Set(_) => DifferenceKind::Value,
            SettingAction::Pin(_) => DifferenceKind::NotHeld,
            SettingAction::Reset(_) | SettingAction::Remove => DifferenceKind::Undeclared,
        },
        since: since.unwrap_or(default),
        applied: last,
        live: change.from.as_ref().map(ToString::to_string),
        wanted: change.to().map(ToString::to_string),
        declared_at: change.declared_at.as_ref(),
    }
}

fn last_applied(applied: Option<&Owned>, key: &ConfigKey) -> Option<String> {
    applied?.config.as_ref()?.get(key).cloned()
}

/// A listed topic of which something is held back.
pub(super) struct DriftInputs<'a, 'b> {
    pub(super) wanted: &'a Topic,
    pub(super) found: &'a LiveTopic,
    pub(super) defaults: &'a Defaults,
    /// What is recorded of it.
    pub(super) applied: Option<&'b Owned>,
    /// The side where it is not recorded.
    pub(super) otherwise: Since,
}

impl<'a> DriftInputs<'a, '_> {
    pub(super) fn partitions(&self) -> Difference<'a> {
        let wanted = &self.wanted.partitions;
        let last = self.applied.and_then(|applied| applied.partitions);
        Difference {
            setting: Setting::Partitions,
            kind: DifferenceKind::Value,
            since: since_number(last, self.found.partitions, wanted.value)
                .unwrap_or(self.otherwise),
            applied: last.map(|last| last.to_string()),
            live: Some(self.found.partitions.to_string()),
            wanted: Some(wanted.value.to_string()),
            declared_at: Some(&wanted.place),
        }
    }

    pub(super) fn replication_factor(&self) -> Difference<'a> {
        let wanted = &self.wanted.replication_factor;
        let live = &self.found.replication_factor;
        let last = self.applied.and_then(|applied| applied.replication_factor);
        let same = ReplicationFactor::Same;
        let since = last.map(|last| diff::of_number(&same(last), live, &same(wanted.value)));
        Difference {
            setting: Setting::ReplicationFactor,
            kind: DifferenceKind::Value,
            since: since.unwrap_or(self.otherwise),
            applied: last.map(|last| last.to_string()),
            live: Some(live.to_string()),
            wanted: Some(wanted.value.to_string()),
            declared_at: Some(&wanted.place),
        }
    }

    pub(super) fn config(&self, key: &ConfigKey) -> Difference<'a> {
        let wanted = self.wanted.config.get(key);
        let value = wanted.map(|wanted| &*wanted.value);
        let live = live::effective(self.found, self.defaults, key);
        let configs = self.applied.and_then(|applied| applied.config.as_ref());
        let since = configs.map(|applied| diff::of_config(applied, key, live, value));
        Difference {
            setting: Setting::Config(key.clone()),
            kind: wanted.map_or(DifferenceKind::Undeclared, |_| DifferenceKind::Value),
            since: since.unwrap_or(self.otherwise),
            applied: last_applied(self.applied, key),
            live: live.map(|live| live.value.to_owned()),
            wanted: value.map(str::to_owned),
            declared_at: wanted.map(|wanted| &wanted.place),
        }
    }
}
