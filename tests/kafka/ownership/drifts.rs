//! Three-way drift: last applied, declared, live.

use super::{APPLY, applied, nothing_left, set};
use crate::harness::Test;

crate::harness::tests! {
    by_hand_in_the_files_and_both,
    pending_is_no_drift,
    the_same_on_both_sides_is_to_be_recorded,
}

async fn by_hand_in_the_files_and_both(test: Test) {
    let three = |retention: [&str; 3]| {
        let topic =
            |(name, value)| format!("[topics.\"@{name}\"]\nconfig.retention.ms = \"{value}\"\n");
        let topics = ["both", "drifted", "pending"].into_iter().zip(retention);
        topics.map(topic).collect::<String>()
    };
    let repository = applied(&test, &three(["7d", "7d", "7d"]));
    repository.run("drift --pending").exits(0);
    repository.topics(&three(["9d", "7d", "8d"]));
    set(&test, "drifted", "retention.ms", "3600000").await;
    set(&test, "both", "retention.ms", "3600000").await;

    let json = repository.run("drift --format json").exits(2).json();
    let topics = json["topics"].as_array().expect("a list").iter();
    let since: Vec<(&str, &str)> = topics
        .map(|topic| {
            let since = &topic["settings"][0]["since_applied"];
            (
                topic["topic"].as_str().unwrap_or_default(),
                since.as_str().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        since,
        [
            ("@both", "both"),
            ("@drifted", "drift"),
            ("@pending", "pending")
        ]
    );
    let both = &json["topics"][0]["settings"][0];
    for (key, value) in [
        ("last_applied", "604800000"),
        ("live", "3600000"),
        ("wanted", "777600000"),
    ] {
        assert_eq!(both[key], value, "{key}: {both}");
    }
    assert!(
        json["topics"][1]["last_applied"]["at"].is_string(),
        "{json}"
    );
    let run = repository.run("drift").exits(2);
    run.says("1h (3600000)").says("7d (604800000)");

    let plan = repository.run("plan --format json").exits(0).json();
    let undoes = |index: usize| plan["changes"][index]["settings"][0]["drifted"].clone();
    assert_eq!(
        [undoes(0), undoes(1)],
        [true.into(), true.into()] as [serde_json::Value; 2]
    );
    assert_eq!(undoes(2), false, "{plan}");
    repository.run(APPLY).exits(0);
    repository.run("drift --pending").exits(0);
    nothing_left(&repository);
}

async fn pending_is_no_drift(test: Test) {
    let repository = applied(
        &test,
        "[topics.\"@a\"]\n[topics.\"@goes\"]\non_remove = \"delete\"\n",
    );
    repository.topics("[topics.\"@a\"]\npartitions = 2\n[topics.\"@new\"]\n");
    repository.run("drift").exits(0);
    repository.run("drift --pending").exits(2);
    let json = repository.run("drift --format json").exits(0).json();
    let summary = &json["summary"];
    assert_eq!(
        (&summary["drift"], &summary["pending"]),
        (&0.into(), &3.into()),
        "{json}"
    );
    // A topic that was deleted by hand is drift, whatever the configuration contains now.
    super::delete(&test, "goes").await;
    repository.run("drift").exits(2);
}

/// Cluster and configuration were changed in the same way: the topic needs no change.
async fn the_same_on_both_sides_is_to_be_recorded(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\nconfig.retention.ms = \"7d\"\n");
    set(&test, "a", "retention.ms", "691200000").await;
    repository.topics("[topics.\"@a\"]\nconfig.retention.ms = \"8d\"\n");
    assert_eq!(
        super::planned(&repository),
        "@a update-inventory config.retention.ms 604800000>691200000"
    );
    repository.run("apply --yes").exits(0);
    repository.run("drift --pending").exits(0);
    nothing_left(&repository);
}
