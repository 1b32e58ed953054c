//! The first apply, and topics that are removed from the configuration: the inventory determines
//! what happens to them.

use std::time::Duration;

use super::{APPLY, applied, live, nothing_left, owned, planned, recorded};
use crate::harness::{Test, eventually};
use crate::usage;

crate::harness::tests! {
    the_first_apply_records_what_it_applied,
    nothing_to_do_makes_no_inventory,
    retain_releases_and_delete_deletes,
    a_delete_passes_the_in_use_check,
    arming_is_a_change_of_its_own,
    what_was_recorded_counts,
    a_run_from_the_wrong_folder_changes_nothing,
    many_that_leave_stop_at_max_destructive,
    without_an_inventory_nobody_owns_anything,
}

async fn the_first_apply_records_what_it_applied(test: Test) {
    let repository = test.owning_repository(
        "[topics.\"@a\"]\nowner = \"payments\"\npartitions = 3\nconfig.retention.ms = \"7d\"\n\n[topics.\"@b\"]\non_remove = \"delete\"\nunmanaged = [\"partitions\"]\n",
    );
    assert_eq!(
        planned(&repository),
        "@a create; @b create on_remove ->delete"
    );
    repository
        .run("apply --yes --commit 4f2c")
        .exits(0)
        .says("\n2 applied\n");
    nothing_left(&repository);
    assert_eq!(planned(&repository), "");

    let a = recorded(&repository, "@a").expect("it is owned");
    assert_eq!(a["id"], super::id(&test, "a").await);
    assert!(a["at_ms"].is_i64() && a["by"].is_string(), "{a}");
    for (key, expected) in [
        ("scope", serde_json::json!("shop")),
        ("environment", "dev".into()),
        ("on_remove", "retain".into()),
        ("owner", "payments".into()),
        ("partitions", 3.into()),
        ("replication_factor", 1.into()),
        ("config", serde_json::json!({"retention.ms": "604800000"})),
        ("declared_at", "topics/a.toml:1".into()),
        ("commit", "4f2c".into()),
    ] {
        assert_eq!(a[key], expected, "{key}: {a}");
    }
    let b = recorded(&repository, "@b").expect("it is owned");
    assert_eq!(
        (&b["on_remove"], &b["owner"]),
        (&"delete".into(), &serde_json::Value::Null)
    );
    assert_eq!(b["config"], serde_json::json!({}));
    assert!(b["partitions"].is_null(), "left to others: {b}");
    repository
        .run("inventory list")
        .exits(0)
        .says("shop/dev")
        .says("topics/a.toml:1");
    // The last applier stays recorded while nothing changes.
    repository.run("apply --yes --commit 77aa").exits(0);
    assert_eq!(recorded(&repository, "@a"), Some(a));
}

async fn nothing_to_do_makes_no_inventory(test: Test) {
    let repository = test.owning_repository("[removed.\"@gone\"]\n");
    repository.run("plan --detailed-exitcode").exits(0);
    repository.run("apply --yes").exits(0);
    repository.run("drift").exits(0);
    let json = super::listed(&repository);
    assert_eq!(json["exists"], false);
    repository
        .run("inventory list")
        .exits(0)
        .says("no inventory yet");
    let metadata = test
        .cluster()
        .await
        .metadata()
        .await
        .expect("it was reached");
    assert!(!metadata.topics.contains_key(&test.topic("inventory")));
}

const TWO: &str = "[topics.\"@stays\"]\n[topics.\"@goes\"]\non_remove = \"delete\"\n";

async fn retain_releases_and_delete_deletes(test: Test) {
    let repository = applied(&test, TWO);
    repository.topics("");
    assert_eq!(planned(&repository), "@goes delete; @stays release");
    repository.run("plan --detailed-exitcode").exits(2);
    repository
        .run("apply --yes")
        .exits(4)
        .says("apply needs --allow topic-deleted");
    assert_eq!(live(&test).await, "goes stays");
    assert_eq!(owned(&repository), "@goes @stays");

    repository.run(APPLY).exits(0).says("\n2 applied\n");
    assert_eq!(live(&test).await, "stays");
    assert_eq!(owned(&repository), "");
    nothing_left(&repository);
    let json = repository.run("plan --format json").exits(0).json();
    assert_eq!(
        json["unlisted"],
        serde_json::json!(["@stays"]),
        "it is nobody's now"
    );
}

async fn a_delete_passes_the_in_use_check(test: Test) {
    let repository = applied(
        &test,
        "[topics.\"@read\"]\non_remove = \"delete\"\n[topics.\"@written\"]\non_remove = \"delete\"\n",
    );
    usage::write(&test, &test.topic("written"), Duration::from_secs(60));
    let member = usage::member(&test, &test.topic("read"), "leaving-reads").await;
    repository.topics("");
    let held_back = "@read blocked topic-in-use; @written blocked topic-in-use";
    assert_eq!(planned(&repository), held_back);
    repository.run(APPLY).exits(4).says("\n2 blocked\n");
    assert_eq!(live(&test).await, "read written");
    assert_eq!(owned(&repository), "@read @written");

    drop(member);
    eventually("nobody reads it", async || {
        planned(&repository) == "@read delete; @written blocked topic-in-use"
    })
    .await;
    repository
        .run(APPLY)
        .exits(3)
        .says("\n1 applied, 1 blocked\n");
    assert_eq!(live(&test).await, "written");
    let allowed = format!("{APPLY} --allow topic-in-use:@written");
    repository.run(&allowed).exits(0);
    assert_eq!(
        (live(&test).await, owned(&repository)),
        (String::new(), String::new())
    );
    nothing_left(&repository);
}

async fn arming_is_a_change_of_its_own(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\n");
    repository.topics("[topics.\"@a\"]\nowner = \"shop\"\non_remove = \"delete\"\n");
    assert_eq!(
        planned(&repository),
        "@a update-inventory on_remove retain>delete owner ->shop"
    );
    repository
        .run("plan --detailed-exitcode")
        .exits(2)
        .says("on_remove  retain → delete");
    // A configuration that was never applied deletes nothing.
    repository.topics("");
    assert_eq!(planned(&repository), "@a release");

    repository.topics("[topics.\"@a\"]\nowner = \"shop\"\non_remove = \"delete\"\n");
    repository.run("apply --yes").exits(0).says("\n1 applied\n");
    nothing_left(&repository);
    let a = recorded(&repository, "@a").expect("it is owned");
    assert_eq!(
        (&a["on_remove"], &a["owner"]),
        (&"delete".into(), &"shop".into())
    );
    repository.topics("");
    assert_eq!(planned(&repository), "@a delete");
    // A saved plan approves it like any other change.
    repository.run("plan --out saved.plan").exits(0);
    repository.run_whole("apply saved.plan --yes").exits(0);
    assert_eq!(live(&test).await, "");
    nothing_left(&repository);
}

/// The last commit disarms the delete, but was never applied.
async fn what_was_recorded_counts(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\non_remove = \"delete\"\n");
    repository.topics("[topics.\"@a\"]\n");
    assert_eq!(
        planned(&repository),
        "@a update-inventory on_remove delete>retain"
    );
    repository.topics("");
    assert_eq!(planned(&repository), "@a delete");
    repository.topics("[topics.\"@a\"]\n");
    repository.run("apply --yes").exits(0);
    repository.topics("");
    assert_eq!(planned(&repository), "@a release");
}

async fn a_run_from_the_wrong_folder_changes_nothing(test: Test) {
    let topic = |n: usize| format!("[topics.\"@{n}\"]\non_remove = \"delete\"\n");
    let own: String = (10..15).map(topic).collect();
    let retained: String = (20..30).map(|n| format!("[topics.\"@{n}\"]\n")).collect();
    let repository = applied(&test, &format!("{own}{retained}"));
    let (before, owned_before) = (live(&test).await, owned(&repository));

    // Another team's checkout, with this environment.
    repository.topics("[topics.\"@other\"]\n");
    let plan = repository.run("plan").exits(0);
    plan.says("max_destructive");
    let apply = repository.run("apply --yes --allow destructive").exits(4);
    apply.says("max_destructive").warns("nothing was changed");
    assert_eq!(live(&test).await, before);
    assert_eq!(owned(&repository), owned_before);
    // Its own listed topics wait, too: a guard refuses the whole apply.
    repository.topics(&format!("{own}{retained}"));
    nothing_left(&repository);
}

/// Releases alone count, too: they end ownership.
async fn many_that_leave_stop_at_max_destructive(test: Test) {
    let topics: String = (10..21).map(|n| format!("[topics.\"@{n}\"]\n")).collect();
    let repository = applied(&test, &topics);
    repository.topics("");
    repository
        .run("apply --yes")
        .exits(4)
        .says("max_destructive");
    assert_eq!(owned(&repository).split(' ').count(), 11);
    repository.topics("[topics.\"@10\"]\n");
    repository
        .run("apply --yes")
        .exits(0)
        .says("\n10 applied\n");
    assert_eq!(owned(&repository), "@10");
    assert_eq!(live(&test).await.split(' ').count(), 11);
}

async fn without_an_inventory_nobody_owns_anything(test: Test) {
    let repository = test.repository("[topics.\"@a\"]\non_remove = \"delete\"\n[topics.\"@b\"]\n");
    repository.run("apply --yes").exits(0).says("\n2 applied\n");
    nothing_left(&repository);
    repository.topics("");
    let json = repository.run("plan --format json").exits(0).json();
    assert_eq!(json["changes"], serde_json::json!([]));
    assert_eq!(json["unlisted"], serde_json::json!(["@a", "@b"]));
    repository.topics("[removed.\"@a\"]\n[topics.\"@b\"]\non_remove = \"delete\"\n");
    let plan = repository.run("plan").exits(0);
    plan.says("a removal deletes the topic of any owner, and again after it is recreated: @a")
        .says("on_remove = \"delete\" of 1 topic is not recorded, and will do nothing: @b");
    repository.run(APPLY).exits(0).says("\n1 applied\n");
    assert_eq!(live(&test).await, "b");
    nothing_left(&repository);
    repository
        .run("inventory list")
        .exits(1)
        .warns("dev keeps no inventory");
}
