//! Tests with records that any principal with Write on the topic can append.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::inventory::codec::{self, Fact, InventoryRecord};
use crate::inventory::concern::Concerns;
use crate::inventory::{Asking, Contents, Holding, InventoryError, replay};
use crate::kafka::Record;
use crate::live::{AppliedRemoval, Instance, Owned, OwnerKey, Stamp};
use crate::model::{OnRemove, TopicName};

const AT: i64 = 1_795_213_867_000;
const ID: &str = "4L6g3nShT-eMCtK--X86sw";
const YEAR_MS: i64 = 365 * 24 * 60 * 60 * 1_000;

/// Returns the value of a record of a kind, with these fields.
fn value(kind: &str, fields: Value) -> String {
    let mut all = Map::new();
    all.insert("format".to_owned(), json!(codec::FORMAT));
    all.insert("kind".to_owned(), json!(kind));
    let whose = json!({"scope": "shop", "environment": "prod"});
    for fields in [whose, fields] {
        let Value::Object(fields) = fields else {
            panic!("{fields}");
        };
        all.extend(fields);
    }
    // `null` removes a field.
    all.retain(|_, value| !value.is_null());
    Value::Object(all).to_string()
}

fn why(key: &str, value: &str) -> String {
    let fact = codec::decode(key.as_bytes(), value.as_bytes(), Some(AT));
    fact.expect_err(value)
}

#[test]
fn an_invalid_field_of_any_kind_is_named() {
    let topic = |fields: Value| ("topic/a", "topic", fields);
    let hold = |fields: Value| ("hold/a", "hold", fields);
    let applied_removal = |fields: Value| ("tombstone/shop/prod/a", "tombstone", fields);
    let instance = |fields: Value| ("instance/shop/prod/l/", "instance", fields);
    let long = "x".repeat(70_000);
    let cases = [
        (
            topic(json!({"topic": ""})),
            "`topic` is invalid: a topic name cannot be empty",
        ),
        (
            topic(json!({"topic": "a\0b"})),
            "`topic` is invalid: '\\0' is not allowed",
        ),
        (
            topic(json!({"topic": "x".repeat(250)})),
            "at most 249 characters",
        ),
        (topic(json!({"topic": "__consumer_offsets"})), "internal"),
        (
            topic(json!({"topic": "a", "scope": null})),
            "`scope` is missing or empty",
        ),
        (
            topic(json!({"topic": "a", "scope": ""})),
            "`scope` is missing or empty",
        ),
        (
            topic(json!({"topic": "a", "scope": "a\nb"})),
            "`scope` has a control character",
        ),
        (
            topic(json!({"topic": "a", "environment": long})),
            "`environment` is longer than 1024",
        ),
        (
            topic(json!({"topic": "a", "id": "1"})),
            "`id` is not a topic id of Kafka",
        ),
        (
            topic(json!({"topic": "a", "id": "AAAAAAAAAAAAAAAAAAAAAA"})),
            "`id` is not a topic id",
        ),
        (
            topic(json!({"topic": "a", "id": "4L6g3nShT-eMCtK--X86sx"})),
            "`id` is not a topic id",
        ),
        (
            topic(json!({"topic": "a", "on_remove": "shred"})),
            "unknown variant `shred`, expected `retain` or `delete`",
        ),
        (topic(json!({"topic": "a", "owner": 7})), "invalid type"),
        (
            topic(json!({"topic": "a", "owner": long})),
            "`owner` is longer than 65536 bytes",
        ),
        (
            topic(json!({"topic": "a", "partitions": 0})),
            "0 is out of range",
        ),
        (
            topic(json!({"topic": "a", "partitions": -3})),
            "-3 is out of range",
        ),
        (
            topic(json!({"topic": "a", "replication_factor": 40_000})),
            "40000 is out of range",
        ),
        (
            topic(json!({"topic": "a", "partitions": 1.5})),
            "invalid type: floating point",
        ),
        (
            topic(json!({"topic": "a", "config": {"a b": "1"}})),
            "`config` has a key",
        ),
        (
            topic(json!({"topic": "a", "config": {"": "1"}})),
            "`config` has a key",
        ),
        (
            topic(json!({"topic": "a", "config": {"x": "\0"}})),
            "`config` has an invalid value of x",
        ),
        (topic(json!({"topic": "a", "config": [1]})), "invalid type"),
        (
            topic(json!({"topic": "a", "declared_at": long})),
            "`declared_at` is longer",
        ),
        (topic(json!({"topic": "a", "by": long})), "`by` is longer"),
        (
            hold(json!({"topic": "a", "reason": "r"})),
            "missing field `until_ms`",
        ),
        (
            hold(json!({"topic": "a", "for_ms": 1})),
            "missing field `reason`",
        ),
        (
            hold(json!({"topic": "a", "reason": "r", "for_ms": u64::MAX})),
            "longer than 90 days",
        ),
        (
            hold(json!({"topic": "a", "reason": "r", "until_ms": AT + YEAR_MS})),
            "longer than 90 days",
        ),
        (
            hold(json!({"topic": "a", "reason": "r", "until_ms": -1})),
            "longer than 90 days",
        ),
        (
            hold(json!({"topic": "a", "reason": "r", "for_ms": -1})),
            "invalid value",
        ),
        (
            applied_removal(json!({"topic": "a", "id": "x"})),
            "`id` is not a topic id",
        ),
        (
            applied_removal(json!({"topic": "a/b"})),
            "`topic` is invalid",
        ),
        (
            instance(json!({"lifecycle": ""})),
            "missing field `delete_after_ms`",
        ),
        (
            instance(json!({"lifecycle": "", "delete_after_ms": 1})),
            "`lifecycle` is missing",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": u64::MAX})),
            "`delete_after_ms` is longer than 100 years",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": 1, "max_age_ms": u64::MAX})),
            "`max_age_ms` is longer than 100 years",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": 1, "started_ms": -1})),
            "`started_ms` is not a time",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": 1, "started_ms": AT + YEAR_MS})),
            "`started_ms` is later than the record itself",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": 1, "ended_ms": i64::MAX})),
            "`ended_ms` is not a time",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": 1, "topics": {"a b": ID}})),
            "`topics` has an invalid name",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": 1, "topics": {"a": "1"}})),
            "`id` is not a topic id",
        ),
        (
            instance(json!({"lifecycle": "l", "delete_after_ms": 1, "parameters": {"a": "\u{7}"}})),
            "`parameters` has a control character",
        ),
    ];
    for ((key, kind, fields), expected) in cases {
        let why = why(key, &value(kind, fields.clone()));
        assert!(why.contains(expected), "{fields}: {why}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let deep = format!("{{\"x\": {}", "[".repeat(900_000));
    let said = why("topic/a", &deep);
    assert!(said.contains("this is no JSON"), "{said}");
    let large = format!("{{\"format\": \"{}\"}}", "x".repeat(2 << 20));
    assert!(why("topic/a", &large).contains("bytes, more than 1048576"));
}

fn lock(id: &str, for_ms: Value) -> (String, String) {
    let claim = json!({
        "format": codec::FORMAT, "kind": "lock", "resource": "apply/shop/prod", "claim": id,
        "by": "forger", "pid": 1, "for_ms": for_ms,
    });
    (format!("lock/apply%2Fshop%2Fprod/{id}"), claim.to_string())
}

fn records(all: &[(String, String)]) -> Vec<Record> {
    let record = |(offset, (key, value)): (usize, &(String, String))| Record {
        offset: i64::try_from(offset).unwrap(),
        appended_ms: Some(AT),
        key: Some(key.as_bytes().to_vec()),
        value: Some(value.as_bytes().to_vec()),
    };
    all.iter().enumerate().map(record).collect()
}

fn marker() -> (String, String) {
    let (key, value) = codec::encode_marker();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(key), text(value.unwrap()))
}

fn contents(all: &[(String, String)]) -> Contents {
    replay(&"inventory".into(), records(all)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_lease_that_the_tool_never_takes_locks_nobody() {
    for for_ms in [
        json!(u64::MAX),
        json!(10_001),
        json!(0),
        json!(-5),
        json!("10000"),
        json!(1e3),
    ] {
        let contents = contents(&[marker(), lock("1", for_ms.clone())]);
        assert!(contents.locks.is_empty(), "{for_ms}");
        let [record] = contents.unreadable.as_slice() else {
            panic!("{for_ms}: {:?}", contents.unreadable);
        };
        assert_eq!(record.offset, 1);
        assert_eq!(record.concerns, Concerns::Nobody);
    }
    let held = contents(&[marker(), lock("1", json!(10_000))]);
    assert_eq!(held.locks[0].until_ms, AT + 10_000);
    let huge = contents(&[marker(), lock("1", json!(u64::MAX))]);
    let said = huge.unreadable[0].to_string();
    let most = "`for_ms` is 18446744073709551615: a lock is taken for up to 10000 ms";
    assert!(
        said.ends_with(most) && said.starts_with("partition 0, offset 1: "),
        "{said}"
    );
    // A record without a broker timestamp does not count either: its time is the producer's.
    let mut unstamped = records(&[marker(), lock("1", json!(10_000))]);
    unstamped[1].appended_ms = None;
    let contents = replay(&"inventory".into(), unstamped).unwrap();
    assert_eq!((contents.locks.len(), contents.unreadable.len()), (0, 1));
}

#[test]
fn what_cannot_be_read_concerns_those_whom_its_key_names() {
    let owner = |scope: &str| Concerns::Owner {
        scope: scope.to_owned(),
        environment: "prod".to_owned(),
    };
    let topic = || Concerns::Topic("a".into(), OwnerKey::default());
    let cases = [
        ("topic/a", topic()),
        ("hold/a", topic()),
        ("topic/", Concerns::Nobody),
        ("topic/a\0b", Concerns::Nobody),
        ("topic/a/b", Concerns::Nobody),
        ("hold/", Concerns::Nobody),
        ("tombstone/s%2Fe/prod/a", owner("s/e")),
        ("tombstone/s%2fe/prod/a", Concerns::Nobody),
        ("tombstone/s", Concerns::Nobody),
        ("instance/shop/prod/l/a=b", owner("shop")),
        ("instance/%/prod/l/a=b", Concerns::Nobody),
        ("lock/apply%2Fshop%2Fprod/1", Concerns::Nobody),
        ("inventory", Concerns::Everybody),
        ("quota/a", Concerns::Everybody),
        ("", Concerns::Everybody),
    ];
    for (key, expected) in cases {
        assert_eq!(
            codec::concerns(key.as_bytes(), b"oops"),
            expected,
            "{key:?}"
        );
    }
    assert_eq!(codec::concerns(b"\xff", b""), Concerns::Everybody);
}

/// Returns the offsets of the records that block a scope and environment with the topic `named` in
/// its configuration.
fn stopped(contents: &Contents, scope: &str, environment: &str, named: &str) -> Vec<i64> {
    let asking = Asking {
        scope: Some(scope),
        environment,
        named: &[named.into()],
    };
    match contents.check(&"inventory".into(), &asking) {
        Ok(()) => Vec::new(),
        Err(InventoryError::Unreadable { records, .. }) => {
            records.iter().map(|record| record.offset).collect()
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn one_that_cannot_be_read_stops_nobody_else() {
    let bad = |key: &str| (key.to_owned(), "oops".to_owned());
    let owned = value("topic", json!({"topic": "own"}));
    let of_instance = json!({"lifecycle": "l", "delete_after_ms": 1, "topics": {"raw": ID}});
    let newer = r#"{"format": "topicsmith/inventory/2", "scope": "media", "environment": "prod"}"#;
    let all = [
        marker(),
        bad("topic/"),
        bad("topic/a"),
        bad("hold/own"),
        bad("hold/raw"),
        bad("tombstone/shop/prod/x"),
        bad("lock/r/1"),
        ("topic/left".to_owned(), newer.to_owned()),
        ("topic/own".to_owned(), owned),
        (
            "instance/shop/prod/l/".to_owned(),
            value("instance", of_instance),
        ),
    ];
    let some = contents(&all);
    assert_eq!(some.unreadable.len(), 7);
    // Blocks because its configuration names it; it owns it; its instance has it; it is its own.
    assert_eq!(stopped(&some, "shop", "prod", "a"), [2, 3, 4, 5]);
    // The topic was removed from the configuration of the owner that the record still names.
    assert_eq!(stopped(&some, "media", "prod", "a"), [2, 7]);
    assert_eq!(stopped(&some, "media", "dev", "b"), [] as [i64; 0]);
    assert_eq!(stopped(&some, "shop", "dev", "b"), [] as [i64; 0]);
    let all = contents(&[marker(), bad("quota/x")]);
    assert_eq!(stopped(&all, "media", "prod", "b"), [1]);
    let said = all.unreadable[0].to_string();
    assert!(
        said.contains("a key that topicsmith does not write"),
        "{said}"
    );
}

#[test]
fn a_topic_with_other_records_is_no_inventory_and_says_nothing_of_them() {
    let alien = |key: &str| (key.to_owned(), "{\"card\": \"4111\"}".to_owned());
    let topic = TopicName::from("payments");
    for all in [
        vec![alien("alice@example.org")],
        vec![alien("topic/a"), alien("b")],
    ] {
        let error = replay(&topic, records(&all)).unwrap_err().to_string();
        assert!(
            error.starts_with("topic payments cannot be the inventory: "),
            "{error}"
        );
        assert!(
            !error.contains("alice") && !error.contains("4111"),
            "{error}"
        );
    }
    let many: Vec<_> = (0..20_000).map(|n| alien(&format!("k{n}"))).collect();
    assert!(replay(&topic, records(&many)).is_err());
    // Created before markers existed: its contents identify it.
    let ours = (
        "topic/own".to_owned(),
        value("topic", json!({"topic": "own"})),
    );
    assert_eq!(
        contents(std::slice::from_ref(&ours)).inventory.topics.len(),
        1
    );
    assert!(!contents(&[ours]).is_blank);
    assert!(contents(&[]).is_blank);
    assert!(!contents(&[marker()]).is_blank);
    // All records but the marker were removed.
    let mut gone = records(&[marker(), alien("topic/a")]);
    gone[1].value = None;
    assert!(replay(&topic, gone).is_ok());
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z/%=,.-]{1,12}", "\\PC{1,20}"]
}

fn id() -> impl Strategy<Value = Option<String>> {
    option::of("[A-Za-z0-9_-]{21}[AQgw]".prop_filter("zero", |id| !id.starts_with("AAAA")))
}

fn topic() -> impl Strategy<Value = TopicName> {
    "[a-z][a-zA-Z0-9._-]{0,30}".prop_map(|name| TopicName::from(name.as_str()))
}

fn whose() -> impl Strategy<Value = OwnerKey> {
    (text(), text()).prop_map(|(scope, environment)| OwnerKey {
        scope: Some(scope),
        environment: Some(environment),
    })
}

fn stamp() -> impl Strategy<Value = Stamp> {
    (option::of(text()), option::of(text())).prop_map(|(commit, by)| Stamp {
        commit,
        by,
        at_ms: None,
    })
}

fn owned() -> impl Strategy<Value = Owned> {
    let on_remove = prop_oneof![Just(OnRemove::Retain), Just(OnRemove::Delete)];
    let config = vec(("[a-z.]{1,20}", ".{0,20}"), 0..4);
    let config = config.prop_map(|all| {
        let all = all.into_iter().filter(|(_, value)| !value.contains('\0'));
        all.map(|(key, value)| (key.as_str().into(), value))
            .collect()
    });
    (
        (
            whose(),
            id(),
            option::of(on_remove),
            option::of(option::of(text())),
        ),
        (
            option::of(1..=i32::MAX as u32),
            option::of(1..=i16::MAX as u32),
        ),
        (option::of(config), option::of(text()), stamp()),
    )
        .prop_map(
            |((whose, id, on_remove, owner), (partitions, factor), rest)| Owned {
                whose,
                id,
                on_remove,
                owner,
                partitions,
                replication_factor: factor,
                config: rest.0,
                declared_at: rest.1,
                stamp: rest.2,
            },
        )
}

fn instance() -> impl Strategy<Value = Instance> {
    (
        (
            whose(),
            text(),
            vec((text(), text()), 0..3),
            vec((topic(), id()), 0..4),
        ),
        (
            0..=AT,
            option::of(0..=AT),
            0..1_000_000_000_u64,
            option::of(0..1_000_000_000_u64),
        ),
        stamp(),
    )
        .prop_map(
            |((whose, lifecycle, parameters, topics), times, stamp)| Instance {
                whose,
                lifecycle,
                parameters: parameters.into_iter().collect(),
                topics: topics.into_iter().collect(),
                started_ms: times.0,
                ended_ms: times.1,
                delete_after_ms: times.2,
                max_age_ms: times.3,
                stamp,
            },
        )
}

/// Generates the records that the tool writes.
fn entry() -> impl Strategy<Value = InventoryRecord> {
    let held = (topic(), whose(), 0..7_776_000_000_u64, text(), stamp());
    let held = held.prop_map(|(topic, whose, for_ms, reason, stamp)| {
        let holding = Holding {
            whose,
            for_ms,
            reason,
            stamp,
        };
        InventoryRecord::Held(topic, holding)
    });
    let applied_removal = (whose(), topic(), id(), stamp());
    let applied_removal = applied_removal.prop_map(|(whose, topic, id, stamp)| {
        InventoryRecord::AppliedRemoval(AppliedRemoval {
            whose,
            topic,
            id,
            stamp,
        })
    });
    prop_oneof![
        (topic(), owned()).prop_map(|(topic, owned)| InventoryRecord::Owned(topic, owned)),
        held,
        applied_removal,
        instance().prop_map(InventoryRecord::Started),
        instance().prop_map(InventoryRecord::Instance),
        instance().prop_map(InventoryRecord::Ended),
    ]
}

/// Replaces or removes a byte of a record.
fn mutated(mut bytes: Vec<u8>, at: usize, byte: Option<u8>) -> Vec<u8> {
    let at = at % bytes.len();
    match byte {
        Some(byte) => bytes[at] = byte,
        None => drop(bytes.remove(at)),
    }
    bytes
}

/// Asserts that a record that was read could also have been written.
fn assert_valid(fact: &Fact) {
    let checked = match fact {
        Fact::Owned(topic, owned) => super::owned(topic, owned),
        Fact::Hold(topic, hold) => super::hold(topic, hold),
        Fact::AppliedRemoval(applied_removal) => super::applied_removal(applied_removal),
        Fact::Instance(instance) => super::instance(instance),
        Fact::Claim(claim) => super::claim(claim),
        Fact::Marker => Ok(()),
    };
    assert_eq!(checked, Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(entry in entry()) {
        prop_assert_eq!(entry.check(), Ok(()));
        let (key, value) = entry.encode();
        let fact = codec::decode(&key, &value.unwrap(), Some(AT)).unwrap();
        match (entry, fact) {
            (InventoryRecord::Owned(topic, owned), Fact::Owned(read, fact)) => {
                let mut fact = *fact;
                prop_assert_eq!(fact.stamp.at_ms.take(), Some(AT));
                prop_assert_eq!((topic, owned), (read, fact));
            }
            (InventoryRecord::Held(topic, holding), Fact::Hold(read, hold)) => {
                prop_assert_eq!(topic, read);
                prop_assert_eq!(hold.until_ms, AT + i64::try_from(holding.for_ms).unwrap());
            }
            (InventoryRecord::AppliedRemoval(mut applied_removal), Fact::AppliedRemoval(read)) => {
                applied_removal.stamp.at_ms = Some(AT);
                prop_assert_eq!(applied_removal, read);
            }
            (InventoryRecord::Started(one) | InventoryRecord::Instance(one) | InventoryRecord::Ended(one), Fact::Instance(read)) => {
                prop_assert_eq!(one.topics, read.topics);
                prop_assert_eq!(one.parameters, read.parameters);
            }
            (entry, fact) => prop_assert!(false, "{:?} {:?}", entry, fact),
        }
    }

    #[test]
    fn a_record_that_was_changed_is_valid_or_refused(
        entry in entry(),
        changes in vec((any::<usize>(), option::of(any::<u8>())), 1..4),
        in_key in any::<bool>(),
        at_ms in option::of(any::<i64>()),
    ) {
        let (mut key, value) = entry.encode();
        let mut value = value.unwrap();
        for (at, byte) in changes {
            match in_key {
                true => key = mutated(key, at, byte),
                false => value = mutated(value, at, byte),
            }
        }
        codec::concerns(&key, &value);
        if let Ok(fact) = codec::decode(&key, &value, at_ms) {
            assert_valid(&fact);
        }
    }

    #[test]
    fn any_bytes_are_read_to_an_end(
        all in vec((option::of(vec(any::<u8>(), 0..40)), option::of(vec(any::<u8>(), 0..80))), 0..20),
    ) {
        let records = (0..).zip(all).map(|(offset, (key, value))| Record {
            offset,
            appended_ms: Some(AT),
            key,
            value,
        });
        if let Ok(contents) = replay(&"inventory".into(), records) {
            for record in &contents.unreadable {
                let _ = record.to_string();
            }
        }
    }
}
