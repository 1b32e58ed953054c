//! Findings for a comment on a pull request.

use crate::model::text::count;
use crate::model::{Finding, Severity};
use crate::render::markdown::{Section, TableEntry, code, html_code, prose};

/// A table of what was found, errors first, what to do folded.
pub fn section(findings: &[Finding]) -> Section {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    // Stable: otherwise in the order of places, in which they come.
    sorted.sort_by_key(|finding| finding.level);
    Section {
        columns: &["", "Where", "What"],
        entries: sorted.into_iter().map(entry).collect(),
        shown_by: code("topicsmith validate"),
        ..Section::default()
    }
}

/// `2 errors, 1 warning in the files`
pub fn summary(findings: &[Finding]) -> String {
    let of = |level| findings.iter().filter(|f| f.level == level).count();
    let parts = [
        (of(Severity::Error), "error"),
        (of(Severity::Warning), "warning"),
    ];
    let some = parts.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = some.map(|(number, what)| count(number, what)).collect();
    format!("{} in the files", parts.join(", "))
}

fn entry(finding: &Finding) -> TableEntry {
    let level = match finding.level {
        Severity::Error => "**error**",
        Severity::Warning => "warning",
    };
    let place = finding.place.to_string();
    let label = (!finding.label.is_empty()).then(|| format!("there: {}", prose(&finding.label)));
    let related = finding.related.as_ref();
    let related = related.map(|(at, label)| format!("{}: {}", code(&at.to_string()), prose(label)));
    let help = finding.help.as_ref().map(|help| prose(help));
    let details: Vec<String> = [label, related, help].into_iter().flatten().collect();
    TableEntry {
        cells: vec![level.to_owned(), code(&place), prose(&finding.message)],
        title: format!("{} {}", html_code(&place), finding.code),
        details,
    }
}
