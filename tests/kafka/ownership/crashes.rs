//! kill -9 between a change and its record, at every boundary, and lost responses about records.
//! The proxy prevents a request from ever reaching the broker, and the apply is killed at that
//! moment.

use std::time::Instant;

use futures_util::StreamExt as _;

use super::{CUT_OFF, PATIENT, id, live, make, nothing_left, owned, planned};
use crate::harness::proxy::{Api, Fault, Proxy, Rule, When};
use crate::harness::{Repository, Run, Test, inventory};
use crate::meanwhile::{results, wait_for};

crate::harness::tests! {
    killed_at_every_boundary,
    killed_before_there_is_a_lock,
    a_record_is_repeated,
    new_topics_are_recorded_with_their_ids,
    a_broker_that_does_not_know_a_new_topic_yet,
    a_new_topic_whose_id_nobody_tells,
    a_change_that_could_not_be_recorded,
    a_record_alone_without_an_answer,
    a_tombstone_that_cannot_be_noted_deletes_nothing,
}

/// Concurrent cells, which mostly wait for a lock to expire.
const AT_ONCE: usize = 6;

/// An apply that is killed while one of its requests is in flight.
struct Crash {
    name: &'static str,
    /// Topics created by hand.
    made: &'static str,
    /// The configuration applied before.
    before: &'static str,
    /// The configuration being applied.
    files: &'static str,
    /// The request that never reaches the broker.
    lost: Rule,
    /// The changes of the next plan.
    mends: &'static str,
    /// The live topics, and the owned topics, at the end.
    live: &'static str,
    owned: &'static str,
}

fn lost(api: Api) -> Rule {
    Rule::new(api, When::Writing, Fault::SilentBefore).times(usize::MAX)
}

const KEPT: &str = "[topics.\"@kept\"]\n";
const A: &str = "[topics.\"@a\"]\n";
const ARMED: &str = "[topics.\"@a\"]\non_remove = \"delete\"\n";
const TOMBSTONE: &str = "[removed.\"@a\"]\n";

fn crashes() -> Vec<Crash> {
    let produce = || lost(Api::Produce);
    vec![
        Crash {
            name: "create",
            made: "",
            before: KEPT,
            files: A,
            lost: produce(),
            mends: "@a adopt; @kept release",
            live: "a bystander kept",
            owned: "@a",
        },
        Crash {
            name: "adopt",
            made: "a",
            before: KEPT,
            files: A,
            lost: produce(),
            mends: "@a adopt; @kept release",
            live: "a bystander kept",
            owned: "@a",
        },
        Crash {
            name: "update",
            made: "",
            before: A,
            files: "[topics.\"@a\"]\nconfig.retention.ms = \"8d\"\n",
            lost: produce(),
            mends: "@a update-inventory config.retention.ms ->691200000",
            live: "a bystander",
            owned: "@a",
        },
        Crash {
            name: "grow",
            made: "",
            before: A,
            files: "[topics.\"@a\"]\npartitions = 2\n",
            lost: produce(),
            mends: "@a update-inventory partitions 1>2",
            live: "a bystander",
            owned: "@a",
        },
        Crash {
            name: "arm",
            made: "",
            before: A,
            files: ARMED,
            lost: produce(),
            mends: "@a update-inventory on_remove retain>delete",
            live: "a bystander",
            owned: "@a",
        },
        Crash {
            name: "release",
            made: "",
            before: A,
            files: "",
            lost: produce(),
            mends: "@a release",
            live: "a bystander",
            owned: "",
        },
        Crash {
            name: "delete",
            made: "",
            before: ARMED,
            files: "",
            lost: lost(Api::DeleteTopics),
            mends: "@a delete",
            live: "bystander",
            owned: "",
        },
        Crash {
            name: "deleted",
            made: "",
            before: ARMED,
            files: "",
            lost: produce(),
            mends: "@a release",
            live: "bystander",
            owned: "",
        },
        Crash {
            name: "not-yet-spent",
            made: "a",
            before: KEPT,
            files: TOMBSTONE,
            lost: produce(),
            mends: "@a delete; @kept release",
            live: "bystander kept",
            owned: "",
        },
        Crash {
            name: "spent",
            made: "a",
            before: KEPT,
            files: TOMBSTONE,
            lost: lost(Api::DeleteTopics),
            mends: "@a delete; @kept release",
            live: "bystander kept",
            owned: "",
        },
        Crash {
            name: "spent-and-deleted",
            made: "",
            before: A,
            files: TOMBSTONE,
            lost: produce().nth(2),
            mends: "@a update-inventory record owned>-",
            live: "bystander",
            owned: "",
        },
    ]
}

async fn killed_at_every_boundary(test: Test) {
    let cells = crashes().into_iter().map(|cell| {
        let test = test.part(cell.name);
        let runtime = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || runtime.block_on(killed(test, cell)))
    });
    let cells: Vec<_> = futures_util::stream::iter(cells)
        .buffered(AT_ONCE)
        .collect()
        .await;
    for cell in cells {
        cell.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    }
}

async fn killed(test: Test, cell: Crash) {
    let name = cell.name;
    make(&test, "bystander", &[("retention.ms", "3600000")]).await;
    let bystander = id(&test, "bystander").await;
    if !cell.made.is_empty() {
        make(&test, cell.made, &[]).await;
    }
    let repository = super::applied(&test, cell.before);
    repository.topics(cell.files);
    killed_by(&test, &repository, cell.lost);

    assert_eq!(planned(&repository), cell.mends, "{name}");
    mended(&repository);
    assert_eq!(live(&test).await, cell.live, "{name}");
    assert_eq!(owned(&repository), cell.owned, "{name}");
    assert_eq!(id(&test, "bystander").await, bystander, "{name}");
    let held = crate::apply::held(&test, "bystander", "retention.ms").await;
    assert_eq!(held.as_deref(), Some("3600000"), "{name}");
}

/// Runs an apply that is killed when the lost request is sent.
fn killed_by(test: &Test, repository: &Repository, lost: Rule) {
    let proxy = Proxy::before(test.broker().servers(), &[lost]);
    repository.environment("dev", proxy.servers(), 1, &inventory("shop"));
    let apply = repository.start(PATIENT);
    wait_for(&proxy);
    apply.signal("KILL");
    assert_eq!(apply.end().code, None);
    repository.owning("dev", "shop");
}

/// Asserts that the next apply completes the changes and leaves nothing to do.
fn mended(repository: &Repository) {
    let start = Instant::now();
    repository.run(PATIENT).exits(0);
    eprintln!(
        "after a kill -9 the next apply ended in {:.1?}",
        start.elapsed()
    );
    nothing_left(repository);
}

/// The very first apply: the inventory is created or not, and no process has the lock.
async fn killed_before_there_is_a_lock(test: Test) {
    let claim = Rule::new(Api::Claim, When::After, Fault::SilentBefore).times(usize::MAX);
    let cells = [
        ("made", claim, true),
        ("not-made", lost(Api::CreateTopics), false),
    ];
    for (name, rule, exists) in cells {
        let test = test.part(name);
        let repository = test.owning_repository(A);
        killed_by(&test, &repository, rule);
        assert_eq!(super::listed(&repository)["exists"], exists, "{name}");
        assert_eq!(live(&test).await, "", "{name}");
        assert_eq!(planned(&repository), "@a create", "{name}");
        repository.run("apply --yes").exits(0);
        nothing_left(&repository);
        assert_eq!(owned(&repository), "@a", "{name}");
    }
}

/// Runs an apply over a network with this fault.
fn under(test: &Test, repository: &Repository, rule: Rule) -> Run {
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, &inventory("shop"));
    let arguments = format!("{PATIENT} --format json --timeout {}s", CUT_OFF.as_secs());
    let run = repository.run(&arguments);
    assert!(proxy.fired() > 0, "no fault came to be: {run}");
    repository.owning("dev", "shop");
    run
}

/// A single loss is recovered: the record is sent again, and appended once.
async fn a_record_is_repeated(test: Test) {
    for (name, fault) in [("before", Fault::CutBefore), ("after", Fault::CutAfter)] {
        let test = test.part(name);
        let repository = super::applied(&test, KEPT);
        repository.topics(&format!("{KEPT}{A}"));
        let rule = Rule::new(Api::Produce, When::Writing, fault);
        under(&test, &repository, rule).exits(0);
        nothing_left(&repository);
        assert_eq!(owned(&repository), "@a @kept", "{name}");
    }
}

/// Two of them are described, and prove what was read of the others; otherwise, all are described.
async fn new_topics_are_recorded_with_their_ids(test: Test) {
    let all = ["a", "b", "c", "d", "e"];
    let topics: String = all.map(|name| format!("[topics.\"@{name}\"]\n")).concat();
    for part in ["proven", "not-proven"] {
        let test = test.part(part);
        let repository = test.owning_repository(&topics);
        let unknown = Rule::new(Api::Metadata, When::After, Fault::Unknown(".e"));
        match part {
            "proven" => repository.run("apply --yes").exits(0),
            _ => under(&test, &repository, unknown.times(2)).exits(0),
        };
        for name in all {
            let recorded = super::recorded(&repository, &format!("@{name}"));
            let recorded = recorded.expect("it is owned");
            assert_eq!(recorded["id"], id(&test, name).await, "{part} {name}");
        }
        nothing_left(&repository);
    }
}

/// Brokers learn of a topic one after the other, and its record contains its id.
async fn a_broker_that_does_not_know_a_new_topic_yet(test: Test) {
    let unknown = Rule::new(Api::Metadata, When::After, Fault::Unknown(".late"));
    let repository = test.owning_repository("[topics.\"@late\"]\n");
    under(&test, &repository, unknown.times(3)).exits(0);
    let recorded = super::recorded(&repository, "@late").expect("it is owned");
    assert_eq!(recorded["id"], id(&test, "late").await);
    nothing_left(&repository);
}

/// Without its id, its record would match any later topic with its name: it is not recorded at all.
async fn a_new_topic_whose_id_nobody_tells(test: Test) {
    let unknown = Rule::new(Api::Metadata, When::After, Fault::Unknown(".late"));
    let repository = test.owning_repository("[topics.\"@late\"]\n");
    let run = under(&test, &repository, unknown.times(usize::MAX)).exits(3);
    run.says("its id could not be read: UNKNOWN_TOPIC_OR_PARTITION");
    assert_eq!(planned(&repository), "@late adopt");
    repository.run("apply --yes").exits(0);
    let recorded = super::recorded(&repository, "@late").expect("it is owned");
    assert_eq!(recorded["id"], id(&test, "late").await);
}

async fn a_change_that_could_not_be_recorded(test: Test) {
    for (name, fault) in [
        ("not-sent", Fault::SilentBefore),
        ("sent", Fault::SilentAfter),
    ] {
        let test = test.part(name);
        let repository = super::applied(&test, A);
        repository.topics("[topics.\"@a\"]\nconfig.retention.ms = \"8d\"\n[topics.\"@b\"]\n");
        let rule = Rule::new(Api::Produce, When::Writing, fault).times(usize::MAX);
        let run = under(&test, &repository, rule).exits(3);
        let words = results(&run);
        assert!(
            words.contains("@a unknown: not recorded: "),
            "{name}: {run}"
        );
        assert!(
            words.contains("@b unknown: not recorded: "),
            "{name}: {run}"
        );
        // The outcomes of the topics themselves are reported nevertheless.
        let json = run.json();
        assert_eq!(
            json["changes"][0]["settings"][0]["result"], "applied",
            "{name}: {run}"
        );
        assert_eq!(
            json["changes"][1]["settings"][0]["result"], "applied",
            "{name}: {run}"
        );
        assert_eq!(live(&test).await, "a b", "{name}");
        mended(&repository);
        assert_eq!(owned(&repository), "@a @b", "{name}");
    }
}

/// It is unknown whether it was recorded: that differs from "nothing was changed".
async fn a_record_alone_without_an_answer(test: Test) {
    let repository = super::applied(&test, A);
    repository.topics(ARMED);
    let rule = Rule::new(Api::Produce, When::Writing, Fault::SilentAfter).times(usize::MAX);
    let run = under(&test, &repository, rule).exits(3);
    assert!(
        results(&run).starts_with("@a unknown: not recorded: "),
        "{run}"
    );
    // It was recorded, in fact.
    nothing_left(&repository);
}

async fn a_tombstone_that_cannot_be_noted_deletes_nothing(test: Test) {
    make(&test, "a", &[]).await;
    let repository = super::applied(&test, KEPT);
    repository.topics(&format!("{KEPT}{TOMBSTONE}"));
    let run = under(&test, &repository, lost(Api::Produce)).exits(1);
    let words = results(&run);
    assert!(
        words.starts_with("@a skipped: the inventory has to hold it beforehand"),
        "{run}"
    );
    assert_eq!(live(&test).await, "a kept");
    mended(&repository);
    assert_eq!(live(&test).await, "kept");
}
