//! Holds: an emergency change by hand survives every apply until the hold ends.

use std::time::Duration;

use super::{APPLY, applied, live, nothing_left, owned, planned, recorded, set};
use crate::apply::held;
use crate::harness::{Test, eventually};

crate::harness::tests! {
    a_change_by_hand_survives,
    a_hold_ends_by_the_clock,
    what_leaves_the_files_waits,
    slips_of_the_pen,
}

const WEEK: &str = "[topics.\"@a\"]\nconfig.retention.ms = \"7d\"\n";
const HOLD: &str = "inventory hold @a --for 24h --reason INC-341";

async fn a_change_by_hand_survives(test: Test) {
    let repository = applied(&test, WEEK);
    set(&test, "a", "retention.ms", "3600000").await;
    let run = repository.run_whole(HOLD).exits(0);
    run.says("@a is held until 20");
    assert_eq!(planned(&repository), "@a held");
    repository
        .run("plan --detailed-exitcode")
        .exits(0)
        .says("held until")
        .says("INC-341");
    let before = recorded(&repository, "@a");
    let run = repository.run("apply --yes --format json").exits(0);
    assert_eq!(run.json()["summary"]["held"], 1, "{run}");
    assert_eq!(
        held(&test, "a", "retention.ms").await.as_deref(),
        Some("3600000")
    );
    assert_eq!(recorded(&repository, "@a"), before);
    let drift = repository.run("drift").exits(0);
    drift
        .says("held until")
        .says("INC-341")
        .says("1h (3600000)");
    repository.run("inventory list").exits(0).says("INC-341");

    repository
        .run_whole("inventory hold @a --end")
        .exits(0)
        .says("hold removed from @a");
    assert_eq!(planned(&repository), "@a update");
    repository.run("drift").exits(2);
    repository.run("apply --yes").exits(0);
    assert_eq!(
        held(&test, "a", "retention.ms").await.as_deref(),
        Some("604800000")
    );
    nothing_left(&repository);
}

async fn a_hold_ends_by_the_clock(test: Test) {
    let repository = applied(&test, WEEK);
    set(&test, "a", "retention.ms", "3600000").await;
    repository
        .run_whole("inventory hold @a --for 20s --reason short")
        .exits(0);
    assert_eq!(planned(&repository), "@a held");
    repository.run("apply --yes").exits(0);
    assert_eq!(
        held(&test, "a", "retention.ms").await.as_deref(),
        Some("3600000")
    );
    repository
        .run_whole("inventory hold @a --for 1s --reason shorter")
        .exits(0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    eventually("its time is over", async || {
        planned(&repository) == "@a update"
    })
    .await;
    repository.run("apply --yes").exits(0);
    nothing_left(&repository);
}

async fn what_leaves_the_files_waits(test: Test) {
    let armed = "[topics.\"@a\"]\non_remove = \"delete\"\n[topics.\"@b\"]\n[topics.\"@c\"]\n";
    let repository = applied(&test, armed);
    for topic in ["a", "b", "c"] {
        let hold = format!("inventory hold @{topic} --for 1h --reason INC-342");
        repository.run_whole(&hold).exits(0);
    }
    repository.topics("[removed.\"@c\"]\n");
    assert_eq!(planned(&repository), "@a held; @b held; @c held");
    repository.run(APPLY).exits(0);
    assert_eq!(live(&test).await, "a b c");
    assert_eq!(owned(&repository), "@a @b @c");
    // Other scopes cannot adopt it meanwhile either.
    for topic in ["a", "b", "c"] {
        repository
            .run_whole(&format!("inventory hold @{topic} --end"))
            .exits(0);
    }
    assert_eq!(planned(&repository), "@a delete; @b release; @c delete");
    repository.run(APPLY).exits(0);
    assert_eq!(
        (live(&test).await, owned(&repository)),
        ("b".to_owned(), String::new())
    );
    nothing_left(&repository);
}

async fn slips_of_the_pen(test: Test) {
    let repository = test.owning_repository("[topics.\"@orders\"]\n");
    let hold = "inventory hold @orders --for 1h --reason x";
    repository
        .run_whole(hold)
        .exits(1)
        .warns("the first apply creates it");
    repository.run("apply --yes").exits(0);
    let run = repository
        .run_whole("inventory hold @ordres --for 1h --reason x")
        .exits(1);
    run.warns("did you mean @orders?");
    repository
        .run_whole("inventory hold @orders --for 1h")
        .exits(64);
    repository
        .run_whole("inventory hold @orders --for 365d --reason x")
        .exits(64);
    repository.run_whole(hold).exits(0);
}
