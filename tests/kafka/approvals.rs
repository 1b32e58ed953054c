//! Saved plans as approvals, and reports as files, with the real binary on a real broker.

use std::fs;

use serde_json::{Value, json};

use crate::apply::{by_hand, held, partitions};
use crate::harness::{self, Brokers, Test, new_topic};

harness::tests! {
    what_was_approved_is_applied,
    destructive_changes_need_no_allow,
    what_is_done_meanwhile_drops_out,
    a_value_changed_in_between_is_refused,
    a_live_change_in_between_is_refused,
    an_extra_change_is_refused,
    another_topic_of_the_name_is_refused,
    a_merge_that_was_applied_does_not_spoil_it,
    what_is_blocked_by_now_is_reported,
    guards_hold,
    another_cluster_environment_or_scope_is_refused,
    a_file_that_is_no_plan_changes_nothing,
    with_a_plan_somebody_must_agree_too,
    the_report_is_kept_however_it_ends,
    the_report_for_a_pull_request,
    a_report_that_cannot_be_kept_is_said_first,
}

const TWO: &str = "
[topics.\"@orders\"]
partitions = 3
config.retention.ms = \"7d\"

[topics.\"@payments\"]
";

/// Creates two topics, then a configuration with more partitions and shorter retention, saved as
/// `a.plan`.
async fn saved(test: &Test) -> harness::Repository {
    let repository = test.repository(TWO);
    repository.run("apply --yes").exits(0);
    repository.topics(MORE);
    repository.run("plan --out a.plan").exits(0);
    repository
}

const MORE: &str = "
[topics.\"@orders\"]
partitions = 6
config.retention.ms = \"1d\"

[topics.\"@payments\"]
";

/// Asserts that nothing was changed.
async fn untouched(test: &Test) {
    assert_eq!(partitions(test).await[0], ("orders".to_owned(), 3));
    let retention = held(test, "orders", "retention.ms").await;
    assert_eq!(retention.as_deref(), Some("604800000"));
}

async fn what_was_approved_is_applied(test: Test) {
    let repository = test.repository(TWO);
    let plan = repository.run("plan --out a.plan --format json").exits(0);
    let file = fs::read_to_string(repository.path("a.plan")).expect("it was written");
    let whose = test.topic("");
    assert_eq!(file.replace(whose.as_str(), "@"), plan.stdout);
    repository
        .run_whole("apply a.plan --yes")
        .exits(0)
        .says("\n2 applied\n");
    // A second time: everything is applied already.
    repository
        .run_whole("apply a.plan --yes")
        .exits(0)
        .says("No changes");
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn destructive_changes_need_no_allow(test: Test) {
    let repository = saved(&test).await;
    repository.run("apply --yes").exits(4);
    repository
        .run_whole("apply a.plan -e dev --yes")
        .exits(0)
        .says("1 destructive change, allowed")
        .says("\n1 applied\n");
    repository.topics("[topics.\"@payments\"]\n[removed.\"@orders\"]\n");
    repository.run("plan --out b.plan").exits(0);
    repository.run_whole("apply b.plan --yes").exits(0);
    assert_eq!(partitions(&test).await, [("payments".to_owned(), 1)]);
}

async fn what_is_done_meanwhile_drops_out(test: Test) {
    let repository = saved(&test).await;
    by_hand(&test, "orders", "retention.ms", "86400000").await;
    let apply = repository.run_whole("apply a.plan --yes").exits(0);
    assert!(!apply.stdout.contains("retention.ms"), "{apply}");
    assert_eq!(partitions(&test).await[0], ("orders".to_owned(), 6));
}

async fn a_value_changed_in_between_is_refused(test: Test) {
    let repository = saved(&test).await;
    repository.topics(&MORE.replace("1d", "1h"));
    repository
        .run_whole("apply a.plan --yes")
        .exits(4)
        .says("refused: 1 topic would be changed as the saved plan does not approve: @orders\n")
        .says("  ! @orders\n")
        .says("7d (604800000) → 1h (3600000)   approved: 7d (604800000) → 1d (86400000)")
        .warns("refused, and nothing was changed");
    untouched(&test).await;
    let report = repository
        .run_whole("apply a.plan --yes --format json")
        .exits(4)
        .json();
    assert_eq!(report["refused"][0]["code"], "not-approved");
    let part = &report["not_approved"][0];
    assert_eq!(part["topic"], "@orders");
    assert_eq!(part["setting"], "config.retention.ms");
    assert_eq!(part["approved"]["to"], "86400000");
    assert_eq!(part["now"]["to"], "3600000");
    assert_eq!(report["changes"][0]["result"], "skipped");
}

async fn a_live_change_in_between_is_refused(test: Test) {
    let repository = saved(&test).await;
    by_hand(&test, "orders", "retention.ms", "1209600000").await;
    repository
        .run_whole("apply a.plan --yes")
        .exits(4)
        .says("14d (1209600000) → 1d (86400000)   approved: 7d (604800000) → 1d (86400000)");
    assert_eq!(partitions(&test).await[0], ("orders".to_owned(), 3));
    // An undeclared config: a reset that the plan does not approve.
    by_hand(&test, "orders", "retention.ms", "604800000").await;
    by_hand(&test, "orders", "segment.bytes", "104857600").await;
    repository
        .run_whole("apply a.plan --yes")
        .exits(4)
        .says("100MiB (104857600) → reset to 1GiB (1073741824)   not approved");
    untouched(&test).await;
}

/// A plan approves the topics that it has read: a recreated topic is another one.
async fn another_topic_of_the_name_is_refused(test: Test) {
    let repository = test.repository("[topics.\"@grows\"]\npartitions = 3\n");
    for name in ["grows", "old"] {
        test.create(&[new_topic(test.topic(name), 1, &[])]).await;
    }
    repository.topics("[topics.\"@grows\"]\npartitions = 3\n[removed.\"@old\"]\n");
    repository.run("plan --out a.plan").exits(0);
    let cluster = test.cluster().await;
    for name in ["grows", "old"] {
        let topic = test.topic(name);
        let deleted = cluster.delete_topics(std::slice::from_ref(&topic)).await;
        assert_eq!(deleted, Ok(vec![Ok(())]));
        harness::eventually("it is gone", async || {
            let metadata = cluster.metadata().await.expect("it was reached");
            !metadata.topics.contains_key(&topic)
        })
        .await;
        test.create(&[new_topic(topic, 1, &[])]).await;
    }
    let apply = repository.run_whole("apply a.plan --yes").exits(4);
    let apply =
        apply.says("2 topics would be changed as the saved plan does not approve: @grows, @old");
    apply
        .says("topic id")
        .warns("refused, and nothing was changed");
    let report = repository
        .run_whole("apply a.plan --yes --format json")
        .exits(4)
        .json();
    for (index, name) in ["@grows", "@old"].into_iter().enumerate() {
        let part = &report["not_approved"][index];
        assert_eq!(part["topic"], name);
        assert!(part["approved"]["id"].is_string(), "{part}");
        assert_ne!(part["approved"]["id"], part["now"]["id"], "{part}");
    }
    let left = partitions(&test).await;
    assert_eq!(left, [("grows".to_owned(), 1), ("old".to_owned(), 1)]);
    // A new approval is applied.
    repository.run("plan --out a.plan").exits(0);
    repository.run_whole("apply a.plan --yes").exits(0);
}

async fn an_extra_change_is_refused(test: Test) {
    let repository = saved(&test).await;
    repository.topics(&format!("{MORE}[topics.\"@later\"]\n"));
    repository
        .run_whole("apply a.plan --yes")
        .exits(4)
        .says("  ! @later\n      topic  create   not approved\n");
    untouched(&test).await;
    assert_eq!(partitions(&test).await.len(), 2);
}

/// Another team's change is merged and applied after the plan was saved.
async fn a_merge_that_was_applied_does_not_spoil_it(test: Test) {
    let repository = saved(&test).await;
    let later = format!("{TWO}[topics.\"@later\"]\nconfig.retention.ms = \"2d\"\n");
    repository.topics(&later);
    repository.run("apply --yes").exits(0).says("\n1 applied\n");
    repository.topics(&format!(
        "{MORE}[topics.\"@later\"]\nconfig.retention.ms = \"2d\"\n"
    ));
    repository
        .run_whole("apply a.plan --yes")
        .exits(0)
        .says("\n1 applied\n");
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn what_is_blocked_by_now_is_reported(test: Test) {
    let repository = saved(&test).await;
    repository.topics(&MORE.replace("partitions = 6", "partitions = 1"));
    repository
        .run_whole("apply a.plan --yes")
        .exits(3)
        .says("\n1 applied, 1 blocked\n");
}

async fn guards_hold(test: Test) {
    let repository = saved(&test).await;
    let guards = "[guards]\nmax_destructive = 0\n";
    repository.environment("dev", test.broker().servers(), 1, guards);
    repository
        .run_whole("apply a.plan --yes")
        .exits(4)
        .says("guards.max_destructive allows 0");
    untouched(&test).await;
}

async fn another_cluster_environment_or_scope_is_refused(test: Test) {
    let repository = saved(&test).await;
    repository.environment("dev", Brokers::three().servers(), 1, "");
    repository
        .run_whole("apply a.plan --yes")
        .exits(4)
        .says("refused: the saved plan is for cluster ");
    repository.environment("dev", test.broker().servers(), 1, "");
    repository
        .run_whole("apply a.plan --yes --scope shop")
        .exits(4)
        .says("refused: the saved plan is for no scope, and this apply for scope shop\n");
    repository.environment("prod", test.broker().servers(), 1, "");
    repository
        .run_whole("apply a.plan --yes -e prod")
        .exits(4)
        .warns("the saved plan is for dev, and not for prod");
    untouched(&test).await;
    // Without -e, the environment is the plan's own.
    repository.run_whole("apply a.plan --yes").exits(0);
}

async fn a_file_that_is_no_plan_changes_nothing(test: Test) {
    let repository = saved(&test).await;
    let plan = fs::read_to_string(repository.path("a.plan")).expect("it was written");
    let cut = &plan[..plan.len() / 2];
    let newer = plan.replace("topicsmith/plan/1", "topicsmith/plan/2");
    for (text, why) in [
        (cut, "this is no JSON: EOF"),
        (&newer, "`topicsmith/plan/2`"),
    ] {
        fs::write(repository.path("b.plan"), text).expect("it can be written");
        repository
            .run_whole("apply b.plan --yes")
            .exits(1)
            .warns("cannot read the plan b.plan: ")
            .warns(why);
    }
    untouched(&test).await;
}

async fn with_a_plan_somebody_must_agree_too(test: Test) {
    let repository = saved(&test).await;
    repository.run_whole("apply a.plan").exits(64);
    untouched(&test).await;
}

async fn the_report_is_kept_however_it_ends(test: Test) {
    let repository = saved(&test).await;
    let kept = || -> Value {
        let text = fs::read_to_string(repository.path("r.json")).expect("it was written");
        fs::remove_file(repository.path("r.json")).expect("it is there");
        serde_json::from_str(&text).expect("it is JSON")
    };
    repository.run("apply --yes --report r.json").exits(4);
    let refused = kept();
    assert_eq!(refused["format"], "topicsmith/report/1");
    assert_eq!(refused["refused"][0]["code"], "retention-shortened");
    assert_eq!(refused["summary"]["skipped"], 1);
    let run = repository
        .run_whole("apply a.plan --yes --report r.json --format json")
        .exits(0);
    let report = kept();
    assert_eq!(report["summary"]["applied"], 1);
    assert_eq!(report["summary"], run.json()["summary"]);
    repository.run("apply --yes --report r.json").exits(0);
    assert_eq!(kept()["changes"], json!([]));
    repository.topics(&MORE.replace("partitions = 6", "partitions = 1"));
    repository.run("apply --yes --report r.json").exits(4);
    assert_eq!(kept()["summary"]["blocked"], 1);
    repository.topics("nonsense");
    repository.run("apply --yes --report r.json").exits(1);
    assert_eq!(kept()["format"], "topicsmith/diagnostics/1");
}

async fn the_report_for_a_pull_request(test: Test) {
    let repository = saved(&test).await;
    let refused = repository.run("apply --yes --format github").exits(4);
    let refused = refused.warns("refused, and nothing was changed");
    let (errors, rest) = refused
        .stdout
        .split_once("::notice ")
        .expect("it was skipped");
    assert!(
        errors.starts_with("::error title=dev%3A apply refuses%3A retention-shortened::"),
        "{refused}"
    );
    assert!(
        rest.starts_with("file=topics/a.toml,line=2,col=9,title=dev%3A @orders skipped::"),
        "{refused}"
    );
    let refused = repository.run("apply --yes --format markdown").exits(4);
    let refused = refused.says("### Apply to dev: 1 skipped\n");
    refused.says("> **1 destructive change: apply needs** `--allow retention-shortened`");
    repository.topics(&MORE.replace("partitions = 6", "partitions = 1"));
    repository
        .run("apply --yes --allow destructive --format github")
        .exits(3)
        .says("::error file=topics/a.toml,line=3,col=14,title=dev%3A @orders blocked::")
        .says("\ntopicsmith: dev: 1 applied, 1 blocked\n");
    let nothing = repository.run("apply --yes --format markdown").exits(4);
    nothing.says("<!-- topicsmith apply -->\n\n### Apply to dev: 1 blocked\n");
}

async fn a_report_that_cannot_be_kept_is_said_first(test: Test) {
    let repository = test.repository(TWO);
    repository
        .run("apply --yes --report nowhere/r.json")
        .exits(1)
        .warns("cannot write nowhere/r.json: nothing was written: No such file or directory");
    assert_eq!(partitions(&test).await, []);
    // The device rejects writes, which is detected on the first write: changes were made.
    repository
        .run("apply --yes --report /dev/full")
        .exits(3)
        .says("\n2 applied\n")
        .warns("cannot write /dev/full");
    repository
        .run("apply --yes --report /dev/full")
        .exits(1)
        .warns("cannot write /dev/full");
}
