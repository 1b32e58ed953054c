//! Validation of records. Records are validated when read and when written, so that no record is
//! written that cannot be read. Pure.

use std::collections::BTreeMap;

use super::lease::{Claim, TTL};
use crate::live::{AppliedRemoval, Hold, Instance, Owned, OwnerKey, Stamp};
use crate::model::TopicName;

/// Maximum bytes of a value: Kafka's default `message.max.bytes`.
pub(super) const MAX_VALUE: usize = 1 << 20;

/// Maximum bytes of the name of a scope, an environment, a lifecycle or a parameter.
const MAX_NAME: usize = 1_024;

/// Maximum bytes of free text: an owner, a reason, a place.
const MAX_TEXT: usize = 64 << 10;

/// Maximum bytes of a config key.
const MAX_KEY: usize = 249;

/// Maximum duration of a hold, in ms.
pub const LONGEST_HOLD_MS: u64 = 90 * DAY_MS;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

/// Maximum difference between the clocks of two brokers, in ms.
const SKEW_MS: i64 = DAY_MS as i64;

/// The last supported timestamp: the end of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

/// Maximum period of a lifecycle: a hundred years, in ms.
const LONGEST_MS: u64 = 36_525 * DAY_MS;

/// Maximum topics of one instance.
const MAX_TOPICS: usize = 10_000;

/// A field with an invalid value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {wrong}")]
pub struct Invalid {
    field: &'static str,
    wrong: String,
}

#[cfg(test)]
mod tests;

type Checked = Result<(), Invalid>;

fn invalid(field: &'static str, wrong: impl Into<String>) -> Checked {
    let wrong = wrong.into();
    Err(Invalid { field, wrong })
}

pub(super) fn owned(topic: &TopicName, owned: &Owned) -> Checked {
    let Owned {
        whose,
        id,
        on_remove: _,
        owner,
        // Their types hold only valid numbers.
        partitions: _,
        replication_factor: _,
        config,
        declared_at,
        stamp,
    } = owned;
    self::topic(topic)?;
    self::whose(whose)?;
    self::id(id.as_deref())?;
    text("owner", owner.as_ref().and_then(Option::as_deref))?;
    for (key, value) in config.iter().flat_map(|config| config.iter()) {
        let key = key.as_str();
        let is_legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(is_legal) {
            return invalid("config", "has a key that is not a config key");
        }
        if value.len() > MAX_TEXT || value.contains('\0') {
            return invalid("config", format!("has an invalid value of {key}"));
        }
    }
    text("declared_at", declared_at.as_deref())?;
    self::stamp(stamp)
}

pub(super) fn hold(topic: &TopicName, hold: &Hold) -> Checked {
    let Hold {
        whose,
        until_ms,
        reason,
        stamp,
    } = hold;
    self::topic(topic)?;
    self::whose(whose)?;
    text("reason", Some(reason))?;
    self::stamp(stamp)?;
    let from = stamp.at_ms.unwrap_or_default();
    let longest = from.saturating_add_unsigned(LONGEST_HOLD_MS);
    match (from..=longest).contains(until_ms) {
        true => Ok(()),
        false => invalid("for_ms", "is longer than 90 days, the longest hold"),
    }
}

pub(super) fn applied_removal(applied_removal: &AppliedRemoval) -> Checked {
    let AppliedRemoval {
        whose,
        topic,
        id,
        stamp,
    } = applied_removal;
    self::topic(topic)?;
    self::whose(whose)?;
    self::id(id.as_deref())?;
    self::stamp(stamp)
}

pub(super) fn instance(instance: &Instance) -> Checked {
    let Instance {
        whose,
        lifecycle,
        parameters,
        topics,
        started_ms,
        ended_ms,
        delete_after_ms,
        max_age_ms,
        stamp,
    } = instance;
    self::whose(whose)?;
    name("lifecycle", Some(lifecycle))?;
    self::parameters(parameters)?;
    if topics.len() > MAX_TOPICS {
        return invalid("topics", format!("has more than {MAX_TOPICS} topics"));
    }
    for (topic, id) in topics {
        if let Some(problem) = topic.problem() {
            return invalid("topics", format!("has an invalid name: {problem}"));
        }
        self::id(id.as_deref())?;
    }
    self::stamp(stamp)?;
    past("started_ms", *started_ms, stamp.at_ms)?;
    if let Some(ended_ms) = ended_ms {
        past("ended_ms", *ended_ms, stamp.at_ms)?;
    }
    if *delete_after_ms > LONGEST_MS {
        return invalid("delete_after_ms", "is longer than 100 years");
    }
    match max_age_ms {
        Some(age) if *age > LONGEST_MS => invalid("max_age_ms", "is longer than 100 years"),
        _ => Ok(()),
    }
}

/// A lease longer than those of this tool would block everyone else.
pub(super) fn claim(claim: &Claim) -> Checked {
    let Claim {
        resource,
        id,
        at_ms,
        ttl_ms,
        holder,
    } = claim;
    if resource.is_empty() || resource.len() > MAX_TEXT {
        return invalid("resource", "is empty or too long");
    }
    name("claim", Some(id))?;
    text("by", Some(&holder.by))?;
    text("commit", holder.commit.as_deref())?;
    moment("at_ms", *at_ms)?;
    let longest = TTL.as_millis();
    match (1..=longest).contains(&u128::from(*ttl_ms)) {
        true => Ok(()),
        false => invalid(
            "for_ms",
            format!("is {ttl_ms}: a lock is taken for up to {longest} ms"),
        ),
    }
}

fn topic(topic: &TopicName) -> Checked {
    match topic.problem() {
        None => Ok(()),
        Some(problem) => invalid("topic", format!("is invalid: {problem}")),
    }
}

fn whose(whose: &OwnerKey) -> Checked {
    name("scope", whose.scope.as_deref())?;
    name("environment", whose.environment.as_deref())
}

fn parameters(parameters: &BTreeMap<String, String>) -> Checked {
    for (parameter, value) in parameters {
        name("parameters", Some(parameter))?;
        if !value.is_empty() {
            name("parameters", Some(value))?;
        }
    }
    Ok(())
}

fn stamp(stamp: &Stamp) -> Checked {
    let Stamp { commit, by, at_ms } = stamp;
    text("commit", commit.as_deref())?;
    text("by", by.as_deref())?;
    at_ms.map_or(Ok(()), |at_ms| moment("at_ms", at_ms))
}

/// Every record of this tool has an owner.
fn name(field: &'static str, name: Option<&str>) -> Checked {
    match name {
        None | Some("") => invalid(field, "is missing or empty"),
        Some(name) if name.len() > MAX_NAME => {
            invalid(field, format!("is longer than {MAX_NAME} bytes"))
        }
        Some(name) if name.contains(char::is_control) => invalid(field, "has a control character"),
        Some(_) => Ok(()),
    }
}

/// Free text may contain any character: it is escaped wherever it is printed.
fn text(field: &'static str, text: Option<&str>) -> Checked {
    match text.is_some_and(|text| text.len() > MAX_TEXT) {
        true => invalid(field, format!("is longer than {MAX_TEXT} bytes")),
        false => Ok(()),
    }
}

/// Kafka's topic ids: 16 bytes in URL-safe base64 without padding, not all zero (KIP-516).
fn id(id: Option<&str>) -> Checked {
    const ZERO: &str = "AAAAAAAAAAAAAAAAAAAAAA";
    let Some(id) = id else {
        return Ok(());
    };
    let is_base64 = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    // 128 bits: the last four of the 132 bits in 22 characters must be zero.
    let ends = |id: &str| id.ends_with(['A', 'Q', 'g', 'w']);
    match id.len() == 22 && id.bytes().all(is_base64) && ends(id) && id != ZERO {
        true => Ok(()),
        false => invalid("id", "is not a topic id of Kafka"),
    }
}

fn moment(field: &'static str, ms: i64) -> Checked {
    match (0..=LAST_MS).contains(&ms) {
        true => Ok(()),
        false => invalid(field, "is not a time between 1970 and 9999"),
    }
}

/// A record cannot contain a time after it was written.
fn past(field: &'static str, ms: i64, written_ms: Option<i64>) -> Checked {
    moment(field, ms)?;
    match written_ms.is_some_and(|written| ms > written.saturating_add(SKEW_MS)) {
        true => invalid(field, "is later than the record itself"),
        false => Ok(()),
    }
}
