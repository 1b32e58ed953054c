//! Comments on pull requests, in the Markdown of GitHub and GitLab: a part for each environment, its
//! table with the riskiest first, details folded. Whatever there is to show, a comment is never longer
//! than GitHub takes; what is left out is the least risky, and said.

mod inline;

pub use inline::prose;
pub(super) use inline::{code, code_of, html, html_code};

use crate::model::text::{count, grouped};

/// The longest comment, in bytes. GitHub takes 65,536 characters, and a pipeline may add some of its
/// own. <https://docs.github.com/en/rest/issues/comments>
pub const LONGEST: usize = 60_000;
/// The rows that are shown at once. More are folded.
const UNFOLDED: usize = 25;
/// The lines of one fold, and of what stands around the table.
const LINES: usize = 40;
/// What a part takes at least: less is its heading alone.
const LEAST: usize = 400;
/// What the words on what was left out take at most.
const LEFT_OUT: usize = 300;

/// One environment's part of a comment. All texts are Markdown by now.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// What it is about and what came out, in one line.
    pub heading: String,
    /// What must not be overlooked, a line each.
    pub alerts: Vec<String>,
    /// The heads of the table's columns.
    pub columns: &'static [&'static str],
    /// The rows, the riskiest first.
    pub entries: Vec<TableEntry>,
    /// What stands below the table, a line each.
    pub remarks: Vec<String>,
    /// The command that shows what is left out here.
    pub shown_by: String,
}

/// A row of the table, and what is folded away of it.
#[derive(Debug, Clone, Default)]
pub struct TableEntry {
    /// Its cells.
    pub cells: Vec<String>,
    /// The line that unfolds it, in HTML; none where there is nothing more to say.
    pub title: String,
    /// What it says then, a line each.
    pub details: Vec<String>,
}

/// An invisible first line by which a job finds its comment again: what was run, on which environments
/// (`None` for all of them) and in which folder. `<!-- topicsmith plan prod -->`
pub fn marker(command: &str, environments: Option<&[String]>, folder: Option<&str>) -> String {
    let mut words = vec![command.to_owned()];
    match environments {
        Some(names) => words.extend(names.iter().map(|name| marker_word(name))),
        None => words.push("*".to_owned()),
    }
    if let Some(folder) = folder {
        words.extend(["in".to_owned(), marker_word(folder)]);
    }
    format!("<!-- topicsmith {} -->", words.join(" "))
}

/// A name that cannot end the marker, and that stays one word: everything unusual as `%20`.
fn marker_word(name: &str) -> String {
    let mut word = String::new();
    for c in name.chars().take(100) {
        let usual = c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/');
        match usual || (c == '-' && !word.ends_with('-')) {
            true => word.push(c),
            false => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    word.push_str(&format!("%{byte:02X}"));
                }
            }
        }
    }
    word
}

/// The comment: its marker, then the parts, each with its share of what fits.
pub fn comment(marker: &str, sections: &[Section]) -> String {
    let mut out = format!("{marker}\n");
    let mut room = LONGEST - out.len() - LEFT_OUT;
    let wanted: Vec<usize> = sections.iter().map(Section::longest).collect();
    let mut left_out = 0;
    for (section, share) in sections.iter().zip(shares(&wanted, room)) {
        let text = section.print(share.max(LEAST));
        match text.len() < room {
            true => {
                room -= text.len();
                out.push_str(&text);
            }
            false => left_out += 1,
        }
    }
    if left_out > 0 {
        out.push_str(&format!(
            "\n**{} left out for length.** Ask for fewer at a time.\n",
            count(left_out, "environment")
        ));
    }
    out
}

/// Divides the room: who needs less than an equal share leaves the rest to the others.
fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&index| wanted[index]);
    let mut shares = vec![0; wanted.len()];
    let mut room = room;
    for (position, index) in order.into_iter().enumerate() {
        let share = wanted[index].min(room / (wanted.len() - position));
        shares[index] = share;
        room -= share;
    }
    shares
}

impl Section {
    /// What it takes as a whole.
    fn longest(&self) -> usize {
        self.frame().len() + self.lengths().map(|(row, fold)| row + fold).sum::<usize>() + LEFT_OUT
    }

    /// What each row takes, and each fold.
    fn lengths(&self) -> impl Iterator<Item = (usize, usize)> {
        let entries = self.entries.iter();
        entries.map(|entry| (entry.row().len(), entry.fold().len()))
    }

    /// Everything but rows and folds: with both tables there may be.
    fn frame(&self) -> String {
        let (above, below) = self.around();
        above + &self.table_head() + &self.table_head() + &below
    }

    fn around(&self) -> (String, String) {
        let mut above = format!("\n### {}\n", self.heading);
        if !self.alerts.is_empty() {
            above.push_str("\n> [!WARNING]\n");
            above.extend(bounded(&self.alerts).map(|line| format!("> {line}\\\n")));
            above.truncate(above.len() - "\\\n".len());
            above.push('\n');
        }
        let mut below = String::new();
        if !self.remarks.is_empty() {
            below.push('\n');
            below.extend(bounded(&self.remarks).map(|line| format!("- {line}\n")));
        }
        (above, below)
    }

    fn table_head(&self) -> String {
        format!(
            "\n| {} |\n|{}\n",
            self.columns.join(" | "),
            " --- |".repeat(self.columns.len())
        )
    }

    /// The part in so many bytes. Where not all fits, a third of it goes to folds, the rest to rows, and the
    /// riskiest stay.
    fn print(&self, room: usize) -> String {
        let frame = self.frame().len() + LEFT_OUT;
        let Some(room) = room.checked_sub(frame) else {
            return format!("\n### {}\n\n{}\n", self.heading, self.only_its_heading());
        };
        let rows: usize = self.lengths().map(|(row, _)| row).sum();
        let folds: usize = self.lengths().map(|(_, fold)| fold).sum();
        let for_folds = folds.min((room / 3).max(room.saturating_sub(rows)));
        let shown = fitting(self.lengths().map(|(row, _)| row), room - for_folds);
        let unfolding = fitting(self.lengths().map(|(_, fold)| fold), for_folds).min(shown);
        let (above, below) = self.around();
        let first = shown.min(UNFOLDED);
        let mut out = above + &self.table(0..first);
        out.push_str(&self.folds(0..unfolding.min(first)));
        if shown > first {
            out.push_str(&format!(
                "\n<details><summary>{} more</summary>\n",
                grouped(shown - first)
            ));
            out.push_str(&self.table(first..shown));
            out.push_str(&self.folds(first..unfolding.max(first)));
            out.push_str("\n</details>\n");
        }
        out.push_str(&self.left_out(shown, unfolding));
        out + &below
    }

    fn table(&self, which: std::ops::Range<usize>) -> String {
        match which.is_empty() {
            true => String::new(),
            false => {
                let rows = self.entries[which].iter().map(TableEntry::row);
                self.table_head() + &rows.collect::<String>()
            }
        }
    }

    fn folds(&self, which: std::ops::Range<usize>) -> String {
        self.entries[which].iter().map(TableEntry::fold).collect()
    }

    fn left_out(&self, shown: usize, unfolding: usize) -> String {
        let rows = self.entries.len() - shown;
        let has_fold = |entry: &&TableEntry| !entry.details.is_empty();
        let all = self.entries.iter().filter(has_fold).count();
        let folds = self.entries[unfolding..].iter().filter(has_fold).count();
        let parts = [
            (
                rows,
                format!("{} of {} rows", grouped(rows), grouped(self.entries.len())),
            ),
            (
                folds,
                format!("the details of {} of {}", grouped(folds), grouped(all)),
            ),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter_map(|(number, text)| (number > 0).then_some(text))
            .collect();
        match parts.is_empty() {
            true => String::new(),
            false => format!(
                "\n**Left out for length, the least risky first: {}.** All of it: {}\n",
                parts.join(" and "),
                self.shown_by
            ),
        }
    }

    fn only_its_heading(&self) -> String {
        format!(
            "**Left out for length: the rest.** All of it: {}",
            self.shown_by
        )
    }
}

/// How many of these lengths fit into the room.
fn fitting(lengths: impl Iterator<Item = usize>, room: usize) -> usize {
    let mut taken = 0;
    lengths
        .take_while(|length| {
            taken += length;
            taken <= room
        })
        .count()
}

/// The first lines, and how many more there are.
fn bounded(lines: &[String]) -> impl Iterator<Item = String> {
    let more = lines.len().saturating_sub(LINES);
    let more = (more > 0).then(|| format!("and {} more", grouped(more)));
    lines.iter().take(LINES).cloned().chain(more)
}

impl TableEntry {
    /// Its row. A pipe would end the cell, in a code span too.
    fn row(&self) -> String {
        let cells = self.cells.iter().map(|cell| cell.replace('|', "\\|"));
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    }

    /// What is folded away of it.
    fn fold(&self) -> String {
        if self.details.is_empty() {
            return String::new();
        }
        let lines: String = bounded(&self.details)
            .map(|line| format!("- {line}\n"))
            .collect();
        format!(
            "\n<details><summary>{}</summary>\n\n{lines}\n</details>\n",
            self.title
        )
    }
}

#[cfg(test)]
mod tests;
