//! Read-only commands with the real binary: several clusters at once, snapshots, clusters that are
//! unreachable or do not exist yet.

use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::harness::{self, Test, new_topic};

harness::tests! {
    one_that_fails_does_not_hide_the_others,
    environments_are_read_side_by_side,
    a_plan_against_a_snapshot_is_the_same,
    a_snapshot_is_written_whole_or_not_at_all,
    list_shows_what_is_there,
    nothing_listens,
    not_a_kafka,
    a_name_that_nobody_knows,
    waiting_for_a_cluster,
    waiting_in_vain,
}

const TOPICS: &str = "
[topics.\"@a\"]
config.retention.ms = \"7d\"
[topics.\"@b\"]
partitions = 4
";

/// Returns an address at which nothing listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").to_string()
}

async fn one_that_fails_does_not_hide_the_others(test: Test) {
    let repository = test.repository(TOPICS);
    let (first, second) = (nowhere(), test.broker().servers());
    repository.environment("a-lost", &first, 1, "");
    repository.environment("z-last", second, 1, "");
    let run = repository.run("plan --all --timeout 10s").exits(1);
    let run = run.warns(&format!(
        "error: a-lost: cannot reach Kafka at {first}: nothing listens there"
    ));
    let headers: Vec<&str> = run
        .stdout
        .lines()
        .filter(|line| line.contains(" · cluster "))
        .collect();
    assert_eq!(headers.len(), 2, "{run}");
    assert!(
        headers[0].starts_with("dev · ") && headers[1].starts_with("z-last · "),
        "{run}"
    );
    let json = repository
        .run("plan -e z-last -e a-lost --format json")
        .exits(1)
        .json();
    assert_eq!(json["format"], "topicsmith/plan/1");
    assert_eq!(json["plans"][0]["environment"], "z-last");
    assert_eq!(json["plans"][0]["summary"]["create"], 2);
    assert_eq!(json["plans"][1]["environment"], "a-lost");
    let message = json["plans"][1]["error"]["message"]
        .as_str()
        .expect("a sentence");
    assert!(message.contains(&first), "{message}");
    for (command, key) in [
        ("drift", "drifts"),
        ("list", "lists"),
        ("snapshot", "snapshots"),
    ] {
        let arguments = format!("{command} --all --format json");
        let json = repository.run(&arguments).exits(1).json();
        assert_eq!(json[key][0]["environment"], "a-lost", "{command}");
        assert_eq!(json[key].as_array().map(Vec::len), Some(3), "{command}");
    }
}

/// Three clusters that never respond take as long as one.
async fn environments_are_read_side_by_side(test: Test) {
    let repository = test.repository(TOPICS);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = silent.local_addr().expect("it is bound").to_string();
    for name in ["dev", "b", "c"] {
        repository.environment(name, &address, 1, "");
    }
    let start = Instant::now();
    let run = repository.run("plan --all --timeout 4s").exits(1);
    assert!(start.elapsed() < Duration::from_secs(8), "{run}");
    assert_eq!(run.stderr.matches("error: ").count(), 3, "{run}");
}

async fn a_plan_against_a_snapshot_is_the_same(test: Test) {
    let set = [("retention.ms", "1000"), ("segment.bytes", "104857600")];
    let topics = [
        new_topic(test.topic("a"), 2, &set),
        new_topic(test.topic("stray"), 1, &[]),
    ];
    test.create(&topics).await;
    let repository = test.repository(TOPICS);
    repository.run("snapshot --out live.json").exits(0);
    for arguments in [
        "plan",
        "plan --format json",
        "plan --diff",
        "drift",
        "list",
        "list --format json",
    ] {
        let live = repository.run(arguments);
        let offline = repository.run(&format!("{arguments} --live live.json"));
        assert_eq!(live.stdout, offline.stdout, "{arguments}");
        assert_eq!(live.code, offline.code, "{arguments}");
    }
    let printed = repository.run("snapshot").exits(0);
    let written = std::fs::read_to_string(repository.path("live.json")).expect("it was written");
    let printed = printed.stdout.replace('@', &test.topic("").to_string());
    assert_eq!(printed, written);
}

async fn a_snapshot_is_written_whole_or_not_at_all(test: Test) {
    let repository = test.repository(TOPICS);
    repository
        .run("snapshot --out nowhere/live.json")
        .exits(1)
        .warns(
            "error: cannot write nowhere/live.json: nothing was written: No such file or directory",
        );
    // The disk is full.
    repository
        .run("snapshot --out /dev/full")
        .exits(1)
        .warns("No space left on device");
    // No user can write there, not even root.
    repository
        .run("snapshot --out /proc/live.json")
        .exits(1)
        .warns("error: cannot write /proc/live.json: nothing was written");
    let left = std::fs::read_dir(repository.path(".")).expect("it is a folder");
    assert_eq!(left.count(), 2, "topics, environments and nothing else");
}

async fn list_shows_what_is_there(test: Test) {
    let set = [("retention.ms", "604800000")];
    test.create(&[
        new_topic(test.topic("a"), 1, &set),
        new_topic(test.topic("stray"), 1, &[]),
    ])
    .await;
    let repository = test.repository(TOPICS);
    let list = repository.run("list").exits(0);
    let states: Vec<(&str, &str)> = list
        .stdout
        .lines()
        .filter(|line| line.starts_with('@'))
        .filter_map(|line| Some((line.split(' ').next()?, line.rsplit("  ").next()?)))
        .collect();
    let expected = [("@a", "in sync"), ("@b", "missing"), ("@stray", "unlisted")];
    assert_eq!(states, expected, "{list}");
}

async fn nothing_listens(test: Test) {
    let repository = test.repository(TOPICS);
    let address = nowhere();
    repository.environment("dev", &address, 1, "");
    let start = Instant::now();
    for command in ["plan", "drift", "list", "snapshot", "apply --yes"] {
        let run = repository.run(command).exits(1);
        run.warns(&address).warns("nothing listens there");
    }
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "no cause needs the whole time-out"
    );
    let run = repository.run("plan --format json").exits(1);
    assert_eq!(run.json()["format"], "topicsmith/diagnostics/1");
}

/// A server that answers every connection in another protocol.
async fn not_a_kafka(test: Test) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    std::thread::spawn(move || {
        use std::io::Write as _;
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let repository = test.repository(TOPICS);
    repository.environment("dev", &address, 1, "");
    let start = Instant::now();
    let run = repository.run("plan --timeout 5s").exits(1).warns(&address);
    assert!(start.elapsed() < Duration::from_secs(10), "{run}");
}

async fn a_name_that_nobody_knows(test: Test) {
    let repository = test.repository(TOPICS);
    repository.environment("dev", "kafka.invalid:9092", 1, "");
    repository
        .run("plan --timeout 10s")
        .exits(1)
        .warns("kafka.invalid:9092");
}

/// A port that leads to the broker only after a while.
async fn waiting_for_a_cluster(test: Test) {
    let address = nowhere();
    let repository = test.repository(TOPICS);
    repository.environment("dev", &address, 1, "");
    let apply = repository.start("apply --yes --wait 60s");
    harness::eventually("it waits", async || {
        apply.said().contains("waiting for dev: ")
    })
    .await;
    forward(&address, test.broker().servers());
    apply.end().exits(0).says("2 applied");
    repository.run("plan --detailed-exitcode").exits(0);
}

async fn waiting_in_vain(test: Test) {
    let repository = test.repository(TOPICS);
    let address = nowhere();
    repository.environment("dev", &address, 1, "");
    let start = Instant::now();
    let run = repository
        .run("apply --yes --wait 2s")
        .exits(1)
        .warns(&address);
    assert!(start.elapsed() >= Duration::from_secs(1), "{run}");
    assert!(start.elapsed() < Duration::from_secs(20), "{run}");
    assert_eq!(run.stderr.matches("waiting for dev").count(), 1, "{run}");
}

/// Forwards every connection from `from` to `to`.
fn forward(from: &str, to: &str) {
    let listener = TcpListener::bind(from).expect("the port is free still");
    let to = to.to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let broker = TcpStream::connect(&to).expect("the broker listens");
            let pairs = [
                (client.try_clone(), broker.try_clone()),
                (Ok(broker), Ok(client)),
            ];
            for (from, to) in pairs {
                let (mut from, mut to) = (from.expect("open"), to.expect("open"));
                std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            }
        }
    });
}
