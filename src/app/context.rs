//! Who is at work, and with which commit's files: what is recorded with a change.

use std::path::{Path, PathBuf};

use super::git;

/// The commit that is checked out in this folder. Without a `.git` the CI's variable stands in for it;
/// with one it does not, for a job can check out another commit than its own. Whether the files differ
/// from it is not known: that takes git, and git takes orders from what it finds.
pub fn checked_out_commit() -> Option<String> {
    let folder = std::env::current_dir().ok()?;
    match find(&folder) {
        Some(entry) => git::commit(&entry),
        None => commit_of_ci(),
    }
}

/// The nearest `.git` at or above a folder. The environment (`GIT_DIR` and its like) has no say, and
/// bare repositories are passed over: a checkout can hold one, but never a `.git`.
fn find(folder: &Path) -> Option<PathBuf> {
    let mut entries = folder.ancestors().map(|folder| folder.join(".git"));
    entries.find(|entry| entry.symlink_metadata().is_ok())
}

/// The commit that a CI job is for, where that is what jobs of its kind check out.
fn commit_of_ci() -> Option<String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // For events such as pull_request_target GITHUB_SHA is the default branch's.
    let event = set("GITHUB_EVENT_NAME");
    let own = [
        "push",
        "pull_request",
        "merge_group",
        "schedule",
        "workflow_dispatch",
    ];
    let is_own = event.is_some_and(|event| own.contains(&event.as_str()));
    let name = match () {
        () if set("GITHUB_ACTIONS").is_some() => is_own.then_some("GITHUB_SHA")?,
        () if set("GITLAB_CI").is_some() => "CI_COMMIT_SHA",
        () if set("TF_BUILD").is_some() => "BUILD_SOURCEVERSION",
        () => "BITBUCKET_COMMIT",
    };
    set(name).and_then(|commit| commit_id(&commit).ok())
}

/// A commit's id, whole or shortened, in lower case.
///
/// # Errors
/// It is none.
pub fn commit_id(text: &str) -> Result<String, &'static str> {
    let is_id = (4..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    match is_id {
        true => Ok(text.to_ascii_lowercase()),
        false => Err("expected a commit id: 4 to 64 hexadecimal digits"),
    }
}

/// Who is at work, as others can find them: `user@host`, as far as the machine tells.
pub fn who() -> String {
    let user = ["USER", "LOGNAME"].into_iter();
    let user = user.filter_map(|name| std::env::var(name).ok());
    let user = user.into_iter().find(|user| !user.is_empty());
    let host = gethostname::gethostname();
    let host = host.to_string_lossy();
    match user {
        Some(user) => format!("{user}@{host}"),
        None => host.into_owned(),
    }
}
