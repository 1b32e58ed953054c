//! The documentation against the checkout and the binary: links and anchors resolve, the book
//! contains every page, and references list everything that the program has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Anchorizer, Arena, Options, parse_document};
use libtest_mimic::{Failed, Trial};
use regex::Regex;

use super::edges::topicsmith;

/// The URL of this repository's files. Pages of the book link files outside `docs/` by it, because
/// the built book contains only `docs/`.
const REPOSITORY: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/");

/// Returns all tests, named like cases.
pub fn trials() -> Vec<Trial> {
    type Test = fn() -> Result<(), Failed>;
    let all: [(&str, Test); 7] = [
        ("links-and-anchors-resolve", links),
        ("the-book-holds-every-page", summary),
        ("commands-are-those-of-the-binary", commands),
        ("every-json-format-and-schema-is-listed", formats),
        ("the-example-files-validate", examples),
        ("the-readme-is-short", readme),
        ("each-attack-names-its-tests", attacks),
    ];
    let trial = |(name, test): (&str, Test)| Trial::test(format!("docs/{name}"), test);
    all.map(trial).into()
}

/// Every test in the table of attacks exists.
fn attacks() -> Result<(), Failed> {
    let page = read(Path::new("docs/security.md"));
    let (_, rest) = page.split_once("\n## Attacks").expect("it has the table");
    let rows = rest.lines().take_while(|line| !line.starts_with("## "));
    let rows = rows.filter(|line| line.starts_with("| ") && !line.starts_with("| ---"));
    let (mut sources, mut missing) = (String::new(), Vec::new());
    for file in files("tests", "rs") {
        sources.push_str(&read(&file));
    }
    let fuzzed = read(Path::new("fuzz/Cargo.toml"));
    let code = Regex::new("`([^`]+)`")?;
    for row in rows.skip(1) {
        let held_by = row
            .trim_end_matches(" |")
            .rsplit(" | ")
            .next()
            .unwrap_or(row);
        let mut names = code
            .captures_iter(held_by)
            .map(|name| name[1].to_owned())
            .peekable();
        if names.peek().is_none() {
            missing.push(format!("no test: {row}"));
        }
        for name in names {
            let is_there = match (name.split_once("::"), name.split_once('/')) {
                (Some((file, "")), _) => !files_named(file).is_empty(),
                (Some((file, test)), _) => {
                    let holds = |path: &PathBuf| read(path).contains(&format!("fn {test}("));
                    files_named(file).iter().any(holds)
                }
                (None, Some((group, case))) => {
                    let folder = root().join("tests/cases").join(group).join(case);
                    let trial = [format!("\"{case}"), format!("\"{group}/{case}")];
                    let trial = trial.iter().any(|name| sources.contains(name));
                    folder.is_dir() || trial
                }
                (None, None) => fuzzed.contains(&format!("name = \"{name}\"")),
            };
            missing.extend((!is_there).then(|| format!("no test {name}: {row}")));
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => Err(missing.join("\n").into()),
    }
}

/// Returns the test files with a name.
fn files_named(name: &str) -> Vec<PathBuf> {
    let all = files("tests", "rs").into_iter();
    all.filter(|path| path.file_stem().is_some_and(|stem| stem == name))
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the files with an extension below a folder of the repository, relative to the root,
/// sorted.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(root().join(folder)).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.unwrap().into_path());
    let paths = paths.filter(|path| path.extension().is_some_and(|of| of == extension));
    let relative = |path: PathBuf| path.strip_prefix(root()).unwrap().to_owned();
    paths.map(relative).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Returns the link targets and the anchors of a page.
fn parse(text: &str) -> (Vec<String>, BTreeSet<String>) {
    let mut options = Options::default();
    options.extension.table = true;
    let arena = Arena::new();
    let (mut targets, mut anchors) = (Vec::new(), BTreeSet::new());
    let mut anchorizer = Anchorizer::new();
    for node in parse_document(&arena, text, &options).descendants() {
        match &node.data().value {
            NodeValue::Link(link) | NodeValue::Image(link) => targets.push(link.url.to_string()),
            NodeValue::Heading(_) => {
                anchors.insert(anchorizer.anchorize(&words(node)));
            }
            _ => {}
        }
    }
    (targets, anchors)
}

/// Returns the text of a heading without markup.
fn words<'a>(heading: &'a AstNode<'a>) -> String {
    let words = heading.descendants().map(|node| match &node.data().value {
        NodeValue::Text(text) => text.to_string(),
        NodeValue::Code(code) => code.literal.clone(),
        _ => String::new(),
    });
    words.collect()
}

/// Returns a path without `.` and `..`; `None` if it leaves the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => normal.push(name),
            Component::CurDir => {}
            Component::ParentDir => normal.pop().then_some(())?,
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(normal)
}

/// Returns why a link of a page does not resolve.
fn broken(page: &Path, target: &str) -> Option<String> {
    let (path, anchor) = match target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor)),
        None => (target, None),
    };
    let in_book = page.starts_with("docs");
    let path = match path.strip_prefix(REPOSITORY) {
        Some(path) => PathBuf::from(path),
        None if path.contains("://") || path.starts_with("mailto:") => return None,
        None if path.is_empty() => page.to_owned(),
        None => {
            let path = page.parent().unwrap().join(path);
            match normal(&path) {
                Some(path) if in_book && !path.starts_with("docs") => {
                    return Some(format!(
                        "leaves the book: link {REPOSITORY}{}",
                        path.display()
                    ));
                }
                Some(path) => path,
                None => return Some("leaves the repository".to_owned()),
            }
        }
    };
    if !root().join(&path).exists() {
        return Some(format!("no file {}", path.display()));
    }
    let anchor = anchor?;
    let known = path.extension().is_some_and(|of| of == "md") && {
        let (_, anchors) = parse(&read(&path));
        anchors.contains(anchor)
    };
    (!known).then(|| format!("no heading #{anchor} in {}", path.display()))
}

/// Every link to a file or a heading of this repository, and every `{{#include}}` of the book.
fn links() -> Result<(), Failed> {
    let include = Regex::new(r"\{\{#include ([^:}]+):([\w-]+)\}\}")?;
    let mut pages = files("docs", "md");
    pages.extend(
        [
            "README.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            "CHANGELOG.md",
        ]
        .map(PathBuf::from),
    );
    let mut wrong = Vec::new();
    for page in &pages {
        let text = read(page);
        let (targets, _) = parse(&text);
        let of_page = |why: &str, what: &str| format!("{}: {what}: {why}", page.display());
        for target in targets {
            wrong.extend(broken(page, &target).map(|why| of_page(&why, &target)));
        }
        for found in include.captures_iter(&text) {
            let path = normal(&page.parent().unwrap().join(&found[1]));
            let anchor = format!("<!-- ANCHOR: {} -->", &found[2]);
            if !path.is_some_and(|path| read(&path).contains(&anchor)) {
                wrong.push(of_page("no such anchor", &found[0]));
            }
        }
    }
    report(&wrong)
}

fn report(wrong: &[String]) -> Result<(), Failed> {
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// `docs/SUMMARY.md` contains each page once.
fn summary() -> Result<(), Failed> {
    let (mut listed, _) = parse(&read(Path::new("docs/SUMMARY.md")));
    listed.sort();
    let pages = files("docs", "md").into_iter();
    let pages = pages.map(|page| page.strip_prefix("docs").unwrap().display().to_string());
    let mut pages: Vec<String> = pages.filter(|page| page != "SUMMARY.md").collect();
    pages.sort();
    assert_eq!(listed, pages);
    Ok(())
}

/// docs/reference/commands.md equals the output of the binary; `SNAPSHOTS=overwrite` writes it.
fn commands() -> Result<(), Failed> {
    let output = topicsmith(root(), &["man", "--format", "markdown"]).output()?;
    let path = root().join("docs/reference/commands.md");
    let text = String::from_utf8(output.stdout)?;
    if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
        fs::write(&path, text)?;
    } else if fs::read_to_string(&path).unwrap_or_default() != text {
        let how = "SNAPSHOTS=overwrite cargo test --test cases docs/commands";
        return Err(format!("{} is out of date: run {how}", path.display()).into());
    }
    Ok(())
}

/// docs/reference/json.md contains each format in the source and links each schema.
fn formats() -> Result<(), Failed> {
    let page = read(Path::new("docs/reference/json.md"));
    let format = Regex::new(r"topicsmith/[a-z-]+/1")?;
    let mut wrong = BTreeSet::new();
    for source in files("src", "rs") {
        let text = read(&source);
        let formats = format
            .find_iter(&text)
            .map(|found| found.as_str().to_owned());
        wrong.extend(formats.filter(|format| !page.contains(&format!("`{format}`"))));
    }
    let schemas = files("schemas", "json").into_iter();
    let schemas = schemas.map(|schema| format!("{REPOSITORY}{}", schema.display()));
    wrong.extend(schemas.filter(|link| !page.contains(link)));
    let wrong: Vec<String> = wrong.into_iter().collect();
    report(&wrong)
}

/// The complete files in the reference, as one repository.
fn examples() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap())?;
        fs::write(path, text)
    };
    for (page, file) in [
        ("docs/reference/topics-files.md", "topics/example.toml"),
        (
            "docs/reference/environment-files.md",
            "environments/prod.toml",
        ),
    ] {
        let text = read(Path::new(page));
        let block = text.split("```toml\n").nth(1);
        let block = block.and_then(|rest| rest.split("```").next());
        write(file, block.ok_or("no block of TOML")?)?;
    }
    write("environments/base.toml", "abstract = true\n")?;
    for other in ["dev", "staging"] {
        let text = "[cluster]\nbootstrap_servers = \"localhost:9092\"\n[defaults]\npartitions = 1\nreplication_factor = 3\n";
        write(&format!("environments/{other}.toml"), text)?;
    }
    let output = topicsmith(folder.path(), &["validate"]).output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8(output.stderr)?.into()),
    }
}

/// The README contains an introduction, the tour and links; everything else is in the book.
fn readme() -> Result<(), Failed> {
    let lines = read(Path::new("README.md")).lines().count();
    match lines < 250 {
        true => Ok(()),
        false => Err(format!("README.md has {lines} lines; the limit is 249: use docs/").into()),
    }
}
