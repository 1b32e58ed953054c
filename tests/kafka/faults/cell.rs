//! The requirements on every cell: the fault occurred; the report is true according to Kafka's own
//! tool; a re-run succeeds; the next plan is empty; and nothing else was changed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;

use super::TIMEOUT;
use super::change::{Change, Described};
use crate::harness::proxy::{Fault, Proxy, Rule};
use crate::harness::{LIMITS, Repository, Run, Test, create, inventory, new_topic};

/// Concurrent cells, which mostly wait.
const AT_ONCE: usize = 10;

/// The topics of each cell that change, and one that does not.
const TOPICS: [&str; 3] = ["a", "b", "c"];
const BYSTANDER: &str = "bystander";

/// The expected result of an apply under a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Applied,
    Failed,
    NotKept,
    Unknown,
    /// Interrupted after the fault, with an unknown outcome.
    Stopped,
    /// Applied; or the cluster was not reached and nothing was changed.
    Unreached,
}

/// A change under a fault.
#[derive(Debug, Clone)]
pub struct Cell {
    name: String,
    pub change: Change,
    pub rules: Vec<Rule>,
    pub ends: Ends,
    /// Whether its topics are owned, with an inventory over the same network.
    owning: bool,
}

/// A cell after its apply under the fault.
struct Applied {
    cell: Cell,
    test: Test,
    repository: Repository,
    proxy: Proxy,
    run: Run,
}

impl Cell {
    pub fn new(name: String, change: Change, rules: Vec<Rule>, ends: Ends) -> Self {
        Self {
            name,
            change,
            rules,
            ends,
            owning: false,
        }
    }

    /// Returns the cell with an inventory.
    pub fn owning(self) -> Self {
        let name = format!("owning-{}", self.name);
        Self {
            name,
            owning: true,
            ..self
        }
    }

    /// Returns the inventory settings of its environment.
    fn inventory(&self) -> String {
        match self.owning {
            true => inventory("shop"),
            false => String::new(),
        }
    }

    /// Returns the delay if a request is still in flight when the apply ends.
    fn still_on_its_way(&self) -> Option<Duration> {
        self.rules.iter().find_map(|rule| match rule.fault {
            Fault::Delay(time) if time > TIMEOUT => Some(time),
            _ => None,
        })
    }
}

pub async fn run(test: &Test, cells: Vec<Cell>) {
    prepare(test, &cells).await;
    let group = test.clone();
    let applied = side_by_side(cells, move |cell| apply(group.part(&cell.name), cell)).await;
    let described = describe(test);
    for applied in &applied {
        applied.report_is_true(&described);
    }
    let tests = side_by_side(applied, Applied::again).await;
    let described = describe(test);
    for test in tests {
        check_bystander(&test, &described);
    }
}

/// Creates the topics of all cells in their state before the change.
async fn prepare(test: &Test, cells: &[Cell]) {
    let mut topics = Vec::new();
    for cell in cells {
        let part = test.part(&cell.name);
        let bystander = new_topic(part.topic(BYSTANDER), 2, &[("retention.ms", "3600000")]);
        topics.push(bystander);
        let before = |topic: &&str| cell.change.before(&part, topic);
        topics.extend(TOPICS.iter().filter_map(before));
    }
    let cluster = test.cluster().await;
    create(&cluster, &topics).await;
    for cell in cells.iter().filter(|cell| cell.owning) {
        let topic = test.part(&cell.name).topic("inventory");
        let made = topicsmith::internals::inventory::create(&cluster, &topic, 1).await;
        made.unwrap_or_else(|error| panic!("{error}"));
    }
}

async fn side_by_side<T, U>(items: Vec<T>, work: impl Fn(T) -> U + Clone + Send + 'static) -> Vec<U>
where
    T: Send + 'static,
    U: Send + 'static,
{
    let tasks = items.into_iter().map(|item| {
        let work = work.clone();
        tokio::task::spawn_blocking(move || work(item))
    });
    let results = futures_util::stream::iter(tasks).buffered(AT_ONCE);
    results
        .map(|result| result.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())))
        .collect()
        .await
}

/// Runs the apply under the fault.
fn apply(test: Test, cell: Cell) -> Applied {
    let topics = TOPICS.map(|topic| cell.change.declaration(topic));
    let repository = test.repository(&topics.concat());
    let proxy = Proxy::before(test.broker().servers(), &cell.rules);
    repository.environment("dev", proxy.servers(), 1, &cell.inventory());
    let arguments = arguments("apply --yes --allow destructive --format json");
    let run = match cell.ends {
        Ends::Stopped => {
            let apply = repository.start(&arguments);
            let start = Instant::now();
            while proxy.fired() < cell.rules.len().min(2) {
                assert!(start.elapsed() < LIMITS.timeout, "{}: no fault", cell.name);
                std::thread::sleep(Duration::from_millis(20));
            }
            apply.signal("TERM");
            apply.end()
        }
        _ => repository.run(&arguments),
    };
    if let Some(time) = cell.still_on_its_way() {
        std::thread::sleep(time);
    }
    Applied {
        cell,
        test,
        repository,
        proxy,
        run,
    }
}

fn arguments(command: &str) -> String {
    format!("{command} --timeout {}s", TIMEOUT.as_secs())
}

impl Applied {
    /// Compares the reported outcome of each part with the output of Kafka's own tool.
    fn report_is_true(&self, described: &BTreeMap<String, Described>) {
        let Self { cell, run, .. } = self;
        let (name, ends) = (&cell.name, cell.ends);
        assert!(self.proxy.fired() > 0, "{name}: no fault came to be: {run}");
        let topic = |name: &str| described.get(self.test.topic(name).as_str());
        if ends == Ends::Unreached && run.code == Some(1) {
            for (name, part) in cell
                .change
                .parts()
                .iter()
                .flat_map(|part| TOPICS.map(|n| (n, part)))
            {
                assert!(
                    !cell.change.is_so(part, topic(name)),
                    "{name}: {part}: {run}"
                );
            }
            return;
        }
        let (exit, result) = match ends {
            Ends::Applied | Ends::Unreached => (0, "applied"),
            Ends::Failed => (1, "failed"),
            Ends::NotKept => (3, "not_effective"),
            Ends::Unknown => (3, "unknown"),
            Ends::Stopped => (130, "unknown"),
        };
        assert_eq!(run.code, Some(exit), "{name}: {run}");
        let json = run.json();
        let changes = json["changes"].as_array().expect("a list");
        assert_eq!(changes.len(), TOPICS.len(), "{name}: {run}");
        for change in changes {
            // The first part belongs to the topic itself. If the network is lost for good, the
            // unknown record ranks above the topic's unknown outcome.
            let of = match cell.owning {
                true => &change["settings"][0],
                false => change,
            };
            assert_eq!(of["result"], result, "{name}: {run}");
            let name = change["topic"].as_str().expect("a name");
            let topic = topic(name.trim_start_matches('@'));
            for part in change["settings"].as_array().expect("a list") {
                let subject = part["setting"].as_str().unwrap_or("topic");
                let subject = subject.strip_prefix("config.").unwrap_or(subject);
                if subject == "record" {
                    continue; // Verified by the plan of the re-run.
                }
                let is_so = cell.change.is_so(subject, topic);
                let said = part["result"].as_str().expect("a word");
                let is_true = match said {
                    "applied" => is_so,
                    "failed" | "not_effective" | "skipped" => !is_so,
                    "unknown" => true,
                    _ => false,
                };
                assert!(
                    is_true,
                    "{name}: {subject} is {said}, and there is {topic:?}: {run}"
                );
            }
        }
    }

    /// The network works again: a re-run makes the remaining changes, and the next plan is empty.
    fn again(self) -> Test {
        self.proxy.obey(&[]);
        let name = &self.cell.name;
        let run = |command: &str| {
            let run = self.repository.run(&arguments(command));
            assert_eq!(run.code, Some(0), "{name}, again: {run}");
        };
        // A run that was cut off could not release its lock.
        run("apply --yes --allow destructive --lock-timeout 60s");
        run("plan --detailed-exitcode");
        self.test
    }
}

/// Returns the topics of a test and of its parts, from Kafka's own tool.
fn describe(test: &Test) -> BTreeMap<String, Described> {
    let pattern = format!("{}-.*", test.prefix());
    let class = "TopicCommand";
    let text = test
        .broker()
        .cli(class, &["--describe", "--topic", &pattern]);
    let topic = |line: &str| {
        let fields: BTreeMap<&str, &str> = line
            .split('\t')
            .filter_map(|field| field.split_once(": "))
            .map(|(name, value)| (name.trim(), value.trim()))
            .collect();
        let configs = fields.get("Configs").unwrap_or(&"").split(',');
        let described = Described {
            partitions: fields.get("PartitionCount")?.parse().ok()?,
            configs: configs.map(str::to_owned).collect(),
        };
        Some(((*fields.get("Topic")?).to_owned(), described))
    };
    text.lines().filter_map(topic).collect()
}

/// Asserts that the undeclared topic is unchanged.
fn check_bystander(test: &Test, described: &BTreeMap<String, Described>) {
    let name = test.topic(BYSTANDER);
    let topic = described.get(name.as_str());
    let topic = topic.unwrap_or_else(|| panic!("{name} is gone"));
    assert_eq!(topic.partitions, 2, "{name}");
    assert!(
        topic.holds("retention.ms", Some("3600000")),
        "{name}: {topic:?}"
    );
}
