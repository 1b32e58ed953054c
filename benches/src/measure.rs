//! Runs of whole processes, timed, and the table of what they took.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use wait4::Wait4;

/// What one run took.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From its start to its end.
    pub time: Duration,
    /// What the process itself computed, in user and in kernel mode.
    pub cpu: Duration,
    /// The most memory that it held, in bytes.
    pub memory: u64,
}

impl Cost {
    /// Of something that ran in this process.
    pub fn of(time: Duration) -> Self {
        Self {
            time,
            cpu: Duration::ZERO,
            memory: 0,
        }
    }
}

/// Runs a program to its end; it must end with this code.
///
/// # Errors
/// It does not.
pub fn run(program: &Path, arguments: &[&str], folder: &Path, code: i32) -> Result<Cost> {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let ended = child.wait4()?;
    let time = start.elapsed();
    let found = ended.status.code();
    ensure!(found == Some(code), "{arguments:?} ended with {found:?}");
    Ok(Cost {
        time,
        cpu: ended.rusage.utime + ended.rusage.stime,
        memory: ended.rusage.maxrss,
    })
}

/// The run in the middle, by time.
pub fn median(mut runs: Vec<Cost>) -> Cost {
    runs.sort_unstable_by_key(|run| run.time);
    runs[runs.len() / 2]
}

/// The head of the table, in Markdown.
pub fn head() {
    println!("| work | tool | CPU | memory | beside | | ratio | target |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
}

/// A line of the table.
pub fn row(what: &str, tool: Vec<Cost>, beside: &str, other: Option<Vec<Cost>>, target: &str) {
    let tool = median(tool);
    let seconds = |time: Duration| format!("{:.3} s", time.as_secs_f64());
    let memory = match tool.memory {
        0 => String::new(),
        bytes => format!("{} MiB", bytes >> 20),
    };
    let other = other.map(median);
    let took = other.map(|other| seconds(other.time)).unwrap_or_default();
    let ratio = other.map(|other| tool.time.as_secs_f64() / other.time.as_secs_f64());
    let ratio = ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
    println!(
        "| {what} | {} | {} | {memory} | {beside} | {took} | {ratio} | {target} |",
        seconds(tool.time),
        seconds(tool.cpu),
    );
}
