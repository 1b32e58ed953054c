//! Checks of broker configs that matter for managed topics.

use super::{Check, Code, Purpose, ok, skip, unavailable, warn, who};
use crate::live::checkup::{Checkup, Reason, Unavailable};
use crate::model::OnRemove;
use crate::model::text::names;

/// Maximum number of brokers in a message.
const MOST_NAMED: usize = 5;

pub(super) fn judge(purpose: Purpose<'_>, found: &Checkup) -> Vec<Check> {
    vec![
        auto_create(found),
        delete_enabled(purpose, found),
        default_replication(found),
        quota(found),
    ]
}

/// Returns a config of each broker that returned it, or a skipped check.
pub(super) fn setting<'a>(
    found: &'a Checkup,
    code: Code,
    key: &str,
) -> Result<Vec<(i32, &'a str)>, Check> {
    let mut why: Option<&Unavailable> = None;
    let mut values = Vec::new();
    for broker in &found.brokers {
        let Ok(visit) = &broker.answered else {
            continue;
        };
        match &visit.settings {
            Ok(settings) => {
                let value = settings.get(key);
                values.extend(value.map(|value| (broker.id, value.as_str())));
            }
            Err(unavailable) => why = why.or(Some(unavailable)),
        }
    }
    match (values.is_empty(), why) {
        (false, _) => Ok(values),
        (true, None) => Err(skip(code, format!("no broker reports {key}"))),
        (true, Some(why)) if why.kind == Reason::Denied => {
            let message = format!("{key} is not known: the brokers' settings may not be read");
            Err(skip(code, message))
        }
        (true, Some(why)) => Err(unavailable(code, &format!("{key} is not known"), why)),
    }
}

/// Returns the help for the right to read broker configs.
pub(super) fn grant(found: &Checkup) -> String {
    format!("grant {} DescribeConfigs on the cluster", who(found))
}

/// Returns the ids of the brokers with this value, `1, 2`.
fn with(values: &[(i32, &str)], wanted: &str) -> Option<String> {
    let ids = values.iter().filter(|(_, value)| *value == wanted);
    let ids: Vec<i32> = ids.map(|(id, _)| *id).collect();
    (!ids.is_empty()).then(|| names(&ids, MOST_NAMED))
}

fn auto_create(found: &Checkup) -> Check {
    const KEY: &str = "auto.create.topics.enable";
    let values = match setting(found, Code::AutoCreate, KEY) {
        Ok(values) => values,
        Err(check) => return check,
    };
    match with(&values, "true") {
        None => ok(Code::AutoCreate, format!("{KEY} is false")),
        Some(ids) => warn(
            Code::AutoCreate,
            format!("{KEY} is true on broker {ids}: any client makes a topic by naming it"),
            format!("set {KEY}=false in the brokers' properties and restart them"),
        ),
    }
}

fn delete_enabled(purpose: Purpose<'_>, found: &Checkup) -> Check {
    const KEY: &str = "delete.topic.enable";
    let code = Code::DeleteEnabled;
    let values = match setting(found, code, KEY) {
        Ok(values) => values,
        Err(check) => return check,
    };
    let Some(ids) = with(&values, "false") else {
        return ok(code, format!("{KEY} is true"));
    };
    let message = format!("{KEY} is false on broker {ids}");
    let help = format!("set {KEY}=true in the brokers' properties and restart them");
    match deletes(purpose) {
        Some(what) => super::fail(code, format!("{message}, and {what}"), help),
        None => warn(code, format!("{message}: no topic could be deleted"), help),
    }
}

/// Returns the declaration that leads to a delete, if any.
fn deletes(purpose: Purpose<'_>) -> Option<String> {
    let goes = |(_, topic): &(_, &crate::desired::Topic)| topic.on_remove == OnRemove::Delete;
    if let Some(name) = purpose.removed().next() {
        return Some(format!("the configuration has a removal for {name}"));
    }
    if let Some((name, _)) = purpose.topics().find(goes) {
        return Some(format!("{name} is to be deleted once it leaves the files"));
    }
    let lifecycle = purpose.desired.lifecycles.keys().next()?;
    Some(format!("the topics of lifecycle {lifecycle} come and go"))
}

fn default_replication(found: &Checkup) -> Check {
    const KEY: &str = "default.replication.factor";
    let code = Code::DefaultReplication;
    let values = match setting(found, code, KEY) {
        Ok(values) => values,
        Err(check) => return check,
    };
    let numbers = values.iter().filter_map(|(_, value)| value.parse().ok());
    let numbers: Vec<usize> = numbers.collect();
    let (Some(least), Some(most)) = (numbers.iter().min(), numbers.iter().max()) else {
        return skip(code, format!("{KEY} is no number on any broker"));
    };
    let brokers = found.brokers.len();
    let help = |to: usize| format!("set {KEY}={to} in the brokers' properties");
    if *most > brokers {
        let message = format!(
            "{KEY} is {most}, and {brokers} brokers are up: a topic made without a factor fails"
        );
        warn(code, message, help(brokers.min(3)))
    } else if *least == 1 && brokers > 1 {
        let message =
            format!("{KEY} is 1: a topic that is created without a factor is lost with its broker");
        warn(code, message, help(brokers.min(3)))
    } else {
        ok(code, format!("{KEY} is {least}"))
    }
}

/// Kafka returns quotas by an API that librdkafka does not support. Only actual throttling can be
/// observed.
fn quota(found: &Checkup) -> Check {
    let code = Code::Quota;
    let throttled = |told: &&Unavailable| told.kind == Reason::Throttled;
    let each = found.creating.iter().flatten();
    let throttled = each
        .filter_map(|(_, told)| told.as_ref().err())
        .find(throttled);
    match throttled {
        Some(why) => warn(
            code,
            format!("a quota holds changes back: {}", why.why),
            "apply waits for it and goes on; for a large change have controller_mutation_rate raised",
        ),
        None => skip(
            code,
            "no throttling seen; quotas are not available through librdkafka (DescribeClientQuotas): to read them: kafka-configs --describe --entity-type users",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checkup, denied, find, purpose, set, unavailable};
    use super::super::{CheckStatus, fail};
    use super::*;
    use crate::testing::{desired, removal, topic};

    fn one(desired: &crate::desired::Desired, found: &Checkup, code: Code) -> Check {
        find(&judge(purpose(desired), found), code)
    }

    #[test]
    fn topics_that_make_themselves() {
        let desired = desired([]);
        let mut found = checkup(2);
        assert_eq!(
            one(&desired, &found, Code::AutoCreate).level,
            CheckStatus::Ok
        );
        set(&mut found, "auto.create.topics.enable", "true");
        let check = one(&desired, &found, Code::AutoCreate);
        assert_eq!(check.level, CheckStatus::Warn);
        assert!(
            check.message.contains("on broker 1, 2:"),
            "{}",
            check.message
        );
    }

    #[test]
    fn deleting_turned_off_fails_where_the_files_delete() {
        let mut desired = desired([("a", topic(1, 1, &[]))]);
        let mut found = checkup(1);
        set(&mut found, "delete.topic.enable", "false");
        let check = one(&desired, &found, Code::DeleteEnabled);
        assert_eq!(check.level, CheckStatus::Warn);
        desired.removed.insert("old".into(), removal());
        let check = one(&desired, &found, Code::DeleteEnabled);
        let help = "set delete.topic.enable=true in the brokers' properties and restart them";
        let message =
            "delete.topic.enable is false on broker 1, and the configuration has a removal for old";
        assert_eq!(check, fail(Code::DeleteEnabled, message, help));
    }

    #[test]
    fn the_default_factor_beside_the_brokers() {
        let desired = desired([]);
        let level = |brokers, factor: &str| {
            let mut found = checkup(brokers);
            set(&mut found, "default.replication.factor", factor);
            one(&desired, &found, Code::DefaultReplication).level
        };
        assert_eq!(level(1, "1"), CheckStatus::Ok);
        assert_eq!(level(3, "1"), CheckStatus::Warn);
        assert_eq!(level(3, "3"), CheckStatus::Ok);
        assert_eq!(level(2, "3"), CheckStatus::Warn);
    }

    #[test]
    fn settings_that_may_not_be_read() {
        let desired = desired([]);
        let mut found = checkup(1);
        let visit = found.brokers[0].answered.as_mut().expect("it answered");
        visit.settings = Err(denied());
        let check = one(&desired, &found, Code::AutoCreate);
        assert_eq!(check.level, CheckStatus::Skip);
        assert_eq!(
            check.message,
            "auto.create.topics.enable is not known: the brokers' settings may not be read"
        );
    }

    #[test]
    fn a_quota_is_seen_where_it_holds_back() {
        let desired = desired([]);
        let mut found = checkup(1);
        assert_eq!(one(&desired, &found, Code::Quota).level, CheckStatus::Skip);
        let throttled = Err(unavailable("wait", Reason::Throttled));
        found.creating = Ok([("a".into(), throttled)].into());
        assert_eq!(one(&desired, &found, Code::Quota).level, CheckStatus::Warn);
    }
}
