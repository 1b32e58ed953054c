use comrak::{Options, markdown_to_html};
use proptest::prelude::*;

use super::*;
use crate::model::inert::{Syntax, inert};

/// As GitHub and GitLab read it: GFM with raw HTML.
fn rendered(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.math_dollars = true;
    options.render.r#unsafe = true;
    markdown_to_html(markdown, &options)
}

/// What somebody might put where they can.
const HOSTILE: &[&str] = &[
    "|",
    "a|b|c",
    "\\|",
    "\\\\|",
    "`",
    "``|``",
    "` | `",
    "@org/team",
    "@someone",
    "#123",
    "org/repo#1",
    "GH-12",
    "%7",
    "%\"milestone\"",
    "/close",
    "https://evil.example",
    "www.evil.example",
    "a@b.example",
    "mailto:a@b.example",
    "[x](https://evil.example)",
    "![x](y)",
    "[x]: y",
    "<https://evil.example>",
    "[^1]",
    "<script>alert(1)</script>",
    "</details>",
    "<!--",
    "-->",
    "<img src=x onerror=y>",
    "&lt;b&gt;",
    "\u{202e}txt",
    "\u{200b}",
    "\u{1b}[31m",
    "\r\n| a |",
    "\n\n# x",
    "\n::error::x",
    "**b**",
    "_i_",
    "~~s~~",
    "- [ ] x",
    "1. x",
    "> x",
    "---",
    "===",
    "```",
    "$x$",
    "$`x`$",
    ":tada:",
    "4f2a9c1d",
    "\\",
    "",
];

fn hostile() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
        1 => Just("x".repeat(10_000)),
    ];
    proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join(" "))
}

fn section(values: &[String]) -> Section {
    let entry = |value: &String| TableEntry {
        cells: vec!["update".to_owned(), code(value), prose(value)],
        title: format!("update {}", html_code(value)),
        details: vec![code(value), prose(value), format!("x: {}", prose(value))],
    };
    let first = values.first().cloned().unwrap_or_default();
    Section {
        heading: format!("Plan for {}", prose(&first)),
        alerts: vec![prose(&first), format!("**Refused:** {}", prose(&first))],
        columns: &["", "Topic", "What"],
        entries: values.iter().map(entry).collect(),
        remarks: vec![prose(&first)],
        shown_by: code("topicsmith plan -e prod"),
    }
}

/// Text that GitHub's own filters would still see, outside of code and tags.
fn outside_of_code(html: &str) -> String {
    let tags = regex::Regex::new(r"(?s)<code[^>]*>.*?</code>|<[^>]*>").expect("it is one");
    tags.replace_all(html, " ").into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_value_breaks_anything(values in proptest::collection::vec(hostile(), 1..6)) {
        let markdown = comment(&marker("plan", Some(&values), None), &[section(&values)]);
        prop_assert!(markdown.len() <= LONGEST, "{}", markdown.len());
        let html = rendered(&markdown);
        for forbidden in ["<a ", "<img", "<script", "<del", "<em>", "<input", "<hr", "<sup", "data-math", "<pre"] {
            prop_assert!(!html.contains(forbidden), "{forbidden}\n{markdown}\n{html}");
        }
        prop_assert_eq!(html.matches("<!--").count(), 1, "{}", html);
        prop_assert_eq!(html.matches("<table>").count(), 1, "{}\n{}", markdown, html);
        prop_assert_eq!(html.matches("<h").count(), 1, "{}", html);
        let rows = values.len() + 1;
        prop_assert_eq!(html.matches("<tr>").count(), rows, "{}\n{}", markdown, html);
        let cells = html.matches("<td").count() + html.matches("<th").count() - html.matches("<thead").count();
        prop_assert_eq!(cells, rows * 3, "{}\n{}", markdown, html);
        for row in markdown.lines().filter(|line| line.starts_with("| ") || line.starts_with("|  |")) {
            let pipes = row.matches('|').count() - row.matches("\\|").count();
            prop_assert_eq!(pipes, 4, "{}", row);
        }
        prop_assert_eq!(html.matches("<details>").count(), values.len());
        prop_assert_eq!(html.matches("</details>").count(), values.len());
        let said = outside_of_code(&html);
        prop_assert!(!said.contains('@') && !said.contains('#') && !said.contains("://"), "{said}");
        prop_assert!(!said.contains("%7"), "{said}");
        // GitLab's quick actions.
        prop_assert!(!markdown.lines().any(|line| line.starts_with('/')), "{markdown}");
        let hidden = ['\u{202e}', '\u{200b}', '\u{1b}', '\r'];
        prop_assert!(!markdown.contains(hidden), "{markdown}");
    }

    #[test]
    fn a_comment_is_never_too_long(
        changes in 500_usize..5_000, wide in 1_usize..2_000, environments in 1_usize..40,
    ) {
        let entry = |index: usize| TableEntry {
            cells: vec![format!("rank {index:05}"), code(&"x".repeat(wide % 300)), String::new()],
            title: "title".to_owned(),
            details: vec!["é".repeat(wide); 1 + index % 7],
        };
        let section = Section {
            heading: "heading".to_owned(),
            alerts: vec!["y".repeat(wide); 60],
            columns: &["", "Topic", "What"],
            entries: (0..changes / environments).map(entry).collect(),
            remarks: vec!["z".repeat(wide); 60],
            shown_by: "`shows`".to_owned(),
        };
        let markdown = comment("<!-- m -->", &vec![section; environments]);
        prop_assert!(markdown.len() <= LONGEST, "{}", markdown.len());
        prop_assert!(markdown.starts_with("<!-- m -->\n"));
        prop_assert_eq!(markdown.matches("<details>").count(), markdown.matches("</details>").count());
        prop_assert!(markdown.contains("eft out for length"), "{}", markdown.len());
    }
}

/// What is written for a command is longer than it, and counts.
#[test]
fn commands_for_a_log_count_as_they_are_written() {
    let values = vec!["##[add-mask]x ".repeat(14); 1_000];
    let markdown = comment("<!-- m -->", &[section(&values)]);
    assert!(markdown.len() <= LONGEST, "{}", markdown.len());
    assert!(markdown.contains("##\\u{5b}add-mask]x ##"), "{markdown}");
    assert!(markdown.contains("##&#91;add-mask]x ##"), "{markdown}");
    assert_eq!(inert(&markdown, Syntax::Markdown), markdown);
}

#[test]
fn all_of_a_small_comment_is_there() {
    let values: Vec<String> = (0..30).map(|index| format!("t{index}")).collect();
    let markdown = comment("<!-- m -->", &[section(&values)]);
    assert!(!markdown.contains("eft out"), "{markdown}");
    // The first 25 rows are seen at once.
    assert_eq!(markdown.matches("<summary>5 more</summary>").count(), 1);
    assert_eq!(markdown.matches("| update | `t").count(), 30);
    assert_eq!(markdown.matches("<summary>update").count(), 30);
}

#[test]
fn the_riskiest_stay_and_the_rest_is_said() {
    let entry = |index: usize| TableEntry {
        cells: vec![format!("rank {index:05}"), String::new(), String::new()],
        title: format!("fold {index:05}"),
        details: vec!["x".repeat(300)],
    };
    let section = Section {
        columns: &["", "Topic", "What"],
        entries: (0..3_000).map(entry).collect(),
        shown_by: "`topicsmith plan`".to_owned(),
        ..Section::default()
    };
    let markdown = comment("<!-- m -->", &[section]);
    let rows = markdown.matches("| rank ").count();
    let folds = markdown.matches("<summary>fold ").count();
    assert!(rows > 800 && folds > 40, "{rows} {folds}");
    assert!(markdown.len() > LONGEST * 9 / 10, "{}", markdown.len());
    assert!(markdown.contains(&format!("| rank {:05}", rows - 1)));
    assert!(markdown.contains(&format!("fold {:05}", folds - 1)));
    let said = format!(
        "**Left out for length, the least risky first: {} of 3,000 rows and the details of {} of 3,000.** All of it: `topicsmith plan`",
        grouped(3_000 - rows),
        grouped(3_000 - folds)
    );
    assert!(markdown.contains(&said), "{said}");
}

#[test]
fn more_environments_than_fit_are_counted() {
    let section = Section {
        heading: "x".repeat(300),
        ..Section::default()
    };
    let markdown = comment("<!-- m -->", &vec![section; 1_000]);
    let shown = markdown.matches("### ").count();
    assert!(shown > 150 && markdown.len() <= LONGEST, "{shown}");
    let said = format!("**{} environments left out for length.**", 1_000 - shown);
    assert!(markdown.contains(&said), "{said}");
}

#[test]
fn who_needs_less_leaves_the_rest_to_the_others() {
    assert_eq!(shares(&[10, 10], 100), [10, 10]);
    assert_eq!(shares(&[10, 1_000], 100), [10, 90]);
    assert_eq!(shares(&[1_000, 10, 1_000], 100), [45, 10, 45]);
    assert!(shares(&[], 100).is_empty());
}

#[test]
fn a_marker_is_one_comment_and_tells_them_apart() {
    let one = |name: &str| marker("plan", Some(&[name.to_owned()]), None);
    assert_eq!(one("prod"), "<!-- topicsmith plan prod -->");
    assert_eq!(one("prod-eu.1"), "<!-- topicsmith plan prod-eu.1 -->");
    assert_eq!(one("a --> b"), "<!-- topicsmith plan a%20-%2D%3E%20b -->");
    assert_eq!(marker("drift", None, None), "<!-- topicsmith drift * -->");
    assert_eq!(one("*"), "<!-- topicsmith plan %2A -->");
    let two = ["dev".to_owned(), "prod".to_owned()];
    assert_eq!(
        marker("plan", Some(&two), Some("services/a")),
        "<!-- topicsmith plan dev prod in services/a -->"
    );
    assert_eq!(marker("plan", Some(&[]), None), "<!-- topicsmith plan -->");
}
