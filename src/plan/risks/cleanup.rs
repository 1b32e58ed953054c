//! How old records are cleaned up, and what more partitions do to keys.

use super::{Update, ValueChange, policy_has, risk, so_far};
use crate::model::RiskCode;
use crate::plan::Risk;

/// More partitions: the default partitioner sends a key elsewhere from then on. Where the topic is
/// compacted, the old value of a key then stays in its old partition for good.
pub(super) fn of_partitions(update: &Update) -> Vec<Risk> {
    let mut risks = Vec::new();
    let mut add = |code, message: &str| risks.push(risk(code, message.to_owned()));
    let policies = [update.policy_before(), update.policy_after()];
    if policies
        .iter()
        .flatten()
        .any(|policy| policy_has(policy, "compact"))
    {
        add(
            RiskCode::CompactedKeysMoved,
            "keys of a compacted topic move, their old values stay behind for good",
        );
    }
    add(
        RiskCode::PartitionsIncreased,
        "keys move to other partitions",
    );
    risks
}

/// The topic starts or stops deleting or compacting.
pub(super) fn changed(change: &ValueChange) -> Option<Risk> {
    let code = RiskCode::CleanupPolicyChanged;
    let Some(to) = change.becomes else {
        let message = "the default that it goes back to is not known".to_owned();
        return Some(risk(code, message));
    };
    let same = |from| change.key.same(from, to);
    (!change.from.is_some_and(same)).then(|| {
        let message = format!("{} {}", phrase(to), so_far(change));
        risk(code, message)
    })
}

/// What a policy does.
fn phrase(policy: &str) -> &'static str {
    match (policy_has(policy, "compact"), policy_has(policy, "delete")) {
        (true, true) => "only the latest record of each key is kept, and old records are deleted",
        (true, false) => "only the latest record of each key is kept",
        (false, true) => "old records are deleted, whatever their key",
        (false, false) => "no record is deleted or compacted any more",
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::risks::testing::{Config, plan, risks, risks_of, risks_without};
    use crate::testing::{found, topic};

    #[test]
    fn cleanup_policy() {
        let changed = |live: &str, files: &str| {
            risks(&[("cleanup.policy", live)], &[("cleanup.policy", files)]).join("; ")
        };
        assert_eq!(
            changed("compact", "compact,delete"),
            "cleanup-policy-changed: only the latest record of each key is kept, and old records are deleted (currently compact)"
        );
        assert_eq!(
            changed("compact", "delete"),
            "cleanup-policy-changed: old records are deleted, whatever their key (currently compact)"
        );
        assert_eq!(
            changed("delete", ""),
            "cleanup-policy-changed: no record is deleted or compacted any more (currently delete)"
        );
        assert_eq!(changed("delete,compact", "compact, delete"), "");
        // A reset to what holds anyway, and one to something else.
        assert!(risks(&[("cleanup.policy", "delete")], &[]).is_empty());
        assert_eq!(risks(&[("cleanup.policy", "compact")], &[]).len(), 1);
        let without = |live, files| risks_without("cleanup.policy", live, files);
        assert_eq!(
            without(&[("cleanup.policy", "delete")], &[]),
            ["cleanup-policy-changed: the default that it goes back to is not known"]
        );
        assert_eq!(
            without(&[], &[("cleanup.policy", "delete")]),
            [
                "cleanup-policy-changed: old records are deleted, whatever their key (currently unknown)"
            ]
        );
    }

    #[test]
    fn more_partitions_move_keys_and_compacted_topics_keep_the_old_ones() {
        let grow = |live, files| risks_of(&plan(topic(6, 3, files), found(3, 3, live), &[]));
        let caution = "partitions-increased: keys move to other partitions";
        let destructive = "compacted-keys-moved: keys of a compacted topic move, their old values stay behind for good";
        assert_eq!(grow(&[], &[]), [caution]);
        let compact: Config = &[("cleanup.policy", "compact")];
        assert_eq!(grow(compact, compact), [destructive, caution]);
        // Before or after is enough.
        assert_eq!(
            grow(compact, &[("cleanup.policy", "delete")])[..2],
            [destructive, caution]
        );
        assert_eq!(grow(&[], compact)[..2], [destructive, caution]);
    }
}
