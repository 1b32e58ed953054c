//! Feeds both kinds of files to the reader: whatever stands in them, it ends with topics or with
//! findings that can be shown, and never panics, hangs or grows without bound.
//!
//! An input is a topics file, a line of `%%%%`, and an environment file.

#![no_main]

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use topicsmith::internals::desired::{Ask, Folders, Outside, Variables, load};
use topicsmith::internals::render::diagnostics::document::DiagnosticsDocument;
use topicsmith::internals::render::{Style, diagnostics, json_text};

thread_local! {
    static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
}

fuzz_target!(|input: &[u8]| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| {
            let folder = TempDir::new().expect("a temporary folder");
            fs::create_dir(folder.path().join("topics")).expect("topics/");
            fs::create_dir(folder.path().join("environments")).expect("environments/");
            folder
        });
        run(folder, input);
    });
});

fn run(folder: &TempDir, input: &[u8]) {
    let separator = b"\n%%%%\n";
    let cut = input.windows(separator.len()).position(|w| w == separator);
    let (topics, environment) = match cut {
        Some(at) => (&input[..at], &input[at + separator.len()..]),
        None => (input, &b"[cluster]\nbootstrap_servers = \"localhost:9092\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n"[..]),
    };
    fs::write(folder.path().join("topics/a.toml"), topics).expect("topics/a.toml");
    fs::write(folder.path().join("environments/dev.toml"), environment)
        .expect("environments/dev.toml");
    let variables = Variables {
        values: BTreeMap::from([("KAFKA_TOPIC_PARTITIONS".to_owned(), "6".to_owned())]),
        allowed: Vec::new(),
    };
    if let Ok(loaded) = load(&Folders::below(folder.path()), &Ask::All, &variables) {
        let style = Style {
            colour: false,
            width: 80,
        };
        let _ = diagnostics::text(&loaded.findings, &loaded.sources, style);
        let _ = json_text(&DiagnosticsDocument::from(&loaded.findings[..]));
        for environment in &loaded.environments {
            let _ = environment.connection.resolve(Outside {
                variables: &variables,
                secrets_dir: None,
            });
        }
    }
}
