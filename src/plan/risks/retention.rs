//! Records that are deleted sooner than before, or all at once.

use super::{Update, after, before, in_words, policy_has, risk, so_far};
use crate::model::{ConfigKey, RiskCode};
use crate::plan::{ConfigChange, Risk};

/// `retention.ms` or `retention.bytes` goes down, where records are deleted by age and size at all.
pub(super) fn shortened(update: &Update, change: &ConfigChange) -> Option<Risk> {
    // An unknown policy is Kafka's own, which deletes.
    if !update
        .policy_after()
        .is_none_or(|policy| policy_has(policy, "delete"))
    {
        return None;
    }
    let from = change.from.as_deref().and_then(limit);
    let to = change.becomes().and_then(limit);
    let shorter = match (from, to) {
        (Some(from), Some(to)) => to < from,
        (None, Some(to)) => to < i64::MAX,
        (_, None) => true,
    };
    shorter.then(|| {
        let lost = change.becomes().map_or_else(
            || "records may be deleted: the default that it goes back to is not known".to_owned(),
            |to| lost(&change.key, to),
        );
        let message = format!("{lost} {}", so_far(change));
        risk(RiskCode::RetentionShortened, change, message)
    })
}

fn lost(key: &ConfigKey, to: &str) -> String {
    let limit = in_words(key, to);
    match key.as_str() {
        "retention.ms" => format!("records older than {limit} are deleted"),
        _ => format!("records beyond {limit} a partition are deleted"),
    }
}

/// A limit as a number that can be compared: below 0 stands for none.
fn limit(value: &str) -> Option<i64> {
    let number: i64 = value.trim().parse().ok()?;
    Some(if number < 0 { i64::MAX } else { number })
}

/// Tiered storage is turned off. Kafka takes this only together with
/// `remote.log.delete.on.disable = true` (KIP-950), which deletes what is in remote storage; that
/// key alone, and `remote.log.copy.disable`, delete nothing.
pub(super) fn remote_data_deleted(change: &ConfigChange) -> Option<Risk> {
    let on = |value: &str| value.trim().eq_ignore_ascii_case("true");
    (on(before(change)) && !on(after(change))).then(|| {
        let message = "what is in remote storage is deleted".to_owned();
        risk(RiskCode::RemoteDataDeleted, change, message)
    })
}
