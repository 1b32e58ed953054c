//! What a folder of files cannot show: streams that close, disks that are full, variables that are
//! no text. Each runs the real binary.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use libtest_mimic::{Failed, Trial};

type Test = fn() -> Result<(), Failed>;

/// All of them, named as cases are.
pub fn trials() -> Vec<Trial> {
    let all: [(&str, Test); 9] = [
        ("a-closed-pipe-ends-quietly", closed_pipe),
        ("a-closed-pipe-keeps-the-exit-code", closed_pipe_exit),
        ("a-full-disk-is-an-error", full_disk),
        ("help-on-a-full-disk-is-an-error", full_disk_help),
        ("a-variable-that-is-no-text", no_text),
        ("completions-for-every-shell", completions),
        ("a-manual-page-for-every-command", manual_pages),
        ("the-commit-is-gits-own", git_commit),
        ("new-asks-for-what-is-missing", new_asks),
    ];
    let trial = |(name, test): (&str, Test)| Trial::test(format!("edges/{name}"), test);
    all.map(trial).into()
}

/// A folder with a thousand topics and a snapshot without them: more output than a pipe holds.
fn folder() -> Result<tempfile::TempDir, Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("topics"))?;
    fs::create_dir(path("environments"))?;
    let entry = |n: usize| format!("[topics.topic-{n}]\npartitions = 1\nreplication_factor = 1\n");
    let entries: String = (0..3000).map(entry).collect();
    fs::write(path("topics/many.toml"), entries)?;
    let environment = "[cluster]\nbootstrap_servers = \"localhost:9092\"\n";
    fs::write(path("environments/dev.toml"), environment)?;
    let live = r#"{"format": "topicsmith/live/1", "cluster_id": "c1", "brokers": [], "broker_defaults": {}, "topics": {}}"#;
    fs::write(path("live.json"), live)?;
    Ok(folder)
}

/// The binary in a folder, with nothing in its environment and nobody to ask.
pub fn topicsmith(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_topicsmith"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .stdin(Stdio::null());
    command
}

const PLAN: [&str; 4] = ["plan", "--live", "live.json", "--detailed-exitcode"];

/// Runs with a reader that goes away at once.
fn unread(arguments: &[&str]) -> Result<Output, Failed> {
    let folder = folder()?;
    let mut child = topicsmith(folder.path(), arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    drop(child.stdout.take());
    Ok(child.wait_with_output()?)
}

fn expect(output: &Output, code: i32, stderr: &str) -> Result<(), Failed> {
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(code) && said == stderr {
        return Ok(());
    }
    Err(format!("{}, and on stderr: {said}", output.status).into())
}

fn closed_pipe() -> Result<(), Failed> {
    expect(&unread(&["list", "--live", "live.json"])?, 0, "")
}

fn closed_pipe_exit() -> Result<(), Failed> {
    expect(&unread(&PLAN)?, 2, "")
}

fn full_disk() -> Result<(), Failed> {
    let folder = folder()?;
    let full = File::create("/dev/full")?;
    let output = topicsmith(folder.path(), &PLAN).stdout(full).output()?;
    let said = "error: cannot write the output: No space left on device\n";
    expect(&output, 1, said)
}

fn full_disk_help() -> Result<(), Failed> {
    let folder = folder()?;
    let full = File::create("/dev/full")?;
    let output = topicsmith(folder.path(), &["--help"])
        .stdout(full)
        .output()?;
    let said = "error: cannot write the output: No space left on device\n";
    expect(&output, 1, said)
}

fn no_text() -> Result<(), Failed> {
    let folder = folder()?;
    let output = topicsmith(folder.path(), &PLAN)
        .env("TOPICSMITH_ENV", OsStr::from_bytes(b"pr\xffd"))
        .output()?;
    let said = "error: the environment variable TOPICSMITH_ENV is not valid UTF-8\nhelp: set TOPICSMITH_ENV again, or unset it\n";
    expect(&output, 64, said)
}

/// The commands, as the help lists them.
fn commands(folder: &Path) -> Result<Vec<String>, Failed> {
    let help = String::from_utf8(topicsmith(folder, &["--help"]).output()?.stdout)?;
    let mut listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.by_ref().take_while(|line| !line.is_empty());
    let named = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let commands = named.filter_map(|line| line.split_whitespace().next());
    Ok(commands
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect())
}

fn completions() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let commands = commands(folder.path())?;
    assert!(commands.contains(&"drift".to_owned()), "{commands:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = topicsmith(folder.path(), &["completions", shell]).output()?;
        assert!(output.status.success(), "{output:?}");
        let script = String::from_utf8(output.stdout)?;
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell}: {command}");
        }
    }
    let script = topicsmith(folder.path(), &["completions", "bash"]).output()?;
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()?;
    let mut input = bash.stdin.take().ok_or("no input")?;
    std::io::Write::write_all(&mut input, &script.stdout)?;
    drop(input);
    assert!(bash.wait()?.success(), "bash cannot read its script");
    Ok(())
}

fn manual_pages() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = topicsmith(folder.path(), &["man", "--out", "."]).output()?;
    expect(&output, 0, "")?;
    let page = |name: &str| fs::read_to_string(folder.path().join(format!("{name}.1")));
    assert!(page("topicsmith")?.contains("SUBCOMMANDS"));
    for command in commands(folder.path())? {
        assert!(
            page(&format!("topicsmith-{command}"))?.contains(".SH NAME"),
            "{command}"
        );
    }
    let printed = topicsmith(folder.path(), &["man"]).output()?;
    assert_eq!(String::from_utf8(printed.stdout)?, page("topicsmith")?);
    Ok(())
}

/// Where nobody names a commit, and with `-dirty` once a file is not as it was committed.
fn git_commit() -> Result<(), Failed> {
    let folder = folder()?;
    let git = |line: &str| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let mut command = Command::new("git");
        command.args(identity).args(line.split(' '));
        let output = command.current_dir(folder.path()).output()?;
        assert!(output.status.success(), "git {line}: {output:?}");
        Ok::<_, Failed>(String::from_utf8(output.stdout)?.trim().to_owned())
    };
    let planned = || {
        let arguments = ["plan", "--live", "live.json", "--format", "json"];
        let output = topicsmith(folder.path(), &arguments).output()?;
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        Ok::<_, Failed>(plan["commit"].clone())
    };
    assert_eq!(planned()?, serde_json::Value::Null);
    git("init --quiet")?;
    git("add .")?;
    git("commit --quiet --message first")?;
    git("tag release")?;
    let commit = git("rev-parse HEAD")?;
    assert_eq!(planned()?, commit);
    fs::write(
        folder.path().join("topics/many.toml"),
        "[topics.a]\npartitions = 1\nreplication_factor = 1\n",
    )?;
    assert_eq!(planned()?, format!("{commit}-dirty"));
    Ok(())
}

/// At a terminal: what the rules require, what no layer sets, and no more.
fn new_asks() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("environments"))?;
    let environment = "[cluster]\nbootstrap_servers = \"a:9092\"\n[defaults]\nreplication_factor = 3\n\
        [rules]\nrequire = [\"owner\", \"labels.domain\", \"retention.ms\"]\n[inventory]\nscope = \"shop\"\n";
    fs::write(folder.path().join("environments/prod.toml"), environment)?;
    // An empty line leaves the description out.
    let keys = "\\nshop\\nsales\\n30d\\n6\\n";
    let binary = env!("CARGO_BIN_EXE_topicsmith");
    let line = format!("printf '{keys}' | script -qec \"'{binary}' new orders.paid\" /dev/null");
    let output = Command::new("sh")
        .args(["-c", &line])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let written = fs::read_to_string(folder.path().join("topics/orders.toml"));
    let expected = "[topics.\"orders.paid\"]\nowner = \"shop\"\nlabels = { domain = \"sales\" }\n\
        partitions = 6\nconfig.retention.ms = \"30d\"\n";
    assert_eq!(written.ok().as_deref(), Some(expected), "{said}");
    for question in [
        "What is it for (Enter leaves it out): ",
        "Who answers for it (required): ",
        "Label domain (required): ",
        "retention.ms (required): ",
        "How many partitions (required): ",
    ] {
        assert!(said.contains(question), "{question}: {said}");
    }
    assert!(!said.contains("How many replicas"), "{said}");
    Ok(())
}
