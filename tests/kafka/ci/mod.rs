//! The pipelines of `docs/ci`, run from their own YAML against a real broker. Fake `gh` and `curl`
//! programs that store their inputs stand for GitHub and GitLab.

mod github;
mod github_attacks;
mod gitlab;
mod gitlab_attacks;
mod runner;

use libtest_mimic::Trial;

/// Returns the tests of both pipelines, including attacks.
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
