//! Annotations of a workflow's run on GitHub, at file and line.
//!
//! GitHub reads them out of the log, where every line could be a command: no text from elsewhere may
//! begin a line or end a property. What else could be a command the terminal makes inert.
//! <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>

use std::path::{Component, Path, PathBuf};

use crate::model::inert::WorkflowLog;
use crate::model::text::{cut, escape};
use crate::model::{Finding, Place, Severity};

/// The most of one message, in characters. GitHub shows the first 4,096 bytes of it.
const MESSAGE: usize = 1_000;
/// The most of a title.
const TITLE: usize = 200;

/// How bad something is. The worst comes first: GitHub shows ten of each level and step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnnotationLevel {
    /// It fails, or keeps something from being done.
    Error,
    /// It can cost something.
    Warning,
    /// It is worth knowing.
    Notice,
}

impl AnnotationLevel {
    fn as_str(self) -> &'static str {
        match self {
            AnnotationLevel::Error => "error",
            AnnotationLevel::Warning => "warning",
            AnnotationLevel::Notice => "notice",
        }
    }
}

/// Something that is said at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// How bad it is.
    pub level: AnnotationLevel,
    /// Where; GitHub shows it at the run alone where that is not known.
    pub place: Option<Place>,
    /// What it is, in a few words.
    pub title: String,
    /// What is to be said, a sentence a line.
    pub lines: Vec<String>,
}

/// What is said of one environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Each thing at its place.
    pub all: Vec<Annotation>,
    /// What came out, in one line.
    pub summary: String,
}

impl Annotations {
    /// Adds one.
    pub fn add(
        &mut self,
        level: AnnotationLevel,
        place: Option<&Place>,
        title: impl Into<String>,
        lines: Vec<String>,
    ) {
        self.all.push(Annotation {
            level,
            place: place.cloned(),
            title: title.into(),
            lines,
        });
    }
}

/// The log of a run: the worst first, otherwise in the order given, then what came out. Paths of
/// files are relative to `folder`, which is where GitHub's begin.
pub fn log(said: &[Annotations], folder: &Path) -> WorkflowLog {
    let mut all: Vec<&Annotation> = said.iter().flat_map(|said| &said.all).collect();
    all.sort_by_key(|annotation| annotation.level);
    let summaries = said.iter().map(|said| &said.summary);
    let summaries = summaries.filter(|summary| !summary.is_empty());
    let line = |summary: &String| format!("topicsmith: {}\n", escape(summary));
    WorkflowLog {
        commands: all.iter().map(|one| command(one, folder)).collect(),
        text: summaries.map(line).collect(),
    }
}

/// `error file=topics/a.toml,line=3,col=1,title=…::…`
fn command(annotation: &Annotation, folder: &Path) -> String {
    let Annotation {
        level,
        place,
        title,
        lines,
    } = annotation;
    let mut properties = Vec::new();
    if let Some(place) = place {
        properties.push(format!("file={}", property(&path(folder, &place.file))));
        if place.line > 0 {
            properties.push(format!("line={}", place.line));
            properties.push(format!("col={}", place.column.max(1)));
        }
    }
    properties.push(format!("title={}", property(&cut(title, TITLE))));
    let lines: Vec<String> = lines.iter().map(|line| data(&cut(line, MESSAGE))).collect();
    format!(
        "{} {}::{}",
        level.as_str(),
        properties.join(","),
        lines.join("%0A")
    )
}

/// A path below a folder as GitHub finds it: `services/a/topics` for `./services/a/.` and `topics`.
pub fn path(folder: &Path, name: &str) -> String {
    let whole = folder.join(name);
    let parts = whole.components();
    let parts = parts.filter(|part| *part != Component::CurDir);
    parts.collect::<PathBuf>().display().to_string()
}

/// Text after the last `::`.
fn data(text: &str) -> String {
    escape(text).replace('%', "%25")
}

/// Text between `=` and `,`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// What was found in the files, each at its place.
pub fn findings(findings: &[Finding]) -> Annotations {
    let mut said = Annotations::default();
    for finding in findings {
        let level = match finding.level {
            Severity::Error => AnnotationLevel::Error,
            Severity::Warning => AnnotationLevel::Warning,
        };
        let label = (!finding.label.is_empty()).then(|| format!("here: {}", finding.label));
        let related = finding.related.as_ref();
        let related = related.map(|(place, label)| format!("{label}: {place}"));
        let help = finding.help.as_ref().map(|help| format!("help: {help}"));
        let lines = [Some(finding.message.clone()), label, related, help];
        said.add(
            level,
            Some(&finding.place),
            finding.code,
            lines.into_iter().flatten().collect(),
        );
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place {
            file: "topics/a,b:c.toml".into(),
            line: 3,
            column: 7,
            length: 2,
        }
    }

    fn one(
        level: AnnotationLevel,
        place: Option<Place>,
        title: &str,
        lines: &[&str],
    ) -> Annotations {
        let mut said = Annotations::default();
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        said.add(level, place.as_ref(), title, lines);
        said
    }

    fn text(said: &[Annotations], folder: &str) -> String {
        log(said, Path::new(folder)).to_string()
    }

    #[test]
    fn an_annotation_stands_at_its_place() {
        let said = one(
            AnnotationLevel::Error,
            Some(place()),
            "a: b",
            &["100 %, x: y", "help: z"],
        );
        let expected = "::error file=services/a/topics/a%2Cb%3Ac.toml,line=3,col=7,title=a%3A b::100 %25, x: y%0Ahelp: z\n";
        assert_eq!(text(&[said], "./services/a/"), expected);
        let whole = one(
            AnnotationLevel::Notice,
            Some(Place::whole("x.toml")),
            "t",
            &["m"],
        );
        assert_eq!(text(&[whole], ""), "::notice file=x.toml,title=t::m\n");
    }

    #[test]
    fn the_worst_first_and_the_summaries_last() {
        let mut first = one(AnnotationLevel::Notice, None, "n", &["m"]);
        first.summary = "dev: done".to_owned();
        let mut second = one(AnnotationLevel::Error, None, "e", &["m"]);
        second.summary = "prod: not done".to_owned();
        let third = one(AnnotationLevel::Warning, None, "w", &["m"]);
        let expected = "\
::error title=e::m
::warning title=w::m
::notice title=n::m
topicsmith: dev: done
topicsmith: prod: not done
";
        assert_eq!(text(&[first, second, third], ""), expected);
    }

    #[test]
    fn no_value_is_a_command() {
        let hostile = "\r\n::add-mask::x\n##[add-mask]y%0A::error::z\u{202e}";
        let mut said = one(AnnotationLevel::Error, None, hostile, &[hostile]);
        said.summary = hostile.to_owned();
        let text = text(&[said], "");
        assert_eq!(text.lines().count(), 2, "{text}");
        let begins: Vec<&str> = text.lines().map(|line| &line[..11]).collect();
        assert_eq!(begins, ["::error tit", "topicsmith:"]);
        assert!(!text.contains("##["), "{text}");
        assert!(!text.contains(['\r', '\u{202e}']), "{text}");
        let annotation = text.lines().next().expect("there are two");
        assert!(!annotation.contains("%0A"), "{text}");
    }
}
