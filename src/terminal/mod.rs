//! The terminal: colour, width, prompts, progress and closed pipes. The use of colour is decided
//! here once for each of the two streams, and all colouring follows it. `model::inert` sanitizes
//! both streams; only annotations may begin a line with a workflow command.

mod file;
mod log;
mod progress;

use std::io::{self, IsTerminal, Write};

use crate::model::inert::{Syntax, WorkflowLog, inert};

pub use file::{check_writable, write_all_new, write_new, write_readable, write_whole};
pub use log::tell_events;
pub use progress::Progress;

/// What `--color` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColourChoice {
    /// Colour where a terminal shows it, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Colour everywhere.
    Always,
    /// No colour.
    Never,
}

/// One of the two output streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Whether colour is used.
    pub colour: bool,
    /// The number of columns; 0 if it is not a terminal, so that lines are not fitted.
    pub width: usize,
}

impl Stream {
    /// Returns the syntax of plain text for this stream.
    fn syntax(self) -> Syntax {
        Syntax::Text {
            colour: self.colour,
        }
    }
}

/// The streams of this run.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// Standard output, for results.
    pub out: Stream,
    /// Standard error, for progress, prompts, warnings and diagnostics.
    pub err: Stream,
    /// Whether prompts are possible.
    pub can_ask: bool,
    /// Whether only results, errors and prompts are printed.
    pub quiet: bool,
}

/// The environment variables that control colour.
struct ColourVariables {
    no_color: bool,
    force: bool,
    dumb: bool,
}

impl ColourVariables {
    fn read() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            no_color: set("NO_COLOR").is_some(),
            force: set("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb: set("TERM").is_some_and(|value| value == "dumb"),
        }
    }
}

/// Decides on colour for one stream. <https://no-color.org>, <https://bixense.com/clicolors>
fn colour(choice: ColourChoice, variables: &ColourVariables, terminal: bool) -> bool {
    match choice {
        ColourChoice::Always => true,
        ColourChoice::Never => false,
        ColourChoice::Auto if variables.no_color => false,
        ColourChoice::Auto if variables.force => true,
        ColourChoice::Auto => terminal && !variables.dumb,
    }
}

impl Terminal {
    /// Inspects the streams, once per run.
    pub fn new(choice: ColourChoice, quiet: bool) -> Self {
        let variables = ColourVariables::read();
        let stream = |terminal: bool, term: console::Term| Stream {
            colour: colour(choice, &variables, terminal),
            width: match term.size_checked() {
                Some((_, columns)) if terminal => usize::from(columns),
                _ => 0,
            },
        };
        let terminal = Self {
            out: stream(io::stdout().is_terminal(), console::Term::stdout()),
            err: stream(io::stderr().is_terminal(), console::Term::stderr()),
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
            quiet,
        };
        console::set_colors_enabled(terminal.out.colour);
        console::set_colors_enabled_stderr(terminal.err.colour);
        terminal
    }

    /// Prints a result as plain text.
    ///
    /// # Errors
    /// As for [`Terminal::print_as`].
    pub fn print(&self, text: &str) -> io::Result<()> {
        self.print_as(text, self.out.syntax())
    }

    /// Prints a result in a syntax, sanitized.
    ///
    /// # Errors
    /// Returns an error if the output cannot be written, for example to a full disk. A closed pipe
    /// is not an error: its reader has read enough.
    pub fn print_as(&self, text: &str, syntax: Syntax) -> io::Result<()> {
        self.write(&inert(text, syntax))
    }

    /// Prints workflow annotations, which are commands.
    ///
    /// # Errors
    /// As for [`Terminal::print_as`].
    pub fn print_annotations(&self, log: &WorkflowLog) -> io::Result<()> {
        self.write(&log.to_string())
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Prints a message to stderr.
    pub fn tell(&self, text: &str) {
        let text = inert(text, self.err.syntax());
        // If stderr is closed, no channel for an error is left.
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Prints a message to stderr, unless quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            self.tell(text);
        }
    }

    /// Prompts until the answer is yes or no. An empty line and the end of the input mean no.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be read.
    pub fn confirm(&self, question: &str) -> io::Result<bool> {
        loop {
            self.tell(&format!("{question} [y/N] "));
            let mut answer = String::new();
            if io::stdin().read_line(&mut answer)? == 0 {
                self.tell("\n");
                return Ok(false);
            }
            match answer.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "" | "n" | "no" => return Ok(false),
                _ => self.tell("yes or no, please\n"),
            }
        }
    }

    /// Prompts for a text. `None` if the answer is empty or the input ends.
    ///
    /// # Errors
    /// Returns an error if the terminal cannot be read.
    pub fn ask(&self, question: &str) -> io::Result<Option<String>> {
        self.tell(question);
        let mut answer = String::new();
        if io::stdin().read_line(&mut answer)? == 0 {
            self.tell("\n");
        }
        let answer = answer.trim();
        Ok((!answer.is_empty()).then(|| answer.to_owned()))
    }

    /// Returns the progress display for long work.
    pub fn progress(&self) -> Progress {
        Progress::new(io::stderr().is_terminal() && !self.quiet, self.err.colour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_decision_about_colour() {
        use ColourChoice::{Always, Auto, Never};
        // choice, NO_COLOR, CLICOLOR_FORCE, TERM=dumb, terminal → colour
        let table = [
            (Auto, false, false, false, true, true),
            (Auto, false, false, false, false, false),
            (Auto, false, false, true, true, false),
            (Auto, true, false, false, true, false),
            (Auto, true, true, false, true, false),
            (Auto, false, true, false, false, true),
            (Always, true, false, true, false, true),
            (Never, false, true, false, true, false),
        ];
        for (choice, no_color, force, dumb, terminal, expected) in table {
            let variables = ColourVariables {
                no_color,
                force,
                dumb,
            };
            let row = (choice, no_color, force, dumb, terminal);
            assert_eq!(colour(choice, &variables, terminal), expected, "{row:?}");
        }
    }
}
