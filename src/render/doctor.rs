//! How a cluster was found to be, `topicsmith/doctor/1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::columns::{Cell, wrap};
use super::github::{AnnotationLevel, Annotations};
use super::markdown::{Section, TableEntry, code, html_code, prose};
use super::{Paint, Style};
use crate::doctor::{Check, CheckStatus, TargetCommand};
use crate::model::document::document_format;
use crate::model::text::{count, escape};

document_format!(
    /// The format of an examination.
    DoctorFormat = "topicsmith/doctor/1" of DoctorDocument, several as "examinations"
);

/// Whether the tool can do its work on the cluster of one environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DoctorDocument {
    /// The format of this document.
    pub format: DoctorFormat,
    /// What was checked.
    #[serde(flatten)]
    pub examination: Examination,
    /// The checks in numbers.
    pub summary: DoctorSummary,
}

/// How many checks came out at each level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoctorSummary {
    /// In order.
    pub ok: usize,
    /// Working, with something to know or to fix.
    pub warn: usize,
    /// Not working.
    pub fail: usize,
    /// Not checked.
    pub skip: usize,
}

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Examination {
    /// The environment.
    pub environment: String,
    /// The cluster's id, where it was reached and gives one.
    pub cluster_id: Option<String>,
    /// The release of Kafka, as far as the brokers let on.
    pub kafka_version: Option<String>,
    /// Who this client is to the brokers, where that is known and no secret.
    pub principal: Option<String>,
    /// The work that was checked for.
    #[serde(rename = "for")]
    pub work: TargetCommand,
    /// What was found, in order.
    pub checks: Vec<Check>,
}

impl Examination {
    /// How many checks came out so.
    pub fn count(&self, level: CheckStatus) -> usize {
        let so = self.checks.iter().filter(|check| check.level == level);
        so.count()
    }
}

/// One line a check, what to do below it, and a line that counts.
pub fn text(found: &Examination, style: Style) -> String {
    let mut out = style.paint(Paint::Strong, &header(found));
    out.push_str("\n\n");
    let labels = found.checks.iter().map(|check| check.code.as_str().len());
    let label = labels.max().unwrap_or_default();
    for check in &found.checks {
        add(&mut out, check, label, style);
    }
    out.push('\n');
    out.push_str(&style.paint(Paint::Strong, &summary(found)));
    out.push('\n');
    out
}

fn header(found: &Examination) -> String {
    let mut parts = vec![escape(&found.environment).into_owned()];
    let shown = |what: &str, text: &Option<String>| {
        text.as_ref().map(|text| format!("{what}{}", escape(text)))
    };
    parts.extend(shown("cluster ", &found.cluster_id));
    parts.extend(shown("Kafka ", &found.kafka_version));
    parts.join(" · ")
}

/// Before the level, and between columns.
const GAP: usize = 2;
/// The longest level.
const LEVEL: usize = 4;

fn add(out: &mut String, check: &Check, label: usize, style: Style) {
    let paint = match check.level {
        CheckStatus::Ok => Paint::Added,
        CheckStatus::Warn => Paint::Changed,
        CheckStatus::Fail => Paint::Removed,
        CheckStatus::Skip => Paint::Faint,
    };
    let level = format!("{:LEVEL$}", check.level.as_str());
    let code = format!("{:label$}", check.code.as_str());
    out.push_str(&" ".repeat(GAP));
    out.push_str(&style.paint(paint, &level));
    out.push_str(&" ".repeat(GAP));
    out.push_str(&code);
    out.push_str(&" ".repeat(GAP));
    let stop = GAP + LEVEL + GAP + label + GAP;
    let mut sentence = String::new();
    let message = Cell::new(Paint::Plain, escape(&check.message));
    wrap(&mut sentence, stop, &message, style);
    out.push_str(sentence.trim_start_matches(' '));
    if let Some(help) = &check.help {
        let help = Cell::new(Paint::Info, format!("→ {}", escape(help)));
        wrap(out, stop, &help, style);
    }
}

/// `20 ok, 1 warning, 2 failed, 3 not checked`
fn summary(found: &Examination) -> String {
    let mut parts = vec![format!("{} ok", found.count(CheckStatus::Ok))];
    let mut add = |number: usize, text: String| {
        if number > 0 {
            parts.push(text);
        }
    };
    let (warned, failed) = (
        found.count(CheckStatus::Warn),
        found.count(CheckStatus::Fail),
    );
    add(warned, count(warned, "warning"));
    add(failed, format!("{failed} failed"));
    let skipped = found.count(CheckStatus::Skip);
    add(skipped, format!("{skipped} not checked"));
    parts.join(", ")
}

/// The same for a comment: what fails first, then what may.
pub fn section(found: &Examination) -> Section {
    let mut checks: Vec<&Check> = found.checks.iter().collect();
    checks.sort_by_key(|check| order(check.level));
    let entry = |check: &Check| {
        let level = match check.level {
            CheckStatus::Fail => "**fail**",
            other => other.as_str(),
        };
        TableEntry {
            cells: vec![
                level.to_owned(),
                code(check.code.as_str()),
                prose(&check.message),
            ],
            title: format!("what to do about {}", html_code(check.code.as_str())),
            details: check.help.iter().map(|help| prose(help)).collect(),
        }
    };
    Section {
        heading: prose(&format!("{}: {}", header(found), summary(found))),
        columns: &["", "Check", "Found"],
        entries: checks.into_iter().map(entry).collect(),
        shown_by: code(&format!("topicsmith doctor -e {}", found.environment)),
        ..Section::default()
    }
}

/// The worst first.
fn order(level: CheckStatus) -> u8 {
    match level {
        CheckStatus::Fail => 0,
        CheckStatus::Warn => 1,
        CheckStatus::Skip => 2,
        CheckStatus::Ok => 3,
    }
}

/// The same as annotations of a workflow's run: what fails, and what may.
pub fn annotations(found: &Examination) -> Annotations {
    let mut said = Annotations {
        summary: format!("{}: {}", found.environment, summary(found)),
        ..Annotations::default()
    };
    for check in &found.checks {
        let level = match check.level {
            CheckStatus::Fail => AnnotationLevel::Error,
            CheckStatus::Warn => AnnotationLevel::Warning,
            CheckStatus::Skip | CheckStatus::Ok => continue,
        };
        let title = format!("{}: {}", found.environment, check.code.as_str());
        let help = check.help.iter().map(|help| format!("help: {help}"));
        said.add(
            level,
            None,
            title,
            std::iter::once(check.message.clone()).chain(help).collect(),
        );
    }
    said
}

impl From<&Examination> for DoctorDocument {
    fn from(found: &Examination) -> Self {
        Self {
            format: DoctorFormat,
            examination: found.clone(),
            summary: DoctorSummary {
                ok: found.count(CheckStatus::Ok),
                warn: found.count(CheckStatus::Warn),
                fail: found.count(CheckStatus::Fail),
                skip: found.count(CheckStatus::Skip),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::doctor::Code;
    use crate::model::document::{self, Document as _};

    fn found() -> Examination {
        let check = |code, level, message: &str, help: Option<&str>| Check {
            code,
            level,
            message: message.to_owned(),
            help: help.map(str::to_owned),
        };
        Examination {
            environment: "prod".to_owned(),
            cluster_id: Some("c1\u{1b}".to_owned()),
            kafka_version: Some("4.3".to_owned()),
            principal: Some("User:ci".to_owned()),
            work: TargetCommand::Apply,
            checks: vec![
                check(Code::Connection, CheckStatus::Ok, "connected", None),
                check(
                    Code::AutoCreate,
                    CheckStatus::Warn,
                    "it is on: topics make themselves",
                    Some("turn it off"),
                ),
                check(Code::ApplyDelete, CheckStatus::Fail, "no right\n", None),
                check(Code::Quota, CheckStatus::Skip, "not told", None),
            ],
        }
    }

    #[test]
    fn for_people() {
        let expected = "\
prod · cluster c1\\u{1b} · Kafka 4.3

  ok    connection    connected
  warn  auto-create   it is on: topics make themselves
                      → turn it off
  fail  apply-delete  no right\\n
  skip  quota         not told

1 ok, 1 warning, 1 failed, 1 not checked
";
        let shown = text(&found(), Style::default());
        assert_eq!(shown, expected, "{shown}");
        let narrow = Style {
            colour: false,
            width: 44,
        };
        let shown = text(&found(), narrow);
        let broken = "topics make\n                      themselves\n";
        assert!(shown.contains(broken), "{shown}");
    }

    #[test]
    fn for_programs() {
        let json = document::json(&DoctorDocument::from(&found()));
        assert_eq!(json["format"], DoctorDocument::FORMAT);
        assert_eq!(json["for"], "apply");
        assert_eq!(
            json["summary"],
            json!({"ok": 1, "warn": 1, "fail": 1, "skip": 1})
        );
        assert_eq!(json["checks"][1]["check"], "auto-create");
        assert_eq!(json["checks"][1]["help"], "turn it off");
        assert_eq!(json["checks"][0]["help"], Value::Null);
    }
}
