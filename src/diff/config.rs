//! Comparison of a topic's configs with the declared ones.

use super::{ConfigDiff, Difference};
use crate::desired::Topic;
use crate::live::{ConfigSource, Defaults, Effective, LiveTopic, effective, inherited_default};
use crate::model::config::is_throttle;
use crate::model::{ConfigKey, Globs};

/// Returns the configs that differ, by key, and the undeclared keys that Kafka 4.3 does not have.
pub(super) fn compare<'a>(
    wanted: &'a Topic,
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    ignore: &Globs,
) -> (Option<Vec<ConfigDiff<'a>>>, Vec<&'a ConfigKey>) {
    let Some(held) = &found.config else {
        return (None, Vec::new());
    };
    let managed = |key: &ConfigKey| !wanted.unmanaged.config.contains(key);
    let mut differ: Vec<ConfigDiff> = wanted
        .config
        .keys()
        .filter(|key| managed(key))
        .filter_map(|key| declared(wanted, found, defaults, key))
        .collect();
    let mut unknown = Vec::new();
    for (key, value) in held {
        let declared = wanted.config.contains_key(key);
        if declared || !managed(key) || is_throttle(key.as_str()) || ignore.matches(key.as_str()) {
            continue;
        }
        if key.spec().is_none() {
            unknown.push(key);
            continue;
        }
        let own = Effective {
            value,
            source: ConfigSource::Topic,
        };
        differ.push(ConfigDiff {
            key,
            live: Some(own),
            kind: Difference::Undeclared(inherited_default(found, defaults, key)),
        });
    }
    differ.sort_by_key(|diff| diff.key);
    (Some(differ), unknown)
}

/// Returns the difference of a declared config, if any.
fn declared<'a>(
    wanted: &'a Topic,
    found: &'a LiveTopic,
    defaults: &'a Defaults,
    key: &'a ConfigKey,
) -> Option<ConfigDiff<'a>> {
    let value = wanted.config.get(key)?;
    let live = effective(found, defaults, key);
    let kind = match live {
        Some(live) if !key.same(live.value, &value.value) => Difference::Value(value),
        Some(live) if live.source != ConfigSource::Topic => Difference::NotHeld(value),
        Some(_) => return None,
        None => Difference::Value(value),
    };
    Some(ConfigDiff { key, live, kind })
}
