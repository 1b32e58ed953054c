//! Feeds whole trees of files and links to the reader: whatever is in them, it ends with topics or with
//! findings that can be shown, reads nothing outside of the tree, and never panics, hangs or grows
//! without bound.
//!
//! An input is a list of files, with a line of `%%%% PATH` before each; `%%%% PATH -> TARGET` is a link.
//! What is before the first such line is a topics file.

#![no_main]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path};

use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use topicsmith::internals::desired::{Ask, Folders, Variables, check};
use topicsmith::internals::render::diagnostics::document::DiagnosticsDocument;
use topicsmith::internals::render::{Style, diagnostics, json_text};

const ENVIRONMENT: &str = "[cluster]\nbootstrap_servers = \"localhost:9092\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n";

/// What is written beside the tree, and must not come out of it.
const OUTSIDE: &str = "never-to-be-read";

fuzz_target!(|input: &[u8]| {
    let folder = TempDir::new().expect("a temporary folder");
    let root = folder.path().join("tree");
    fs::create_dir(&root).expect("tree/");
    fs::write(
        folder.path().join("outside.toml"),
        format!("{OUTSIDE} = 1\n"),
    )
    .expect("outside.toml");
    write(&root, "environments/dev.toml", ENVIRONMENT.as_bytes());
    let text = String::from_utf8_lossy(input);
    let mut path = "topics/a.toml".to_owned();
    let mut file = String::new();
    for line in text.split_inclusive('\n') {
        let Some(next) = line.strip_prefix("%%%% ") else {
            file.push_str(line);
            continue;
        };
        write(&root, &path, std::mem::take(&mut file).as_bytes());
        let next = next.trim_end();
        match next.split_once(" -> ") {
            Some((from, target)) => link(&root, from, target),
            None => path = next.to_owned(),
        }
    }
    write(&root, &path, file.as_bytes());
    if let Ok(loaded) = check(&Folders::below(&root), &Ask::All, &Variables::default()) {
        let style = Style {
            colour: false,
            width: 80,
        };
        let text = diagnostics::text(&loaded.findings, &loaded.sources, style);
        let _ = json_text(&DiagnosticsDocument::from(&loaded.findings[..]));
        assert!(input_has(input) || !text.contains(OUTSIDE), "{text}");
    }
});

fn input_has(input: &[u8]) -> bool {
    String::from_utf8_lossy(input).contains(OUTSIDE)
}

/// Whether a path stays in the tree as it is written.
fn stays(path: &str) -> bool {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    !path.is_empty() && !path.contains('\0') && Path::new(path).components().all(plain)
}

/// A folder on the way may be a link that leads out: nothing is written through one.
fn place(root: &Path, path: &str) -> Option<std::path::PathBuf> {
    let path = Some(root.join(path)).filter(|_| stays(path))?;
    let folder = path.parent()?;
    fs::create_dir_all(folder).ok()?;
    let real = folder.canonicalize().ok()?;
    let inside = real.starts_with(root.canonicalize().ok()?) && !path.is_symlink();
    inside.then_some(path)
}

fn write(root: &Path, path: &str, text: &[u8]) {
    if let Some(path) = place(root, path) {
        let _ = fs::write(path, text);
    }
}

fn link(root: &Path, path: &str, target: &str) {
    if let Some(path) = place(root, path).filter(|_| !target.contains('\0')) {
        let _ = symlink(target, path);
    }
}
