//! The numbers of a run as Prometheus reads them from a file, and what such a file said before.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use super::report::ORDER;
use crate::apply::OutcomeKind;
use crate::metrics::{Figures, Run, Runs};
use crate::plan::Summary;

const LAST_SUCCESS: &str = "topicsmith_last_success_timestamp_seconds";

/// When a command last did its work, in seconds since 1970, by environment.
pub type Successes = BTreeMap<Option<String>, f64>;

/// One metric: its name, what it means, and its values.
struct Metric {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Labels, f64)>,
}

/// Labels in their order, each with its value.
type Labels = Vec<(&'static str, String)>;

/// The runs of a command in the text format of Prometheus, version 0.0.4. `now` is in seconds since
/// 1970; `before` tells when those environments last did their work that did not now.
pub fn text(command: &str, runs: &Runs, now: f64, before: &Successes) -> String {
    let labels = |environment: &Option<String>| {
        let mut labels: Labels = vec![("command", command.to_owned())];
        let environment = environment.as_ref();
        labels.extend(environment.map(|name| ("environment", name.clone())));
        labels
    };
    let each = |name, help, value: &dyn Fn(&Option<String>, &Run) -> Option<f64>| {
        let sample = |(environment, run)| Some((labels(environment), value(environment, run)?));
        Metric {
            name,
            help,
            samples: runs.iter().filter_map(sample).collect(),
        }
    };
    let count = |name, help, number: fn(&Figures) -> f64| {
        each(name, help, &|_, run| Some(number(run.figures.as_ref()?)))
    };
    let metrics = [
        count("topicsmith_topics", "Topics that the files list.", |f| {
            f.topics as f64
        }),
        count(
            "topicsmith_partitions",
            "Partitions that the listed topics are to have together.",
            |f| f.partitions as f64,
        ),
        count(
            "topicsmith_drifted_topics",
            "Topics that were changed on the cluster since they were applied.",
            |f| f.drifted as f64,
        ),
        count(
            "topicsmith_pending_topics",
            "Topics of which the files say something that was not applied yet.",
            |f| f.pending as f64,
        ),
        count(
            "topicsmith_unlisted_topics",
            "Topics on the cluster that are in no file and unowned.",
            |f| f.plan.unlisted as f64,
        ),
        count(
            "topicsmith_not_visible_topics",
            "Topics that could not be compared, because they or their configs are not visible.",
            |f| f.plan.not_visible as f64,
        ),
        count(
            "topicsmith_blocked",
            "Findings that hold back a part of the plan.",
            |f| f.plan.blocked as f64,
        ),
        count(
            "topicsmith_destructive_changes",
            "Topics that the plan would change in a way that can lose data.",
            |f| f.plan.destructive as f64,
        ),
        Metric {
            name: "topicsmith_changes",
            help: "Topics that the plan would change, by what would happen to them.",
            samples: by(runs, &labels, "action", |figures| changes(&figures.plan)),
        },
        Metric {
            name: "topicsmith_apply_changes",
            help: "Changes of the apply, by what became of them.",
            samples: by(runs, &labels, "outcome", outcomes),
        },
        each(
            "topicsmith_run_success",
            "Whether the last run did its work: 1, or 0.",
            &|_, run| Some(f64::from(u8::from(run.success))),
        ),
        each(
            "topicsmith_run_duration_seconds",
            "How long the last run took.",
            &|_, run| Some(run.seconds),
        ),
        each(
            "topicsmith_last_run_timestamp_seconds",
            "When the last run ended, in seconds since 1970.",
            &|_, _| Some(now),
        ),
        each(
            LAST_SUCCESS,
            "When a run last did its work, in seconds since 1970.",
            &|environment, run| match run.success {
                true => Some(now),
                false => before.get(environment).copied(),
            },
        ),
    ];
    metrics.iter().map(print).collect()
}

/// A sample for each value of one more label.
fn by(
    runs: &Runs,
    labels: &impl Fn(&Option<String>) -> Labels,
    label: &'static str,
    values: impl Fn(&Figures) -> Vec<(String, f64)>,
) -> Vec<(Labels, f64)> {
    let known = runs
        .iter()
        .filter_map(|(env, run)| Some((env, run.figures.as_ref()?)));
    let samples = known.flat_map(|(environment, figures)| {
        let base = labels(environment);
        values(figures).into_iter().map(move |(value, number)| {
            let mut labels = base.clone();
            labels.push((label, value));
            (labels, number)
        })
    });
    samples.collect()
}

fn changes(summary: &Summary) -> Vec<(String, f64)> {
    let Summary {
        create,
        update,
        delete,
        adopt,
        release,
        update_inventory,
        unlisted: _,
        unchanged: _,
        not_visible: _,
        blocked: _,
        destructive: _,
    } = summary;
    let all = [
        ("create", create),
        ("update", update),
        ("delete", delete),
        ("adopt", adopt),
        ("release", release),
        ("update-inventory", update_inventory),
    ];
    all.map(|(action, number)| (action.to_owned(), *number as f64))
        .into()
}

fn outcomes(figures: &Figures) -> Vec<(String, f64)> {
    let Some(count) = &figures.applied else {
        return Vec::new();
    };
    let outcome = |kind: OutcomeKind| {
        let name = super::report::word(kind).replace(' ', "_");
        (name, count.of(kind) as f64)
    };
    ORDER.into_iter().map(outcome).collect()
}

fn print(metric: &Metric) -> String {
    let Metric {
        name,
        help,
        samples,
    } = metric;
    if samples.is_empty() {
        return String::new();
    }
    let mut out = format!("# HELP {name} {help}\n# TYPE {name} gauge\n");
    for (labels, value) in samples {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
            .collect();
        out.push_str(&format!("{name}{{{}}} {value}\n", labels.join(",")));
    }
    out
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// When a command last did its work, as such a file says. What it says otherwise, and a file that
/// is none of this tool's, says nothing.
pub fn successes(text: &str, command: &str) -> Successes {
    static LABEL: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"([a-z_]+)="((?:[^"\\]|\\.)*)""#).expect("a constant pattern that is tested")
    });
    let sample = |line: &str| {
        let rest = line.strip_prefix(LAST_SUCCESS)?;
        let (labels, value) = rest.strip_prefix('{')?.rsplit_once('}')?;
        let value: f64 = value.trim().parse().ok()?;
        let labels: BTreeMap<&str, String> = LABEL
            .captures_iter(labels)
            .map(|label| label.extract::<2>().1)
            .map(|[name, value]| (name, unescaped(value)))
            .collect();
        let own = labels.get("command").is_some_and(|of| of == command);
        (own && value.is_finite()).then(|| (labels.get("environment").cloned(), value))
    };
    text.lines().filter_map(sample).collect()
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match (c, c == '\\') {
            (_, true) => match characters.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            (c, false) => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Figures;
    use crate::plan::{Options, make};
    use crate::testing::{desired, found, live, topic};

    fn figures() -> Figures {
        let desired = desired([("a", topic(4, 3, &[])), ("b", topic(2, 3, &[]))]);
        let live = live([("b", found(3, 3, &[])), ("c", found(1, 1, &[]))]);
        let plan = make(&desired, &live, &Options::default());
        Figures::of(&plan, &desired, &live, &Options::default().only)
    }

    fn runs() -> Runs {
        let done = Run {
            success: true,
            seconds: 1.25,
            figures: Some(figures()),
        };
        [
            (Some("prod".to_owned()), done),
            (Some("a\\b\"c\nd".to_owned()), Run::default()),
        ]
        .into()
    }

    /// Every line is as Prometheus' text format has it: a metric's help and type once, before its
    /// samples, which stand together and are each of other labels.
    fn check(text: &str) {
        let label = r#"[a-z_]+="(?:[^"\\\n]|\\[\\"n])*""#;
        let sample = format!(r"^([a-z_]+)\{{({label}(?:,{label})*)\}} (\d+(?:\.\d+)?)$");
        let sample = Regex::new(&sample).unwrap();
        let (mut metric, mut seen, mut series) = ("", Vec::new(), Vec::new());
        assert!(text.ends_with('\n'));
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                metric = help.split_once(' ').unwrap().0;
                assert!(!seen.contains(&metric), "{metric} twice");
                seen.push(metric);
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                assert_eq!(kind, format!("{metric} gauge"));
            } else {
                let captured = sample.captures(line).unwrap_or_else(|| panic!("{line}"));
                assert_eq!(&captured[1], metric, "{line}");
                let one = format!("{} {}", &captured[1], &captured[2]);
                assert!(!series.contains(&one), "{one} twice");
                series.push(one);
            }
        }
    }

    #[test]
    fn a_file_that_prometheus_reads() {
        let before = [(Some("a\\b\"c\nd".to_owned()), 5.0)].into();
        let text = text("plan", &runs(), 1_763_670_896.5, &before);
        check(&text);
        for line in [
            "topicsmith_topics{command=\"plan\",environment=\"prod\"} 2",
            "topicsmith_partitions{command=\"plan\",environment=\"prod\"} 6",
            "topicsmith_unlisted_topics{command=\"plan\",environment=\"prod\"} 1",
            "topicsmith_blocked{command=\"plan\",environment=\"prod\"} 1",
            "topicsmith_changes{command=\"plan\",environment=\"prod\",action=\"create\"} 1",
            "topicsmith_run_success{command=\"plan\",environment=\"a\\\\b\\\"c\\nd\"} 0",
            "topicsmith_run_duration_seconds{command=\"plan\",environment=\"prod\"} 1.25",
            "topicsmith_last_success_timestamp_seconds{command=\"plan\",environment=\"prod\"} 1763670896.5",
            "topicsmith_last_success_timestamp_seconds{command=\"plan\",environment=\"a\\\\b\\\"c\\nd\"} 5",
        ] {
            assert!(text.lines().any(|own| own == line), "{line}\n{text}");
        }
        assert!(!text.contains("topicsmith_apply_changes"), "{text}");
    }

    #[test]
    fn the_last_success_reads_back_and_nothing_else_does() {
        let text = text(
            "plan",
            &runs(),
            7.5,
            &[(Some("a\\b\"c\nd".to_owned()), 5.0)].into(),
        );
        let expected = [
            (Some("a\\b\"c\nd".to_owned()), 5.0),
            (Some("prod".to_owned()), 7.5),
        ];
        assert_eq!(successes(&text, "plan"), expected.into());
        assert_eq!(successes(&text, "drift"), Successes::new());
        for strange in [
            "",
            "topicsmith_last_success_timestamp_seconds",
            "topicsmith_last_success_timestamp_seconds{command=\"plan\"} soon",
            "topicsmith_last_success_timestamp_seconds{command=\"plan\"} NaN",
            "topicsmith_last_success_timestamp_seconds}{ 1",
            "\u{0}\u{ffff}",
        ] {
            assert_eq!(successes(strange, "plan"), Successes::new(), "{strange}");
        }
        let alone = "topicsmith_last_success_timestamp_seconds{command=\"plan\"} 3";
        assert_eq!(successes(alone, "plan"), [(None, 3.0)].into());
    }
}
