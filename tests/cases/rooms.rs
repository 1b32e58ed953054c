//! The direction of imports between the modules of `src/`: data flows one way, and so do imports.
//! CONTRIBUTING.md has the map.

use std::collections::BTreeSet;
use std::path::Path;

use libtest_mimic::{Failed, Trial};

/// Each module with the modules that it may import.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("files", &[]),
    ("desired", &["model", "files"]),
    ("live", &["model"]),
    ("kafka", &["model", "live"]),
    ("inventory", &["model", "live", "kafka"]),
    ("diff", &["model", "desired", "live"]),
    ("plan", &["model", "desired", "live", "diff"]),
    (
        "observe",
        &["model", "desired", "live", "kafka", "inventory", "plan"],
    ),
    (
        "apply",
        &["model", "live", "kafka", "inventory", "observe", "plan"],
    ),
    ("capacity", &["model", "desired", "live"]),
    ("doctor", &["model", "desired", "live"]),
    (
        "instance",
        &[
            "model",
            "desired",
            "live",
            "kafka",
            "inventory",
            "observe",
            "plan",
            "apply",
        ],
    ),
    ("metrics", &["model", "desired", "live", "plan", "apply"]),
    ("view", &["model", "desired", "live", "diff", "plan"]),
    ("edit", &["model", "desired", "live"]),
    ("terminal", &["model", "files"]),
    (
        "render",
        &[
            "model",
            "desired",
            "live",
            "diff",
            "plan",
            "apply",
            "inventory",
            "instance",
            "capacity",
            "doctor",
            "metrics",
            "view",
        ],
    ),
    (
        "app",
        &[
            "model",
            "files",
            "desired",
            "live",
            "kafka",
            "inventory",
            "observe",
            "plan",
            "apply",
            "metrics",
            "view",
            "render",
            // It writes files there, and knows no terminal.
            "terminal",
        ],
    ),
    (
        "cli",
        &[
            "model",
            "desired",
            "inventory",
            "apply",
            "render",
            "terminal",
            "app",
        ],
    ),
];

/// Each module of `src/desired/` with the modules of it that it may import.
const MAY_USE_IN_DESIRED: &[(&str, &[&str])] = &[
    ("schema", &[]),
    ("files", &[]),
    ("reader", &["files", "schema"]),
    ("lifecycle", &["reader"]),
    ("declarations", &["files", "reader", "lifecycle"]),
    ("policy", &["reader", "declarations"]),
    ("connection", &["reader", "declarations"]),
    ("checks", &["reader", "lifecycle", "declarations", "policy"]),
    (
        "layers",
        &[
            "files",
            "reader",
            "lifecycle",
            "declarations",
            "policy",
            "checks",
        ],
    ),
];

/// The module that may import all others.
const ABOVE: [&str; 1] = ["commands"];

pub fn trials() -> Vec<Trial> {
    vec![
        Trial::test("rooms/imports-follow-the-data", follow_the_data),
        Trial::test("rooms/and-so-they-do-in-desired", follow_in_desired),
        Trial::test("rooms/app-prints-nothing", app_prints_nothing),
    ]
}

fn follow_the_data() -> Result<(), Failed> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = BTreeSet::new();
    let mut against = Vec::new();
    for entry in walkdir::WalkDir::new(&source).sort_by_file_name() {
        let entry = entry?;
        let path = entry.path();
        let shown = path.strip_prefix(&source)?;
        let mut parts = shown.components();
        let room = parts.next().map(|room| room.as_os_str().to_string_lossy());
        let room = room.unwrap_or_default();
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        if !is_rust || parts.next().is_none() && room != "cli.rs" {
            continue;
        }
        let room = room.trim_end_matches(".rs").to_owned();
        let text = std::fs::read_to_string(path)?;
        // Tests may import any module.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for used in rooms_in(code, "crate::").filter(|used| *used != room) {
            let may = MAY_USE.iter().find(|(name, _)| *name == room);
            let may = may.is_some_and(|(_, rooms)| rooms.contains(&used));
            if !may && !ABOVE.contains(&&*room) && !is_test(shown) {
                against.push(format!("{}: {room} uses {used}", shown.display()));
            }
        }
        seen.insert(room);
    }
    let known = MAY_USE.iter().map(|(room, _)| *room).chain(ABOVE);
    let known: BTreeSet<String> = known.chain(["testing"]).map(str::to_owned).collect();
    let unknown: Vec<&String> = seen.difference(&known).collect();
    if !unknown.is_empty() {
        return Err(format!("rooms without a rule: {unknown:?}").into());
    }
    match against.is_empty() {
        true => Ok(()),
        false => Err(against.join("\n").into()),
    }
}

/// Whoever calls the library has its own idea of where results and messages go.
fn app_prints_nothing() -> Result<(), Failed> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/app");
    for entry in walkdir::WalkDir::new(source) {
        let entry = entry?;
        if entry.file_type().is_file() {
            let text = std::fs::read_to_string(entry.path())?;
            let prints = ["print!", "println!", "Terminal", "std::io::stdout"];
            if let Some(what) = prints.iter().find(|what| text.contains(*what)) {
                return Err(format!("{}: {what}", entry.path().display()).into());
            }
        }
    }
    Ok(())
}

fn follow_in_desired() -> Result<(), Failed> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/desired");
    let is_room = |name: &str| MAY_USE_IN_DESIRED.iter().any(|(room, _)| *room == name);
    let mut against = Vec::new();
    for folder in std::fs::read_dir(&source)? {
        let folder = folder?;
        // `load` has a folder only for its tests.
        if !folder.file_type()?.is_dir() || folder.file_name() == "load" {
            continue;
        }
        let room = folder.file_name().to_string_lossy().into_owned();
        let rule = MAY_USE_IN_DESIRED.iter().find(|(name, _)| *name == room);
        let (_, may) = rule.ok_or_else(|| format!("a room without a rule: {room}"))?;
        for entry in walkdir::WalkDir::new(folder.path()).sort_by_file_name() {
            let entry = entry?;
            let shown = entry.path().strip_prefix(&source)?;
            if !entry.file_type().is_file() || is_test(shown) {
                continue;
            }
            let text = std::fs::read_to_string(entry.path())?;
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let used = rooms_in(code, "crate::desired::");
            let used = used.filter(|used| *used != room && is_room(used) && !may.contains(used));
            against.extend(used.map(|used| format!("{}: {room} uses {used}", shown.display())));
        }
    }
    match against.is_empty() {
        true => Ok(()),
        false => Err(against.join("\n").into()),
    }
}

/// Returns whether a file contains only tests or their helpers.
fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    path.starts_with("testing") || ["tests", "testing", "properties"].contains(&&*name)
}

/// Returns the modules that a text names after `prefix`: `crate::plan::…`.
fn rooms_in<'c>(code: &'c str, prefix: &'static str) -> impl Iterator<Item = &'c str> {
    let lines = code.lines().map(str::trim_start);
    let lines = lines.filter(|line| !line.starts_with("//"));
    lines.flat_map(move |line| {
        line.split(prefix).skip(1).map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            &rest[..end.unwrap_or(rest.len())]
        })
    })
}
