//! Calls that change a cluster, and calls that describe it: each item's own code and the broker's
//! message.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use topicsmith::internals::kafka::{
    AclOperation, Alter, AlterOp, Cluster, ConfigEntry, Configs, Fault, FaultKind, Mode, NewTopic,
};
use topicsmith::internals::live::ConfigSource;
use topicsmith::internals::model::{ConfigKey, TopicName};

use crate::harness::{
    self, Brokers, Needs, Test, connect, connection, connection_as, create, eventually, new_topic,
    release::{has_zookeeper, refused_config, shown_release, since},
};

harness::tests! {
    create_answers_each_item_in_the_brokers_words,
    create_refuses_what_the_broker_refuses,
    validating_changes_nothing,
    partitions_grow_and_never_shrink,
    configs_change_key_by_key,
    deletes_answer_each_item,
    missing_rights_are_told_apart,
    configs_are_each_topics_own,
    configs_come_with_their_sources,
    topics_have_kafkas_own_ids_and_rights,
    a_thousand_topics,
    empty_requests_need_no_broker,
    a_request_that_cannot_be_written_is_refused,
    renewed_clients_answer,
    a_dead_controller_holds_nothing_up_for_long,
    the_release_of_kafka_is_known,
}

type Items = Result<Vec<Result<(), Fault>>, Fault>;

/// Formats each result as `ok`, or as `CODE message`.
fn words(items: Items) -> Vec<String> {
    let items = items.unwrap_or_else(|fault| panic!("the request as a whole: {fault}"));
    let word = |item: Result<(), Fault>| match item {
        Ok(()) => "ok".to_owned(),
        Err(fault) => format!("{} {}", fault.code, fault.message),
    };
    items.into_iter().map(word).collect()
}

fn set(topic: &TopicName, key: &str, value: &str) -> Alter {
    Alter {
        topic: topic.clone(),
        ops: vec![(ConfigKey::from(key), AlterOp::Set(value.to_owned()))],
    }
}

/// Asserts these results; on releases other than the newest, only the codes.
#[track_caller]
fn assert_words(found: &[String], expected: &[String]) {
    let shown = |words: &[String]| match Needs::Newest.are_met() {
        true => words.to_vec(),
        false => {
            let code = |words: &String| words.split(' ').next().unwrap_or_default().to_owned();
            words.iter().map(code).collect()
        }
    };
    assert_eq!(shown(found), shown(expected), "{found:?}");
}

async fn entries(cluster: &Cluster, topic: &TopicName) -> Configs {
    let described = cluster.describe_topic_configs(std::slice::from_ref(topic));
    let mut described = described.await.unwrap_or_else(|error| panic!("{error}"));
    let entries = described.remove(topic).expect("what was asked for");
    entries.unwrap_or_else(|fault| panic!("{fault}"))
}

fn find<'a>(entries: &'a Configs, key: &str) -> &'a ConfigEntry {
    let found = entries.find(key);
    found.unwrap_or_else(|| panic!("no {key}"))
}

async fn create_answers_each_item_in_the_brokers_words(test: Test) {
    let cluster = test
        .create(&[new_topic(test.topic("good.one"), 3, &[])])
        .await;
    let (good, bad) = (test.topic("good.one"), test.topic("bad name!"));
    let items = [
        new_topic(good.clone(), 1, &[]),
        new_topic(test.topic("good_one"), 1, &[]),
        new_topic(bad.clone(), 1, &[]),
        new_topic(test.topic("fine"), 1, &[]),
        new_topic(test.topic("none"), 0, &[]),
        NewTopic {
            replication_factor: 5,
            ..new_topic(test.topic("five"), 1, &[])
        },
    ];
    let collision = test.topic("good_one");
    assert_words(
        &words(cluster.create_topics(&items, Mode::Apply).await),
        &[
            format!("36 Topic '{good}' already exists."),
            format!("17 Topic '{collision}' collides with existing topic: {good}"),
            format!("17 Topic name is invalid: '{bad}' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'"),
            "ok".to_owned(),
            "37 Number of partitions was set to an invalid non-positive value.".to_owned(),
            "38 Unable to replicate the partition 5 time(s): The target replication factor of 5 cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned.".to_owned(),
        ]
    );
}

async fn create_refuses_what_the_broker_refuses(test: Test) {
    let cluster = test.cluster().await;
    let with = |name: &str, key, value| new_topic(test.topic(name), 1, &[(key, value)]);
    let items = [
        with("a", "retention.mss", "1"),
        with("b", "retention.ms", "-5"),
        with("c", "retention.ms", "7d"),
        with("d", "cleanup.policy", "shrink"),
        with("e", refused_config(), "true"),
        // Accepted, although no acks=all write can ever succeed.
        with("f", "min.insync.replicas", "3"),
    ];
    assert_words(
        &words(cluster.create_topics(&items, Mode::Apply).await),
        &[
            "40 Unknown topic config name: retention.mss",
            "40 Invalid value -5 for configuration retention.ms: Value must be at least -1",
            "40 Invalid value 7d for configuration retention.ms: Not a number of type LONG",
            "40 Invalid value shrink for configuration cleanup.policy: String must be one of: compact, delete",
            "40 Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.",
            "ok",
        ]
        .map(str::to_owned),
    );
}

async fn validating_changes_nothing(test: Test) {
    let (old, new) = (test.topic("old"), test.topic("new"));
    let cluster = test.create(&[new_topic(old.clone(), 2, &[])]).await;
    let creates = [
        new_topic(new.clone(), 2, &[]),
        new_topic(test.topic("bad"), 2, &[("retention.ms", "-5")]),
    ];
    assert_eq!(
        words(cluster.create_topics(&creates, Mode::ValidateOnly).await),
        [
            "ok",
            "40 Invalid value -5 for configuration retention.ms: Value must be at least -1"
        ],
    );
    let grow = [(old.clone(), 4), (old.clone(), 1)];
    for (one, expected) in grow.iter().zip([
        "ok".to_owned(),
        format!("37 The topic {old} currently has 2 partition(s); 1 would not be an increase."),
    ]) {
        let one = std::slice::from_ref(one);
        let answer = cluster.create_partitions(one, Mode::ValidateOnly).await;
        assert_words(&words(answer), &[expected]);
    }
    let alters = [
        set(&old, "retention.ms", "1000"),
        set(&new, "retention.ms", "1000"),
    ];
    let answer = cluster.incremental_alter_configs(&alters, Mode::ValidateOnly);
    assert_words(
        &words(answer.await),
        &[
            "ok".to_owned(),
            format!("3 The topic '{new}' does not exist."),
        ],
    );

    let topics = cluster.metadata().await.expect("it was reached").topics;
    assert_eq!(topics[&old].partitions.len(), 2);
    assert!(!topics.contains_key(&new));
    let entries = entries(&cluster, &old).await;
    assert_ne!(find(&entries, "retention.ms").source, ConfigSource::Topic);
}

async fn partitions_grow_and_never_shrink(test: Test) {
    let (a, b, c) = (test.topic("a"), test.topic("b"), test.topic("c"));
    let topics = [&a, &b, &c].map(|name| new_topic(name.clone(), 3, &[]));
    let cluster = test.create(&topics).await;
    let gone = test.topic("gone");
    let grow = [(a.clone(), 5), (b.clone(), 2), (c.clone(), 3), (gone, 2)];
    let answer = words(cluster.create_partitions(&grow, Mode::Apply).await);
    assert_words(
        &answer[..3],
        &[
            "ok".to_owned(),
            format!("37 The topic {b} currently has 3 partition(s); 2 would not be an increase."),
            "37 Topic already has 3 partition(s).".to_owned(),
        ],
    );
    assert!(answer[3].starts_with("3 "), "{}", answer[3]);
    eventually("five partitions", async || {
        let metadata = cluster.metadata().await.expect("it was reached");
        metadata.topics[&a].partitions.len() == 5
    })
    .await;
    let arguments = ["--describe", "--topic", a.as_str()];
    let seen = test.broker().cli("TopicCommand", &arguments);
    assert!(seen.contains("PartitionCount: 5"), "{seen}");
}

async fn configs_change_key_by_key(test: Test) {
    let topic = test.topic("a");
    let before = [("retention.ms", "1000"), ("segment.bytes", "1048576")];
    let cluster = test.create(&[new_topic(topic.clone(), 1, &before)]).await;
    let key = ConfigKey::from;
    let alter = Alter {
        topic: topic.clone(),
        ops: vec![
            (key("retention.ms"), AlterOp::Delete),
            (key("max.message.bytes"), AlterOp::Set("2000000".to_owned())),
            // Kafka accepts this.
            (key("no.such.key"), AlterOp::Delete),
        ],
    };
    let answer = cluster
        .incremental_alter_configs(&[alter], Mode::Apply)
        .await;
    assert_eq!(words(answer), ["ok"]);
    let on_topic = async || {
        let entries = entries(&cluster, &topic).await;
        let set = entries.iter().filter(|e| e.source == ConfigSource::Topic);
        let set = set.map(|e| format!("{}={}", e.key, e.value.as_deref().unwrap_or_default()));
        set.collect::<BTreeSet<_>>()
    };
    let after = ["max.message.bytes=2000000", "segment.bytes=1048576"];
    let after = BTreeSet::from(after.map(str::to_owned));
    eventually("the new configs", async || on_topic().await == after).await;

    let arguments = [
        "--describe",
        "--entity-type",
        "topics",
        "--entity-name",
        topic.as_str(),
    ];
    let seen = test.broker().cli("ConfigCommand", &arguments);
    assert!(seen.contains("max.message.bytes=2000000"), "{seen}");
    assert!(seen.contains("segment.bytes=1048576"), "{seen}");
    assert!(!seen.contains("retention.ms="), "{seen}");
}

async fn deletes_answer_each_item(test: Test) {
    let (a, gone) = (test.topic("a"), test.topic("gone"));
    let cluster = test.create(&[new_topic(a.clone(), 1, &[])]).await;
    let answer = cluster
        .delete_topics(&[gone, a.clone()])
        .await
        .expect("it came through");
    assert_eq!(
        answer[0].as_ref().expect_err("it is not there").kind(),
        FaultKind::Missing
    );
    assert_eq!(answer[1], Ok(()));
    eventually("the topic is gone", async || {
        let metadata = cluster.metadata().await.expect("it was reached");
        !metadata.topics.contains_key(&a)
    })
    .await;
}

async fn missing_rights_are_told_apart(test: Test) {
    let topic = test.topic("a");
    test.create(&[new_topic(topic.clone(), 1, &[])]).await;
    let connection = connection_as(&test.broker().sasl(), "reader", "reader-secret");
    let cluster = connect(connection).await;
    assert!(
        cluster
            .metadata()
            .await
            .expect("it was reached")
            .topics
            .is_empty()
    );
    let new = [new_topic(test.topic("new"), 1, &[])];
    let create = cluster.create_topics(&new, Mode::Apply).await;
    let expected =
        "29 Authorization failed for User:reader; needed: Create on the topic or on the cluster.";
    assert_words(&words(create), &[expected.to_owned()]);
    let alter = [set(&topic, "retention.ms", "1")];
    let alter = cluster.incremental_alter_configs(&alter, Mode::Apply).await;
    let expected =
        "29 Topic authorization failed for User:reader; needed: AlterConfigs on the topic.";
    assert_words(&words(alter), &[expected.to_owned()]);
    let delete = cluster.delete_topics(std::slice::from_ref(&topic)).await;
    assert!(words(delete)[0].starts_with("29 "));
    let broker = cluster
        .describe_broker_configs(1)
        .await
        .expect("it was reached");
    let fault = broker.expect_err("no right");
    assert_eq!((fault.code, fault.kind()), (31, FaultKind::NotAuthorised));
    let configs = cluster
        .describe_topic_configs(std::slice::from_ref(&topic))
        .await;
    let configs = configs.expect("it was reached");
    let fault = configs[&topic].as_ref().expect_err("no right");
    assert_eq!(
        fault.to_string(),
        "TOPIC_AUTHORIZATION_FAILED (29): Topic authorization failed for User:reader; needed: DescribeConfigs on the topic."
    );
}

/// Inherited configs are shared within a response, and the whole list if a topic's configs equal
/// the previous topic's.
async fn configs_are_each_topics_own(test: Test) {
    let sets: [&[(&str, &str)]; 6] = [
        &[("retention.ms", "1000")],
        &[("compression.type", "zstd"), ("retention.ms", "2000")],
        &[],
        &[("retention.ms", "3000"), ("segment.bytes", "1048576")],
        &[("retention.ms", "3000"), ("segment.bytes", "1048576")],
        &[("retention.ms", "3000"), ("segment.bytes", "2097152")],
    ];
    let names = ["a", "b", "c", "d", "e", "f"].map(|name| test.topic(name));
    let topics = std::iter::zip(&names, sets).map(|(name, set)| new_topic(name.clone(), 1, set));
    let cluster = test.create(&topics.collect::<Vec<_>>()).await;
    let together = cluster.describe_topic_configs(&names).await;
    let together = together.expect("it was reached");
    for (name, set) in std::iter::zip(&names, sets) {
        let found = together[name].as_ref().expect("it is there");
        assert_eq!(found, &entries(&cluster, name).await, "{name}");
        let own = found
            .iter()
            .filter(|entry| entry.source == ConfigSource::Topic);
        let own: BTreeMap<&str, &str> = own
            .map(|e| (e.key.as_str(), e.value.as_deref().unwrap_or_default()))
            .collect();
        assert_eq!(own, BTreeMap::from_iter(set.iter().copied()), "{name}");
        let keys: BTreeSet<&str> = found.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys.len(), found.iter().count(), "each key once");
    }
}

async fn configs_come_with_their_sources(test: Test) {
    let (topic, gone) = (test.topic("a"), test.topic("gone"));
    let set = [("retention.ms", "1000"), ("compression.type", "zstd")];
    let cluster = test.create(&[new_topic(topic.clone(), 1, &set)]).await;
    let entries = entries(&cluster, &topic).await;
    let compression = find(&entries, "compression.type");
    assert_eq!(compression.value.as_deref(), Some("zstd"));
    assert_eq!(compression.source, ConfigSource::Topic);
    let synonyms = compression.synonyms.iter();
    let synonyms = synonyms.map(|s| (s.value.as_deref(), s.source));
    assert_eq!(
        synonyms.collect::<Vec<_>>(),
        [
            (Some("zstd"), ConfigSource::Topic),
            (Some("producer"), ConfigSource::KafkaDefault)
        ]
    );
    // The harness sets this in the broker's file.
    let index = find(&entries, "segment.index.bytes");
    assert_eq!(
        (index.value.as_deref(), index.source),
        (Some("65536"), ConfigSource::Broker)
    );
    // A new cluster has this as a default of all brokers, without anyone setting it.
    if since(4, 0) {
        let min_isr = find(&entries, "min.insync.replicas");
        assert_eq!(min_isr.source, ConfigSource::BrokerDefault);
    }

    let names = [topic.clone(), gone.clone(), topic];
    let described = cluster
        .describe_topic_configs(&names)
        .await
        .expect("it was reached");
    assert_eq!(described.len(), 2);
    let fault = described[&gone].as_ref().expect_err("it is not there");
    assert_eq!(fault.kind(), FaultKind::Missing);

    let broker = cluster
        .describe_broker_configs(1)
        .await
        .expect("it was reached");
    let broker = broker.expect("it may be read");
    assert_eq!(
        find(&broker, "log.retention.hours").value.as_deref(),
        Some("168")
    );
    let gone = cluster
        .describe_broker_configs(1)
        .await
        .expect("it was reached");
    assert!(gone.is_ok());
}

async fn topics_have_kafkas_own_ids_and_rights(test: Test) {
    let (topic, gone) = (test.topic("a"), test.topic("gone"));
    let cluster = test.create(&[new_topic(topic.clone(), 2, &[])]).await;
    let names = [topic.clone(), gone.clone()];
    let described = cluster
        .describe_topics_and_rights(&names)
        .await
        .expect("it was reached");
    let fault = described[&gone].as_ref().expect_err("it is not there");
    assert_eq!(fault.kind(), FaultKind::Missing);
    let described = described[&topic].as_ref().expect("it is there");
    assert_eq!(described.partitions, 2);
    let operations = described.operations.as_ref().expect("the broker says");
    assert!(operations.contains(&AclOperation::Delete));
    assert!(operations.contains(&AclOperation::AlterConfigs));
    let arguments = ["--describe", "--topic", topic.as_str()];
    let seen = test.broker().cli("TopicCommand", &arguments);
    let id = described.id.as_ref().expect("Kafka 4.3 gives ids");
    assert!(
        seen.contains(&format!("TopicId: {id}\t")),
        "{id} is not in {seen}"
    );
}

async fn a_thousand_topics(test: Test) {
    let config = [("retention.ms", "1000"), ("segment.bytes", "1048576")];
    let name = |number| test.topic(&format!("{number:04}"));
    let topics: Vec<_> = (0..1_000).map(|n| new_topic(name(n), 1, &config)).collect();
    let start = Instant::now();
    let cluster = test.create(&topics).await;
    eprintln!("a thousand topics created and shown: {:?}", start.elapsed());
    let names: Vec<_> = topics.iter().map(|topic| topic.name.clone()).collect();
    let start = Instant::now();
    let described = cluster
        .describe_topic_configs(&names)
        .await
        .expect("it was reached");
    eprintln!("a thousand topics' configs: {:?}", start.elapsed());
    assert_eq!(described.len(), 1_000);
    for (name, entries) in &described {
        let entries = entries
            .as_ref()
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(find(entries, "retention.ms").value.as_deref(), Some("1000"));
    }
    let start = Instant::now();
    let described = cluster
        .describe_topics(&names)
        .await
        .expect("it was reached");
    eprintln!("a thousand topics' ids: {:?}", start.elapsed());
    let ids = described
        .values()
        .filter_map(|topic| topic.as_ref().ok()?.id.clone());
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), 1_000);
    for batch in names.chunks(500) {
        assert!(
            words(cluster.delete_topics(batch).await)
                .iter()
                .all(|word| word == "ok")
        );
    }
}

async fn empty_requests_need_no_broker(test: Test) {
    let cluster = test.cluster().await;
    assert_eq!(cluster.create_topics(&[], Mode::Apply).await, Ok(vec![]));
    assert_eq!(
        cluster.create_partitions(&[], Mode::Apply).await,
        Ok(vec![])
    );
    assert_eq!(
        cluster.incremental_alter_configs(&[], Mode::Apply).await,
        Ok(vec![])
    );
    assert_eq!(cluster.delete_topics(&[]).await, Ok(vec![]));
    assert!(
        cluster
            .describe_topics(&[])
            .await
            .is_ok_and(|none| none.is_empty())
    );
    assert!(
        cluster
            .describe_topic_configs(&[])
            .await
            .is_ok_and(|none| none.is_empty())
    );
}

async fn a_request_that_cannot_be_written_is_refused(test: Test) {
    let cluster = test.cluster().await;
    let nul = [new_topic(TopicName::from("a\0b"), 1, &[])];
    let fault = cluster
        .create_topics(&nul, Mode::Apply)
        .await
        .expect_err("a NUL");
    assert!(fault.message.contains("NUL"), "{fault}");
    let many = [new_topic(test.topic("many"), u32::MAX, &[])];
    let fault = cluster
        .create_topics(&many, Mode::Apply)
        .await
        .expect_err("too many");
    assert!(fault.message.contains("4294967295"), "{fault}");
    // A duplicate name is the caller's error; it must not crash, and no topic may be created.
    let name = test.topic("twice");
    let twice = [
        new_topic(name.clone(), 1, &[]),
        new_topic(name.clone(), 1, &[]),
    ];
    let answer = cluster.create_topics(&twice, Mode::Apply).await;
    match has_zookeeper() {
        // A single result for both, which librdkafka cannot parse.
        true => assert!(answer.is_err(), "{answer:?}"),
        false => assert_eq!(words(answer), ["42 Duplicate topic name."; 2]),
    }
    let metadata = cluster.metadata().await.expect("it was reached");
    assert!(!metadata.topics.contains_key(&name));
}

async fn renewed_clients_answer(test: Test) {
    let cluster = test.cluster().await;
    let other = cluster.clone();
    let (a, b) = tokio::join!(cluster.renew(), other.renew());
    assert_eq!((a, b), (Ok(()), Ok(())));
    assert!(cluster.metadata().await.is_ok());
    let start = Instant::now();
    drop((cluster, other));
    assert!(
        start.elapsed().as_millis() < 1_000,
        "dropping took {:?}",
        start.elapsed()
    );
}

async fn a_dead_controller_holds_nothing_up_for_long(test: Test) {
    let brokers = Brokers::own(3);
    let cluster = connect(connection(brokers.servers())).await;
    let topic = test.topic("a");
    let replicated = NewTopic {
        replication_factor: 3,
        ..new_topic(topic.clone(), 1, &[])
    };
    create(&cluster, &[replicated]).await;
    brokers.kill(brokers.controller());

    // The brokers return the stopped one for about nine seconds.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(12) {
        // For each request: an attempt, a new client that may connect to the stopped broker, an
        // attempt.
        let most = Duration::from_secs(20);
        let read = Instant::now();
        let metadata = cluster.metadata().await;
        assert!(metadata.is_ok(), "{:?}", metadata.err());
        assert!(read.elapsed() < most, "{:?}", read.elapsed());
        let read = Instant::now();
        let configs = cluster
            .describe_topic_configs(std::slice::from_ref(&topic))
            .await;
        assert!(configs.is_ok_and(|configs| configs[&topic].is_ok()));
        assert!(read.elapsed() < most, "{:?}", read.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // By now, the cluster has removed the stopped broker.
    cluster.renew().await.expect("two brokers are up");
    let new = [new_topic(test.topic("b"), 1, &[])];
    assert_eq!(
        words(cluster.create_topics(&new, Mode::Apply).await),
        ["ok"]
    );
}

async fn the_release_of_kafka_is_known(test: Test) {
    let release = shown_release();
    let plain = test.cluster().await;
    assert_eq!(plain.kafka_version().as_deref(), Some(&*release));
    let sasl = connection_as(&test.broker().sasl(), "admin", "admin-secret");
    assert_eq!(
        connect(sasl).await.kafka_version().as_deref(),
        Some(&*release)
    );
    let twice = format!("127.0.0.1:1,{}", test.broker().servers());
    assert_eq!(
        connect(connection(&twice)).await.kafka_version().as_deref(),
        Some(&*release)
    );
}
