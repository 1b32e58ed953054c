//! Preflight, with the real binary on a real broker: what the broker would reject is known before
//! the first change.

use topicsmith::internals::kafka::{Cluster, Mode};
use topicsmith::internals::model::TopicName;

use crate::harness::release::{refusal_of_config, refused_config, too_many_replicas};
use crate::harness::{self, Brokers, Repository, Test, new_topic};

harness::tests! {
    refusals_are_in_the_plan_with_their_places,
    several_bad_configs_and_good_ones,
    contradicting_configs_are_blocked_and_nothing_else,
    without_preflight_the_plan_does_not_know,
    all_or_nothing,
    a_reader_gets_a_plan_and_no_apply,
    a_topic_that_may_not_be_seen,
    a_collision_with_a_live_topic,
    brokers_that_delete_nothing,
    three_thousand_topics_are_asked_about_in_batches,
}

/// Writes an environment with a login as a user of `broker.sh`.
pub fn log_in(test: &Test, repository: &Repository, user: &str) {
    let servers = test.broker().sasl();
    let environment = format!(
        "[cluster]\nbootstrap_servers = \"{servers}\"\n[cluster.client]\nsecurity.protocol = \"SASL_PLAINTEXT\"\nsasl.mechanism = \"PLAIN\"\nsasl.username = \"{user}\"\nsasl.password = \"{user}-secret\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nenabled = false\n"
    );
    repository.write(&format!("environments/{user}.toml"), &environment);
}

/// Allows the user `reader` operations on topics with a prefix.
pub fn allow(test: &Test, prefix: &TopicName, operations: &[&str]) {
    let mut arguments = vec!["--add", "--allow-principal", "User:reader"];
    for operation in operations {
        arguments.extend(["--operation", operation]);
    }
    arguments.extend(["--topic", prefix.as_str()]);
    arguments.extend(["--resource-pattern-type", "prefixed"]);
    test.broker().cli("AclCommand", &arguments);
}

async fn exists(cluster: &Cluster, name: &TopicName) -> bool {
    let metadata = cluster.metadata().await.expect("it was reached");
    metadata.topics.contains_key(name)
}

async fn refusals_are_in_the_plan_with_their_places(test: Test) {
    test.create(&[new_topic(test.topic("grows"), 2, &[])]).await;
    let refused = refused_config();
    let repository = test.repository(&format!(
        "[topics.\"@few\"]\nreplication_factor = 5\n[topics.\"@good\"]\n[topics.\"@grows\"]\npartitions = 4\nconfig.{refused} = true\n",
    ));
    let plan = repository.run("plan").exits(4);
    let plan = plan.says("! @few     topics/a.toml:2\n");
    let plan = plan.says("blocked: create: the broker refuses it: ");
    let plan = plan.says(too_many_replicas());
    let plan = plan.says(refusal_of_config());
    plan.says("1 to create, 1 to update, 2 blocked");
    let json = repository.run("plan --format json").exits(4).json();
    let blocked = json["blocked"].as_array().expect("a list");
    assert_eq!(blocked[0]["code"], "refused-by-broker");
    assert_eq!(blocked[0]["setting"], serde_json::Value::Null);
    assert_eq!(blocked[1]["setting"], format!("config.{refused}"));
    assert_eq!(blocked[1]["declared_at"], "topics/a.toml:6");
    let settings = json["changes"][1]["settings"].as_array().expect("a list");
    assert_eq!(settings.len(), 1, "{settings:?}");
    assert_eq!(settings[0]["setting"], "partitions");
    assert_eq!(settings[0]["to"], 4);
    // The risk of the blocked change is not reported; the one of the partitions is.
    assert_eq!(settings[0]["risks"][0]["code"], "partitions-increased");
    assert_eq!(json["summary"]["blocked"], 2);
    let cluster = test.cluster().await;
    assert!(!exists(&cluster, &test.topic("good")).await);
}

async fn several_bad_configs_and_good_ones(test: Test) {
    let lag = [("min.compaction.lag.ms", "5000")];
    test.create(&[new_topic(test.topic("a"), 1, &lag)]).await;
    let refused = refused_config();
    let repository = test.repository(&format!(
        "[topics.\"@a\"]\nunmanaged = [\"config.min.compaction.lag.ms\"]\nconfig.{refused} = true\nconfig.retention.ms = \"8d\"\nconfig.segment.bytes = \"100MiB\"\nconfig.max.compaction.lag.ms = 1000\n",
    ));
    let run = repository.run("apply --yes").exits(3);
    let run = run.says(refusal_of_config());
    let run = run.says("max.compaction.lag.ms 9223372036854775807 → 1000: the broker refuses it: ");
    run.says("\n1 applied, 2 blocked\n");
    let json = repository.run("plan --format json").exits(4).json();
    assert_eq!(json["changes"], serde_json::json!([]));
}

async fn without_preflight_the_plan_does_not_know(test: Test) {
    let repository = test.repository("[topics.\"@few\"]\nreplication_factor = 5\n");
    repository.run("plan").exits(4);
    repository
        .run("plan --no-preflight")
        .exits(0)
        .says("1 to create");
}

async fn all_or_nothing(test: Test) {
    let repository =
        test.repository("[topics.\"@few\"]\nreplication_factor = 5\n[topics.\"@good\"]\n");
    repository
        .run("apply --yes --all-or-nothing")
        .exits(4)
        .warns("nothing was changed");
    let json = repository
        .run("apply --yes --all-or-nothing --format json")
        .exits(4)
        .json();
    assert_eq!(json["summary"]["skipped"], 1);
    assert_eq!(json["summary"]["blocked"], 1);
    let cluster = test.cluster().await;
    assert!(!exists(&cluster, &test.topic("good")).await);
    repository.run("apply --yes").exits(3).says("1 applied");
    repository.topics("[topics.\"@good\"]\n");
    repository.run("apply --yes --all-or-nothing").exits(0);
}

async fn a_reader_gets_a_plan_and_no_apply(test: Test) {
    let topics = ["grows", "goes", "set"].map(|name| new_topic(test.topic(name), 1, &[]));
    test.create(&topics).await;
    allow(&test, &test.topic(""), &["Describe", "DescribeConfigs"]);
    let repository = test.repository(
        "[topics.\"@grows\"]\npartitions = 4\n[topics.\"@set\"]\nconfig.retention.ms = \"8d\"\n[topics.\"@new\"]\n[removed.\"@goes\"]\n",
    );
    log_in(&test, &repository, "reader");
    // Nor is it visible whether the topic is in use.
    let plan = repository.run("plan -e reader").exits(4);
    plan.says("not seen: consumer groups: ")
        .says("(GROUP_AUTHORIZATION_FAILED 30)");
    let plan = repository
        .run("plan -e reader --allow topic-in-use")
        .exits(0);
    let plan = plan.says("1 to create, 2 to update, 1 to delete");
    let plan = plan.says(
        "note: not checked: creating @new: Authorization failed for User:reader; needed: Create on the topic or on the cluster. (TOPIC_AUTHORIZATION_FAILED 29)",
    );
    let plan = plan.says("note: not checked: adding partitions to @grows: ");
    let plan = plan.says("note: not checked: changing configs of @set: ");
    plan.says("note: not checked: deleting @goes: User:reader has no right to delete it");
    let apply = repository
        .run("apply -e reader --yes --allow topic-deleted --allow topic-in-use")
        .exits(4);
    let apply = apply.says("4 blocked\n");
    apply.says("create: this principal may not do it: Authorization failed for User:reader;");
    let json = repository.run("apply -e reader --yes --allow topic-in-use --format json");
    let json = json.exits(4).json();
    assert_eq!(json["changes"][0]["settings"][0]["code"], "not-authorised");
}

/// The right to create without the right to describe: the topic seems to be missing, but exists.
async fn a_topic_that_may_not_be_seen(test: Test) {
    let hidden = test.topic("hidden");
    let cluster = test.create(&[new_topic(hidden.clone(), 1, &[])]).await;
    allow(&test, &hidden, &["Create"]);
    let repository = test.repository("[topics.\"@hidden\"]\n");
    log_in(&test, &repository, "reader");
    let plan = repository
        .run("plan -e reader --detailed-exitcode")
        .exits(1);
    plan.says("note: not planned: @hidden: this principal may not see whether it exists: ");
    repository
        .run("apply -e reader --yes")
        .exits(4)
        .says("blocked: this principal may not see whether the topic exists: ");
    assert!(exists(&cluster, &hidden).await);
}

async fn a_collision_with_a_live_topic(test: Test) {
    test.create(&[new_topic(test.topic("good.one"), 1, &[])])
        .await;
    let repository = test.repository("[topics.\"@good_one\"]\n");
    repository
        .run("plan")
        .exits(4)
        .says("collides with existing topic");
}

async fn three_thousand_topics_are_asked_about_in_batches(test: Test) {
    let topics: String = (0..3_000)
        .map(|n| format!("[topics.\"@t{n}\"]\npartitions = 5\n"))
        .collect();
    let repository = test.repository(&format!(
        "{topics}[topics.\"@bad\"]\nreplication_factor = 2\n"
    ));
    repository
        .run("plan")
        .exits(4)
        .says("3000 to create, 1 blocked");
    let cluster = test.cluster().await;
    let metadata = cluster.metadata().await.expect("it was reached");
    let own = test.globs();
    assert!(
        !metadata
            .topics
            .keys()
            .any(|name| own.matches(name.as_str()))
    );
    let one = new_topic(test.topic("t0"), 1, &[]);
    let checked = cluster.create_topics(&[one], Mode::ValidateOnly).await;
    assert_eq!(checked.expect("it was reached"), [Ok(())]);
}

async fn brokers_that_delete_nothing(test: Test) {
    let brokers = Brokers::own_with(1, "delete.topic.enable=false");
    let cluster = harness::connect(harness::connection(brokers.servers())).await;
    let old = new_topic(test.topic("old"), 1, &[]);
    harness::create(&cluster, &[old]).await;
    let repository = test.repository("[topics.\"@new\"]\n[removed.\"@old\"]\n");
    repository.environment("dev", brokers.servers(), 1, "");
    let words = "delete: the broker refuses it: delete.topic.enable is false on broker 1";
    repository.run("plan").exits(4).says(words);
    let apply = repository.run("apply --yes --allow destructive").exits(3);
    apply.says(words).says("1 applied");
    assert!(exists(&cluster, &test.topic("old")).await);
    assert!(exists(&cluster, &test.topic("new")).await);
}

/// A broker names one key of several that contradict each other: each is blocked at its own line, and
/// what has nothing to do with it is applied.
async fn contradicting_configs_are_blocked_and_nothing_else(test: Test) {
    let brokers = Brokers::own_with(1, "log.cleaner.max.compaction.lag.ms=86400000");
    let repository = test.repository("");
    repository.environment("dev", brokers.servers(), 1, "");
    let lag = "config.max.compaction.lag.ms = \"3d\"\n";
    repository.topics(&format!("[topics.\"@a\"]\n{lag}"));
    repository.run("apply --yes").exits(0);
    // Without the line it would be the broker's one day, which is below the two days.
    let rest = "config.retention.ms = \"8d\"\nconfig.flush.messages = 5000\n";
    let min = "config.min.compaction.lag.ms = \"2d\"\n";
    repository.topics(&format!("[topics.\"@a\"]\n{rest}{min}"));
    let json = repository.run("plan --format json").exits(4).json();
    let blocked = json["blocked"].as_array().expect("a list");
    let places: Vec<_> = blocked
        .iter()
        .map(|one| (one["setting"].as_str(), one["declared_at"].as_str()))
        .collect();
    assert_eq!(
        places,
        [
            (
                Some("config.max.compaction.lag.ms"),
                Some("topics/a.toml:1")
            ),
            (
                Some("config.min.compaction.lag.ms"),
                Some("topics/a.toml:4")
            ),
        ]
    );
    let message = blocked[0]["message"].as_str().expect("a text");
    assert!(
        message.starts_with("reset max.compaction.lag.ms from 3d (259200000) to the default 1d")
            && message.ends_with(", together with min.compaction.lag.ms"),
        "{message}"
    );
    repository
        .run("apply --yes")
        .exits(3)
        .says("1 applied, 2 blocked");
    let json = repository.run("plan --format json").exits(4).json();
    assert_eq!(json["changes"], serde_json::json!([]));
    // What the first help proposes is taken, word by word: then both can be.
    let help = json["blocked"][0]["help"].as_str().expect("a text");
    let declare = help.strip_prefix("Declare the current value: ");
    let (line, others) = declare
        .and_then(|ways| ways.split_once(';'))
        .expect("two ways");
    assert_eq!(
        others,
        " or leave it to others: unmanaged = [\"config.max.compaction.lag.ms\"]"
    );
    repository.topics(&format!("[topics.\"@a\"]\n{rest}{min}{line}\n"));
    repository.run("apply --yes").exits(0);
    repository.run("plan --detailed-exitcode").exits(0);
}
