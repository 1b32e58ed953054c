//! A repository per test, and runs of the real binary in it.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use super::{Brokers, Test};

/// Files in a temporary folder. In texts of a test, `@` stands for the prefix of its topics.
pub struct Repository {
    folder: tempfile::TempDir,
    prefix: String,
}

impl Test {
    /// Creates a repository with these topics and the environment `dev`: the shared broker, one
    /// replica.
    pub fn repository(&self, topics: &str) -> Repository {
        let repository = Repository {
            folder: tempfile::tempdir().expect("a temporary folder"),
            prefix: self.prefix.clone(),
        };
        repository.write("topics/a.toml", topics);
        repository.environment("dev", self.broker().servers(), 1, "");
        repository
    }

    /// Creates a repository with this test's own inventory, in which its topics belong to the scope
    /// `shop`.
    pub fn owning_repository(&self, topics: &str) -> Repository {
        let repository = self.repository(topics);
        repository.owning("dev", "shop");
        repository
    }
}

/// Returns the settings of a test's own inventory, for a scope.
pub fn inventory(scope: &str) -> String {
    format!("[inventory]\ntopic = \"@inventory\"\nscope = \"{scope}\"\n")
}

impl Repository {
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let folder = path.parent().expect("it is in the folder");
        fs::create_dir_all(folder).expect("it can be made");
        fs::write(&path, self.filled_in(text)).expect("it can be written");
    }

    /// Replaces the topics file.
    pub fn topics(&self, text: &str) {
        self.write("topics/a.toml", text);
    }

    /// Writes an environment; `rest` follows its defaults. Without `[inventory]` in it, the
    /// inventory is disabled.
    pub fn environment(&self, name: &str, servers: &str, replication_factor: u32, rest: &str) {
        let inventory = match rest.contains("[inventory]") {
            true => "",
            false => "\n[inventory]\nenabled = false\n",
        };
        let text = format!(
            "[cluster]\nbootstrap_servers = \"{servers}\"\n\n[defaults]\npartitions = 1\nreplication_factor = {replication_factor}\n{rest}{inventory}"
        );
        self.write(&format!("environments/{name}.toml"), &text);
    }

    /// Writes an environment of the shared broker, with an ownership scope.
    pub fn owning(&self, name: &str, scope: &str) {
        let servers = Brokers::one().servers();
        self.environment(name, servers, 1, &inventory(scope));
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Returns the binary with these arguments, restricted to this test's topics.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = self.bare(arguments);
        command.args(["--only", &format!("{}.*", self.prefix)]);
        command
    }

    fn bare(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_topicsmith"));
        command
            .args(self.filled_in(arguments).split_whitespace())
            .current_dir(self.folder.path())
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &str) -> Run {
        self.run_command(arguments, self.command(arguments))
    }

    /// Runs the binary to its end with these variables.
    pub fn run_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        self.run_command(arguments, command)
    }

    /// Runs the binary without the restriction: with a saved plan, which is restricted itself, or
    /// with explicit topics.
    pub fn run_whole(&self, arguments: &str) -> Run {
        self.run_command(arguments, self.bare(arguments))
    }

    /// Runs the binary without the restriction, with these variables.
    pub fn run_whole_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = self.bare(arguments);
        command.envs(variables.iter().copied());
        self.run_command(arguments, command)
    }

    fn run_command(&self, arguments: &str, mut command: Command) -> Run {
        let output = command.output().expect("it can be run");
        self.ended(arguments, &output)
    }

    /// Returns the result of a run of this binary or of a program that runs it.
    pub fn ended(&self, arguments: &str, output: &Output) -> Run {
        Run::new(
            arguments,
            &self.prefix,
            &output.stdout,
            &output.stderr,
            output.status,
        )
    }

    /// Runs the binary with exactly these arguments.
    pub fn run_bare(&self, arguments: &str) -> Run {
        self.run_command(arguments, self.bare(arguments))
    }

    /// Runs the binary with exactly these arguments, with these variables.
    pub fn run_bare_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = self.bare(arguments);
        command.envs(variables.iter().copied());
        self.run_command(arguments, command)
    }

    /// Starts the binary. Its output goes to files, so that it never waits for a reader.
    pub fn start(&self, arguments: &str) -> Started {
        self.start_command(arguments, self.command(arguments))
    }

    /// Starts the binary with exactly these arguments.
    pub fn start_bare(&self, arguments: &str) -> Started {
        self.start_command(arguments, self.bare(arguments))
    }

    fn start_command(&self, arguments: &str, mut command: Command) -> Started {
        let file = || tempfile::tempfile().expect("a temporary file");
        let (stdout, stderr) = (file(), file());
        let again = |file: &File| file.try_clone().expect("it is open");
        let command = command.stdout(again(&stdout)).stderr(again(&stderr));
        Started {
            arguments: arguments.to_owned(),
            prefix: self.prefix.clone(),
            child: command.spawn().expect("it can be run"),
            stdout,
            stderr,
        }
    }

    /// Runs the binary at a terminal with `keys` as input.
    pub fn run_at_a_terminal(&self, arguments: &str, keys: &str) -> Run {
        let command = self.command(arguments);
        let words: Vec<_> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(|word| format!("'{}'", word.to_string_lossy()))
            .collect();
        let line = format!(
            "printf '{keys}' | script -qec \"{}\" /dev/null",
            words.join(" ")
        );
        let output = Command::new("sh")
            .args(["-c", &line])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .output()
            .expect("script is part of every Linux");
        Run::new(
            arguments,
            &self.prefix,
            &output.stdout,
            &output.stderr,
            output.status,
        )
    }

    fn filled_in(&self, text: &str) -> String {
        text.replace('@', &format!("{}.", self.prefix))
    }
}

/// The result of a run of the binary. In its output, `@` stands for the prefix of the topics.
#[derive(Debug)]
pub struct Run {
    /// The command line.
    pub arguments: String,
    /// The exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A running process.
pub struct Started {
    arguments: String,
    prefix: String,
    child: Child,
    stdout: File,
    stderr: File,
}

impl Started {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.expect("kill can be run").success());
    }

    /// Returns its standard error so far, without moving its write position.
    pub fn said(&self) -> String {
        let mut bytes = vec![0; 100_000];
        let length = self.stderr.read_at(&mut bytes, 0).expect("it is a file");
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Run {
        let status = self.child.wait().expect("it was started");
        let read = |file: &mut File| {
            let mut bytes = Vec::new();
            file.rewind()
                .and_then(|()| file.read_to_end(&mut bytes))
                .expect("it is a file");
            bytes
        };
        let (stdout, stderr) = (read(&mut self.stdout), read(&mut self.stderr));
        Run::new(&self.arguments, &self.prefix, &stdout, &stderr, status)
    }
}

impl Run {
    fn new(
        arguments: &str,
        prefix: &str,
        stdout: &[u8],
        stderr: &[u8],
        status: ExitStatus,
    ) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).replace(&format!("{prefix}."), "@");
        let run = Self {
            arguments: arguments.to_owned(),
            code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        };
        if let Ok(document) = serde_json::from_slice(stdout) {
            check_schema(&document).unwrap_or_else(|error| panic!("{error}: {run}"));
        }
        run
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that standard output contains a text.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in {self}");
        self
    }

    /// Asserts that standard error contains a text.
    #[track_caller]
    pub fn warns(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in {self}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        let json = serde_json::from_str(&self.stdout);
        json.unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            arguments,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            f,
            "topicsmith {arguments}: {code:?}\n{stdout}--- stderr\n{stderr}"
        )
    }
}

/// Checks that JSON on standard output is valid by its schema.
fn check_schema(document: &serde_json::Value) -> Result<(), String> {
    let format = document["format"].as_str().unwrap_or_default();
    let name = format
        .strip_prefix("topicsmith/")
        .and_then(|rest| rest.strip_suffix("/1"));
    let name = name.ok_or_else(|| format!("no schema describes the format {format:?}"))?;
    let schema = format!("{}/schemas/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&schema).map_err(|error| format!("{schema}: {error}"))?;
    let schema = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let validator = jsonschema::draft7::new(&schema).map_err(|error| error.to_string())?;
    let wrong: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n")),
    }
}
