//! The usage of a topic is read before its deletion: groups, records, and what is not visible.

use std::time::{Duration, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use topicsmith::internals::kafka::OffsetAt;
use topicsmith::internals::model::{TopicName, clock};

use crate::harness::proxy::{Api, Fault, Proxy, Rule, When};
use crate::harness::{self, Brokers, Repository, Test, eventually, new_topic};

harness::tests! {
    nobody_uses_it,
    old_records_and_old_offsets_are_shown,
    a_young_record_holds_it_back,
    a_young_record_after_an_old_one_holds_it_back,
    a_reader_holds_it_back,
    a_reader_of_another_topic_does_not,
    a_snapshot_holds_the_usage,
    a_topic_without_a_leader,
    offsets_that_nobody_tells_hold_it_back,
}

const TWO_DAYS: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// Creates a repository with a removal of `@old`.
async fn to_delete(test: &Test) -> (Repository, TopicName) {
    let topic = test.topic("old");
    test.create(&[new_topic(topic.clone(), 2, &[])]).await;
    (
        test.repository("[removed.\"@old\"]\n[topics.\"@new\"]\n"),
        topic,
    )
}

/// Writes a record of this age.
pub fn write(test: &Test, topic: &TopicName, age: Duration) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", test.broker().servers())
        .create()
        .expect("a client");
    let now = clock::local().duration_since(UNIX_EPOCH).expect("after");
    let time = i64::try_from((now - age).as_millis()).expect("in range");
    let record = BaseRecord::to(topic.as_str())
        .key("k")
        .payload("v")
        .timestamp(time);
    producer
        .send(record)
        .map_err(|(e, _)| e)
        .expect("there is room");
    producer
        .flush(Duration::from_secs(30))
        .expect("it is written");
}

/// Writes a record of so many zero bytes, compressed to a thousandth of them, and returns whether the
/// broker took it.
pub fn write_compressed(test: &Test, topic: &TopicName, size: usize) -> bool {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", test.broker().servers())
        .set("compression.type", "gzip")
        .set("message.max.bytes", "100000000")
        .set("message.timeout.ms", "10000")
        .create()
        .expect("a client");
    let end = || {
        let offsets =
            producer
                .client()
                .fetch_watermarks(topic.as_str(), 0, Duration::from_secs(30));
        offsets.expect("the topic is there").1
    };
    let before = end();
    let value = vec![0; size];
    let record = BaseRecord::to(topic.as_str()).key("k").payload(&value);
    producer
        .send(record)
        .map_err(|(e, _)| e)
        .expect("there is room");
    producer
        .flush(Duration::from_secs(30))
        .expect("it is answered");
    end() > before
}

fn consumer(test: &Test, group: &str) -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", test.broker().servers())
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .create()
        .expect("a client")
}

/// Commits an offset without being a member.
pub fn commit(test: &Test, topic: &TopicName, group: &str, partition: i32, offset: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic.as_str(), partition, Offset::Offset(offset))
        .expect("an offset");
    consumer(test, group)
        .commit(&list, CommitMode::Sync)
        .expect("it is committed");
}

/// Returns a member of a group with assigned partitions.
pub async fn member(test: &Test, topic: &TopicName, group: &str) -> BaseConsumer {
    let consumer = consumer(test, group);
    consumer.subscribe(&[topic.as_str()]).expect("a topic");
    eventually("it has partitions", async || {
        let _ = consumer.poll(Duration::from_millis(50));
        consumer.assignment().is_ok_and(|list| list.count() > 0)
    })
    .await;
    consumer
}

async fn nobody_uses_it(test: Test) {
    let (repository, _) = to_delete(&test).await;
    let plan = repository.run("plan").exits(0);
    plan.says("- @old").says("no messages");
    repository
        .run("apply --yes --allow topic-deleted")
        .exits(0)
        .says("\n2 applied\n");
}

async fn old_records_and_old_offsets_are_shown(test: Test) {
    let (repository, topic) = to_delete(&test).await;
    write(&test, &topic, TWO_DAYS);
    commit(&test, &topic, "usage-was", 0, 0);
    let plan = repository.run("plan").exits(0);
    let plan = plan.says("committed offsets of usage-was");
    let plan = plan.says("up to 1 message").says("newest record 20");
    assert!(!plan.stdout.contains("less than a day"), "{plan}");
    let json = repository.run("plan --format json").exits(0).json();
    let delete = &json["changes"][1];
    assert_eq!(delete["usage"]["messages"], 1);
    assert_eq!(delete["usage"]["groups"][0]["name"], "usage-was");
    assert_eq!(delete["usage"]["recent"], false);
}

async fn a_young_record_holds_it_back(test: Test) {
    let (repository, topic) = to_delete(&test).await;
    write(&test, &topic, Duration::from_secs(60));
    let plan = repository.run("plan").exits(4);
    plan.says("less than a day ago")
        .says("--allow topic-in-use:@old");
    // Everything else is applied; allowing only the risk is not sufficient.
    repository
        .run("apply --yes --allow topic-deleted")
        .exits(3)
        .says("\n1 applied, 1 blocked\n");
    repository
        .run("apply --yes --allow topic-deleted --allow topic-in-use:@other")
        .exits(4);
    repository
        .run("apply --yes --allow topic-deleted --allow topic-in-use:@old")
        .exits(0)
        .says("\n1 applied\n");
}

/// Brokers before Kafka 3.0 misinterpret the request for the newest record and return the first.
async fn a_young_record_after_an_old_one_holds_it_back(test: Test) {
    let (repository, topic) = to_delete(&test).await;
    write(&test, &topic, TWO_DAYS);
    write(&test, &topic, Duration::from_secs(60));
    write(&test, &topic, TWO_DAYS);
    let plan = repository.run("plan").exits(4);
    plan.says("up to 3 messages").says(", less than a day ago");
}

async fn a_reader_holds_it_back(test: Test) {
    let (repository, topic) = to_delete(&test).await;
    let member = member(&test, &topic, "usage-reads").await;
    let json = repository.run("plan --format json").exits(4).json();
    assert_eq!(json["blocked"][0]["code"], "topic-in-use");
    let message = json["blocked"][0]["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("read by usage-reads (1 member)"),
        "{message}"
    );
    drop(member);
    // It left, and has committed nothing.
    eventually("nobody reads it", async || {
        repository.run("plan").code == Some(0)
    })
    .await;
}

async fn a_reader_of_another_topic_does_not(test: Test) {
    let (repository, _) = to_delete(&test).await;
    let other = test.topic("other");
    test.create(&[new_topic(other.clone(), 1, &[])]).await;
    let member = member(&test, &other, "usage-elsewhere").await;
    let plan = repository.run("plan").exits(0);
    assert!(!plan.stdout.contains("usage-elsewhere"), "{plan}");
    drop(member);
}

async fn a_snapshot_holds_the_usage(test: Test) {
    let (repository, topic) = to_delete(&test).await;
    write(&test, &topic, Duration::ZERO);
    repository.run("snapshot --out live.json").exits(0);
    let live = repository.run("plan").exits(4).stdout;
    let snapshot = repository.run("plan --live live.json").exits(4).stdout;
    assert_eq!(live, snapshot);
}

/// If no partition of a request has a leader, each of them has that error: the request as a whole
/// does not fail. The age of the newest record is then unknown.
async fn offsets_that_nobody_tells_hold_it_back(test: Test) {
    let (repository, topic) = to_delete(&test).await;
    write(&test, &topic, Duration::from_secs(60));
    let silent = Rule::new(Api::ListOffsets, When::Before, Fault::SilentBefore).times(usize::MAX);
    let proxy = Proxy::before(test.broker().servers(), &[silent]);
    repository.environment("dev", proxy.servers(), 1, "");
    let plan = repository.run("plan --timeout 4s").exits(4);
    plan.says("topic-in-use").says("--allow topic-in-use:@old");
    assert!(proxy.fired() > 0);
}

async fn a_topic_without_a_leader(test: Test) {
    let brokers = Brokers::own(3);
    let cluster = harness::connect(harness::connection(brokers.servers())).await;
    let topic = test.topic("a");
    harness::create(&cluster, &[new_topic(topic.clone(), 1, &[])]).await;
    let leader = async || {
        let metadata = cluster.metadata().await.expect("it was reached");
        metadata.topics[&topic].partitions[0].leader
    };
    eventually("it has a leader", async || leader().await.is_some()).await;
    let leads = leader().await.expect("it has one");
    brokers.kill(leads);
    eventually("it has none", async || leader().await.is_none()).await;
    let asked = [(topic.clone(), 0)];
    let found = cluster.offsets(&asked, OffsetAt::Latest).await;
    let found = found.expect("it was reached");
    let fault = found[&asked[0]].as_ref().expect_err("nobody knows");
    assert!(fault.kind().is_worth_another_try(), "{fault}");
}
