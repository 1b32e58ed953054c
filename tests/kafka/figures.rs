//! How long things take. Not run unless asked for:
//! `TOPICSMITH_KAFKA_OPTS=-Xmx2g cargo test --release --test kafka -- --ignored figures`

use std::time::{Duration, Instant};

use topicsmith::kafka::{Cluster, Mode, NewTopic};
use topicsmith::model::TopicName;
use topicsmith::observe::{Want, Which, observe};

use crate::harness::{self, Test, create, environment, new_topic};

harness::tests! { a_thousand_topics, ten_thousand_topics }

/// The best of three: the machine does other things too.
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

/// The processor time that this process has used: fields 14 and 15 of its line, in ticks of 10 ms.
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
        environment: &environment,
        configs: Which::All,
        ids: Which::All,
        only: &only,
    };
    figure(&format!("{count} topics observed"), async || {
        observe(cluster, &want).await
    })
    .await;
}
