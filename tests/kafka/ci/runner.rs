//! The subset of a CI runner that the pipelines need: anything unsupported fails, so that nothing
//! in their files is untested.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use saphyr::{LoadableYamlNode as _, YamlOwned};
use serde_json::Value;

use crate::harness::{Repository, Run, Test};

/// A runner with its workspace, the fake programs on its PATH, and their stored data.
pub struct Runner {
    pub repository: Repository,
    folder: tempfile::TempDir,
    /// The environment of every step.
    pub variables: BTreeMap<String, String>,
    /// The values of the expressions in a workflow.
    pub expressions: BTreeMap<String, String>,
    /// The stored artifacts: names and files.
    pub artefacts: BTreeMap<String, PathBuf>,
}

/// Returns the path of a file of this project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Parses a YAML file of this project.
pub fn yaml(path: &str) -> YamlOwned {
    let text = fs::read_to_string(project(path)).expect("it is there");
    let documents =
        YamlOwned::load_from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    documents.into_iter().next().expect("it holds a document")
}

/// Returns the texts of a mapping; empty if it does not exist.
pub fn texts(node: &YamlOwned, key: &str) -> Vec<(String, String)> {
    let mapping = node.as_mapping_get(key).and_then(YamlOwned::as_mapping);
    let text = |node: &YamlOwned| match (node.as_str(), node.as_bool(), node.as_integer()) {
        (Some(text), ..) => text.to_owned(),
        (_, Some(bool), _) => bool.to_string(),
        (.., Some(number)) => number.to_string(),
        _ => panic!("{node:?} is no text"),
    };
    let pairs = mapping.into_iter().flatten();
    pairs
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// Returns the text of a key.
pub fn text<'a>(node: &'a YamlOwned, key: &str) -> Option<&'a str> {
    node.as_mapping_get(key)?.as_str()
}

impl Runner {
    /// Creates a repository with these topics and a runner for it.
    pub fn new(test: &Test, topics: &str, stand_in: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["bin", "fake", "temp"] {
            fs::create_dir(folder.path().join(name)).expect("it is empty");
        }
        let bin = folder.path().join("bin");
        let link =
            |target: PathBuf, name: &str| symlink(target, bin.join(name)).expect("it is empty");
        link(env!("CARGO_BIN_EXE_topicsmith").into(), "topicsmith");
        link(project("tests/kafka/ci").join(stand_in), stand_in);
        let path = std::env::var("PATH").expect("there is one");
        let variables = [
            ("PATH", format!("{}:{path}", bin.display())),
            ("FAKE", folder.path().join("fake").display().to_string()),
        ];
        Self {
            repository: test.repository(topics),
            folder,
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
            expressions: BTreeMap::new(),
            artefacts: BTreeMap::new(),
        }
    }

    /// Creates a program in the workspace where a checkout's program would be found; it creates a
    /// marker.
    pub fn hostile(&self, name: &str) {
        let path = self.repository.path(name);
        let folder = path.parent().expect("it is in the workspace");
        fs::create_dir_all(folder).expect("it can be made");
        let script = format!("#!/bin/sh\necho \"$0 $*\" >>{}\n", self.marker().display());
        fs::write(&path, script).expect("it can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it is there");
    }

    /// Returns the arguments with which programs of the checkout were started.
    pub fn started(&self) -> String {
        fs::read_to_string(self.marker()).unwrap_or_default()
    }

    fn marker(&self) -> PathBuf {
        self.beside("marker")
    }

    /// Returns a path beside the workspace.
    pub fn beside(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Returns data stored by the fake program.
    pub fn kept(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.beside("fake").join(name));
        let text = text.unwrap_or_else(|_| "[]".to_owned());
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// Stores data for the fake program.
    pub fn keep(&self, name: &str, value: &Value) {
        fs::write(self.beside("fake").join(name), value.to_string()).expect("it can be written");
    }

    /// Evaluates the expressions of a workflow, `${{ matrix.environment }}`.
    fn filled_in(&self, text: &str) -> String {
        let expression = regex::Regex::new(r"\$\{\{ (.*?) \}\}").expect("it is one");
        let known = |found: &regex::Captures<'_>| {
            let value = self.expressions.get(&found[1]);
            value
                .unwrap_or_else(|| panic!("{} is not known", &found[0]))
                .clone()
        };
        expression.replace_all(text, known).into_owned()
    }

    pub fn script(&self, shell: &str, script: &str, variables: &[(String, String)]) -> Run {
        let output = Command::new(shell)
            .args(["-e", "-c", script])
            .current_dir(self.repository.path(""))
            .env_clear()
            .envs(&self.variables)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .expect("it can be run");
        self.repository.ended(script, &output)
    }

    /// Runs a job of a GitHub workflow up to the first step that fails; steps that always run still
    /// do.
    pub fn github(&mut self, workflow: &str, job: &str) -> Run {
        // GitHub empties it before each job.
        fs::remove_dir_all(self.beside("temp")).expect("it is there");
        fs::create_dir(self.beside("temp")).expect("its folder is there");
        let file = yaml(&format!("docs/ci/github/{workflow}.yml"));
        let jobs = file.as_mapping_get("jobs").expect("it has jobs");
        let steps = jobs
            .as_mapping_get(job)
            .and_then(|job| job.as_mapping_get("steps"));
        let steps = steps
            .and_then(YamlOwned::as_sequence)
            .expect("it has steps");
        let mut last: Option<Run> = None;
        for step in steps {
            let failed = last.as_ref().is_some_and(|run| run.code != Some(0));
            let always = text(step, "if").is_some_and(|when| when.starts_with("always()"));
            if failed && !always {
                continue;
            }
            let done = self.step(step);
            last = match (done, failed) {
                (Some(run), false) => Some(run),
                _ => last,
            };
        }
        last.expect("it runs something")
    }

    fn step(&mut self, step: &YamlOwned) -> Option<Run> {
        let fill = |(name, value): (String, String)| (name, self.filled_in(&value));
        let with: BTreeMap<String, String> = texts(step, "with").into_iter().map(fill).collect();
        let variables: Vec<_> = texts(step, "env").into_iter().map(fill).collect();
        if let Some(script) = text(step, "run") {
            return Some(self.script("bash", script, &variables));
        }
        match text(step, "uses").expect("it runs or uses something") {
            "actions/checkout@v5" => {
                self.own(&format!(
                    "rm -rf {}",
                    with.get("path").map_or("", String::as_str)
                ));
                assert_eq!(with["persist-credentials"], "false");
                let commit = with.get("ref").unwrap_or(&self.variables["GITHUB_SHA"]);
                let is_unsafe = with
                    .get("allow-unsafe-pr-checkout")
                    .is_some_and(|yes| yes == "true");
                assert_eq!(
                    commit.starts_with("refs/pull/"),
                    is_unsafe,
                    "it refuses forks else, and only then"
                );
                self.git(&match with.get("path") {
                    None => format!("checkout --quiet --detach {commit}"),
                    Some(path) => format!(
                        "clone --quiet . {path} && git -C {path} fetch --quiet origin {commit} && git -C {path} checkout --quiet FETCH_HEAD"
                    ),
                });
                None
            }
            "topicsmith/topicsmith@v0.1.0" => Some(self.action(with)),
            "actions/upload-artifact@v4" => {
                let path = PathBuf::from(&with["path"]);
                assert!(path.starts_with(self.beside("temp")), "out of the checkout");
                if path.exists() {
                    let kept = self.beside("artefacts").join(&with["name"]);
                    let copy = format!(
                        "mkdir -p {0} && cp -r {1}/. {0}",
                        kept.display(),
                        path.display()
                    );
                    self.own(&copy);
                    self.artefacts.insert(with["name"].clone(), kept);
                } else {
                    assert_ne!(
                        with.get("if-no-files-found").map(String::as_str),
                        Some("error")
                    );
                }
                None
            }
            other => panic!("{other} is not known"),
        }
    }

    /// Runs this project's own action.
    fn action(&mut self, with: BTreeMap<String, String>) -> Run {
        let action = yaml("action.yml");
        let inputs = action
            .as_mapping_get("inputs")
            .and_then(YamlOwned::as_mapping);
        let before = self.expressions.clone();
        let mut unknown = with.clone();
        for (name, input) in inputs.expect("it has inputs") {
            let name = name.as_str().expect("a name is a text");
            let default = text(input, "default").expect("each has a default");
            let value = unknown
                .remove(name)
                .unwrap_or_else(|| self.filled_in(default));
            self.expressions.insert(format!("inputs.{name}"), value);
        }
        assert!(unknown.is_empty(), "the action has no {unknown:?}");
        let steps = action
            .as_mapping_get("runs")
            .and_then(|runs| runs.as_mapping_get("steps"));
        let steps = steps
            .and_then(YamlOwned::as_sequence)
            .expect("it has steps");
        let mut last = None;
        for step in steps {
            let env = texts(step, "env").into_iter();
            let env: Vec<_> = env
                .map(|(name, value)| (name, self.filled_in(&value)))
                .collect();
            let script = text(step, "run").expect("it runs something");
            assert!(
                !script.contains("${{"),
                "an input would be part of a command: {script}"
            );
            let run = self.script("bash", script, &env);
            let failed = run.code != Some(0);
            last = Some(run);
            if failed {
                break;
            }
        }
        self.expressions = before;
        last.expect("it has steps")
    }

    /// Runs git in the workspace, and returns its output.
    pub fn git(&self, arguments: &str) -> String {
        self.own(&format!(
            "git -c user.name=t -c user.email=t@localhost {arguments}"
        ))
    }

    /// Runs a script like the runner itself, with its own programs.
    pub fn own(&self, script: &str) -> String {
        let path = std::env::var("PATH").expect("there is one");
        let own = [("PATH", path), ("HOME", "/nonexistent".to_owned())];
        let own = own.map(|(name, value)| (name.to_owned(), value));
        let run = self.script("bash", script, &own).exits(0);
        run.stdout.trim().to_owned()
    }
}
