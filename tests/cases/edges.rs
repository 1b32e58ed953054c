//! Conditions that a case folder cannot express: closed streams, full disks, variables that are not
//! text. Each test runs the real binary.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};

type Test = fn() -> Result<(), Failed>;

/// Returns all tests, named like cases.
pub fn trials() -> Vec<Trial> {
    let all: &[(&str, Test)] = &[
        ("a-closed-pipe-ends-quietly", closed_pipe),
        ("a-closed-pipe-keeps-the-exit-code", closed_pipe_exit),
        ("a-full-disk-is-an-error", full_disk),
        ("help-on-a-full-disk-is-an-error", full_disk_help),
        ("a-variable-that-is-no-text", no_text),
        ("completions-in-every-shell", completions),
        ("verbosity", verbosity),
        ("the-work-grows-as-the-topics-do", growth),
        ("a-manual-page-for-every-command", manual_pages),
        ("new-asks-for-what-is-missing", new_asks),
        ("a-pipe-without-a-writer-ends-at-a-signal", unwritten_pipe),
        ("a-pipe-without-a-reader-is-not-waited-for", unread_pipe),
        ("a-pipe-is-read-once-for-all-environments", pipe_for_all),
        ("a-device-is-not-read", devices),
        ("huge-texts-are-cut-for-people", huge_texts),
    ];
    let trial = |(name, test): &(&str, Test)| Trial::test(format!("edges/{name}"), *test);
    all.iter().map(trial).collect()
}

/// Creates a folder with a thousand topics and a snapshot without them: more output than a pipe's
/// buffer holds.
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

/// Returns the binary in a folder, with an empty environment and no terminal.
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

/// Runs with a reader that closes the pipe at once.
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

/// Returns the commands listed by the help.
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

/// Each shell's script calls the binary; bash runs its script here, with a name before the cursor.
fn completions() -> Result<(), Failed> {
    let folder = folder()?;
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = topicsmith(folder.path(), &["completions", shell]).output()?;
        assert!(output.status.success(), "{output:?}");
        let script = String::from_utf8(output.stdout)?;
        assert!(script.contains("TOPICSMITH_COMPLETE"), "{shell}: {script}");
    }
    let line = |words: &[&str]| -> Result<Vec<String>, Failed> {
        let program = Path::new(env!("CARGO_BIN_EXE_topicsmith"));
        let bin = program.parent().ok_or("no folder")?.display().to_string();
        let script = r#"source <(topicsmith completions bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
_clap_complete_topicsmith topicsmith "${COMP_WORDS[COMP_CWORD]}"
printf '%s\n' "${COMPREPLY[@]}""#;
        let output = Command::new("bash")
            .args(["-c", script, "bash"])
            .args(words)
            .env("PATH", format!("{bin}:{}", env!("PATH")))
            .current_dir(folder.path())
            .stderr(Stdio::inherit())
            .output()?;
        let names = String::from_utf8(output.stdout)?;
        Ok(names.lines().map(|name| name.trim().to_owned()).collect())
    };
    assert_eq!(line(&["topicsmith", "vali"])?, ["validate"]);
    assert_eq!(line(&["topicsmith", "plan", "-e", ""])?, ["dev"]);
    let topics = line(&["topicsmith", "plan", "--only", "topic-299"])?;
    let expected = ["", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    assert_eq!(topics, expected.map(|last| format!("topic-299{last}")));
    fs::write(folder.path().join("topics/many.toml"), "[topics")?;
    let broken = line(&["topicsmith", "plan", "--only", "topic-299"])?;
    assert_eq!(
        broken,
        [""],
        "a broken file is not told in the middle of a line"
    );
    Ok(())
}

/// The additional output of `-v`, and the reduced output of `--quiet`.
fn verbosity() -> Result<(), Failed> {
    let folder = folder()?;
    let told = |arguments: &[&str]| -> Result<String, Failed> {
        let output = topicsmith(folder.path(), arguments).output()?;
        assert!(output.status.success(), "{output:?}");
        Ok(String::from_utf8(output.stderr)?)
    };
    assert_eq!(told(&["validate"])?, "");
    let verbose = told(&["validate", "-v"])?;
    let read = "INFO read the files environments=1 topics=3000 took=";
    assert!(verbose.contains(read), "{verbose}");

    // Nothing listens on port 1.
    let environment = "[cluster]\nbootstrap_servers = \"127.0.0.1:1\"\n";
    fs::write(folder.path().join("environments/dev.toml"), environment)?;
    let failing = |quiet: &[&str]| -> Result<String, Failed> {
        let arguments = [&["plan", "--wait", "3s"], quiet].concat();
        let output = topicsmith(folder.path(), &arguments).output()?;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        Ok(String::from_utf8(output.stderr)?)
    };
    let (told, quiet) = (failing(&[])?, failing(&["--quiet"])?);
    assert!(told.starts_with("waiting for dev: "), "{told}");
    assert!(quiet.starts_with("error: "), "{quiet}");
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

/// At a terminal, prompts for required keys and for values that no layer sets, and for nothing
/// else.
fn new_asks() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    fs::create_dir(folder.path().join("environments"))?;
    let environment = "[cluster]\nbootstrap_servers = \"a:9092\"\n[defaults]\nreplication_factor = 3\n\
        [rules]\nrequire = [\"owner\", \"labels.domain\", \"retention.ms\"]\n[inventory]\nscope = \"shop\"\n";
    fs::write(folder.path().join("environments/prod.toml"), environment)?;
    // An empty line omits the description.
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
        "Owner (required): ",
        "Label domain (required): ",
        "retention.ms (required): ",
        "How many partitions (required): ",
    ] {
        assert!(said.contains(question), "{question}: {said}");
    }
    assert!(!said.contains("How many replicas"), "{said}");
    Ok(())
}

/// No work is quadratic in the number of topics, counted in instructions, which do not depend on
/// the load of the machine.
fn growth() -> Result<(), Failed> {
    let runs: [&[&str]; 5] = [
        &["validate"],
        &["plan", "--live", "live.json", "--format", "json"],
        &["plan", "--live", "empty.json"],
        &["drift", "--live", "other.json"],
        &["import", "--live", "unlisted.json"],
    ];
    for arguments in runs {
        let counted = [100, 200, 400].map(|topics| instructions(arguments, topics));
        let counted = counted.into_iter().collect::<Result<Vec<u64>, Failed>>()?;
        let (first, second) = (counted[1] - counted[0], counted[2] - counted[1]);
        // Twice as many additional topics take twice the additional work; quadratic work would take
        // four times.
        let growth = second as f64 / first as f64;
        assert!(growth < 2.5, "{arguments:?} grows by {growth:.2}");
        assert!(growth > 1.5, "{arguments:?} does its work: {growth:.2}");
    }
    Ok(())
}

fn instructions(arguments: &[&str], topics: usize) -> Result<u64, Failed> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("topics"))?;
    fs::create_dir(path("environments"))?;
    let numbers: Vec<usize> = (0..topics).collect();
    for (file, numbers) in numbers.chunks(50).enumerate() {
        let entry = |n: &usize| {
            format!(
                "[topics.t{n:05}]\nowner = \"o{}\"\nconfig.retention.ms = \"7d\"\n",
                n % 7
            )
        };
        let entries: String = numbers.iter().map(entry).collect();
        fs::write(path(&format!("topics/{file}.toml")), entries)?;
    }
    let environment = "[cluster]\nbootstrap_servers = \"localhost:9092\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n[inventory]\nscope = \"s\"\n";
    fs::write(path("environments/dev.toml"), environment)?;
    for (name, first, live, retention) in [
        ("live.json", "t", topics, "604800000"),
        ("other.json", "t", topics, "1"),
        ("empty.json", "t", 0, ""),
        ("unlisted.json", "u", topics, "1"),
    ] {
        let topic = |n: usize| {
            format!(
                r#""{first}{n:05}": {{"partitions": 1, "replication_factor": 1, "config": {{"retention.ms": "{retention}"}}}}"#
            )
        };
        let all: Vec<String> = (0..live).map(topic).collect();
        let text = format!(
            r#"{{"format": "topicsmith/live/1", "cluster_id": "c1", "brokers": [], "broker_defaults": {{}}, "topics": {{{}}}}}"#,
            all.join(",")
        );
        fs::write(path(name), text)?;
    }
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env!("CARGO_BIN_EXE_topicsmith"))
        .args(arguments)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let (_, counted) = counted.ok_or_else(|| format!("no count: {said}"))?;
    Ok(counted.trim().parse()?)
}

/// A path outside of the checkout may be a pipe without a writer.
fn unwritten_pipe() -> Result<(), Failed> {
    let (folder, outside) = (folder()?, tempfile::tempdir()?);
    let pipe = outside.path().join("pipe");
    if !Command::new("mkfifo").arg(&pipe).status()?.success() {
        return Err("mkfifo failed".into());
    }
    let pipe = pipe.to_str().ok_or("a path that is no text")?;
    let commands: [(&[&str], Option<i32>); 4] = [
        (&["apply", pipe, "--yes"], Some(130)),
        (&["apply", "--yes", "--client-config", pipe], Some(130)),
        (&["inventory", "list", "--client-config", pipe], Some(130)),
        // A command without a lock is ended by the signal itself.
        (&["plan", "--live", pipe], None),
    ];
    for (arguments, code) in commands {
        let mut child = topicsmith(folder.path(), arguments)
            .stderr(Stdio::null())
            .spawn()?;
        // Waiting has no observable sign.
        thread::sleep(Duration::from_millis(500));
        let still = child.try_wait()?.is_none();
        let id = child.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status()?;
        let begun = Instant::now();
        let status = loop {
            match child.try_wait()? {
                Some(status) => break status,
                None if begun.elapsed() < Duration::from_secs(20) => {
                    thread::sleep(Duration::from_millis(20));
                }
                None => {
                    child.kill()?;
                    child.wait()?;
                    return Err(format!("{arguments:?} does not end at a signal").into());
                }
            }
        };
        if !still || status.code() != code {
            return Err(format!("{arguments:?}: {status}, waited: {still}").into());
        }
    }
    Ok(())
}

/// Results are written to files; a pipe in the checkout is rejected, and one elsewhere needs a
/// reader.
fn unread_pipe() -> Result<(), Failed> {
    let (folder, outside) = (folder()?, tempfile::tempdir()?);
    let inside = folder.path().join("pipe.json");
    let outside = outside.path().join("pipe.json");
    for pipe in [&inside, &outside] {
        if !Command::new("mkfifo").arg(pipe).status()?.success() {
            return Err("mkfifo failed".into());
        }
    }
    let outside = outside.to_str().ok_or("a path that is no text")?;
    for option in ["--out", "--report", "--metrics-file"] {
        for (pipe, why) in [
            ("pipe.json", "not a regular file"),
            (outside, "a pipe without a reader"),
        ] {
            let arguments = match option {
                "--report" => vec!["apply", "--yes", option, pipe],
                _ => vec!["plan", "--live", "live.json", option, pipe],
            };
            let child = topicsmith(folder.path(), &arguments)
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()?;
            let (sender, ended) = mpsc::channel();
            let id = child.id().to_string();
            thread::spawn(move || sender.send(child.wait_with_output()));
            let Ok(output) = ended.recv_timeout(Duration::from_secs(20)) else {
                Command::new("kill").args(["-KILL", &id]).status()?;
                return Err(format!("{arguments:?} does not end").into());
            };
            let said = String::from_utf8_lossy(&output?.stderr).into_owned();
            if !said.contains(why) {
                return Err(format!("{arguments:?}: {said}").into());
            }
        }
    }
    Ok(())
}

/// A second reader of the same pipe would find it empty.
fn pipe_for_all() -> Result<(), Failed> {
    let folder = folder()?;
    for name in ["environments/dev.toml", "environments/prod.toml"] {
        fs::write(folder.path().join(name), "")?;
    }
    let arguments = "plan --all --timeout 1s --client-config /dev/stdin";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let mut child = topicsmith(folder.path(), &arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut pipe = child.stdin.take().ok_or("a child without a stdin")?;
    pipe.write_all(b"bootstrap.servers=127.0.0.1:1\n")?;
    drop(pipe);
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    match said.matches("cannot reach Kafka at 127.0.0.1:1").count() {
        2 => Ok(()),
        _ => Err(said.into()),
    }
}

/// Reading a device may have side effects or never end.
fn devices() -> Result<(), Failed> {
    let folder = folder()?;
    let devices: [(&[&str], &str); 3] = [
        (&["plan", "--live", "/dev/zero"], "snapshot"),
        (&["apply", "--yes", "/dev/zero"], "plan"),
        (
            &["plan", "--client-config", "/dev/zero"],
            "client configuration",
        ),
    ];
    for (arguments, what) in devices {
        let output = topicsmith(folder.path(), arguments).output()?;
        let expected =
            format!("error: cannot read the {what} /dev/zero: neither a regular file nor a pipe\n");
        expect(&output, 1, &expected)?;
    }
    let config = ["plan", "--client-config", "/dev/stdin"];
    let large = File::create_new(folder.path().join("large"))?;
    large.set_len(2 << 20)?;
    let stdin = File::open(folder.path().join("large"))?;
    let output = topicsmith(folder.path(), &config).stdin(stdin).output()?;
    let expected = "error: cannot read the client configuration /dev/stdin: larger than 1 MiB, the largest size that is read\n";
    expect(&output, 1, expected)
}

/// Text output stays short whatever files and clusters contain, and states what is omitted.
fn huge_texts() -> Result<(), Failed> {
    const LONGEST_LINE: usize = 10_000;
    let huge = |letter: &str| letter.repeat(100_000);
    let folder = folder()?;
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text);
    write(
        "environments/dev.toml",
        "[cluster]\nbootstrap_servers = \"localhost:9092\"\n[rules]\nallow_configs = [\"vendor.*\"]\n[inventory]\nscope = \"s\"\n".to_owned(),
    )?;
    write(
        "topics/many.toml",
        format!(
            "[topics.a]\npartitions = 1\nreplication_factor = 1\ndescription = \"{}\"\nowner = \"{}\"\nlabels.x = \"{}\"\nconfig.\"vendor.x\" = \"{}\"\nconfig.\"vendor.{}\" = \"x\"\n[removed.gone]\nreason = \"{}\"\n",
            huge("d"),
            huge("o"),
            huge("l"),
            huge("v"),
            huge("k"),
            huge("r"),
        ),
    )?;
    write(
        "live.json",
        format!(
            r#"{{"format": "topicsmith/live/1", "cluster_id": "c1", "brokers": [], "broker_defaults": {{}}, "topics": {{
                "a": {{"partitions": 1, "replication_factor": 1, "config": {{"vendor.x": "{}", "vendor.y": "{}"}}}},
                "gone": {{"partitions": 1, "replication_factor": 1, "config": {{}}}},
                "{}": {{"partitions": 1, "replication_factor": 1, "config": {{}}}}}}}}"#,
            huge("w"),
            huge("u"),
            huge("z"),
        ),
    )?;
    for arguments in [
        "plan",
        "plan --diff",
        "plan --format markdown",
        "plan --format github",
        "drift",
        "drift --format markdown",
        "list",
        "list --format markdown",
        "show a",
        "catalog --format markdown",
        "import",
    ] {
        let arguments: Vec<&str> = arguments
            .split(' ')
            .chain(["--live", "live.json"])
            .collect();
        let output = topicsmith(folder.path(), &arguments).output()?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let longest = said.lines().map(str::len).max().unwrap_or_default();
        if longest > LONGEST_LINE || !said.contains("… (") {
            return Err(format!("{arguments:?}: {longest} bytes in a line").into());
        }
    }
    Ok(())
}
