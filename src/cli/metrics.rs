//! `--metrics-file`: how a run ended, in a file for a monitoring system.

use std::path::PathBuf;

use anyhow::Result;

use super::exit::Exit;
use super::session::Session;
use crate::app::Log;
use crate::desired::Ask;
use crate::terminal::check_writable;

/// Where the figures of a run go.
#[derive(Debug, clap::Args)]
pub struct Metrics {
    /// Write figures of the run to FILE, whole, for Prometheus' textfile collector, also where it
    /// fails; docs/metrics.md has their names
    #[arg(long, value_name = "FILE")]
    metrics_file: Option<PathBuf>,
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
        let log = Log::start();
        let Some(file) = &self.metrics_file else {
            return work(&log).await;
        };
        check_writable(file)?;
        let ended = work(&log).await;
        let changed = log.has_changed();
        let unwritten = log.write(file, command, asked).err().map(|error| {
            let exit = session.tell_error(&error);
            match changed {
                true => Exit::Partial,
                false => exit,
            }
        });
        Ok(Exit::fold([Some(ended?), unwritten].into_iter().flatten()))
    }
}
