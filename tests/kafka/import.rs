//! Existing topics get entries: the next plan adopts and pins, and after an apply nothing is left
//! to do.

use serde_json::{Value, json};

use topicsmith::internals::kafka::NewTopic;

use crate::harness::{self, Repository, Test, create, inventory, new_topic};

harness::tests! {
    a_thousand_topics_are_imported_and_nothing_changes,
    vendor_keys_are_left_alone_or_declared_where_they_are_allowed,
    what_another_scope_owns_is_left_out,
}

const DEFAULTS: &str = "config.retention.ms = \"7d\"
config.compression.type = \"zstd\"
min_insync_replicas = 1
";

/// Settings of topics with different histories: none, the defaults' own, others, Kafka's defaults.
const MIXED: [&[(&str, &str)]; 8] = [
    &[],
    &[("retention.ms", "604800000"), ("compression.type", "zstd")],
    &[("retention.ms", "-1"), ("cleanup.policy", "compact,delete")],
    &[("cleanup.policy", "delete"), ("segment.bytes", "104857600")],
    &[
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.10"),
        ("compression.type", "lz4"),
    ],
    &[
        ("max.message.bytes", "2000001"),
        ("preallocate", "true"),
        ("min.insync.replicas", "2"),
    ],
    &[
        ("leader.replication.throttled.replicas", "0:1"),
        ("retention.bytes", "5368709120"),
    ],
    &[
        ("retention.ms", "129600001"),
        ("flush.messages", "9223372036854775807"),
        ("compression.type", "zstd"),
    ],
];

/// Returns a topic with one of several forms of names: `0000.orders`, `0001-orders_paid.v1`.
fn topic(test: &Test, number: usize) -> NewTopic {
    let shape = match number % 3 {
        0 => format!("{number:04}.orders"),
        1 => format!("{number:04}-orders_paid.v1"),
        _ => format!("{number:04}_client_2.kbe.auth_user"),
    };
    let partitions = 1 + u32::from(number.is_multiple_of(100));
    new_topic(test.topic(&shape), partitions, MIXED[number % MIXED.len()])
}

fn repository(test: &Test) -> Repository {
    let repository = test.owning_repository("");
    let rest = format!("{DEFAULTS}{}", inventory("shop"));
    repository.environment("dev", test.broker().servers(), 1, &rest);
    repository
}

/// Asserts that every change adopts, and changes nothing but pins.
fn only_adopts_and_pins(plan: &Value, topics: usize) {
    let changes = plan["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), topics, "{plan:#}");
    for change in changes {
        let settings = change["settings"].as_array().expect("a list");
        let pinned = settings.iter().all(|setting| setting["action"] == "pin");
        assert!(change["adopt"] == true && pinned, "{change:#}");
    }
    assert_eq!(plan["blocked"], json!([]));
    assert_eq!(plan["unlisted"], json!([]));
}

async fn a_thousand_topics_are_imported_and_nothing_changes(test: Test) {
    let cluster = test.cluster().await;
    let topics: Vec<NewTopic> = (0..1_000).map(|number| topic(&test, number)).collect();
    create(&cluster, &topics).await;
    let repository = repository(&test);
    repository
        .run("import --profiles --out topics/b.toml")
        .exits(0)
        .says("wrote topics/b.toml");
    let plan = repository.run("plan --format json").exits(0).json();
    only_adopts_and_pins(&plan, 1_000);
    let again = repository.run("import").exits(0).warns("nothing to import");
    assert_eq!(again.stdout, "");
    repository.run("apply --yes").exits(0);
    repository
        .run("plan --detailed-exitcode")
        .exits(0)
        .says("No changes. 1000 topics");
}

async fn vendor_keys_are_left_alone_or_declared_where_they_are_allowed(test: Test) {
    let cluster = test.cluster().await;
    let topics: Vec<NewTopic> = (0..8).map(|number| topic(&test, number)).collect();
    create(&cluster, &topics).await;
    let repository = repository(&test);
    let mut live = repository.run("snapshot").exits(0).json();
    for topic in live["topics"]
        .as_object_mut()
        .expect("an object")
        .values_mut()
    {
        topic["config"]["confluent.tier.enable"] = json!("true");
        topic["config"]["confluent.tier"] = json!("x");
    }
    repository.write("live.json", &live.to_string());
    repository
        .run("import --live live.json --out topics/b.toml")
        .exits(0)
        .warns("`confluent.tier.enable` is no config of Kafka 4.3");
    let plan = repository
        .run("plan --live live.json --format json")
        .exits(0)
        .json();
    only_adopts_and_pins(&plan, 8);
    assert_eq!(
        plan["unknown_configs"].as_array().map(Vec::len),
        Some(8),
        "{plan:#}"
    );

    let rest = format!(
        "{DEFAULTS}{}[rules]\nallow_configs = [\"confluent.*\"]\n",
        inventory("shop")
    );
    repository.environment("dev", test.broker().servers(), 1, &rest);
    std::fs::remove_file(repository.path("topics/b.toml")).expect("it was written");
    repository
        .run("import --live live.json --out topics/b.toml")
        .exits(0);
    let plan = repository
        .run("plan --live live.json --format json")
        .exits(0)
        .json();
    only_adopts_and_pins(&plan, 8);
    let text = std::fs::read_to_string(repository.path("topics/b.toml")).expect("it was written");
    assert_eq!(
        text.matches("config.\"confluent.tier.enable\" = \"true\"")
            .count(),
        8,
        "{text}"
    );
    assert!(
        plan.get("left_alone").is_none_or(|left| *left == json!([])),
        "{plan:#}"
    );
}

async fn what_another_scope_owns_is_left_out(test: Test) {
    let cluster = test.cluster().await;
    let plain = |name: &str| new_topic(test.topic(name), 1, &[]);
    create(&cluster, &[plain("free"), plain("theirs")]).await;
    let repository = test.owning_repository("[topics.\"@theirs\"]\n");
    repository.run("apply --yes").exits(0);
    repository.topics("");
    repository
        .run("import")
        .exits(0)
        .says("[topics.\"@free\"]")
        .warns("@theirs: left out: this scope owns it");
    repository.owning("dev", "media");
    let run = repository.run("import").exits(0).says("[topics.\"@free\"]");
    let run = run.warns("@theirs: left out: scope shop (environment dev) owns it");
    assert!(!run.stdout.contains("@theirs"), "{run}");
}
