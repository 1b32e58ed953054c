//! The main workflow, with the real binary on a real broker: the effects of an apply, and its
//! report.

use topicsmith::internals::kafka::{Alter, AlterOp, Mode};
use topicsmith::internals::live::ConfigSource;
use topicsmith::internals::model::ConfigKey;

use crate::harness::release::{refusal_of_config, refused_config, too_many_replicas};
use crate::harness::{self, Brokers, Repository, Test, eventually, new_topic};

harness::tests! {
    a_create_leaves_an_empty_plan,
    every_kind_of_update,
    min_insync_replicas_down_and_up,
    min_insync_replicas_above_the_brokers_is_not_tried,
    a_tombstone_is_refused_then_allowed,
    drift_by_kafkas_own_tool_is_found_and_healed,
    a_refused_create_holds_back_itself_alone,
    a_refusal_alone_changes_nothing,
    one_bad_config_holds_back_itself_alone,
    blocked_with_and_without_other_changes,
    a_refused_apply_changes_nothing,
    another_cluster_is_refused,
    two_applies_at_once,
    a_thousand_topics,
    the_report_as_json,
    a_person_is_asked,
    ctrl_c_ends_in_order,
}

const TWO: &str = "
[topics.\"@orders\"]
partitions = 3
config.retention.ms = \"7d\"
config.cleanup.policy = [\"compact\", \"delete\"]

[topics.\"@payments\"]
";

/// Returns the value that is set on a topic.
pub async fn held(test: &Test, topic: &str, key: &str) -> Option<String> {
    let name = test.topic(topic);
    let described = test.cluster().await;
    let described = described.describe_topic_configs(std::slice::from_ref(&name));
    let mut described = described.await.expect("it was reached");
    let entries = described.remove(&name)?.expect("the topic is there");
    let held = entries
        .find(key)
        .filter(|entry| entry.source == ConfigSource::Topic);
    held.and_then(|entry| entry.value.clone())
}

/// Returns the number of partitions of each topic of this test.
pub async fn partitions(test: &Test) -> Vec<(String, usize)> {
    let metadata = test
        .cluster()
        .await
        .metadata()
        .await
        .expect("it was reached");
    let own = test.globs();
    let topics = metadata
        .topics
        .iter()
        .filter(|(name, _)| own.matches(name.as_str()));
    let short = |name: &str| name.split_once('.').map(|(_, rest)| rest.to_owned());
    topics
        .map(|(name, topic)| {
            (
                short(name.as_str()).expect("a prefix"),
                topic.partitions.len(),
            )
        })
        .collect()
}

/// Sets a config without the tool.
pub async fn by_hand(test: &Test, topic: &str, key: &str, value: &str) {
    let alter = Alter {
        topic: test.topic(topic),
        ops: vec![(ConfigKey::from(key), AlterOp::Set(value.to_owned()))],
    };
    let cluster = test.cluster().await;
    let altered = cluster
        .incremental_alter_configs(&[alter], Mode::Apply)
        .await;
    altered.expect("it was reached")[0]
        .clone()
        .expect("it is legal");
    eventually("it shows", async || {
        held(test, topic, key).await.as_deref() == Some(value)
    })
    .await;
}

async fn a_create_leaves_an_empty_plan(test: Test) {
    let repository = test.repository(TWO);
    repository
        .run("plan --detailed-exitcode")
        .exits(2)
        .says("2 to create");
    let apply = repository.run("apply --yes").exits(0);
    assert!(apply.stdout.ends_with("\n2 applied\n"), "{apply}");
    assert_eq!(apply.stderr, "");
    repository
        .run("plan --detailed-exitcode")
        .exits(0)
        .says("No changes. 2 topics in sync.");
    repository.run("drift").exits(0);
    repository.run("apply --yes").exits(0).says("No changes");
    assert_eq!(
        partitions(&test).await,
        [("orders".to_owned(), 3), ("payments".to_owned(), 1)]
    );
    assert_eq!(
        held(&test, "orders", "retention.ms").await.as_deref(),
        Some("604800000")
    );
}

async fn every_kind_of_update(test: Test) {
    let repository = test.repository(TWO);
    repository.run("apply --yes").exits(0);
    by_hand(&test, "orders", "segment.bytes", "104857600").await;
    // More partitions, a value set, one pinned that equals the default, one reset.
    repository.topics(
        "
[topics.\"@orders\"]
partitions = 6
config.retention.ms = \"14d\"
config.max.message.bytes = 1048588
config.cleanup.policy = \"delete, compact\"

[topics.\"@payments\"]
",
    );
    let json = repository.run("plan --format json").exits(0).json();
    let config: Vec<(&str, &str)> = json["changes"][0]["settings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|c| {
            (
                c["setting"].as_str().unwrap_or(""),
                c["action"].as_str().unwrap_or(""),
            )
        })
        .collect();
    let expected = [
        ("partitions", "set"),
        ("config.max.message.bytes", "pin"),
        ("config.retention.ms", "set"),
        ("config.segment.bytes", "reset"),
    ];
    assert_eq!(config, expected);
    repository
        .run("apply --yes")
        .exits(4)
        .says("apply needs --allow compacted-keys-moved");
    repository
        .run("apply --yes --allow compacted-keys-moved")
        .exits(0)
        .says("1 applied");
    assert_eq!(partitions(&test).await[0], ("orders".to_owned(), 6));
    assert_eq!(
        held(&test, "orders", "retention.ms").await.as_deref(),
        Some("1209600000")
    );
    assert_eq!(
        held(&test, "orders", "max.message.bytes").await.as_deref(),
        Some("1048588")
    );
    assert_eq!(held(&test, "orders", "segment.bytes").await, None);
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn min_insync_replicas_down_and_up(test: Test) {
    let repository = test.repository("");
    repository.environment(
        "dev",
        Brokers::three().servers(),
        3,
        "min_insync_replicas = 1\n",
    );
    repository.topics("[topics.\"@a\"]\n[topics.\"@b\"]\nmin_insync_replicas = 3\n");
    repository.run("apply --yes").exits(0).says("2 applied");
    shown(&repository).await;
    repository.topics(
        "[topics.\"@a\"]\nmin_insync_replicas = 2\npartitions = 4\n[topics.\"@b\"]\nmin_insync_replicas = 1\n",
    );
    repository.run("apply --yes").exits(0).says("2 applied");
    shown(&repository).await;
}

/// Brokers other than the one that the apply read from may be a moment behind.
async fn shown(repository: &Repository) {
    // Several times, because each run reads from whichever broker responds first.
    for _ in 0..3 {
        eventually("all brokers show it", async || {
            repository.run("plan --detailed-exitcode").code == Some(0)
        })
        .await;
    }
}

/// Kafka would accept it, and every acks=all write would fail afterwards. The plan knows the
/// topic's replicas and blocks it.
async fn min_insync_replicas_above_the_brokers_is_not_tried(test: Test) {
    test.create(&[new_topic(test.topic("a"), 1, &[])]).await;
    let repository =
        test.repository("[topics.\"@a\"]\nreplication_factor = 2\nmin_insync_replicas = 2\n");
    repository.run("apply --yes").exits(4).says("blocked");
    assert_eq!(held(&test, "a", "min.insync.replicas").await, None);
}

async fn a_tombstone_is_refused_then_allowed(test: Test) {
    let repository = test.repository(TWO);
    repository.run("apply --yes").exits(0);
    repository
        .topics("[topics.\"@payments\"]\n[removed.\"@orders\"]\nreason = \"not sold any more\"\n");
    repository
        .run("apply --yes")
        .exits(4)
        .says("apply needs --allow topic-deleted")
        .warns("refused, and nothing was changed");
    assert_eq!(partitions(&test).await.len(), 2);
    repository
        .run("apply --yes --allow topic-deleted:@pay*")
        .exits(4);
    assert_eq!(partitions(&test).await.len(), 2);
    repository
        .run("apply --yes --allow topic-deleted:@ord*")
        .exits(0)
        .says("1 applied");
    assert_eq!(partitions(&test).await, [("payments".to_owned(), 1)]);
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn drift_by_kafkas_own_tool_is_found_and_healed(test: Test) {
    let repository = test.repository(TWO);
    repository.run("apply --yes").exits(0);
    let topic = test.topic("orders");
    let alter = [
        "--alter",
        "--entity-type",
        "topics",
        "--entity-name",
        topic.as_str(),
    ];
    let config = [
        "--add-config",
        "retention.ms=3600000,segment.bytes=104857600",
    ];
    test.broker()
        .cli("ConfigCommand", &[&alter[..], &config[..]].concat());
    // The tool ends when the controller has accepted the change; the broker shows it a moment
    // later.
    eventually("the change shows", async || {
        held(&test, "orders", "segment.bytes").await.is_some()
    })
    .await;
    repository
        .run("drift")
        .exits(2)
        .says("1h (3600000)")
        .says("the files say 7d (604800000), topics/a.toml:4")
        .says("100MiB (104857600)")
        .says("1 topic differs; 1 in sync");
    let json = repository.run("drift --format json").exits(2).json();
    assert_eq!(json["summary"]["differs"], 1);
    repository.run("apply --yes").exits(0).says("1 applied");
    repository.run("drift").exits(0).says("No drift");
}

const WITH_BAD: &str = "
[topics.\"@bad\"]
replication_factor = 5

[topics.\"@good\"]
";

async fn a_refused_create_holds_back_itself_alone(test: Test) {
    let repository = test.repository(WITH_BAD);
    repository
        .run("apply --yes")
        .exits(3)
        .says("! @bad  blocked\n")
        .says(too_many_replicas())
        .says("(INVALID_REPLICATION_FACTOR 38)")
        .says("\n1 applied, 1 blocked\n");
    assert_eq!(partitions(&test).await, [("good".to_owned(), 1)]);
    // After a fix, a re-run makes only the remaining changes.
    repository.topics("[topics.\"@bad\"]\n[topics.\"@good\"]\n");
    let again = repository.run("apply --yes").exits(0);
    assert!(again.stdout.ends_with("\n1 applied\n"), "{again}");
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn a_refusal_alone_changes_nothing(test: Test) {
    let repository = test.repository("[topics.\"@bad\"]\nreplication_factor = 5\n");
    repository.run("apply --yes").exits(4).says("\n1 blocked\n");
    assert_eq!(partitions(&test).await, []);
}

/// Brokers accept or reject a topic's configs as a whole, so preflight identifies the invalid one:
/// tiered storage is disabled here.
async fn one_bad_config_holds_back_itself_alone(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\n[topics.\"@b\"]\n");
    repository.run("apply --yes").exits(0);
    let refused = refused_config();
    repository.topics(&format!(
        "[topics.\"@a\"]\npartitions = 2\nconfig.retention.ms = \"8d\"\nconfig.{refused} = true\n[topics.\"@b\"]\nconfig.retention.ms = \"8d\"\n",
    ));
    repository
        .run("apply --yes")
        .exits(3)
        .says(refusal_of_config())
        .says("\n2 applied, 1 blocked\n");
    assert_eq!(partitions(&test).await[0], ("a".to_owned(), 2));
    assert_eq!(
        held(&test, "a", "retention.ms").await.as_deref(),
        Some("691200000")
    );
    assert_eq!(
        held(&test, "b", "retention.ms").await.as_deref(),
        Some("691200000")
    );
}

async fn blocked_with_and_without_other_changes(test: Test) {
    test.create(&[new_topic(test.topic("wide"), 6, &[])]).await;
    let repository = test.repository("[topics.\"@wide\"]\npartitions = 3\n[topics.\"@new\"]\n");
    repository
        .run("apply --yes")
        .exits(3)
        .says("\n1 applied, 1 blocked\n");
    repository.run("apply --yes").exits(4).says("\n1 blocked\n");
    repository.run("plan").exits(4);
    repository.run("drift").exits(2);
    let all = [("new".to_owned(), 1), ("wide".to_owned(), 6)];
    assert_eq!(partitions(&test).await, all);
}

async fn a_refused_apply_changes_nothing(test: Test) {
    test.create(&[new_topic(
        test.topic("old"),
        1,
        &[("retention.ms", "1000000000")],
    )])
    .await;
    let repository =
        test.repository("[topics.\"@old\"]\nconfig.retention.ms = \"1d\"\n[topics.\"@new\"]\n");
    repository.run("apply --yes").exits(4);
    assert_eq!(partitions(&test).await.len(), 1);
    let json = repository.run("apply --yes --format json").exits(4).json();
    assert_eq!(json["summary"]["skipped"], 2);
    assert_eq!(json["refused"][0]["code"], "retention-shortened");
    repository.environment(
        "dev",
        test.broker().servers(),
        1,
        "[guards]\nmax_destructive = 0\n",
    );
    repository
        .run("apply --yes --allow destructive")
        .exits(4)
        .says("max_destructive");
    assert_eq!(partitions(&test).await.len(), 1);
}

async fn another_cluster_is_refused(test: Test) {
    let repository = test.repository(TWO);
    let servers = test.broker().servers();
    let environment = format!(
        "[cluster]\nid = \"somewhere-else\"\nbootstrap_servers = \"{servers}\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nenabled = false\n"
    );
    repository.write("environments/dev.toml", &environment);
    repository
        .run("plan")
        .exits(4)
        .says("refused: this is cluster");
    repository.run("apply --yes").exits(4);
    assert_eq!(partitions(&test).await, []);
}

async fn two_applies_at_once(test: Test) {
    let topics: String = (0..50)
        .map(|n| format!("[topics.\"@t{n}\"]\nconfig.retention.ms = \"1d\"\n"))
        .collect();
    let repository = test.repository(&topics);
    let both = [
        repository.start("apply --yes"),
        repository.start("apply --yes"),
    ];
    for apply in both {
        apply.end().exits(0);
    }
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn a_thousand_topics(test: Test) {
    let topics: String = (0..1_010)
        .map(|n| format!("[topics.\"@t{n}\"]\n"))
        .collect();
    let repository = test.repository(&topics);
    repository
        .run("apply --yes")
        .exits(0)
        .says("\n1010 applied\n");
    repository.run("plan --detailed-exitcode").exits(0);
    let removed: String = (0..1_010)
        .map(|n| format!("[removed.\"@t{n}\"]\n"))
        .collect();
    repository.topics(&removed);
    repository.environment(
        "dev",
        test.broker().servers(),
        1,
        "[guards]\nmax_destructive = 1010\n",
    );
    repository
        .run("apply --yes --allow topic-deleted")
        .exits(0)
        .says("\n1010 applied\n");
    assert_eq!(partitions(&test).await, []);
}

async fn the_report_as_json(test: Test) {
    test.create(&[new_topic(test.topic("wide"), 6, &[])]).await;
    let repository = test.repository(&format!("{WITH_BAD}[topics.\"@wide\"]\npartitions = 3\n"));
    let run = repository.run("apply --yes --format json").exits(3);
    assert!(run.stderr.contains("1 to create, 2 blocked"), "{run}");
    let json = run.json();
    assert_eq!(json["format"], "topicsmith/report/1");
    let summary = serde_json::json!({
        "applied": 1, "already_applied": 0, "failed": 0, "not_effective": 0,
        "unknown": 0, "blocked": 2, "held": 0, "skipped": 0,
    });
    assert_eq!(json["summary"], summary);
    let changes = json["changes"].as_array().expect("a list");
    let results: Vec<(&str, &str)> = changes
        .iter()
        .map(|c| {
            (
                c["topic"].as_str().unwrap_or(""),
                c["result"].as_str().unwrap_or(""),
            )
        })
        .collect();
    assert_eq!(
        results,
        [
            ("@bad", "blocked"),
            ("@good", "applied"),
            ("@wide", "blocked")
        ]
    );
    assert_eq!(changes[0]["settings"][0]["code"], "refused-by-broker");
    assert_eq!(changes[1]["settings"][0]["action"], "create");
    assert_eq!(changes[2]["settings"][0]["code"], "partitions-decrease");
}

async fn a_person_is_asked(test: Test) {
    let repository = test.repository(TWO);
    let no = repository.run_at_a_terminal("apply", "n\\n").exits(4);
    assert!(no.stdout.contains("Apply this to dev (cluster "), "{no}");
    assert_eq!(partitions(&test).await, []);
    // Enter alone means no.
    repository.run_at_a_terminal("apply", "\\n").exits(4);
    assert_eq!(partitions(&test).await, []);
    repository
        .run_at_a_terminal("apply", "y\\n")
        .exits(0)
        .says("2 applied");
    assert_eq!(partitions(&test).await.len(), 2);
}

async fn ctrl_c_ends_in_order(test: Test) {
    let repository = test.repository(&many(2500));
    let apply = repository.start("apply --yes");
    eventually("the first topics show", async || {
        !partitions(&test).await.is_empty()
    })
    .await;
    apply.signal("INT");
    let run = apply.end().exits(130);
    let run = run.warns("finishing in-flight requests");
    let run = run.says("Interrupted. Run apply again to continue");
    assert!(!run.stderr.contains("error"), "{run}");
    // A re-run makes the remaining changes.
    repository.run("apply --yes").exits(0);
    repository.run("plan --detailed-exitcode").exits(0);
    let removed: String = (0..2500)
        .map(|n| format!("[removed.\"@t{n}\"]\n"))
        .collect();
    repository.topics(&removed);
    let guards = "[guards]\nmax_destructive = 2500\nallow = [\"topic-deleted\"]\n";
    repository.environment("dev", test.broker().servers(), 1, guards);
    repository.run("apply --yes").exits(0);
}

/// Topics with so many configs that a few hundred of them fill a request, using the configs that
/// every release of Kafka has.
fn many(count: usize) -> String {
    let newer = |name: &str| {
        let starts = ["remote.", "local.", "message.timestamp."];
        starts.iter().any(|start| name.starts_with(start)) || name.ends_with(".level")
    };
    let specs = topicsmith::internals::model::config::SPECS.iter();
    let keys = specs.filter(|spec| !newer(spec.name) && !spec.default.is_empty());
    let configs: String = keys
        .map(|spec| format!("config.{} = \"{}\"\n", spec.name, spec.default))
        .collect();
    let topic = |n: usize| format!("[topics.\"@t{n}\"]\nprofile = \"full\"\n");
    let topics: String = (0..count).map(topic).collect();
    format!("[profiles.full]\n{configs}{topics}")
}
