//! The GitLab pipeline.

use std::fs;

use saphyr::YamlOwned;
use serde_json::{Value, json};

use super::runner::{Runner, project, text, texts, yaml};
use super::{CHANGED, TOPICS};
use crate::apply::{by_hand, partitions};
use crate::harness::{Run, Test};

crate::harness::tests! {
    a_merge_request_has_its_plan_and_the_merge_applies_it,
    a_conflict_is_commented,
    drift_opens_and_closes_an_issue,
}

const FILE: &str = "docs/ci/gitlab/topicsmith.gitlab-ci.yml";

/// Creates a merge request that changes topics, as GitLab checks it out.
pub(super) async fn merge_request(test: &Test, topics: &str) -> Runner {
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
        ("CI_COMMIT_BRANCH", "main".to_owned()),
        ("CI_PIPELINE_ID", "11".to_owned()),
        ("CI_JOB_ID", "22".to_owned()),
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

/// Runs a job: its script line by line with the runner's variables; then stores its artifacts as
/// its file declares.
pub(super) fn job(runner: &Runner, name: &str) -> Run {
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
    let run = runner.script("/bin/sh", &lines.join("\n"), &[]);
    let Some(artefacts) = job.as_mapping_get("artifacts") else {
        return run;
    };
    let when = text(artefacts, "when").expect("it is not left to a default");
    let paths = artefacts
        .as_mapping_get("paths")
        .and_then(YamlOwned::as_sequence);
    for path in paths.expect("it has some") {
        let found = runner
            .repository
            .path(path.as_str().expect("a path is a text"));
        if (when != "always" && run.code != Some(0)) || !found.exists() {
            continue;
        }
        let files = match found.is_dir() {
            true => fs::read_dir(&found).expect("it is there"),
            false => fs::read_dir(found.parent().expect("it has one")).expect("it is there"),
        };
        for file in files.map(|file| file.expect("it is there").path()) {
            if file.starts_with(&found) {
                let name = file.file_name().expect("it has one").to_string_lossy();
                let kept = runner
                    .beside("fake")
                    .join(name.replace("plan.", "plan-22."));
                fs::copy(file, kept).expect("it can be kept");
            }
        }
    }
    run
}

pub(super) fn in_merge_request(runner: &mut Runner, yes: bool) {
    let number = "CI_MERGE_REQUEST_IID".to_owned();
    match yes {
        true => runner.variables.insert(number, "7".to_owned()),
        false => runner.variables.remove(&number),
    };
}

/// Sets GitLab's state of a merged merge request, and of the job that planned it.
pub(super) fn merged(runner: &Runner) {
    let head = &runner.variables["CI_COMMIT_SHA"];
    let job = |id: u32, name: &str| json!({"id": id, "name": name, "status": "success", "pipeline": {"id": 11, "project_id": 1}});
    runner.keep("pulls", &json!([merge_of(runner, 7, "main")]));
    runner.keep(
        "pipelines",
        &json!([{"id": 11, "project_id": 1, "sha": head, "source": "merge_request_event",
            "ref": "refs/merge-requests/7/head"}]),
    );
    runner.keep(
        "jobs",
        &json!([
            job(21, "validate"),
            job(22, "topicsmith-plan: [dev]"),
            job(23, "topicsmith-plan: [prod]"),
        ]),
    );
}

/// Returns a merge request that was merged into a branch.
pub(super) fn merge_of(runner: &Runner, number: u32, branch: &str) -> Value {
    let head = &runner.variables["CI_COMMIT_SHA"];
    json!({"iid": number, "state": "merged", "sha": head, "merge_commit_sha": null,
        "squash_commit_sha": null, "target_branch": branch, "target_project_id": 1})
}

/// Changes one of the stored values, and returns its previous state.
pub(super) fn change(runner: &Runner, name: &str, change: impl FnOnce(&mut Value)) -> Value {
    let before = runner.kept(name);
    let mut after = before.clone();
    change(&mut after);
    assert_ne!(before, after, "{name} is changed");
    runner.keep(name, &after);
    before
}

/// Adds a file to the merge request.
pub(super) fn brings(runner: &mut Runner, path: &str, text: &str) {
    runner.repository.write(path, text);
    runner.git(&format!("add --force {path}"));
    runner.git("commit --quiet -m brings");
    let head = runner.git("rev-parse HEAD");
    runner.variables.insert("CI_COMMIT_SHA".to_owned(), head);
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
        let notes = runner.kept("notes");
        assert_eq!(notes.as_array().map(Vec::len), Some(1), "{notes}");
        assert!(
            first(&notes, "body").contains("### Plan for dev: 1 to create, 1 to update;"),
            "{notes}"
        );
    }
    merged(&runner);
    in_merge_request(&mut runner, false);
    let head = runner.variables["CI_COMMIT_SHA"].clone();
    job(&runner, "topicsmith-apply")
        .exits(0)
        .says("### Apply to dev: 2 applied")
        .warns(&format!(
            "applying the plan of run 11, job 22, for pull request 7: commit {head}, cluster "
        ));
    assert!(runner.beside("fake/report.json").exists());
    assert_eq!(partitions(&test).await[0], ("orders".to_owned(), 6));
    runner.repository.run("plan --detailed-exitcode").exits(0);
    assert_eq!(runner.kept("notes")[1]["to"], "7");
    // No argument contains the token.
    let calls = fs::read_to_string(runner.beside("fake/calls")).expect("there were some");
    assert!(!calls.contains("s3cret"), "{calls}");
    // A second time: everything is applied already.
    job(&runner, "topicsmith-apply").exits(0);
}

async fn a_conflict_is_commented(test: Test) {
    let mut runner = merge_request(&test, CHANGED).await;
    runner.git("checkout --quiet -b other main");
    runner.repository.topics(&TOPICS.replace("7d", "3d"));
    runner.git("commit --quiet -a -m other");
    runner.git("push --quiet origin other:main");
    runner.git("checkout --quiet change");
    in_merge_request(&mut runner, true);
    job(&runner, "topicsmith-plan").exits(1);
    let notes = runner.kept("notes");
    let said = "<!-- topicsmith plan dev -->\n\n### Not planned: the merge with the target branch has conflicts.\n";
    assert_eq!(first(&notes, "body"), said);
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
