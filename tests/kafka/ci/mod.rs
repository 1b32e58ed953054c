//! The pipelines of `docs/ci`, run from their own YAML against a real broker. GitHub and GitLab are
//! stood in for by a `gh` and a `curl` that keep what they are told.

mod github;
mod github_attacks;
mod gitlab;
mod gitlab_attacks;
mod runner;

use libtest_mimic::Trial;

/// The tests of both, and of what strangers bring to them.
pub fn tests() -> Vec<Trial> {
    let all = [
        github::tests(),
        github_attacks::tests(),
        gitlab::tests(),
        gitlab_attacks::tests(),
    ];
    all.into_iter().flatten().collect()
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
