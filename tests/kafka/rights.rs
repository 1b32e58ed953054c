//! Missing rights of a principal, with the real binary: known before the first change, and reported
//! in the same words by all commands.

use topicsmith::internals::kafka::Mode;

use crate::harness::{self, Brokers, Repository, Test, connect, connection, new_topic};
use crate::preflight::{allow, log_in};

harness::tests! {
    drift_without_rights_is_no_success,
    configs_that_may_not_be_read_are_not_unchanged,
    what_may_not_be_seen_is_not_planned,
    what_may_not_be_seen_is_blocked_in_an_apply,
    a_snapshot_knows_what_was_not_seen,
    each_right_holds_back_its_own,
    looking_makes_no_topic,
}

const WHY: &str = "Topic authorization failed for User:reader; needed: Describe on the topic. (TOPIC_AUTHORIZATION_FAILED 29)";

/// Creates topics of which the reader may describe those with the prefix `seen`.
async fn half_hidden(test: &Test) -> Repository {
    let topics = ["seen-a", "hidden", "gone"].map(|name| new_topic(test.topic(name), 1, &[]));
    test.create(&topics).await;
    allow(test, &test.topic("seen"), &["Describe", "DescribeConfigs"]);
    let repository = test.repository(
        "[topics.\"@hidden\"]\n[topics.\"@nowhere\"]\n[topics.\"@seen-a\"]\n[topics.\"@seen-b\"]\n[removed.\"@gone\"]\n",
    );
    log_in(test, &repository, "reader");
    repository
}

/// The inventory may be read, but none of the topics.
async fn drift_without_rights_is_no_success(test: Test) {
    let repository = test.owning_repository("[topics.\"@a\"]\n[topics.\"@b\"]\n");
    repository.run("apply -e dev --yes").exits(0);
    harness::allow(
        &test,
        &test.topic("inventory"),
        &["Read", "Describe", "DescribeConfigs"],
    );
    log_in(&test, &repository, "reader");
    let path = repository.path("environments/reader.toml");
    let environment = std::fs::read_to_string(path).expect("it was written");
    let environment = environment.replace(
        "[inventory]\nenabled = false\n",
        &harness::inventory("shop"),
    );
    repository.write("environments/reader.toml", &environment);
    let drift = repository.run("drift -e reader --metrics-file drift.prom");
    let drift = drift.exits(1).says("Incomplete: 2 not visible.");
    assert!(!drift.stdout.contains("No drift"), "{drift}");
    let figures = std::fs::read_to_string(repository.path("drift.prom")).expect("it was written");
    for line in [
        "topicsmith_run_success{command=\"drift\",environment=\"reader\"} 0\n",
        "topicsmith_not_visible_topics{command=\"drift\",environment=\"reader\"} 2\n",
    ] {
        assert!(figures.contains(line), "no {line} in {figures}");
    }
    assert!(!figures.contains("last_success"), "{figures}");
    let json = repository.run("drift -e reader --format json").exits(1);
    assert_eq!(json.json()["summary"]["not_visible"], 2);
    repository
        .run("plan -e reader")
        .exits(0)
        .says("Incomplete: 2 not visible.");
    repository
        .run("plan -e reader --detailed-exitcode")
        .exits(1);
    // With the right to describe them, there is no drift.
    allow(
        &test,
        &test.topic(""),
        &["Describe", "DescribeConfigs", "Read"],
    );
    let drift = repository.run("drift -e reader");
    assert!(!drift.stdout.contains("not visible"), "{drift}");
}

/// One of two topics is visible without its configs, which alone could have drifted.
async fn configs_that_may_not_be_read_are_not_unchanged(test: Test) {
    let topics = ["half", "seen"].map(|name| new_topic(test.topic(name), 1, &[]));
    test.create(&topics).await;
    allow(&test, &test.topic(""), &["Describe"]);
    allow(&test, &test.topic("seen"), &["DescribeConfigs"]);
    let repository = test.repository("[topics.\"@half\"]\n[topics.\"@seen\"]\n");
    log_in(&test, &repository, "reader");
    let why = "needed: DescribeConfigs on the topic";
    let drift = repository.run("drift -e reader").exits(1);
    let drift = drift.says("Incomplete: 1 topic in sync, 1 not visible.");
    drift
        .says("note: not planned: @half: its configs are not visible: ")
        .says(why);
    let apply = repository.run("apply -e reader --yes").exits(4);
    apply
        .says("blocked: the topic's configs are not visible to this principal: ")
        .says(why);
    repository
        .run("snapshot -e reader --out live.json")
        .exits(0);
    repository
        .run("drift -e reader --live live.json")
        .exits(1)
        .says("Incomplete: 1 topic in sync, 1 not visible.");
    allow(&test, &test.topic("half"), &["DescribeConfigs"]);
    repository.run("drift -e reader").exits(0);
}

async fn what_may_not_be_seen_is_not_planned(test: Test) {
    let repository = half_hidden(&test).await;
    let hidden = format!(
        "note: not planned: @gone, @hidden, @nowhere: this principal may not see whether they exist: {WHY}\n"
    );
    for (plan, checked) in [
        ("plan -e reader", true),
        ("plan -e reader --no-preflight", false),
    ] {
        let plan = repository.run(plan).exits(0);
        let plan = plan
            .says("+ @seen-b")
            .says("1 to create; 3 not visible, 1 unchanged")
            .says(&hidden);
        let note = "note: not checked: creating @seen-b: ";
        assert_eq!(plan.stdout.contains(note), checked, "{plan}");
    }
    let list = repository.run("list -e reader").exits(0);
    let list = list.says("@hidden");
    let line = list.stdout.lines().find(|line| line.starts_with("@hidden"));
    assert!(
        line.is_some_and(|line| line.ends_with("not seen")),
        "{list}"
    );
    repository
        .run("plan -e reader --detailed-exitcode")
        .exits(1);
    let drift = repository.run("drift -e reader").exits(1).says(&hidden);
    assert!(!drift.stdout.contains("@hidden  "), "{drift}");
}

async fn what_may_not_be_seen_is_blocked_in_an_apply(test: Test) {
    let repository = half_hidden(&test).await;
    let apply = repository.run("apply -e reader --yes").exits(4);
    let apply = apply.says(&format!(
        "  ! @hidden    topics/a.toml:1\n      blocked: this principal may not see whether the topic exists: {WHY}\n      Give this principal the right to describe it: Describe on the topic.\n"
    ));
    apply.says("4 blocked\n");
    let json = repository.run("apply -e reader --yes --format json");
    let json = json.exits(4).json();
    let changes = json["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 4);
    for change in changes {
        assert_eq!(change["settings"][0]["code"], "not-authorised", "{change}");
    }
}

async fn a_snapshot_knows_what_was_not_seen(test: Test) {
    let repository = half_hidden(&test).await;
    repository
        .run("snapshot -e reader --out live.json")
        .exits(0);
    let live = repository
        .run("plan -e reader --no-preflight")
        .exits(0)
        .stdout;
    let snapshot = repository.run("plan -e reader --live live.json").exits(0);
    assert_eq!(live, snapshot.stdout);
}

/// Creates and new partitions are authorized; configs and deletes are not.
async fn each_right_holds_back_its_own(test: Test) {
    let topics = ["goes", "grows", "set"].map(|name| new_topic(test.topic(name), 1, &[]));
    test.create(&topics).await;
    let rights = ["Describe", "DescribeConfigs", "Create", "Alter"];
    allow(&test, &test.topic(""), &rights);
    let repository = test.repository(
        "[topics.\"@grows\"]\npartitions = 4\n[topics.\"@new\"]\n[topics.\"@set\"]\nconfig.retention.ms = \"8d\"\n[removed.\"@goes\"]\n",
    );
    log_in(&test, &repository, "reader");
    let allowed = "--allow topic-deleted --allow topic-in-use";
    let apply = repository.run(&format!("apply -e reader --yes {allowed}"));
    let apply = apply.exits(3).says("2 applied, 2 blocked\n");
    let apply = apply.says(
        "blocked: retention.ms 604800000 → 691200000: this principal may not do it: Topic authorization failed for User:reader; needed: AlterConfigs on the topic.",
    );
    let apply = apply.says(
        " (TOPIC_AUTHORIZATION_FAILED 29)\n      Give this principal the right to change configs: AlterConfigs on the topic.\n",
    );
    apply.says(
        "blocked: delete: this principal may not do it: User:reader has no right to delete it; needed: Delete on the topic\n      Give this principal the right to delete it: Delete on the topic.\n",
    );
    // With the rights, everything is applied.
    allow(&test, &test.topic(""), &["AlterConfigs", "Delete"]);
    repository
        .run(&format!("apply -e reader --yes {allowed}"))
        .exits(0)
        .says("2 applied\n");
    let plan = repository
        .run("plan -e reader --detailed-exitcode")
        .exits(0);
    plan.says("No changes");
}

/// Brokers that create topics on request, which is Kafka's default.
async fn looking_makes_no_topic(test: Test) {
    let brokers = Brokers::own_with(1, "auto.create.topics.enable=true");
    let repository = test.repository("[topics.\"@a\"]\n[removed.\"@b\"]\n");
    repository.environment("dev", brokers.servers(), 1, "");
    repository.run("plan").exits(0).says("1 to create");
    repository.run("drift").exits(2).says("@a  missing");
    let cluster = connect(connection(brokers.servers())).await;
    let metadata = cluster.metadata().await.expect("it was reached");
    let own = test.globs();
    assert!(
        !metadata
            .topics
            .keys()
            .any(|name| own.matches(name.as_str()))
    );
    let new = [new_topic(test.topic("a"), 1, &[])];
    let checked = cluster.create_topics(&new, Mode::ValidateOnly).await;
    assert_eq!(checked, Ok(vec![Ok(())]));
}
