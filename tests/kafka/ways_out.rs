//! Every way in which a command with a lock can end: signals at each moment, prompts, errors,
//! panics. Afterwards, the lock is released at once and the report is written.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use topicsmith::internals::inventory::{self, Holder};

use crate::harness::proxy::{Api, Fault, Proxy, Rule, When};
use crate::harness::{self, Repository, Run, Started, Test};
use crate::meanwhile::wait_for;

harness::tests! {
    a_signal_right_after_the_lock,
    a_signal_while_another_holds_the_lock,
    a_signal_in_mid_apply,
    a_second_signal_in_mid_apply,
    ctrl_c_at_the_prompt,
    a_signal_that_is_ignored_at_the_start,
    a_report_that_cannot_be_written,
    an_error_under_the_lock,
    a_reader_that_goes_away,
    a_panic,
}

const SIGNALS: [&str; 3] = ["INT", "TERM", "HUP"];

/// The delay of a request.
const MOMENT: Duration = Duration::from_secs(3);

const A: &str = "[topics.\"@a\"]\n";
const A_AND_B: &str = "[topics.\"@a\"]\n[topics.\"@b\"]\n";

/// Creates a repository with an existing inventory, and so a lock, and with `@b` to be created.
fn waiting_for_b(test: &Test) -> Repository {
    let repository = test.owning_repository(A);
    repository.run("apply --yes").exits(0);
    repository.topics(A_AND_B);
    repository
}

/// Starts an apply that a rule delays.
fn held_up(test: &Test, repository: &Repository, rule: Rule) -> (Proxy, Started) {
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, &harness::inventory("shop"));
    let apply = repository.start("apply --yes --report report.json");
    wait_for(&proxy);
    (proxy, apply)
}

/// Asserts by the inventory that the lock is free.
fn lock_is_free(repository: &Repository, run: &Run) {
    repository.owning("dev", "shop");
    let list = repository.run_bare("inventory list -e dev --format json");
    let list = list.exits(0).json();
    assert_eq!(list["locks"], serde_json::json!([]), "after {run}");
}

fn report(repository: &Repository) -> serde_json::Value {
    let text = std::fs::read_to_string(repository.path("report.json"));
    let text = text.expect("a report was written");
    serde_json::from_str(&text).expect("it is JSON")
}

async fn a_signal_right_after_the_lock(test: Test) {
    for signal in SIGNALS {
        let test = test.part(signal);
        let repository = waiting_for_b(&test);
        // Preflight is the first request under the lock.
        let rule = Rule::new(Api::CreateTopics, When::Before, Fault::Delay(MOMENT));
        let (_proxy, apply) = held_up(&test, &repository, rule);
        let start = Instant::now();
        apply.signal(signal);
        let run = apply.end().exits(130);
        assert!(start.elapsed() < MOMENT, "{:?}", start.elapsed());
        let run = run.warns("error: interrupted, and no topic was changed\n");
        lock_is_free(&repository, &run);
        assert_eq!(report(&repository)["problems"][0]["code"], "interrupted");
        repository.run("apply --yes").exits(0).says("1 applied");
    }
}

/// A waiting process has a claim in the log, too: it would get the lock next.
async fn a_signal_while_another_holds_the_lock(test: Test) {
    let repository = waiting_for_b(&test);
    let rule = Rule::new(Api::CreateTopics, When::Writing, Fault::Delay(MOMENT));
    let (_proxy, first) = held_up(&test, &repository, rule);
    repository.owning("dev", "shop");
    let second = repository.start("apply --yes --lock-timeout 5m");
    let start = Instant::now();
    while !second.said().contains("waiting for another apply") {
        assert!(
            start.elapsed() < harness::LIMITS.timeout,
            "it waits for none"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    second.signal("INT");
    let second = second.end().exits(130);
    let first = first.end().exits(0);
    lock_is_free(&repository, &first);
    drop(second);
}

async fn a_signal_in_mid_apply(test: Test) {
    for signal in SIGNALS {
        let test = test.part(signal);
        let repository = waiting_for_b(&test);
        let rule = Rule::new(Api::CreateTopics, When::Writing, Fault::Delay(MOMENT));
        let (_proxy, apply) = held_up(&test, &repository, rule);
        apply.signal(signal);
        let run = apply.end().exits(130);
        lock_is_free(&repository, &run);
        let report = report(&repository);
        assert_eq!(report["format"], "topicsmith/report/1", "{report}");
        assert_eq!(report["changes"][0]["result"], "applied", "{report}");
    }
}

async fn a_second_signal_in_mid_apply(test: Test) {
    let repository = waiting_for_b(&test);
    let rule = Rule::new(Api::CreateTopics, When::Writing, Fault::Delay(MOMENT * 5));
    let (_proxy, apply) = held_up(&test, &repository, rule);
    apply.signal("INT");
    let start = Instant::now();
    while !apply.said().contains("press Ctrl-C again to abort") {
        assert!(start.elapsed() < MOMENT, "it heard no signal");
        std::thread::sleep(Duration::from_millis(20));
    }
    apply.signal("INT");
    let run = apply.end().exits(130);
    assert!(start.elapsed() < MOMENT, "{:?}", start.elapsed());
    lock_is_free(&repository, &run);
    let report = report(&repository);
    let message = &report["problems"][0]["message"];
    let expected = "interrupted at once: what was in flight may have changed topics";
    assert_eq!(message, expected, "{report}");
}

async fn ctrl_c_at_the_prompt(test: Test) {
    let repository = waiting_for_b(&test);
    let command = repository.command("apply --report report.json");
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let shown = repository.path("shown");
    let mut terminal = Command::new("script")
        .args(["-qec", &words.join(" "), "/dev/null"])
        .current_dir(repository.path("."))
        .stdin(Stdio::piped())
        .stdout(std::fs::File::create(&shown).expect("it can be made"))
        .spawn()
        .expect("script is part of every Linux");
    let start = Instant::now();
    let shows = || std::fs::read_to_string(&shown).expect("it is text");
    while !shows().contains("Apply this to dev") {
        assert!(start.elapsed() < harness::LIMITS.timeout, "{}", shows());
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut keys = terminal.stdin.take().expect("it is piped");
    keys.write_all(b"\x03").expect("it is read");
    let output = terminal.wait_with_output().expect("it ends");
    drop(keys);
    let run = repository.ended("apply", &output).exits(130);
    lock_is_free(&repository, &run);
    assert_eq!(report(&repository)["problems"][0]["code"], "interrupted");
}

/// As with `nohup`.
async fn a_signal_that_is_ignored_at_the_start(test: Test) {
    let repository = waiting_for_b(&test);
    let rule = Rule::new(Api::CreateTopics, When::Before, Fault::Delay(MOMENT));
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, &harness::inventory("shop"));
    let command = repository.command("apply --yes");
    let mut nohup = Command::new("sh");
    nohup
        .args(["-c", "trap '' HUP; exec \"$0\" \"$@\""])
        .arg(command.get_program())
        .args(command.get_args())
        .current_dir(repository.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    let mut child = nohup.spawn().expect("it can be run");
    wait_for(&proxy);
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-HUP", &pid]).status();
    assert!(sent.expect("kill can be run").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

async fn a_report_that_cannot_be_written(test: Test) {
    let repository = waiting_for_b(&test);
    repository.write("out/keep", "");
    let rule = Rule::new(Api::CreateTopics, When::Writing, Fault::Delay(MOMENT));
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, &harness::inventory("shop"));
    let apply = repository.start("apply --yes --report out/report.json");
    wait_for(&proxy);
    std::fs::remove_dir_all(repository.path("out")).expect("it is there");
    let run = apply.end().exits(3).says("1 applied");
    let run = run.warns("cannot write out/report.json");
    lock_is_free(&repository, &run);
}

/// The network fails during planning.
async fn an_error_under_the_lock(test: Test) {
    let repository = waiting_for_b(&test);
    let rule = Rule::new(Api::CreateTopics, When::Before, Fault::NetworkLost);
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, &harness::inventory("shop"));
    let run = repository.run("apply --yes --timeout 3s --report report.json");
    assert_ne!(run.code, Some(0), "{run}");
    assert!(report(&repository)["format"].is_string());
    // The lock could not be released over this network; it expires.
    repository.owning("dev", "shop");
    repository
        .run("apply --yes --lock-timeout 20s")
        .exits(0)
        .says("1 applied");
}

/// Both streams are closed.
async fn a_reader_that_goes_away(test: Test) {
    let repository = waiting_for_b(&test);
    let command = repository.command("apply --yes -v --report report.json");
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_string_lossy()))
        .collect();
    let line = format!("({} ; echo $? >code) 2>&1 | true", words.join(" "));
    let done = Command::new("sh")
        .args(["-c", &line])
        .current_dir(repository.path("."))
        .output();
    let run = repository.ended("apply", &done.expect("it can be run"));
    let start = Instant::now();
    while !repository.path("code").exists() {
        assert!(start.elapsed() < harness::LIMITS.timeout, "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    }
    lock_is_free(&repository, &run);
    let report = report(&repository);
    assert_eq!(report["changes"][0]["result"], "applied", "{report}");
}

/// The lock is dropped.
async fn a_panic(test: Test) {
    let (cluster, topic) = (test.cluster().await, test.topic("inventory"));
    let made = inventory::create(&cluster, &topic, 1).await;
    made.unwrap_or_else(|error| panic!("{error}"));
    let take = async |by: &str| {
        let holder = Holder {
            by: by.to_owned(),
            ..Holder::default()
        };
        let lock = inventory::lock(&cluster, &topic, "apply/x", holder, Duration::ZERO, |_| ());
        lock.await.unwrap_or_else(|error| panic!("{error}"))
    };
    let lock = take("first").await;
    let panicked = tokio::spawn(async move {
        let _lock = lock;
        panic!("as in a bug");
    });
    assert!(panicked.await.is_err_and(|error| error.is_panic()));
    inventory::given_back().await;
    take("second").await.release().await.expect("it can");
}
