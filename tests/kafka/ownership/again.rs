//! Topics that were recreated by hand, and removals, which are applied once.

use super::{
    APPLY, applied, delete, id, live, make, nothing_left, owned, planned, recorded, remake,
};
use crate::harness::Test;

crate::harness::tests! {
    another_topic_of_the_name_is_adopted,
    another_topic_of_the_name_is_not_deleted,
    an_adopted_one_is_known_again,
    another_topic_of_the_name_is_released_from,
    one_that_is_gone_is_made_or_forgotten,
    a_tombstone_is_spent_once,
    a_tombstone_that_comes_back_works_again,
    a_tombstone_deletes_what_is_owned,
    a_tombstone_does_not_delete_after_a_release,
}

async fn another_topic_of_the_name_is_adopted(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\nconfig.retention.ms = \"7d\"\n");
    remake(&test, "a").await;
    let plan = repository.run("plan").exits(0);
    plan.says("recreated since last apply");
    let json = repository.run("plan --format json").json();
    assert_eq!(json["changes"][0]["adopt"], true);
    repository.run("apply --yes").exits(0);
    nothing_left(&repository);
    let a = recorded(&repository, "@a").expect("it is owned");
    assert_eq!(a["id"], id(&test, "a").await);
}

async fn another_topic_of_the_name_is_not_deleted(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\non_remove = \"delete\"\n");
    remake(&test, "a").await;
    repository.topics("");
    assert_eq!(planned(&repository), "@a blocked recreated");
    let run = repository
        .run("apply --yes --allow destructive --allow topic-in-use")
        .exits(4);
    run.says("so this is another topic, currently unowned");
    assert_eq!(live(&test).await, "a");
    // Each suggested fix works.
    repository.topics("[removed.\"@a\"]\n");
    assert_eq!(planned(&repository), "@a delete");
    repository.topics("[topics.\"@a\"]\non_remove = \"delete\"\n");
    repository.run("plan").exits(0);
    repository.topics("");
    repository
        .run_whole("inventory forget @a -e dev --yes")
        .exits(0);
    nothing_left(&repository);
    assert_eq!(live(&test).await, "a");
}

/// It was not created by an apply, so its id was recorded on adoption.
async fn an_adopted_one_is_known_again(test: Test) {
    make(&test, "a", &[]).await;
    let repository = applied(&test, "[topics.\"@a\"]\non_remove = \"delete\"\n");
    remake(&test, "a").await;
    repository.topics("");
    assert_eq!(planned(&repository), "@a blocked recreated");
    repository.run("apply --yes --allow destructive").exits(4);
    assert_eq!(live(&test).await, "a");
}

async fn another_topic_of_the_name_is_released_from(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\n");
    remake(&test, "a").await;
    repository.topics("");
    assert_eq!(planned(&repository), "@a release");
    repository.run("apply --yes").exits(0);
    assert_eq!(
        (live(&test).await, owned(&repository)),
        ("a".to_owned(), String::new())
    );
    nothing_left(&repository);
}

async fn one_that_is_gone_is_made_or_forgotten(test: Test) {
    let repository = applied(
        &test,
        "[topics.\"@a\"]\n[topics.\"@b\"]\non_remove = \"delete\"\n",
    );
    delete(&test, "a").await;
    delete(&test, "b").await;
    assert_eq!(planned(&repository), "@a create; @b create");
    repository
        .run("drift")
        .exits(2)
        .says("deleted since last apply");
    repository.topics("[topics.\"@a\"]\n");
    assert_eq!(planned(&repository), "@a create; @b release");
    repository.run("apply --yes").exits(0);
    nothing_left(&repository);
    assert_eq!(
        (live(&test).await, owned(&repository)),
        ("a".to_owned(), "@a".to_owned())
    );
    let a = recorded(&repository, "@a").expect("it is owned");
    assert_eq!(a["id"], id(&test, "a").await);
}

async fn a_tombstone_is_spent_once(test: Test) {
    make(&test, "old", &[]).await;
    let repository = test.owning_repository("[removed.\"@old\"]\nreason = \"replaced\"\n");
    assert_eq!(planned(&repository), "@old delete");
    repository.run("apply --yes").exits(4);
    repository.run(APPLY).exits(0).says("\n1 applied\n");
    assert_eq!(live(&test).await, "");
    let spent = super::listed(&repository)["applied_removals"].clone();
    assert_eq!(spent[0]["topic"], "@old");
    nothing_left(&repository);

    make(&test, "old", &[]).await;
    assert_eq!(planned(&repository), "");
    repository.run("plan").exits(0).says("note: ").says("@old");
    repository.run(APPLY).exits(0);
    assert_eq!(live(&test).await, "old");
}

async fn a_tombstone_that_comes_back_works_again(test: Test) {
    make(&test, "old", &[]).await;
    let repository = test.owning_repository("[removed.\"@old\"]\n");
    repository.run(APPLY).exits(0);
    make(&test, "old", &[]).await;
    nothing_left(&repository);

    repository.topics("");
    assert_eq!(
        planned(&repository),
        "@old update-inventory removal spent>-"
    );
    repository.run("plan --detailed-exitcode").exits(2);
    repository.run("apply --yes").exits(0).says("\n1 applied\n");
    assert_eq!(
        super::listed(&repository)["applied_removals"],
        serde_json::json!([])
    );
    nothing_left(&repository);
    repository.topics("[removed.\"@old\"]\n");
    assert_eq!(planned(&repository), "@old delete");
    repository.run(APPLY).exits(0);
    assert_eq!(live(&test).await, "");
    // Listed in place of its removal: it is created, and the removal's record deleted, in one
    // apply.
    repository.topics("[topics.\"@old\"]\n");
    assert_eq!(planned(&repository), "@old create removal spent>-");
    repository.run("apply --yes").exits(0);
    nothing_left(&repository);
    assert_eq!(
        super::listed(&repository)["applied_removals"],
        serde_json::json!([])
    );
}

async fn a_tombstone_deletes_what_is_owned(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\n");
    repository.topics("[removed.\"@a\"]\n");
    assert_eq!(planned(&repository), "@a delete");
    repository.run(APPLY).exits(0);
    assert_eq!(
        (live(&test).await, owned(&repository)),
        (String::new(), String::new())
    );
    nothing_left(&repository);
    // Listed again: a new topic, which a new removal may delete.
    repository.topics("[topics.\"@a\"]\n");
    repository.run("apply --yes").exits(0);
    repository.topics("[removed.\"@a\"]\n");
    assert_eq!(planned(&repository), "@a delete");
    repository.run(APPLY).exits(0);
    assert_eq!(live(&test).await, "");
}

/// Released, then deleted by hand and recreated by another team: a later removal is reviewed, and
/// is the only way to delete it.
async fn a_tombstone_does_not_delete_after_a_release(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\n");
    repository.topics("");
    repository.run("apply --yes").exits(0);
    remake(&test, "a").await;
    nothing_left(&repository);
    repository.topics("[removed.\"@a\"]\n");
    assert_eq!(planned(&repository), "@a delete");
    repository.run("apply --yes").exits(4);
    assert_eq!(live(&test).await, "a");
}
