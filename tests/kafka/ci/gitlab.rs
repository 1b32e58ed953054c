//! The pipeline of GitLab.

use std::fs;

use saphyr::YamlOwned;
use serde_json::{Value, json};

use super::runner::{Runner, project, texts, yaml};
use super::{CHANGED, TOPICS};
use crate::apply::{by_hand, partitions};
use crate::harness::{Run, Test};

crate::harness::tests! {
    a_merge_request_has_its_plan_and_the_merge_applies_it,
    a_plan_of_no_pipeline_is_not_applied,
    nothing_is_written_through_a_link,
    drift_opens_and_closes_an_issue,
}

const FILE: &str = "docs/ci/gitlab/topicsmith.gitlab-ci.yml";

/// A merge request that changes topics, as GitLab checks it out.
async fn merge_request(test: &Test, topics: &str) -> Runner {
    let mut runner = Runner::new(test, TOPICS, "curl");
    runner.repository.run("apply --yes").exits(0);
    runner.git("init --quiet --initial-branch main");
    fs::write(runner.repository.path(".gitignore"), "/topicsmith-ci\n").expect("it can be");
    runner.git("add .");
    runner.git("commit --quiet -m first");
    let origin = runner.beside("origin").display().to_string();
    runner.git(&format!("clone --quiet --bare . {origin}"));
    runner.git(&format!("remote add origin {origin}"));
    runner.git("checkout --quiet -b change");
    runner.repository.topics(topics);
    runner.git("commit --quiet -a -m change");
    let client = runner.beside("temp/client.properties");
    let servers = test.broker().servers();
    fs::write(&client, format!("bootstrap.servers={servers}\n")).expect("it can be");
    let variables = [
        ("GITLAB_CI", "true".to_owned()),
        ("CI_API_V4_URL", "https://gitlab.example/api/v4".to_owned()),
        ("CI_PROJECT_ID", "1".to_owned()),
        (
            "CI_PROJECT_DIR",
            runner
                .repository
                .path("")
                .display()
                .to_string()
                .trim_end_matches('/')
                .to_owned(),
        ),
        ("CI_COMMIT_SHA", runner.git("rev-parse HEAD")),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main".to_owned()),
        ("TOPICSMITH_GITLAB_TOKEN", "s3cret".to_owned()),
        ("TOPICSMITH_CLIENT_CONFIG", client.display().to_string()),
        ("TOPICSMITH_ENV", "dev".to_owned()),
        ("STEPS", project("docs/ci/steps").display().to_string()),
    ];
    runner
        .variables
        .extend(variables.map(|(name, value)| (name.to_owned(), value)));
    runner
}

/// Runs a job's script, a line after the other.
fn job(runner: &Runner, name: &str) -> Run {
    let file = yaml(FILE);
    let job = file.as_mapping_get(name).expect("there is such a job");
    let lines = job
        .as_mapping_get("script")
        .and_then(YamlOwned::as_sequence);
    let lines: Vec<&str> = lines
        .expect("it has one")
        .iter()
        .filter_map(YamlOwned::as_str)
        .collect();
    runner.script("sh", &lines.join("\n"), &[])
}

fn in_merge_request(runner: &mut Runner, yes: bool) {
    let number = "CI_MERGE_REQUEST_IID".to_owned();
    match yes {
        true => runner.variables.insert(number, "7".to_owned()),
        false => runner.variables.remove(&number),
    };
}

fn merged(runner: &Runner, source: &str) {
    let head = &runner.variables["CI_COMMIT_SHA"];
    runner.keep(
        "pulls",
        &json!([{"iid": 7, "state": "merged", "sha": head}]),
    );
    runner.keep(
        "pipelines",
        &json!([{"id": 11, "sha": head, "source": source}]),
    );
    runner.keep(
        "jobs",
        &json!([
            {"id": 21, "name": "validate", "artifacts_file": null},
            {"id": 22, "name": "topicsmith-plan: [dev]", "artifacts_file": {}},
            {"id": 23, "name": "topicsmith-plan: [prod]", "artifacts_file": {}},
        ]),
    );
    let plan = runner.repository.path("topicsmith-ci/plan.json");
    fs::rename(plan, runner.beside("fake/reviewed.json")).expect("it was planned");
}

fn first<'a>(kept: &'a Value, key: &str) -> &'a str {
    kept[0][key].as_str().expect("there is one")
}

async fn a_merge_request_has_its_plan_and_the_merge_applies_it(test: Test) {
    let mut runner = merge_request(&test, CHANGED).await;
    in_merge_request(&mut runner, true);
    job(&runner, "validate")
        .exits(0)
        .says("dev  valid: 2 topics");
    for _ in 0..2 {
        job(&runner, "topicsmith-plan").exits(0);
        runner.git("worktree remove --force \"$CI_PROJECT_DIR.trusted\"");
        let notes = runner.kept("notes");
        assert_eq!(notes.as_array().map(Vec::len), Some(1), "{notes}");
        assert!(
            first(&notes, "body").contains("### Plan for dev: 1 to create, 1 to update;"),
            "{notes}"
        );
    }
    merged(&runner, "merge_request_event");
    in_merge_request(&mut runner, false);
    job(&runner, "topicsmith-apply")
        .exits(0)
        .says("### Apply to dev: 2 applied");
    assert_eq!(partitions(&test).await[0], ("orders".to_owned(), 6));
    runner.repository.run("plan --detailed-exitcode").exits(0);
    assert_eq!(runner.kept("notes")[1]["to"], "7");
    // The token is in no argument.
    let calls = fs::read_to_string(runner.beside("fake/calls")).expect("there were some");
    assert!(!calls.contains("s3cret"), "{calls}");
    // Once more: it is done already.
    job(&runner, "topicsmith-apply").exits(0);
}

/// A merge request brings a link, for the plan to be written elsewhere.
async fn nothing_is_written_through_a_link(test: Test) {
    let mut runner = merge_request(&test, CHANGED).await;
    in_merge_request(&mut runner, true);
    std::os::unix::fs::symlink(
        runner.beside("temp"),
        runner.repository.path("topicsmith-ci"),
    )
    .expect("it is not there yet");
    job(&runner, "topicsmith-plan")
        .exits(1)
        .warns("topicsmith-ci is a link; nothing is written through it");
    assert!(!runner.beside("temp/plan.json").exists());
}

async fn a_plan_of_no_pipeline_is_not_applied(test: Test) {
    let mut runner = merge_request(&test, CHANGED).await;
    in_merge_request(&mut runner, true);
    job(&runner, "topicsmith-plan").exits(0);
    merged(&runner, "push");
    in_merge_request(&mut runner, false);
    job(&runner, "topicsmith-apply")
        .exits(4)
        .warns("no job topicsmith-plan has planned commit ");
    let notes = runner.kept("notes");
    assert!(
        notes[1]["body"]
            .as_str()
            .is_some_and(|body| body.contains("Nothing was applied")),
        "{notes}"
    );
    assert_eq!(partitions(&test).await, [("orders".to_owned(), 3)]);
}

async fn drift_opens_and_closes_an_issue(test: Test) {
    let runner = merge_request(&test, TOPICS.replace("7d", "168h").as_str()).await;
    by_hand(&test, "orders", "retention.ms", "3600000").await;
    for _ in 0..2 {
        job(&runner, "topicsmith-drift").exits(0);
        let issues = runner.kept("issues");
        assert_eq!(issues.as_array().map(Vec::len), Some(1), "{issues}");
        assert_eq!(first(&issues, "title"), "topicsmith drift dev");
        assert!(
            first(&issues, "description").contains("1h (3600000)"),
            "{issues}"
        );
    }
    by_hand(&test, "orders", "retention.ms", "604800000").await;
    job(&runner, "topicsmith-drift").exits(0);
    assert_eq!(first(&runner.kept("issues"), "state"), "closed");
    let rules = yaml(FILE);
    let jobs = rules.as_mapping().expect("it is one").keys();
    let jobs: Vec<&str> = jobs.filter_map(YamlOwned::as_str).collect();
    let known = [
        "stages",
        "default",
        "variables",
        ".environments",
        "validate",
        "topicsmith-plan",
        "topicsmith-apply",
        "topicsmith-drift",
    ];
    assert_eq!(jobs, known, "a job that no test runs");
    assert_eq!(
        texts(&rules, "variables")[0],
        ("GIT_DEPTH".to_owned(), "0".to_owned())
    );
}
