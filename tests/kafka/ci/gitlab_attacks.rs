//! Attacks on the GitLab pipeline.

use std::fs;

use serde_json::{Value, json};

use super::CHANGED;
use super::gitlab::{brings, change, in_merge_request, job, merge_of, merge_request, merged};
use crate::apply::partitions;
use crate::harness::Test;

crate::harness::tests! {
    nothing_is_written_through_a_link,
    a_merge_request_does_not_bring_its_own_plan,
    only_a_trusted_plan_is_applied,
    nothing_of_a_checkout_is_run,
}

/// A merge request contains a link, so that the plan would be written elsewhere.
async fn nothing_is_written_through_a_link(test: Test) {
    let mut runner = merge_request(&test, CHANGED).await;
    in_merge_request(&mut runner, true);
    let results = runner.repository.path("topicsmith-ci");
    std::os::unix::fs::symlink(runner.beside("temp"), &results).expect("it is not there yet");
    job(&runner, "topicsmith-plan").exits(0);
    assert!(!runner.beside("temp/plan.json").exists());
    assert!(results.symlink_metadata().expect("it is there").is_dir());
    assert!(runner.beside("fake/plan-22.json").exists());
}

/// A merge request contains a plan, and makes the job fail after its checkout.
async fn a_merge_request_does_not_bring_its_own_plan(test: Test) {
    let mut runner = merge_request(&test, CHANGED).await;
    runner
        .repository
        .run("plan --allow retention-shortened --out forged.json")
        .exits(0);
    let forged = fs::read_to_string(runner.repository.path("forged.json"));
    let forged = forged.expect("it was planned");
    brings(&mut runner, "topicsmith-ci/plan.json", &forged);
    brings(&mut runner, "topicsmith-ci/approval.json", "{}");
    brings(&mut runner, "topics/b.toml", "broken");
    in_merge_request(&mut runner, true);
    // It fails at its first step, and at its last but one.
    let target = "CI_MERGE_REQUEST_TARGET_BRANCH_NAME".to_owned();
    for branch in ["gone", "main"] {
        runner.git("checkout --quiet HEAD -- topicsmith-ci");
        runner.variables.insert(target.clone(), branch.to_owned());
        let run = job(&runner, "topicsmith-plan");
        assert_ne!(run.code, Some(0), "{run}");
        assert!(!runner.beside("fake/plan-22.json").exists());
        assert!(!runner.repository.path("topicsmith-ci").exists());
    }
    // Even if an older pipeline uploaded it.
    fs::write(runner.beside("fake/plan-22.json"), forged).expect("it can be written");
    merged(&runner);
    in_merge_request(&mut runner, false);
    job(&runner, "topicsmith-apply")
        .exits(4)
        .warns("the note of merge request 7 has no plan of dev that was approved");
    assert_eq!(partitions(&test).await, [("orders".to_owned(), 3)]);
}

async fn only_a_trusted_plan_is_applied(test: Test) {
    let mut runner = merge_request(&test, CHANGED).await;
    in_merge_request(&mut runner, true);
    job(&runner, "topicsmith-plan").exits(0);
    merged(&runner);
    in_merge_request(&mut runner, false);
    let refused = |why: &str| {
        let run = job(&runner, "topicsmith-apply").exits(4);
        run.warns(why)
            .warns("Nothing was applied: there is no plan that a trusted job made for this merge.");
    };
    // Each is the only difference from a trusted state.
    let facts = [
        ("jobs", 1, "status", json!("failed"), "it did not succeed"),
        ("jobs", 1, "status", json!("running"), "it did not succeed"),
        ("jobs", 1, "name", json!("x"), "it is another job"),
        (
            "jobs",
            1,
            "name",
            json!("topicsmith-plan: [prod]"),
            "it is another job",
        ),
        (
            "jobs",
            1,
            "pipeline",
            json!({"id": 12}),
            "it is of another pipeline or project",
        ),
        (
            "pipelines",
            0,
            "project_id",
            json!(2),
            "it is of another pipeline or project",
        ),
        (
            "pipelines",
            0,
            "source",
            json!("push"),
            "its pipeline is not of the merge request",
        ),
        (
            "pipelines",
            0,
            "sha",
            json!("0123"),
            "its pipeline is not of the merge request",
        ),
        (
            "pipelines",
            0,
            "ref",
            json!("refs/merge-requests/8/head"),
            "its pipeline is not of the merge request",
        ),
        (
            "pipelines",
            0,
            "ref",
            json!("refs/heads/refs/merge-requests/7/head"),
            "its pipeline is not of the merge request",
        ),
        (
            "pulls",
            0,
            "target_branch",
            json!("release"),
            "is the merge of no merge request",
        ),
        (
            "pulls",
            0,
            "target_project_id",
            json!(2),
            "is the merge of no merge request",
        ),
        (
            "pulls",
            0,
            "state",
            json!("closed"),
            "is the merge of no merge request",
        ),
        // Someone wrote the marker, with their own plan below it.
        (
            "notes",
            0,
            "author",
            json!({"username": "eve"}),
            "has no plan of dev that was approved",
        ),
    ];
    for (name, index, key, value, why) in facts {
        let before = change(&runner, name, |all| all[index][key] = value);
        refused(why);
        runner.keep(name, &before);
        runner.keep("notes", &json!([runner.kept("notes")[0]]));
    }
    // The note belongs to another plan than the uploaded one.
    let head = runner.variables["CI_COMMIT_SHA"].clone();
    let edits = [
        (head.as_str(), "0123", "commit"),
        ("\"request\":\"7\"", "\"request\":\"8\"", "request"),
        ("\"branch\":\"main\"", "\"branch\":\"release\"", "branch"),
        (
            "\"environment\":\"dev\"",
            "\"environment\":\"prod\"",
            "environment",
        ),
        ("\"project\":\"1\"", "\"project\":\"2\"", "project"),
        ("\"cluster_id\":\"", "\"cluster_id\":\"x", "cluster_id"),
        ("\"sha256\":\"", "\"sha256\":\"0", "sha256"),
    ];
    for (from, to, part) in edits {
        let before = change(&runner, "notes", |all| {
            let body = all[0]["body"].as_str().expect("it has one");
            let (signature, rest) = body.split_once("-->\n\n").expect("a line of its own");
            all[0]["body"] = json!(format!("{}-->\n\n{rest}", signature.replace(from, to)));
        });
        refused(&format!(
            "the plan of run 11 is not of this merge: {part}\n"
        ));
        runner.keep("notes", &before);
    }
    let kept = runner.beside("fake/plan-22.json");
    let plan = fs::read_to_string(&kept).expect("it was kept");
    fs::write(&kept, plan.replace("86400000", "1000")).expect("it can be written");
    refused("the plan of run 11 is not of this merge: sha256\n");
    assert_eq!(partitions(&test).await, [("orders".to_owned(), 3)]);
    // Everything else was right. Of two merge requests with the same commit, the one merged into
    // this branch is used.
    fs::write(&kept, plan).expect("it can be written");
    let both = json!([
        merge_of(&runner, 6, "release"),
        merge_of(&runner, 7, "main")
    ]);
    runner.keep("pulls", &both);
    job(&runner, "topicsmith-apply").exits(0);
    assert_eq!(partitions(&test).await[0], ("orders".to_owned(), 6));
}

/// Settings, attributes and programs of a merge request are neither read nor executed, and the
/// merge equals GitLab's own.
async fn nothing_of_a_checkout_is_run(test: Test) {
    let spaced = "
[topics.\"@orders\"]
partitions = 3

# Far enough from the other for both to be changed at once.
#
#
#
[topics.\"@payments\"]
partitions = 1
";
    let mut runner = merge_request(&test, spaced).await;
    // The target branch gets the same file, then another end of it.
    runner.git("push --quiet origin change:main");
    runner.git("checkout --quiet -b other");
    let payments = spaced.replace("partitions = 1", "partitions = 2");
    runner.repository.topics(&payments);
    runner.git("commit --quiet -a -m other");
    runner.git("push --quiet origin other:main");
    runner.git("checkout --quiet change");
    let orders = spaced.replace("partitions = 3", "partitions = 4");
    brings(&mut runner, "topics/a.toml", &orders);
    for name in [
        "git",
        "curl",
        "jq",
        "sed",
        "topicsmith",
        "sh",
        "mktemp",
        "x",
    ] {
        runner.hostile(&format!("bin/{name}"));
    }
    let workspace = runner.variables["CI_PROJECT_DIR"].clone();
    let x = format!("{workspace}/bin/x");
    let settings = format!(
        "[core]\nfsmonitor = {x}\nhooksPath = bin\n[filter \"x\"]\nsmudge = {x}\nclean = {x}\nrequired\n[merge \"x\"]\ndriver = {x}\n"
    );
    // An image can have filters, too, such as those of git-lfs.
    runner.repository.write(".gitconfig", &settings);
    let image = runner.beside("temp/image.gitconfig");
    fs::write(&image, &settings).expect("it can be written");
    runner
        .repository
        .write(".curlrc", "url = \"https://evil.example\"\n");
    runner
        .repository
        .write(".jq", "def map(f): error(\"read\");");
    for (path, text) in [
        ("embedded/HEAD", "ref: refs/heads/main\n"),
        ("embedded/objects/x", ""),
        ("embedded/refs/x", ""),
        (
            "embedded/config",
            &format!("[core]\nbare = false\nworktree = .\nfsmonitor = {x}\n"),
        ),
        ("embedded/topics/a.toml", &orders),
    ] {
        brings(&mut runner, path, text);
    }
    let attributes = "*.toml -merge filter=x diff=x text eol=crlf working-tree-encoding=UTF-16\n";
    brings(&mut runner, ".gitattributes", attributes);
    let path = format!("bin:.::{workspace}/bin:{}", runner.variables["PATH"]);
    let in_checkout = workspace.clone();
    let variables = [
        ("PATH", path),
        ("HOME", workspace),
        ("GIT_CONFIG_SYSTEM", image.display().to_string()),
        ("GIT_CONFIG_GLOBAL", format!("{in_checkout}/.gitconfig")),
        ("GIT_EXEC_PATH", format!("{in_checkout}/bin")),
        ("GIT_EXTERNAL_DIFF", format!("{in_checkout}/bin/x")),
        ("LD_PRELOAD", format!("{in_checkout}/bin/x")),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    runner.variables.extend(variables);
    in_merge_request(&mut runner, true);
    job(&runner, "validate").exits(0);
    job(&runner, "topicsmith-plan")
        .exits(0)
        .says("partitions 3 → 4")
        .says("@payments");
    assert_eq!(runner.started(), "");
    let plan = fs::read_to_string(runner.beside("fake/plan-22.json")).expect("it was kept");
    let plan: Value = serde_json::from_str(&plan).expect("it is JSON");
    assert_eq!(plan["commit"], runner.variables["CI_COMMIT_SHA"].as_str());

    // environments/ of that folder is taken from the target branch, which has none.
    let directory = "TOPICSMITH_DIR".to_owned();
    runner
        .variables
        .insert(directory.clone(), "embedded".to_owned());
    job(&runner, "topicsmith-plan").exits(1);
    runner.variables.insert(directory, "..".to_owned());
    job(&runner, "topicsmith-plan")
        .exits(1)
        .warns("TOPICSMITH_DIR leads out of the checkout");
    assert_eq!(runner.started(), "");
}
