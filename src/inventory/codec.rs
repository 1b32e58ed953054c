//! Keys and values of records. The key identifies the subject, so that a later record replaces an
//! earlier one; the value alone holds all facts, as JSON:
//!
//! ```json
//! {"format": "topicsmith/inventory/1", "kind": "topic", "topic": "orders", "scope": "shop", …}
//! ```

use std::borrow::Cow;

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::check::{self, Invalid};
use super::concern::Concerns;
use super::envelope::{OfTopic, Record};
use super::lease::{Claim, Holder, TTL};
use crate::kafka::Record as KafkaRecord;
use crate::live::snapshot::records::{
    HoldFields, InstanceFields, applied_removal_json, hold_json, instance_json, write_owned,
};
use crate::live::{AppliedRemoval, Hold, Instance, Owned, OwnerKey, Stamp};
use crate::model::TopicName;
use crate::model::document;

/// The format of all records.
pub const FORMAT: &str = "topicsmith/inventory/1";

/// The key prefix of lock records.
const LOCK: &[u8] = b"lock/";

/// The key of the record that marks a topic as an inventory.
pub(super) const MARKER: &str = "inventory";

/// A record to write. `at_ms` is not written: the broker's timestamp replaces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InventoryRecord {
    /// The topic is owned.
    Owned(TopicName, Owned),
    /// The topic is unowned.
    Disowned(TopicName),
    /// The topic is on hold.
    Held(TopicName, Holding),
    /// The topic's hold ends.
    Unheld(TopicName),
    /// The removal has been applied.
    AppliedRemoval(AppliedRemoval),
    /// Deletes the record of an applied removal.
    AppliedRemovalGone(AppliedRemoval),
    /// The instance starts now; `started_ms` is not written.
    Started(Instance),
    /// The current state of the instance.
    Instance(Instance),
    /// The instance ends now; `ended_ms` is not written.
    Ended(Instance),
    /// Deletes the record of an instance, after all its topics.
    InstanceGone(Instance),
    /// Deletes the record with a raw key.
    Forget(Vec<u8>),
}

/// A hold to write, with a duration from the time of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The owner of the applies that the hold blocks.
    pub whose: OwnerKey,
    /// The duration in ms.
    pub for_ms: u64,
    /// The reason.
    pub reason: String,
    /// The writer.
    pub stamp: Stamp,
}

/// A record's key and value.
pub(super) type Pair = (Vec<u8>, Option<Vec<u8>>);

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    Owned(TopicName, Box<Owned>),
    Hold(TopicName, Hold),
    AppliedRemoval(AppliedRemoval),
    Instance(Box<Instance>),
    Claim(Claim),
    Marker,
}

impl InventoryRecord {
    /// Validates that the record could be read back.
    ///
    /// # Errors
    /// Returns the first invalid field.
    pub(super) fn check(&self) -> Result<(), Invalid> {
        match self {
            InventoryRecord::Owned(topic, owned) => check::owned(topic, owned),
            InventoryRecord::Held(topic, holding) => {
                let Holding {
                    whose,
                    for_ms,
                    reason,
                    stamp,
                } = holding;
                let hold = Hold {
                    whose: whose.clone(),
                    until_ms: i64::try_from(*for_ms).unwrap_or(i64::MAX),
                    reason: reason.clone(),
                    stamp: Stamp {
                        at_ms: None,
                        ..stamp.clone()
                    },
                };
                check::hold(topic, &hold)
            }
            InventoryRecord::AppliedRemoval(applied_removal) => {
                check::applied_removal(applied_removal)
            }
            InventoryRecord::Started(instance)
            | InventoryRecord::Instance(instance)
            | InventoryRecord::Ended(instance) => check::instance(instance),
            InventoryRecord::Disowned(_)
            | InventoryRecord::Unheld(_)
            | InventoryRecord::AppliedRemovalGone(_)
            | InventoryRecord::InstanceGone(_)
            | InventoryRecord::Forget(_) => Ok(()),
        }
    }

    /// Encodes key and value.
    pub(super) fn encode(&self) -> Pair {
        match self {
            InventoryRecord::Owned(topic, owned) => {
                let fields = OwnedFields { topic, owned };
                pair(topic_key(topic), "topic", &fields)
            }
            InventoryRecord::Disowned(topic) => (topic_key(topic), None),
            InventoryRecord::Held(topic, holding) => {
                let fields = untimed(holding_json(topic, holding));
                pair(hold_key(topic), "hold", &fields)
            }
            InventoryRecord::Unheld(topic) => (hold_key(topic), None),
            InventoryRecord::AppliedRemoval(applied_removal) => {
                let fields = untimed(applied_removal_json(applied_removal));
                pair(applied_removal_key(applied_removal), "tombstone", &fields)
            }
            InventoryRecord::AppliedRemovalGone(applied_removal) => {
                (applied_removal_key(applied_removal), None)
            }
            InventoryRecord::Started(instance) => encode_instance(instance, |json| {
                json.shift_remove("started_ms");
            }),
            InventoryRecord::Instance(instance) => encode_instance(instance, |_| ()),
            InventoryRecord::Ended(instance) => encode_instance(instance, |json| {
                json.shift_remove("ended_ms");
                json.insert("ended".to_owned(), json!(true));
            }),
            InventoryRecord::InstanceGone(instance) => (instance_key(instance), None),
            InventoryRecord::Forget(key) => (key.clone(), None),
        }
    }
}

/// Serializes the fields of an owned topic's record.
struct OwnedFields<'a> {
    topic: &'a TopicName,
    owned: &'a Owned,
}

impl Serialize for OwnedFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_map(None)?;
        write_owned(&mut record, self.owned, None)?;
        record.serialize_entry("topic", self.topic)?;
        record.end()
    }
}

/// Encodes the record that marks a topic as an inventory.
pub(super) fn encode_marker() -> Pair {
    pair(MARKER.into(), MARKER, &Map::new())
}

/// Encodes a claim of a lock.
pub(super) fn encode_claim(resource: &str, id: &str, holder: &Holder) -> Pair {
    let Holder {
        by,
        pid,
        commit,
        since_ms: _,
    } = holder;
    let fields = json!({
        "resource": resource, "claim": id, "by": by, "pid": pid, "commit": commit, "for_ms": TTL.as_millis(),
    });
    pair(lock_key(resource, id), "lock", &fields)
}

fn holding_json(topic: &TopicName, holding: &Holding) -> Map<String, Value> {
    let Holding {
        whose,
        for_ms,
        reason,
        stamp,
    } = holding;
    let mut json = hold_json(&Hold {
        whose: whose.clone(),
        until_ms: 0,
        reason: reason.clone(),
        stamp: stamp.clone(),
    });
    json.shift_remove("until_ms");
    json.insert("topic".to_owned(), json!(topic));
    json.insert("for_ms".to_owned(), json!(for_ms));
    json
}

fn encode_instance(instance: &Instance, adapt: impl FnOnce(&mut Map<String, Value>)) -> Pair {
    let mut json = instance_json(instance);
    adapt(&mut json);
    pair(instance_key(instance), "instance", &untimed(json))
}

/// Removes `at_ms`, which the broker's timestamp replaces.
fn untimed(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.shift_remove("at_ms");
    fields
}

/// A record's value: the common fields, then its own.
#[derive(Serialize)]
struct Written<'a, T> {
    format: &'a str,
    kind: &'a str,
    #[serde(flatten)]
    fields: &'a T,
}

fn pair(key: Vec<u8>, kind: &str, fields: &impl Serialize) -> Pair {
    let value = Written {
        format: FORMAT,
        kind,
        fields,
    };
    let value = serde_json::to_vec(&value).expect("all keys are texts");
    (key, Some(value))
}

/// Decodes a record's value, validates every field, and checks that the key matches. `at_ms` is the
/// broker's append time.
pub(super) fn decode(key: &[u8], value: &[u8], at_ms: Option<i64>) -> Result<Fact, String> {
    if value.len() > check::MAX_VALUE {
        let most = check::MAX_VALUE;
        return Err(format!("it has {} bytes, more than {most}", value.len()));
    }
    let text = std::str::from_utf8(value).map_err(|_| "it is no text".to_owned())?;
    let fact = decode_value(text, at_ms)?;
    fact.check().map_err(|invalid| invalid.to_string())?;
    let expected = match &fact {
        Fact::Owned(topic, _) => topic_key(topic),
        Fact::Hold(topic, _) => hold_key(topic),
        Fact::AppliedRemoval(applied_removal) => applied_removal_key(applied_removal),
        Fact::Instance(instance) => instance_key(instance),
        Fact::Claim(claim) => lock_key(&claim.resource, &claim.id),
        Fact::Marker => MARKER.into(),
    };
    match key == expected {
        true => Ok(fact),
        false => Err(format!(
            "its value belongs to the key `{}`",
            String::from_utf8_lossy(&expected)
        )),
    }
}

impl Fact {
    fn check(&self) -> Result<(), Invalid> {
        match self {
            Fact::Owned(topic, owned) => check::owned(topic, owned),
            Fact::Hold(topic, hold) => check::hold(topic, hold),
            Fact::AppliedRemoval(applied_removal) => check::applied_removal(applied_removal),
            Fact::Instance(instance) => check::instance(instance),
            Fact::Claim(claim) => check::claim(claim),
            Fact::Marker => Ok(()),
        }
    }
}

/// The owner fields of a record that is otherwise unreadable.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WhoseFields {
    scope: Option<String>,
    environment: Option<String>,
}

/// Returns who an unreadable record concerns, as far as key and value identify them. A key of a
/// known kind that names nothing that can exist concerns no reader; a key of an unknown kind may
/// belong to a newer version and concerns all readers.
pub(super) fn concerns(key: &[u8], value: &[u8]) -> Concerns {
    let Ok(key) = std::str::from_utf8(key) else {
        return Concerns::Everybody;
    };
    let mut parts = key.split('/');
    let (kind, rest): (_, Vec<&str>) = (parts.next(), parts.collect());
    match (kind, rest.as_slice()) {
        (Some("topic" | "hold"), [name]) => match TopicName::from(*name) {
            topic if topic.problem().is_none() => {
                let value = value.get(..check::MAX_VALUE).unwrap_or(value);
                let WhoseFields { scope, environment } =
                    serde_json::from_slice(value).unwrap_or_default();
                Concerns::Topic(topic, OwnerKey { scope, environment })
            }
            _ => Concerns::Nobody,
        },
        (Some("tombstone"), [scope, environment, _])
        | (Some("instance"), [scope, environment, _, _]) => {
            match (decoded(scope), decoded(environment)) {
                (Some(scope), Some(environment)) => Concerns::Owner { scope, environment },
                _ => Concerns::Nobody,
            }
        }
        (Some("topic" | "hold" | "tombstone" | "instance" | "lock"), _) => Concerns::Nobody,
        _ => Concerns::Everybody,
    }
}

/// Returns a key for display; `None` if this tool would never write it, since it may contain
/// anyone's data.
pub(super) fn shown(key: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(key).ok()?;
    let kind = text.split('/').next()?;
    let kinds = ["topic", "hold", "tombstone", "instance", "lock", MARKER];
    kinds.contains(&kind).then_some(text)
}

/// Returns whether a key is the marker's.
pub(super) fn is_marker(key: &[u8]) -> bool {
    key == MARKER.as_bytes()
}

/// Returns the resource of a lock record's key.
fn resource(key: &[u8]) -> Option<String> {
    let key = std::str::from_utf8(key.strip_prefix(LOCK)?).ok()?;
    decoded(key.rsplit_once('/')?.0)
}

/// The effect of a record on the lock of its key.
pub(super) enum LockStep {
    Claimed(Claim),
    /// A claim on this resource was released.
    Released(String),
}

/// Returns the effect of a record on a lock, if its key is a lock's. An unreadable claim has no
/// effect; if it is the last record of its key, it is reported as unreadable.
pub(super) fn lock_step(key: &[u8], record: &KafkaRecord) -> Option<LockStep> {
    if !key.starts_with(LOCK) {
        return None;
    }
    let Some(value) = &record.value else {
        return resource(key).map(LockStep::Released);
    };
    match decode(key, value, record.appended_ms) {
        Ok(Fact::Claim(claim)) => Some(LockStep::Claimed(claim)),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Head<'a> {
    #[serde(borrow)]
    format: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Option<Cow<'a, str>>,
}

/// A marker has no fields of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkerFields {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClaimFields {
    resource: String,
    claim: String,
    by: String,
    pid: u32,
    commit: Option<String>,
    for_ms: u64,
}

/// The beginning of every topic record that this version writes.
const OF_TOPIC: &str = "{\"format\":\"topicsmith/inventory/1\",\"kind\":\"topic\",";

fn kind(text: &str) -> Result<Cow<'_, str>, String> {
    // Fast path for nearly all records, which avoids parsing them twice.
    if text.starts_with(OF_TOPIC) {
        return Ok(Cow::Borrowed("topic"));
    }
    let head = document::read(text).and_then(|head: Head<'_>| {
        document::check(head.format.as_deref(), FORMAT)?;
        Ok(head)
    });
    let head = head.map_err(|error| error.to_string())?;
    Ok(head.kind.ok_or("it has no \"kind\"")?)
}

fn decode_value(text: &str, at_ms: Option<i64>) -> Result<Fact, String> {
    match &*kind(text)? {
        "topic" => {
            let OfTopic { topic, fields } = read::<OfTopic<Owned>>(text)?;
            let mut owned = Box::new(fields);
            owned.stamp.at_ms = at_ms;
            Ok(Fact::Owned(topic, owned))
        }
        "hold" => {
            let OfTopic { topic, mut fields } = read::<OfTopic<HoldFields>>(text)?;
            fields.at_ms = at_ms;
            Ok(Fact::Hold(topic, fields.try_into()?))
        }
        "tombstone" => {
            let Record(mut applied_removal) = read::<Record<AppliedRemoval>>(text)?;
            applied_removal.stamp.at_ms = at_ms;
            Ok(Fact::AppliedRemoval(applied_removal))
        }
        "instance" => {
            let Record(mut fields) = read::<Record<InstanceFields>>(text)?;
            fields.at_ms = at_ms;
            Ok(Fact::Instance(Box::new(fields.try_into()?)))
        }
        "lock" => {
            let Record(fields) = read::<Record<ClaimFields>>(text)?;
            Ok(Fact::Claim(claim(fields, at_ms)?))
        }
        MARKER => {
            let Record(MarkerFields {}) = read::<Record<MarkerFields>>(text)?;
            Ok(Fact::Marker)
        }
        other => Err(format!("this version knows no records of kind `{other}`")),
    }
}

fn claim(fields: ClaimFields, at_ms: Option<i64>) -> Result<Claim, String> {
    let at_ms = at_ms.ok_or("the broker did not stamp it")?;
    Ok(Claim {
        resource: fields.resource,
        id: fields.claim,
        at_ms,
        ttl_ms: fields.for_ms,
        holder: Holder {
            by: fields.by,
            pid: fields.pid,
            commit: fields.commit,
            since_ms: at_ms,
        },
    })
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn topic_key(topic: &TopicName) -> Vec<u8> {
    key(&["topic", topic.as_str()])
}

fn hold_key(topic: &TopicName) -> Vec<u8> {
    key(&["hold", topic.as_str()])
}

fn applied_removal_key(applied_removal: &AppliedRemoval) -> Vec<u8> {
    let (scope, environment) = names(&applied_removal.whose);
    key(&[
        "tombstone",
        scope,
        environment,
        applied_removal.topic.as_str(),
    ])
}

fn instance_key(instance: &Instance) -> Vec<u8> {
    let (scope, environment) = names(&instance.whose);
    let parameters = instance.parameters.iter();
    let parameters: Vec<String> = parameters
        .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
        .collect();
    let mut key = key(&["instance", scope, environment, &instance.lifecycle]);
    key.push(b'/');
    key.extend(parameters.join(",").into_bytes());
    key
}

pub(super) fn lock_key(resource: &str, id: &str) -> Vec<u8> {
    key(&["lock", resource, id])
}

fn names(whose: &OwnerKey) -> (&str, &str) {
    (
        whose.scope.as_deref().unwrap_or_default(),
        whose.environment.as_deref().unwrap_or_default(),
    )
}

fn key(parts: &[&str]) -> Vec<u8> {
    let mut key = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            key.push('/');
        }
        encode(part, &mut key);
    }
    key.into_bytes()
}

fn encoded(part: &str) -> String {
    let mut text = String::new();
    encode(part, &mut text);
    text
}

/// Decodes a part of a key; `None` if it is not in the form of [`encode`].
fn decoded(part: &str) -> Option<String> {
    let mut text = String::with_capacity(part.len());
    let mut pieces = part.split('%');
    text.push_str(pieces.next()?);
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2)?;
        text.push(match code {
            "25" => '%',
            "2F" => '/',
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        text.push_str(rest);
    }
    (encoded(&text) == part).then_some(text)
}

/// Appends a part of a key, with the separator percent-encoded.
fn encode(part: &str, text: &mut String) {
    for c in part.chars() {
        match c {
            '%' => text.push_str("%25"),
            '/' => text.push_str("%2F"),
            ',' => text.push_str("%2C"),
            '=' => text.push_str("%3D"),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::OnRemove;

    const AT: i64 = 1_700_000_000_000;

    const ID: &str = "4L6g3nShT-eMCtK--X86sw";

    fn whose() -> OwnerKey {
        OwnerKey {
            scope: Some("shop/eu".to_owned()),
            environment: Some("prod".to_owned()),
        }
    }

    fn stamp(at_ms: Option<i64>) -> Stamp {
        Stamp {
            commit: Some("4f2c".to_owned()),
            by: Some("anna@ci".to_owned()),
            at_ms,
        }
    }

    fn instance() -> Instance {
        let parameters = [("a", "x,y=z"), ("b", "1/2%")];
        Instance {
            whose: whose(),
            lifecycle: "video".to_owned(),
            parameters: parameters.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            topics: [("raw".into(), None), ("out".into(), Some(ID.to_owned()))].into(),
            started_ms: 5,
            ended_ms: Some(6),
            delete_after_ms: 7,
            max_age_ms: Some(8),
            stamp: stamp(Some(AT)),
        }
    }

    fn applied_removal() -> AppliedRemoval {
        AppliedRemoval {
            whose: whose(),
            topic: "orders".into(),
            id: Some(ID.to_owned()),
            stamp: stamp(Some(AT)),
        }
    }

    fn there_and_back(entry: &InventoryRecord) -> Fact {
        let (key, value) = entry.encode();
        let value = value.unwrap();
        decode(&key, &value, Some(AT)).unwrap_or_else(|why| panic!("{why}: {entry:?}"))
    }

    #[test]
    fn what_is_recorded_reads_back_with_the_brokers_time() {
        let mut owned = Owned {
            whose: whose(),
            id: Some(ID.to_owned()),
            on_remove: Some(OnRemove::Delete),
            owner: Some(None),
            partitions: Some(3),
            replication_factor: None,
            config: Some(
                [("retention.ms".into(), "1".to_owned())]
                    .into_iter()
                    .collect(),
            ),
            declared_at: Some("topics/a.toml:3".to_owned()),
            stamp: stamp(Some(17)),
        };
        let entry = InventoryRecord::Owned("orders".into(), owned.clone());
        assert!(entry.encode().1.unwrap().starts_with(OF_TOPIC.as_bytes()));
        owned.stamp.at_ms = Some(AT);
        assert_eq!(
            there_and_back(&entry),
            Fact::Owned("orders".into(), Box::new(owned))
        );

        let holding = Holding {
            whose: whose(),
            for_ms: 60_000,
            reason: "incident".to_owned(),
            stamp: stamp(None),
        };
        let hold = Hold {
            whose: whose(),
            until_ms: AT + 60_000,
            reason: "incident".to_owned(),
            stamp: stamp(Some(AT)),
        };
        let entry = InventoryRecord::Held("orders".into(), holding);
        assert_eq!(there_and_back(&entry), Fact::Hold("orders".into(), hold));
        assert_eq!(
            there_and_back(&InventoryRecord::AppliedRemoval(applied_removal())),
            Fact::AppliedRemoval(applied_removal())
        );
    }

    #[test]
    fn what_happens_now_happens_when_the_broker_says() {
        let back = |entry| match there_and_back(&entry) {
            Fact::Instance(instance) => *instance,
            other => panic!("{other:?}"),
        };
        assert_eq!(back(InventoryRecord::Instance(instance())), instance());
        let started = Instance {
            started_ms: AT,
            ..instance()
        };
        assert_eq!(back(InventoryRecord::Started(instance())), started);
        let ended = Instance {
            ended_ms: Some(AT),
            ..instance()
        };
        assert_eq!(back(InventoryRecord::Ended(instance())), ended);
    }

    #[test]
    fn keys_cannot_be_mistaken_for_one_another() {
        let key = |entry: InventoryRecord| String::from_utf8(entry.encode().0).unwrap();
        assert_eq!(key(InventoryRecord::Disowned("a.b".into())), "topic/a.b");
        assert_eq!(key(InventoryRecord::Unheld("a.b".into())), "hold/a.b");
        assert_eq!(
            key(InventoryRecord::AppliedRemovalGone(applied_removal())),
            "tombstone/shop%2Feu/prod/orders"
        );
        assert_eq!(
            key(InventoryRecord::InstanceGone(instance())),
            "instance/shop%2Feu/prod/video/a=x%2Cy%3Dz,b=1%2F2%25"
        );
        assert_eq!(
            lock_key("apply/shop/prod", "1"),
            b"lock/apply%2Fshop%2Fprod/1"
        );
        assert_eq!(key(InventoryRecord::Forget(b"x/y".to_vec())), "x/y");
        for entry in [
            InventoryRecord::Disowned("a".into()),
            InventoryRecord::Unheld("a".into()),
            InventoryRecord::AppliedRemovalGone(applied_removal()),
            InventoryRecord::InstanceGone(instance()),
            InventoryRecord::Forget(b"x".to_vec()),
        ] {
            assert_eq!(entry.encode().1, None);
        }
    }

    #[test]
    fn what_is_not_understood_is_never_guessed() {
        let why = |value: &str| decode(b"topic/a", value.as_bytes(), Some(AT)).unwrap_err();
        const WHOSE: &str = "\"scope\": \"s\", \"environment\": \"e\"";
        let head = "\"format\": \"topicsmith/inventory/1\", \"kind\": \"topic\"";
        let cases = [
            (
                "{\"format\": \"topicsmith/inventory/2\"}",
                "its format is `topicsmith/inventory/2`",
            ),
            ("{\"kind\": \"topic\"}", "it has no \"format\""),
            (
                "{\"format\": \"topicsmith/inventory/1\"}",
                "it has no \"kind\"",
            ),
            (
                "{\"format\": \"topicsmith/inventory/1\", \"kind\": \"quota\"}",
                "no records of kind `quota`",
            ),
            ("oops", "this is no JSON"),
            (&format!("{{{head}}}"), "missing field `topic`"),
            (
                &format!("{{{head}, \"topic\": \"a\", \"x\": 1}}"),
                "unknown field `x`",
            ),
            (
                &format!("{{{head}, \"topic\": \"a\", \"id\": \"1\", \"id\": \"2\"}}"),
                "duplicate field `id`",
            ),
            (
                &format!("{{{head}, \"topic\": \"a\", \"topic\": \"a\"}}"),
                "duplicate field `topic`",
            ),
            (
                &format!("{{{head}, \"topic\": \"a\", \"kind\": \"topic\"}}"),
                "duplicate field `kind`",
            ),
            (
                &format!("{OF_TOPIC}\"topic\":\"a\",\"kind\":\"hold\"}}"),
                "duplicate field `kind`",
            ),
            (
                &format!("{OF_TOPIC}\"topic\":\"a\",\"format\":\"x\"}}"),
                "duplicate field `format`",
            ),
            (
                &format!(
                    "{{{head}, \"topic\": \"a\", \"config\": {{\"x\": \"1\", \"x\": \"2\"}}}}"
                ),
                "stands here twice",
            ),
            (
                &format!("{{{head}, {WHOSE}, \"topic\": \"b\"}}"),
                "belongs to the key `topic/b`",
            ),
        ];
        for (value, said) in cases {
            let why = why(value);
            assert!(why.contains(said), "{value}: {why}");
        }
        assert_eq!(
            decode(b"topic/a", b"\xff", None).unwrap_err(),
            "it is no text"
        );
    }
}
