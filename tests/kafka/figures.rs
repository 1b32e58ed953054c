//! Measurements of duration. Run only on request: `TOPICSMITH_KAFKA_OPTS=-Xmx2g cargo test
//! --release --test kafka -- --ignored figures`

use std::time::{Duration, Instant};

use topicsmith::internals::inventory::{self, Holder, InventoryRecord, Writer};
use topicsmith::internals::kafka::{Cluster, Mode, NewTopic};
use topicsmith::internals::live::{Owned, OwnerKey, Stamp};
use topicsmith::internals::model::{ConfigKey, OnRemove, TopicName};
use topicsmith::internals::observe::{Want, Which, observe};

use crate::harness::{self, Test, create, environment, new_topic};

harness::tests! { a_thousand_topics, ten_thousand_topics, ten_thousand_records }

/// Prints the best of three runs, because the machine has other load.
async fn figure<T>(what: &str, act: impl AsyncFn() -> T) {
    let (mut best, mut work) = (Duration::MAX, Duration::MAX);
    for _ in 0..3 {
        let (start, before) = (Instant::now(), cpu());
        act().await;
        best = best.min(start.elapsed());
        work = work.min(cpu() - before);
    }
    eprintln!("{what:40} {best:>10.1?}, of it the client's own work {work:.2?}");
}

/// Returns the CPU time of this process: fields 14 and 15 of its stat line, in ticks of 10 ms.
fn cpu() -> Duration {
    let line = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = line.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2);
    Duration::from_millis(ticks.filter_map(|t| t.parse::<u64>().ok()).sum::<u64>() * 10)
}

fn topics(test: &Test, count: usize) -> Vec<NewTopic> {
    let config = [
        ("retention.ms", "1000"),
        ("segment.bytes", "1048576"),
        ("max.message.bytes", "2000000"),
        ("compression.type", "zstd"),
    ];
    let topic = |number| new_topic(test.topic(&format!("{number:05}")), 1, &config);
    (0..count).map(topic).collect()
}

async fn a_thousand_topics(test: Test) {
    let (cluster, topics) = (test.cluster().await, topics(&test, 1_000));
    let start = Instant::now();
    let answer = cluster.create_topics(&topics, Mode::Apply).await;
    assert!(answer.is_ok_and(|items| items.iter().all(Result::is_ok)));
    eprintln!("1,000 topics created in one request: {:?}", start.elapsed());
    create(&cluster, &[]).await;
    reading(&test, &cluster, &topics).await;
}

async fn ten_thousand_topics(test: Test) {
    let (cluster, topics) = (test.cluster().await, topics(&test, 10_000));
    let start = Instant::now();
    create(&cluster, &topics).await;
    eprintln!("10,000 topics created and shown: {:?}", start.elapsed());
    reading(&test, &cluster, &topics).await;
}

async fn ten_thousand_records(test: Test) {
    let (cluster, topic) = (test.cluster().await, test.topic("inventory"));
    let made = inventory::create(&cluster, &topic, 1).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    let entries: Vec<InventoryRecord> = (0..10_000).map(entry).collect();
    figure("an inventory's writer", async || {
        Writer::open(&cluster, &topic).await.is_ok()
    })
    .await;
    let writer = Writer::open(&cluster, &topic).await.expect("it may");
    let before = resident();
    figure("10,000 records written", async || {
        writer.write(&entries).await.expect("it may")
    })
    .await;
    drop(writer);
    let written = resident();
    figure("30,000 records of 10,000 topics read", async || {
        let contents = inventory::read(&cluster, &topic, &harness::ASKING)
            .await
            .expect("it may");
        let topics = contents.expect("it is there").inventory.topics;
        assert_eq!(topics.len(), 10_000);
    })
    .await;
    let read = resident();
    eprintln!("resident: {before} MiB before, {written} once written, {read} once read");
    figure("a lock had and released", async || {
        let holder = Holder::default();
        let lock = inventory::lock(&cluster, &topic, "x", holder, Duration::ZERO, |_| ()).await;
        lock.expect("it is free").release().await.expect("it can");
    })
    .await;
}

/// Returns a typical record of a topic.
fn entry(number: usize) -> InventoryRecord {
    let text = |text: &str| Some(text.to_owned());
    let config = [("cleanup.policy", "delete"), ("retention.ms", "604800000")];
    let config = config.map(|(key, value)| (ConfigKey::from(key), value.to_owned()));
    let owned = Owned {
        whose: OwnerKey {
            scope: text("media-platform"),
            environment: text("prod"),
        },
        id: text("4L6g3nShT-eMCtK--X86sw"),
        on_remove: Some(OnRemove::Retain),
        owner: Some(text("ingestion")),
        partitions: Some(12),
        replication_factor: Some(3),
        config: Some(config.into_iter().collect()),
        declared_at: text("topics/ingestion.toml:14"),
        stamp: Stamp {
            commit: text("4f2c1a9e8d7b6c5f4f2c1a9e8d7b6c5f4f2c1a9e"),
            by: text("runner@ci-7"),
            at_ms: None,
        },
    };
    InventoryRecord::Owned(TopicName::new(format!("content-{number:05}")), owned)
}

/// Returns the resident memory of this process, in MiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kib.unwrap_or_default() / 1024
}

async fn reading(test: &Test, cluster: &Cluster, topics: &[NewTopic]) {
    let names: Vec<TopicName> = topics.iter().map(|topic| topic.name.clone()).collect();
    let count = names.len();
    figure("connect", async || test.cluster().await).await;
    figure("metadata", async || cluster.metadata().await).await;
    figure(&format!("{count} topics' configs"), async || {
        cluster.describe_topic_configs(&names).await
    })
    .await;
    figure(&format!("{count} topics' ids and rights"), async || {
        cluster.describe_topics(&names).await
    })
    .await;
    let environment = environment();
    let only = test.globs();
    let want = Want {
        scope: None,
        environment: &environment,
        listed: &[],
        configs: Which::All,
        ids: Which::All,
        only: &only,
    };
    figure(&format!("{count} topics observed"), async || {
        observe(cluster, &want).await
    })
    .await;
}
