//! What the inventory is to hold of a topic once a change is made, and what of that is news.

use std::collections::BTreeSet;

use super::{Blocked, Change, RecordChange, Subject};
use crate::desired::Topic;
use crate::live::{LiveTopic, Owned, Stamp, Whose};
use crate::model::{ConfigKey, ConfigMap, OnRemove, Place};

/// All that a record of a topic holds, who and when excepted.
pub(super) fn of_topic(
    wanted: &Topic,
    found: Option<&LiveTopic>,
    us: &Whose,
    commit: Option<&str>,
) -> Owned {
    let Topic {
        declared_at,
        description: _,
        owner,
        labels: _,
        partitions,
        replication_factor,
        config,
        unmanaged,
        on_remove,
        traffic: _,
    } = wanted;
    let managed = config
        .iter()
        .filter(|(key, _)| !unmanaged.config.contains(*key));
    Owned {
        whose: us.clone(),
        id: found.and_then(|found| found.id.clone()),
        on_remove: Some(*on_remove),
        owner: Some(owner.clone()),
        partitions: (!unmanaged.partitions).then_some(partitions.value),
        replication_factor: (!unmanaged.replication_factor).then_some(replication_factor.value),
        config: Some(
            managed
                .map(|(key, value)| (key.clone(), value.value.to_string()))
                .collect(),
        ),
        declared_at: Some(declared_at.file_line()),
        stamp: Stamp {
            commit: commit.map(str::to_owned),
            ..Stamp::default()
        },
    }
}

/// What is blocked, or may not be read, is not applied: of it stays recorded what was.
pub(super) fn keep_what_is_not_applied(
    record: &mut Owned,
    before: Option<&Owned>,
    found: &LiveTopic,
    blocked: &[Blocked],
) {
    let mut keys: BTreeSet<&ConfigKey> = BTreeSet::new();
    for blocked in blocked {
        match &blocked.subject {
            Subject::Partitions => record.partitions = before.and_then(|b| b.partitions),
            Subject::ReplicationFactor => {
                record.replication_factor = before.and_then(|b| b.replication_factor);
            }
            Subject::Config(key) => drop(keys.insert(key)),
            Subject::Topic | Subject::Record => {}
        }
        keys.extend(&blocked.holds_back);
    }
    let before = before.and_then(|before| before.config.as_ref());
    if found.config.is_none() {
        record.config = before.cloned();
        return;
    }
    for key in keys {
        let config = record.config.get_or_insert_default();
        match before.and_then(|before| before.get(key)) {
            Some(value) => drop(config.insert(key.clone(), value.clone())),
            None => drop(config.remove(key)),
        }
    }
}

/// What of a record changes besides what a change does to the topic itself.
pub(super) fn news(
    before: &Owned,
    after: &Owned,
    wanted: &Topic,
    change: &Change,
) -> Vec<RecordChange> {
    let entry = &wanted.declared_at;
    let id = super::ownership::is_another(&before.id, &after.id)
        .then(|| differs("id", before.id.as_ref(), after.id.as_ref(), entry));
    let on_remove = before.on_remove.map(|from| {
        let to = after.on_remove.map(OnRemove::as_str);
        differs("on_remove", Some(from.as_str()), to, entry)
    });
    let owner = before.owner.as_ref().map(|from| {
        let to = after.owner.as_ref().and_then(Option::as_ref);
        differs("owner", from.as_ref(), to, entry)
    });
    let partitions = before.partitions.filter(|_| change.partitions.is_none());
    let partitions = partitions.map(|from| {
        let place = &wanted.partitions.place;
        differs("partitions", Some(from), after.partitions, place)
    });
    let factor = before.replication_factor.map(|from| {
        let place = &wanted.replication_factor.place;
        let to = after.replication_factor;
        differs("replication_factor", Some(from), to, place)
    });
    let untouched = |(key, ..): &Recorded| change.config.iter().all(|config| config.key != **key);
    let config = configs(before, after).into_iter().filter(untouched);
    let config = config.map(|(key, from, to)| {
        let place = wanted.config.get(key).map_or(entry, |value| &value.place);
        differs(&format!("config.{key}"), from, to, place)
    });
    let fields = [id, on_remove, owner, partitions, factor];
    fields
        .into_iter()
        .flatten()
        .chain(config)
        .flatten()
        .collect()
}

fn differs<T: PartialEq + ToString>(
    field: &str,
    from: Option<T>,
    to: Option<T>,
    place: &Place,
) -> Option<RecordChange> {
    (from != to).then(|| RecordChange {
        field: field.to_owned(),
        from: from.map(|from| from.to_string()),
        to: to.map(|to| to.to_string()),
        declared_at: Some(place.clone()),
    })
}

/// A key with what is recorded for it, and what is to be.
type Recorded<'a> = (&'a ConfigKey, Option<&'a String>, Option<&'a String>);

/// The configs of which something else is to be recorded, by key.
fn configs<'a>(before: &'a Owned, after: &'a Owned) -> Vec<Recorded<'a>> {
    let Some(before) = &before.config else {
        return Vec::new();
    };
    static NOTHING: ConfigMap<String> = ConfigMap::new();
    let after = after.config.as_ref().unwrap_or(&NOTHING);
    let recorded = before
        .iter()
        .map(|(key, from)| (key, Some(from), after.get(key)));
    let new = after.iter().filter(|(key, _)| !before.contains_key(*key));
    let new = new.map(|(key, to)| (key, None, Some(to)));
    let differ = |(key, from, to): &Recorded| match (from, to) {
        (Some(from), Some(to)) => !key.same(from, to),
        _ => true,
    };
    let mut news: Vec<Recorded> = recorded.chain(new).filter(differ).collect();
    news.sort_by_key(|(key, ..)| *key);
    news
}

/// What a reviewer must see of the record of a topic that becomes owned: that its removal from the
/// files will delete it, and from whom it is taken.
pub(super) fn first(after: &Owned, was: Option<&Whose>, wanted: &Topic) -> Vec<RecordChange> {
    let change = |field: &str, from: Option<&str>, to: Option<&str>| {
        differs(field, from, to, &wanted.declared_at)
    };
    let armed = after
        .on_remove
        .filter(|on_remove| *on_remove == OnRemove::Delete)
        .map(OnRemove::as_str);
    let taken = was.into_iter().flat_map(|was| {
        let us = &after.whose;
        [
            change("scope", was.scope.as_deref(), us.scope.as_deref()),
            change(
                "environment",
                was.environment.as_deref(),
                us.environment.as_deref(),
            ),
        ]
    });
    taken
        .flatten()
        .chain(change("on_remove", None, armed))
        .collect()
}
