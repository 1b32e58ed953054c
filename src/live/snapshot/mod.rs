//! Snapshot files: the live state in the format `topicsmith/live/1`, which `snapshot` writes and
//! `--live` reads.

pub mod document;
pub mod records;
pub mod values;

pub use document::LiveDocument;

use super::Live;
use crate::model::document::{Document as _, DocumentError};

/// Parses a snapshot.
///
/// # Errors
/// Returns the position and the reason of invalid content.
pub fn parse(text: &str) -> Result<Live, DocumentError> {
    crate::model::document::parse(text, LiveDocument::FORMAT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{
        AppliedRemoval, BrokerDefault, ConfigSource, GroupUse, Hold, Instance, Inventory,
        LiveTopic, Owned, OwnerKey, ReplicationFactor, Stamp, Unknown, Unread, Unseen, Usage,
    };
    use crate::model::{OnRemove, TopicName, document};
    use crate::testing::{found, live};

    /// The documented example.
    const EXAMPLE: &str = r#"{"format": "topicsmith/live/1", "cluster_id": "c1", "kafka_version": "4.3",
 "brokers": [{"id": 1, "rack": null}],
 "broker_defaults": {"retention.ms": "604800000", "segment.bytes": {"value": "1", "source": "kafka-default"}},
 "topics": {"content-ingested": {"id": "t1", "partitions": 5, "replication_factor": 3, "config": {"retention.ms": "2592000000"}}},
 "inventory": {"content-ingested": {"scope": "media-platform", "environment": "prod", "id": "t1", "on_remove": "retain", "partitions": 5, "replication_factor": 3, "config": {"retention.ms": "2592000000"}}},
 "usage": {"content-ingested": {"groups": []}}}"#;

    fn default(value: &str, source: ConfigSource) -> BrokerDefault {
        BrokerDefault {
            value: value.to_owned(),
            source,
        }
    }

    #[test]
    fn the_contracts_example() {
        let live = parse(EXAMPLE).unwrap();
        assert_eq!(live.cluster_id.as_deref(), Some("c1"));
        assert_eq!(live.kafka_version.as_deref(), Some("4.3"));
        assert_eq!(live.brokers[0].id, 1);
        let defaults = &live.broker_defaults;
        assert_eq!(
            defaults["retention.ms"],
            default("604800000", ConfigSource::BrokerDefault)
        );
        assert_eq!(
            defaults["segment.bytes"],
            default("1", ConfigSource::KafkaDefault)
        );
        let mut topic = found(5, 3, &[("retention.ms", "2592000000")]);
        topic.id = Some("t1".to_owned());
        assert_eq!(live.topics["content-ingested"], topic);
        let owned = &live.inventory.unwrap().topics["content-ingested"];
        assert_eq!(owned.whose.scope.as_deref(), Some("media-platform"));
        assert_eq!(owned.partitions, Some(5));
    }

    #[test]
    fn the_least_that_a_snapshot_is() {
        let live = parse(r#"{"topics": {"a": {"partitions": 1, "replication_factor": [3, 1, 3]}}, "format": "topicsmith/live/1"}"#).unwrap();
        let topic = &live.topics["a"];
        assert_eq!(
            topic.replication_factor,
            ReplicationFactor::Mixed(vec![1, 3])
        );
        // Nothing is set on it; `null` would mean that it was not read.
        assert_eq!(topic.config.as_ref().map(|config| config.len()), Some(0));
        assert_eq!((live.cluster_id, live.inventory), (None, None));
    }

    #[test]
    fn what_is_written_reads_back() {
        let mut unread: LiveTopic = found(1, 1, &[]);
        unread.config = None;
        let mut mixed = found(
            7,
            1,
            &[("cleanup.policy", "compact"), ("x\u{1b}", "\u{202e}\n")],
        );
        mixed.replication_factor = ReplicationFactor::of([2, 3]);
        mixed.id = Some("id".to_owned());
        mixed.behind.insert(
            "cleanup.policy".into(),
            default("delete", ConfigSource::Broker),
        );
        let mut live: Live = live([("a", mixed), ("b", unread)]);
        live.broker_defaults
            .insert("x".into(), default("1", ConfigSource::BrokerDefault));
        live.inventory = Some(Inventory {
            topics: [("a".into(), Owned::default()), ("b".into(), owned())].into(),
            holds: [("b".into(), hold())].into(),
            applied_removals: vec![applied_removals("b"), applied_removals("c")],
            instances: vec![instance("abc"), instance("abd")],
        });
        live.now = Some(crate::model::BrokerTime::recorded(1_700_000_000_000));
        let topic = || TopicName::from("whether topic b exists\u{1b}");
        live.unknown = [
            Unread::BrokerDefaults,
            Unread::Topic(topic()),
            Unread::TopicConfigs(topic()),
            Unread::TopicExistence(topic()),
            Unread::TopicId(topic()),
        ]
        .map(|what| Unknown {
            what,
            why: "no rights".to_owned(),
        })
        .into();
        live.usage.insert(
            "a".into(),
            Usage {
                groups: vec![GroupUse {
                    name: "g".to_owned(),
                    members: 2,
                    committed: true,
                }],
                newest_record_ms: Some(5),
                recent: true,
                messages: Some(7),
                unseen: vec![Unseen {
                    what: "x".to_owned(),
                    why: "y".to_owned(),
                }],
            },
        );
        let text = document::json(&LiveDocument::from(&live)).to_string();
        assert_eq!(parse(&text).as_ref(), Ok(&live), "{text}");
        live.inventory = Some(Default::default());
        assert_eq!(
            parse(&document::json(&LiveDocument::from(&live)).to_string()),
            Ok(live)
        );
    }

    fn whose() -> OwnerKey {
        OwnerKey {
            scope: Some("media".to_owned()),
            environment: Some("prod".to_owned()),
        }
    }

    fn stamp() -> Stamp {
        Stamp {
            commit: Some("4f2c".to_owned()),
            by: Some("anna@ci".to_owned()),
            at_ms: Some(1_700_000_000_000),
        }
    }

    fn owned() -> Owned {
        Owned {
            whose: whose(),
            id: Some("t1".to_owned()),
            on_remove: Some(OnRemove::Delete),
            owner: Some(None),
            partitions: Some(3),
            replication_factor: Some(2),
            config: Some(
                [("retention.ms".into(), "1".to_owned())]
                    .into_iter()
                    .collect(),
            ),
            declared_at: Some("topics/a.toml:3".to_owned()),
            stamp: stamp(),
        }
    }

    fn hold() -> Hold {
        Hold {
            whose: whose(),
            until_ms: 1_700_000_000_001,
            reason: "incident \u{202e}".to_owned(),
            stamp: stamp(),
        }
    }

    fn applied_removals(topic: &str) -> AppliedRemoval {
        AppliedRemoval {
            whose: whose(),
            topic: topic.into(),
            id: None,
            stamp: Stamp::default(),
        }
    }

    fn instance(id: &str) -> Instance {
        Instance {
            whose: whose(),
            lifecycle: "video-task".to_owned(),
            parameters: [("task_id".to_owned(), id.to_owned())].into(),
            topics: [
                ("raw".into(), None),
                ("yolox".into(), Some("t2".to_owned())),
            ]
            .into(),
            started_ms: 5,
            ended_ms: Some(6),
            delete_after_ms: 60_000,
            max_age_ms: None,
            stamp: stamp(),
        }
    }

    #[test]
    fn an_owner_that_the_files_do_not_name_is_not_an_unknown_one() {
        let owner = |fields: &str| {
            let text = format!(
                "{{\"format\": \"topicsmith/live/1\", \"topics\": {{}}, \"inventory\": {{\"a\": {{{fields}}}}}}}"
            );
            let live = parse(&text).unwrap();
            live.inventory.unwrap().topics["a"].owner.clone()
        };
        assert_eq!(owner(""), None);
        assert_eq!(owner("\"owner\": null"), Some(None));
        assert_eq!(owner("\"owner\": \"x\""), Some(Some("x".to_owned())));
    }

    #[test]
    fn records_are_read_as_strictly_as_the_rest() {
        let error = |fields: &str| error(&format!("\"topics\": {{}}, {fields}"));
        let inventory = |fields: &str| error(&format!("\"inventory\": {{\"a\": {{{fields}}}}}"));
        for (fields, said) in [
            ("\"partition\": 1", "unknown field `partition`"),
            ("\"partitions\": 0", "0 is out of range"),
            (
                "\"on_remove\": \"keep\"",
                "unknown variant `keep`, expected `retain` or `delete`",
            ),
            ("\"id\": \"a\", \"id\": \"b\"", "duplicate field `id`"),
        ] {
            let error = inventory(fields);
            assert!(
                error.starts_with("line 2, column ") && error.contains(said),
                "{error}"
            );
        }
        let applied_removals = "{\"topic\": \"a\", \"scope\": \"s\"}";
        for (fields, said) in [
            (
                "\"inventory\": {}, \"holds\": {\"a\": {\"reason\": \"x\"}}".to_owned(),
                "missing field `until_ms`",
            ),
            (
                format!("\"inventory\": {{}}, \"applied_removals\": [{applied_removals}, {applied_removals}]"),
                "the same stands here twice",
            ),
            (
                format!("\"applied_removals\": [{applied_removals}]"),
                "`applied_removals` needs `inventory`",
            ),
            (
                "\"inventory\": {}, \"instances\": [{\"lifecycle\": \"x\", \"delete_after_ms\": -1}]".to_owned(),
                "invalid value: integer `-1`",
            ),
        ] {
            let error = error(&fields);
            assert!(error.contains(said), "{error}");
        }
    }

    /// Returns the error of a snapshot with these fields after the format.
    fn error(fields: &str) -> String {
        let text = format!("{{\"format\": \"topicsmith/live/1\",\n{fields}}}");
        parse(&text).unwrap_err().to_string()
    }

    fn topic_error(fields: &str) -> String {
        error(&format!("\"topics\": {{\"a\": {{{fields}}}}}"))
    }

    #[test]
    fn other_formats_are_refused_before_any_field() {
        let error = |text: &str| parse(text).unwrap_err().to_string();
        assert_eq!(
            error(r#"{"format": "topicsmith/live/2", "new": 1}"#),
            "its format is `topicsmith/live/2`, and this version of topicsmith reads `topicsmith/live/1`"
        );
        assert_eq!(
            error(r#"{"topics": {}}"#),
            "it has no \"format\": \"topicsmith/live/1\""
        );
        assert!(
            error("[]").contains("expected an object"),
            "{}",
            error("[]")
        );
        assert_eq!(
            error(""),
            "line 1, column 0: this is no JSON: EOF while parsing a value"
        );
        assert!(error("{\"format\":\n oops}").starts_with("line 2, column 2: this is no JSON: "));
        let deep = format!(
            "{{\"format\": \"topicsmith/live/1\", \"topics\": {}",
            "[".repeat(100_000)
        );
        assert!(
            error(&deep).contains("EOF while parsing"),
            "{}",
            error(&deep)
        );
    }

    #[test]
    fn every_error_says_where() {
        assert_eq!(
            error("\"topics\": {},\n \"topcis\": {}"),
            "line 3, column 9: unknown field `topcis`, expected one of `format`, `cluster_id`, `kafka_version`, `brokers`, `broker_defaults`, `topics`, `inventory`, `holds`, `applied_removals`, `instances`, `now_ms`, `unknown`, `usage`"
        );
        assert_eq!(
            error("\"brokers\": []"),
            "line 2, column 14: missing field `topics`"
        );
        assert_eq!(
            error("\"topics\": [1]"),
            "line 2, column 10: invalid type: sequence, expected an object"
        );
        assert_eq!(
            error("\"brokers\": [{\"id\": \"1\"}], \"topics\": {}"),
            "line 2, column 22: invalid type: string \"1\", expected i32"
        );
        assert_eq!(
            error("\"broker_defaults\": {\"retention.ms\": 5}, \"topics\": {}"),
            "line 2, column 38: expected a string, or {\"value\", \"source\"} with source `broker`, `broker-default` or `kafka-default`"
        );
        assert!(
        error("\"broker_defaults\": {\"a\": {\"value\": \"1\", \"source\": \"topic\"}}, \"topics\": {}")
            .ends_with("with source `broker`, `broker-default` or `kafka-default`")
    );
        assert!(!error("\"\\u001b[31m\": 1").contains('\u{1b}'));
    }

    #[test]
    fn topics_of_another_shape() {
        let count = "\"partitions\": 3, \"replication_factor\": 3";
        assert!(topic_error("\"partitions\": 3").ends_with("missing field `replication_factor`"));
        for (number, said) in [
            ("0", "0 is out of range: 1 to 2147483647"),
            ("-1", "-1 is out of range: 1 to 2147483647"),
            ("2147483648", "2147483648 is out of range: 1 to 2147483647"),
            ("1.5", "invalid type: floating point `1.5`"),
            ("99999999999999999999", "invalid type"),
            ("\"3\"", "invalid type: string \"3\""),
        ] {
            let error = topic_error(&format!(
                "\"partitions\": {number}, \"replication_factor\": 1"
            ));
            assert!(
                error.starts_with("line 2, column ") && error.contains(said),
                "{error}"
            );
        }
        for (factor, said) in [
            ("0", "0 is out of range: 1 to 32767"),
            ("-1", "-1 is out of range: 1 to 32767"),
            ("[1, 40000]", "40000 is out of range: 1 to 32767"),
            ("[]", "a list of replication factors cannot be empty"),
            (
                "\"3\"",
                "a number, or a list of numbers where partitions differ",
            ),
        ] {
            let error = topic_error(&format!(
                "\"partitions\": 1, \"replication_factor\": {factor}"
            ));
            assert!(error.contains(said), "{error}");
        }
        assert!(
            topic_error(&format!("{count}, \"config\": {{\"retention.ms\": 1}}"))
                .ends_with("invalid type: integer `1`, expected a string")
        );
        assert!(
            topic_error(&format!(
                "{count}, \"config\": {{\"x\": \"1\", \"x\": \"2\"}}"
            ))
            .ends_with("\"x\" stands here twice")
        );
        assert!(topic_error(&format!("{count}, \"size\": 1")).contains("unknown field `size`"));
    }
}
