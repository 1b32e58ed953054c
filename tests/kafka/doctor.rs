//! `doctor`, with the real binary on real brokers: healthy ones, and each kind of problem.

use serde_json::Value;
use topicsmith::internals::model::TopicName;

use crate::harness::{self, Brokers, Repository, Test, eventually, new_topic};
use crate::preflight::allow;

harness::tests! {
    a_healthy_broker,
    nothing_is_changed,
    an_environment_that_pins_its_cluster,
    more_replicas_than_brokers,
    topics_that_make_themselves_and_none_that_goes,
    one_broker_of_three_is_down,
    a_reader_may_plan_and_not_apply,
    a_wrong_password,
    nobody_answers,
    one_of_several_servers_is_wrong,
    an_inventory_that_was_made_by_an_apply,
    an_inventory_that_is_none,
    several_environments,
}

/// Returns the check with this name, the worst of several.
fn check<'a>(json: &'a Value, name: &str) -> &'a Value {
    let checks = json["checks"].as_array().expect("a list").iter();
    let of_name = checks.filter(|check| check["check"] == name);
    let worst = ["ok", "skip", "warn", "fail"];
    let rank = |check: &&Value| worst.iter().position(|level| check["level"] == *level);
    of_name
        .max_by_key(rank)
        .unwrap_or_else(|| panic!("no {name} in {json:#}"))
}

#[track_caller]
fn is(json: &Value, name: &str, level: &str, message: &str) {
    let check = check(json, name);
    let text = check["message"].as_str().unwrap_or_default();
    assert!(
        check["level"] == level && text.contains(message),
        "{level} {message:?}, not {check:#}"
    );
}

/// Returns the names of the failed checks.
fn failing(json: &Value) -> Vec<&str> {
    let checks = json["checks"].as_array().expect("a list").iter();
    let fail = checks.filter(|check| check["level"] == "fail");
    fail.filter_map(|check| check["check"].as_str()).collect()
}

/// Writes an environment `own` on brokers of this test alone.
fn on(repository: &Repository, brokers: &Brokers, replication_factor: u32, rest: &str) {
    repository.environment("own", brokers.servers(), replication_factor, rest);
}

/// Writes the environment `dev` with a login as a user of `broker.sh`.
fn log_in(test: &Test, repository: &Repository, user: &str, password: &str) {
    let servers = test.broker().sasl();
    let environment = format!(
        "[cluster]\nbootstrap_servers = \"{servers}\"\n[cluster.client]\nsecurity.protocol = \"SASL_PLAINTEXT\"\nsasl.mechanism = \"PLAIN\"\nsasl.username = \"{user}\"\nsasl.password = \"{password}\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nenabled = false\n"
    );
    repository.write("environments/dev.toml", &environment);
}

async fn a_healthy_broker(test: Test) {
    test.create(&[new_topic(test.topic("a"), 2, &[])]).await;
    let repository = test.repository("[topics.\"@a\"]\npartitions = 2\n[topics.\"@new\"]\n");
    let text = repository.run("doctor").exits(0);
    let text = text.says("dev · cluster ").says("  ok    broker ");
    text.says("may create topics of any name")
        .says(" not checked\n");
    let json = repository.run("doctor --format json").exits(0).json();
    assert_eq!(json["format"], "topicsmith/doctor/1");
    assert_eq!(json["principal"], "User:ANONYMOUS");
    assert_eq!(json["for"], "apply");
    assert_eq!(json["summary"]["fail"], 0);
    is(
        &json,
        "version",
        "ok",
        &format!("Kafka {}", harness::release::shown_release()),
    );
    is(&json, "apis", "ok", "everything");
    is(&json, "broker", "ok", "answered in");
    is(&json, "controller", "ok", "answered in");
    is(&json, "auto-create", "ok", "is false");
    is(&json, "delete-enabled", "ok", "is true");
    is(
        &json,
        "plan-topics",
        "ok",
        "2 topics of the files, of which 1 is there",
    );
    for right in [
        "plan-configs",
        "apply-partitions",
        "apply-configs",
        "apply-delete",
    ] {
        is(&json, right, "ok", "may");
    }
    is(&json, "quorum", "skip", "librdkafka");
    is(&json, "inventory", "skip", "turned off");
    is(&json, "cluster-id", "warn", "not pinned");
}

/// A checkup creates no topics, neither those of the configuration nor Kafka's own.
async fn nothing_is_changed(test: Test) {
    let brokers = Brokers::own(1);
    let repository = test.repository("[topics.\"@a\"]\n");
    on(&repository, &brokers, 1, "[inventory]\nscope = \"shop\"\n");
    let json = repository
        .run("doctor -e own --format json")
        .exits(0)
        .json();
    is(&json, "plan-groups", "skip", "never been a consumer group");
    is(&json, "inventory", "ok", "not there yet");
    let cluster = harness::connect(harness::connection(brokers.servers())).await;
    let metadata = cluster.metadata().await.expect("it was reached");
    let topics: Vec<&TopicName> = metadata.topics.keys().collect();
    assert!(topics.is_empty(), "{topics:?}");
}

async fn an_environment_that_pins_its_cluster(test: Test) {
    let cluster = test.cluster().await;
    let metadata = cluster.metadata().await.expect("it was reached");
    let id = metadata.cluster_id.expect("it has one");
    let repository = test.repository("[topics.\"@a\"]\n");
    let pinned = |id: &str| {
        let servers = test.broker().servers();
        repository.write(
            "environments/dev.toml",
            &format!("[cluster]\nbootstrap_servers = \"{servers}\"\nid = \"{id}\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nenabled = false\n"),
        );
    };
    pinned(&id);
    let json = repository.run("doctor --format json").exits(0).json();
    is(
        &json,
        "cluster-id",
        "ok",
        "as set in environments/dev.toml:3",
    );
    pinned("AAAAAAAAAAAAAAAAAAAAAA");
    let json = repository.run("doctor --format json").exits(1).json();
    assert_eq!(failing(&json), ["cluster-id"]);
}

async fn more_replicas_than_brokers(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\nreplication_factor = 3\n");
    let json = repository.run("doctor --format json").exits(1).json();
    assert_eq!(failing(&json), ["replication"]);
    let words = "1 topic wants more replicas than there are brokers, up to 3 with 1 broker up: @a (topics/a.toml:2)";
    is(&json, "replication", "fail", words);
}

async fn topics_that_make_themselves_and_none_that_goes(test: Test) {
    let properties = "auto.create.topics.enable=true\ndelete.topic.enable=false";
    let brokers = Brokers::own_with(1, properties);
    let repository = test.repository("[topics.\"@a\"]\n");
    on(&repository, &brokers, 1, "");
    let json = repository
        .run("doctor -e own --format json")
        .exits(0)
        .json();
    is(&json, "auto-create", "warn", "is true on broker 1");
    is(&json, "delete-enabled", "warn", "no topic could be deleted");
    repository.topics("[topics.\"@a\"]\n[removed.\"@old\"]\n");
    let json = repository
        .run("doctor -e own --format json")
        .exits(1)
        .json();
    is(&json, "delete-enabled", "fail", "a removal for @old");
}

async fn one_broker_of_three_is_down(test: Test) {
    let brokers = Brokers::own(3);
    let cluster = harness::connect(harness::connection(brokers.servers())).await;
    let topic = test.topic("a");
    let three = topicsmith::internals::kafka::NewTopic {
        replication_factor: 3,
        ..new_topic(topic.clone(), 3, &[])
    };
    harness::create(&cluster, &[three]).await;
    let repository = test.repository("[topics.\"@a\"]\npartitions = 3\nmin_insync_replicas = 2\n");
    on(&repository, &brokers, 3, "");
    let json = repository
        .run("doctor -e own --format json")
        .exits(0)
        .json();
    let each = json["checks"].as_array().expect("a list").iter();
    assert_eq!(each.filter(|check| check["check"] == "broker").count(), 3);
    is(&json, "partitions", "ok", "all replicas in sync");
    is(&json, "replication", "ok", "3 brokers up");
    let down = [1, 2, 3].into_iter().find(|id| *id != brokers.controller());
    let down = down.expect("one of two");
    brokers.kill(down);
    // At first, the cluster still returns it: then it is reported as unreachable.
    let json = repository.run("doctor -e own --format json").json();
    let silent = check(&json, "broker");
    assert_ne!(silent["level"], "ok", "{json:#}");
    eventually("the broker is fenced", async || {
        let metadata = cluster.metadata().await.expect("two are up");
        metadata.brokers.iter().all(|broker| broker.id != down)
    })
    .await;
    let json = repository
        .run("doctor -e own --format json")
        .exits(0)
        .json();
    is(
        &json,
        "broker",
        "warn",
        &format!("broker {down} is not up: it holds replicas of 3 partitions"),
    );
    is(
        &json,
        "partitions",
        "warn",
        "with replicas out of sync, of @a",
    );
    is(&json, "replication", "warn", "up to 3 with 2 brokers up");
    is(&json, "controller", "ok", "answered in");
}

async fn a_reader_may_plan_and_not_apply(test: Test) {
    let topics = ["a", "old"].map(|name| new_topic(test.topic(name), 1, &[]));
    test.create(&topics).await;
    let repository = test.repository("[topics.\"@a\"]\n[topics.\"@new\"]\n[removed.\"@old\"]\n");
    log_in(&test, &repository, "reader", "reader-secret");
    let json = repository.run("doctor --format json").exits(1).json();
    assert_eq!(json["principal"], "User:reader");
    is(
        &json,
        "plan-topics",
        "fail",
        "may not see 3 of 3 topics (@a, @new, @old)",
    );
    assert_eq!(
        check(&json, "plan-topics")["help"],
        "grant User:reader Describe on them"
    );
    allow(&test, &test.topic(""), &["Describe", "DescribeConfigs"]);
    let json = repository.run("doctor --format json").exits(1).json();
    is(&json, "plan-topics", "ok", "of which 2 are there");
    is(&json, "plan-configs", "ok", "may read the configs");
    is(
        &json,
        "plan-brokers",
        "warn",
        "may not read the brokers' settings",
    );
    is(
        &json,
        "plan-groups",
        "warn",
        "may not see all consumer groups",
    );
    is(
        &json,
        "auto-create",
        "skip",
        "the brokers' settings may not be read",
    );
    is(
        &json,
        "apply-create",
        "fail",
        "may not create 2 of 2 topics (@a, @new)",
    );
    is(
        &json,
        "apply-partitions",
        "fail",
        "may not add partitions of 1 of 1 topic (@a)",
    );
    is(
        &json,
        "apply-configs",
        "fail",
        "may not change the configs of 1 of 1 topic (@a)",
    );
    is(
        &json,
        "apply-delete",
        "fail",
        "a removal and exists: 1 of 1 topic (@old)",
    );
    let json = repository
        .run("doctor --for plan --format json")
        .exits(0)
        .json();
    is(&json, "apply-create", "skip", "--for plan");
    assert_eq!(json["for"], "plan");
    allow(
        &test,
        &test.topic(""),
        &["Create", "Alter", "AlterConfigs", "Delete"],
    );
    let json = repository.run("doctor --format json").exits(0).json();
    is(
        &json,
        "apply-create",
        "ok",
        "may create the 2 topics of the files",
    );
    is(&json, "apply-delete", "ok", "may delete");
}

async fn a_wrong_password(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\n");
    log_in(&test, &repository, "admin", "not-this-one");
    let json = repository.run("doctor --format json").exits(1).json();
    assert_eq!(failing(&json), ["connection"]);
    is(
        &json,
        "connection",
        "fail",
        "the login was refused: Authentication failed",
    );
    let run = repository.run("doctor").exits(1);
    assert!(!run.to_string().contains("not-this-one"), "{run}");
}

async fn nobody_answers(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\n");
    repository.environment("dev", "127.0.0.1:1", 1, "");
    let run = repository.run("doctor").exits(1);
    let run =
        run.says("  fail  connection  cannot reach Kafka at 127.0.0.1:1: nothing listens there");
    run.says("\n0 ok, 1 failed, 1 not checked\n");
}

async fn one_of_several_servers_is_wrong(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\n");
    let servers = format!("127.0.0.1:1,{}", test.broker().servers());
    repository.environment("dev", &servers, 1, "");
    let json = repository.run("doctor --format json").exits(0).json();
    is(
        &json,
        "servers",
        "warn",
        "127.0.0.1:1: nothing listens there",
    );
}

async fn an_inventory_that_was_made_by_an_apply(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\n");
    let inventory = "[inventory]\nscope = \"shop\"\ntopic = \"@inventory\"\n";
    repository.environment("dev", test.broker().servers(), 1, inventory);
    repository.run("apply --yes").exits(0);
    let json = repository.run("doctor --format json").exits(0).json();
    is(
        &json,
        "inventory",
        "ok",
        "@inventory is readable: 1 topic owned",
    );
    is(&json, "lock", "ok", "no apply of dev is running");
    is(&json, "plan-inventory", "ok", "may read @inventory");
    is(&json, "apply-inventory", "ok", "may write @inventory");
    // It was just stamped by the broker, on this machine.
    is(
        &json,
        "clock",
        "skip",
        "not behind the newest record that a broker stamped",
    );
}

async fn an_inventory_that_is_none(test: Test) {
    let topic = test.topic("inventory");
    test.create(&[new_topic(topic, 2, &[])]).await;
    let repository = test.repository("[topics.\"@a\"]\n");
    let inventory = "[inventory]\nscope = \"shop\"\ntopic = \"@inventory\"\n";
    repository.environment("dev", test.broker().servers(), 1, inventory);
    let json = repository.run("doctor --format json").exits(1).json();
    assert_eq!(failing(&json), ["inventory"; 3]);
    let run = repository.run("doctor").exits(1);
    let run = run.says("@inventory has 2 partitions");
    let run = run.says("@inventory has message.timestamp.type = CreateTime");
    run.says("@inventory has cleanup.policy = delete");
}

async fn several_environments(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\n");
    repository.environment("gone", "127.0.0.1:1", 1, "");
    let json = repository.run("doctor --all --format json").exits(1).json();
    let all = json["examinations"].as_array().expect("a list");
    assert_eq!(all[0]["environment"], "dev");
    assert_eq!(failing(&all[0]), [] as [&str; 0]);
    assert_eq!(failing(&all[1]), ["connection"]);
}
