//! Times the real binary, whole processes on real brokers, beside the least that the same work
//! takes. `make bench`; arguments name some of the sections, RUNS changes how many runs.

mod bare;
mod broker;
mod floor;
mod measure;
mod sections;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use floor::{Shape, Synonyms};

/// The tool's own: what stands beside it has the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What every section is given.
pub struct Bench {
    /// The tool.
    pub tool: PathBuf,
    /// This program, which is its own yardstick.
    pub own: PathBuf,
    /// A folder that goes at the end.
    pub folder: PathBuf,
    /// How often each thing is run.
    pub runs: usize,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["cost", code, program, arguments @ ..] = words.as_slice() {
        return measure::cost(code, program, arguments);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    match words.as_slice() {
        [
            "floor",
            servers,
            batch,
            connections,
            in_flight,
            synonyms @ ..,
        ] => {
            let synonyms = match synonyms {
                [] => Synonyms::Left,
                _ => Synonyms::Asked,
            };
            let shape = Shape {
                batch: batch.parse()?,
                connections: connections.parse()?,
                in_flight: in_flight.parse()?,
            };
            let read = floor::read(servers, shape, synonyms);
            runtime.block_on(read).map(|_| ())
        }
        ["bare", work @ ..] => {
            runtime.block_on(bare::work(work))?;
            // As the tool does: nobody waits for clients that go.
            topicsmith::internals::kafka::leave(0)
        }
        ["toml", folder] => parse(Path::new(folder)),
        wanted => runtime.block_on(bench(wanted)),
    }
}

async fn bench(wanted: &[&str]) -> Result<()> {
    let own = std::env::current_exe()?;
    let tool = own.with_file_name("topicsmith");
    if !tool.exists() {
        bail!("build the tool first: cargo build --release");
    }
    let folder = tempfile::tempdir()?;
    let runs = std::env::var("RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok());
    let bench = Bench {
        tool,
        own,
        folder: folder.path().to_owned(),
        runs: runs.unwrap_or(7),
    };
    let is_wanted = |name: &str| wanted.is_empty() || wanted.contains(&name);
    measure::head();
    if is_wanted("files") {
        sections::files(&bench)?;
    }
    if is_wanted("start") {
        sections::start(&bench)?;
    }
    if is_wanted("live") {
        sections::live(&bench)?;
    }
    if is_wanted("one") {
        sections::one_broker(&bench).await?;
    }
    if is_wanted("large") {
        sections::large(&bench).await?;
    }
    if is_wanted("three") {
        sections::three_brokers(&bench).await?;
    }
    Ok(())
}

/// Reads and parses all files of a folder, and does nothing with them.
fn parse(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let table = toml::de::DeTable::parse(&text);
        table.with_context(|| path.display().to_string())?;
    }
    Ok(())
}
