//! The case runner: each folder `tests/cases/GROUP/NAME` is one test, run through the real binary.
//! README.md beside this file describes how to add one.

mod checkouts;
mod docs;
mod edges;
mod hostile;
mod inert;
mod rooms;
mod schemas;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use snapbox::data::DataFormat;
use snapbox::{Assert, Data};

/// The files of a case that are hidden from the binary.
const NOT_COPIED: [&str; 3] = ["cmd", "env", "expected"];

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut trials: Vec<Trial> = folders(&root)
        .iter()
        .flat_map(|group| folders(group))
        .map(|case| {
            let name = case.strip_prefix(&root).unwrap().display().to_string();
            Trial::test(name, move || check(&case))
        })
        .collect();
    trials.extend(checkouts::trials());
    trials.extend(docs::trials());
    trials.extend(edges::trials());
    trials.extend(rooms::trials());
    trials.extend(inert::trials());
    trials.extend(hostile::trials());
    trials.extend(schemas::trials(&root));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Returns the folders in a folder, sorted by name.
fn folders(parent: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(parent)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

/// Runs a case and compares its output with `expected`, byte by byte.
fn check(case: &Path) -> Result<(), Failed> {
    let copy = tempfile::tempdir()?;
    copy_folder(case, copy.path())?;
    let environment = read_environment(case)?;
    let runs = fs::read_to_string(case.join("cmd")).map_err(|e| format!("cmd: {e}"))?;
    let mut actual = String::new();
    for line in runs.lines().filter(|line| !line.trim().is_empty()) {
        if !actual.is_empty() {
            actual.push('\n');
        }
        run(line, copy.path(), &environment, &mut actual)?;
    }
    let expected = Data::read_from(&case.join("expected"), Some(DataFormat::Text)).raw();
    Assert::new()
        .action_env("SNAPSHOTS")
        .try_eq(None, Data::text(actual).raw(), expected)
        .map_err(|difference| difference.to_string().into())
}

/// Runs the binary once and appends the result.
fn run(
    line: &str,
    folder: &Path,
    environment: &[(String, String)],
    transcript: &mut String,
) -> Result<(), Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_topicsmith"))
        .args(words(line)?)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .output()?;
    schemas::check_document(&output.stdout)?;
    let stdout = shown(&output.stdout, folder);
    let stderr = shown(&output.stderr, folder);
    writeln!(transcript, "$ topicsmith {}", line.trim())?;
    transcript.push_str(&stdout);
    if !stderr.is_empty() {
        transcript.push_str("--- stderr\n");
        transcript.push_str(&stderr);
    }
    match output.status.code() {
        Some(code) => writeln!(transcript, "exit {code}")?,
        None => writeln!(transcript, "killed: {}", output.status)?,
    }
    Ok(())
}

/// Formats output as in `expected`: the temporary folder as `[DIR]`, a missing last line end
/// marked.
fn shown(output: &[u8], folder: &Path) -> String {
    let text = String::from_utf8_lossy(output).replace(&folder.display().to_string(), "[DIR]");
    match text.is_empty() || text.ends_with('\n') {
        true => text,
        false => text + "[no line end]\n",
    }
}

/// Reads the `NAME=VALUE` lines of `env`, if it exists.
fn read_environment(case: &Path) -> Result<Vec<(String, String)>, Failed> {
    let path = case.join("env");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let pair = |line: &str| match line.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(Failed::from(format!("env: {line:?} is no NAME=VALUE"))),
    };
    let text = fs::read_to_string(path)?;
    text.lines().filter(|l| !l.is_empty()).map(pair).collect()
}

/// Copies the visible files of a case.
fn copy_folder(from: &Path, to: &Path) -> Result<(), Failed> {
    for entry in walkdir::WalkDir::new(from).min_depth(1) {
        let entry = entry?;
        let relative = entry.path().strip_prefix(from)?;
        if NOT_COPIED.iter().any(|name| relative == Path::new(name)) {
            continue;
        }
        let target = to.join(relative);
        let kind = entry.file_type();
        if kind.is_dir() {
            fs::create_dir(target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Splits a line as a shell does: blanks separate words, `'…'` and `"…"` quote them.
fn words(line: &str) -> Result<Vec<String>, Failed> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(format!("cmd: a quote is left open in: {line}").into());
    }
    words.extend(word);
    Ok(words)
}
