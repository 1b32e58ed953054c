//! `--metrics-file` on a real broker: the contents of the file after each command, and after a
//! failure.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{self, Repository, Test};

harness::tests! {
    figures_of_plan_apply_and_drift,
    a_run_that_failed_keeps_the_last_success,
    several_environments_of_which_one_is_gone,
    a_file_that_cannot_be_written,
}

/// Returns the value of a metric in a file.
#[track_caller]
fn value(repository: &Repository, file: &str, metric: &str) -> Option<f64> {
    let text = fs::read_to_string(repository.path(file)).expect("it is written");
    let mut lines = text.lines();
    let line = lines.find_map(|line| line.strip_prefix(metric)?.strip_prefix(' '));
    line.map(|number| number.parse().unwrap_or_else(|_| panic!("{line:?}")))
}

fn metric(name: &str, command: &str, environment: &str) -> String {
    format!("topicsmith_{name}{{command=\"{command}\",environment=\"{environment}\"}}")
}

const TOPICS: &str =
    "[topics.\"@a\"]\npartitions = 4\nconfig.retention.ms = \"1d\"\n[topics.\"@b\"]\n";

async fn figures_of_plan_apply_and_drift(test: Test) {
    let repository = test.owning_repository(TOPICS);
    let of = |file: &str, name: &str, command: &str| {
        value(&repository, file, &metric(name, command, "dev"))
    };
    repository.run("plan --metrics-file plan.prom").exits(0);
    for (name, expected) in [
        ("topics", 2.0),
        ("partitions", 5.0),
        ("pending_topics", 2.0),
        ("drifted_topics", 0.0),
        ("blocked", 0.0),
        ("run_success", 1.0),
    ] {
        assert_eq!(of("plan.prom", name, "plan"), Some(expected), "{name}");
    }
    let create = "topicsmith_changes{command=\"plan\",environment=\"dev\",action=\"create\"}";
    assert_eq!(value(&repository, "plan.prom", create), Some(2.0));
    let mode = fs::metadata(repository.path("plan.prom"))
        .expect("it is there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o644);

    repository
        .run("apply --yes --metrics-file apply.prom")
        .exits(0);
    let outcome = |outcome: &str| {
        let metric = format!(
            "topicsmith_apply_changes{{command=\"apply\",environment=\"dev\",outcome=\"{outcome}\"}}"
        );
        value(&repository, "apply.prom", &metric)
    };
    assert_eq!(
        (outcome("applied"), outcome("failed"), outcome("unknown")),
        (Some(2.0), Some(0.0), Some(0.0))
    );
    assert_eq!(of("apply.prom", "run_success", "apply"), Some(1.0));

    let topic = test.topic("a");
    let alter = [
        "--alter",
        "--entity-type",
        "topics",
        "--entity-name",
        topic.as_str(),
    ];
    let alter = [alter.as_slice(), &["--add-config", "retention.ms=60000"]].concat();
    test.broker().cli("ConfigCommand", &alter);
    repository.run("drift --metrics-file drift.prom").exits(2);
    assert_eq!(of("drift.prom", "drifted_topics", "drift"), Some(1.0));
    assert_eq!(of("drift.prom", "pending_topics", "drift"), Some(0.0));
    assert_eq!(of("drift.prom", "run_success", "drift"), Some(1.0));
}

async fn a_run_that_failed_keeps_the_last_success(test: Test) {
    let repository = test.owning_repository(TOPICS);
    let of = |name: &str| value(&repository, "plan.prom", &metric(name, "plan", "dev"));
    repository.run("plan --metrics-file plan.prom").exits(0);
    let last = of("last_success_timestamp_seconds").expect("it went well");
    assert!(last > 1_700_000_000.0, "{last}");
    let check = |what: &str| {
        assert_eq!(of("run_success"), Some(0.0), "{what}");
        assert_eq!(of("last_success_timestamp_seconds"), Some(last), "{what}");
        assert!(of("last_run_timestamp_seconds") > Some(last), "{what}");
        // Unknown values are omitted; those of another run would be misleading.
        assert_eq!(of("topics"), None, "{what}");
    };
    repository.environment("dev", "127.0.0.1:1", 1, &harness::inventory("shop"));
    repository.run("plan --metrics-file plan.prom").exits(1);
    check("the cluster is gone");
    repository.topics("[topics.\"@a\"\n");
    repository.run("plan --metrics-file plan.prom").exits(1);
    check("the files are broken");
    repository
        .run("plan -e dev --metrics-file plan.prom")
        .exits(1);
    check("the files are broken, and the environment is named");
    repository.topics(TOPICS);
    repository.owning("dev", "shop");
    repository.run("plan --metrics-file plan.prom").exits(0);
    assert_eq!(of("run_success"), Some(1.0));
    assert!(of("last_success_timestamp_seconds") > Some(last));
}

async fn several_environments_of_which_one_is_gone(test: Test) {
    let repository = test.repository(TOPICS);
    repository.environment("gone", "127.0.0.1:1", 1, "");
    repository
        .run("drift --all --metrics-file drift.prom")
        .exits(1);
    let success = |environment| {
        let metric = metric("run_success", "drift", environment);
        value(&repository, "drift.prom", &metric)
    };
    assert_eq!((success("dev"), success("gone")), (Some(1.0), Some(0.0)));
}

async fn a_file_that_cannot_be_written(test: Test) {
    let repository = test.repository(TOPICS);
    let run = repository
        .run("apply --yes --metrics-file missing/apply.prom")
        .exits(1);
    run.warns("cannot write missing/apply.prom: nothing was written");
    // An unrelated existing file is replaced, and readable for others.
    repository.write("apply.prom", "not ours \u{fffd}");
    let path = repository.path("apply.prom");
    fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("it is ours");
    repository
        .run("apply --yes --metrics-file apply.prom")
        .exits(0);
    let text = fs::read_to_string(&path).expect("it is written");
    assert!(!text.contains("not ours"), "{text}");
    assert_eq!(
        fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777,
        0o644
    );
    // Nothing was done before: all changes are left.
    let applied =
        "topicsmith_apply_changes{command=\"apply\",environment=\"dev\",outcome=\"applied\"}";
    assert_eq!(value(&repository, "apply.prom", applied), Some(2.0));
}
