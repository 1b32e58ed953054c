//! One apply at a time: applies in separate processes that run concurrently, are killed, suspended
//! or unlocked.

use std::time::{Duration, Instant};

use topicsmith::internals::inventory::{Holder, TTL, lock};

use super::{PATIENT, applied, live, nothing_left, owned};
use crate::harness::proxy::{Api, Fault, Proxy, Rule, When};
use crate::harness::{Repository, Started, Test, inventory};
use crate::meanwhile::{results, wait_for};

crate::harness::tests! {
    one_works_and_the_others_say_whom_they_met,
    five_wait_for_their_turn,
    what_another_did_while_it_waited_is_seen,
    five_first_applies_at_once,
    a_killed_one_gives_way_by_itself,
    a_dead_one_keeps_nobody_from_repairs,
    one_that_slept_too_long_stops,
    one_that_is_unlocked_stops,
    environments_do_not_wait_for_one_another,
}

const FIRST: &str = "[topics.\"@b\"]\n";
const LATER: &str = "[topics.\"@a\"]\n[topics.\"@b\"]\nconfig.retention.ms = \"8d\"\n";

/// Long enough for an apply to read everything.
const PAUSE: Duration = Duration::from_secs(2);

/// Returns a second checkout of the same configuration.
fn checkout(test: &Test) -> Repository {
    test.owning_repository(LATER)
}

/// Starts an apply with a delayed first change.
fn in_the_middle(test: &Test, repository: &Repository, time: Duration) -> (Proxy, Started) {
    let rules = [
        Rule::new(Api::CreateTopics, When::Writing, Fault::Delay(time)),
        // No fault; these are only counted.
        Rule::new(
            Api::AlterConfigs,
            When::Writing,
            Fault::Delay(Duration::ZERO),
        )
        .times(usize::MAX),
    ];
    let proxy = Proxy::before(test.broker().servers(), &rules);
    repository.environment("dev", proxy.servers(), 1, &inventory("shop"));
    let apply = repository.start("apply --yes --format json --commit 4f2c");
    wait_for(&proxy);
    (proxy, apply)
}

async fn one_works_and_the_others_say_whom_they_met(test: Test) {
    let repository = applied(&test, FIRST);
    repository.topics(LATER);
    let (_proxy, apply) = in_the_middle(&test, &repository, Duration::from_secs(20));
    let other = checkout(&test);
    let holder = format!("process {}, commit 4f2c, since 20", apply.pid());
    let running = "an apply of dev is running: ";
    other.run("plan").warns(running).warns(&holder);
    other.run("drift").warns(running).warns(&holder);
    let others: Vec<Started> = (0..4).map(|_| other.start("apply --yes")).collect();
    for other in others {
        let run = other.end().exits(5);
        let run = run
            .warns("another apply of dev is running: ")
            .warns(&holder);
        run.warns("--lock-timeout")
            .warns("topicsmith inventory unlock -e dev");
    }
    // Inventory commands of others are blocked meanwhile, too.
    other
        .run_whole("inventory forget @b --yes")
        .exits(5)
        .warns(&holder);
    apply.end().exits(0);
    nothing_left(&other);
    let run = other.run("plan").exits(0);
    assert!(!run.stderr.contains("is running"), "{run}");
}

async fn five_wait_for_their_turn(test: Test) {
    let repository = applied(&test, FIRST);
    repository.topics(LATER);
    let start = Instant::now();
    let five: Vec<Started> = (0..5).map(|_| repository.start(PATIENT)).collect();
    for apply in five {
        apply.end().exits(0);
    }
    eprintln!("five applies took their turns in {:.1?}", start.elapsed());
    nothing_left(&repository);
    assert_eq!(super::listed(&repository)["locks"], serde_json::json!([]));
}

/// It reads the cluster while it acquires the lock, and again if another process has held the lock
/// since.
async fn what_another_did_while_it_waited_is_seen(test: Test) {
    let repository = applied(&test, FIRST);
    let cluster = test.cluster().await;
    let (topic, another) = (test.topic("inventory"), Holder::default());
    let taken = lock(&cluster, &topic, "apply/shop/dev", another, PAUSE, |_| ());
    let lock = taken.await.expect("it is free");
    let apply = repository.start(PATIENT);
    tokio::time::sleep(PAUSE).await;
    super::set(&test, "b", "retention.ms", "3600000").await;
    lock.release().await.expect("it can be given back");
    let run = apply.end().exits(0);
    run.warns("waiting for another apply of dev: ")
        .says("3600000");
    nothing_left(&repository);
}

/// Without an inventory there is no lock at first: one apply creates it, and those that planned
/// without it read again.
async fn five_first_applies_at_once(test: Test) {
    let repository = checkout(&test);
    let five: Vec<Started> = (0..5).map(|_| repository.start("apply --yes")).collect();
    let runs: Vec<_> = five.into_iter().map(Started::end).collect();
    for run in &runs {
        assert!(matches!(run.code, Some(0 | 4 | 5)), "{run}");
    }
    assert!(runs.iter().any(|run| run.code == Some(0)), "{runs:?}");
    nothing_left(&repository);
    assert_eq!(owned(&repository), "@a @b");
}

async fn a_killed_one_gives_way_by_itself(test: Test) {
    let repository = applied(&test, FIRST);
    repository.topics(LATER);
    let (_proxy, apply) = in_the_middle(&test, &repository, Duration::from_secs(1));
    apply.signal("KILL");
    let killed = Instant::now();
    apply.end();
    let other = checkout(&test);
    other.run("apply --yes").exits(5);
    let run = other.run(PATIENT).exits(0);
    run.warns("waiting for another apply of dev: ");
    let took = killed.elapsed();
    eprintln!("{took:.1?} after the kill -9 the next apply was done, the wait included");
    nothing_left(&other);
}

/// Its lock is the last in the inventory, and has expired.
async fn a_dead_one_keeps_nobody_from_repairs(test: Test) {
    let repository = applied(&test, FIRST);
    repository.topics(LATER);
    let (_proxy, apply) = in_the_middle(&test, &repository, Duration::from_secs(1));
    apply.signal("KILL");
    apply.end();
    std::thread::sleep(TTL + Duration::from_secs(1));
    let other = checkout(&test);
    other.run_whole("inventory forget @b --yes").exits(0);
    other.run("apply --yes").exits(0);
    nothing_left(&other);
}

async fn one_that_slept_too_long_stops(test: Test) {
    let repository = applied(&test, FIRST);
    repository.topics(LATER);
    let (proxy, apply) = in_the_middle(&test, &repository, Duration::from_secs(1));
    apply.signal("STOP");
    std::thread::sleep(TTL + Duration::from_secs(1));
    let other = checkout(&test);
    let run = other.run(PATIENT).exits(0);
    // By hand, so that a late write of the first apply would be visible.
    super::set(&test, "b", "retention.ms", "3600000").await;
    apply.signal("CONT");
    let first = apply.end();
    let words = results(&first);
    assert!(
        words.contains("@b skipped: the lock was lost"),
        "{first}\n{run}"
    );
    assert!(
        words.contains("@a failed: not recorded: the lock was lost"),
        "{first}"
    );
    let first = first.exits(3);
    assert_eq!(proxy.fired(), 1, "it changed no config: {first}");
    assert_eq!(
        crate::apply::held(&test, "b", "retention.ms")
            .await
            .as_deref(),
        Some("3600000")
    );
    other.run(PATIENT).exits(0);
    nothing_left(&other);
}

async fn one_that_is_unlocked_stops(test: Test) {
    let repository = applied(&test, FIRST);
    repository.topics(LATER);
    // Longer than the lock is held without a renewal.
    let (proxy, apply) = in_the_middle(&test, &repository, Duration::from_secs(8));
    let other = checkout(&test);
    let run = other.run_whole("inventory unlock -e dev --yes").exits(0);
    run.says("unlocked dev: it was held by ")
        .says(&format!("process {}", apply.pid()));
    let first = apply.end();
    assert!(
        results(&first).contains("@b skipped: the lock was lost"),
        "{first}"
    );
    let first = first.exits(3);
    assert_eq!(proxy.fired(), 1, "it changed no config: {first}");
    other
        .run_whole("inventory unlock -e dev --yes")
        .exits(0)
        .says("the lock of dev is not held");
    other.run("apply --yes").exits(0);
    nothing_left(&other);
    assert_eq!(live(&test).await, "a b");
}

async fn environments_do_not_wait_for_one_another(test: Test) {
    let repository = applied(&test, FIRST);
    repository.topics(LATER);
    let (_proxy, apply) = in_the_middle(&test, &repository, Duration::from_secs(15));
    let other = test.owning_repository("[topics.\"@s\"]\n");
    other.owning("staging", "shop");
    other.owning("dev", "media");
    other.run("apply -e staging --yes").exits(0);
    other.topics("[topics.\"@m\"]\n");
    let run = other.run("apply -e dev --yes").exits(0);
    assert!(!run.stderr.contains("is running"), "another scope's: {run}");
    apply.end().exits(0);
}
