//! Findings for people, each with its line and the place underlined, and for programs.

pub mod document;
mod markdown;

pub use markdown::{section, summary};

use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level as Title, Origin, Renderer, Snippet,
};

use super::Style;
use crate::model::text::{escape, mask};
use crate::model::{Finding, Place, Severity, Sources};

/// More than this nobody reads at once.
const SHOWN: usize = 100;

/// The most of a line that is shown of a place and after it, in characters.
const LONGEST: usize = 400;

/// The column up to which a line is shown at all.
const FARTHEST: usize = 50_000;

/// The findings as text, each followed by an empty line.
pub fn text(findings: &[Finding], sources: &Sources, style: Style) -> String {
    let renderer = match style.colour {
        true => Renderer::styled(),
        false => Renderer::plain(),
    };
    let renderer = match style.width {
        0 => renderer.term_width(LONGEST),
        width => renderer.term_width(width),
    };
    let mut text = String::new();
    for finding in findings.iter().take(SHOWN) {
        text.push_str(&one(finding, sources, &renderer));
        text.push_str("\n\n");
    }
    if findings.len() > SHOWN {
        text.push_str(&format!("and {} more\n", findings.len() - SHOWN));
    }
    text
}

fn one(finding: &Finding, sources: &Sources, renderer: &Renderer) -> String {
    let level = match finding.level {
        Severity::Error => Title::ERROR,
        Severity::Warning => Title::WARNING,
    };
    let title = level
        .primary_title(escape(&finding.message))
        .id(finding.code);
    let mut group = Group::with_title(title);
    group = add(
        group,
        &finding.place,
        &finding.label,
        AnnotationKind::Primary,
        sources,
    );
    if let Some((place, label)) = &finding.related {
        group = add(group, place, label, AnnotationKind::Context, sources);
    }
    if let Some(help) = &finding.help {
        group = group.element(Title::HELP.message(escape(help)));
    }
    renderer.render(&[group])
}

/// Adds a place: its line with the place underlined, or its name alone where there is no line to
/// show.
fn add<'a>(
    group: Group<'a>,
    place: &'a Place,
    label: &'a str,
    kind: AnnotationKind,
    sources: &Sources,
) -> Group<'a> {
    let Some((line, span)) = excerpt(place, sources) else {
        let origin = Origin::path(escape(&place.file));
        let group = group.element(match place.line {
            0 => origin,
            line => origin
                .line(line as usize)
                .char_column(place.column as usize),
        });
        return match label.is_empty() {
            true => group,
            false => group.element(Title::NOTE.message(escape(label))),
        };
    };
    let annotation = kind.span(span);
    let annotation: Annotation<'a> = match label.is_empty() {
        true => annotation,
        false => annotation.label(escape(label)),
    };
    let snippet = Snippet::source(line)
        .line_start(place.line as usize)
        .path(escape(&place.file))
        .annotation(annotation);
    group.element(snippet)
}

/// A place's line as far as it is worth showing, and the place in it, in bytes. `None` for a file
/// as a whole, and for a place so far to the right that nobody looks for it by eye.
fn excerpt(place: &Place, sources: &Sources) -> Option<(String, Range<usize>)> {
    let line = sources.line(&place.file, place.line)?;
    let start = (place.column as usize).saturating_sub(1);
    if start > FARTHEST {
        return None;
    }
    let length = (place.length as usize).min(LONGEST);
    let mut characters = line.chars();
    let mut take = |count: usize| mask(&characters.by_ref().take(count).collect::<String>());
    let (before, marked, after) = (take(start), take(length), take(LONGEST));
    let begin = before.len();
    let span = begin..begin + marked.len();
    Some((before + &marked + &after, span))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::model::SourceText;

    fn sources(text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.insert(Arc::new(SourceText::new("a.toml".into(), text.to_owned())));
        sources
    }

    fn at(line: u32, column: u32, length: u32) -> Place {
        Place {
            file: "a.toml".into(),
            line,
            column,
            length,
        }
    }

    #[test]
    fn a_finding_has_its_line_a_second_place_and_help() {
        let finding = Finding::error("code", at(2, 5, 3), "what is wrong")
            .label("here")
            .related(at(1, 1, 1), "because of this")
            .help("do that");
        let text = text(&[finding], &sources("a = 1\nb = two\n"), Style::default());
        let expected = [
            "error[code]: what is wrong",
            " --> a.toml:2:5",
            "  |",
            "2 | b = two",
            "  |     ^^^ here",
            "  |",
            " ::: a.toml:1:1",
            "  |",
            "1 | a = 1",
            "  | - because of this",
            "  |",
            "  = help: do that",
            "",
            "",
        ];
        assert_eq!(text, expected.join("\n"));
    }

    #[test]
    fn nothing_in_a_file_reaches_the_terminal_as_a_command() {
        let finding = Finding::error("code", at(1, 8, 1), "bad \u{1b}[31m")
            .label("x\u{202e}y")
            .help("\u{9b}");
        let text = text(
            &[finding],
            &sources("\u{1b}\u{202e}\ta = \"b\"\n"),
            Style::default(),
        );
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{9b}']), "{text:?}");
        assert!(text.contains("a.toml:1:8"), "{text}");
    }

    #[test]
    fn a_place_too_far_to_the_right_is_named_but_not_drawn() {
        let line = "x".repeat(100_000);
        let finding = Finding::error("code", at(1, 90_000, 5), "wrong").label("here");
        let text = text(&[finding], &sources(&line), Style::default());
        assert!(
            text.contains("a.toml:1:90000") && text.contains("here"),
            "{text}"
        );
        assert!(text.len() < 200);
    }

    #[test]
    fn after_a_hundred_they_are_counted() {
        let findings = vec![Finding::error("code", at(0, 0, 0), "wrong"); 102];
        let text = text(&findings, &Sources::default(), Style::default());
        assert!(text.ends_with("\n\nand 2 more\n"), "{text}");
    }

    #[test]
    fn json_says_the_same() {
        let mut warning = Finding::error("code", Place::whole("b.toml"), "wrong");
        warning.level = Severity::Warning;
        let related = Finding::error("code", at(2, 5, 3), "wrong").related(at(1, 1, 1), "first");
        let document = document::DiagnosticsDocument::from(&[warning, related][..]);
        assert_eq!((document.summary.errors, document.summary.warnings), (1, 1));
        assert_eq!(document.problems[0].at.line, None);
        let related = document.problems[1].related.as_ref();
        assert_eq!(related.and_then(|related| related.at.line), Some(1));
    }

    proptest! {
        #[test]
        fn any_place_in_any_text_can_be_shown(
            file in "\\PC{0,60}", line in 0u32..4, column in 0u32..70, length in 0u32..70, width in 0usize..120,
        ) {
            let finding = Finding::error("code", at(line, column, length), "wrong")
                .label("label")
                .related(at(column % 3, line, length), "related");
            let style = Style { colour: width % 2 == 0, width };
            let text = text(&[finding], &sources(&file), style);
            prop_assert!(text.contains("wrong"));
        }
    }
}
