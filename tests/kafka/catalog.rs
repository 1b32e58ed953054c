//! The page of all topics, with the real binary on a real broker.

use serde_json::Value;

use crate::apply::by_hand;
use crate::harness::{Repository, Test};

crate::harness::tests! {
    states_are_those_of_the_cluster,
    a_cluster_that_is_not_there_hides_no_other,
}

const ORDERS: &str = "
[topics.\"@orders\"]
owner = \"shop\"
description = \"One record for each order\"
config.retention.ms = \"7d\"
";

fn standing(repository: &Repository, topic: &str) -> Value {
    let catalog = repository
        .run("catalog -e dev --format json")
        .exits(0)
        .json();
    let topics = ["topics", "others"].map(|group| catalog[group].as_array().cloned());
    let all = topics.into_iter().flatten().flatten();
    let mut found = all.filter(|one| one["topic"] == topic);
    found.next().expect("it is there")["environments"]["dev"].clone()
}

async fn states_are_those_of_the_cluster(test: Test) {
    let repository = test.owning_repository(ORDERS);
    repository.run("apply --yes").exits(0);
    assert_eq!(standing(&repository, "@orders")["state"], "in-sync");
    by_hand(&test, "orders", "retention.ms", "3600000").await;
    let drifted = standing(&repository, "@orders");
    assert_eq!(
        (&drifted["drifted"], &drifted["pending"]),
        (&true.into(), &false.into())
    );
    let retention = &drifted["settings"][2];
    assert_eq!(
        (&retention["wanted"], &retention["live"]),
        (&"604800000".into(), &"3600000".into())
    );
    repository.topics(&format!("{ORDERS}[topics.\"@payments\"]\n"));
    let pending = standing(&repository, "@payments");
    assert_eq!(
        (&pending["state"], &pending["pending"]),
        (&"missing".into(), &true.into())
    );
    // A topic that was removed from the configuration still exists on the cluster.
    repository.topics("[topics.\"@payments\"]\n");
    assert_eq!(standing(&repository, "@orders")["state"], "released");
    repository
        .run("catalog -e dev")
        .exits(0)
        .says("<li>dev: <span class=\"state change\">pending</span></li>")
        .says("<h2>1 topic on the clusters, in no file</h2>");
}

async fn a_cluster_that_is_not_there_hides_no_other(test: Test) {
    let repository = test.owning_repository(ORDERS);
    repository.run("apply --yes").exits(0);
    repository.environment("prod", "127.0.0.1:1", 1, "");
    let run = repository
        .run("catalog --all --format markdown --timeout 2s --out page.md")
        .exits(1);
    let run = run.warns("error: prod: cannot reach Kafka at 127.0.0.1:1");
    assert_eq!(run.stdout, "");
    let page = std::fs::read_to_string(repository.path("page.md")).expect("it was written");
    assert!(
        page.contains("- prod: its cluster could not be read: cannot reach Kafka"),
        "{page}"
    );
    assert!(
        page.contains("| shop | One record for each order | in sync | not read |"),
        "{page}"
    );
}
