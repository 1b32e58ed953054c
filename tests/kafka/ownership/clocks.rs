//! Only the brokers' clock counts: the local clock is off by a year and affects no decision. The
//! binary runs with `wrong_clock.c` preloaded, as on a machine with a wrong clock.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use tempfile::TempDir;

use super::{applied, live, make};
use crate::harness::{Repository, Run, Test};

crate::harness::tests! {
    a_young_record_keeps_its_topic_whatever_the_clock,
    a_hold_is_held_whatever_the_clock,
    an_instance_lives_as_long_as_it_should,
    a_clock_that_is_off_is_said_to_be,
}

/// Builds the library with the wrong clock, for preloading.
fn library() -> &'static Path {
    static BUILT: OnceLock<TempDir> = OnceLock::new();
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = BUILT.get_or_init(|| tempfile::tempdir().expect("a temporary folder"));
        let library = folder.path().join("wrong_clock.so");
        let source = "tests/kafka/harness/wrong_clock.c";
        let built = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .arg(&library)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(source))
            .status();
        assert!(built.expect("there is a C compiler").success());
        library
    })
}

/// Runs the binary with a clock that is off by this many seconds.
fn at(repository: &Repository, off: &str, arguments: &str) -> Run {
    let library = library().to_str().expect("it is a text");
    let variables = [("LD_PRELOAD", library), ("CLOCK_OFF", off)];
    repository.run_with(arguments, &variables)
}

/// Runs the binary with a wrong clock, not restricted to this test's topics.
fn whole_at(repository: &Repository, off: &str, arguments: &str) -> Run {
    let library = library().to_str().expect("it is a text");
    let variables = [("LD_PRELOAD", library), ("CLOCK_OFF", off)];
    repository.run_bare_with(arguments, &variables)
}

const AHEAD: &str = "31536000";
const BEHIND: &str = "-31536000";
const OFF: [&str; 2] = [AHEAD, BEHIND];

async fn a_young_record_keeps_its_topic_whatever_the_clock(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\non_remove = \"delete\"\n");
    crate::usage::write(&test, &test.topic("a"), Duration::ZERO);
    repository.topics("");
    for off in OFF {
        let run = at(&repository, off, "apply --yes --allow topic-deleted").exits(4);
        run.says("the topic is in use").says("less than a day ago");
    }
    assert_eq!(live(&test).await, "a");
}

async fn a_hold_is_held_whatever_the_clock(test: Test) {
    let week = "[topics.\"@a\"]\nconfig.retention.ms = \"7d\"\n";
    let repository = applied(&test, week);
    repository
        .run_whole("inventory hold @a --for 24h --reason INC-341")
        .exits(0);
    super::set(&test, "a", "retention.ms", "3600000").await;
    // A read-only run cannot know, and states it; a run that writes knows.
    let plan = at(&repository, AHEAD, "plan").exits(0);
    plan.says("the hold on @a until 20")
        .says("an apply goes by the brokers' clock");
    for off in OFF {
        let run = at(&repository, off, "apply --yes").exits(0);
        run.says("held until");
        let now = crate::apply::held(&test, "a", "retention.ms").await;
        assert_eq!(now.as_deref(), Some("3600000"), "{off}");
    }
    at(&repository, BEHIND, "plan").exits(0).says("held until");
}

async fn an_instance_lives_as_long_as_it_should(test: Test) {
    let repository = test.owning_repository(
        "[lifecycles.task]
parameters.id = '[a-z]+'
delete_after = \"1s\"
max_age = \"1h\"
[topics.\"@raw_{id}\"]
lifecycle = \"task\"
",
    );
    let bare = |off, arguments| whole_at(&repository, off, arguments);
    bare(BEHIND, "instance up task id=a -e dev").exits(0);
    let list = bare(AHEAD, "instance list -e dev").exits(0);
    list.says("a sweep goes by the brokers' clock, which no newer record shows");
    bare(AHEAD, "instance sweep -e dev")
        .exits(0)
        .says("No expired instances.");
    assert_eq!(live(&test).await, "raw_a");
    bare(BEHIND, "instance down task id=a -e dev --wait-delete").exits(0);
    assert_eq!(live(&test).await, "");
}

async fn a_clock_that_is_off_is_said_to_be(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\n");
    let behind = "warning: this machine's clock is at least 315";
    at(&repository, BEHIND, "plan").exits(0).warns(behind);
    let doctor = at(&repository, BEHIND, "doctor");
    doctor.says("this machine's clock is at least ");
    make(&test, "b", &[]).await;
    repository.topics("[topics.\"@a\"]\n[topics.\"@b\"]\n");
    // A run that writes detects both directions.
    let run = at(&repository, AHEAD, "apply --yes").exits(0);
    run.warns("warning: this machine's clock is 315")
        .warns(" s ahead of the brokers' clock");
    let run = repository.run("apply --yes").exits(0);
    assert!(!run.stderr.contains("clock"), "{run}");
}
