//! Times the real binary on a real broker, beside the same requests sent bare: no files, no
//! comparison, no report. `make bench`; TOPICS and RUNS change how many.
//!
//! The bare requests go through the same Kafka room, in the batches that were measured as best, so
//! the ratio is what the rest of the tool costs. The process's own start is part of its time.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use topicsmith::kafka::{Alter, AlterOp, Cluster, Limits, Mode, NewTopic};
use topicsmith::model::TopicName;
use topicsmith::model::connection::Connection;

const PARTITIONS: u32 = 1;

/// What each topic sets, and the value that the changes give to the first of them.
const CONFIG: [(&str, &str); 4] = [
    ("cleanup.policy", "delete"),
    ("compression.type", "zstd"),
    ("max.message.bytes", "2097152"),
    ("retention.ms", "86400000"),
];
const CHANGED: &str = "172800000";

fn main() {
    let number = |name: &str, default: usize| {
        let value = std::env::var(name).ok().and_then(|v| v.parse().ok());
        value.unwrap_or(default)
    };
    let (topics, runs) = (number("TOPICS", 1_000), number("RUNS", 7));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let broker = Broker::start(folder.path());
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    println!(
        "{topics} topics x {PARTITIONS} partition x {} configs, one broker, medians of {runs}\n",
        CONFIG.len()
    );
    println!("{:<34}{:>10}{:>10}{:>8}", "", "tool", "bare", "ratio");
    runtime.block_on(bench(&broker, folder.path(), topics, runs));
}

async fn bench(broker: &Broker, folder: &Path, topics: usize, runs: usize) {
    let cluster = connect(&broker.servers).await;
    let repository = Repository::new(folder, &broker.servers, topics);

    let (mut tool, mut bare) = (Vec::new(), Vec::new());
    for run in 0..runs.min(3) {
        let names = names(&format!("bare{run}"), topics);
        bare.push(timed_async(create(&cluster, &names)).await);
        delete(&cluster, &names).await;
        tool.push(timed(|| repository.run(&["apply", "--yes"], 0)));
        if run + 1 < runs.min(3) {
            delete(&cluster, &repository.names).await;
        }
    }
    row("apply: create, read back", &mut tool, &mut bare);

    let (mut tool, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        bare.push(timed_async(describe(&broker.servers, &repository.names)).await);
        tool.push(timed(|| {
            repository.run(&["plan", "--detailed-exitcode"], 0)
        }));
    }
    row("plan: nothing to change", &mut tool, &mut bare);

    let (mut tool, mut bare) = (Vec::new(), Vec::new());
    for run in 0..runs {
        let value = if run % 2 == 0 { CHANGED } else { CONFIG[3].1 };
        let back = if run % 2 == 0 { CONFIG[3].1 } else { CHANGED };
        bare.push(timed_async(alter(&cluster, &repository.names, value)).await);
        alter(&cluster, &repository.names, back).await;
        repository.write(topics, value);
        let allow = ["apply", "--yes", "--allow", "destructive"];
        tool.push(timed(|| repository.run(&allow, 0)));
    }
    row("apply: one config, read back", &mut tool, &mut bare);
    repository.run(&["validate"], 0);
}

/// A line of the table: medians in seconds.
fn row(what: &str, tool: &mut [Duration], bare: &mut [Duration]) {
    let (tool, bare) = (median(tool), median(bare));
    let ratio = tool.as_secs_f64() / bare.as_secs_f64();
    println!(
        "{what:<34}{:>9.3}s{:>9.3}s{ratio:>8.2}",
        tool.as_secs_f64(),
        bare.as_secs_f64()
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

async fn timed_async(work: impl Future<Output = ()>) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

fn names(prefix: &str, count: usize) -> Vec<TopicName> {
    (0..count)
        .map(|number| TopicName::new(format!("{prefix}.t{number:06}")))
        .collect()
}

async fn connect(servers: &str) -> Cluster {
    let connection = Connection::to(vec![servers.to_owned()]);
    let limits = Limits {
        timeout: Duration::from_secs(60),
    };
    Cluster::connect(connection, limits)
        .await
        .expect("the broker is up")
}

/// What a plan has to ask: connect, all topics, all their configs.
async fn describe(servers: &str, names: &[TopicName]) {
    let cluster = connect(servers).await;
    let metadata = cluster.metadata().await.expect("an answer");
    assert!(metadata.topics.len() >= names.len());
    let configs = cluster
        .describe_topic_configs(names)
        .await
        .expect("an answer");
    assert!(configs.values().all(Result::is_ok));
}

/// Creates in batches of 1,000, until all are visible.
async fn create(cluster: &Cluster, names: &[TopicName]) {
    let new = |name: &TopicName| NewTopic {
        name: name.clone(),
        partitions: PARTITIONS,
        replication_factor: 1,
        config: CONFIG
            .map(|(key, value)| (key.into(), value.to_owned()))
            .into(),
    };
    let topics: Vec<NewTopic> = names.iter().map(new).collect();
    for batch in topics.chunks(1_000) {
        let made = cluster
            .create_topics(batch, Mode::Apply)
            .await
            .expect("an answer");
        assert!(made.iter().all(Result::is_ok));
    }
    loop {
        let configs = cluster
            .describe_topic_configs(names)
            .await
            .expect("an answer");
        if configs.values().all(Result::is_ok) {
            return;
        }
    }
}

/// Changes one config of each, until all show it.
async fn alter(cluster: &Cluster, names: &[TopicName], value: &str) {
    let one = |name: &TopicName| Alter {
        topic: name.clone(),
        ops: vec![("retention.ms".into(), AlterOp::Set(value.to_owned()))],
    };
    let alters: Vec<Alter> = names.iter().map(one).collect();
    for batch in alters.chunks(1_000) {
        let done = cluster
            .incremental_alter_configs(batch, Mode::Apply)
            .await
            .expect("an answer");
        assert!(done.iter().all(Result::is_ok));
    }
    loop {
        let configs = cluster
            .describe_topic_configs(names)
            .await
            .expect("an answer");
        let holds = |entries: &Vec<topicsmith::kafka::ConfigEntry>| {
            entries
                .iter()
                .any(|e| e.key.as_str() == "retention.ms" && e.value.as_deref() == Some(value))
        };
        if configs
            .values()
            .all(|entries| entries.as_ref().is_ok_and(holds))
        {
            return;
        }
    }
}

async fn delete(cluster: &Cluster, names: &[TopicName]) {
    for batch in names.chunks(1_000) {
        cluster.delete_topics(batch).await.expect("an answer");
    }
    loop {
        let topics = cluster.metadata().await.expect("an answer").topics;
        if names.iter().all(|name| !topics.contains_key(name)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// A repository of so many topics in files of a hundred.
struct Repository<'a> {
    folder: &'a Path,
    names: Vec<TopicName>,
}

impl<'a> Repository<'a> {
    fn new(folder: &'a Path, servers: &str, topics: usize) -> Self {
        fs::create_dir_all(folder.join("topics")).expect("a folder");
        fs::create_dir_all(folder.join("environments")).expect("a folder");
        let environment = format!(
            "[cluster]\nbootstrap_servers = \"{servers}\"\n[defaults]\npartitions = {PARTITIONS}\nreplication_factor = 1\n[guards]\nmax_destructive = 1000000\n[inventory]\nscope = \"bench\"\n"
        );
        fs::write(folder.join("environments/dev.toml"), environment).expect("a file");
        let repository = Self {
            folder,
            names: names("tool", topics),
        };
        repository.write(topics, CONFIG[3].1);
        repository
    }

    fn write(&self, topics: usize, retention: &str) {
        for (file, names) in self.names[..topics].chunks(100).enumerate() {
            let mut text = String::new();
            for name in names {
                writeln!(text, "[topics.\"{name}\"]").expect("a string takes it");
                for (key, value) in CONFIG {
                    let value = if key == "retention.ms" {
                        retention
                    } else {
                        value
                    };
                    writeln!(text, "config.{key} = \"{value}\"").expect("a string takes it");
                }
            }
            fs::write(self.folder.join(format!("topics/{file:04}.toml")), text).expect("a file");
        }
    }

    fn run(&self, arguments: &[&str], code: i32) {
        let output = Command::new(env!("CARGO_BIN_EXE_topicsmith"))
            .args(arguments)
            .current_dir(self.folder)
            .stdin(Stdio::null())
            .output()
            .expect("the binary runs");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
    }
}

/// A broker that ends with this process.
struct Broker {
    servers: String,
    script: std::process::Child,
}

impl Broker {
    fn start(folder: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/broker.sh");
        let folder = folder.join("kafka");
        let mut script = Command::new(script)
            .args(["run", "1"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the script runs");
        let servers = folder.join("servers");
        let deadline = Instant::now() + Duration::from_secs(300);
        while !servers.exists() {
            let ended = script.try_wait().expect("a child");
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "the broker did not start"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        let servers = fs::read_to_string(servers)
            .expect("a file")
            .trim()
            .to_owned();
        Self { servers, script }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        // The script ends by itself once its input has; the folder goes with it.
        let _ = self.script.wait();
    }
}
