//! The JSON Schemas against the example files, the files of all cases, every plan and snapshot that
//! a case prints, and the keys that the parser rejects as unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::Validator;
use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use topicsmith::internals::desired;
use topicsmith::internals::model::Globs;

use super::edges::topicsmith;
use super::{copy_folder, folders, read_environment};

/// The findings about unknown keys.
const UNKNOWN: [&str; 2] = ["unknown-key", "unknown-config"];

/// Returns a test per case with files, one for the example, and one for the committed schemas.
pub fn trials(root: &Path) -> Vec<Trial> {
    let cases = folders(root).into_iter().flat_map(|group| folders(&group));
    let cases = cases.filter(|case| case.join("environments").is_dir());
    let mut trials: Vec<Trial> = cases
        .map(|case| {
            let name = case
                .strip_prefix(root)
                .unwrap_or(&case)
                .display()
                .to_string();
            Trial::test(format!("schemas/{name}"), move || check_case(&case))
        })
        .collect();
    let example = || check_files(Path::new(env!("CARGO_MANIFEST_DIR")), &[]).map(drop);
    trials.push(Trial::test("schemas/the-example", example));
    trials.push(Trial::test("schemas/those-that-are-committed", committed));
    trials
}

/// The documents of `topicsmith schema`.
const DOCUMENTS: [&str; 16] = [
    "capacity",
    "catalog",
    "diagnostics",
    "doctor",
    "drift",
    "forget",
    "hold",
    "instance",
    "instances",
    "inventory-list",
    "list",
    "live",
    "plan",
    "report",
    "show",
    "unlock",
];

/// JSON on standard output must be a schema, or a document that its schema accepts.
pub fn check_document(stdout: &[u8]) -> Result<(), Failed> {
    static VALIDATORS: LazyLock<BTreeMap<String, Validator>> = LazyLock::new(|| {
        let validators = DOCUMENTS.map(|name| {
            let schema = topicsmith(Path::new("."), &["schema", name]).output();
            let schema = schema.expect("it runs").stdout;
            let schema = serde_json::from_slice(&schema).expect("it prints a schema");
            (format!("topicsmith/{name}/1"), validator(&schema))
        });
        validators.into()
    });
    let Ok(document) = serde_json::from_slice::<Value>(stdout) else {
        return Ok(());
    };
    if document["$schema"].is_string() {
        validator(&document);
        return Ok(());
    }
    let format = document["format"].as_str().unwrap_or_default();
    let Some(validator) = VALIDATORS.get(format) else {
        return Err(format!("no schema describes the format {format:?} of {document:#}").into());
    };
    let wrong = errors(validator, &document);
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("not as the schema says: {wrong:#?}").into()),
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft7::new(schema).expect("the schema is one")
}

/// Returns a validator, shared by all cases with the same schema.
fn known(schema: &Value) -> Arc<Validator> {
    static KNOWN: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().expect("nobody fails while holding it");
    let made = || Arc::new(validator(schema));
    known.entry(schema.to_string()).or_insert_with(made).clone()
}

fn errors(validator: &Validator, document: &Value) -> Vec<String> {
    let errors = validator.iter_errors(document);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn check_case(case: &Path) -> Result<(), Failed> {
    let copy = tempfile::tempdir()?;
    copy_folder(case, copy.path())?;
    check_files(copy.path(), &read_environment(case)?)
}

/// The schemas accept what `validate` accepts, and reject the keys that it reports as unknown.
fn check_files(folder: &Path, variables: &[(String, String)]) -> Result<(), Failed> {
    let run = |arguments: &[&str]| -> Result<Value, Failed> {
        let variables = variables.iter().map(|(name, value)| (name, value));
        let output = topicsmith(folder, arguments).envs(variables).output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let error = |error| format!("{arguments:?}: {error}: {text}").into();
        check_document(&output.stdout)?;
        serde_json::from_str(&text).map_err(error)
    };
    let diagnostics = run(&["validate", "--format", "json"])?;
    let Some(problems) = diagnostics["problems"].as_array() else {
        return Ok(());
    };
    let errors_of = |code: &dyn Fn(&str) -> bool| -> BTreeSet<PathBuf> {
        let of = |problem: &&Value| {
            // Keys that one environment allows and another does not are not covered by schemas.
            let message = problem["message"].as_str().unwrap_or_default();
            let elsewhere = message.contains("does not allow the config");
            let is = |of: &str| code(of) && !(UNKNOWN.contains(&of) && elsewhere);
            problem["level"] == "error" && problem["code"].as_str().is_some_and(is)
        };
        let files = problems
            .iter()
            .filter(of)
            .filter_map(|problem| problem["file"].as_str());
        files.map(|file| folder.join(file)).collect()
    };
    let (wrong, unknown) = (
        errors_of(&|_| true),
        errors_of(&|code| UNKNOWN.contains(&code)),
    );
    // Schemas that are the same everywhere are generated once.
    let allows = toml_files(&folder.join("environments"))
        .iter()
        .any(|file| fs::read_to_string(file).is_ok_and(|text| text.contains("allow_configs")));
    type Make = fn(&[Globs]) -> Value;
    let kinds: [(&str, &str, Make); 2] = [
        ("topics", "topics", desired::topics_schema),
        ("environment", "environments", desired::environment_schema),
    ];
    for (what, files, make) in kinds {
        let validator = match allows {
            true => known(&run(&["schema", what])?),
            false => known(&make(&[])),
        };
        for file in toml_files(&folder.join(files)) {
            let Some(document) = read(&file) else {
                continue;
            };
            let said = errors(&validator, &document);
            let name = file.strip_prefix(folder).unwrap_or(&file).display();
            if wrong.is_empty() && !said.is_empty() {
                return Err(format!("{name} is valid, and the schema says {said:#?}").into());
            }
            if unknown.contains(&file) && said.is_empty() {
                return Err(format!("{name} has an unknown key that the schema knows").into());
            }
        }
    }
    Ok(())
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok);
    let files = entries.map(walkdir::DirEntry::into_path);
    files
        .filter(|path| path.is_file() && path.extension().is_some_and(|e| e == "toml"))
        .collect()
}

/// Reads a file as JSON; `None` if it is not TOML.
fn read(file: &Path) -> Option<Value> {
    let text = fs::read_to_string(file).ok()?;
    let table: toml::Table = text.trim_start_matches('\u{feff}').parse().ok()?;
    serde_json::to_value(table).ok()
}

/// `schemas/` equals the output of the command, and the example files refer to it.
fn committed() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for what in ["topics", "environment"].into_iter().chain(DOCUMENTS) {
        let output = topicsmith(root, &["schema", what]).output()?;
        let path = root.join(format!("schemas/{what}.json"));
        let expected = fs::read(&path).unwrap_or_default();
        if output.stdout == expected {
            continue;
        }
        if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") {
            fs::create_dir_all(root.join("schemas"))?;
            fs::write(&path, &output.stdout)?;
            continue;
        }
        return Err(format!(
            "{} is not what `topicsmith schema {what}` prints: write it anew",
            path.display()
        )
        .into());
    }
    for (files, schema) in [
        ("topics", "../schemas/topics.json"),
        ("environments", "../schemas/environment.json"),
    ] {
        for file in toml_files(&root.join(files)) {
            let text = fs::read_to_string(&file)?;
            assert!(
                text.starts_with(&format!("#:schema {schema}\n")),
                "{}",
                file.display()
            );
        }
    }
    Ok(())
}
