use std::collections::BTreeSet;

use super::*;
use crate::desired::Desired;
use crate::live::Live;
use crate::model::{Globs, Setting};
use crate::plan::{Options, make};
use crate::testing::{desired, found, live, topic};
use crate::view::catalog::{ClusterState, EnvironmentState, TopicStatus, catalog};

const HOSTILE: &str = "a\"b' <script>alert(1)</script> <!-- --> | `x` @org/team \u{202e}x\u{1b}[31m </script></style>";

fn example() -> (Desired, Live) {
    let mut hostile = topic(3, 3, &[("vendor.note", HOSTILE)]);
    hostile.description = Some(HOSTILE.to_owned());
    hostile.owner = Some(HOSTILE.to_owned());
    hostile
        .labels
        .insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    let desired = desired([
        ("changed", hostile),
        ("same", topic(3, 3, &[])),
        ("wide", topic(6, 3, &[])),
    ]);
    let live = live([
        (
            "changed",
            found(
                3,
                3,
                &[("vendor.note", "old"), ("segment.bytes", "1048576")],
            ),
        ),
        ("same", found(3, 3, &[])),
        ("wide", found(3, 3, &[])),
        (HOSTILE, found(1, 1, &[])),
    ]);
    (desired, live)
}

#[test]
fn what_differs_stands_beside_what_is_wanted() {
    let (desired, live) = example();
    let plan = make(&desired, &live, &Options::default());
    let parts = [
        EnvironmentState {
            desired: &desired,
            look: ClusterState::Seen(&live, &plan),
        },
        EnvironmentState {
            desired: &desired,
            look: ClusterState::NotAsked,
        },
    ];
    let catalog = catalog(&parts, &Globs::default());
    let names: Vec<&str> = catalog
        .listed
        .iter()
        .map(|entry| entry.topic.as_str())
        .collect();
    assert_eq!(names, ["changed", "same", "wide"]);
    let places = |index: usize| -> Vec<&TopicStatus> {
        catalog.listed[index].places.iter().flatten().collect()
    };
    assert_eq!(places(2)[0].words(), "drifted");
    assert_eq!(places(1)[0].words(), "in sync");
    assert_eq!(places(1)[1].words(), "not read");
    let partitions = places(2)[0]
        .setting(&Setting::Partitions)
        .expect("each has them");
    assert_eq!(
        (partitions.wanted.as_deref(), partitions.live.as_deref()),
        (Some("6"), Some("3"))
    );
    let reset = places(0)[0]
        .setting(&Setting::Config("segment.bytes".into()))
        .expect("it is live");
    assert_eq!(
        (reset.wanted.as_deref(), reset.live.as_deref()),
        (None, Some("1048576"))
    );
    assert_eq!(catalog.others.len(), 1);
    assert!(catalog.others[0].places[1].is_none());
}

/// Its tags and attributes are those of the page, whatever the values hold.
#[test]
fn no_value_is_part_of_the_page() {
    let (desired, live) = example();
    let plan = make(&desired, &live, &Options::default());
    let parts = [EnvironmentState {
        desired: &desired,
        look: ClusterState::Seen(&live, &plan),
    }];
    let page = html(&catalog(&parts, &Globs::default()));
    let tags = regex::Regex::new(r"<(/?[a-zA-Z0-9!]+)").expect("it is one");
    let tags: BTreeSet<&str> = tags
        .captures_iter(&page)
        .map(|tag| tag.get(1).expect("it is there").as_str())
        .collect();
    let known = BTreeSet::from([
        "!DOCTYPE", "html", "/html", "head", "/head", "meta", "title", "/title", "style", "/style",
        "body", "/body", "header", "/header", "h1", "/h1", "p", "/p", "strong", "/strong", "span",
        "/span", "label", "/label", "input", "output", "/output", "main", "/main", "section",
        "/section", "h2", "/h2", "article", "/article", "h3", "/h3", "a", "/a", "ul", "/ul", "li",
        "/li", "details", "/details", "summary", "/summary", "div", "/div", "table", "/table",
        "thead", "/thead", "tr", "/tr", "th", "/th", "tbody", "/tbody", "code", "/code", "td",
        "/td", "br", "script", "/script",
    ]);
    assert!(tags.is_subset(&known), "{:?}", tags.difference(&known));
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<!").count(), 1);
    assert!(!page.contains(['\u{202e}', '\u{1b}']));
    // Nothing is fetched from anywhere.
    assert!(!page.contains("src=") && !page.contains("http:") && !page.contains("@import"));
    assert!(!page.contains("https:") && !page.contains("url("));
}

#[test]
fn rows_of_the_page_in_markdown_have_all_their_cells() {
    let (desired, live) = example();
    let plan = make(&desired, &live, &Options::default());
    let parts = [EnvironmentState {
        desired: &desired,
        look: ClusterState::Seen(&live, &plan),
    }];
    let page = markdown(&catalog(&parts, &Globs::default()));
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    options.render.r#unsafe = true;
    let html = comrak::markdown_to_html(&page, &options);
    let settings = catalog(&parts, &Globs::default());
    let settings: usize = settings
        .listed
        .iter()
        .map(|entry| entry.settings().len())
        .sum();
    // Two overviews with four columns, three tables of settings with two.
    assert_eq!(
        html.matches("<td>").count(),
        (3 + 1) * 4 + settings * 2,
        "{page}"
    );
    for forbidden in ["<script", "<!--", "<a "] {
        assert!(!html.contains(forbidden), "{forbidden} {html}");
    }
}
