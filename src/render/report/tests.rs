//! A report with everything that can become of a change, as a person and a program get it.

use super::document::ReportDocument;
use super::text;
use crate::apply::{
    ActualState, Fault, OperationKind, Outcome, PartOutcome, Report, ReportEntry, SkipReason,
    UnknownReason,
};
use crate::model::{BlockCode, document};
use crate::plan::{Action, Options, Setting, make};
use crate::render::Style;
use crate::testing::{desired, live};

fn fault(code: i32, name: &str, message: &str) -> Fault {
    Fault {
        code,
        name: name.to_owned(),
        message: message.to_owned(),
    }
}

fn config(key: &str, outcome: Outcome) -> PartOutcome {
    PartOutcome {
        setting: Some(Setting::Config(key.into())),
        doing: Some(OperationKind::Set),
        outcome,
    }
}

fn topic(doing: OperationKind, outcome: Outcome) -> PartOutcome {
    PartOutcome {
        setting: None,
        doing: Some(doing),
        outcome,
    }
}

fn partitions(outcome: Outcome) -> PartOutcome {
    PartOutcome {
        setting: Some(Setting::Partitions),
        doing: Some(OperationKind::AddPartitions),
        outcome,
    }
}

fn entry(topic: &str, action: Action, parts: Vec<PartOutcome>) -> ReportEntry {
    ReportEntry {
        topic: topic.into(),
        action: Some(action),
        parts,
    }
}

fn report() -> Report {
    let invalid = || {
        fault(
            40,
            "INVALID_CONFIG",
            "Invalid value -5 for configuration retention.ms",
        )
    };
    let silence = || fault(-185, "_TIMED_OUT", "Local: Timed out");
    let too_few = SkipReason::TooFewInSync {
        partition: 2,
        in_sync: 1,
        wanted: 2,
    };
    let blocked = ReportEntry {
        topic: "f-blocked".into(),
        action: None,
        parts: vec![
            PartOutcome {
                doing: None,
                ..partitions(Outcome::Blocked(
                    BlockCode::PartitionsDecrease,
                    "partitions 6 → 3: Kafka cannot remove partitions".to_owned(),
                ))
            },
            config(
                "min.insync.replicas",
                Outcome::Held(BlockCode::PartitionsDecrease),
            ),
        ],
    };
    let update = |topic, parts| entry(topic, Action::Update, parts);
    Report {
        environment: "prod".to_owned(),
        cluster_id: Some("c1".to_owned()),
        entries: vec![
            update(
                "a-failed",
                vec![
                    partitions(Outcome::Applied),
                    config("cleanup.policy", Outcome::Failed(invalid())),
                    config("retention.ms", Outcome::Failed(invalid())),
                ],
            ),
            entry(
                "b-not-kept",
                Action::Create,
                vec![
                    topic(OperationKind::Create, Outcome::Applied),
                    config(
                        "retention.ms",
                        Outcome::NotEffective(ActualState::Config(Some("604800000".to_owned()))),
                    ),
                ],
            ),
            entry(
                "c-unknown",
                Action::Create,
                vec![topic(
                    OperationKind::Create,
                    Outcome::Unknown(UnknownReason::Unanswered(silence())),
                )],
            ),
            update(
                "d-not-tried",
                vec![config("min.insync.replicas", Outcome::Skipped(too_few))],
            ),
            entry(
                "e-still-there",
                Action::Delete,
                vec![topic(
                    OperationKind::Delete,
                    Outcome::NotEffective(ActualState::Topic),
                )],
            ),
            blocked,
            update("g-fine", vec![partitions(Outcome::Applied)]),
            entry(
                "h-fine",
                Action::Create,
                vec![topic(OperationKind::Create, Outcome::AlreadyApplied)],
            ),
        ],
        interrupted: false,
    }
}

#[test]
fn what_needs_attention_is_said_and_nothing_else() {
    let expected = "  \
  ! a-failed       failed
      cleanup.policy, retention.ms: Invalid value -5 for configuration retention.ms (INVALID_CONFIG 40)
  ! b-not-kept     not effective
      retention.ms: accepted, but the topic holds 7d (604800000)
  ! c-unknown      unknown
      no answer came, and the cluster does not show it so far: Local: Timed out (_TIMED_OUT -185)
  ! d-not-tried    skipped
      min.insync.replicas: partition 2 has 1 replica in sync, and with 2 asked for acks=all producers would stop
  ! e-still-there  not effective
      accepted, but the topic is there, still or again
  ! f-blocked      blocked
      partitions 6 → 3: Kafka cannot remove partitions
      min.insync.replicas: held: it waits for what is blocked by partitions-decrease

1 applied, 1 already applied, 1 failed, 2 not effective, 1 unknown, 1 blocked, 1 skipped
Fix the reported errors and run apply again; completed changes are kept.
Skipped changes: fix the reasons above and run apply again.
To see what became of unknown changes, run: topicsmith plan -e prod
Not effective: declare the value that the topic has, or list the setting in `unmanaged`.
To resolve blocked changes, run: topicsmith plan -e prod
";
    let shown = text(&report(), Style::default());
    assert_eq!(shown, expected, "{shown}");
}

#[test]
fn an_interrupted_apply_says_how_to_go_on() {
    let report = Report {
        interrupted: true,
        entries: vec![entry(
            "a",
            Action::Delete,
            vec![topic(
                OperationKind::Delete,
                Outcome::Skipped(SkipReason::NotReached),
            )],
        )],
        ..report()
    };
    let shown = text(&report, Style::default());
    let expected =
        "1 skipped\nInterrupted. Run apply again to continue; completed changes are kept.\n";
    assert_eq!(shown, expected, "{shown}");
}

#[test]
fn as_json() {
    let plan = make(&desired([]), &live([]), &Options::default());
    let json = document::json(&ReportDocument::new(&report(), &plan));
    let summary = serde_json::json!({
        "applied": 1, "already_applied": 1, "failed": 1, "not_effective": 2,
        "unknown": 1, "blocked": 1, "held": 0, "skipped": 1,
    });
    assert_eq!(json["summary"], summary);
    let failed = serde_json::json!({
        "setting": "config.retention.ms",
        "action": "set",
        "result": "failed",
        "code": "INVALID_CONFIG",
        "message": "Invalid value -5 for configuration retention.ms (INVALID_CONFIG 40)",
    });
    assert_eq!(json["changes"][0]["settings"][2], failed);
    assert_eq!(json["changes"][0]["result"], "failed");
    assert_eq!(json["changes"][5]["action"], serde_json::Value::Null);
    assert_eq!(json["changes"][5]["settings"][1]["result"], "held");
}

/// A plan of which one change is listed and one blocked.
fn planned() -> crate::plan::Plan {
    let wanted = [
        ("a-failed", crate::testing::topic(6, 3, &[])),
        ("f-blocked", crate::testing::topic(3, 3, &[])),
    ];
    let found = crate::testing::found;
    let live = live([
        ("a-failed", found(3, 3, &[])),
        ("f-blocked", found(6, 3, &[])),
    ]);
    make(&desired(wanted), &live, &Options::default())
}

#[test]
fn in_a_comment_the_worst_comes_first() {
    let section = super::section(&report(), &planned());
    let heading = "Apply to prod: 1 applied, 1 already applied, 1 failed, 2 not effective, 1 unknown, 1 blocked, 1 skipped";
    assert_eq!(section.heading, heading);
    let rows: Vec<String> = section
        .entries
        .iter()
        .map(|entry| entry.cells[..3].join(" "))
        .collect();
    let expected = [
        "**failed** `a-failed` update",
        "**unknown** `c-unknown` create",
        "**not effective** `b-not-kept` create",
        "**not effective** `e-still-there` delete",
        "**skipped** `d-not-tried` update",
        "**blocked** `f-blocked` ",
        "applied `g-fine` update",
        "already applied `h-fine` create",
    ];
    assert_eq!(rows, expected);
    let why = "cleanup.policy, retention.ms: Invalid value -5 for configuration retention.ms (INVALID\\_CONFIG 40)";
    assert_eq!(section.entries[0].cells[3], why);
    assert_eq!(section.entries[5].details.len(), 2);
    assert_eq!(section.alerts.len(), 5);
}

#[test]
fn annotations_tell_what_is_not_as_wanted_at_its_place() {
    let said = super::annotations(&report(), &planned());
    let text = crate::render::github::log(&[said], std::path::Path::new("")).to_string();
    let begins: Vec<String> = text
        .lines()
        .map(|line| line.chars().take_while(|c| *c != ',').collect())
        .collect();
    assert_eq!(text.matches("::error").count(), 6, "{text}");
    assert_eq!(begins[0], "::error file=topics/a.toml", "{text}");
    let blocked = "::error file=topics/a.toml,line=2,col=1,title=prod%3A f-blocked blocked::partitions 6 → 3: Kafka cannot remove partitions%0Amin.insync.replicas: held: it waits for what is blocked by partitions-decrease\n";
    assert!(text.contains(blocked), "{text}");
    assert!(!text.contains("fine"), "{text}");
    let last = "topicsmith: prod: 1 applied, 1 already applied, 1 failed, 2 not effective, 1 unknown, 1 blocked, 1 skipped\n";
    assert!(text.ends_with(last), "{text}");
}
