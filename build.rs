//! Tells the binary which commit it is built from, for `--version`.

use std::process::Command;

fn main() {
    // The log grows with every commit and checkout; in a worktree it is not below `.git`.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    println!("cargo::rerun-if-changed=build.rs");
    if let Some(log) = &log {
        println!("cargo::rerun-if-changed={log}");
    }
    // A package from a registry has no repository, and its version says it all.
    let commit = log.and(git(&["rev-parse", "--short=12", "HEAD"]));
    println!(
        "cargo::rustc-env=TOPICSMITH_COMMIT={}",
        commit.unwrap_or_default()
    );
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
