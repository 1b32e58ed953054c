//! How a run ended, in a file for a monitoring system.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, UNIX_EPOCH};

use anyhow::Result;

use crate::desired::{Ask, Loaded};
use crate::files;
use crate::metrics::{Figures, Run, Runs};
use crate::model::clock;
use crate::render::metrics;
use crate::terminal::write_readable;

/// What is found out while a command runs, for [`crate::metrics`].
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
    /// The run begins.
    pub fn start() -> Self {
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

    /// Whether something on a cluster was changed, or may have been.
    pub fn has_changed(&self) -> bool {
        self.found().changed
    }

    fn change(&self, change: impl FnOnce(&mut Found)) {
        change(&mut self.found());
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the figures of the runs as they ended to a file, whole, for Prometheus' textfile
    /// collector. When a run last succeeded is kept from what the file says so far.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(self, file: &Path, command: &str, asked: Option<&Ask>) -> Result<()> {
        let before = metrics::successes(&said_before(file), command);
        let runs = self.end(|| unheard(asked, &before));
        let text = metrics::text(command, &runs, now(), &before);
        Ok(write_readable(file, &text)?)
    }

    /// The runs as they ended. Those that failed took all the time that there was.
    fn end(self, otherwise: impl FnOnce() -> Vec<Option<String>>) -> Runs {
        let seconds = self.started.elapsed().as_secs_f64();
        let found = self.found.into_inner();
        let mut runs = found.unwrap_or_else(PoisonError::into_inner).runs;
        if runs.is_empty() {
            let failed = otherwise().into_iter();
            runs.extend(failed.map(|environment| (environment, Run::default())));
        }
        for run in runs.values_mut().filter(|run| run.figures.is_none()) {
            run.seconds = seconds;
        }
        runs
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
