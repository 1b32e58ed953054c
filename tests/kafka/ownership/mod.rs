//! Ownership, with the real binary on a real broker: the inventory's records, the owners of topics,
//! and what happens when topics are removed from the configuration. Each test has its own
//! inventory, `@inventory`.

mod again;
mod clocks;
mod crashes;
mod drifts;
mod first;
mod forged;
mod holds;
mod leaving;
mod pipelines;
mod turns;
mod unusable;
mod whose;

use std::time::Duration;

use serde_json::Value;
use topicsmith::internals::kafka::{Alter, AlterOp, Mode};

use crate::harness::{Repository, Test, create, eventually, new_topic};

pub fn tests() -> Vec<libtest_mimic::Trial> {
    let groups = [
        again::tests(),
        clocks::tests(),
        crashes::tests(),
        drifts::tests(),
        first::tests(),
        forged::tests(),
        holds::tests(),
        leaving::tests(),
        pipelines::tests(),
        turns::tests(),
        unusable::tests(),
        whose::tests(),
    ];
    groups.into_iter().flatten().collect()
}

/// An apply that may delete topics.
const APPLY: &str = "apply --yes --allow topic-deleted";

/// An apply that waits longer than the lease of a killed holder.
const PATIENT: &str = "apply --yes --allow topic-deleted --lock-timeout 60s";

/// The time limit of one request over a failing network.
const CUT_OFF: Duration = Duration::from_secs(3);

/// Returns the changes of a plan: `@a create; @b record on_remove retain>delete; @c blocked
/// recreated`.
#[track_caller]
fn planned(repository: &Repository) -> String {
    planned_by(repository, "plan --format json")
}

/// Returns the changes of a plan from another command's output.
#[track_caller]
fn planned_by(repository: &Repository, arguments: &str) -> String {
    let run = repository.run(arguments);
    let json = run.json();
    let list = |key: &str| json[key].as_array().cloned().unwrap_or_default();
    let change = |change: &Value| {
        let mut words = vec![word(change, "topic"), word(change, "action")];
        let adopted = change["adopt"] == true && change["action"] != "adopt";
        words.extend(adopted.then(|| "adopt".to_owned()));
        let settings = change["settings"].as_array().cloned().unwrap_or_default();
        let inventory = settings
            .iter()
            .filter(|part| part["inventory_only"] == true);
        words.extend(inventory.map(|part| {
            let side = |key: &str| match &part[key] {
                Value::String(text) => text.clone(),
                Value::Null => "-".to_owned(),
                other => other.to_string(),
            };
            format!("{} {}>{}", word(part, "setting"), side("from"), side("to"))
        }));
        words.join(" ")
    };
    let blocked = |blocked: &Value| {
        format!(
            "{} blocked {}",
            word(blocked, "topic"),
            word(blocked, "code")
        )
    };
    let held = |held: &Value| format!("{} held", word(held, "topic"));
    let changes = list("changes");
    let mut all: Vec<String> = changes.iter().map(change).collect();
    all.extend(list("blocked").iter().map(blocked));
    all.extend(list("held").iter().map(held));
    all.sort();
    all.join("; ")
}

fn word(json: &Value, key: &str) -> String {
    json[key].as_str().unwrap_or_default().to_owned()
}

/// Returns the output of `inventory list`.
#[track_caller]
fn listed(repository: &Repository) -> Value {
    let run = repository.run("inventory list --format json").exits(0);
    run.json()
}

/// Returns the record of a topic.
#[track_caller]
fn recorded(repository: &Repository, topic: &str) -> Option<Value> {
    let json = listed(repository);
    let mut topics = json["topics"].as_array().expect("a list").iter();
    topics.find(|owned| owned["topic"] == topic).cloned()
}

/// Returns all owned topics, in order.
#[track_caller]
fn owned(repository: &Repository) -> String {
    let json = listed(repository);
    let topics = json["topics"].as_array().expect("a list").iter();
    topics
        .map(|owned| word(owned, "topic"))
        .collect::<Vec<_>>()
        .join(" ")
}

/// Asserts that the plan is empty, by its exit code.
#[track_caller]
fn nothing_left(repository: &Repository) {
    repository.run("plan --detailed-exitcode").exits(0);
}

/// Creates a repository with applied topics.
fn applied(test: &Test, topics: &str) -> Repository {
    let repository = test.owning_repository(topics);
    repository.run("apply --yes").exits(0);
    nothing_left(&repository);
    repository
}

/// Returns the live topics of a test, without its inventory.
async fn live(test: &Test) -> String {
    let metadata = test.cluster().await.metadata().await;
    let topics = metadata.expect("it was reached").topics;
    let start = format!("{}.", test.prefix());
    let own = topics
        .keys()
        .filter_map(|name| name.as_str().strip_prefix(&start));
    own.filter(|name| *name != "inventory")
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns Kafka's id of a topic.
async fn id(test: &Test, topic: &str) -> String {
    let name = test.topic(topic);
    let described = test.cluster().await;
    let described = described.describe_topics(std::slice::from_ref(&name)).await;
    let mut described = described.expect("it was reached");
    let topic = described.remove(&name).expect("it was asked for");
    topic.expect("it is there").id.expect("Kafka 4 gives ids")
}

/// Deletes a topic with the admin API, as another tool would.
async fn delete(test: &Test, topic: &str) {
    let (cluster, name) = (test.cluster().await, test.topic(topic));
    let deleted = cluster.delete_topics(std::slice::from_ref(&name)).await;
    deleted.expect("it was reached")[0]
        .clone()
        .expect("it is there");
    eventually("it is gone", async || {
        let metadata = cluster.metadata().await.expect("it was reached");
        !metadata.topics.contains_key(&name)
    })
    .await;
}

/// Deletes and recreates a topic.
async fn remake(test: &Test, topic: &str) {
    delete(test, topic).await;
    make(test, topic, &[]).await;
}

/// Creates a topic with one partition.
async fn make(test: &Test, topic: &str, config: &[(&str, &str)]) {
    let new = new_topic(test.topic(topic), 1, config);
    create(&test.cluster().await, &[new]).await;
}

/// Sets a config, as another tool would, and waits until it is visible.
async fn set(test: &Test, topic: &str, key: &str, value: &str) {
    let alters = [Alter {
        topic: test.topic(topic),
        ops: vec![(key.into(), AlterOp::Set(value.to_owned()))],
    }];
    let cluster = test.cluster().await;
    let altered = cluster.incremental_alter_configs(&alters, Mode::Apply);
    altered.await.expect("it was reached")[0]
        .clone()
        .expect("it is there");
    eventually("the change shows", async || {
        crate::apply::held(test, topic, key).await.as_deref() == Some(value)
    })
    .await;
}
