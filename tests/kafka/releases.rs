//! Differences between Kafka releases, as in the table of docs/reference/kafka-releases.md, with
//! the real binary. The whole suite verifies the rest: `make compat` runs it on each of them.

use crate::harness::release::{shown_release, since};
use crate::harness::{self, Test, eventually, new_topic};

harness::tests! {
    the_plan_says_which_release_it_is,
    a_config_newer_than_the_brokers,
    a_config_that_only_older_brokers_have,
    a_vendors_config,
    tiered_storage_that_is_not_there,
    a_name_that_was_deleted_a_moment_ago,
}

async fn the_plan_says_which_release_it_is(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\n");
    let plan = repository.run("plan").exits(0);
    plan.says(&format!(" · Kafka {}\n", shown_release()));
}

async fn a_config_newer_than_the_brokers(test: Test) {
    let topics = "[topics.\"@a\"]\n[topics.\"@b\"]\nconfig.compression.zstd.level = 5\n";
    let repository = test.repository(topics);
    let plan = repository.run("plan");
    if since(3, 8) {
        plan.exits(0).says("2 to create");
        return;
    }
    let words = "the broker refuses it: Unknown topic config name: compression.zstd.level (INVALID_CONFIG 40)";
    plan.exits(4).says(&format!(
        "! @b   topics/a.toml:3\n      blocked: create: {words}\n"
    ));
    repository
        .run("apply --yes")
        .exits(3)
        .says("1 applied, 1 blocked");
    // The same on an existing topic, of which nothing else is blocked.
    repository.topics(
        "[topics.\"@a\"]\nconfig.compression.zstd.level = 5\nconfig.retention.ms = \"1d\"\n",
    );
    let plan = repository.run("plan").exits(4);
    plan.says(&format!(
        "blocked: compression.zstd.level unknown → 5: {words}\n"
    ))
    .says("1 to update, 1 blocked");
}

/// `message.downconversion.enable` was removed in Kafka 4.0; `validate` only knows the newest
/// release.
async fn a_config_that_only_older_brokers_have(test: Test) {
    let key = "message.downconversion.enable";
    let declared = format!("[topics.\"@a\"]\nconfig.{key} = true\n");
    let rules = format!("[rules]\nallow_configs = [\"{key}\"]\n");
    let repository = test.repository("[topics.\"@a\"]\n");
    if since(4, 0) {
        repository.environment("dev", test.broker().servers(), 1, &rules);
        repository.topics(&declared);
        let plan = repository.run("plan").exits(4);
        plan.says(&format!("Unknown topic config name: {key}"));
        return;
    }
    test.create(&[new_topic(test.topic("a"), 1, &[(key, "false")])])
        .await;
    // Set on the topic and undeclared: left unchanged.
    let plan = repository.run("plan --detailed-exitcode").exits(0);
    plan.says(&format!(
        "left alone: {key} on @a: no file sets it, and Kafka 4.3 does not know it"
    ));
    repository.topics(&declared);
    repository
        .run("plan")
        .exits(1)
        .warns(&format!("Kafka 4.3 has no topic config `{key}`"));
    repository.environment("dev", test.broker().servers(), 1, &rules);
    let plan = repository.run("plan").exits(0);
    plan.says(&format!("{key}  false → true"));
    repository.run("apply --yes").exits(0).says("1 applied");
    repository.run("plan --detailed-exitcode").exits(0);
}

/// Declared where a rule allows it, and rejected by brokers of another vendor.
async fn a_vendors_config(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\nconfig.confluent.tier.enable = true\n");
    repository.run("plan").exits(1).warns("unknown-config");
    let rules = "[rules]\nallow_configs = [\"confluent.*\"]\n";
    repository.environment("dev", test.broker().servers(), 1, rules);
    let plan = repository.run("plan").exits(4);
    plan.says("create: the broker refuses it: Unknown topic config name: confluent.tier.enable");
}

async fn tiered_storage_that_is_not_there(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\nconfig.remote.storage.enable = true\n");
    let plan = repository.run("plan");
    let refused = |words| format!("create: the broker refuses it: {words}");
    match (since(3, 6), since(3, 5)) {
        (true, _) => plan
            .exits(4)
            .says(&refused("Tiered Storage functionality is disabled")),
        (false, true) => plan.exits(0).says("1 to create"),
        (false, false) => plan.exits(4).says(&refused("Unknown topic config name")),
    };
}

/// With ZooKeeper, a name is taken until the logs are deleted, although the topic is no longer
/// visible.
async fn a_name_that_was_deleted_a_moment_ago(test: Test) {
    let topic = test.topic("a");
    let cluster = test.create(&[new_topic(topic.clone(), 20, &[])]).await;
    let repository = test.repository("[topics.\"@a\"]\npartitions = 2\n");
    for _ in 0..3 {
        let names = [topic.clone()];
        let deleted = cluster.delete_topics(&names).await.expect("an answer");
        deleted
            .into_iter()
            .for_each(|deleted| deleted.expect("it is deleted"));
        eventually("it shows no more", async || {
            let shown = cluster.metadata().await.expect("it was reached");
            !shown.topics.contains_key(&topic)
        })
        .await;
        repository.run("apply --yes").exits(0).says("1 applied");
    }
}
