//! kill -9 at any moment of an apply, then a re-run: it has to end at the same state. Not run
//! unless asked for: `make soak`, or `TOPICSMITH_SOAK=20 make soak` for so many rounds.

use std::ops::Range;
use std::time::{Duration, Instant, UNIX_EPOCH};

use topicsmith::internals::model::clock;

use crate::harness::{Repository, Run, Test, inventory};

crate::harness::tests! { kill_9_at_random_moments }

/// A state of the files, to be reached from the one before it. After the last comes the first.
struct Stage {
    /// Topics with their first settings, topics with later ones, topics that go.
    first: Range<usize>,
    later: Range<usize>,
    removed: Range<usize>,
}

/// All are made; then a part goes, one changes and one is new; then all go.
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

/// Numbers that nobody can foresee, and everybody can repeat (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: Duration) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        limit.mul_f64((self.0 % 10_000) as f64 / 10_000.0)
    }
}

/// What the rounds came to.
#[derive(Debug, Default)]
struct Figures {
    rounds: usize,
    /// The apply was alive when it was killed.
    killed: usize,
    /// It had done a part: some topics, or some of what had to be done to them.
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
    // The first round of each stage is not disturbed: it tells how long an apply takes.
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
        // Every other time early, where the requests are that write.
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

/// The time in which an apply writes, reading back aside.
const EARLY: Duration = Duration::from_secs(1);

/// How much was to be done.
fn count_parts(run: &Run) -> usize {
    let json = run.json();
    let changes = json["changes"].as_array().expect("a list");
    let parts = changes
        .iter()
        .filter_map(|change| change["settings"].as_array());
    parts.map(Vec::len).sum()
}

/// An apply that is killed after a while, and the one after it; gives how much that one did.
fn disturb(repository: &Repository, after: Duration, figures: &mut Figures) -> usize {
    let apply = repository.start(APPLY);
    std::thread::sleep(after);
    apply.signal("KILL");
    let killed = apply.end();
    figures.rounds += 1;
    figures.killed += usize::from(killed.code.is_none());
    // The dead one's lock would end by itself: that is tested elsewhere, and takes 10 s a round.
    repository
        .run_whole("inventory unlock -e dev --yes")
        .exits(0);
    count_parts(&repository.run(APPLY).exits(0))
}
