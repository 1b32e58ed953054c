//! `--metrics-file`: how a run ended, in a file for a monitoring system.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, UNIX_EPOCH};

use anyhow::Result;

use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::desired::{Ask, Loaded};
use crate::files;
use crate::metrics::{Figures, Run, Runs};
use crate::model::clock;
use crate::render::metrics;
use crate::terminal::{check_writable, write_readable};

/// Where the figures of a run go.
#[derive(Debug, clap::Args)]
pub struct Metrics {
    /// Write figures of the run to FILE, whole, for Prometheus' textfile collector, also where it
    /// fails; docs/metrics.md has their names
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
}

/// What is found out while a command runs.
#[derive(Debug)]
pub struct Log {
    started: Instant,
    found: Mutex<Found>,
}

#[derive(Debug, Default)]
struct Found {
    runs: Runs,
    changed: bool,
}

impl Log {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            found: Mutex::default(),
        }
    }

    /// The environments that are looked at: one of which nothing is heard any more has failed.
    pub fn expect(&self, loaded: &Loaded) {
        let names = loaded.environments.iter();
        let names = names.map(|one| one.desired.environment.name.to_string());
        self.change(|found| {
            found
                .runs
                .extend(names.map(|name| (Some(name), Run::default())));
        });
    }

    /// What was found out about an environment, and whether the work on it is done.
    pub fn add(&self, environment: &str, figures: Figures, success: bool) {
        let run = Run {
            success,
            seconds: self.started.elapsed().as_secs_f64(),
            figures: Some(figures),
        };
        self.change(|found| {
            found.runs.insert(Some(environment.to_owned()), run);
        });
    }

    /// That something on a cluster was changed, or may have been.
    pub fn changed(&self) {
        self.change(|found| found.changed = true);
    }

    fn change(&self, change: impl FnOnce(&mut Found)) {
        change(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The runs as they ended. Those that failed took all the time that there was.
    fn end(self, otherwise: impl FnOnce() -> Vec<Option<String>>) -> (Runs, bool) {
        let seconds = self.started.elapsed().as_secs_f64();
        let found = self.found.into_inner();
        let Found { mut runs, changed } = found.unwrap_or_else(PoisonError::into_inner);
        if runs.is_empty() {
            let failed = otherwise().into_iter();
            runs.extend(failed.map(|environment| (environment, Run::default())));
        }
        for run in runs.values_mut().filter(|run| run.figures.is_none()) {
            run.seconds = seconds;
        }
        (runs, changed)
    }
}

impl Metrics {
    /// Does the work of a command, and writes how it ended where that was asked for.
    ///
    /// # Errors
    /// Those of the work, or FILE cannot be written: told before anything is done, if that can be
    /// known.
    pub async fn measure(
        &self,
        command: &str,
        asked: Option<&Ask>,
        session: &Session,
        work: impl AsyncFnOnce(&Log) -> Result<Exit>,
    ) -> Result<Exit> {
        let log = Log::new();
        let Some(file) = &self.metrics_file else {
            return work(&log).await;
        };
        check_writable(file)?;
        let ended = work(&log).await;
        let before = metrics::successes(&said_before(file), command);
        let (runs, changed) = log.end(|| unheard(asked, &before));
        let text = metrics::text(command, &runs, now(), &before);
        let unwritten = write_readable(file, &text).err().map(|error| {
            let exit = session.tell_error(&error.into());
            match changed {
                true => Exit::Partial,
                false => exit,
            }
        });
        Ok(Exit::fold([Some(ended?), unwritten].into_iter().flatten()))
    }
}

/// What the file said so far. One that is not there, or is no text, said nothing: the figures of
/// this run matter more than when the last one was.
fn said_before(file: &Path) -> String {
    // A pipe has nothing to read back, and would be waited for.
    let is_file = std::fs::metadata(file).is_ok_and(|known| known.is_file());
    match is_file {
        true => files::read_named(file, files::LARGEST_DOCUMENT).unwrap_or_default(),
        false => String::new(),
    }
}

/// Whose run failed before the files told the environments: those that were named, or that the file
/// told of so far.
fn unheard(asked: Option<&Ask>, before: &metrics::Successes) -> Vec<Option<String>> {
    let named = match asked {
        Some(Ask::Named(names)) => names.iter().cloned().map(Some).collect(),
        _ => Vec::new(),
    };
    let known: Vec<Option<String>> = before.keys().cloned().collect();
    let named_and_known = named.iter().all(|name| before.contains_key(name));
    match (named.is_empty(), named_and_known, known.is_empty()) {
        (false, true, _) | (false, false, true) => named,
        (_, _, false) => known,
        (true, _, true) => vec![None],
    }
}

fn now() -> f64 {
    let since = clock::local().duration_since(UNIX_EPOCH);
    since.map_or(0.0, |since| since.as_secs_f64())
}
