//! The lock: two and five at once, and holders that release it, are killed, suspended or unlocked.
//! A holder that is killed must be another process: this program started again ([`holder`]).

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use topicsmith::internals::inventory::{
    self, Holder, InventoryError, InventoryRecord, Lock, LockError, LockLost, Right, TTL, Writer,
    break_lock, lock,
};
use topicsmith::internals::kafka::Cluster;
use topicsmith::internals::live::{Owned, OwnerKey};
use topicsmith::internals::model::TopicName;

use crate::harness::{self, Test, connect, connection, connection_as};

harness::tests! {
    one_of_two_has_it,
    five_take_turns,
    a_holder_keeps_it_longer_than_its_lease,
    other_resources_are_free,
    the_next_goes_on_at_once_after_a_release,
    a_lock_goes_back_right_behind_what_is_recorded_last,
    the_next_has_it_soon_after_the_holder_was_killed,
    a_holder_that_was_stopped_loses_it_and_knows,
    a_lock_that_is_broken_is_lost,
    who_holds_it_stands_in_the_inventory,
    the_right_to_write_is_missing,
    there_is_no_inventory,
}

const RESOURCE: &str = "apply/shop/prod";
const NOW: Duration = Duration::ZERO;
const PATIENT: Duration = Duration::from_secs(60);

/// The variable that makes this program hold a lock: servers and topic.
const HOLD: &str = "TOPICSMITH_TEST_HOLD";

fn holder_named(by: &str) -> Holder {
    Holder {
        by: by.to_owned(),
        pid: std::process::id(),
        commit: Some("4f2c".to_owned()),
        since_ms: 0,
    }
}

/// Creates an inventory for this test alone.
async fn inventory(test: &Test) -> (Cluster, TopicName) {
    let (cluster, topic) = (test.cluster().await, test.topic("inventory"));
    let made = inventory::create(&cluster, &topic, 1).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    (cluster, topic)
}

async fn take(
    cluster: &Cluster,
    topic: &TopicName,
    by: &str,
    timeout: Duration,
) -> Result<Lock, LockError> {
    lock(cluster, topic, RESOURCE, holder_named(by), timeout, |_| ()).await
}

async fn have(cluster: &Cluster, topic: &TopicName, by: &str) -> Lock {
    let lock = take(cluster, topic, by, PATIENT).await;
    lock.unwrap_or_else(|error| panic!("{error}"))
}

fn held_by(taken: Result<Lock, LockError>) -> Holder {
    match taken {
        Ok(_) => panic!("two have it"),
        Err(LockError::Held(holder)) => holder,
        Err(error) => panic!("{error}"),
    }
}

/// A process that holds the lock until it is requested to release it, or loses it.
struct Held {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Held {
    /// Returns after it has acquired the lock.
    fn start(test: &Test, topic: &TopicName) -> Self {
        let program = std::env::current_exe().expect("it runs");
        let mut child = Command::new(program)
            .env(HOLD, format!("{} {topic}", test.broker().servers()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let output = child.stdout.take().expect("it is piped");
        let mut held = Self {
            child,
            output: BufReader::new(output),
        };
        assert_eq!(held.line(), "held");
        held
    }

    /// Returns its next line of output.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it is text");
        line.trim().to_owned()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.is_ok_and(|sent| sent.success()));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Holds a lock, if this program was started for this purpose.
pub fn holder() -> Option<ExitCode> {
    let told = std::env::var(HOLD).ok()?;
    let (servers, topic) = told.split_once(' ').expect("both are given");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let cluster = connect(connection(servers)).await;
        let lock = have(&cluster, &topic.into(), "child").await;
        println!("held");
        loop {
            if let Err(lost) = lock.check().await {
                println!("{lost}");
                std::io::stdout().flush().expect("it is read");
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    Some(ExitCode::SUCCESS)
}

async fn one_of_two_has_it(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let start = Instant::now();
    let first = have(&cluster, &topic, "first").await;
    eprintln!("a free lock was had in {:?}", start.elapsed());
    assert_eq!(first.check().await, Ok(()));

    let start = Instant::now();
    let mut waited_for = Vec::new();
    let second = lock(
        &cluster,
        &topic,
        RESOURCE,
        holder_named("second"),
        NOW,
        |holder| waited_for.push(holder.clone()),
    );
    let holder = held_by(second.await);
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    let expected = Holder {
        since_ms: first.now().now_ms(),
        ..holder_named("first")
    };
    assert_eq!(holder, expected);
    assert_eq!(waited_for, [expected]);
    assert_eq!(first.check().await, Ok(()));
}

async fn five_take_turns(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let (inside, turns) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..5 {
        let (cluster, topic) = (cluster.clone(), topic.clone());
        let (inside, turns) = (Arc::clone(&inside), Arc::clone(&turns));
        tasks.spawn(async move {
            let lock = have(&cluster, &topic, &format!("number {number}")).await;
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(lock.check().await, Ok(()));
            inside.fetch_sub(1, Ordering::SeqCst);
            turns.fetch_add(1, Ordering::SeqCst);
            lock.release().await.expect("it can");
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("no task failed");
    }
    assert_eq!(turns.load(Ordering::SeqCst), 5);
    eprintln!("five had the lock for 100 ms each in {:?}", start.elapsed());
    assert!(
        start.elapsed() < TTL,
        "none waits for a lease: {:?}",
        start.elapsed()
    );
    let contents = inventory::read(&cluster, &topic, &harness::ASKING)
        .await
        .expect("it may");
    assert_eq!(contents.expect("it is there").locks, []);
}

async fn a_holder_keeps_it_longer_than_its_lease(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let first = have(&cluster, &topic, "first").await;
    let second = take(&cluster, &topic, "second", TTL + Duration::from_secs(3)).await;
    assert_eq!(held_by(second).by, "first");
    assert_eq!(first.check().await, Ok(()));
}

async fn other_resources_are_free(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let first = have(&cluster, &topic, "first").await;
    let other = lock(
        &cluster,
        &topic,
        "apply/shop",
        holder_named("second"),
        NOW,
        |_| (),
    )
    .await;
    let other = other.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(first.check().await, Ok(()));
    assert_eq!(other.check().await, Ok(()));
}

async fn the_next_goes_on_at_once_after_a_release(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let first = have(&cluster, &topic, "first").await;
    let next = tokio::spawn({
        let (cluster, topic) = (cluster.clone(), topic.clone());
        async move {
            let lock = have(&cluster, &topic, "second").await;
            (Instant::now(), lock)
        }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!next.is_finished());
    let released = Instant::now();
    first.release().await.expect("it can");
    let (had, lock) = next.await.expect("it has it");
    let took = had.saturating_duration_since(released);
    eprintln!("the next had the lock {took:?} after it was released");
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(lock.check().await, Ok(()));
}

async fn a_lock_goes_back_right_behind_what_is_recorded_last(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let first = have(&cluster, &topic, "first").await;
    let writer = Writer::begin(&cluster, &topic).expect("it can");
    let whose = OwnerKey {
        scope: Some("shop".to_owned()),
        environment: Some("prod".to_owned()),
    };
    let owned = |n| {
        let owned = Owned {
            whose: whose.clone(),
            ..Owned::default()
        };
        InventoryRecord::Owned(TopicName::new(format!("t{n:04}")), owned)
    };
    let entries: Vec<InventoryRecord> = (0..1_000).map(owned).collect();
    first
        .release_behind(&writer, &entries)
        .await
        .expect("it can");
    let second = take(&cluster, &topic, "second", NOW).await;
    let second = second.expect("it is free");
    let contents = second
        .contents(&harness::ASKING)
        .await
        .expect("it can be read");
    assert_eq!(contents.inventory.topics.len(), 1_000);
    // Neither revokes the lock nor writes anything: the second has it, with one additional record
    // of its own.
    first.release().await.expect("it is done already");
    let settling = second.settle(&harness::ASKING).await;
    let settling = settling.expect("nobody else does");
    assert_eq!(settling.contents().end, contents.end + 1);
    settling.end().await;
    assert_eq!(second.check().await, Ok(()));
    assert_eq!(
        held_by(take(&cluster, &topic, "me", NOW).await).by,
        "second"
    );
}

async fn the_next_has_it_soon_after_the_holder_was_killed(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let child = Held::start(&test, &topic);
    assert_eq!(held_by(take(&cluster, &topic, "me", NOW).await).by, "child");
    child.signal("-KILL");
    let killed = Instant::now();
    let lock = have(&cluster, &topic, "me").await;
    let took = killed.elapsed();
    eprintln!("the next had the lock {took:?} after its holder was killed");
    assert!(took < TTL + Duration::from_secs(2), "{took:?}");
    assert_eq!(lock.check().await, Ok(()));
}

async fn a_holder_that_was_stopped_loses_it_and_knows(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let mut child = Held::start(&test, &topic);
    child.signal("-STOP");
    let lock = have(&cluster, &topic, "me").await;
    child.signal("-CONT");
    let said = child.line();
    let expected = format!("the lock was lost to me (process {})", std::process::id());
    assert_eq!(said, expected);
    assert!(child.child.wait().is_ok_and(|status| status.success()));
    assert_eq!(lock.check().await, Ok(()));
    lock.release().await.expect("it can");
    let contents = inventory::read(&cluster, &topic, &harness::ASKING)
        .await
        .expect("it may");
    assert_eq!(
        contents.expect("it is there").locks,
        [],
        "it claims nothing any more"
    );
}

async fn a_lock_that_is_broken_is_lost(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let nobody = break_lock(&cluster, &topic, RESOURCE).await;
    assert_eq!(nobody, Ok(None));
    let first = have(&cluster, &topic, "first").await;
    let broken = break_lock(&cluster, &topic, RESOURCE)
        .await
        .expect("it may");
    assert_eq!(broken.map(|holder| holder.by).as_deref(), Some("first"));
    let start = Instant::now();
    let second = have(&cluster, &topic, "second").await;
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    // It is detected by the next renewal.
    harness::eventually("the first one knows", async || {
        matches!(first.check().await, Err(LockLost::Taken(Some(holder))) if holder.by == "second")
    })
    .await;
    assert_eq!(second.check().await, Ok(()));
}

async fn who_holds_it_stands_in_the_inventory(test: Test) {
    let (cluster, topic) = inventory(&test).await;
    let lock = have(&cluster, &topic, "first").await;
    let contents = inventory::read(&cluster, &topic, &harness::ASKING)
        .await
        .expect("it may");
    let locks = contents.expect("it is there").locks;
    let [taken] = locks.as_slice() else {
        panic!("{locks:?}");
    };
    assert_eq!(taken.resource, RESOURCE);
    assert_eq!(taken.holder.by, "first");
    assert_eq!(taken.holder.since_ms, lock.now().now_ms());
    assert!(taken.until_ms >= lock.now().now_ms() + 10_000);
}

async fn the_right_to_write_is_missing(test: Test) {
    let (_, topic) = inventory(&test).await;
    harness::allow(&test, &topic, &["Read", "DescribeConfigs"]);
    let reader = connect(connection_as(
        &test.broker().sasl(),
        "reader",
        "reader-secret",
    ))
    .await;
    let denied = async || match take(&reader, &topic, "reader", NOW).await {
        Err(LockError::Inventory(InventoryError::NoRight { right, .. })) => Some(right),
        _ => None,
    };
    harness::eventually("the right to write is all that is missing", async || {
        denied().await == Some(Right::Write)
    })
    .await;
}

async fn there_is_no_inventory(test: Test) {
    let (cluster, topic) = (test.cluster().await, test.topic("none"));
    let taken = take(&cluster, &topic, "me", NOW).await;
    let missing = Err(LockError::Inventory(InventoryError::Missing { topic }));
    assert_eq!(
        taken.map(drop).map_err(|e| e.to_string()),
        missing.map_err(|e: LockError| e.to_string())
    );
}
