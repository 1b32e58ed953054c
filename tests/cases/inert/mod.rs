//! Output is inert: each hostile string in every field of every file that the tool reads, through
//! the real binary to every sink, where it is parsed as that sink's reader does.
//!
//! Each string is a test; slow sinks are tested with several strings at once. New fields need no
//! change here: inputs are generated from the JSON Schemas (`fill`).

mod fill;
mod readers;
mod repository;
mod strings;

use std::collections::BTreeMap;
use std::process::Output;
use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use libtest_mimic::{Failed, Trial};
use sha2::{Digest, Sha256};
use topicsmith::internals::model::text::{cut, escape};

use self::readers::{Found, Shape, ensure};
use self::repository::Repository;

/// Returns a test per string, and a test per group of strings.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![Trial::test("inert/the-policy-of-the-catalogue", the_policy)];
    for (name, text) in strings::all() {
        let name = format!("inert/{name}");
        trials.push(Trial::test(name, move || each(&text)));
    }
    for (index, text) in strings::together().into_iter().enumerate() {
        let name = format!("inert/together-{index}");
        trials.push(Trial::test(name, move || {
            each(&text)?;
            wide(&text)?;
            wrong_arguments(&text.replace('\0', ""))
        }));
    }
    trials
}

/// The sinks of most fields.
fn each(text: &str) -> Found {
    let good = Repository::good(text)?;
    let commit = format!("--commit={}", text.replace('\0', ""));
    let live = ["--live", "live.json"];
    let coloured = ["plan", "--diff", &commit, "--color", "always"];
    let coloured = [&coloured[..], &live].concat();
    sink("a log, in colour", good.run(&coloured)?, |output| {
        log(output)?;
        readers::terminal(stdout(output)?.replace('\n', "\r\n").as_bytes())
    })?;
    let of = |arguments: &[&str]| good.run(&[arguments, &live].concat());
    sink(
        "a comment",
        of(&["plan", "--format", "markdown"])?,
        |output| {
            let shape = readers::markdown(&stdout(output)?)?;
            same("plan", &shape)
        },
    )?;
    sink(
        "annotations",
        of(&["plan", "--format", "github"])?,
        |output| readers::log(&stdout(output)?, true),
    )?;
    sink("JSON", of(&["plan", "--format", "json"])?, |output| {
        let document = readers::json(&stdout(output)?)?;
        ensure(readers::holds(&document, text), "the string", document)
    })?;
    sink(
        "the catalogue",
        good.run(&["catalog", "--live", "live.json"])?,
        |output| {
            let page = readers::html(&stdout(output)?)?;
            same("catalog", &page.shape)?;
            let shown = escape(&cut(text, 1_000)).into_owned();
            let has = page.texts_of("p").any(|said| said == shown);
            ensure(has || text.is_empty(), "the description", shown)
        },
    )?;
    sink(
        "the catalogue in Markdown",
        good.run(&["catalog", "--live", "live.json", "--format", "markdown"])?,
        |output| same("catalog-markdown", &readers::markdown(&stdout(output)?)?),
    )?;
    sink(
        "TOML",
        good.run(&["import", "--live", "live.json"])?,
        |output| imported(&stdout(output)?, text),
    )?;
    let bad = Repository::bad(text)?;
    sink(
        "findings in a log",
        bad.run(&["validate", "--color", "always"])?,
        log,
    )?;
    let raw = Repository::raw(text)?;
    sink("a file that is no TOML", raw.run(&["validate"])?, log)?;
    if !text.contains('\0') {
        written(text)?;
    }
    Ok(())
}

/// All other sinks.
fn wide(text: &str) -> Found {
    let good = Repository::good(text)?;
    let bad = Repository::bad(text)?;
    let reading: [&[&str]; 7] = [
        &["plan", "--diff"],
        &["list"],
        &["show", "changed"],
        &["capacity"],
        &["import", "--profiles"],
        &["drift"],
        &["drift", "--pending"],
    ];
    let live = ["--live", "live.json"];
    for arguments in reading {
        let name = format!("{arguments:?}");
        let of = |more: &[&str]| good.run(&[arguments, &live, more].concat());
        sink(&name, of(&["--color", "always", "-vv"])?, log)?;
        if arguments[0] != "import" {
            sink(&name, of(&["--format", "json"])?, |output| {
                readers::json(&stdout(output)?).map(drop)
            })?;
        }
        let line = format!("{} --live live.json", arguments.join(" "));
        sink(&name, good.on_a_terminal(&line)?, |output| {
            readers::terminal(&output.stdout)
        })?;
    }
    for (repository, arguments) in [
        (&good, ["show", "-e", "prod"]),
        (&good, ["list", "--live", "live.json"]),
        (&good, ["drift", "--live", "live.json"]),
        (&good, ["doctor", "--timeout", "1ms"]),
        (&good, ["plan", "--timeout", "1ms"]),
        (&good, ["apply", "plan.json", "--yes"]),
        (&bad, ["validate", "-e", "prod"]),
        (&bad, ["plan", "-e", "prod"]),
    ] {
        let name = format!("{arguments:?}");
        sink(&name, repository.run(&arguments)?, log)?;
        let of = |format| repository.run(&[&arguments[..], &["--format", format]].concat());
        sink(&name, of("json")?, |output| {
            readers::json(&stdout(output)?).map(drop)
        })?;
        if arguments[0] == "show" {
            continue;
        }
        sink(&name, of("markdown")?, |output| {
            readers::markdown(&stdout(output)?).map(drop)
        })?;
        if arguments[0] != "list" {
            sink(&name, of("github")?, |output| {
                readers::log(&stdout(output)?, true)
            })?;
        }
    }
    for format in ["json", "markdown", "html"] {
        let out = ["--out", "out", "--live", "live.json", "--format", format];
        let written = good.run(&[&["catalog"][..], &out].concat())?;
        sink("the catalogue in a file", written, log)?;
        let text = good.read("out")?;
        match format {
            "json" => readers::json(&text).map(drop)?,
            "markdown" => readers::markdown(&text).map(drop)?,
            _ => readers::html(&text).map(drop)?,
        }
    }
    let written = good.run(&["plan", "--live", "live.json", "--out", "out"])?;
    sink("a saved plan", written, log)?;
    readers::json(&good.read("out")?)?;
    completions(text)
}

/// Invalid arguments, which are displayed in errors.
fn wrong_arguments(text: &str) -> Found {
    let good = Repository::good(text)?;
    for option in ["bogus", "wait", "allow", "only", "live", "chdir", "format"] {
        let option = format!("--{option}={text}");
        let coloured = good.run(&["plan", "--color", "always", &option])?;
        sink(&option, coloured, log)?;
    }
    for command in [&["--color", "always"][..], &["show", "--live", "live.json"]] {
        let with = [command, &["--", text]].concat();
        sink("an argument", good.run(&with)?, log)?;
    }
    Ok(())
}

/// Files that contain arguments.
fn written(text: &str) -> Found {
    let good = Repository::good(text)?;
    let environment = format!("--env={text}");
    let environment = good.run(&["plan", "--metrics-file", "metrics", &environment])?;
    sink("metrics", environment, |output| {
        log(output)?;
        let all = readers::prometheus(&good.read("metrics")?)?;
        let has = |labels: &BTreeMap<String, String>| {
            labels.get("environment").is_some_and(|value| value == text)
        };
        // An empty name is no name.
        if text.is_empty() {
            return Ok(());
        }
        ensure(!all.is_empty() && all.iter().all(has), "the label", all)
    })?;
    let (description, owner) = (format!("--description={text}"), format!("--owner={text}"));
    let (label, config) = (
        format!("--label=k={text}"),
        format!("--config=vendor.note={text}"),
    );
    let key = format!("--label={text}=v");
    let with_key = !text.contains('=');
    let mut entry = vec!["new", "n.new", "--file=topics/n.toml"];
    entry.extend([&*description, &owner, &label, &config]);
    entry.extend(with_key.then_some(key.as_str()));
    sink("new", good.run(&entry)?, log)?;
    let Ok(file) = good.read("topics/n.toml") else {
        // A value with another meaning, which was rejected.
        return Ok(());
    };
    readers::plain(&file)?;
    let file: toml::Table = file.parse()?;
    let topic = &file["topics"]["n.new"];
    for value in [&topic["description"], &topic["owner"]] {
        ensure(value.as_str() == Some(text), "the value", value)?;
    }
    // Blanks around KEY=VALUE are removed.
    for value in [&topic["labels"]["k"], &topic["config"]["vendor"]["note"]] {
        ensure(value.as_str() == Some(text.trim()), "the value", value)?;
    }
    let has_key = topic["labels"].get(text.trim()).is_some();
    ensure(has_key || !with_key, "the label's name", topic)
}

/// Checks the entry that is written for an unlisted live topic.
fn imported(written: &str, text: &str) -> Found {
    readers::log(written, false)?;
    let file: toml::Table = written.parse()?;
    let config = &file["topics"]["stray"]["config"];
    ensure(
        config["vendor"]["note"].as_str() == Some(text),
        "the value",
        config,
    )?;
    ensure(
        config.get(text).and_then(toml::Value::as_str) == Some(text),
        "the key",
        config,
    )
}

/// Only names that are plain words are offered to a shell.
fn completions(text: &str) -> Found {
    let repository = Repository::named(text)?;
    let output = repository.completing(&["topicsmith", "plan", "-e", ""])?;
    let offered = stdout(&output)?;
    let word = |name: &str| {
        name.chars()
            .all(|c| c.is_alphanumeric() || "._-".contains(c))
    };
    let names = offered.split(['\n', '\u{b}']);
    ensure(names.clone().all(word), "words", &offered)?;
    ensure(
        names.clone().any(|name| name == "prod"),
        "the other name",
        &offered,
    )
}

/// The page's policy allows its own script and style, and nothing else.
fn the_policy() -> Found {
    let good = Repository::good("x")?;
    let output = good.run(&["catalog", "--live", "live.json"])?;
    let page = readers::html(&stdout(&output)?)?;
    let hash = |element: &str| -> Result<String, Failed> {
        let texts: Vec<&str> = page.texts_of(element).collect();
        ensure(texts.len() == 1, element, &texts)?;
        let digest = Sha256::digest(texts[0].as_bytes());
        Ok(format!("'sha256-{}'", BASE64_STANDARD.encode(digest)))
    };
    let expected = format!(
        "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
        hash("script")?,
        hash("style")?
    );
    let policy = page.attributes.iter().filter(|(name, _)| name == "content");
    let policies: Vec<&str> = policy.map(|(_, value)| value.as_str()).collect();
    ensure(policies.contains(&expected.as_str()), &expected, &policies)?;
    ensure(policies.contains(&"no-referrer"), "no referrer", &policies)?;
    let handlers = page
        .attributes
        .iter()
        .any(|(name, _)| name.starts_with("on") || name == "style");
    ensure(!handlers, "what the policy would not run", &page.attributes)
}

/// Checks a sink with its reader. Output beside a result is a log.
fn sink(name: &str, output: Output, read: impl FnOnce(&Output) -> Found) -> Found {
    let ended = output.status.code();
    let beside = String::from_utf8_lossy(&output.stderr).into_owned();
    let read = ensure(ended.is_some_and(|code| code != 101), "the run", &output)
        .and_then(|()| readers::log(&beside, false))
        .and_then(|()| read(&output));
    read.map_err(|failed| {
        let why = failed.message().unwrap_or_default();
        let stdout = String::from_utf8_lossy(&output.stdout);
        format!("{name}: {why}\n--- stdout\n{stdout}\n--- stderr\n{beside}").into()
    })
}

fn stdout(output: &Output) -> Result<String, Failed> {
    Ok(String::from_utf8(output.stdout.clone())?)
}

fn log(output: &Output) -> Found {
    readers::log(&stdout(output)?, false)
}

/// A page has the same elements as with a harmless word in place of the string.
fn same(page: &str, shape: &Shape) -> Found {
    static HARMLESS: LazyLock<Result<[(&str, Shape); 3], String>> =
        LazyLock::new(|| harmless().map_err(|failed| format!("{failed:?}")));
    let harmless = HARMLESS.as_ref().map_err(String::as_str)?;
    let expected = harmless.iter().find(|(name, _)| *name == page);
    let expected = &expected.ok_or("no such page")?.1;
    ensure(shape == expected, "the elements", (shape, expected))
}

fn harmless() -> Result<[(&'static str, Shape); 3], Failed> {
    let good = Repository::good("x.y")?;
    let plan = good.run(&["plan", "--live", "live.json", "--format", "markdown"])?;
    let page = good.run(&["catalog", "--live", "live.json"])?;
    let markdown = ["catalog", "--live", "live.json", "--format", "markdown"];
    let markdown = good.run(&markdown)?;
    Ok([
        ("plan", readers::markdown(&stdout(&plan)?)?),
        ("catalog", readers::html(&stdout(&page)?)?.shape),
        ("catalog-markdown", readers::markdown(&stdout(&markdown)?)?),
    ])
}
