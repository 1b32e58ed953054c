//! What colours mean. Nothing else in this room names one.

use super::Style;

/// What a piece of text is, for the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Nothing special.
    Plain,
    /// What a block is about.
    Strong,
    /// Beside the point: places, explanations.
    Faint,
    /// Something new.
    Added,
    /// Something that changes.
    Changed,
    /// Something that goes, or can be lost.
    Removed,
    /// Something that is held back or refused.
    Held,
    /// Something to know.
    Info,
}

impl Style {
    /// The text in its colour, where colours are used.
    pub fn paint(self, paint: Paint, text: &str) -> String {
        let mut out = String::new();
        self.paint_to(&mut out, paint, text);
        out
    }

    /// The same behind a text.
    pub(super) fn paint_to(self, out: &mut String, paint: Paint, text: &str) {
        if !self.colour {
            return out.push_str(text);
        }
        let style = console::Style::new().force_styling(true);
        let style = match paint {
            Paint::Plain => return out.push_str(text),
            Paint::Strong => style.bold(),
            Paint::Faint => style.dim(),
            Paint::Added => style.green(),
            Paint::Changed => style.yellow(),
            Paint::Removed => style.red(),
            Paint::Held => style.magenta(),
            Paint::Info => style.cyan(),
        };
        out.push_str(&style.apply_to(text).to_string());
    }
}
