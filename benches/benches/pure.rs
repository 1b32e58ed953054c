//! The pure part: files to topics, topics to a plan, a plan to text and JSON. `make bench-pure`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use topicsmith::internals::desired::{self, Ask, Draft, Folders, Variables};
use topicsmith::internals::edit::import::{Import, Split, checked};
use topicsmith::internals::live::{Live, snapshot};
use topicsmith::internals::model::document;
use topicsmith::internals::plan::{self, Options, PlanDocument};
use topicsmith::internals::render::{self, Style};
use topicsmith_benches::repository::Repository;

/// The tool's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

fn pure(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("pure");
    group.sample_size(10);
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let repository = Repository::new(folder.path(), "localhost:9092", &["dev"], "t", (size, 1));
        let written = repository.and_then(|repository| repository.write_snapshot("live.json"));
        written.expect("a repository");
        let text = std::fs::read_to_string(folder.path().join("live.json")).expect("a snapshot");
        let live = snapshot::parse(&text).expect("a snapshot");
        let folders = Folders::below(folder.path());
        let load = || desired::load(&folders, &Ask::Only, &Variables::default()).expect("files");
        let loaded = load();
        let desired = &loaded.environments[0].desired;
        let options = Options {
            scope: Some("bench".to_owned()),
            ..Options::default()
        };
        // The same topics as no file lists them.
        let empty = tempfile::tempdir().expect("a temporary folder");
        Repository::new(empty.path(), "localhost:9092", &["dev"], "t", (0, 1)).expect("no topics");
        let empty = Folders::below(empty.path());
        let read = |drafts: &[Draft]| {
            desired::load_with(&empty, &Ask::Only, &Variables::default(), drafts)
        };
        let without = read(&[]).expect("files");
        let import = || {
            let import = Import {
                desired: &without.environments[0].desired,
                live: &live,
                topics: live.topics.keys().collect(),
                is_one_of_several: false,
                profiles: None,
                split: Split::One(empty.topics.join("t.toml")),
            };
            checked(import, &empty, read)
        };
        let creates = plan::make(desired, &Live::default(), &options);
        assert_eq!(creates.changes.len(), size);
        let style = Style {
            colour: false,
            width: 0,
        };
        let mut measure = |what: &str, work: &dyn Fn()| {
            group.bench_function(BenchmarkId::new(what, size), |bencher| bencher.iter(work));
        };
        measure("files: parse and resolve", &|| drop(black_box(load())));
        measure("snapshot: parse", &|| {
            black_box(snapshot::parse(&text).is_ok());
        });
        measure("plan: nothing to change", &|| {
            drop(black_box(plan::make(desired, &live, &options)));
        });
        measure("plan: creates", &|| {
            drop(black_box(plan::make(desired, &Live::default(), &options)));
        });
        measure("import: write and read again", &|| {
            black_box(import().is_ok());
        });
        measure("render: text", &|| {
            drop(black_box(render::plan::text(&creates, style)));
        });
        measure("render: JSON", &|| {
            drop(black_box(
                document::json(&PlanDocument::from(&creates)).to_string(),
            ));
        });
    }
    group.finish();
}

criterion_group!(benches, pure);
criterion_main!(benches);
