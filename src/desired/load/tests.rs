use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::desired::{Outside, Topic};
use crate::model::OnRemove;
use crate::model::{Secret, TopicName};

/// A repository in a temporary folder.
struct Repository(tempfile::TempDir);

/// Returns these variables, without secrets.
fn outside(variables: &Variables) -> Outside<'_> {
    Outside {
        variables,
        secrets_dir: None,
    }
}

const DEV: &str = "[cluster]\nbootstrap_servers = \"a:9092\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n";

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn load_with(&self, ask: &Ask, variables: &[(&str, &str)]) -> Result<Loaded, LoadError> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables = Variables {
            values: variables.iter().map(pair).collect(),
            allowed: Vec::new(),
        };
        load(&Folders::below(self.path()), ask, &variables)
    }

    fn load(&self, ask: Ask) -> Loaded {
        self.load_with(&ask, &[]).unwrap()
    }

    fn error(&self, ask: Ask) -> LoadError {
        self.load_with(&ask, &[]).unwrap_err()
    }
}

fn named(names: &[&str]) -> Ask {
    Ask::Named(names.iter().map(ToString::to_string).collect())
}

fn names(loaded: &Loaded) -> Vec<&str> {
    let environments = loaded.environments.iter();
    environments.map(|e| &*e.desired.environment.name).collect()
}

/// Returns `code place` of each finding.
fn found(loaded: &Loaded) -> Vec<String> {
    let shown = |finding: &Finding| format!("{} {}", finding.code, finding.place);
    loaded.findings.iter().map(shown).collect()
}

fn topic(loaded: &Loaded, name: &str) -> Topic {
    assert_eq!(found(loaded), [""; 0]);
    loaded.environments[0].desired.topics[&TopicName::from(name)].clone()
}

#[test]
fn every_value_knows_its_layer_and_its_line() {
    let repository = Repository::new(&[
        (
            "environments/base.toml",
            "abstract = true\n[defaults]\nreplication_factor = 3\nconfig.segment.ms = \"1h\"\n",
        ),
        (
            "environments/prod.toml",
            "extends = \"base\"\ngroups = [\"eu\"]\n[defaults]\nconfig.retention.ms = \"1d\"\nmin_insync_replicas = 2\n",
        ),
        (
            "topics/a.toml",
            "[profiles.p]\npartitions = 4\nconfig.flush.ms = 4\nenv.eu.config.flush.messages = 5\n[topics.a]\nprofile = \"p\"\nconfig.retention.ms = \"2d\"\n[topics.a.env.prod]\npartitions = 6\non_remove = \"delete\"\n",
        ),
    ]);
    let loaded = repository.load(Ask::All);
    let a = topic(&loaded, "a");
    let shown = |place: String, layer: &Layer| format!("{place} {layer}");
    assert_eq!(a.partitions.value, 6);
    assert_eq!(
        shown(a.partitions.place.file_line(), &a.partitions.layer),
        "topics/a.toml:9 topic, env.prod"
    );
    assert_eq!(a.replication_factor.layer, Layer::Defaults("base".into()));
    assert_eq!(a.on_remove, OnRemove::Delete);
    let config: BTreeMap<String, String> = a
        .config
        .iter()
        .map(|(key, value)| {
            let origin = shown(value.place.file_line(), &value.layer);
            (key.to_string(), format!("{} {origin}", value.value))
        })
        .collect();
    let expected = [
        ("flush.messages", "5 topics/a.toml:4 profile p, env.eu"),
        ("flush.ms", "4 topics/a.toml:3 profile p"),
        (
            "min.insync.replicas",
            "2 environments/prod.toml:5 defaults of prod",
        ),
        ("retention.ms", "172800000 topics/a.toml:7 topic"),
        (
            "segment.ms",
            "3600000 environments/base.toml:4 defaults of base",
        ),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(config, expected.into());
}

#[test]
fn environments_come_as_they_are_asked_for() {
    let in_group = |group: &str| format!("groups = [\"{group}\"]\n{DEV}");
    let (eu, us) = (in_group("eu"), in_group("us"));
    let repository = Repository::new(&[
        ("environments/base.toml", "abstract = true\n"),
        ("environments/paris.toml", &eu),
        ("environments/berlin.toml", &eu),
        ("environments/boston.toml", &us),
        ("topics/a.toml", "[topics.a]\n"),
    ]);
    let asked = |ask: Ask| {
        let loaded = repository.load(ask);
        (names(&loaded).join(" "), loaded.list_form)
    };
    let list = |names: &str| (names.to_owned(), true);
    assert_eq!(asked(Ask::All), list("berlin boston paris"));
    assert_eq!(asked(named(&["paris"])), ("paris".to_owned(), false));
    assert_eq!(
        asked(named(&["paris", "boston", "paris"])),
        list("paris boston")
    );
    assert_eq!(asked(named(&["us"])), list("boston"));
    assert_eq!(asked(named(&["paris", "eu"])), list("paris berlin"));
    assert!(matches!(
        repository.error(Ask::Only),
        LoadError::NoneNamed { .. }
    ));
    let unknown = repository.error(named(&["bostn"]));
    assert!(unknown.is_usage());
    assert_eq!(unknown.help().as_deref(), Some("did you mean `boston`?"));
    assert!(matches!(
        repository.error(named(&["base"])),
        LoadError::Abstract { .. }
    ));
}

#[test]
fn an_error_hides_the_environments_that_it_touches_and_no_others() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        (
            "environments/prod.toml",
            "[defaults]\npartitions = 1\nreplication_factor = 1\n[rules]\nrequire = [\"owner\"]\n",
        ),
        ("environments/broken.toml", "[cluster\n"),
        ("environments/child.toml", "extends = \"broken\"\n"),
        ("topics/a.toml", "[topics.a]\n"),
    ]);
    let loaded = repository.load(Ask::All);
    assert_eq!(names(&loaded), ["dev"]);
    assert_eq!(
        found(&loaded),
        [
            "syntax environments/broken.toml:1:9",
            "rule-require topics/a.toml:1:9"
        ]
    );
    fs::write(
        repository.path().join("topics/b.toml"),
        "[topics.b]\npartitons = 1\n",
    )
    .unwrap();
    assert_eq!(names(&repository.load(Ask::All)), [""; 0]);
}

#[test]
fn environments_that_were_not_asked_for_are_known_but_not_judged() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        (
            "environments/prod.toml",
            "groups = [\"eu\"]\npartitons = 1\n[defaults]\npartitions = \"${KAFKA_TOPIC_X}\"\nreplication_factor = 1\n",
        ),
        (
            "topics/a.toml",
            "[topics.a]\nenv.eu.partitions = 3\nenv.us.partitions = 3\n",
        ),
    ]);
    let of_dev = repository.load(named(&["dev"]));
    assert_eq!(found(&of_dev), ["unknown-environment topics/a.toml:3:5"]);
    let of_group = repository.load(named(&["eu"]));
    assert_eq!(of_group.findings.len(), 3);
    fs::write(
        repository.path().join("environments/other.toml"),
        "groups = [",
    )
    .unwrap();
    assert_eq!(found(&repository.load(named(&["dev"]))), [""; 0]);
    // It may be a group in the unreadable file.
    let unknown = repository.load(named(&["asia"]));
    assert!(unknown.environments.is_empty());
    assert!(found(&unknown).contains(&"syntax environments/other.toml:1:11".to_owned()));
}

#[test]
fn nothing_follows_from_a_name_that_should_be_quoted() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        ("topics/a.toml", "[topics.orders]\n"),
        ("topics/b.toml", "[topics.orders.created]\npartitions = 3\n"),
    ]);
    let loaded = repository.load(Ask::All);
    assert_eq!(found(&loaded), ["unquoted-name topics/b.toml:1:16"]);
}

#[test]
fn lifecycles_are_data_and_no_topics() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        (
            "topics/a.toml",
            "[lifecycles.task]\nparameters.id = '[a-z]+'\ndelete_after = \"60s\"\n[topics.\"{stage}_{id}\"]\nlifecycle = \"task\"\nfor_each.stage = [\"raw\", \"yolox\"]\n",
        ),
    ]);
    let loaded = repository.load(Ask::Only);
    assert_eq!(found(&loaded), [""; 0]);
    let desired = &loaded.environments[0].desired;
    assert!(desired.topics.is_empty());
    let lifecycle = &desired.lifecycles["task"];
    assert_eq!(
        (lifecycle.delete_after_ms, lifecycle.max_age_ms),
        (Some(60_000), None)
    );
    assert!(lifecycle.parameters["id"].matches("abc"));
    assert!(!lifecycle.parameters["id"].matches("abc1"));
    let values = BTreeMap::from([("id", "abc")]);
    let topics = lifecycle
        .topics
        .iter()
        .map(|topic| topic.name.fill(&values).to_string());
    assert_eq!(topics.collect::<Vec<_>>(), ["raw_abc", "yolox_abc"]);
    assert_eq!(lifecycle.topics[0].settings.partitions.value, 1);
}

#[test]
fn what_is_no_file_of_the_folder_is_not_read() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        ("environments/deeper/prod.toml", "not toml"),
        ("topics/b/c.toml", "[topics.c]\n"),
        ("topics/a.toml", "[topics.a]\n"),
        ("topics/.hidden.toml", "not toml"),
        ("topics/.hidden/x.toml", "not toml"),
        ("topics/notes.md", "not toml"),
        ("outside/x.toml", "not toml"),
    ]);
    let loaded = repository.load(Ask::All);
    assert_eq!(found(&loaded), [""; 0]);
    let topics = loaded.environments[0].desired.topics.keys();
    assert_eq!(
        topics.map(TopicName::as_str).collect::<Vec<_>>(),
        ["a", "c"]
    );
}

#[test]
fn links_lead_nowhere_out_of_the_repository() {
    let outside = Repository::new(&[
        ("x.toml", "[topics.secret]\nnonsense = 1\n"),
        ("topics/x.toml", "[topics.secret]\nnonsense = 1\n"),
        ("environments/dev.toml", "secret"),
    ]);
    let files = [
        ("environments/dev.toml", DEV),
        ("topics/a.toml", "[topics.a]\n"),
        ("shared/b.toml", "[topics.b]\n"),
        ("shared/password", "secret"),
        (".git/config.toml", "secret"),
    ];
    let with = |link: &str, target: &Path| {
        let repository = Repository::new(&files);
        let link = repository.path().join(link);
        let _ = fs::remove_file(&link);
        let _ = fs::remove_dir_all(&link);
        std::os::unix::fs::symlink(target, link).unwrap();
        repository
    };
    let x = outside.path().join("x.toml");
    for (link, target) in [
        ("topics/x.toml", x.as_path()),
        ("topics/folder", outside.path()),
        ("topics/all", Path::new("/")),
        ("topics/password.toml", Path::new("../shared/password")),
        ("topics/git.toml", Path::new("../.git/config.toml")),
        ("topics/git", Path::new("../.git")),
        ("environments/prod.toml", x.as_path()),
        // A second name of a file that is read, and circular links.
        ("topics/again.toml", Path::new("a.toml")),
        ("topics/around", Path::new(".")),
    ] {
        let loaded = with(link, target).load(Ask::All);
        assert_eq!(found(&loaded), [format!("link {link}")]);
        assert!(!loaded.findings[0].message.contains("secret"));
    }
    let shared = with("topics/b.toml", Path::new("../shared/b.toml")).load(Ask::All);
    assert_eq!(found(&shared), [""; 0]);
    assert_eq!(shared.environments[0].desired.topics.len(), 2);
    for link in ["topics", "environments"] {
        let error = with(link, &outside.path().join(link)).error(Ask::All);
        assert!(matches!(error, LoadError::Outside(_)), "{error}");
        assert!(!error.to_string().contains("secret"));
    }
    let inside = with("topics", Path::new("shared")).load(Ask::All);
    assert_eq!(inside.environments[0].desired.topics.len(), 1);
    // A folder elsewhere is the user's choice, but links in it must not leave it.
    let repository = Repository::new(&files);
    std::os::unix::fs::symlink(&x, outside.path().join("topics/y.toml")).unwrap();
    let folders = Folders {
        topics: outside.path().join("topics"),
        ..Folders::below(repository.path())
    };
    let loaded = load(&folders, &Ask::All, &Variables::default()).unwrap();
    let codes: Vec<&str> = loaded.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["unknown-key", "link"]);
}

#[test]
fn however_many_links_lead_to_a_folder_it_is_read_once() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        ("topics/a.toml", "[topics.a]\n"),
    ]);
    let topics = repository.path().join("topics");
    for folder in 0..20 {
        fs::create_dir(topics.join(format!("d{folder:02}"))).unwrap();
    }
    for (from, to) in (0..20).flat_map(|from| (0..20).map(move |to| (from, to))) {
        let link = topics.join(format!("d{from:02}/l{to:02}"));
        std::os::unix::fs::symlink(format!("../d{to:02}"), link).unwrap();
    }
    let loaded = repository.load(Ask::All);
    assert_eq!(loaded.findings.len(), 400);
    assert!(loaded.findings.iter().all(|finding| finding.code == "link"));
}

#[test]
fn a_folder_has_an_end() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        ("topics/a.toml", "[topics.a]\n"),
    ]);
    let topics = repository.path().join("topics");
    let deep = (0..40).fold(topics.join("deep"), |path, _| path.join("d"));
    fs::create_dir_all(&deep).unwrap();
    let loaded = repository.load(Ask::All);
    let deepest = (0..32).fold("too-deep topics/deep".to_owned(), |path, _| path + "/d");
    assert_eq!(found(&loaded), [deepest]);
    // Hidden files and files that are not TOML count, too.
    fs::create_dir(topics.join(".hidden")).unwrap();
    let environments = repository.path().join("environments");
    for number in 0..1_000 {
        fs::write(environments.join(format!(".{number}")), "").unwrap();
    }
    let error = repository.error(Ask::All);
    let most = "holds more than 1,000 files and folders, the most that is read";
    assert!(error.to_string().ends_with(most), "{error}");
}

#[test]
fn links_within_the_folder_are_read() {
    // The layout of a ConfigMap mounted by Kubernetes.
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        ("topics/..2026/a.toml", "[topics.a]\n"),
    ]);
    let topics = repository.path().join("topics");
    std::os::unix::fs::symlink("..2026", topics.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/a.toml", topics.join("a.toml")).unwrap();
    let loaded = repository.load(Ask::All);
    assert_eq!(found(&loaded), [""; 0]);
    assert_eq!(loaded.environments[0].desired.topics.len(), 1);
}

#[test]
fn files_that_nobody_should_read_are_refused() {
    let repository = Repository::new(&[
        ("environments/dev.toml", DEV),
        ("topics/a.toml", "[topics.a]\n"),
    ]);
    let topics = repository.path().join("topics");
    fs::File::create(topics.join("huge.toml"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    fs::write(
        topics.join("latin.toml"),
        b"[topics.b]\nowner = \"\xc3\xa4\xe4\"\n",
    )
    .unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(topics.join("fifo.toml"))
        .status();
    assert!(fifo.unwrap().success());
    let loaded = repository.load(Ask::All);
    assert_eq!(
        found(&loaded),
        [
            "unreadable topics/fifo.toml",
            "unreadable topics/huge.toml",
            "not-utf-8 topics/latin.toml:2:11"
        ]
    );
}

#[test]
fn folders_that_are_not_there() {
    let nothing = Repository::new(&[("topics/a.toml", "")]);
    assert!(matches!(
        nothing.error(Ask::All),
        LoadError::MissingFolder(_)
    ));
    let no_topics = Repository::new(&[("environments/dev.toml", DEV), ("topics/README.md", "")]);
    assert!(matches!(no_topics.error(Ask::All), LoadError::NoFile(_)));
    let a_file = Repository::new(&[("environments/dev.toml", DEV), ("topics", "")]);
    assert!(matches!(a_file.error(Ask::All), LoadError::NotAFolder(_)));
    let all_abstract = Repository::new(&[
        ("environments/base.toml", "abstract = true"),
        ("topics/a.toml", ""),
    ]);
    assert!(matches!(
        all_abstract.error(Ask::Only),
        LoadError::AllAbstract(_)
    ));
}

#[test]
fn variables_of_the_cluster_are_needed_to_connect_and_not_before() {
    let cluster = "[cluster]\nbootstrap_servers = \"${KAFKA_SERVERS}\"\nid = \"${KAFKA_ID:-abc}\"\n[cluster.client]\nsasl.password = \"x${KAFKA_PASSWORD}\"\nclient.id = \"me\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n";
    let repository = Repository::new(&[
        ("environments/dev.toml", cluster),
        ("topics/a.toml", "[topics.a]\n"),
    ]);
    let loaded = repository.load(Ask::All);
    assert_eq!(found(&loaded), [""; 0]);
    let environment = &loaded.environments[0];
    let id = environment.desired.environment.cluster_id.as_ref();
    assert!(id.is_some_and(|id| id.value.is("abc")));
    assert_eq!(environment.connection.servers_shown(), ["${KAFKA_SERVERS}"]);
    let missing = environment
        .connection
        .resolve(outside(&Variables::default()))
        .unwrap_err();
    let places: Vec<String> = missing.iter().map(|f| f.place.to_string()).collect();
    assert_eq!(
        places,
        ["environments/dev.toml:2:21", "environments/dev.toml:5:17"]
    );

    let values = [
        ("KAFKA_SERVERS", "a:9092, b:9093"),
        ("KAFKA_PASSWORD", "hunter2"),
    ];
    let variables = Variables {
        values: values.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        allowed: Vec::new(),
    };
    let connection = environment.connection.resolve(outside(&variables)).unwrap();
    let servers: Vec<&str> = connection.servers.iter().map(Secret::expose).collect();
    assert_eq!(servers, ["a:9092", "b:9093"]);
    assert_eq!(connection.servers_shown(), "${KAFKA_SERVERS}");
    assert_eq!(connection.properties["sasl.password"].expose(), "xhunter2");
    assert_eq!(
        connection.redact("me at xhunter2, hunter2"),
        "me at ${KAFKA_PASSWORD}, ${KAFKA_PASSWORD}"
    );

    let mut wrong = variables;
    wrong
        .values
        .insert("KAFKA_SERVERS".to_owned(), "hunter3".to_owned());
    let findings = environment.connection.resolve(outside(&wrong)).unwrap_err();
    assert!(!format!("{findings:?}").contains("hunter3"), "{findings:?}");
}

#[test]
fn secret_files_come_from_their_folder_alone() {
    let cluster = format!(
        "{}[cluster.client]\nsasl.password = \"${{file:password}}\"\n",
        DEV.replace(
            "[defaults]",
            "[cluster.client]\nclient.id = \"x\"\n[defaults]"
        )
    );
    let cluster = cluster.replacen("[cluster.client]\nclient.id = \"x\"\n", "", 1);
    let repository = Repository::new(&[
        ("environments/dev.toml", &cluster),
        ("topics/a.toml", "[topics.a]\n"),
        ("secrets/password", "hunter2\r\n"),
        ("outside", "hunter3"),
    ]);
    let connection = repository.load(Ask::All).environments.remove(0).connection;
    let secrets = repository.path().join("secrets");
    let variables = Variables::default();
    let resolve = |secrets_dir| {
        connection.resolve(Outside {
            secrets_dir,
            ..outside(&variables)
        })
    };
    assert_eq!(
        resolve(Some(&*secrets)).unwrap().properties["sasl.password"].expose(),
        "hunter2"
    );
    assert_eq!(resolve(None).unwrap_err()[0].code, "secret-file");
    fs::remove_file(secrets.join("password")).unwrap();
    assert_eq!(resolve(Some(&*secrets)).unwrap_err()[0].code, "secret-file");
    std::os::unix::fs::symlink("../outside", secrets.join("password")).unwrap();
    assert_eq!(resolve(Some(&*secrets)).unwrap_err()[0].code, "secret-file");
    // The layout of a secret mounted by Kubernetes: a link into a folder that is itself a link.
    fs::remove_file(secrets.join("password")).unwrap();
    fs::create_dir(secrets.join("..2026")).unwrap();
    fs::write(secrets.join("..2026/password"), "hunter4").unwrap();
    std::os::unix::fs::symlink("..2026", secrets.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/password", secrets.join("password")).unwrap();
    assert!(resolve(Some(&*secrets)).is_ok());
}

#[test]
fn a_scope_of_the_command_line_can_be_checked_too() {
    let environment = format!("{DEV}[scopes.media]\ntopics = [\"content-*\"]\n");
    let repository = Repository::new(&[
        ("environments/dev.toml", &environment),
        (
            "topics/a.toml",
            "[topics.content-a]\n[topics.orders]\n[removed.old]\n",
        ),
    ]);
    let loaded = repository.load(Ask::All);
    assert_eq!(found(&loaded), [""; 0]);
    let outside = crate::desired::outside_scope(&loaded.environments[0].desired, "media");
    let places: Vec<u32> = outside.iter().map(|finding| finding.place.line).collect();
    assert_eq!(places, [2, 3]);
}

/// Pieces of files, so that random combinations are sometimes valid TOML.
const PIECES: [&str; 54] = [
    "[topics.a]\n",
    "[topics.\"b.{x}\"]\n",
    "[topics.a.env.dev]\n",
    "[profiles.p]\n",
    "[removed.a]\n",
    "[lifecycles.l]\n",
    "parameters.x = '[a-z]'\n",
    "lifecycle = \"l\"\n",
    "profile = \"p\"\n",
    "for_each.x = ",
    "[\"a\", \"b\"]\n",
    "environments = ",
    "partitions = ",
    "replication_factor = ",
    "min_insync_replicas = ",
    "config.retention.ms = ",
    "config.\"retention.ms\" = ",
    "config.cleanup.policy = ",
    "unmanaged = ",
    "traffic = ",
    "{ messages_per_day = 1, average_size = \"1KB\" }\n",
    "labels = ",
    "{ a = \"b\" }\n",
    "1\n",
    "-1\n",
    "\"7d\"\n",
    "\"default\"\n",
    "nan\n",
    "1e400\n",
    "1979-05-27\n",
    "true\n",
    "\"${KAFKA_TOPIC_X:-1}\"\n",
    "[defaults]\n",
    "[cluster]\n",
    "bootstrap_servers = ",
    "\"a:1\"\n",
    "[cluster.client]\n",
    "sasl.password = ",
    "[rules]\n",
    "name = ",
    "'^[a'\n",
    "max_total_partitions = ",
    "[ignore]\n",
    "topics = ",
    "[scopes.s]\n",
    "extends = \"dev\"\n",
    "abstract = true\n",
    "groups = ",
    "[inventory]\n",
    "scope = \"s\"\n",
    "{",
    "\"",
    ".",
    "\n",
];

fn file() -> impl proptest::strategy::Strategy<Value = Vec<u8>> {
    use proptest::prelude::*;
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40);
    prop_oneof![
        4 => pieces.prop_map(|pieces| pieces.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => "\\PC{0,200}".prop_map(String::into_bytes),
    ]
}

proptest::proptest! {
    #[test]
    fn nothing_that_a_file_holds_makes_it_panic(
        dev in file(), prod in file(), one in file(), two in file(),
    ) {
        let repository = Repository::new(&[("environments/x.toml", DEV)]);
        fs::create_dir_all(repository.path().join("topics")).unwrap();
        let files = [("environments/dev", dev), ("environments/prod", prod), ("topics/a", one), ("topics/b", two)];
        for (name, bytes) in files {
            fs::write(repository.path().join(name).with_extension("toml"), bytes).unwrap();
        }
        for ask in [Ask::All, Ask::Only, named(&["x"])] {
            let Ok(loaded) = repository.load_with(&ask, &[]) else {
                continue;
            };
            for finding in &loaded.findings {
                let place = &finding.place;
                let line = loaded.sources.line(&place.file, place.line);
                let length = line.map(|line| line.chars().count() as u32);
                // Every place is within its line.
                assert!(length.is_none_or(|l| place.column + place.length <= l + 1), "{finding:?}");
                assert!(!finding.message.is_empty());
            }
        }
    }
}
