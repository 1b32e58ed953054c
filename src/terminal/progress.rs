//! Progress of long work, on terminals.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The minimum duration of work before the bar is displayed.
const NOT_BEFORE: Duration = Duration::from_secs(1);

/// A progress bar on stderr, displayed after a second of work. Not displayed without a terminal.
#[derive(Debug)]
pub struct Progress {
    visible: bool,
    started: Instant,
    bar: Option<ProgressBar>,
    colour: bool,
    what: &'static str,
    done: u64,
    of: u64,
}

impl Progress {
    /// Creates a bar, which is displayed only if `visible`.
    pub(super) fn new(visible: bool, colour: bool) -> Self {
        Self {
            visible,
            started: Instant::now(),
            bar: None,
            colour,
            what: "",
            done: 0,
            of: 0,
        }
    }

    /// Starts work with this number of pieces.
    pub fn begin(&mut self, what: &'static str, pieces: usize) {
        self.what = what;
        self.done = 0;
        self.of = pieces as u64;
        self.draw();
    }

    /// Adds finished pieces.
    pub fn advance(&mut self, pieces: usize) {
        self.done += pieces as u64;
        self.draw();
    }

    /// Sets the number of remaining pieces.
    pub fn left(&mut self, pieces: usize) {
        self.done = self.of.saturating_sub(pieces as u64);
        self.draw();
    }

    fn draw(&mut self) {
        if !self.visible || self.started.elapsed() < NOT_BEFORE {
            return;
        }
        let colour = self.colour;
        let bar = self.bar.get_or_insert_with(|| bar(colour));
        bar.set_message(self.what);
        bar.set_length(self.of);
        bar.set_position(self.done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar(colour: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let template = match colour {
        true => "{spinner:.cyan} {msg} {bar:30.cyan} {pos}/{len}",
        false => "{spinner} {msg} {bar:30} {pos}/{len}",
    };
    // The template is a constant; a default style works, too.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
