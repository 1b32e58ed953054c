//! Runs of whole processes, timed, and the table of what they took.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
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

/// Runs a program to its end; it must end with this code. A small process stands between: the system
/// counts the memory of who started a program as the program's own.
///
/// # Errors
/// It does not.
pub fn run(program: &Path, arguments: &[&str], folder: &Path, code: i32) -> Result<Cost> {
    let ran = Command::new(std::env::current_exe()?)
        .args(["cost", &code.to_string()])
        .arg(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    ensure!(ran.status.success(), "{arguments:?} failed");
    let text = String::from_utf8(ran.stdout)?;
    let figures: Vec<u64> = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let [time, cpu, memory] = figures[..] else {
        bail!("{text:?} is no cost");
    };
    Ok(Cost {
        time: Duration::from_nanos(time),
        cpu: Duration::from_nanos(cpu),
        memory,
    })
}

/// The same from within that process; prints the time and the CPU in ns, and the memory in bytes.
///
/// # Errors
/// The program does not end with this code.
pub fn cost(code: &str, program: &str, arguments: &[&str]) -> Result<()> {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    let ended = child.wait4()?;
    let time = start.elapsed().as_nanos();
    let found = ended.status.code();
    ensure!(
        found == Some(code.parse()?),
        "{arguments:?} ended with {found:?}"
    );
    let cpu = (ended.rusage.utime + ended.rusage.stime).as_nanos();
    println!("{time} {cpu} {}", ended.rusage.maxrss);
    Ok(())
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
