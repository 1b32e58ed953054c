//! Attacks on the GitHub workflows.

use std::fs;

use serde_json::json;

use super::CHANGED;
use super::github::{PLAN, apply, artefact, merge, name, pull, pull_request, workflow_run, zip};
use crate::apply::partitions;
use crate::harness::Test;

crate::harness::tests! {
    only_a_trusted_plan_is_applied,
    a_pull_request_is_not_given_the_plan_of_another,
    nothing_of_a_checkout_is_run,
    a_directory_stays_in_the_checkout,
    only_no_drift_closes_an_issue,
}

async fn only_a_trusted_plan_is_applied(test: Test) {
    let mut runner = pull_request(&test, CHANGED).await;
    runner.github(PLAN, "plan").exits(0);
    merge(&runner);
    // Each is the only difference from a trusted run.
    let runs = [
        // A workflow from the pull request itself has saved an artifact with the same name.
        ("event", json!("pull_request"), "it is of another workflow"),
        (
            "path",
            json!(".github/workflows/x.yml"),
            "it is of another workflow",
        ),
        ("conclusion", json!("failure"), "it did not succeed"),
        ("conclusion", json!(null), "it did not succeed"),
        (
            "repository",
            json!({"id": 2}),
            "it is of another repository",
        ),
    ];
    for (key, value, flaw) in runs {
        let mut run = workflow_run(51);
        run[key] = value;
        runner.keep("runs", &json!([run]));
        apply(&mut runner)
            .exits(4)
            .warns(flaw)
            .warns("Nothing was applied: there is no plan that a trusted job made for this merge.");
    }
    runner.keep("runs", &json!([workflow_run(51)]));
    let approvals = [
        ("request", "8"),
        ("branch", "release"),
        ("commit", "0123"),
        ("environment", "prod"),
        ("directory", "kafka"),
        ("run", "52"),
        ("project", "2"),
        ("cluster_id", "other"),
        ("sha256", "0123"),
        ("format", "x"),
    ];
    for (key, value) in approvals {
        zip(&runner, 41, |_, approval| approval[key] = json!(value));
        let refused = format!("the plan of run 51 is not of this merge: {key}\n");
        apply(&mut runner).exits(4).warns(&refused);
    }
    zip(&runner, 41, |plan, _| plan["changes"] = json!([]));
    apply(&mut runner)
        .exits(4)
        .warns("is not of this merge: sha256\n");
    // The pull request was planned for another branch than it was merged into.
    merge(&runner);
    runner.keep("pulls", &json!([pull(&runner, 7, "release")]));
    apply(&mut runner)
        .exits(4)
        .warns("is the merge of no pull request");
    let branch = "GITHUB_REF_NAME".to_owned();
    runner
        .variables
        .insert(branch.clone(), "release".to_owned());
    apply(&mut runner)
        .exits(4)
        .warns("is not of this merge: branch\n");
    runner.variables.insert(branch, "main".to_owned());
    // A push without a pull request.
    runner.keep("pulls", &json!([]));
    apply(&mut runner)
        .exits(4)
        .warns("is the merge of no pull request");
    // GitHub does not respond: that is an error, not a rejection.
    fs::write(runner.beside("fake/down"), "").expect("it can be written");
    apply(&mut runner).exits(1).warns("could not be fetched");
    assert_eq!(partitions(&test).await, [("orders".to_owned(), 3)]);
}

/// Two pull requests of the same commit into different branches: the newer plan is the other one's.
async fn a_pull_request_is_not_given_the_plan_of_another(test: Test) {
    let mut runner = pull_request(&test, CHANGED).await;
    runner.github(PLAN, "plan").exits(0);
    merge(&runner);
    zip(&runner, 42, |plan, approval| {
        plan["changes"] = json!([]);
        approval["request"] = json!("8");
        approval["branch"] = json!("release");
    });
    let others = [
        artefact(42, 52, &name(&runner, 8), "z"),
        artefact(42, 52, &name(&runner, 7), "z"),
        artefact(41, 51, &name(&runner, 7), "x"),
    ];
    runner.keep("artifacts", &json!(others));
    runner.keep("runs", &json!([workflow_run(51), workflow_run(52)]));
    runner.keep(
        "pulls",
        &json!([pull(&runner, 8, "release"), pull(&runner, 7, "main")]),
    );
    apply(&mut runner)
        .exits(0)
        .warns("the plan of run 52 is not of this merge: ")
        .warns("applying the plan of run 51, ");
    assert_eq!(partitions(&test).await[0], ("orders".to_owned(), 6));
}

/// Files of a pull request are neither executed nor read as settings, wherever runners look for
/// them.
async fn nothing_of_a_checkout_is_run(test: Test) {
    let mut runner = pull_request(&test, CHANGED).await;
    for name in [
        "git",
        "gh",
        "jq",
        "unzip",
        "sed",
        "topicsmith",
        "cargo",
        "sh",
        "mktemp",
    ] {
        runner.hostile(&format!("bin/{name}"));
    }
    let marker = runner.beside("marker").display().to_string();
    runner
        .repository
        .write(".jq", "def map(f): error(\"read\");");
    runner.repository.write(
        ".cargo/config.toml",
        &format!("[build]\nrustc-wrapper = \"{marker}\"\n"),
    );
    runner
        .repository
        .write("rust-toolchain.toml", "[toolchain]\npath = \"bin\"\n");
    let workspace = runner.repository.path("").display().to_string();
    let path = format!("bin:.::{workspace}/bin:{}", runner.variables["PATH"]);
    runner.variables.insert("PATH".to_owned(), path);
    runner.variables.insert("HOME".to_owned(), workspace);
    runner.github(PLAN, "validate").exits(0);
    runner.github(PLAN, "plan").exits(0);
    merge(&runner);
    apply(&mut runner).exits(0);
    assert_eq!(runner.started(), "");

    // Without a binary, cargo builds one: in the action's folder and nowhere else.
    fs::remove_file(runner.beside("bin/topicsmith")).expect("it was there");
    let cargo = format!("#!/bin/sh\npwd >{marker}.pwd\nexit 7\n");
    fs::write(runner.beside("bin/cargo"), cargo).expect("it can be written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(runner.beside("bin/cargo"), executable).expect("it is there");
    let install = "\"$GITHUB_ACTION_PATH/docs/ci/steps/install.sh\"";
    runner.script("bash", install, &[]).exits(7);
    let pwd = fs::read_to_string(format!("{marker}.pwd")).expect("cargo was started");
    assert_eq!(pwd.trim_end(), env!("CARGO_MANIFEST_DIR"));
    runner.own("mkdir action && cp -r \"$GITHUB_ACTION_PATH/docs\" action");
    let inside = "action/docs/ci/steps/install.sh";
    runner
        .script("bash", inside, &[])
        .exits(1)
        .warns("topicsmith is not built in a job's workspace");
    assert_eq!(runner.started(), "");
}

/// A folder that leads out of the checkout is rejected.
async fn a_directory_stays_in_the_checkout(test: Test) {
    let runner = pull_request(&test, CHANGED).await;
    let outside = runner.beside("temp").display().to_string();
    std::os::unix::fs::symlink(&outside, runner.repository.path("kafka")).expect("it is free");
    for directory in ["kafka", "..", outside.as_str()] {
        let run = format!(
            "TOPICSMITH_DIR='{directory}' \"$GITHUB_ACTION_PATH/docs/ci/steps/run.sh\" validate"
        );
        runner
            .script("bash", &run, &[])
            .exits(1)
            .warns("TOPICSMITH_DIR leads out of the checkout");
    }
}

/// An issue is closed only for a cluster that was read and has no drift.
async fn only_no_drift_closes_an_issue(test: Test) {
    let runner = pull_request(&test, CHANGED).await;
    let open = json!([{"number": 1, "id": 101, "state": "open", "created_at": "0", "title": "x",
        "user": {"login": "github-actions[bot]"}, "body": "<!-- topicsmith drift dev -->\nx"}]);
    runner.keep("issues", &open);
    fs::remove_file(runner.beside("bin/topicsmith")).expect("it was there");
    for code in [1, 3, 4, 5, 6, 64, 124, 130, 137, 143] {
        let said = "<!-- topicsmith drift dev -->\n\n### Drift of dev: No drift";
        let script = format!("#!/bin/sh\necho '{said}'\nexit {code}\n");
        fs::write(runner.beside("bin/topicsmith"), script).expect("it can be written");
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(runner.beside("bin/topicsmith"), executable).expect("it is there");
        runner
            .script(
                "bash",
                "TOPICSMITH_ENV=dev \"$GITHUB_ACTION_PATH/docs/ci/steps/run.sh\" drift",
                &[],
            )
            .exits(code);
        assert_eq!(runner.kept("issues"), open, "exit {code}");
        assert_eq!(runner.kept("comments"), json!([]), "exit {code}");
    }
}
