//! The programs of `examples/` on a real broker: what the library is for a Rust program.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::apply::by_hand;
use crate::harness::{Repository, Run, Test};

crate::harness::tests! {
    topics_are_there_once_they_are_applied,
    drift_is_printed_as_json,
    errors_say_what_to_do,
}

const ORDERS: &str = "
[topics.\"@orders\"]
partitions = 3
config.retention.ms = \"7d\"
";

/// The program of an example. Cargo builds examples with all tests, but not with this one alone.
fn program(name: &str) -> PathBuf {
    let deps = std::env::current_exe().expect("this test is a program");
    let folder = deps.ancestors().nth(2).expect("the folder of the profile");
    let program = folder.join("examples").join(name);
    if !program.exists() {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--locked", "--example", name])
            .status()
            .expect("cargo can be run");
        assert!(built.success());
    }
    program
}

fn run(name: &str, repository: &Repository) -> Run {
    let output = Command::new(program(name))
        .arg(repository.path(""))
        .arg("dev")
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("it can be run");
    repository.ended(name, &output)
}

async fn topics_are_there_once_they_are_applied(test: Test) {
    let repository = test.owning_repository(ORDERS);
    run("topics", &repository)
        .exits(0)
        .says("1 to create")
        .says("1 applied");
    let there = test.cluster().await.metadata().await.expect("it answers");
    assert_eq!(there.topics[&test.topic("orders")].partitions.len(), 3);
    run("topics", &repository).exits(0).says("No changes");
    // What was applied is recorded, as by the command.
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn drift_is_printed_as_json(test: Test) {
    let repository = test.owning_repository(ORDERS);
    run("topics", &repository).exits(0);
    assert_eq!(
        run("drift", &repository).exits(0).json()["topics"],
        serde_json::json!([])
    );
    by_hand(&test, "orders", "retention.ms", "3600000").await;
    let drift = run("drift", &repository).exits(0).json();
    assert_eq!(drift["format"], "topicsmith/drift/1");
    assert_eq!(drift["topics"][0]["topic"], "@orders");
    repository.run("drift").exits(2);
    // The library heals it as the command does.
    run("topics", &repository).exits(0).says("retention.ms");
    repository.run("drift").exits(0);
}

async fn errors_say_what_to_do(test: Test) {
    let repository = test.owning_repository(ORDERS);
    repository.topics("[topics.\"@orders\"]\npartitons = 3\n");
    run("topics", &repository)
        .exits(1)
        .warns("1 error in the files")
        .warns("did you mean `partitions`?");
}
