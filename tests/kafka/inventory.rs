//! The inventory on a real broker: its topic, its records, and every right that can be missing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use topicsmith::internals::inventory::{
    self, Contents, Holding, InventoryError, InventoryRecord, Right, Unreadable, Writer,
};
use topicsmith::internals::kafka::{Appender, Cluster, Delivery, Limits};
use topicsmith::internals::live::{AppliedRemoval, Instance, Owned, OwnerKey, Stamp};
use topicsmith::internals::model::TopicName;

use crate::harness::proxy::{Api, Fault, Proxy, Rule, When};
use crate::harness::{
    self, Brokers, LIMITS, Test, connect, connection, connection_as, create, new_topic,
};

harness::tests! {
    made_as_it_has_to_be,
    three_brokers_three_replicas,
    not_there_is_not_an_error,
    what_is_written_is_read,
    what_is_removed_is_gone,
    a_record_that_cannot_be_read,
    a_topic_that_is_not_compacted,
    a_topic_with_two_partitions,
    each_right_that_is_missing,
    reading_leaves_no_trace,
    an_end_that_nobody_told_is_no_beginning,
    a_cluster_that_is_gone_is_named,
}

fn whose() -> OwnerKey {
    OwnerKey {
        scope: Some("shop".to_owned()),
        environment: Some("prod".to_owned()),
    }
}

fn owned(partitions: u32) -> Owned {
    Owned {
        whose: whose(),
        partitions: Some(partitions),
        ..Owned::default()
    }
}

/// Creates an inventory for this test alone.
async fn inventory(test: &Test) -> (Cluster, TopicName) {
    let (cluster, topic) = (test.cluster().await, test.topic("inventory"));
    let made = inventory::create(&cluster, &topic, 1).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    (cluster, topic)
}

async fn read(cluster: &Cluster, topic: &TopicName) -> Contents {
    let read = inventory::read(cluster, topic, &harness::ASKING).await;
    let read = read.unwrap_or_else(|error| panic!("{error}"));
    read.expect("it is there")
}

async fn write(cluster: &Cluster, topic: &TopicName, entries: &[InventoryRecord]) {
    let writer = Writer::open(cluster, topic).await;
    let writer = writer.unwrap_or_else(|error| panic!("{error}"));
    let written = writer.write(entries).await;
    written.unwrap_or_else(|error| panic!("{error}"));
}

/// Returns the description of a topic from Kafka's own tool.
fn described(brokers: &Brokers, topic: &TopicName) -> String {
    let class = "TopicCommand";
    brokers.cli(class, &["--describe", "--topic", topic.as_str()])
}

async fn made_as_it_has_to_be(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let again = inventory::create(&cluster, &topic, 1).await;
    assert_eq!(again, Ok(()), "somebody was faster");
    let text = described(test.broker(), &topic);
    for expected in [
        "PartitionCount: 1",
        "ReplicationFactor: 1",
        "cleanup.policy=compact",
        "compression.type=uncompressed",
        "message.timestamp.type=LogAppendTime",
        "min.compaction.lag.ms=3600000",
        "min.insync.replicas=1",
        "segment.bytes=8388608",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let contents = read(&cluster, &topic).await;
    assert!(contents.is_blank, "the first lock marks it");
    let blank = Contents {
        is_blank: true,
        ..Contents::default()
    };
    assert_eq!(contents, blank);
}

async fn three_brokers_three_replicas(test: Test) {
    let brokers = Brokers::three();
    let cluster = connect(connection(brokers.servers())).await;
    let topic = test.topic("inventory");
    assert_eq!(inventory::create(&cluster, &topic, 3).await, Ok(()));
    let text = described(brokers, &topic);
    assert!(text.contains("ReplicationFactor: 3"), "{text}");
    assert!(text.contains("min.insync.replicas=2"), "{text}");
    write(
        &cluster,
        &topic,
        &[InventoryRecord::Owned("a".into(), owned(1))],
    )
    .await;
    assert_eq!(read(&cluster, &topic).await.inventory.topics.len(), 1);
}

async fn not_there_is_not_an_error(test: Test) {
    let (cluster, topic) = (test.cluster().await, test.topic("none"));
    assert_eq!(
        inventory::read(&cluster, &topic, &harness::ASKING).await,
        Ok(None)
    );
    let Err(error) = Writer::open(&cluster, &topic).await else {
        panic!("it wrote");
    };
    assert!(matches!(error, InventoryError::Missing { .. }), "{error}");
}

async fn what_is_written_is_read(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let stamp = Stamp {
        commit: Some("4f2c".to_owned()),
        by: Some("anna@ci".to_owned()),
        at_ms: None,
    };
    let spent = AppliedRemoval {
        whose: whose(),
        topic: "old".into(),
        id: None,
        stamp: stamp.clone(),
    };
    let instance = Instance {
        whose: whose(),
        lifecycle: "video".to_owned(),
        parameters: [("id".to_owned(), "1".to_owned())].into(),
        delete_after_ms: 60_000,
        stamp: stamp.clone(),
        ..Instance::default()
    };
    let holding = Holding {
        whose: whose(),
        for_ms: 3_600_000,
        reason: "incident".to_owned(),
        stamp,
    };
    let writer = Writer::open(&cluster, &topic).await.expect("it is there");
    let entries = [
        InventoryRecord::Owned("a".into(), owned(1)),
        InventoryRecord::Held("a".into(), holding),
        InventoryRecord::AppliedRemoval(spent),
        InventoryRecord::Started(instance.clone()),
    ];
    let appended = writer.write(&entries).await.expect("it may");
    let offsets: Vec<i64> = appended.iter().map(|one| one.offset).collect();
    assert_eq!(offsets, [0, 1, 2, 3]);
    let at = |index: usize| appended[index].appended_ms.expect("the broker stamps them");

    let Contents {
        inventory,
        locks,
        end,
        newest_ms,
        unreadable,
        is_blank,
    } = read(&cluster, &topic).await;
    assert_eq!((unreadable, is_blank), (Vec::new(), false));
    assert_eq!((locks, end, newest_ms), (Vec::new(), 4, Some(at(3))));
    assert_eq!(inventory.topics["a"].stamp.at_ms, Some(at(0)));
    assert_eq!(inventory.holds["a"].until_ms, at(1) + 3_600_000);
    assert_eq!(inventory.applied_removals[0].stamp.at_ms, Some(at(2)));
    assert_eq!(inventory.instances[0].started_ms, at(3));
    assert_eq!(inventory.instances[0].ended_ms, None);

    let ended = writer
        .write(&[InventoryRecord::Ended(inventory.instances[0].clone())])
        .await;
    let ended = ended.expect("it may")[0].appended_ms;
    let after = read(&cluster, &topic).await.inventory;
    assert_eq!(after.instances[0].started_ms, at(3));
    assert_eq!(after.instances[0].ended_ms, ended);
}

async fn what_is_removed_is_gone(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let entries = [
        InventoryRecord::Owned("a".into(), owned(1)),
        InventoryRecord::Owned("b".into(), owned(1)),
        InventoryRecord::Owned("b".into(), owned(2)),
        InventoryRecord::Disowned("a".into()),
    ];
    write(&cluster, &topic, &entries).await;
    let contents = read(&cluster, &topic).await;
    assert_eq!(contents.end, 4);
    let topics: BTreeMap<TopicName, Option<u32>> = contents
        .inventory
        .topics
        .into_iter()
        .map(|(name, owned)| (name, owned.partitions))
        .collect();
    assert_eq!(topics, [("b".into(), Some(2))].into());
}

async fn a_record_that_cannot_be_read(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let newer = br#"{"format": "topicsmith/inventory/2", "scope": "shop", "environment": "prod"}"#;
    let raw =
        Appender::open(&cluster, &topic, 0, LIMITS.timeout, Delivery::Once).expect("a client");
    let record = |value: &[u8]| (b"topic/a".to_vec(), Some(value.to_vec()));
    raw.append(&[record(b"oops"), record(newer)])
        .await
        .expect("it may");
    write(
        &cluster,
        &topic,
        &[InventoryRecord::Owned("b".into(), owned(1))],
    )
    .await;

    let error = inventory::read(&cluster, &topic, &harness::ASKING)
        .await
        .expect_err("one is not for us");
    assert_eq!(
        error.to_string(),
        format!(
            "1 record in the inventory, topic {topic}, cannot be read: partition 0, offset 1: key \
             `topic/a`: its format is `topicsmith/inventory/2`, and this version of topicsmith reads \
             `topicsmith/inventory/1`"
        )
    );
    let help = error.help().unwrap_or_default();
    assert!(help.contains("inventory forget --offset N"), "{help}");

    let contents = inventory::read_anyway(&cluster, &topic)
        .await
        .expect("it is there")
        .expect("it is there");
    assert_eq!(contents.inventory.topics.len(), 1);
    let [Unreadable { offset: 1, key, .. }] = contents.unreadable.as_slice() else {
        panic!("{:?}", contents.unreadable);
    };
    let key = key.clone().expect("it has one");
    write(&cluster, &topic, &[InventoryRecord::Forget(key)]).await;
    assert_eq!(read(&cluster, &topic).await.inventory.topics.len(), 1);
}

async fn a_topic_that_is_not_compacted(test: Test) {
    let topic = test.topic("both");
    let policy = [("cleanup.policy", "compact,delete")];
    let cluster = test.create(&[new_topic(topic.clone(), 1, &policy)]).await;
    let error = inventory::read(&cluster, &topic, &harness::ASKING)
        .await
        .expect_err("it loses records");
    assert_eq!(
        error.to_string(),
        format!(
            "topic {topic} cannot be the inventory: its cleanup.policy is `compact,delete`, where \
             only `compact` keeps the last record of each key"
        )
    );
    let created = inventory::create(&cluster, &topic, 1).await;
    assert_eq!(created, Err(error), "one that is there is looked at too");
}

async fn a_topic_with_two_partitions(test: Test) {
    let topic = test.topic("two");
    let policy = [("cleanup.policy", "compact")];
    let cluster = test.create(&[new_topic(topic.clone(), 2, &policy)]).await;
    let error = inventory::read(&cluster, &topic, &harness::ASKING)
        .await
        .expect_err("it has no order");
    assert!(error.to_string().contains("it has 2 partitions"), "{error}");
}

fn right_of(error: &InventoryError) -> Option<Right> {
    match error {
        InventoryError::NoRight { right, .. } => Some(*right),
        _ => None,
    }
}

async fn each_right_that_is_missing(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    write(
        &cluster,
        &topic,
        &[InventoryRecord::Owned("a".into(), owned(1))],
    )
    .await;
    let reader = connect(connection_as(
        &test.broker().sasl(),
        "reader",
        "reader-secret",
    ))
    .await;
    let refused = async || {
        let error = inventory::read(&reader, &topic, &harness::ASKING)
            .await
            .expect_err("it may not");
        right_of(&error).unwrap_or_else(|| panic!("{error}"))
    };
    let nowhere = test.topic("nowhere");
    let error = inventory::read(&reader, &nowhere, &harness::ASKING)
        .await
        .expect_err("nobody can tell");
    assert_eq!(right_of(&error), Some(Right::Describe), "{error}");
    let error = inventory::create(&reader, &nowhere, 1)
        .await
        .expect_err("it may not");
    assert_eq!(right_of(&error), Some(Right::Create), "{error}");
    assert_eq!(refused().await, Right::Describe);
    harness::allow(&test, &topic, &["Describe"]);
    harness::eventually("it may see it", async || refused().await != Right::Describe).await;
    assert_eq!(refused().await, Right::DescribeConfigs);
    harness::allow(&test, &topic, &["DescribeConfigs"]);
    harness::eventually("it may see more", async || refused().await == Right::Read).await;
    let error = inventory::read(&reader, &topic, &harness::ASKING)
        .await
        .expect_err("it may not");
    assert_eq!(
        error.to_string(),
        format!("no right to read the inventory, topic {topic}")
    );
    let help = error.help().unwrap_or_default();
    assert!(
        help.starts_with(&format!("allow Read on topic {topic}")),
        "{help}"
    );

    harness::allow(&test, &topic, &["Read"]);
    harness::eventually("it may read", async || {
        inventory::read(&reader, &topic, &harness::ASKING)
            .await
            .is_ok()
    })
    .await;
    let Err(error) = Writer::open(&reader, &topic).await else {
        panic!("it may not");
    };
    assert_eq!(right_of(&error), Some(Right::Write), "{error}");
    // A broker that does not return operations reports a missing right on use, in time.
    let start = Instant::now();
    let raw = Appender::open(&reader, &topic, 0, LIMITS.timeout, Delivery::Once).expect("a client");
    let error = raw
        .append(&[(b"k".to_vec(), None)])
        .await
        .expect_err("it may not");
    let said = error.to_string();
    assert!(said.contains("authori"), "{said}");
    assert!(
        start.elapsed() < LIMITS.timeout / 2,
        "{:?}: {said}",
        start.elapsed()
    );
    harness::allow(&test, &topic, &["Write"]);
    harness::eventually("it may write", async || {
        let Ok(writer) = Writer::open(&reader, &topic).await else {
            return false;
        };
        writer
            .write(&[InventoryRecord::Disowned("a".into())])
            .await
            .is_ok()
    })
    .await;
    assert!(read(&cluster, &topic).await.inventory.topics.is_empty());
}

async fn reading_leaves_no_trace(_: Test) {
    let brokers = Brokers::own(1);
    let cluster = connect(connection(brokers.servers())).await;
    let topic = TopicName::from("_topicsmith");
    inventory::create(&cluster, &topic, 1)
        .await
        .expect("it may");
    create(&cluster, &[new_topic("other".into(), 1, &[])]).await;
    write(
        &cluster,
        &topic,
        &[InventoryRecord::Owned("a".into(), owned(1))],
    )
    .await;
    read(&cluster, &topic).await;
    let topics = cluster.metadata().await.expect("it was reached").topics;
    let names: Vec<&str> = topics.keys().map(TopicName::as_str).collect();
    assert_eq!(
        names,
        ["_topicsmith", "other"],
        "no group was ever looked for"
    );
}

/// librdkafka answers such a request itself, without an error.
async fn an_end_that_nobody_told_is_no_beginning(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    write(
        &cluster,
        &topic,
        &[InventoryRecord::Owned("a".into(), owned(1))],
    )
    .await;
    let silent =
        |times| Rule::new(Api::ListOffsets, When::Before, Fault::SilentBefore).times(times);
    let limits = Limits {
        timeout: Duration::from_secs(6),
    };
    let through = async |times| {
        let proxy = Proxy::before(test.broker().servers(), &[silent(times)]);
        let cluster = Cluster::connect(connection(proxy.servers()), limits).await;
        let cluster = cluster.unwrap_or_else(|error| panic!("{error}"));
        let read = inventory::read(&cluster, &topic, &harness::ASKING).await;
        assert!(proxy.fired() > 0);
        read
    };
    let error = through(usize::MAX).await.expect_err("nobody told the end");
    let said = error.to_string();
    assert!(said.contains("no answer within 6s"), "{said}");
    // The first one is lost, and sent again.
    let read = through(1).await.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(read.expect("it is there").inventory.topics.len(), 1);
}

async fn a_cluster_that_is_gone_is_named(_: Test) {
    let brokers = Brokers::own(1);
    let limits = Limits {
        timeout: Duration::from_secs(4),
    };
    let connection = connection(brokers.servers());
    let connected = Cluster::connect_within(connection, limits, LIMITS.timeout, |_| ());
    let cluster = connected.await.unwrap_or_else(|error| panic!("{error}"));
    let topic = TopicName::from("_topicsmith");
    let created = inventory::create(&cluster, &topic, 1).await;
    created.expect("it may");
    let writer = Writer::open(&cluster, &topic).await.expect("it is there");
    let entries = [InventoryRecord::Owned("a".into(), owned(1))];
    writer.write(&entries).await.expect("it may");

    brokers.kill(1);
    let start = Instant::now();
    let error = writer.write(&entries).await.expect_err("nobody is there");
    let took = start.elapsed();
    assert!(took < limits.timeout + Duration::from_secs(2), "{took:?}");
    let expected = format!(
        "the inventory: cannot write topic _topicsmith to {}: nothing listens there (connection refused)",
        brokers.servers()
    );
    assert_eq!(error.to_string(), expected);
    let error = inventory::read(&cluster, &topic, &harness::ASKING)
        .await
        .expect_err("nor here");
    let said = error.to_string();
    assert!(said.contains("nothing listens there"), "{said}");
}
