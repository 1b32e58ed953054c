//! The GitHub workflows, and the action that they use.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::runner::{Runner, text, yaml};
use super::{CHANGED, TOPICS};
use crate::apply::{by_hand, held, partitions};
use crate::harness::{Run, Test};

crate::harness::tests! {
    a_pull_request_has_one_comment_that_is_kept_up_to_date,
    a_merge_applies_what_was_reviewed,
    a_stale_plan_is_not_applied_and_says_why,
    what_is_blocked_is_commented_and_fails,
    errors_in_the_files_stand_at_their_lines,
    drift_opens_and_closes_an_issue,
    files_say_what_they_need,
}

pub(super) const PLAN: &str = "topicsmith-plan";

/// Creates a repository with applied topics and a pull request that changes them, checked out as
/// GitHub merges it.
pub(super) async fn pull_request(test: &Test, topics: &str) -> Runner {
    let mut runner = Runner::new(test, TOPICS, "gh");
    runner.repository.run("apply --yes").exits(0);
    runner.git("init --quiet --initial-branch main");
    fs::write(
        runner.repository.path(".gitignore"),
        "/topicsmith-ci\n/proposed\n",
    )
    .expect("it can be");
    runner.git("add .");
    runner.git("commit --quiet -m first");
    runner.git("checkout --quiet -b change");
    runner.repository.topics(topics);
    runner.git("commit --quiet -a -m change");
    let base = runner.git("rev-parse main");
    let (head, merge) = merge_ref(&runner);
    let workspace = runner.repository.path("").display().to_string();
    let beside = |name: &str| runner.beside(name).display().to_string();
    let variables = [
        ("GITHUB_ACTIONS", "true".to_owned()),
        ("GITHUB_REPOSITORY", "shop/topics".to_owned()),
        ("GITHUB_REPOSITORY_ID", "1".to_owned()),
        ("GITHUB_RUN_ID", "51".to_owned()),
        ("GITHUB_JOB", "plan".to_owned()),
        ("GITHUB_REF_NAME", "main".to_owned()),
        ("GITHUB_OUTPUT", beside("output")),
        ("GITHUB_SHA", merge),
        ("GITHUB_WORKSPACE", workspace),
        ("GITHUB_ACTION_PATH", env!("CARGO_MANIFEST_DIR").to_owned()),
        ("GITHUB_STEP_SUMMARY", beside("summary.md")),
        ("GITHUB_PATH", beside("path")),
        ("RUNNER_TEMP", beside("temp")),
    ];
    let servers = test.broker().servers();
    let expressions = [
        ("matrix.environment", "dev".to_owned()),
        ("runner.temp", beside("temp")),
        (
            "secrets.TOPICSMITH_CLIENT_CONFIG",
            format!("bootstrap.servers={servers}"),
        ),
        ("github.token", "t".to_owned()),
        ("github.event.pull_request.number", "7".to_owned()),
        ("github.event.pull_request.base.ref", "main".to_owned()),
        ("github.event.pull_request.head.sha", head),
        ("github.event.pull_request.base.sha", base),
    ];
    runner
        .variables
        .extend(variables.map(|(name, value)| (name.to_owned(), value)));
    runner
        .expressions
        .extend(expressions.map(|(name, value)| (name.to_owned(), value)));
    runner
}

/// Merges as GitHub's test merge does: returns the checked-out commit and the merge commit.
fn merge_ref(runner: &Runner) -> (String, String) {
    let head = runner.git("rev-parse change");
    runner.git("checkout --quiet --detach main");
    runner.git("merge --quiet --no-ff -m merge change");
    let merge = runner.git("rev-parse HEAD");
    runner.git("update-ref refs/pull/7/merge HEAD");
    runner.git("checkout --quiet main");
    (head, merge)
}

/// Returns the name of the artifact of a pull request's plan.
pub(super) fn name(runner: &Runner, number: u32) -> String {
    let head = &runner.expressions["github.event.pull_request.head.sha"];
    format!("topicsmith-plan-dev-{number}-{head}")
}

/// Stores a plan and its approval like a GitHub artifact, after `change`.
pub(super) fn zip(runner: &Runner, id: u32, change: impl Fn(&mut Value, &mut Value)) {
    let folder = &runner.artefacts[&name(runner, 7)];
    let read = |name: &str| -> Value {
        let text = fs::read_to_string(folder.join(name)).expect("it was kept");
        serde_json::from_str(&text).expect("it is JSON")
    };
    let (mut plan, mut approval) = (read("plan.json"), read("approval.json"));
    let before = plan.clone();
    change(&mut plan, &mut approval);
    let changed = runner.beside("changed");
    fs::create_dir_all(&changed).expect("it can be made");
    fs::write(changed.join("approval.json"), approval.to_string()).expect("it can be written");
    match plan == before {
        true => fs::copy(folder.join("plan.json"), changed.join("plan.json")).map(drop),
        false => fs::write(changed.join("plan.json"), plan.to_string()),
    }
    .expect("it can be written");
    let zip = Command::new("zip")
        .args(["-q", "-j", "-r"])
        .arg(runner.beside(&format!("fake/{id}.zip")))
        .arg(&changed)
        .status();
    assert!(zip.expect("zip can be run").success());
}

/// Returns a pull request that was merged into a branch.
pub(super) fn pull(runner: &Runner, number: u32, branch: &str) -> Value {
    let head = &runner.expressions["github.event.pull_request.head.sha"];
    let sha = &runner.variables["GITHUB_SHA"];
    json!({"number": number, "merged_at": "x", "merge_commit_sha": sha, "head": {"sha": head},
        "base": {"ref": branch, "repo": {"id": 1}}})
}

pub(super) fn artefact(id: u32, run: u32, name: &str, created_at: &str) -> Value {
    json!({"id": id, "name": name, "expired": false, "created_at": created_at, "workflow_run": {"id": run}})
}

pub(super) fn workflow_run(id: u32) -> Value {
    json!({"id": id, "event": "pull_request_target", "conclusion": "success", "repository": {"id": 1},
        "path": ".github/workflows/topicsmith-plan.yml@main"})
}

/// Sets GitHub's state after the merge: the pull request's number, and the artifact of a run.
pub(super) fn merge(runner: &Runner) {
    zip(runner, 41, |_, _| ());
    let other = artefact(40, 51, "topicsmith-plan-dev-other", "y");
    let ours = artefact(41, 51, &name(runner, 7), "x");
    runner.keep("pulls", &json!([pull(runner, 7, "main")]));
    runner.keep("artifacts", &json!([other, ours]));
    runner.keep("runs", &json!([workflow_run(51)]));
}

/// A push event contains no pull request.
pub(super) fn apply(runner: &mut Runner) -> Run {
    for name in ["number", "base.ref"] {
        let name = format!("github.event.pull_request.{name}");
        runner.expressions.insert(name, String::new());
    }
    runner.github("topicsmith-apply", "apply")
}

fn bodies(comments: &Value) -> Vec<&str> {
    let all = comments.as_array().expect("it is a list").iter();
    all.map(|comment| comment["body"].as_str().expect("each has one"))
        .collect()
}

async fn a_pull_request_has_one_comment_that_is_kept_up_to_date(test: Test) {
    let mut runner = pull_request(&test, CHANGED).await;
    // Someone else wrote the marker: that comment is ignored.
    let foreign = json!({"id": 1, "user": {"login": "eve"}, "body": "<!-- topicsmith plan dev -->\nx", "created_at": "0"});
    runner.keep("comments", &json!([foreign]));
    runner
        .github(PLAN, "validate")
        .exits(0)
        .says("topicsmith: the files are valid in 1 environment");
    let run = runner.github(PLAN, "plan").exits(0);
    let run = run.says("::warning file=topics/a.toml,line=4,col=23,title=dev%3A @orders destructive%3A retention-shortened::");
    assert!(!run.stdout.contains("\n::error"), "{run}");
    let comments = runner.kept("comments");
    let [theirs, ours] = bodies(&comments)[..] else {
        panic!("{comments}");
    };
    assert_eq!(theirs, foreign["body"]);
    assert!(ours.starts_with("<!-- topicsmith plan dev -->\n"), "{ours}");
    assert!(
        ours.contains("### Plan for dev: 1 to create, 1 to update;"),
        "{ours}"
    );
    assert!(ours.contains("--allow retention-shortened"), "{ours}");
    let head = &runner.expressions["github.event.pull_request.head.sha"];
    assert!(ours.contains(&format!("commit `{head}`")), "{ours}");
    let summary = fs::read_to_string(runner.beside("summary.md")).expect("it was written");
    assert_eq!(summary, ours);

    // The next commit's plan replaces the first.
    runner.git("checkout --quiet change");
    runner.repository.topics(&CHANGED.replace("1d", "2d"));
    runner.git("commit --quiet -a -m again");
    let (head, _) = merge_ref(&runner);
    let moved = runner.github(PLAN, "plan").exits(1);
    moved.warns("the pull request has moved on from ");
    runner
        .expressions
        .insert("github.event.pull_request.head.sha".to_owned(), head);
    runner.github(PLAN, "plan").exits(0);
    let comments = runner.kept("comments");
    let [_, ours] = bodies(&comments)[..] else {
        panic!("{comments}");
    };
    assert!(ours.contains("retention.ms 7d → 2d"), "{ours}");
}

async fn a_merge_applies_what_was_reviewed(test: Test) {
    let mut runner = pull_request(&test, CHANGED).await;
    runner.github(PLAN, "plan").exits(0);
    merge(&runner);
    let head = runner.expressions["github.event.pull_request.head.sha"].clone();
    apply(&mut runner).exits(0).warns(&format!(
        "applying the plan of run 51, job plan, for pull request 7: commit {head}, cluster "
    ));
    assert_eq!(
        partitions(&test).await,
        [("orders".to_owned(), 6), ("payments".to_owned(), 1)]
    );
    let retention = held(&test, "orders", "retention.ms").await;
    assert_eq!(retention.as_deref(), Some("86400000"));
    runner.repository.run("plan --detailed-exitcode").exits(0);
    let comments = runner.kept("comments");
    let [_, report] = bodies(&comments)[..] else {
        panic!("{comments}");
    };
    assert!(
        report.starts_with("<!-- topicsmith apply dev -->\n"),
        "{report}"
    );
    assert!(report.contains("### Apply to dev: 2 applied\n"), "{report}");
    let kept = fs::read_to_string(runner.artefacts["topicsmith-report-dev"].join("report.json"));
    let kept: Value = serde_json::from_str(&kept.expect("it is there")).expect("it is JSON");
    assert_eq!(kept["summary"]["applied"], 2);
}

async fn a_stale_plan_is_not_applied_and_says_why(test: Test) {
    let mut runner = pull_request(&test, CHANGED).await;
    runner.github(PLAN, "plan").exits(0);
    merge(&runner);
    by_hand(&test, "orders", "retention.ms", "1209600000").await;
    apply(&mut runner).exits(4).warns("nothing was changed: ");
    assert_eq!(partitions(&test).await, [("orders".to_owned(), 3)]);
    let comments = runner.kept("comments");
    let report = bodies(&comments)[1].to_owned();
    let prefix = test.topic("orders");
    let said = format!(
        "`{prefix}` retention.ms: now `14d (1209600000) → 1d (86400000)`, `approved: 7d (604800000) → 1d (86400000)`"
    );
    assert!(report.contains(&said), "{report}");
    assert!(report.contains("**skipped**"), "{report}");
}

async fn what_is_blocked_is_commented_and_fails(test: Test) {
    let topics = TOPICS.replace("partitions = 3", "partitions = 1");
    let mut runner = pull_request(&test, &topics).await;
    runner
        .github(PLAN, "plan")
        .exits(4)
        .says("::error file=topics/a.toml,line=3,col=14,title=dev%3A @orders blocked%3A partitions-decrease::");
    let comments = runner.kept("comments");
    assert!(bodies(&comments)[0].contains("**blocked**"), "{comments}");
    // It is reviewed in its comment, and approves nothing.
    assert!(runner.artefacts.is_empty());
}

async fn errors_in_the_files_stand_at_their_lines(test: Test) {
    let topics = TOPICS.replace("retention.ms", "retentoin.ms");
    let mut runner = pull_request(&test, &topics).await;
    runner.github(PLAN, "validate").exits(1).says(
        "::error file=topics/a.toml,line=4,col=8,title=unknown-config::Kafka 4.3 has no topic config `retentoin.ms`%0Ahelp: did you mean `retention.ms`?\n",
    );
    runner.github(PLAN, "plan").exits(1);
    let comments = runner.kept("comments");
    assert!(
        bodies(&comments)[0].contains("### plan failed: 1 error in the files"),
        "{comments}"
    );
    assert!(runner.artefacts.is_empty());
}

async fn drift_opens_and_closes_an_issue(test: Test) {
    let mut runner = pull_request(&test, TOPICS.replace("7d", "168h").as_str()).await;
    let mut look = || -> Value {
        runner.github("topicsmith-drift", "drift").exits(0);
        runner.kept("issues")
    };
    assert_eq!(look(), json!([]));
    by_hand(&test, "orders", "retention.ms", "3600000").await;
    let opened = look();
    assert_eq!(opened[0]["title"], "topicsmith drift dev");
    assert!(bodies(&opened)[0].contains("1h (3600000)"), "{opened}");
    by_hand(&test, "orders", "retention.ms", "7200000").await;
    let updated = look();
    assert_eq!(updated.as_array().map(Vec::len), Some(1));
    assert!(bodies(&updated)[0].contains("2h (7200000)"), "{updated}");
    by_hand(&test, "orders", "retention.ms", "604800000").await;
    let closed = look();
    assert_eq!(closed[0]["state"], "closed");
    let said = runner.kept("comments");
    assert!(
        bodies(&said)[0].contains("### Drift of dev: No drift. "),
        "{said}"
    );
}

/// Settings that only GitHub reads: events, permissions, and that no code of a pull request is run.
async fn files_say_what_they_need(_: Test) {
    let plan = yaml("docs/ci/github/topicsmith-plan.yml");
    let on = plan.as_mapping_get("on").expect("it says when");
    assert!(on.as_mapping_get("pull_request_target").is_some());
    for (file, right) in [
        ("plan", "pull-requests"),
        ("apply", "pull-requests"),
        ("drift", "issues"),
    ] {
        let workflow = yaml(&format!("docs/ci/github/topicsmith-{file}.yml"));
        let rights = workflow
            .as_mapping_get("permissions")
            .expect("it asks for the least");
        assert_eq!(text(rights, right), Some("write"), "{file}");
        assert_eq!(text(rights, "contents"), Some("read"), "{file}");
    }
    let action = yaml("action.yml");
    let runs = action.as_mapping_get("runs").expect("it runs something");
    assert_eq!(text(runs, "using"), Some("composite"));
}
