//! Checks of the inventory topic, its lock and the clocks.

use std::collections::BTreeMap;

use super::{Check, CheckStatus, Code, Purpose, fail, ok, skip, unavailable, warn};
use crate::live::checkup::{Checkup, Contents, Inventory, Lock, Unavailable};
use crate::model::TopicName;
use crate::model::text::count;
use crate::model::time::utc;

/// The segment size in bytes above which plans read too much superseded data.
const LARGE_SEGMENT: u64 = 64 << 20;

/// Maximum clock difference that is not reported.
const TOLERANCE_MS: i64 = 2_000;

pub(super) fn judge(purpose: Purpose<'_>, found: &Checkup) -> Vec<Check> {
    let mut checks = inventory(purpose, found);
    checks.extend(scope(purpose));
    checks.extend(lock(purpose, found));
    checks.push(clock(found));
    checks
}

fn inventory(purpose: Purpose<'_>, found: &Checkup) -> Vec<Check> {
    let code = Code::Inventory;
    let topic = &purpose.desired.environment.inventory.topic;
    match &found.inventory {
        None => vec![skip(
            code,
            "turned off ([inventory] enabled = false): nothing is owned, only removals delete",
        )],
        Some(Err(why)) => vec![unavailable(
            code,
            &format!("the state of {topic} is not known"),
            why,
        )],
        Some(Ok(Inventory::Missing)) => vec![ok(
            code,
            format!("{topic} is not there yet: the first apply creates it"),
        )],
        Some(Ok(Inventory::There {
            partitions,
            replicas,
            configs,
            contents,
        })) => {
            let mut checks = shape(topic, *partitions, *replicas, found.brokers.len());
            match configs {
                Err(why) => {
                    let what = format!("whether {topic} is compacted is not known");
                    checks.push(unavailable(code, &what, why));
                }
                Ok(configs) => checks.extend(settings(topic, *replicas, configs)),
            }
            let is_usable = checks.iter().all(|check| check.level == CheckStatus::Warn);
            match contents {
                Ok(contents) => checks.extend(records(topic, contents)),
                // The topic's own problems are already reported.
                Err(why) if is_usable => checks.push(unread(why)),
                Err(_) => {}
            }
            checks
        }
    }
}

/// Reports a missing ownership scope.
fn scope(purpose: Purpose<'_>) -> Option<Check> {
    let environment = &purpose.desired.environment;
    let inventory = &environment.inventory;
    if !inventory.enabled || inventory.scope.is_some() || purpose.scope_is_named {
        return None;
    }
    let message = "no ownership scope is set: plan and apply need one";
    let help = format!(
        "name it: `scope` in [inventory] of environments/{}.toml, --scope or TOPICSMITH_SCOPE",
        environment.name
    );
    Some(warn(Code::Inventory, message, help))
}

fn unread(why: &Unavailable) -> Check {
    let help = why.help.clone().unwrap_or_default();
    fail(Code::Inventory, why.why.clone(), help)
}

fn records(topic: &TopicName, contents: &Contents) -> Vec<Check> {
    let code = Code::Inventory;
    let Contents {
        owned,
        held,
        instances,
        unreadable,
        newest_ms: _,
        locks: _,
    } = contents;
    if let Some(first) = unreadable.first() {
        let number = count(unreadable.len(), "record");
        return vec![fail(
            code,
            format!("{topic} holds {number} that cannot be read: {first}"),
            "a newer topicsmith may have written them: then use that one; `topicsmith inventory forget --offset N` removes one",
        )];
    }
    let mut held_there = vec![format!("{} owned", count(*owned, "topic"))];
    held_there.extend((*held > 0).then(|| format!("{held} held")));
    held_there.extend((*instances > 0).then(|| count(*instances, "instance")));
    vec![ok(
        code,
        format!("{topic} is readable: {}", held_there.join(", ")),
    )]
}

/// Reports the holder of the lock that an apply of this environment needs.
fn lock(purpose: Purpose<'_>, found: &Checkup) -> Option<Check> {
    let code = Code::Lock;
    let Some(Ok(Inventory::There {
        contents: Ok(contents),
        ..
    })) = &found.inventory
    else {
        return None;
    };
    let environment = &purpose.desired.environment.name;
    let of_apply = |lock: &&Lock| {
        let of = lock.resource.strip_prefix("apply/");
        of.and_then(|of| of.rsplit_once('/'))
            .is_some_and(|(_, of)| of == &**environment)
    };
    let Some(lock) = contents.locks.iter().find(of_apply) else {
        return Some(ok(code, format!("no apply of {environment} is running")));
    };
    let Lock {
        by, pid, since_ms, ..
    } = lock;
    let since = utc(*since_ms);
    Some(match lock.until_ms < found.now_ms {
        true => ok(
            code,
            format!("{by}, process {pid}, had it since {since}, and lost it"),
        ),
        false => warn(
            code,
            format!("an apply of {environment} is running: {by}, process {pid}, since {since}"),
            format!(
                "wait for it; if it crashed, its lock expires by itself, or `topicsmith inventory unlock -e {environment}` takes it away"
            ),
        ),
    })
}

fn shape(topic: &TopicName, partitions: usize, replicas: usize, brokers: usize) -> Vec<Check> {
    let mut checks = Vec::new();
    if partitions != 1 {
        checks.push(fail(
            Code::Inventory,
            format!("{topic} has {partitions} partitions: its records would have no order"),
            "name another topic in [inventory], or delete this one if it is not the inventory",
        ));
    }
    let wanted = brokers.min(3);
    if replicas < wanted {
        checks.push(warn(
            Code::Inventory,
            format!(
                "{topic} has {}, and {brokers} brokers are up: what is owned is lost with them",
                count(replicas, "replica")
            ),
            format!("give it {wanted} (kafka-reassign-partitions)"),
        ));
    }
    checks
}

fn settings(topic: &TopicName, replicas: usize, configs: &BTreeMap<String, String>) -> Vec<Check> {
    let code = Code::Inventory;
    let config = |key: &str| configs.get(key).map_or("", String::as_str);
    let set = |pair: &str| format!("kafka-configs --alter --topic {topic} --add-config {pair}");
    let mut checks = Vec::new();
    let policy = config("cleanup.policy");
    if policy != "compact" {
        checks.push(fail(
            code,
            format!(
                "{topic} has cleanup.policy = {policy}: records of what is owned would be lost"
            ),
            format!("if it is the inventory: {}", set("cleanup.policy=compact")),
        ));
    }
    let stamped = config("message.timestamp.type");
    if stamped != "LogAppendTime" {
        checks.push(fail(
            code,
            format!("{topic} has message.timestamp.type = {stamped}: the brokers' time is not in it, and no command takes it for the inventory"),
            set("message.timestamp.type=LogAppendTime"),
        ));
    }
    let least: usize = config("min.insync.replicas").parse().unwrap_or_default();
    let wanted = if replicas >= 3 { 2 } else { 1 };
    if least > replicas {
        checks.push(fail(
            code,
            format!(
                "{topic} has min.insync.replicas = {least} and {}: nothing can be written",
                count(replicas, "replica")
            ),
            set(&format!("min.insync.replicas={wanted}")),
        ));
    } else if least < wanted {
        checks.push(warn(
            code,
            format!("{topic} has min.insync.replicas = {least}: what was written may be on one broker alone"),
            set(&format!("min.insync.replicas={wanted}")),
        ));
    }
    let compression = config("compression.type");
    if compression != "uncompressed" {
        checks.push(warn(
            code,
            format!("{topic} has compression.type = {compression}: the brokers do not limit what its records take once they are unpacked, and a small batch can fill the memory of every command that reads it"),
            set("compression.type=uncompressed"),
        ));
    }
    let segment: u64 = config("segment.bytes").parse().unwrap_or_default();
    if segment > LARGE_SEGMENT {
        checks.push(warn(
            code,
            format!("{topic} has segment.bytes = {segment}: Kafka compacts no segment that is still written to, and every plan reads it all"),
            set("segment.bytes=8388608"),
        ));
    }
    checks
}

/// No Kafka response contains the time. A record's broker timestamp is a lower bound; how far this
/// clock is ahead can only be determined by a write.
fn clock(found: &Checkup) -> Check {
    let code = Code::Clock;
    let unknown = "this machine's clock is not checked: brokers return their time only for a write";
    let (topic, at) = match &found.stamped {
        Err(why) => return unavailable(code, unknown, why),
        Ok(None) => return skip(code, unknown),
        Ok(Some(stamped)) => stamped,
    };
    let ahead = at.saturating_sub(found.now_ms);
    if ahead > TOLERANCE_MS {
        return warn(
            code,
            format!(
                "this machine's clock is at least {} behind a broker's, which stamped a record of {topic}",
                seconds(ahead)
            ),
            "set the clocks by NTP, here and on the brokers",
        );
    }
    skip(
        code,
        format!(
            "{unknown}; it is not behind the newest record that a broker stamped, {} ago in {topic}",
            seconds(-ahead)
        ),
    )
}

fn seconds(ms: i64) -> String {
    format!("{} s", ms.max(0) / 1_000)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{checkup, denied, find, purpose};
    use super::*;
    use crate::live::checkup::Available;
    use crate::testing::desired;

    fn there(replicas: usize, configs: &[(&str, &str)]) -> Checkup {
        let own = |&(key, value): &(&str, &str)| (key.to_owned(), value.to_owned());
        let mut found = checkup(3);
        found.inventory = Some(Ok(Inventory::There {
            partitions: 1,
            replicas,
            configs: Ok(configs.iter().map(own).collect()),
            contents: Ok(Contents {
                owned: 2,
                ..Contents::default()
            }),
        }));
        found
    }

    const GOOD: [(&str, &str); 4] = [
        ("cleanup.policy", "compact"),
        ("compression.type", "uncompressed"),
        ("message.timestamp.type", "LogAppendTime"),
        ("min.insync.replicas", "2"),
    ];

    fn levels(found: &Checkup) -> Vec<CheckStatus> {
        let desired = desired([]);
        let checks = inventory(purpose(&desired), found);
        checks.iter().map(|check| check.level).collect()
    }

    #[test]
    fn a_topic_as_this_tool_makes_it() {
        assert_eq!(levels(&there(3, &GOOD)), [CheckStatus::Ok]);
        let mut found = checkup(1);
        assert_eq!(levels(&found), [CheckStatus::Skip]);
        found.inventory = Some(Ok(Inventory::Missing));
        assert_eq!(levels(&found), [CheckStatus::Ok]);
        found.inventory = Some(Err(denied()));
        assert_eq!(levels(&found), [CheckStatus::Skip]);
    }

    #[test]
    fn a_topic_that_somebody_else_made() {
        let other = [
            ("cleanup.policy", "compact,delete"),
            ("compression.type", "uncompressed"),
            ("message.timestamp.type", "CreateTime"),
            ("min.insync.replicas", "1"),
        ];
        assert_eq!(
            levels(&there(1, &other)),
            [
                CheckStatus::Warn,
                CheckStatus::Fail,
                CheckStatus::Fail,
                CheckStatus::Ok
            ]
        );
        assert_eq!(levels(&there(3, &other))[2], CheckStatus::Warn);
        assert_eq!(levels(&there(1, &GOOD))[1], CheckStatus::Fail);
        for (key, value) in [
            ("segment.bytes", "1073741824"),
            ("compression.type", "producer"),
        ] {
            let mut other = GOOD.to_vec();
            other.retain(|(known, _)| *known != key);
            other.push((key, value));
            assert_eq!(
                levels(&there(3, &other)),
                [CheckStatus::Warn, CheckStatus::Ok]
            );
        }
    }

    fn recorded(found: &mut Checkup) -> &mut Available<Contents> {
        match &mut found.inventory {
            Some(Ok(Inventory::There { contents, .. })) => contents,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_scope_that_nobody_names() {
        let mut desired = desired([]);
        let unnamed = |desired: &crate::desired::Desired| {
            let purpose = Purpose {
                scope_is_named: false,
                ..purpose(desired)
            };
            scope(purpose).map(|check| check.level)
        };
        assert_eq!(unnamed(&desired), Some(CheckStatus::Warn));
        assert_eq!(scope(purpose(&desired)), None);
        desired.environment.inventory.scope = Some("media".to_owned());
        assert_eq!(unnamed(&desired), None);
        desired.environment.inventory.scope = None;
        desired.environment.inventory.enabled = false;
        assert_eq!(unnamed(&desired), None);
    }

    #[test]
    fn records_that_cannot_be_read() {
        let mut found = there(3, &GOOD);
        *recorded(&mut found) = Err(denied());
        assert_eq!(levels(&found), [CheckStatus::Fail]);
        *recorded(&mut found) = Ok(Contents {
            unreadable: vec!["offset 3: it has no key".to_owned()],
            ..Contents::default()
        });
        assert_eq!(levels(&found), [CheckStatus::Fail]);
    }

    #[test]
    fn somebody_holds_the_lock() {
        let desired = desired([]);
        let mut found = there(3, &GOOD);
        let of = |found: &Checkup| find(&judge(purpose(&desired), found), Code::Lock);
        assert_eq!(of(&found).level, CheckStatus::Ok);
        let lock = |resource: &str, until_ms| Lock {
            resource: resource.to_owned(),
            by: "anna@ci".to_owned(),
            pid: 7,
            since_ms: 990_000,
            until_ms,
        };
        let locks = vec![
            lock("apply/media/dev", 1_005_000),
            lock("apply/media/prod", 1_005_000),
        ];
        recorded(&mut found).as_mut().expect("it is read").locks = locks;
        let check = of(&found);
        assert_eq!(check.level, CheckStatus::Warn);
        assert_eq!(
            check.message,
            "an apply of prod is running: anna@ci, process 7, since 1970-01-01T00:16:30Z"
        );
        found.now_ms = 1_006_000;
        assert_eq!(of(&found).level, CheckStatus::Ok);
    }

    #[test]
    fn a_clock_is_behind_or_nothing_is_known() {
        let desired = desired([]);
        let mut found = checkup(1);
        let at = |found: &Checkup| find(&judge(purpose(&desired), found), Code::Clock);
        assert_eq!(at(&found).level, CheckStatus::Skip);
        found.stamped = Ok(Some(("a".into(), 1_000_500)));
        assert_eq!(at(&found).level, CheckStatus::Skip);
        found.stamped = Ok(Some(("a".into(), 1_090_000)));
        let check = at(&found);
        assert_eq!(check.level, CheckStatus::Warn);
        assert!(
            check.message.contains("at least 90 s behind"),
            "{}",
            check.message
        );
    }
}
