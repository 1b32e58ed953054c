//! An inventory without read or write authorization, or with unreadable records.

use topicsmith::internals::kafka::{Appender, Delivery};

use super::{applied, live, nothing_left, owned, planned};
use crate::harness::{self, LIMITS, Repository, Test, allow, eventually};
use crate::preflight;

crate::harness::tests! {
    reading_is_enough_to_plan,
    the_right_to_create_is_missing,
    a_record_that_cannot_be_read,
    a_topic_that_is_no_inventory,
}

/// Creates another checkout, with applies as the user `reader`.
fn as_reader(test: &Test, topics: &str) -> Repository {
    let repository = test.repository(topics);
    preflight::log_in(test, &repository, "reader");
    let path = repository.path("environments/reader.toml");
    let text = std::fs::read_to_string(&path).expect("it was written");
    std::fs::remove_file(path).expect("it was written");
    let (rest, _) = text.split_once("[inventory]").expect("it keeps none");
    let text = format!("{rest}{}", harness::inventory("shop"));
    repository.write("environments/dev.toml", &text);
    repository
}

const LATER: &str = "[topics.\"@a\"]\nconfig.retention.ms = \"8d\"\n";

async fn reading_is_enough_to_plan(test: Test) {
    let owner = applied(&test, "[topics.\"@a\"]\n");
    owner.topics(LATER);
    let reader = as_reader(&test, LATER);
    let inventory = test.topic("inventory");
    let may_not = |arguments: &str, what: &str, right: &str| {
        let run = reader.run(arguments).exits(1);
        let run = run.warns(&format!(
            "no right to {what} the inventory, topic @inventory"
        ));
        run.warns(&format!("allow {right} on topic @inventory"));
    };
    may_not("plan", "see", "Describe");
    allow(
        &test,
        &test.topic("a"),
        &["Describe", "DescribeConfigs", "AlterConfigs"],
    );
    allow(&test, &inventory, &["Describe", "DescribeConfigs"]);
    eventually("it may see it", async || {
        reader
            .run("plan")
            .stderr
            .contains("no right to read the inventory")
    })
    .await;
    for command in ["plan", "drift", "inventory list", "apply --yes"] {
        may_not(command, "read", "Read");
    }
    allow(&test, &inventory, &["Read"]);
    eventually("it may read it", async || {
        reader.run("plan").code == Some(0)
    })
    .await;
    assert_eq!(planned(&reader), "@a update");
    assert_eq!(owned(&reader), "@a");
    reader.run("drift").exits(0);
    // Whatever else it is authorized to: without the record, nothing is changed.
    may_not("apply --yes", "write", "Write");
    assert_eq!(crate::apply::held(&test, "a", "retention.ms").await, None);
    allow(&test, &inventory, &["Write"]);
    eventually("it may write", async || {
        reader.run("apply --yes").code == Some(0)
    })
    .await;
    nothing_left(&owner);
}

async fn the_right_to_create_is_missing(test: Test) {
    let topics = "[topics.\"@a\"]\n";
    let reader = as_reader(&test, topics);
    allow(
        &test,
        &test.topic("a"),
        &["Describe", "DescribeConfigs", "Create"],
    );
    let inventory = test.topic("inventory");
    allow(
        &test,
        &inventory,
        &["Describe", "DescribeConfigs", "Read", "Write"],
    );
    eventually("it may plan", async || reader.run("plan").code == Some(0)).await;
    assert_eq!(planned(&reader), "@a create");
    let run = reader.run("apply --yes").exits(1);
    run.warns("no right to create the inventory")
        .warns("allow Create on topic @inventory");
    assert_eq!(live(&test).await, "");
    // Another principal creates it, which is sufficient.
    let cluster = test.cluster().await;
    let made = topicsmith::internals::inventory::create(&cluster, &inventory, 1).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    reader.run("apply --yes").exits(0);
    nothing_left(&reader);
}

async fn a_record_that_cannot_be_read(test: Test) {
    let repository = applied(
        &test,
        "[topics.\"@a\"]\non_remove = \"delete\"\n[topics.\"@b\"]\n",
    );
    let (cluster, topic) = (test.cluster().await, test.topic("inventory"));
    let raw =
        Appender::open(&cluster, &topic, 0, LIMITS.timeout, Delivery::Once).expect("a client");
    let newer = r#"{"format": "topicsmith/inventory/2", "kind": "topic", "scope": "shop", "environment": "dev"}"#;
    let newer = newer.as_bytes().to_vec();
    let key = format!("topic/{}", test.topic("b"));
    let appended = raw.append(&[(key.into_bytes(), Some(newer))]).await;
    let offset = appended.expect("it may")[0].offset;

    repository.topics("");
    for command in ["plan", "drift", "apply --yes --allow destructive"] {
        let run = repository.run(command).exits(1);
        let run = run.warns(&format!("partition 0, offset {offset}: key `topic/@b`"));
        run.warns("topicsmith/inventory/2")
            .warns("inventory forget --offset N");
    }
    assert_eq!(live(&test).await, "a b");
    let run = repository.run("inventory list").exits(1);
    run.says("cannot be read")
        .says(&format!("offset {offset}"))
        .says("@a");
    let json = repository
        .run("inventory list --format json")
        .exits(1)
        .json();
    assert_eq!(json["unreadable"][0]["offset"], offset);
    assert_eq!(json["topics"][0]["topic"], "@a");

    let wrong = format!("inventory forget --offset {} --yes", offset + 1);
    repository
        .run_whole(&wrong)
        .exits(1)
        .warns("there is no record at offset");
    let right = format!("inventory forget --offset {offset} --yes");
    repository.run_whole(&right).exits(0);
    assert_eq!(planned(&repository), "@a delete");
    assert_eq!(owned(&repository), "@a");
}

async fn a_topic_that_is_no_inventory(test: Test) {
    super::make(&test, "inventory", &[]).await;
    let repository = test.owning_repository("[topics.\"@a\"]\n");
    for command in ["plan", "apply --yes", "drift", "inventory list"] {
        let run = repository.run(command).exits(1);
        run.warns("topic @inventory cannot be the inventory");
    }
    assert_eq!(live(&test).await, "");
}
