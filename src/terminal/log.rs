//! Logs to stderr what is done and how long it takes, for `-v`.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::time::Uptime;

use super::Stream;
use crate::model::inert::inert;

/// Starts logging: the steps of a command with `-v`, each request with `-vv`. Otherwise no
/// subscriber is installed, and an event costs a comparison.
pub fn tell_events(verbose: u8, stderr: Stream) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_timer(Uptime::default())
        .with_target(false)
        .with_ansi(stderr.colour)
        // They would be written to stderr, and end the process if stderr is closed.
        .log_internal_errors(false)
        .with_writer(move || Inert(stderr));
    // An existing subscriber in this process belongs to a test.
    let _ = subscriber.try_init();
}

/// Sanitizes stderr; each event is a whole line.
struct Inert(Stream);

impl Write for Inert {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = inert(&text, self.0.syntax());
        io::stderr().lock().write_all(text.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
