//! Single settings, three ways: last applied, live, wanted.

use super::{Difference, Kind};
use crate::desired::Topic;
use crate::diff::{self, Defaults, Effective, Since};
use crate::live::{LiveTopic, Owned, ReplicationFactor};
use crate::model::{ConfigKey, Subject};
use crate::plan::{Change, ConfigAction, ConfigChange};

/// The parts of a change that were changed on the cluster since they were last applied.
pub(in crate::plan) fn undone(applied: &Owned, change: &Change) -> Vec<Subject> {
    let count = change.partitions.as_ref();
    let count = count.and_then(|count| since_number(applied.partitions, count.from?, count.to?));
    let count = count
        .filter(|since| since.is_drift())
        .map(|_| Subject::Partitions);
    let config = change.config.iter().filter(|config| {
        let since = since_config(applied, config);
        since.is_some_and(Since::is_drift)
    });
    let config = config.map(|config| Subject::Config(config.key.clone()));
    count.into_iter().chain(config).collect()
}

fn since_number(applied: Option<u32>, live: u32, wanted: u32) -> Option<Since> {
    Some(diff::of_number(&applied?, &live, &wanted))
}

fn since_config(applied: &Owned, change: &ConfigChange) -> Option<Since> {
    let live = change.from.as_deref().zip(change.from_source);
    let live = live.map(|(value, source)| Effective { value, source });
    let applied = applied.config.as_ref()?;
    Some(diff::of_config(
        applied,
        &change.key,
        live,
        change.to.as_deref(),
    ))
}

/// What an update sets right. Of a topic that was never applied every difference is as the topic
/// itself.
pub(super) fn of_update(change: &Change, whole: Option<Since>) -> Vec<Difference<'_>> {
    let applied = change.recorded.as_deref();
    let default = whole.unwrap_or(Since::Drift);
    let partitions = change.partitions.iter().map(|count| {
        let last = applied.and_then(|applied| applied.partitions);
        let since = count.from.zip(count.to);
        let since = since.and_then(|(from, to)| since_number(last, from, to));
        Difference {
            subject: Subject::Partitions,
            kind: Kind::Value,
            since: since.unwrap_or(default),
            applied: last.map(|last| last.to_string()),
            live: count.from.map(|from| from.to_string()),
            wanted: count.to.map(|to| to.to_string()),
            declared_at: count.declared_at.as_ref(),
        }
    });
    let config = change.config.iter().map(|config| Difference {
        subject: Subject::Config(config.key.clone()),
        kind: match config.action {
            ConfigAction::Set => Kind::Value,
            ConfigAction::Pin => Kind::NotHeld,
            ConfigAction::Reset => Kind::Undeclared,
        },
        since: applied
            .and_then(|applied| since_config(applied, config))
            .unwrap_or(default),
        applied: last_applied(applied, &config.key),
        live: config.from.clone(),
        wanted: config.to.clone(),
        declared_at: config.declared_at.as_ref(),
    });
    partitions.chain(config).collect()
}

fn last_applied(applied: Option<&Owned>, key: &ConfigKey) -> Option<String> {
    applied?.config.as_ref()?.get(key).cloned()
}

/// A listed topic of which something is held back.
pub(super) struct Sides<'a, 'b> {
    pub(super) wanted: &'a Topic,
    pub(super) found: &'a LiveTopic,
    pub(super) defaults: &'a Defaults,
    /// What is recorded of it.
    pub(super) applied: Option<&'b Owned>,
    /// The side where it is not recorded.
    pub(super) otherwise: Since,
}

impl<'a> Sides<'a, '_> {
    pub(super) fn partitions(&self) -> Difference<'a> {
        let wanted = &self.wanted.partitions;
        let last = self.applied.and_then(|applied| applied.partitions);
        Difference {
            subject: Subject::Partitions,
            kind: Kind::Value,
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
            subject: Subject::ReplicationFactor,
            kind: Kind::Value,
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
        let live = diff::effective(self.found, self.defaults, key);
        let configs = self.applied.and_then(|applied| applied.config.as_ref());
        let since = configs.map(|applied| diff::of_config(applied, key, live, value));
        Difference {
            subject: Subject::Config(key.clone()),
            kind: wanted.map_or(Kind::Undeclared, |_| Kind::Value),
            since: since.unwrap_or(self.otherwise),
            applied: last_applied(self.applied, key),
            live: live.map(|live| live.value.to_owned()),
            wanted: value.map(str::to_owned),
            declared_at: wanted.map(|wanted| &wanted.place),
        }
    }
}
