//! Concurrent events during an apply: people, pipelines, signals, and brokers that are stopped. The
//! proxy delays a request, and the event happens during the delay.

use std::time::{Duration, Instant};

use topicsmith::internals::kafka::Cluster;

use crate::harness::proxy::{Api, Fault, Proxy, Rule, When};
use crate::harness::{self, Brokers, Repository, Run, Started, Test, create, new_topic};

harness::tests! {
    the_cluster_lost_for_good,
    deleted_before_its_change,
    deleted_after_its_change,
    made_by_somebody_else,
    a_second_signal_stops_at_once,
    sigterm_between_two_attempts,
    the_controller_paused_then_killed,
    answers_lost_right_after_the_lock,
    answers_lost_for_longer_than_the_time_out,
    answers_lost_while_the_records_are_written,
    a_far_cluster_needs_no_more_connections,
}

/// The delay of a request.
const MOMENT: Duration = Duration::from_secs(3);

/// Runs an apply through a proxy until a rule applies.
fn apply_until(test: &Test, repository: &Repository, rule: Rule) -> (Proxy, Started) {
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, "");
    let apply = repository.start("apply --yes --format json");
    wait_for(&proxy);
    (proxy, apply)
}

pub fn wait_for(proxy: &Proxy) {
    let start = Instant::now();
    while proxy.fired() == 0 {
        assert!(
            start.elapsed() < harness::LIMITS.timeout,
            "no fault came to be"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn held_back(api: Api, when: When) -> Rule {
    Rule::new(api, when, Fault::Delay(MOMENT))
}

/// Formats the outcomes as `@a applied; @b failed: message`.
pub fn results(run: &Run) -> String {
    let json = run.json();
    let changes = json["changes"].as_array().expect("a list");
    let text = |change: &serde_json::Value| {
        let word = |key: &str| change[key].as_str().unwrap_or("").to_owned();
        match word("reason").as_str() {
            "" => format!("{} {}", word("topic"), word("result")),
            reason => format!("{} {}: {reason}", word("topic"), word("result")),
        }
    };
    changes.iter().map(text).collect::<Vec<_>>().join("; ")
}

async fn delete(test: &Test, topic: &str) -> Cluster {
    let cluster = test.cluster().await;
    let deleted = cluster.delete_topics(&[test.topic(topic)]).await;
    deleted.expect("it was reached")[0]
        .clone()
        .expect("it is there");
    cluster
}

/// Asserts that a re-run completes the changes, and that nothing is left afterwards.
fn ends_well(repository: &Repository) {
    repository.run("apply --yes").exits(0);
    repository.run("plan --detailed-exitcode").exits(0);
}

const CHANGED: &str = "
[topics.\"@a\"]
config.retention.ms = \"8d\"
[topics.\"@b\"]
config.retention.ms = \"8d\"
";

async fn two_topics(test: &Test) -> Repository {
    test.create(&["a", "b"].map(|name| new_topic(test.topic(name), 1, &[])))
        .await;
    test.repository(CHANGED)
}

async fn deleted_before_its_change(test: Test) {
    let repository = two_topics(&test).await;
    let rule = held_back(Api::AlterConfigs, When::Writing);
    let (_proxy, apply) = apply_until(&test, &repository, rule);
    delete(&test, "b").await;
    let run = apply.end().exits(3);
    let words = results(&run);
    assert!(words.starts_with("@a applied; @b failed: "), "{run}");
    assert!(
        words.contains("does not exist. (UNKNOWN_TOPIC_OR_PARTITION 3)"),
        "{run}"
    );
    ends_well(&repository);
}

async fn deleted_after_its_change(test: Test) {
    let repository = two_topics(&test).await;
    let rule = held_back(Api::DescribeConfigs, When::After);
    let (_proxy, apply) = apply_until(&test, &repository, rule);
    delete(&test, "b").await;
    let run = apply.end().exits(3);
    assert_eq!(
        results(&run),
        "@a applied; @b not_effective: accepted, but the topic is gone",
        "{run}"
    );
    ends_well(&repository);
}

async fn made_by_somebody_else(test: Test) {
    let repository = test.repository(&format!("{CHANGED}[topics.\"@c\"]\n"));
    let rule = held_back(Api::CreateTopics, When::Writing);
    let (_proxy, apply) = apply_until(&test, &repository, rule);
    let same = new_topic(test.topic("a"), 1, &[("retention.ms", "691200000")]);
    let other = new_topic(test.topic("b"), 1, &[("retention.ms", "3600000")]);
    test.create(&[same, other]).await;
    let run = apply.end().exits(3);
    let words = results(&run);
    assert!(
        words.starts_with("@a already_applied; @b failed: Topic "),
        "{run}"
    );
    assert!(
        words.ends_with("already exists. (TOPIC_ALREADY_EXISTS 36); @c applied"),
        "{run}"
    );
    ends_well(&repository);
}

/// The phases after the one without a response are skipped, and the apply ends.
async fn the_cluster_lost_for_good(test: Test) {
    test.create(&[new_topic(test.topic("a"), 1, &[])]).await;
    let repository = test.repository(CHANGED);
    let rule = Rule::new(Api::CreateTopics, When::Writing, Fault::NetworkLost);
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, "");
    let start = Instant::now();
    let run = repository
        .run("apply --yes --format json --timeout 3s")
        .exits(3);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(150), "{took:?}");
    let words = results(&run);
    let not_tried = "@a skipped: the apply gave up before its turn: the cluster did not answer";
    assert!(words.starts_with(not_tried), "{run}");
    assert!(words.contains("; @b unknown: "), "{run}");
    proxy.obey(&[]);
    ends_well(&repository);
}

async fn a_second_signal_stops_at_once(test: Test) {
    let repository = two_topics(&test).await;
    let rule = Rule::new(Api::AlterConfigs, When::Writing, Fault::SilentBefore);
    let (proxy, apply) = apply_until(&test, &repository, rule);
    apply.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    apply.signal("INT");
    apply.end().exits(130);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    proxy.obey(&[]);
    ends_well(&repository);
}

/// No request is in flight then, and none is sent afterwards.
async fn sigterm_between_two_attempts(test: Test) {
    let repository = two_topics(&test).await;
    let refused = Rule::new(Api::AlterConfigs, When::Writing, Fault::Refused(89));
    let (proxy, apply) = apply_until(&test, &repository, refused.times(usize::MAX));
    std::thread::sleep(Duration::from_secs(2));
    apply.signal("TERM");
    std::thread::sleep(Duration::from_millis(500));
    let sent = proxy.fired();
    let run = apply.end().exits(130);
    assert_eq!(proxy.fired(), sent, "{run}");
    assert!(results(&run).starts_with("@a failed: "), "{run}");
    proxy.obey(&[]);
    ends_well(&repository);
}

/// Three brokers of this test's own. Its topics have two replicas, so that two brokers can create
/// them.
async fn the_controller_paused_then_killed(test: Test) {
    let brokers = Brokers::own(3);
    let cluster = harness::connect(harness::connection(brokers.servers())).await;
    let old = new_topic(test.topic("old"), 1, &[]);
    create(&cluster, &[old]).await;
    let repository = test.repository("");
    let topics = |range: std::ops::Range<usize>, rest: &str| {
        let topics = range.map(|n| format!("[topics.\"@{n}\"]\n{rest}"));
        repository.topics(&topics.collect::<String>());
    };
    let apply = |api, happens: &dyn Fn(i32)| {
        let rule = Rule::new(api, When::Writing, Fault::Delay(Duration::from_secs(1)));
        let proxy = Proxy::before(brokers.servers(), &[rule]);
        let controller = brokers.controller();
        repository.environment("dev", proxy.servers(), 2, "");
        let apply = repository.start("apply --yes");
        wait_for(&proxy);
        happens(controller);
        apply.end().exits(0);
        // A broker that was suspended catches up a moment later, and a plan may read from it.
        let start = Instant::now();
        while repository.run("plan --detailed-exitcode").code != Some(0) {
            assert!(
                start.elapsed() < harness::LIMITS.timeout,
                "the plan is not empty"
            );
            std::thread::sleep(Duration::from_millis(500));
        }
    };
    let pause = |controller| {
        brokers.signal(controller, "STOP");
        std::thread::sleep(Duration::from_secs(5));
        brokers.signal(controller, "CONT");
    };

    topics(0..50, "");
    apply(Api::CreateTopics, &pause);
    topics(0..50, "config.retention.ms = \"8d\"\npartitions = 2\n");
    apply(Api::AlterConfigs, &pause);
    topics(0..80, "config.retention.ms = \"9d\"\npartitions = 2\n");
    apply(Api::CreateTopics, &|controller| brokers.kill(controller));
    let metadata = cluster.metadata().await.expect("two brokers are up");
    let own = test.globs();
    let own = metadata
        .topics
        .keys()
        .filter(|name| own.matches(name.as_str()));
    assert_eq!(own.count(), 81, "the old one and the new ones");
}

/// Runs an apply with a network that loses all responses for a while, from a request on; the
/// connections stay open. Returns its duration.
fn without_answers(test: &Test, rule: Rule, arguments: &str) -> Duration {
    let repository = test.owning_repository("[topics.\"@a\"]\n");
    // The inventory exists, and so does the lock.
    repository.run("apply --yes").exits(0);
    repository.topics("[topics.\"@a\"]\n[topics.\"@b\"]\nconfig.retention.ms = \"8d\"\n");
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, &harness::inventory("shop"));
    let start = Instant::now();
    let apply = repository.run(&format!("apply --yes {arguments}"));
    let took = start.elapsed();
    assert_eq!(proxy.fired(), 1, "{apply}");
    apply.exits(0).says("1 applied");
    repository.owning("dev", "shop");
    repository.run("plan --detailed-exitcode").exits(0);
    took
}

async fn answers_lost_right_after_the_lock(test: Test) {
    let lost = Fault::AnswersLost(Duration::from_millis(1_400));
    // Preflight is the first request under the lock.
    let rule = Rule::new(Api::CreateTopics, When::Before, lost);
    let took = without_answers(&test, rule, "");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

async fn answers_lost_for_longer_than_the_time_out(test: Test) {
    let lost = Fault::AnswersLost(Duration::from_secs(15));
    let rule = Rule::new(Api::CreateTopics, When::Writing, lost);
    let took = without_answers(&test, rule, "--timeout 10s");
    assert!(took < Duration::from_secs(25), "{took:?}");
}

async fn answers_lost_while_the_records_are_written(test: Test) {
    let lost = Fault::AnswersLost(Duration::from_millis(1_400));
    let rule = Rule::new(Api::Produce, When::Writing, lost);
    let took = without_answers(&test, rule, "");
    assert!(took < Duration::from_secs(15), "{took:?}");
}

/// Half a second in each direction: slow but working requests are not aborted.
async fn a_far_cluster_needs_no_more_connections(test: Test) {
    let repository = test.owning_repository("[topics.\"@a\"]\n");
    repository.run("apply --yes").exits(0);
    let through = |latency: u64, arguments: &str| {
        let latency = Duration::from_millis(latency);
        let proxy = Proxy::far_before(test.broker().servers(), latency);
        let inventory = harness::inventory("shop");
        repository.environment("dev", proxy.servers(), 1, &inventory);
        let start = Instant::now();
        let run = repository.run(&format!("{arguments} -v")).exits(0);
        assert!(!run.stderr.contains("asking again"), "{run}");
        eprintln!(
            "{arguments}: {latency:?} each way: {:?}, {} connections",
            start.elapsed(),
            proxy.connections()
        );
        proxy.connections()
    };
    let topics = |names: &[&str]| {
        let topics = names.iter().map(|name| format!("[topics.\"@{name}\"]\n"));
        repository.topics(&topics.collect::<String>());
    };
    let (near, far) = (through(0, "plan"), through(500, "plan"));
    assert!(far <= near, "plan: {far} connections, {near} when near");
    topics(&["a", "b"]);
    let near = through(0, "apply --yes");
    topics(&["a", "b", "c"]);
    let far = through(500, "apply --yes");
    assert!(far <= near, "apply: {far} connections, {near} when near");
}
