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
        .then(|| differs("id", before.id.clone(), after.id.clone(), entry));
    let on_remove = before
        .on_remove
        .filter(|_| before.on_remove != after.on_remove);
    let on_remove = on_remove.map(|on_remove| {
        let to = after.on_remove.map(word);
        differs("on_remove", Some(word(on_remove)), to, entry)
    });
    let after_owner = after.owner.as_ref().and_then(Option::as_ref);
    let owner = before.owner.as_ref().map(Option::as_ref);
    let owner = owner.filter(|owner| *owner != after_owner);
    let owner = owner.map(|owner| differs("owner", owner.cloned(), after_owner.cloned(), entry));
    let partitions = before.partitions.filter(|_| change.partitions.is_none());
    let partitions = partitions.map(|from| {
        let place = &wanted.partitions.place;
        number("partitions", from, after.partitions, place)
    });
    let factor = before.replication_factor.map(|from| {
        let place = &wanted.replication_factor.place;
        number("replication_factor", from, after.replication_factor, place)
    });
    let untouched = |(key, ..): &Recorded| change.config.iter().all(|config| config.key != **key);
    let config = configs(before, after).into_iter().filter(untouched);
    let config = config.map(|(key, from, to)| {
        let place = wanted.config.get(key).map_or(entry, |value| &value.place);
        differs(&format!("config.{key}"), from.cloned(), to.cloned(), place)
    });
    let fields = [id, on_remove, owner, partitions, factor];
    fields
        .into_iter()
        .flatten()
        .chain(config)
        .flatten()
        .collect()
}

fn differs(
    field: &str,
    from: Option<String>,
    to: Option<String>,
    place: &Place,
) -> Option<RecordChange> {
    (from != to).then(|| RecordChange {
        field: field.to_owned(),
        from,
        to,
        declared_at: Some(place.clone()),
    })
}

fn number(field: &str, from: u32, to: Option<u32>, place: &Place) -> Option<RecordChange> {
    (to != Some(from))
        .then(|| {
            let to = to.map(|to| to.to_string());
            differs(field, Some(from.to_string()), to, place)
        })
        .flatten()
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
    let change = |field: &str, from: Option<&String>, to: Option<&String>| {
        differs(field, from.cloned(), to.cloned(), &wanted.declared_at)
    };
    let armed = after
        .on_remove
        .filter(|on_remove| *on_remove == OnRemove::Delete)
        .map(word);
    let taken = was.into_iter().flat_map(|was| {
        let us = &after.whose;
        [
            change("scope", was.scope.as_ref(), us.scope.as_ref()),
            change(
                "environment",
                was.environment.as_ref(),
                us.environment.as_ref(),
            ),
        ]
    });
    taken
        .flatten()
        .chain(change("on_remove", None, armed.as_ref()))
        .collect()
}

fn word(on_remove: OnRemove) -> String {
    on_remove.as_str().to_owned()
}
