//! Feeds records to the inventory's reader: whatever anybody with Write on its topic wrote, it ends
//! with records that are valid in every field or with records that are named, no lock outlives its
//! lease, and nothing panics, hangs or grows without bound.
//!
//! An input is records, each with a line for its key and one for its value; an empty value removes the
//! key.

#![no_main]

use libfuzzer_sys::fuzz_target;
use topicsmith::internals::inventory::{Asking, LONGEST_HOLD_MS, TTL, replay};
use topicsmith::internals::kafka::Record;

/// When the broker appended the first of them.
const AT: i64 = 1_795_213_867_000;

fuzz_target!(|input: &[u8]| {
    let mut lines = input.split(|byte| *byte == b'\n');
    let mut records = Vec::new();
    while let (Some(key), Some(value)) = (lines.next(), lines.next()) {
        let offset = records.len() as i64;
        records.push(Record {
            offset,
            appended_ms: Some(AT + offset),
            key: Some(key.to_vec()),
            value: (!value.is_empty()).then(|| value.to_vec()),
        });
    }
    let last = AT + records.len() as i64;
    let topic = "_topicsmith".into();
    let contents = match replay(&topic, records) {
        Ok(contents) => contents,
        Err(error) => return drop(error.to_string()),
    };
    for record in &contents.unreadable {
        assert!(record.to_string().len() < 10_000);
    }
    for lock in &contents.locks {
        assert!(lock.until_ms <= last + TTL.as_millis() as i64);
    }
    let inventory = &contents.inventory;
    for (topic, hold) in &inventory.holds {
        assert_eq!(topic.problem(), None);
        assert!(hold.until_ms <= last + LONGEST_HOLD_MS as i64);
    }
    let owned = inventory.topics.keys();
    let of_instances = inventory.instances.iter().flat_map(|one| one.topics.keys());
    for topic in owned.chain(of_instances) {
        assert_eq!(topic.problem(), None);
    }
    let asking = Asking {
        scope: Some("shop"),
        environment: "prod",
        named: &["orders".into()],
    };
    if let Err(error) = contents.check(&topic, &asking) {
        let _ = (error.to_string(), error.help());
    }
});
