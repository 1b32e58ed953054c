//! The README's tour and the how-to pages of docs/, run as they are: their files, their commands,
//! and the output of these.
//!
//! Steps that a page only describes in words are in a comment, `<!-- tour: … -->`:
//!
//! - `file PATH`, with the text below it in the comment, or in the block that follows
//! - `edit PATH` and below it `OLD` `=>` `NEW`, one per line
//! - `alter TOPIC KEY=VALUE`, a change by hand
//! - `run ARGUMENTS`, a command that is only mentioned
//! - `end`
//!
//! In the output of a command, a line of `…` stands for any number of lines; ids, times and users
//! differ from run to run.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use snapbox::{Assert, Data};
use topicsmith::internals::kafka::{Alter, AlterOp, Cluster, Mode};
use topicsmith::internals::model::{ConfigKey, TopicName};

use crate::harness::{Brokers, Test, connect, connection, tests};

tests! { the_pages_are_true: Newest }

/// The pages, with the minimum number of steps of each.
const PAGES: [(&str, usize); 7] = [
    (include_str!("../../README.md"), 13),
    (include_str!("../../docs/how-to/rename.md"), 13),
    (include_str!("../../docs/how-to/blocked.md"), 5),
    (include_str!("../../docs/how-to/emergency-change.md"), 8),
    (include_str!("../../docs/how-to/ephemeral-topics.md"), 5),
    (include_str!("../../docs/how-to/inspect.md"), 7),
    (include_str!("../../docs/how-to/capacity.md"), 3),
];

/// Runs the pages in order, each in an empty folder on an empty cluster.
async fn the_pages_are_true(_: Test) {
    let brokers = Brokers::own(1);
    let cluster = connect(connection(brokers.servers())).await;
    for (page, least) in PAGES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tour = Tour {
            folder: folder.path(),
            servers: brokers.servers(),
            cluster: &cluster,
        };
        let steps = steps(page);
        assert!(steps.len() >= least, "{steps:?}");
        for step in &steps {
            tour.take(step).await;
        }
        let all = ["--delete", "--if-exists", "--topic", ".*"];
        brokers.cli("TopicCommand", &all);
    }
}

/// A step of the tour.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Write(String, String),
    Edit(String, String, String),
    Alter(TopicName, ConfigKey, String),
    /// A command, with its output if shown.
    Run(String, Option<String>),
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut file = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "<!-- tour: end -->" {
            return steps;
        }
        if let Some(told) = line.strip_prefix("<!-- tour: ") {
            let mut told = told.to_owned();
            while !told.ends_with("-->") {
                told.push('\n');
                told.push_str(lines.next().expect("a comment ends"));
            }
            let told = told.trim_end_matches("-->").trim_end();
            match told
                .strip_prefix("file ")
                .filter(|path| !path.contains('\n'))
            {
                Some(path) => file = Some(path.to_owned()),
                None => steps.push(step(told)),
            }
        } else if line.starts_with("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            match file.take() {
                Some(path) => steps.push(Step::Write(path, block.join("\n") + "\n")),
                None => steps.extend(runs(&block)),
            }
        }
    }
    panic!("the tour has an end");
}

fn step(told: &str) -> Step {
    let (first, rest) = told.split_once('\n').unwrap_or((told, ""));
    let (verb, argument) = first.split_once(' ').expect("a verb and what it is about");
    match verb {
        "file" => Step::Write(argument.to_owned(), format!("{rest}\n")),
        "edit" => {
            let (old, new) = rest.split_once("\n=>\n").expect("OLD, =>, NEW");
            Step::Edit(argument.to_owned(), old.to_owned(), new.to_owned())
        }
        "alter" => {
            let (topic, change) = argument.split_once(' ').expect("a topic and a change");
            let (key, value) = change.split_once('=').expect("KEY=VALUE");
            Step::Alter(topic.into(), key.into(), value.to_owned())
        }
        "run" => Step::Run(argument.to_owned(), None),
        other => panic!("the tour knows no {other:?}"),
    }
}

/// Returns the commands of a terminal block.
fn runs(block: &[&str]) -> Vec<Step> {
    let mut runs: Vec<(String, String)> = Vec::new();
    for line in block {
        match (line.strip_prefix("$ topicsmith "), runs.last_mut()) {
            (Some(arguments), _) => runs.push((arguments.to_owned(), String::new())),
            (None, Some((_, printed))) => {
                printed.push_str(if *line == "…" { "..." } else { line });
                printed.push('\n');
            }
            (None, None) => {}
        }
    }
    let run = |(arguments, printed): (String, String)| Step::Run(arguments, Some(printed));
    runs.into_iter().map(run).collect()
}

struct Tour<'a> {
    folder: &'a Path,
    servers: &'a str,
    cluster: &'a Cluster,
}

impl Tour<'_> {
    async fn take(&self, step: &Step) {
        match step {
            Step::Write(path, text) => self.write(path, text),
            Step::Edit(path, old, new) => {
                let text = fs::read_to_string(self.folder.join(path)).expect("it is there");
                assert!(text.contains(old), "{path} holds {old:?}: {text}");
                self.write(path, &text.replace(old, new));
            }
            Step::Alter(topic, key, value) => {
                let alters = [Alter {
                    topic: topic.clone(),
                    ops: vec![(key.clone(), AlterOp::Set(value.clone()))],
                }];
                let done = self.cluster.incremental_alter_configs(&alters, Mode::Apply);
                let done = done.await.expect("it was reached");
                assert!(done.iter().all(Result::is_ok), "{done:?}");
            }
            Step::Run(arguments, printed) => self.run(arguments, printed.as_deref()),
        }
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, text.replace("localhost:9092", self.servers)).expect("it can be written");
    }

    fn run(&self, arguments: &str, printed: Option<&str>) {
        let output = Command::new(env!("CARGO_BIN_EXE_topicsmith"))
            .args(arguments.split_whitespace())
            .current_dir(self.folder)
            .env_clear()
            .env("USER", "anna")
            .stdin(Stdio::null())
            .output()
            .expect("it can be run");
        let mut actual = String::from_utf8_lossy(&output.stdout).into_owned();
        actual.push_str(&String::from_utf8_lossy(&output.stderr));
        let code = output.status.code();
        let Some(printed) = printed else {
            assert_eq!(code, Some(0), "{arguments}: {actual}");
            return;
        };
        if printed.contains("(exit code ") {
            actual.push_str(&format!("(exit code {})\n", code.unwrap_or(-1)));
        }
        let (actual, expected) = (of_the_day(&actual), of_the_day(printed));
        let same = Assert::new().action(snapbox::assert::Action::Verify);
        let same = same.try_eq(
            Some(&arguments),
            Data::text(actual.trim_end()),
            Data::text(expected.trim_end()),
        );
        same.unwrap_or_else(|difference| panic!("$ topicsmith {arguments}\n{difference}"));
    }
}

/// Normalizes parts of the text that differ between runs.
fn of_the_day(text: &str) -> String {
    let patterns = [
        (r"cluster [\w-]{22}", "cluster ID"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"by \S+@\S+", "by WHO"),
    ];
    let mut text = text.to_owned();
    for (pattern, form) in patterns {
        let pattern = regex::Regex::new(pattern).expect("a pattern");
        text = pattern.replace_all(&text, form).into_owned();
    }
    text
}
