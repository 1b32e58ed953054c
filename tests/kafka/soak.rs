//! kill -9 at any moment of an apply, then a re-run, which must reach the same state. Run only on
//! request: `make soak`, or `TOPICSMITH_SOAK=20 make soak` for a number of rounds.

use std::ops::Range;
use std::time::{Duration, Instant, UNIX_EPOCH};

use topicsmith::internals::model::clock;

use crate::harness::{Repository, Run, Test, inventory};

crate::harness::tests! { kill_9_at_random_moments }

/// A state of the configuration, reached from the previous one. The first follows the last.
struct Stage {
    /// Topics with initial settings, topics with changed ones, removed topics.
    first: Range<usize>,
    later: Range<usize>,
    removed: Range<usize>,
}

/// All are created; then some are removed, some changed and some added; then all are removed.
const STAGES: [Stage; 3] = [
    Stage {
        first: 0..500,
        later: 0..0,
        removed: 0..0,
    },
    Stage {
        first: 500..650,
        later: 150..500,
        removed: 0..150,
    },
    Stage {
        first: 0..0,
        later: 0..0,
        removed: 150..650,
    },
];

impl Stage {
    fn files(&self) -> String {
        let first = self.first.clone().map(|n| format!("[topics.\"@{n}\"]\n"));
        let later = self
            .later
            .clone()
            .map(|n| format!("[topics.\"@{n}\"]\npartitions = 2\nconfig.retention.ms = \"8d\"\n"));
        let removed = self
            .removed
            .clone()
            .map(|n| format!("[removed.\"@{n}\"]\n"));
        first.chain(later).chain(removed).collect()
    }

    fn topics(&self) -> usize {
        self.first.len() + self.later.len()
    }
}

/// Random but reproducible numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        limit.mul_f64((self.0 % 10_000) as f64 / 10_000.0)
    }
}

/// The results of all rounds.
#[derive(Debug, Default)]
struct Figures {
    rounds: usize,
    /// The apply was running when it was killed.
    killed: usize,
    /// It had made a part of the changes: some topics, or some settings.
    half_way: usize,
}

async fn kill_9_at_random_moments(test: Test) {
    let asked = std::env::var("TOPICSMITH_SOAK").ok();
    let rounds = asked.map_or(200, |rounds| {
        rounds.parse().expect("TOPICSMITH_SOAK is a number")
    });
    let seed = clock::local()
        .duration_since(UNIX_EPOCH)
        .expect("it is later than 1970");
    let mut random = Random(seed.as_nanos() as u64 | 1);
    eprintln!("seed {}", random.0);
    let repository = test.repository("");
    let rest = format!("[guards]\nmax_destructive = 1000\n{}", inventory("shop"));
    repository.environment("dev", test.broker().servers(), 1, &rest);

    let mut figures = Figures::default();
    let mut whole: [Option<(Duration, usize)>; STAGES.len()] = Default::default();
    // The first round of each stage is not disturbed: it measures the duration of an apply.
    for round in 0..rounds + STAGES.len() {
        let number = round % STAGES.len();
        let stage = &STAGES[number];
        repository.topics(&stage.files());
        let Some((takes, parts)) = whole[number] else {
            let start = Instant::now();
            let run = repository.run(APPLY).exits(0);
            whole[number] = Some((start.elapsed(), count_parts(&run)));
            continue;
        };
        // Every other time early, during the requests that write.
        let limit = if round % 2 == 0 {
            takes
        } else {
            takes.min(EARLY)
        };
        let left = disturb(&repository, random.below(limit), &mut figures);
        figures.half_way += usize::from(0 < left && left < parts);
        repository.run("plan --detailed-exitcode").exits(0);
        let shown = test
            .cluster()
            .await
            .metadata()
            .await
            .expect("it was reached");
        let own = test.globs();
        let count = shown
            .topics
            .keys()
            .filter(|name| own.matches(name.as_str()))
            .count();
        assert_eq!(
            count,
            stage.topics() + 1,
            "the inventory, and those of round {round}"
        );
        let listed = repository
            .run("inventory list --format json")
            .exits(0)
            .json();
        let owned = listed["topics"].as_array().map(Vec::len);
        assert_eq!(owned, Some(stage.topics()), "round {round}");
    }
    eprintln!("{figures:?}; duration and parts of whole applies: {whole:.1?}");
}

const APPLY: &str = "apply --yes --allow destructive --format json";

/// The time in which an apply writes, without reading back.
const EARLY: Duration = Duration::from_secs(1);

/// Returns the number of changes.
fn count_parts(run: &Run) -> usize {
    let json = run.json();
    let changes = json["changes"].as_array().expect("a list");
    let parts = changes
        .iter()
        .filter_map(|change| change["settings"].as_array());
    parts.map(Vec::len).sum()
}

/// Runs an apply that is killed after a while, and another one; returns the number of changes of
/// the latter.
fn disturb(repository: &Repository, after: Duration, figures: &mut Figures) -> usize {
    let apply = repository.start(APPLY);
    std::thread::sleep(after);
    apply.signal("KILL");
    let killed = apply.end();
    figures.rounds += 1;
    figures.killed += usize::from(killed.code.is_none());
    // The killed process's lock would expire: that is tested elsewhere, and takes 10 s per round.
    repository
        .run_whole("inventory unlock -e dev --yes")
        .exits(0);
    count_parts(&repository.run(APPLY).exits(0))
}
