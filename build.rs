//! Tells the binary which commit it is built from, for `--version`.

use std::path::Path;

#[path = "src/app/git.rs"]
mod git;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/app/git.rs");
    // A package from a registry has no repository, even where a folder around it is in one.
    let entry = Path::new(env!("CARGO_MANIFEST_DIR")).join(".git");
    let commit = git::commit(&entry);
    if let Some(folder) = git::folder(&entry) {
        // The log grows with every commit and checkout.
        println!(
            "cargo::rerun-if-changed={}",
            folder.join("logs/HEAD").display()
        );
    }
    let short: String = commit.unwrap_or_default().chars().take(12).collect();
    println!("cargo::rustc-env=TOPICSMITH_COMMIT={short}");
}
