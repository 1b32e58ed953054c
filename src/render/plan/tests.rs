//! Large plans as comments on a pull request.

use comrak::{Options as Gfm, markdown_to_html};

use super::{annotations, section};
use crate::desired::Desired;
use crate::live::Live;
use crate::plan::{Options, Plan, make};
use crate::render::github;
use crate::render::markdown::{LONGEST, comment};
use crate::testing::{desired, found, live, removal, topic};

/// So many changes, a twentieth of them deletes; some are destructive, some blocked.
fn plan(changes: usize) -> Plan {
    let (mut desired, mut live): (Desired, Live) = (desired([]), live([]));
    for index in 0..changes {
        let name = format!("client_2.kbe.table_{index:04}");
        let (wanted, held) = match index % 20 {
            0 => (None, found(3, 3, &[])),
            1 | 2 => (
                Some(topic(3, 3, &[("retention.ms", "3600000")])),
                found(3, 3, &[]),
            ),
            3 => (Some(topic(1, 3, &[])), found(3, 3, &[])),
            4..12 => (
                Some(topic(6, 3, &[])),
                found(3, 3, &[("vendor|key", "a|b`c")]),
            ),
            _ => (
                Some(topic(3, 3, &[("segment.bytes", "104857600")])),
                found(3, 3, &[]),
            ),
        };
        live.topics.insert(name.as_str().into(), held);
        match wanted {
            Some(wanted) => drop(desired.topics.insert(name.as_str().into(), wanted)),
            None => drop(desired.removed.insert(name.as_str().into(), removal())),
        }
    }
    make(&desired, &live, &Options::default())
}

#[test]
fn every_row_has_its_cells_and_the_riskiest_are_there() {
    for changes in [20, 500, 1_000, 5_000] {
        let plan = plan(changes);
        assert_eq!(plan.changes.len() + plan.blocked.len(), changes);
        let markdown = comment("<!-- m -->", &[section(&plan)]);
        assert!(markdown.len() <= LONGEST, "{}", markdown.len());
        let mut options = Gfm::default();
        options.extension.table = true;
        options.render.r#unsafe = true;
        let html = markdown_to_html(&markdown, &options);
        let rows = html.matches("<tr>").count();
        let cells = html.matches("<td").count() + html.matches("<th>").count();
        assert_eq!(cells, rows * 4, "{changes}");
        let deletes = markdown.matches("| **delete** |").count();
        assert_eq!(deletes, changes / 20, "{changes}");
        if changes <= 500 {
            let told = "**destructive** `retention-shortened`";
            assert_eq!(markdown.matches(told).count(), changes / 10, "{changes}");
        }
        assert_eq!(markdown.contains("Left out for length"), changes > 20);
    }
}

#[test]
fn the_order_is_by_what_it_can_cost_then_by_name() {
    let section = section(&plan(40));
    let order: Vec<String> = section
        .entries
        .iter()
        .map(|entry| {
            let cells = &entry.cells;
            format!(
                "{} {}",
                cells[0],
                cells[1].rsplit('_').next().unwrap_or_default()
            )
        })
        .collect();
    let first = [
        "**delete** 0000`",
        "**delete** 0020`",
        "update 0001`",
        "update 0002`",
        "update 0021`",
        "update 0022`",
        "**blocked** 0003`",
        "**blocked** 0023`",
        "update 0004`",
    ];
    assert_eq!(order[..first.len()], first);
    assert!(section.entries[8].cells[3].starts_with("caution"));
    assert_eq!(section.entries[39].cells[3], "");
}

/// GitHub shows ten of each: what keeps an apply from being done comes before what it costs.
#[test]
fn annotations_begin_with_the_worst() {
    let text = github::log(&[annotations(&plan(40))], std::path::Path::new("")).to_string();
    let levels: Vec<&str> = text
        .lines()
        .map(|line| line.split([' ', ':']).nth(2).unwrap_or_default())
        .collect();
    let errors = levels.iter().filter(|level| **level == "error").count();
    let warnings = levels.iter().filter(|level| **level == "warning").count();
    assert_eq!(errors, 2);
    // Two gates, then each risk at its value's line.
    assert_eq!(warnings, 2 + 2 + 4 + 16);
    assert!(levels[..2].iter().all(|level| *level == "error"), "{text}");
    assert!(
        levels[2..2 + warnings]
            .iter()
            .all(|level| *level == "warning"),
        "{text}"
    );
    let retention =
        "file=topics/a.toml,line=4,col=1,title=prod%3A client_2.kbe.table_0001 destructive%3A";
    assert!(text.contains(retention), "{text}");
    assert!(
        text.lines()
            .last()
            .is_some_and(|last| last.starts_with("topicsmith: prod: ")),
        "{text}"
    );
}
