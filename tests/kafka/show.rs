//! The details of one topic on a real broker: partitions, consumer groups and their lag, messages,
//! ownership, and actual against estimated usage.

use serde_json::{Value, json};
use topicsmith::internals::kafka::NewTopic;
use topicsmith::internals::model::TopicName;

use crate::harness::release::since;
use crate::harness::{self, Brokers, Repository, Test, eventually, new_topic};
use crate::preflight::log_in;
use crate::usage::{commit, member, write};

harness::tests! {
    groups_with_members_and_lag,
    nobody_reads_it,
    what_is_live_and_whose_it_is,
    several_environments_side_by_side,
    one_broker_of_three_is_down,
    groups_that_may_not_be_seen: Newest,
    messages_beside_what_was_reckoned,
}

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

#[track_caller]
fn shown(repository: &Repository, arguments: &str) -> Value {
    let arguments = format!("show {arguments} --format json");
    repository.run_whole(&arguments).exits(0).json()
}

async fn groups_with_members_and_lag(test: Test) {
    let topic = test.topic("a");
    test.create(&[new_topic(topic.clone(), 2, &[])]).await;
    let repository = test.repository("[topics.\"@a\"]\npartitions = 2\n");
    // Records with the same key are in one partition, so all three are.
    for _ in 0..3 {
        write(&test, &topic, MINUTE);
    }
    let (reads, read) = (format!("{topic}-reads"), format!("{topic}-read"));
    let consumer = member(&test, &topic, &reads).await;
    for partition in 0..2 {
        commit(&test, &topic, &read, partition, 0);
    }
    let json = shown(&repository, "@a");
    let group = |name: &str| {
        let mut groups = json["groups"].as_array().expect("a list").iter();
        let group = groups.find(|group| group["group"] == name);
        group
            .unwrap_or_else(|| panic!("no {name}: {json:#}"))
            .clone()
    };
    let reading = group("@a-reads");
    assert_eq!(reading["state"], "Stable");
    assert_eq!(reading["members"][0]["partitions"], json!([0, 1]));
    assert_eq!(reading["members"][0]["client_id"], "rdkafka");
    assert_eq!(reading["lag"], Value::Null, "it has committed nothing");
    let was = group("@a-read");
    assert_eq!(
        (&was["state"], &was["members"]),
        (&json!("Empty"), &json!([]))
    );
    assert_eq!(was["lag"], 3);
    assert_eq!(was["partitions"][0]["committed"], 0);
    assert_eq!(json["data"]["messages"], 3);
    if since(3, 0) {
        let newest = json["data"]["newest_record"].as_str().expect("a time");
        assert!(newest.starts_with("20"), "{newest}");
    }
    for group in json["groups"].as_array().expect("a list") {
        assert!(
            group["group"]
                .as_str()
                .is_some_and(|g| g.starts_with("@a-"))
        );
    }
    let text = repository.run_whole("show @a").exits(0);
    let text = text.says("@a-read   Empty   0        3\n");
    let text = text.says("rdkafka at 127.0.0.1").says("messages       3");
    text.says("bytes: not available");
    drop(consumer);
}

async fn nobody_reads_it(test: Test) {
    let topic = test.topic("a");
    test.create(&[new_topic(topic.clone(), 9, &[])]).await;
    let repository = test.repository("[topics.\"@a\"]\npartitions = 9\n");
    let text = repository.run_whole("show @a").exits(0);
    text.says("state     in sync").says("no consumer groups");
    commit(&test, &topic, &format!("{topic}-was"), 0, 0);
    let text = repository.run_whole("show @a").exits(0);
    text.says("--lag shows each of the 9 partitions");
    let text = repository.run_whole("show @a --lag").exits(0);
    text.says("PARTITION  COMMITTED  LAG  CONSUMERS");
    let missing = repository.run_whole("show @b").exits(1);
    missing
        .warns("neither the files nor the cluster have a topic @b")
        .warns("did you mean `@a`?");
}

async fn what_is_live_and_whose_it_is(test: Test) {
    let topics = "[topics.\"@a\"]\nowner = \"shop\"\nconfig.retention.ms = \"1d\"\n";
    let repository = test.owning_repository(topics);
    let before = shown(&repository, "@a");
    assert_eq!(
        (&before["state"], &before["live"]),
        (&json!("missing"), &Value::Null)
    );
    assert_eq!(before["ownership"]["by"], "unowned");
    repository.run("apply --yes --commit abc123").exits(0);
    test.cluster().await;
    let topic = test.topic("a");
    let alter = [
        "--alter",
        "--entity-type",
        "topics",
        "--entity-name",
        topic.as_str(),
    ];
    let add = ["--add-config", "retention.ms=60000,max.message.bytes=2000"];
    let alter = [alter.as_slice(), add.as_slice()].concat();
    test.broker().cli("ConfigCommand", &alter);
    let after = shown(&repository, "@a");
    assert_eq!(after["state"], "differs");
    let settings = after["settings"].as_array().expect("a list");
    let retention = settings
        .iter()
        .find(|s| s["setting"] == "config.retention.ms");
    let retention = retention.expect("it is declared");
    assert_eq!(
        retention["live"],
        json!({"value": "60000", "source": "topic"})
    );
    assert_eq!(retention["against_live"], "differs");
    assert_eq!(retention["declared_at"], "topics/a.toml:3");
    let undeclared = &after["undeclared"][0];
    assert_eq!(
        (&undeclared["key"], &undeclared["effect"]),
        (&json!("max.message.bytes"), &json!("reset"))
    );
    let ownership = &after["ownership"];
    assert_eq!(
        (&ownership["by"], &ownership["record"]["commit"]),
        (&json!("owned"), &json!("abc123"))
    );
    assert!(ownership["record"]["at_ms"].is_i64(), "{ownership:#}");
    repository
        .run_whole("inventory hold @a --for 1h --reason disk-full")
        .exits(0);
    let held = repository.run_whole("show @a").exits(0);
    held.says("state     held")
        .says(": disk-full")
        .says("commit abc123");
}

async fn several_environments_side_by_side(test: Test) {
    let topic = test.topic("a");
    test.create(&[new_topic(topic, 1, &[])]).await;
    let repository = test.repository("[topics.\"@a\"]\n[topics.\"@a\".env.two]\npartitions = 3\n");
    repository.environment("two", test.broker().servers(), 1, "");
    repository.environment("gone", "127.0.0.1:1", 1, "");
    let run = repository.run_whole("show @a --all").exits(1);
    let run = run.says("≠ state").says("≠ partitions").says("3, live 1");
    let run = run
        .says("  replication factor")
        .warns("gone: cannot reach Kafka");
    assert!(!run.stdout.contains("gone"), "{run}");
    let json = repository
        .run_whole("show @a -e dev -e two --format json")
        .exits(0)
        .json();
    assert_eq!(json["shows"][1]["settings"][0]["against_live"], "differs");
}

/// Topics on three brokers, one of which is down.
async fn one_broker_of_three_is_down(test: Test) {
    let brokers = Brokers::own(3);
    let cluster = harness::connect(harness::connection(brokers.servers())).await;
    let topic = |name: &str, replication_factor| NewTopic {
        replication_factor,
        ..new_topic(test.topic(name), 6, &[("min.insync.replicas", "3")])
    };
    harness::create(&cluster, &[topic("safe", 3), topic("single", 1)]).await;
    let repository =
        test.repository("[topics.\"@safe\"]\npartitions = 6\nmin_insync_replicas = 3\n");
    repository.environment("own", brokers.servers(), 3, "");
    let json = shown(&repository, "@safe -e own");
    let partitions = json["partitions"].as_array().expect("a list");
    let healthy = |p: &Value| {
        p["in_sync"]
            .as_array()
            .is_some_and(|in_sync| in_sync.len() == 3)
    };
    assert!(
        partitions.len() == 6 && partitions.iter().all(healthy),
        "{json:#}"
    );
    let down = [1, 2, 3].into_iter().find(|id| *id != brokers.controller());
    let down = down.expect("one of two");
    brokers.kill(down);
    let gone = |name: TopicName| {
        let cluster = &cluster;
        async move {
            let metadata = cluster.metadata().await.expect("two are up");
            let partitions = &metadata.topics[&name].partitions;
            !metadata.brokers.iter().any(|broker| broker.id == down)
                && partitions.iter().all(|p| p.leader != Some(down))
        }
    };
    eventually("the broker is fenced", async || {
        gone(test.topic("safe")).await && gone(test.topic("single")).await
    })
    .await;
    let text = repository.run_whole("show @safe -e own").exits(0);
    let text = text.says("6 partitions under-replicated: 0,1,2,3,4,5");
    text.says("6 partitions with fewer in sync than min.insync.replicas 3");
    let json = shown(&repository, "@safe -e own");
    for partition in json["partitions"].as_array().expect("a list") {
        assert_eq!(partition["offline"], json!([down]));
        assert!(!partition["leader"].is_null() && partition["next_offset"] == 0);
    }
    let json = shown(&repository, "@single -e own");
    let partitions = json["partitions"].as_array().expect("a list").iter();
    let leaderless = partitions.filter(|p| p["leader"].is_null());
    let of_it: Vec<&Value> = leaderless.collect();
    assert_eq!(of_it.len(), 2, "{json:#}");
    assert!(
        of_it
            .iter()
            .all(|p| p["offline"] == json!([down]) && p["next_offset"].is_null())
    );
    assert_eq!(json["data"]["messages"], Value::Null);
    let text = repository.run_whole("show @single -e own").exits(0);
    text.says("2 partitions without a leader; reads and writes fail");
}

/// A principal that may describe the topic but no groups gets this reported, not an absence of
/// groups.
async fn groups_that_may_not_be_seen(test: Test) {
    let topic = test.topic("a");
    test.create(&[new_topic(topic.clone(), 1, &[])]).await;
    commit(&test, &topic, &format!("{topic}-was"), 0, 0);
    harness::allow(&test, &topic, &["Describe", "DescribeConfigs"]);
    let repository = test.repository("[topics.\"@a\"]\n");
    log_in(&test, &repository, "reader");
    let text = repository.run_whole("show @a -e reader").exits(0);
    let text = text.says("not seen: consumer groups: ");
    assert!(!text.stdout.contains("no consumer groups"), "{text}");
}

async fn messages_beside_what_was_reckoned(test: Test) {
    let topic = test.topic("a");
    test.create(&[new_topic(topic.clone(), 2, &[])]).await;
    for _ in 0..3 {
        write(&test, &topic, MINUTE);
    }
    let traffic = "traffic = { messages_per_day = 1_000, average_size = \"1KB\" }";
    let topics = format!(
        "[topics.\"@a\"]\nconfig.retention.ms = \"2d\"\n{traffic}\n[topics.\"@b\"]\n{traffic}\n"
    );
    let repository = test.repository(&topics);
    let run = repository.run("capacity --compare --disk 1GB").exits(0);
    run.says("1 broker\n").says("MESSAGES  NOW").says("it fits");
    let json = repository
        .run("capacity --compare --format json")
        .exits(0)
        .json();
    let reckoned = &json["topics"][0];
    assert_eq!(
        (&reckoned["messages"], &reckoned["messages_now"]),
        (&json!(2_000), &json!(3))
    );
    // A missing topic has no messages to count.
    assert_eq!(json["topics"][1]["messages_now"], Value::Null);
    assert_eq!(json["topics"][1]["bound"]["from"], "broker-default");
}
