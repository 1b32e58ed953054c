//! Checks of the rights on the inventory topic.

use super::super::{Check, Code, Purpose, fail, ok, skip, unavailable, who};
use super::{is_denied, silent};
use crate::live::AclOperation;
use crate::live::checkup::{Checkup, TopicAccess};
use crate::model::TopicName;
use crate::model::text::names;

/// The rights of a command on the inventory.
struct Need {
    code: Code,
    rights: &'static [AclOperation],
    verb: &'static str,
    /// The effect if one is missing.
    so: &'static str,
}

const READ: Need = Need {
    code: Code::PlanInventory,
    rights: &[AclOperation::DescribeConfigs, AclOperation::Read],
    verb: "read",
    so: "no plan can be made while the inventory is in use",
};

const WRITE: Need = Need {
    code: Code::ApplyInventory,
    rights: &[AclOperation::Write],
    verb: "write",
    so: "nothing can be applied while the inventory is in use",
};

/// Checks the rights that every command with a cluster needs; `None` if the inventory is disabled.
pub(super) fn reading(purpose: Purpose<'_>, found: &Checkup) -> Option<Check> {
    let missing = |topic: &TopicName| {
        let message = format!("may see {topic}; it is not there yet");
        ok(READ.code, message)
    };
    judge(purpose, found, &READ, missing)
}

/// Checks the rights that only an apply needs.
pub(super) fn writing(purpose: Purpose<'_>, found: &Checkup) -> Option<Check> {
    judge(purpose, found, &WRITE, |topic| making(topic, found))
}

fn judge(
    purpose: Purpose<'_>,
    found: &Checkup,
    need: &Need,
    missing: impl FnOnce(&TopicName) -> Check,
) -> Option<Check> {
    found.inventory.as_ref()?;
    let Need {
        code,
        rights,
        verb,
        so,
    } = *need;
    let topic = &purpose.desired.environment.inventory.topic;
    let unknown = format!("whether it may {verb} {topic} is not known");
    let topics = match &found.topics {
        Ok(topics) => topics,
        Err(why) => return Some(unavailable(code, &unknown, why)),
    };
    let grant = |rights: &[AclOperation]| {
        let rights = names(rights, rights.len());
        format!("grant {} {rights} on {topic}", who(found))
    };
    Some(match topics.get(topic) {
        None => skip(code, unknown),
        Some(TopicAccess::Unavailable(why)) => unavailable(code, &unknown, why),
        Some(TopicAccess::Hidden) => {
            let all: Vec<AclOperation> = [&[AclOperation::Describe], rights].concat();
            fail(code, format!("may not see {topic}: {so}"), grant(&all))
        }
        Some(TopicAccess::Missing) => missing(topic),
        Some(TopicAccess::There(None)) => silent(code),
        Some(TopicAccess::There(Some(allowed))) => {
            let lacking = rights.iter().filter(|right| !allowed.contains(right));
            let lacking: Vec<AclOperation> = lacking.copied().collect();
            match lacking.is_empty() {
                true => ok(code, format!("may {verb} {topic}")),
                false => fail(
                    code,
                    format!("may not {verb} {topic}: {so}"),
                    grant(&lacking),
                ),
            }
        }
    })
}

/// Checks the right to create the inventory, which the first apply does.
fn making(topic: &TopicName, found: &Checkup) -> Check {
    let code = WRITE.code;
    let unknown = format!("whether it may create {topic} is not known");
    let told = found.creating.as_ref().map(|creating| creating.get(topic));
    match told {
        Err(why) => unavailable(code, &unknown, why),
        Ok(None) => skip(code, unknown),
        Ok(Some(Ok(()))) => {
            let message =
                format!("may create {topic}; whether it may write it is known once it is there");
            ok(code, message)
        }
        Ok(Some(Err(why))) if is_denied(why) => fail(
            code,
            format!("may not create {topic}, which the first apply does"),
            format!("grant {} Create and Write on {topic}", who(found)),
        ),
        Ok(Some(Err(why))) => unavailable(code, &unknown, why),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::CheckStatus;
    use super::super::super::testing::{checkup, denied, purpose, stand, there};
    use super::*;
    use crate::live::checkup::Inventory;
    use crate::testing::desired;
    use AclOperation::{Describe, DescribeConfigs, Read, Write};

    fn levels(found: &Checkup) -> [CheckStatus; 2] {
        let desired = desired([]);
        let checks = [
            reading(purpose(&desired), found),
            writing(purpose(&desired), found),
        ];
        checks.map(|check| check.expect("the inventory is in use").level)
    }

    #[test]
    fn it_is_read_by_plans_and_written_by_applies() {
        let mut found = checkup(1);
        assert_eq!(reading(purpose(&desired([])), &found), None);
        found.inventory = Some(Ok(Inventory::Missing));
        stand(&mut found, "_topicsmith", TopicAccess::Missing);
        assert_eq!(levels(&found), [CheckStatus::Ok, CheckStatus::Ok]);
        there(
            &mut found,
            "_topicsmith",
            &[Describe, DescribeConfigs, Read],
        );
        assert_eq!(levels(&found), [CheckStatus::Ok, CheckStatus::Fail]);
        there(&mut found, "_topicsmith", &[Describe, Read, Write]);
        assert_eq!(levels(&found), [CheckStatus::Fail, CheckStatus::Ok]);
        stand(&mut found, "_topicsmith", TopicAccess::Hidden);
        assert_eq!(levels(&found), [CheckStatus::Fail, CheckStatus::Fail]);
    }

    #[test]
    fn what_is_not_there_has_to_be_made() {
        let mut found = checkup(1);
        found.inventory = Some(Ok(Inventory::Missing));
        found.creating = Ok([("_topicsmith".into(), Err(denied()))].into());
        stand(&mut found, "_topicsmith", TopicAccess::Missing);
        assert_eq!(levels(&found), [CheckStatus::Ok, CheckStatus::Fail]);
        let check = writing(purpose(&desired([])), &found).expect("it is in use");
        let help = "grant User:ci Create and Write on _topicsmith";
        assert_eq!(check.help.as_deref(), Some(help));
    }
}
