//! Lines in columns: a label, a value, and beside them what is to be said about them. The columns
//! are as wide as their longest entry, within reason; what does not fit beside goes below.

use std::borrow::Cow;

use console::{measure_text_width, truncate_str};

use super::{Paint, Style};
use crate::model::text::cut;

/// Where a line's remark stands at most: one overlong value must not push all remarks away.
const FARTHEST_REMARK: usize = 76;
/// Between columns.
const GAP: usize = 2;
/// However narrow the terminal, this much of a value is shown.
const LEAST_VALUE: usize = 20;
/// What a line takes, about.
const USUAL_LINE: usize = 48;
/// However narrow the terminal, this much of a table's cell is shown.
const LEAST_CELL: usize = 12;

/// The most characters of a piece of text. JSON has all of it.
const LONGEST_CELL: usize = 2_000;

/// A piece of text with its colour. The text is printed as it is, but for its length: whoever makes
/// one escapes it.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    pub(super) fn new(paint: Paint, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if let Cow::Owned(short) = cut(&text, LONGEST_CELL) {
            text = short;
        }
        Self { text, paint }
    }

    /// The text without its colour.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    fn width(&self) -> usize {
        match self.text.is_ascii() {
            true => self.text.len(),
            false => measure_text_width(&self.text),
        }
    }
}

/// One entry of a sheet.
#[derive(Debug, Clone)]
pub(super) enum Line {
    /// A label, what it holds, and remarks on it.
    Row {
        indent: usize,
        label: Cell,
        value: Option<Cell>,
        remarks: Vec<Cell>,
    },
    /// A sentence over all columns, broken between words where the width asks for it.
    Text { indent: usize, cell: Cell },
    /// An empty line.
    Blank,
}

/// Lines that are aligned with each other.
#[derive(Debug, Default)]
pub(super) struct Sheet(Vec<Line>);

/// Where the columns begin.
struct Stops {
    value: usize,
    remark: usize,
}

impl Sheet {
    /// An empty one with room for so many lines.
    pub(super) fn with_room(lines: usize) -> Self {
        Self(Vec::with_capacity(lines))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn row(
        &mut self,
        indent: usize,
        label: Cell,
        value: Option<Cell>,
        remarks: Vec<Cell>,
    ) {
        self.0.push(Line::Row {
            indent,
            label,
            value,
            remarks,
        });
    }

    pub(super) fn text(&mut self, indent: usize, cell: Cell) {
        self.0.push(Line::Text { indent, cell });
    }

    pub(super) fn blank(&mut self) {
        self.0.push(Line::Blank);
    }

    /// The lines as text, each with its line end.
    pub(super) fn print(&self, style: Style) -> String {
        let mut out = String::new();
        self.print_to(&mut out, style);
        out
    }

    /// The same behind a text.
    pub(super) fn print_to(&self, out: &mut String, style: Style) {
        let stops = self.stops(style);
        out.reserve(self.0.len() * USUAL_LINE);
        for line in &self.0 {
            match line {
                Line::Blank => out.push('\n'),
                Line::Text { indent, cell } => wrap(out, *indent, cell, style),
                Line::Row {
                    indent,
                    label,
                    value,
                    remarks,
                } => {
                    let end = left(out, *indent, label, value.as_ref(), &stops, style);
                    beside(out, end, remarks, &stops, style);
                }
            }
        }
    }

    fn stops(&self, style: Style) -> Stops {
        let rows = || self.0.iter().filter_map(Line::as_row);
        let value = rows()
            .filter(|row| row.value > 0)
            .map(|row| row.label + GAP)
            .max()
            .unwrap_or_default();
        let farthest = match style.width {
            0 => FARTHEST_REMARK,
            width => FARTHEST_REMARK.min(width * 2 / 3),
        };
        let remark = rows()
            .filter(|row| row.remarked)
            .map(|row| match row.value {
                0 => row.label,
                width => value.max(row.label + GAP) + width,
            })
            .map(|end| end + GAP + 1)
            .filter(|stop| *stop <= farthest)
            .max()
            .unwrap_or_default();
        Stops { value, remark }
    }
}

/// How wide a row is, without what stands beside it.
struct Extent {
    label: usize,
    value: usize,
    remarked: bool,
}

impl Line {
    fn as_row(&self) -> Option<Extent> {
        let Line::Row {
            indent,
            label,
            value,
            remarks,
        } = self
        else {
            return None;
        };
        Some(Extent {
            label: indent + label.width(),
            value: value.as_ref().map_or(0, Cell::width),
            remarked: !remarks.is_empty(),
        })
    }
}

/// Writes label and value; returns the column where they end.
fn left(
    out: &mut String,
    indent: usize,
    label: &Cell,
    value: Option<&Cell>,
    stops: &Stops,
    style: Style,
) -> usize {
    pad(out, indent);
    style.paint_to(out, label.paint, &label.text);
    let end = indent + label.width();
    let Some(value) = value else { return end };
    let start = stops.value.max(end + GAP);
    pad(out, start - end);
    let room = style.width.saturating_sub(start).max(LEAST_VALUE);
    let (text, width) = match style.width > 0 && value.width() > room {
        true => (truncate_str(&value.text, room, "…"), room),
        false => (value.text.as_str().into(), value.width()),
    };
    style.paint_to(out, value.paint, &text);
    start + width
}

/// Writes the remarks: beside the row where there is room for the first one, else below it.
fn beside(out: &mut String, end: usize, remarks: &[Cell], stops: &Stops, style: Style) {
    let start = stops.remark.max(end + GAP + 1);
    let fits = |remark: &Cell| style.width == 0 || start + remark.width() <= style.width;
    let has_room = remarks.first().is_some_and(fits);
    let below = if has_room { stops.remark } else { stops.value };
    for (index, remark) in remarks.iter().enumerate() {
        if index == 0 && has_room {
            pad(out, start - end);
            style.paint_to(out, remark.paint, &remark.text);
        } else {
            out.push('\n');
            let mut lines = String::new();
            wrap(&mut lines, below, remark, style);
            out.push_str(lines.trim_end_matches('\n'));
        }
    }
    out.push('\n');
}

/// Writes a sentence, broken between words where it is wider than the terminal.
pub(super) fn wrap(out: &mut String, indent: usize, cell: &Cell, style: Style) {
    if style.width == 0 {
        return end_line(out, indent, cell.paint, &cell.text, style);
    }
    let room = style.width.saturating_sub(indent).max(LEAST_VALUE);
    let (mut line, mut width) = (String::new(), 0);
    for word in cell.text.split(' ') {
        let more = measure_text_width(word);
        if width > 0 && width + 1 + more > room {
            end_line(out, indent, cell.paint, &line, style);
            line.clear();
            width = 0;
        }
        if width > 0 {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += more;
    }
    end_line(out, indent, cell.paint, &line, style);
}

fn end_line(out: &mut String, indent: usize, paint: Paint, line: &str, style: Style) {
    pad(out, indent);
    style.paint_to(out, paint, line);
    out.push('\n');
}

fn pad(out: &mut String, columns: usize) {
    out.extend(std::iter::repeat_n(' ', columns));
}

/// The widest columns of a table, narrowed until it fits; none below what can still be read.
fn fit(widths: &mut [usize], style: Style) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while style.width > 0 && widths.iter().sum::<usize>() + gaps > style.width {
        match widths.iter_mut().max() {
            Some(widest) if *widest > LEAST_CELL => *widest -= 1,
            _ => return,
        }
    }
}

/// A table: every column as wide as its widest cell. Where that is wider than the terminal, what is
/// longest is cut.
pub(super) fn print_table(rows: &[Vec<Cell>], style: Style) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    fit(&mut widths, style);
    let mut out = String::new();
    for row in rows {
        for (index, (width, cell)) in widths.iter().zip(row).enumerate() {
            let text = truncate_str(&cell.text, *width, "…");
            style.paint_to(&mut out, cell.paint, &text);
            if index + 1 < row.len() {
                pad(&mut out, width - measure_text_width(&text) + GAP);
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Cell {
        Cell::new(Paint::Plain, text)
    }

    fn sheet() -> Sheet {
        let mut sheet = Sheet::default();
        sheet.row(0, plain("topic"), None, vec![plain("file:1")]);
        sheet.row(
            2,
            plain("key"),
            Some(plain("1 → 2")),
            vec![plain("one"), plain("two")],
        );
        sheet.row(
            2,
            plain("longer"),
            Some(plain(&"x".repeat(80))),
            vec![plain("far")],
        );
        sheet.row(2, plain("last"), Some(plain("3")), Vec::new());
        sheet.text(2, plain("some words in a line that goes on"));
        sheet
    }

    fn print(width: usize) -> String {
        let style = Style {
            colour: false,
            width,
        };
        sheet().print(style)
    }

    #[test]
    fn columns_align_and_one_long_value_does_not_move_the_others() {
        let shown = print(0);
        let expected = format!(
            "\
topic             file:1
  key     1 → 2   one
                  two
  longer  {}   far
  last    3
  some words in a line that goes on
",
            "x".repeat(80)
        );
        assert_eq!(shown, expected, "{shown}");
    }

    #[test]
    fn what_does_not_fit_beside_goes_below_and_what_is_too_long_is_cut() {
        let shown = print(34);
        let expected = "\
topic             file:1
  key     1 → 2   one
                  two
  longer  xxxxxxxxxxxxxxxxxxxxxxx…
          far
  last    3
  some words in a line that goes
  on
";
        assert_eq!(shown, expected, "{shown}");
    }

    #[test]
    fn a_table_is_cut_to_the_terminal_where_its_cells_are_longest() {
        let row = |topic: &str, owner: &str| vec![plain(topic), plain("3"), plain(owner)];
        let rows = [
            row("a-topic-with-quite-a-long-name", "shop"),
            row("漢字漢字漢字漢字漢字漢字", "x"),
        ];
        let print = |width: usize| {
            let style = Style {
                colour: false,
                width,
            };
            print_table(&rows, style)
        };
        let wide = "\
a-topic-with-quite-a-long-name  3  shop
漢字漢字漢字漢字漢字漢字        3  x
";
        assert_eq!(print(0), wide);
        assert_eq!(print(39), wide);
        let narrow = "\
a-topic-with-quite-…  3  shop
漢字漢字漢字漢字漢…   3  x
";
        assert_eq!(print(29), narrow, "{}", print(29));
        // Below that nothing can be read any more.
        assert_eq!(print(5), print(21));
    }

    #[test]
    fn a_long_remark_is_broken_between_words() {
        let mut sheet = Sheet::default();
        let remark = plain("set in a file that is far away");
        sheet.row(0, plain("key"), Some(plain("1")), vec![remark]);
        let style = Style {
            colour: false,
            width: 30,
        };
        let shown = sheet.print(style);
        let expected = "\
key  1
     set in a file that is far
     away
";
        assert_eq!(shown, expected, "{shown}");
    }

    #[test]
    fn colour_only_where_it_is_asked_for() {
        let red = Cell::new(Paint::Removed, "gone");
        let mut sheet = Sheet::default();
        sheet.text(0, red);
        let colour = |colour| sheet.print(Style { colour, width: 0 });
        assert_eq!(colour(false), "gone\n");
        assert_eq!(colour(true), "\u{1b}[31mgone\u{1b}[0m\n");
    }
}
