//! Untrusted checkouts: whatever they contain, no process is started, and the displayed commit is a
//! plain id. Each test runs the real binary in a real checkout.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::edges::topicsmith;

type Test = fn() -> Result<(), Failed>;

/// Returns all tests, named like cases.
pub fn trials() -> Vec<Trial> {
    let all: [(&str, Test); 6] = [
        ("the-commit-is-the-one-checked-out", commit),
        ("an-odd-git-folder-is-no-commit", odd_folders),
        ("no-process-is-started", no_process),
        (
            "a-token-command-is-not-found-in-the-checkout",
            token_command,
        ),
        ("one-place-starts-processes", one_place),
        ("certificates-are-files-of-the-checkout", certificates),
    ];
    let trial = |(name, test): (&str, Test)| Trial::test(format!("checkouts/{name}"), test);
    all.map(trial).into()
}

const LIVE: &str = r#"{"format": "topicsmith/live/1", "cluster_id": "c1", "brokers": [], "broker_defaults": {}, "topics": {}}"#;

/// A checkout, with a marker file beside it that any process started from it would create.
struct Checkout {
    folder: tempfile::TempDir,
}

impl Checkout {
    fn new() -> Result<Self, Failed> {
        let checkout = Self {
            folder: tempfile::tempdir()?,
        };
        checkout.files("")?;
        Ok(checkout)
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("checkout").join(path)
    }

    fn marker(&self) -> PathBuf {
        self.folder.path().join("marker")
    }

    /// Creates topics, an environment and a snapshot in a folder.
    fn files(&self, folder: &str) -> Result<(), Failed> {
        let folder = self.path(folder);
        fs::create_dir_all(folder.join("topics"))?;
        fs::create_dir_all(folder.join("environments"))?;
        let topic = "[topics.a]\npartitions = 1\nreplication_factor = 1\n";
        fs::write(folder.join("topics/a.toml"), topic)?;
        let environment =
            "[cluster]\nbootstrap_servers = \"127.0.0.1:9\"\n[inventory]\nenabled = false\n";
        fs::write(folder.join("environments/dev.toml"), environment)?;
        fs::write(folder.join("live.json"), LIVE)?;
        Ok(())
    }

    /// Creates a program that creates the marker.
    fn program(&self, path: &str) -> Result<(), Failed> {
        let path = self.path(path);
        fs::create_dir_all(path.parent().ok_or("it is in the checkout")?)?;
        let script = format!("#!/bin/sh\necho \"$0 $*\" >>{}\n", self.marker().display());
        fs::write(&path, script)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    fn git(&self, line: &str) -> Result<String, Failed> {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let mut command = Command::new("git");
        command.args(identity).args(line.split(' '));
        let output = command.current_dir(self.path("")).output()?;
        assert!(output.status.success(), "git {line}: {output:?}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Returns the commit in a plan made in a folder, with these variables.
    fn planned(&self, folder: &str, variables: &[(&str, &str)]) -> Result<Value, Failed> {
        let arguments = ["plan", "--live", "live.json", "--format", "json"];
        let mut command = topicsmith(&self.path(folder), &arguments);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let output = command
            .env("PATH", path)
            .envs(variables.iter().copied())
            .output()?;
        let plan: Value = serde_json::from_slice(&output.stdout)
            .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
        assert_eq!(plan["summary"]["create"], 1, "it plans all the same");
        Ok(plan["commit"].clone())
    }

    fn started(&self) -> String {
        fs::read_to_string(self.marker()).unwrap_or_default()
    }
}

const GITHUB: [(&str, &str); 2] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SHA", "1111111111111111111111111111111111111111"),
];

fn commit() -> Result<(), Failed> {
    let checkout = Checkout::new()?;
    let variables = |event| [GITHUB[0], GITHUB[1], ("GITHUB_EVENT_NAME", event)];
    let push = variables("push");
    assert_eq!(checkout.planned("", &[])?, Value::Null);
    assert_eq!(checkout.planned("", &push)?, GITHUB[1].1);
    // For this event, it is the commit of the default branch.
    let target = variables("pull_request_target");
    assert_eq!(checkout.planned("", &target)?, Value::Null);
    let others = [
        ("GITLAB_CI", "CI_COMMIT_SHA"),
        ("TF_BUILD", "BUILD_SOURCEVERSION"),
        ("BITBUCKET_BUILD_NUMBER", "BITBUCKET_COMMIT"),
    ];
    for (ci, commit) in others {
        assert_eq!(
            checkout.planned("", &[(ci, "1"), (commit, "2222")])?,
            "2222"
        );
        let odd = [(ci, "1"), (commit, "$(id)\n::error::x")];
        assert_eq!(checkout.planned("", &odd)?, Value::Null);
    }

    checkout.git("init --quiet --initial-branch main")?;
    assert_eq!(checkout.planned("", &[])?, Value::Null, "no commit yet");
    checkout.git("add .")?;
    checkout.git("commit --quiet --message first")?;
    checkout.git("tag release")?;
    let first = checkout.git("rev-parse HEAD")?;
    assert_eq!(checkout.planned("", &[])?, first);
    // The checked-out commit counts, whatever the job is for.
    assert_eq!(checkout.planned("", &push)?, first);
    checkout.files("below/it")?;
    assert_eq!(checkout.planned("below/it", &[])?, first);
    // Changed files are not detected, because that would need git.
    fs::write(checkout.path("topics/b.toml"), "")?;
    assert_eq!(checkout.planned("", &[])?, first);
    checkout.git("pack-refs --all")?;
    assert_eq!(checkout.planned("", &[])?, first);
    checkout.git("commit --quiet --allow-empty --message second")?;
    let second = checkout.git("rev-parse HEAD")?;
    assert_eq!(checkout.planned("", &[])?, second);
    checkout.git("worktree add --quiet --detach tree HEAD~1")?;
    fs::write(checkout.path("tree/live.json"), LIVE)?;
    assert_eq!(checkout.planned("tree", &[])?, first);
    checkout.git("checkout --quiet --detach release")?;
    assert_eq!(checkout.planned("", &[])?, first);
    // Git's variables have no effect.
    let git = checkout.path(".git").display().to_string();
    checkout.git("init --quiet elsewhere")?;
    checkout.files("elsewhere")?;
    assert_eq!(
        checkout.planned("elsewhere", &[("GIT_DIR", &git)])?,
        Value::Null
    );
    Ok(())
}

fn odd_folders() -> Result<(), Failed> {
    let checkout = Checkout::new()?;
    let outside = checkout.folder.path().join("outside");
    fs::create_dir_all(&outside)?;
    fs::write(outside.join("HEAD"), "1".repeat(40))?;
    let entry = checkout.path(".git");
    symlink(&outside, &entry)?;
    assert_eq!(checkout.planned("", &GITHUB)?, Value::Null, "a link");
    fs::remove_file(&entry)?;
    for text in [
        "gitdir: .git",
        "gitdir: /dev/zero",
        "gitdir: ../../../etc",
        "\u{1b}[2J",
        "",
    ] {
        fs::write(&entry, text)?;
        assert_eq!(checkout.planned("", &[])?, Value::Null, "{text:?}");
    }
    fs::remove_file(&entry)?;
    fs::create_dir(&entry)?;
    for head in [
        "1111111111111111111111111111111111111111-dirty",
        "<!-- -->\n::error::x",
        "ref: refs/heads/../../../outside/HEAD",
        "ref: refs/heads/\u{202e}main",
        "ref: HEAD",
    ] {
        fs::write(entry.join("HEAD"), head)?;
        assert_eq!(checkout.planned("", &[])?, Value::Null, "{head:?}");
    }
    Ok(())
}

/// Programs on a relative PATH, and in the configuration of a repository inside the checkout.
fn no_process() -> Result<(), Failed> {
    let checkout = Checkout::new()?;
    for name in [
        "git", "sh", "less", "vi", "hook", "kinit", "ssh", "stty", "uname",
    ] {
        checkout.program(&format!("bin/{name}"))?;
    }
    let hook = checkout.path("bin/hook").display().to_string();
    // `core.bare` unset and a worktree: git accepts the folder as a repository.
    checkout.files("embedded")?;
    let config = format!(
        "[core]\nrepositoryformatversion = 0\nbare = false\nworktree = .\nfsmonitor = {hook}\n\
         hooksPath = ../bin\npager = {hook}\neditor = {hook}\nsshCommand = {hook}\n\
         [diff]\nexternal = {hook}\n[filter \"x\"]\nclean = {hook}\nsmudge = {hook}\nprocess = {hook}\n"
    );
    fs::create_dir_all(checkout.path("embedded/objects"))?;
    fs::create_dir_all(checkout.path("embedded/refs"))?;
    fs::write(checkout.path("embedded/HEAD"), "ref: refs/heads/main\n")?;
    fs::write(checkout.path("embedded/config"), config)?;
    fs::write(
        checkout.path("embedded/.gitattributes"),
        "* filter=x diff=x merge=x\n",
    )?;
    // A `.git` file that refers to it.
    checkout.files("linked")?;
    fs::write(checkout.path("linked/.git"), "gitdir: ../embedded\n")?;

    let real = std::env::var("PATH").unwrap_or_default();
    let commands: [&[&str]; 9] = [
        &["validate"],
        &["plan", "--live", "live.json", "--out", "plan.json"],
        &["drift", "--live", "live.json"],
        &["list", "--live", "live.json"],
        &["show", "a", "--live", "live.json"],
        &["catalog", "--live", "live.json"],
        &["apply", "--yes", "--timeout", "1s"],
        &["new", "b", "--set", "partitions=1"],
        &["doctor", "--timeout", "1s"],
    ];
    for path in [&real, "bin:."] {
        for folder in ["embedded", "linked", ""] {
            for arguments in commands {
                let there = checkout.path(folder);
                let there = there.to_str().ok_or("it is a text")?;
                let whole = [&["-C", there], arguments].concat();
                let mut command = topicsmith(&checkout.path(""), &whole);
                command.env("PATH", path);
                for name in ["PAGER", "EDITOR", "VISUAL", "BROWSER", "SHELL", "GIT_SSH"] {
                    command.env(name, &hook);
                }
                command.output()?;
                assert_eq!(checkout.started(), "", "{folder:?}: {arguments:?}");
            }
        }
    }
    Ok(())
}

fn token_command() -> Result<(), Failed> {
    let checkout = Checkout::new()?;
    checkout.program("sh")?;
    checkout.program("get-token")?;
    let client = checkout.folder.path().join("client.properties");
    let properties = "bootstrap.servers=127.0.0.1:9\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=OAUTHBEARER\n";
    fs::write(&client, properties)?;
    let client = client.display().to_string();
    let ran = checkout.folder.path().join("ran");
    let own = format!("pwd >{}; echo x.y", ran.display());
    for token in ["get-token", "./get-token", own.as_str()] {
        let arguments = [
            "plan",
            "--client-config",
            &client,
            "--timeout",
            "1s",
            "--token-command",
            token,
        ];
        topicsmith(&checkout.path(""), &arguments)
            .env("PATH", ".:/usr/bin:/bin")
            .output()?;
        assert_eq!(checkout.started(), "", "{token}");
    }
    assert_eq!(
        fs::read_to_string(ran)?,
        "/\n",
        "the runner's own command was run"
    );
    Ok(())
}

/// OpenSSL would block on a pipe, and follow a link.
fn certificates() -> Result<(), Failed> {
    let checkout = Checkout::new()?;
    let outside = checkout.folder.path().join("outside.pem");
    fs::write(&outside, "SECRET")?;
    fs::create_dir(checkout.path("folder"))?;
    symlink(&outside, checkout.path("link.pem"))?;
    for pipe in ["pipe.pem", "folder/pipe.0"] {
        let made = Command::new("mkfifo").arg(checkout.path(pipe)).status()?;
        assert!(made.success());
    }
    for property in [
        "ssl.ca.location",
        "ssl.crl.location",
        "ssl.keystore.location",
    ] {
        for (path, why) in [
            ("pipe.pem", "not a regular file"),
            ("folder", "not a regular file"),
            ("link.pem", "leads out of the repository's folder"),
        ] {
            let environment = format!(
                "[cluster]\nbootstrap_servers = \"127.0.0.1:9\"\n[cluster.client]\nsecurity.protocol = \"SSL\"\n{property} = \"{path}\"\n"
            );
            fs::write(checkout.path("environments/dev.toml"), environment)?;
            let arguments = ["plan", "--timeout", "1s"];
            let mut child = topicsmith(&checkout.path(""), &arguments)
                .stderr(std::process::Stdio::piped())
                .spawn()?;
            let ended = (0..400).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(50));
                child.try_wait().is_ok_and(|status| status.is_some())
            });
            child.kill()?;
            let output = child.wait_with_output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(ended && said.contains(why), "{property} = {path}: {said}");
        }
    }
    Ok(())
}

/// Only `src/app/token.rs` starts processes.
fn one_place() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut places = Vec::new();
    for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path().strip_prefix(&root)?.display().to_string();
        if entry.file_type().is_dir() || path.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(entry.path())?;
        let (code, _) = text
            .split_once("\n#[cfg(test)]\nmod ")
            .unwrap_or((&text, ""));
        let starts = |line: &str| {
            line.contains("process::Command")
                || (line.contains("process::{") && line.contains("Command"))
        };
        if code.lines().any(starts) {
            places.push(path);
        }
    }
    assert_eq!(places, ["app/token.rs"]);
    Ok(())
}
