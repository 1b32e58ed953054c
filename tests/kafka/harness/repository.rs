//! A repository of its own for a test, and runs of the real binary in it.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use super::{Brokers, Test};

/// Files in a temporary folder. In what a test writes, `@` stands for the prefix of its topics.
pub struct Repository {
    folder: tempfile::TempDir,
    prefix: String,
}

impl Test {
    /// A repository with these topics and the environment `dev`: the shared broker, one replica.
    pub fn repository(&self, topics: &str) -> Repository {
        let repository = Repository {
            folder: tempfile::tempdir().expect("a temporary folder"),
            prefix: self.prefix.clone(),
        };
        repository.write("topics/a.toml", topics);
        repository.environment("dev", self.broker().servers(), 1, "");
        repository
    }

    /// The same with an inventory of this test's own, where its topics belong to the scope `shop`.
    pub fn owning_repository(&self, topics: &str) -> Repository {
        let repository = self.repository(topics);
        repository.owning("dev", "shop");
        repository
    }
}

/// An inventory of a test's own, for a scope.
pub fn inventory(scope: &str) -> String {
    format!("[inventory]\ntopic = \"@inventory\"\nscope = \"{scope}\"\n")
}

impl Repository {
    /// Writes a file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        let folder = path.parent().expect("it is in the folder");
        fs::create_dir_all(folder).expect("it can be made");
        fs::write(&path, self.filled_in(text)).expect("it can be written");
    }

    /// Writes the topics anew.
    pub fn topics(&self, text: &str) {
        self.write("topics/a.toml", text);
    }

    /// Writes an environment; `rest` goes below its defaults. Where that says nothing of the
    /// inventory, there is none.
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

    /// Writes an environment of the shared broker, where the topics belong to a scope.
    pub fn owning(&self, name: &str, scope: &str) {
        let servers = Brokers::one().servers();
        self.environment(name, servers, 1, &inventory(scope));
    }

    /// A path in the folder.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// The binary with these arguments, seeing this test's topics alone.
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

    /// Runs the binary to its end with these variables in its environment.
    pub fn run_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        self.run_command(arguments, command)
    }

    /// Runs the binary as it is told: with a saved plan, which says itself that it is of this test's
    /// topics, or with something that names its topics.
    pub fn run_whole(&self, arguments: &str) -> Run {
        self.run_command(arguments, self.bare(arguments))
    }

    /// The same with these variables in its environment.
    pub fn run_whole_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = self.bare(arguments);
        command.envs(variables.iter().copied());
        self.run_command(arguments, command)
    }

    fn run_command(&self, arguments: &str, mut command: Command) -> Run {
        let output = command.output().expect("it can be run");
        self.ended(arguments, &output)
    }

    /// What a run came to, of this binary or of something that runs it.
    pub fn ended(&self, arguments: &str, output: &Output) -> Run {
        Run::new(
            arguments,
            &self.prefix,
            &output.stdout,
            &output.stderr,
            output.status,
        )
    }

    /// Runs the binary with these arguments and no others.
    pub fn run_bare(&self, arguments: &str) -> Run {
        self.run_command(arguments, self.bare(arguments))
    }

    /// The same with these variables in its environment.
    pub fn run_bare_with(&self, arguments: &str, variables: &[(&str, &str)]) -> Run {
        let mut command = self.bare(arguments);
        command.envs(variables.iter().copied());
        self.run_command(arguments, command)
    }

    /// Starts the binary. Its output goes to files, so that it never waits for a reader.
    pub fn start(&self, arguments: &str) -> Started {
        self.start_command(arguments, self.command(arguments))
    }

    /// Starts the binary with these arguments and no others.
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

    /// Runs the binary at a terminal, where somebody types `keys`.
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

/// What a run of the binary came to. In its output `@` stands for the prefix of the topics.
#[derive(Debug)]
pub struct Run {
    /// What was run.
    pub arguments: String,
    /// Its exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// A run that goes on.
pub struct Started {
    arguments: String,
    prefix: String,
    child: Child,
    stdout: File,
    stderr: File,
}

impl Started {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, `INT`.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.expect("kill can be run").success());
    }

    /// What it has said on standard error so far. Reading does not move the place it writes at.
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

    /// It must have ended so.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// This must stand in its standard output.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no {text:?} in {self}");
        self
    }

    /// This must stand in its standard error.
    #[track_caller]
    pub fn warns(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no {text:?} in {self}");
        self
    }

    /// Its standard output as JSON.
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

/// JSON on standard output must be a document that its schema accepts.
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
