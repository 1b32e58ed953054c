//! Checks of this principal's authorization, for plan and for apply. Each missing right is reported
//! with its effect.

mod of_inventory;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Check, Code, Purpose, TargetCommand, fail, ok, settings, skip, unavailable, warn, who,
};
use crate::live::AclOperation;
use crate::live::checkup::{Available, Checkup, Groups, Reason, TopicAccess, Unavailable};
use crate::model::text::{count, names};
use crate::model::{OnRemove, TopicName};

/// Maximum number of topics in a message.
const MOST_NAMED: usize = 3;

pub(super) fn judge(purpose: Purpose<'_>, found: &Checkup) -> Vec<Check> {
    let mut checks = vec![
        see_topics(purpose, found),
        on_topics(purpose, found, &READ_CONFIGS),
        brokers(found),
        groups(found),
    ];
    checks.extend(of_inventory::reading(purpose, found));
    match purpose.work {
        TargetCommand::Plan => {
            checks.extend(NOT_ASKED.map(|code| skip(code, "not asked for: --for plan")))
        }
        TargetCommand::Apply => {
            checks.push(create(purpose, found));
            checks.push(on_topics(purpose, found, &GROW));
            checks.push(on_topics(purpose, found, &SET_CONFIGS));
            checks.push(delete(purpose, found));
            checks.extend(of_inventory::writing(purpose, found));
        }
    }
    checks
}

/// The checks that only an apply needs.
const NOT_ASKED: [Code; 5] = [
    Code::ApplyCreate,
    Code::ApplyPartitions,
    Code::ApplyConfigs,
    Code::ApplyDelete,
    Code::ApplyInventory,
];

/// The existing topics of the configuration, with the authorized operations.
struct There<'a>(Vec<(&'a TopicName, Option<&'a BTreeSet<AclOperation>>)>);

impl<'a> There<'a> {
    fn of(
        names: impl Iterator<Item = &'a TopicName>,
        topics: &'a BTreeMap<TopicName, TopicAccess>,
    ) -> Self {
        let there = names.filter_map(|name| match topics.get(name)? {
            TopicAccess::There(rights) => Some((name, rights.as_ref())),
            TopicAccess::Missing | TopicAccess::Hidden | TopicAccess::Unavailable(_) => None,
        });
        Self(there.collect())
    }

    /// Returns the topics on which a right is missing; `None` if the brokers do not return
    /// operations.
    fn without(&self, right: AclOperation) -> Option<Vec<&'a TopicName>> {
        let mut without = Vec::new();
        for (name, rights) in &self.0 {
            if !(*rights)?.contains(&right) {
                without.push(*name);
            }
        }
        Some(without)
    }
}

/// A right that is needed on every topic of the configuration.
struct OnTopics {
    code: Code,
    right: AclOperation,
    /// What it allows, `read the configs`.
    verb: &'static str,
    /// The effect if it is missing.
    so: &'static str,
}

const READ_CONFIGS: OnTopics = OnTopics {
    code: Code::PlanConfigs,
    right: AclOperation::DescribeConfigs,
    verb: "read the configs",
    so: "their configs cannot be compared",
};

const GROW: OnTopics = OnTopics {
    code: Code::ApplyPartitions,
    right: AclOperation::Alter,
    verb: "add partitions",
    so: "they cannot get more partitions",
};

const SET_CONFIGS: OnTopics = OnTopics {
    code: Code::ApplyConfigs,
    right: AclOperation::AlterConfigs,
    verb: "change the configs",
    so: "their configs cannot be changed",
};

fn on_topics(purpose: Purpose<'_>, found: &Checkup, needed: &OnTopics) -> Check {
    let OnTopics {
        code,
        right,
        verb,
        so,
    } = *needed;
    let topics = match &found.topics {
        Ok(topics) => topics,
        Err(why) => return unavailable(code, &format!("whether it may {verb} is not known"), why),
    };
    let there = There::of(purpose.topics().map(|(name, _)| name), topics);
    if there.0.is_empty() {
        return skip(code, "no topic of the files is there and seen");
    }
    let who = who(found);
    match there.without(right) {
        None => silent(code),
        Some(without) if without.is_empty() => ok(
            code,
            format!("may {verb} of {}", those_there(there.0.len())),
        ),
        Some(without) => fail(
            code,
            format!("may not {verb} of {}: {so}", some(&without, there.0.len())),
            format!("grant {who} {right} on them"),
        ),
    }
}

pub(super) fn silent(code: Code) -> Check {
    skip(
        code,
        "the brokers do not report rights (Kafka 2.3 and newer do)",
    )
}

/// Formats a count: `the 12 topics that are there`.
fn those_there(number: usize) -> String {
    match number {
        1 => "the one topic that is there".to_owned(),
        _ => format!("the {number} topics that are there"),
    }
}

/// Formats a part: `2 of 12 topics (a, b)`.
fn some(without: &[&TopicName], all: usize) -> String {
    format!(
        "{} of {} ({})",
        without.len(),
        count(all, "topic"),
        names(without, MOST_NAMED)
    )
}

fn see_topics(purpose: Purpose<'_>, found: &Checkup) -> Check {
    let code = Code::PlanTopics;
    let topics = match &found.topics {
        Ok(topics) => topics,
        Err(why) => {
            let message = format!("the topics cannot be described: {}", why.why);
            let help = why.help.clone().unwrap_or_default();
            return fail(code, message, help);
        }
    };
    let of_files = purpose
        .topics()
        .map(|(name, _)| name)
        .chain(purpose.removed());
    let standings: Vec<(&TopicName, &TopicAccess)> = of_files
        .filter_map(|name| Some((name, topics.get(name)?)))
        .collect();
    let all = standings.len();
    let with = |kind: fn(&TopicAccess) -> bool| -> Vec<&TopicName> {
        let so = standings
            .iter()
            .filter(|(_, topic_access)| kind(topic_access));
        so.map(|(name, _)| *name).collect()
    };
    let hidden = with(|topic_access| *topic_access == TopicAccess::Hidden);
    if !hidden.is_empty() {
        let message = format!("may not see {}: they look missing", some(&hidden, all));
        return fail(
            code,
            message,
            format!("grant {} Describe on them", who(found)),
        );
    }
    for (name, topic_access) in &standings {
        if let TopicAccess::Unavailable(why) = topic_access {
            let message = format!("{name} cannot be described: {}", why.why);
            return fail(code, message, "look at the brokers' logs");
        }
    }
    let there = with(|topic_access| matches!(topic_access, TopicAccess::There(_))).len();
    let message = match all {
        0 => "the files name no topic here".to_owned(),
        _ => format!(
            "may see {} of the files, of which {there} {} there",
            count(all, "topic"),
            if there == 1 { "is" } else { "are" },
        ),
    };
    ok(code, message)
}

fn brokers(found: &Checkup) -> Check {
    let code = Code::PlanBrokers;
    let visits = found
        .brokers
        .iter()
        .filter_map(|b| b.answered.as_ref().ok());
    let visits: Vec<_> = visits.map(|visit| visit.settings.as_ref().err()).collect();
    let refused = visits.iter().copied().flatten().next();
    match refused {
        _ if visits.is_empty() => skip(code, "no broker answered"),
        None => ok(code, "may read the brokers' settings"),
        Some(why) if why.kind == Reason::Denied => warn(
            code,
            "may not read the brokers' settings: defaults in force are known only as far as topics show them, and delete.topic.enable is not",
            settings::grant(found),
        ),
        Some(why) => unavailable(code, "the brokers' settings are not available", why),
    }
}

fn groups(found: &Checkup) -> Check {
    let code = Code::PlanGroups;
    match &found.groups {
        Ok(Groups::Seen) => ok(code, "may see all consumer groups"),
        Ok(Groups::NeverAny) => skip(
            code,
            "there has never been a consumer group: asking would make Kafka create __consumer_offsets",
        ),
        Err(why) if why.kind == Reason::Denied => warn(
            code,
            "may not see all consumer groups: a delete is blocked as topic-in-use, unless --allow topic-in-use",
            format!("grant {} Describe on all groups (*)", who(found)),
        ),
        Err(why) => unavailable(code, "whether it may see consumer groups is not known", why),
    }
}

/// Returns the results of the dry-run creates.
fn asked<'a>(
    names: impl Iterator<Item = &'a TopicName>,
    creating: &'a BTreeMap<TopicName, Available<()>>,
) -> Vec<(&'a TopicName, &'a Available<()>)> {
    names
        .filter_map(|name| Some((name, creating.get(name)?)))
        .collect()
}

fn is_denied(why: &Unavailable) -> bool {
    why.kind == Reason::Denied
}

fn create(purpose: Purpose<'_>, found: &Checkup) -> Check {
    let code = Code::ApplyCreate;
    let whole = found.cluster_rights.as_ref().ok().and_then(Option::as_ref);
    if whole.is_some_and(|rights| rights.contains(&AclOperation::Create)) {
        return ok(code, "may create topics of any name");
    }
    let creating = match &found.creating {
        Ok(creating) => creating,
        Err(why) => return unavailable(code, "whether it may create topics is not known", why),
    };
    let asked = asked(purpose.topics().map(|(name, _)| name), creating);
    let refused: Vec<(&TopicName, &Unavailable)> = asked
        .iter()
        .filter_map(|(name, told)| Some((*name, told.as_ref().err()?)))
        .collect();
    let denied = refused.iter().filter(|(_, why)| is_denied(why));
    let denied: Vec<&TopicName> = denied.map(|(name, _)| *name).collect();
    if !denied.is_empty() {
        return may_not_create(&denied, asked.len(), found);
    }
    match refused.first() {
        Some((name, why)) => unavailable(code, &format!("whether it may create {name}"), why),
        None if asked.is_empty() => skip(code, "the files list no topic to ask with"),
        None => ok(
            code,
            format!(
                "may create the {} of the files",
                count(asked.len(), "topic")
            ),
        ),
    }
}

fn may_not_create(denied: &[&TopicName], all: usize, found: &Checkup) -> Check {
    let is_there = |name: &&&TopicName| {
        let topic_access = found
            .topics
            .as_ref()
            .ok()
            .and_then(|topics| topics.get(**name));
        matches!(topic_access, Some(TopicAccess::There(_)))
    };
    let missing = denied.len() - denied.iter().filter(is_there).count();
    let help = format!("grant {} Create on them, or on the cluster", who(found));
    let message = format!("may not create {}", some(denied, all));
    match missing {
        0 => warn(
            Code::ApplyCreate,
            format!("{message}: all of them are there, but none could be made again"),
            help,
        ),
        missing => fail(
            Code::ApplyCreate,
            format!("{message}: {missing} not there, or not seen"),
            help,
        ),
    }
}

/// Deletes are needed for removals, and later for entries with `on_remove = "delete"`.
fn delete(purpose: Purpose<'_>, found: &Checkup) -> Check {
    let code = Code::ApplyDelete;
    let topics = match &found.topics {
        Ok(topics) => topics,
        Err(why) => return unavailable(code, "whether it may delete is not known", why),
    };
    let help = |right: AclOperation| format!("grant {} {right} on them", who(found));
    let removals = There::of(purpose.removed(), topics);
    let Some(now) = removals.without(AclOperation::Delete) else {
        return silent(code);
    };
    if !now.is_empty() {
        let message = format!(
            "may not delete what has a removal and exists: {}",
            some(&now, removals.0.len())
        );
        return fail(code, message, help(AclOperation::Delete));
    }
    let goes = purpose
        .topics()
        .filter(|(_, topic)| topic.on_remove == OnRemove::Delete);
    let later = There::of(goes.map(|(name, _)| name), topics);
    let Some(without) = later.without(AclOperation::Delete) else {
        return silent(code);
    };
    if !without.is_empty() {
        let message = format!(
            "may not delete {}, which are to go once they leave the files",
            some(&without, later.0.len())
        );
        return warn(code, message, help(AclOperation::Delete));
    }
    let listed = There::of(purpose.topics().map(|(name, _)| name), topics);
    match listed.without(AclOperation::Delete) {
        None => silent(code),
        Some(_) if listed.0.is_empty() && removals.0.is_empty() => {
            skip(code, "no topic of the files is there and seen")
        }
        Some(without) if without.is_empty() => ok(code, "may delete the topics that are there"),
        Some(without) => ok(
            code,
            format!(
                "nothing is to be deleted; it could not delete {}",
                some(&without, listed.0.len())
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::CheckStatus;
    use super::super::testing::{checkup, codes, denied, find, purpose, stand, there};
    use super::*;
    use crate::testing::{desired, removal, topic};
    use AclOperation::{Alter, AlterConfigs, Delete, Describe, DescribeConfigs};

    const ALL: [AclOperation; 5] = [Describe, DescribeConfigs, Alter, AlterConfigs, Delete];

    #[test]
    fn a_principal_that_may_do_everything() {
        let desired = desired([("a", topic(1, 1, &[])), ("b", topic(1, 1, &[]))]);
        let mut found = checkup(1);
        there(&mut found, "a", &ALL);
        stand(&mut found, "b", TopicAccess::Missing);
        let checks = judge(purpose(&desired), &found);
        assert!(
            checks.iter().all(|c| c.level == CheckStatus::Ok),
            "{checks:?}"
        );
        let seen = find(&checks, Code::PlanTopics).message;
        assert_eq!(seen, "may see 2 topics of the files, of which 1 is there");
    }

    #[test]
    fn a_reader_may_plan_and_not_apply() {
        let desired = desired([("a", topic(1, 1, &[])), ("new", topic(1, 1, &[]))]);
        let mut found = checkup(1);
        there(&mut found, "a", &[Describe, DescribeConfigs]);
        stand(&mut found, "new", TopicAccess::Missing);
        found.cluster_rights = Ok(Some(BTreeSet::new()));
        found.creating = Ok([("a".into(), Err(denied())), ("new".into(), Err(denied()))].into());
        found.groups = Err(denied());
        let checks = judge(purpose(&desired), &found);
        let failing = ["apply-create", "apply-partitions", "apply-configs"];
        assert_eq!(codes(&checks, CheckStatus::Fail), failing);
        assert_eq!(codes(&checks, CheckStatus::Warn), ["plan-groups"]);
        let create = find(&checks, Code::ApplyCreate);
        assert_eq!(
            create.message,
            "may not create 2 of 2 topics (a, new): 1 not there, or not seen"
        );
        let help = "grant User:ci Create on them, or on the cluster";
        assert_eq!(create.help.as_deref(), Some(help));
        let plan = Purpose {
            work: TargetCommand::Plan,
            ..purpose(&desired)
        };
        assert!(codes(&judge(plan, &found), CheckStatus::Fail).is_empty());
    }

    #[test]
    fn topics_that_may_not_be_seen() {
        let desired = desired([("a", topic(1, 1, &[])), ("b", topic(1, 1, &[]))]);
        let mut found = checkup(1);
        stand(&mut found, "a", TopicAccess::Hidden);
        stand(&mut found, "b", TopicAccess::Missing);
        let check = find(&judge(purpose(&desired), &found), Code::PlanTopics);
        assert_eq!(check.level, CheckStatus::Fail);
        assert_eq!(
            check.message,
            "may not see 1 of 2 topics (a): they look missing"
        );
    }

    #[test]
    fn deleting_matters_as_far_as_the_files_delete() {
        let mut desired = desired([("a", topic(1, 1, &[]))]);
        let mut found = checkup(1);
        there(&mut found, "a", &ALL[..4]);
        there(&mut found, "old", &ALL[..4]);
        let delete = |desired: &crate::desired::Desired| {
            find(&judge(purpose(desired), &found), Code::ApplyDelete)
        };
        assert_eq!(delete(&desired).level, CheckStatus::Ok);
        let goes = desired
            .topics
            .get_mut(&TopicName::from("a"))
            .expect("it is");
        goes.on_remove = OnRemove::Delete;
        assert_eq!(delete(&desired).level, CheckStatus::Warn);
        desired.removed.insert("old".into(), removal());
        assert_eq!(delete(&desired).level, CheckStatus::Fail);
    }

    #[test]
    fn brokers_that_do_not_tell_rights() {
        let desired = desired([("a", topic(1, 1, &[]))]);
        let mut found = checkup(1);
        stand(&mut found, "a", TopicAccess::There(None));
        let checks = judge(purpose(&desired), &found);
        let skipped = codes(&checks, CheckStatus::Skip);
        assert_eq!(
            skipped,
            [
                "plan-configs",
                "apply-partitions",
                "apply-configs",
                "apply-delete"
            ]
        );
    }
}
