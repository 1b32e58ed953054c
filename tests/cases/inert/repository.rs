//! Repositories with one string in every place that accepts one.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::super::edges::topicsmith;
use super::fill::{definition, fill};

pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new() -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        fs::create_dir(folder.path().join("topics"))?;
        fs::create_dir(folder.path().join("environments"))?;
        Ok(Self { folder })
    }

    fn write(&self, path: &str, text: &str) -> Result<(), Failed> {
        Ok(fs::write(self.folder.path().join(path), text)?)
    }

    pub fn read(&self, path: &str) -> Result<String, Failed> {
        Ok(fs::read_to_string(self.folder.path().join(path))?)
    }

    /// Creates valid files with the string wherever text is accepted, a snapshot that differs from
    /// them, and a saved plan.
    pub fn good(text: &str) -> Result<Self, Failed> {
        let repository = Self::new()?;
        let environment = json!({
            "description": text,
            "cluster": {"bootstrap_servers": "127.0.0.1:1"},
            "defaults": {"partitions": 3, "replication_factor": 3},
            "rules": {"allow_configs": ["*"]},
            "inventory": {"scope": argument(text)},
        });
        repository.write("environments/prod.toml", &toml_of(&environment)?)?;
        let topic = json!({
            "description": text,
            "owner": text,
            "labels": {text: text},
            "config": {"vendor": {"note": text}},
        });
        let topics = json!({
            "topics": {"changed": topic, "made": topic, "held": topic, "gone-by-hand": topic},
            "removed": {"gone": {"reason": text}, "kept": {"reason": text}},
        });
        // The file's name is displayed, too.
        let name: String = text
            .chars()
            .filter(|c| !matches!(c, '/' | '\0'))
            .take(50)
            .collect();
        repository.write(&format!("topics/f{name}.toml"), &toml_of(&topics)?)?;
        repository.write("live.json", &live(text)?.to_string())?;
        let mut plan = fill(&schema("plan")?, text);
        plan["environment"] = "prod".into();
        // An invalid glob would be the only error.
        plan["only"] = json!([]);
        repository.write("plan.json", &plan.to_string())?;
        Ok(repository)
    }

    /// Creates files with the string in every field, valid or not.
    pub fn bad(text: &str) -> Result<Self, Failed> {
        let repository = Self::new()?;
        for (path, kind) in [
            ("environments/prod.toml", "environment"),
            ("topics/all.toml", "topics"),
        ] {
            let mut document = fill(&schema(kind)?, text);
            if kind == "environment" {
                document["abstract"] = false.into();
            }
            repository.write(path, &toml_of(&document)?)?;
        }
        Ok(repository)
    }

    /// Creates a file that consists of the string.
    pub fn raw(text: &str) -> Result<Self, Failed> {
        let repository = Self::new()?;
        repository.write(
            "topics/raw.toml",
            &format!("[topics.a]\nowner = \"{text}\n"),
        )?;
        repository.write("environments/prod.toml", &format!("description = {text}"))?;
        Ok(repository)
    }

    /// Creates an environment with this name, and a valid one.
    pub fn named(text: &str) -> Result<Self, Failed> {
        let repository = Self::new()?;
        let environment = "groups = [\"$(x)\"]\n[cluster]\nbootstrap_servers = \"127.0.0.1:1\"\n";
        repository.write("environments/prod.toml", environment)?;
        let name: String = text
            .chars()
            .filter(|c| !matches!(c, '/' | '\0'))
            .take(50)
            .collect();
        repository.write(&format!("environments/{name}.toml"), environment)?;
        Ok(repository)
    }

    /// Runs the tool as a pipeline's job does.
    pub fn run(&self, arguments: &[&str]) -> Result<Output, Failed> {
        let ci = ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "CI"];
        let mut command = topicsmith(self.folder.path(), arguments);
        command.envs(ci.map(|name| (name, "true")));
        Ok(command.output()?)
    }

    /// Runs the tool on a terminal of 120 columns.
    pub fn on_a_terminal(&self, line: &str) -> Result<Output, Failed> {
        let binary = env!("CARGO_BIN_EXE_topicsmith");
        let line = format!("stty cols 120 rows 40; exec '{binary}' {line}");
        let mut command = Command::new("script");
        command.args([
            "--quiet",
            "--return",
            "--echo",
            "never",
            "--command",
            &line,
            "/dev/null",
        ]);
        command.current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color");
        // The end of its own input would be typed into the terminal.
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let _open = child.stdin.take();
        Ok(child.wait_with_output()?)
    }

    /// Requests completions as bash's script does.
    pub fn completing(&self, words: &[&str]) -> Result<Output, Failed> {
        let last = (words.len() - 1).to_string();
        let mut command = topicsmith(self.folder.path(), &[&["--"], words].concat());
        command.env("TOPICSMITH_COMPLETE", "bash");
        command
            .env("_CLAP_COMPLETE_INDEX", last)
            .env("_CLAP_IFS", "\n");
        Ok(command.output()?)
    }
}

/// Returns the part of a string that a command line can contain.
fn argument(text: &str) -> String {
    match text.replace('\0', "") {
        text if text.is_empty() || text.starts_with('-') => format!("x{text}"),
        text => text,
    }
}

fn schema(kind: &str) -> Result<Value, Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join(format!("schemas/{kind}.json")))?;
    Ok(serde_json::from_str(&text)?)
}

fn toml_of(document: &Value) -> Result<String, Failed> {
    Ok(toml::to_string(document)?)
}

/// Generates a cluster with the string wherever accepted, and with the topics of the configuration.
fn live(text: &str) -> Result<Value, Failed> {
    let schema = schema("live")?;
    let of = |name: &str| definition(&schema, name, text);
    let topic = |partitions: u32| {
        let mut topic = of("LiveTopic");
        topic["partitions"] = partitions.into();
        topic["replication_factor"] = 3.into();
        topic["config"]["vendor.note"] = format!("{text} old").into();
        topic
    };
    let owned = |mut owned: Value, scope: &str| {
        owned["scope"] = scope.into();
        owned["environment"] = "prod".into();
        owned["on_remove"] = "delete".into();
        owned["id"] = Value::Null;
        owned
    };
    let mut live = fill(&schema, text);
    let rack = live["brokers"][0]["rack"].clone();
    live["brokers"] = [1, 2, 3].map(|id| json!({"id": id, "rack": rack})).into();
    live["now_ms"] = 1_700_000_000_000_u64.into();
    for (name, partitions) in [("changed", 1), ("held", 3), ("gone", 3), ("kept", 3)] {
        live["topics"][name] = topic(partitions);
        let scope = match name {
            "kept" => format!("other {text}"),
            _ => argument(text),
        };
        live["inventory"][name] = owned(of("Owned"), &scope);
    }
    live["inventory"]["gone-by-hand"] = owned(of("Owned"), &argument(text));
    let mut stray = topic(3);
    stray["config"]["vendor.note"] = text.into();
    live["topics"]["stray"] = stray;
    live["holds"]["held"] = of("Hold");
    live["holds"]["held"]["until_ms"] = 1_800_000_000_000_u64.into();
    live["usage"]["gone"] = of("Usage");
    Ok(live)
}
