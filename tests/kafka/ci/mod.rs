//! The pipelines of `docs/ci`, run from their own YAML against a real broker. GitHub and GitLab are
//! stood in for by a `gh` and a `curl` that keep what they are told.

mod github;
mod gitlab;
mod runner;

use libtest_mimic::Trial;

/// The tests of both.
pub fn tests() -> Vec<Trial> {
    github::tests().into_iter().chain(gitlab::tests()).collect()
}

const TOPICS: &str = "
[topics.\"@orders\"]
partitions = 3
config.retention.ms = \"7d\"
";

const CHANGED: &str = "
[topics.\"@orders\"]
partitions = 6
config.retention.ms = \"1d\"

[topics.\"@payments\"]
";
