//! What is measured, beside what.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;
use topicsmith::internals::kafka::Cluster;

use crate::Bench;
use crate::broker::Brokers;
use crate::measure::{Cost, row, run};
use crate::{bare, floor};
use topicsmith_benches::repository::{CHANGED, CONFIG, Repository, SOME, names};

/// Plans before the first one that counts.
const WARM: usize = 20;

/// How long the broker gets for what it still does once changes show: a tenth of a second of both
/// cores, beside whatever comes next.
const REST: Duration = Duration::from_millis(500);

/// Something else than the servers, where none is reached.
const NOWHERE: &str = "localhost:9092";

impl Bench {
    fn tool(&self, arguments: &[&str], folder: &Path, code: i32) -> Result<Cost> {
        run(&self.tool, arguments, folder, code)
    }

    fn bare(&self, work: &[&str]) -> Result<Cost> {
        let arguments = [&["bare"], work].concat();
        run(&self.own, &arguments, &self.folder, 0)
    }
}

/// The files alone.
pub fn files(bench: &Bench) -> Result<()> {
    let folder = bench.folder.join("files");
    Repository::new(&folder, NOWHERE, &["dev"], "shop", (10_000, 1))?;
    let (mut tool, mut other) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        other.push(run(&bench.own, &["toml", "topics"], &folder, 0)?);
        tool.push(bench.tool(&["validate"], &folder, 0)?);
    }
    let what = "`validate`, 10,000 topics in 100 files";
    row(what, tool, "`toml` alone", Some(other), "≤ 2.5 ×");
    Ok(())
}

/// What every run costs.
pub fn start(bench: &Bench) -> Result<()> {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (arguments, target) in [(["--version"], "≤ 10 ms"), (["validate"], "≤ 20 ms")] {
        let runs = (0..bench.runs).map(|_| bench.tool(&arguments, &example, 0));
        let runs = runs.collect::<Result<_>>()?;
        let what = format!("start-up: `{}`", arguments[0]);
        row(&what, runs, "", None, target);
    }
    Ok(())
}

/// Plans against snapshots.
pub fn live(bench: &Bench) -> Result<()> {
    for (topics, shown, target) in [
        (1_000, "1,000", ""),
        (10_000, "10,000", ""),
        (100_000, "100,000", "≤ 2 s, ≤ 600 MiB"),
    ] {
        let folder = bench.folder.join(format!("live{topics}"));
        let repository = Repository::new(&folder, NOWHERE, &["dev"], "shop", (topics, 1))?;
        repository.write_snapshot("live.json")?;
        let arguments = ["plan", "--live", "live.json", "--detailed-exitcode"];
        let runs = (0..bench.runs).map(|_| bench.tool(&arguments, &folder, 0));
        let runs = runs.collect::<Result<_>>()?;
        row(
            &format!("`plan --live`, {shown} topics"),
            runs,
            "",
            None,
            target,
        );
    }
    Ok(())
}

/// A thousand topics on one broker.
///
/// # Errors
/// The broker or the tool does not do what it should.
pub async fn one_broker(bench: &Bench) -> Result<()> {
    let brokers = Brokers::start(1, &bench.folder.join("one"))?;
    let cluster = bare::connect(&brokers.servers).await?;
    let repository = |name: &str, topics| {
        let folder = bench.folder.join(name);
        Repository::new(&folder, &brokers.servers, &["dev"], name, (topics, 1))
    };
    let small = repository("small", SOME)?;
    bare::create(&cluster, &small.names, 1).await?;
    adopt(bench, &small)?;
    plans(bench, &brokers, &small, "1,000 topics", "≤ 2 ×, ≤ 0.2 s").await?;
    preflights(bench, &brokers, &small).await?;
    environments(bench, &brokers, &small)?;
    changes(bench, (&brokers, &cluster), &small).await?;
    creates(bench, (&brokers, &cluster), &small).await
}

/// Ten thousand topics on one broker.
///
/// # Errors
/// The broker or the tool does not do what it should.
pub async fn large(bench: &Bench) -> Result<()> {
    let what = "10,000 topics × 1 partition, one broker";
    many(bench, "large", (1, 1), what).await
}

/// The same with three partitions each, spread over three brokers.
///
/// # Errors
/// A broker or the tool does not do what it should.
pub async fn three_brokers(bench: &Bench) -> Result<()> {
    let what = "10,000 topics × 3 partitions, three brokers";
    many(bench, "wide", (3, 3), what).await
}

/// Plans of ten thousand topics, on brokers of their own: a broker that has just deleted thousands
/// still maps their files, and can map no more.
async fn many(
    bench: &Bench,
    name: &str,
    (brokers, partitions): (usize, u32),
    what: &str,
) -> Result<()> {
    let brokers = Brokers::start(brokers, &bench.folder.join(format!("{name}-brokers")))?;
    let cluster = bare::connect(&brokers.servers).await?;
    let folder = bench.folder.join(name);
    let topics = (10_000, partitions);
    let repository = Repository::new(&folder, &brokers.servers, &["dev"], name, topics)?;
    for names in repository.names.chunks(2_000) {
        bare::create(&cluster, names, partitions).await?;
    }
    bare::known_everywhere(&cluster, &repository.names).await?;
    adopt(bench, &repository)?;
    plans(bench, &brokers, &repository, what, "≤ 1.5 ×, ≤ 120 MiB").await
}

/// Records the topics, so that there is nothing left to do.
fn adopt(bench: &Bench, repository: &Repository) -> Result<()> {
    bench.tool(&["apply", "--yes"], &repository.folder, 0)?;
    Ok(())
}

/// Plans that find nothing to change.
async fn plans(
    bench: &Bench,
    brokers: &Brokers,
    repository: &Repository,
    what: &str,
    target: &str,
) -> Result<()> {
    let shape = floor::best(&brokers.servers).await?;
    let numbers = [shape.batch, shape.connections, shape.in_flight].map(|n| n.to_string());
    let [batch, connections, in_flight] = numbers.each_ref().map(String::as_str);
    let arguments = ["floor", &brokers.servers, batch, connections, in_flight];
    let plan = ["plan", "--detailed-exitcode"];
    // The broker has compiled what the floor asks of it: all shapes were tried.
    for _ in 0..WARM {
        bench.tool(&plan, &repository.folder, 0)?;
    }
    let with_synonyms = [&arguments[..], &["synonyms"]].concat();
    let [mut tool, mut least, mut asked, mut alone] = [const { Vec::new() }; 4];
    for _ in 0..bench.runs {
        least.push(run(&bench.own, &arguments, &repository.folder, 0)?);
        tool.push(bench.tool(&plan, &repository.folder, 0)?);
        asked.push(run(&bench.own, &with_synonyms, &repository.folder, 0)?);
        alone.push(bench.bare(&["read", &brokers.servers])?);
    }
    let beside = format!("wire floor ({shape})");
    let plan = format!("`plan`, nothing to change, {what}");
    row(&plan, tool, &beside, Some(least.clone()), target);
    for (what, took) in [
        ("with synonyms", asked),
        ("through librdkafka alone", alone),
    ] {
        let what = format!("the wire floor's questions {what}");
        row(&what, took, "wire floor", Some(least.clone()), "");
    }
    Ok(())
}

/// Plans of changes, which the broker is asked about.
async fn preflights(bench: &Bench, brokers: &Brokers, repository: &Repository) -> Result<()> {
    repository.write(CHANGED, repository.names.len())?;
    let (mut tool, mut other) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        other.push(bench.bare(&["plan", &brokers.servers, &repository.prefix, CHANGED])?);
        tool.push(bench.tool(&["plan"], &repository.folder, 0)?);
    }
    repository.write(CONFIG[3].1, repository.names.len())?;
    let what = "`plan` with preflight of 1,000 changes";
    row(what, tool, "the same requests", Some(other), "≤ 1.3 ×");
    Ok(())
}

/// Creates, of what was there before.
async fn creates(
    bench: &Bench,
    (brokers, cluster): (&Brokers, &Cluster),
    repository: &Repository,
) -> Result<()> {
    let (mut tool, mut other) = (Vec::new(), Vec::new());
    for number in 0..bench.runs {
        bare::delete(cluster, &repository.names).await?;
        let prefix = format!("bare{number}");
        sleep(REST).await;
        other.push(bench.bare(&["create", &brokers.servers, &prefix])?);
        bare::delete(cluster, &names(&prefix, SOME)).await?;
        sleep(REST).await;
        tool.push(bench.tool(&["apply", "--yes"], &repository.folder, 0)?);
    }
    let what = "`apply` of 1,000 creates, read back";
    row(what, tool, "the same requests", Some(other), "≤ 1.2 ×");
    Ok(())
}

/// Config changes, to and fro.
async fn changes(
    bench: &Bench,
    (brokers, cluster): (&Brokers, &Cluster),
    repository: &Repository,
) -> Result<()> {
    let (mut tool, mut other) = (Vec::new(), Vec::new());
    let mut values = [CHANGED, CONFIG[3].1];
    for _ in 0..bench.runs {
        let [value, before] = values;
        sleep(REST).await;
        other.push(bench.bare(&["alter", &brokers.servers, &repository.prefix, value])?);
        bare::alter(cluster, &repository.names, before).await?;
        repository.write(value, repository.names.len())?;
        let arguments = ["apply", "--yes", "--allow", "destructive"];
        sleep(REST).await;
        tool.push(bench.tool(&arguments, &repository.folder, 0)?);
        values = [before, value];
    }
    bare::alter(cluster, &repository.names, CONFIG[3].1).await?;
    repository.write(CONFIG[3].1, repository.names.len())?;
    adopt(bench, repository)?;
    let what = "`apply` of 1,000 config changes, read back";
    row(what, tool, "the same requests", Some(other), "≤ 1.2 ×");
    Ok(())
}

/// Ten environments side by side, each with an inventory of its own.
fn environments(bench: &Bench, brokers: &Brokers, small: &Repository) -> Result<()> {
    let all = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let folder = bench.folder.join("ten");
    let ten = Repository::new(&folder, &brokers.servers, &all, "small", (1_000, 1))?;
    for name in all {
        let file = ten.folder.join(format!("environments/{name}.toml"));
        let text = std::fs::read_to_string(&file)?;
        let inventory = format!("scope = \"bench\"\ntopic = \"_topicsmith-{name}\"");
        std::fs::write(&file, text.replace("scope = \"bench\"", &inventory))?;
        bench.tool(&["apply", "--yes", "-e", name], &ten.folder, 0)?;
    }
    let (mut tool, mut one) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        one.push(bench.tool(&["plan"], &small.folder, 0)?);
        tool.push(bench.tool(&["plan", "--all"], &ten.folder, 0)?);
    }
    let what = "`plan --all` of 10 environments, 1,000 topics each";
    row(
        what,
        tool,
        "one environment",
        Some(one),
        "≤ 10 ×, ideally ≤ 6 ×",
    );
    Ok(())
}
