//! Records that are deleted sooner than before, or all at once.

use super::{Update, ValueChange, after, before, in_words, policy_has, risk, so_far};
use crate::model::{ConfigKey, RiskCode};
use crate::plan::Risk;

/// `retention.ms` or `retention.bytes` goes down, where records are deleted by age and size at all.
pub(super) fn shortened(update: &Update, change: &ValueChange) -> Option<Risk> {
    // An unknown policy is Kafka's own, which deletes.
    if !update
        .policy_after()
        .is_none_or(|policy| policy_has(policy, "delete"))
    {
        return None;
    }
    let from = change.from.and_then(limit);
    let to = change.becomes.and_then(limit);
    let shorter = match (from, to) {
        (Some(from), Some(to)) => to < from,
        (None, Some(to)) => to < i64::MAX,
        (_, None) => true,
    };
    shorter.then(|| {
        let lost = change.becomes.map_or_else(
            || "records may be deleted: the default that it goes back to is not known".to_owned(),
            |to| lost(change.key, to),
        );
        let message = format!("{lost} {}", so_far(change));
        risk(RiskCode::RetentionShortened, message)
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
pub(super) fn remote_data_deleted(change: &ValueChange) -> Option<Risk> {
    let on = |value: &str| value.trim().eq_ignore_ascii_case("true");
    (on(before(change)) && !on(after(change))).then(|| {
        let message = "what is in remote storage is deleted".to_owned();
        risk(RiskCode::RemoteDataDeleted, message)
    })
}

#[cfg(test)]
mod tests {
    use crate::plan::risks::testing::{Config, risks, risks_without};

    const DAY: &str = "86400000";
    const WEEK: &str = "604800000";

    #[test]
    fn retention_by_age() {
        let shortened = |live, files| risks(live, files).join("; ");
        assert_eq!(
            shortened(&[("retention.ms", WEEK)], &[("retention.ms", DAY)]),
            "retention-shortened: records older than 1d are deleted (currently 7d)"
        );
        assert_eq!(
            shortened(&[("retention.ms", "-1")], &[("retention.ms", "1500")]),
            "retention-shortened: records older than 1s500ms are deleted (currently unlimited)"
        );
        // From the broker's default, and back to it.
        assert_eq!(
            shortened(&[], &[("retention.ms", DAY)]),
            "retention-shortened: records older than 1d are deleted (currently 7d)"
        );
        assert_eq!(
            shortened(&[("retention.ms", "-1")], &[]),
            "retention-shortened: records older than 7d are deleted (currently unlimited)"
        );
        assert_eq!(
            shortened(&[("retention.ms", DAY)], &[("retention.ms", WEEK)]),
            ""
        );
        assert_eq!(
            shortened(&[("retention.ms", DAY)], &[("retention.ms", "-1")]),
            ""
        );
        assert_eq!(shortened(&[("retention.ms", DAY)], &[]), "");
        assert_eq!(shortened(&[("retention.ms", WEEK)], &[]), "");
        // A pin.
        assert_eq!(shortened(&[], &[("retention.ms", WEEK)]), "");
    }

    #[test]
    fn retention_by_size() {
        assert_eq!(
            risks(&[], &[("retention.bytes", "1073741824")]),
            [
                "retention-shortened: records beyond 1GiB a partition are deleted (currently unlimited)"
            ]
        );
        assert_eq!(
            risks(
                &[("retention.bytes", "2000")],
                &[("retention.bytes", "1001")]
            ),
            [
                "retention-shortened: records beyond 1001 bytes a partition are deleted (currently 2KB)"
            ]
        );
        assert!(risks(&[("retention.bytes", "1000")], &[]).is_empty());
    }

    #[test]
    fn retention_counts_only_where_old_records_are_deleted() {
        let compact: Config = &[("cleanup.policy", "compact"), ("retention.ms", WEEK)];
        let shorter = |policy| {
            risks(
                compact,
                &[("cleanup.policy", policy), ("retention.ms", DAY)],
            )
        };
        assert!(shorter("compact").is_empty());
        // What counts is the policy that the topic will have.
        assert_eq!(shorter("delete").len(), 2);
        assert_eq!(shorter("compact,delete").len(), 2);
        assert_eq!(
            risks(
                &[("retention.ms", WEEK)],
                &[("cleanup.policy", "compact"), ("retention.ms", DAY)]
            ),
            [
                "cleanup-policy-changed: only the latest record of each key is kept (currently delete)"
            ]
        );
        assert!(
            risks(
                &[("cleanup.policy", ""), ("retention.ms", WEEK)],
                &[("cleanup.policy", ""), ("retention.ms", DAY)]
            )
            .is_empty()
        );
    }

    #[test]
    fn an_unknown_default_counts_as_shorter() {
        let without = |live, files| risks_without("retention.ms", live, files).join("; ");
        assert_eq!(
            without(&[("retention.ms", DAY)], &[]),
            "retention-shortened: records may be deleted: the default that it goes back to is not known (currently 1d)"
        );
        assert_eq!(
            without(&[], &[("retention.ms", DAY)]),
            "retention-shortened: records older than 1d are deleted (currently unknown)"
        );
        assert_eq!(without(&[], &[("retention.ms", "-1")]), "");
        // The policy is not known: Kafka's own deletes.
        assert_eq!(
            risks_without("cleanup.policy", &[], &[("retention.ms", DAY)]).len(),
            1
        );
    }

    #[test]
    fn tiered_storage_turned_off_deletes_what_is_there() {
        let on: Config = &[("remote.storage.enable", "true")];
        let message = "remote-data-deleted: what is in remote storage is deleted";
        assert_eq!(
            risks(
                on,
                &[
                    ("remote.storage.enable", "false"),
                    ("remote.log.delete.on.disable", "true")
                ]
            ),
            [message]
        );
        assert_eq!(risks(on, &[]), [message]);
        assert_eq!(risks_without("remote.storage.enable", on, &[]), [message]);
        assert!(risks(&[], on).is_empty());
        let readonly: Config = &[
            ("remote.storage.enable", "true"),
            ("remote.log.copy.disable", "true"),
        ];
        assert!(risks(on, readonly).is_empty());
        let armed: Config = &[
            ("remote.storage.enable", "TRUE"),
            ("remote.log.delete.on.disable", "true"),
        ];
        assert!(risks(on, armed).is_empty());
    }
}
