//! Properties of imports for any defaults and any cluster: the result is valid, and the next plan
//! adopts and pins, and changes nothing else.

use std::collections::BTreeSet;
use std::fs;

use proptest::collection::{btree_map, vec};
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::*;
use crate::desired::{Ask, Folders, Loaded, Variables, load_with};
use crate::live::{Inventory, Live};
use crate::model::Severity;
use crate::plan::{Action, Options, SettingChange, make};
use crate::testing::live;
use crate::testing::properties::{CONFIGS, any_default, any_live_topic};

const NAMES: [&str; 6] = ["a", "a.b", "a-c.d", "B_c", "client_2.kbe.auth_user", "_x"];

/// Generates an environment file with everything that affects entries.
fn any_environment() -> impl Strategy<Value = String> {
    let counts = (
        weighted(0.7, 1..6u32),
        weighted(0.7, 1..4u32),
        any::<bool>(),
    );
    let configs = vec((select(&CONFIGS[..]), any::<Index>()), 0..8);
    let unmanaged = subsequence(
        vec![
            "partitions",
            "replication_factor",
            "config.retention.ms",
            "config.min.insync.replicas",
        ],
        0..3,
    );
    let globs = || subsequence(vec!["confluent.*", "vendor.*", "retention.*"], 0..3);
    let require = subsequence(
        vec!["retention.ms", "min_insync_replicas", "cleanup.policy"],
        0..3,
    );
    (
        counts,
        configs,
        weighted(0.3, unmanaged),
        globs(),
        globs(),
        require,
    )
        .prop_map(
            |((partitions, factor, pin), configs, unmanaged, ignore, allow, require)| {
                let mut text = "[cluster]\nbootstrap_servers = \"a:1\"\n".to_owned();
                text += &format!("[rules]\nallow_configs = {allow:?}\nrequire = {require:?}\n");
                text +=
                    &format!("[ignore]\nconfigs = {ignore:?}\n[inventory]\nscope = \"media\"\n");
                text += &format!("[defaults]\npin = {pin}\n");
                text +=
                    &partitions.map_or(String::new(), |count| format!("partitions = {count}\n"));
                text += &factor.map_or(String::new(), |count| {
                    format!("replication_factor = {count}\n")
                });
                text += &unmanaged.map_or(String::new(), |list| format!("unmanaged = {list:?}\n"));
                let mut keys = BTreeSet::new();
                for ((key, values), index) in configs {
                    let vendor = key.starts_with("vendor.") || key.starts_with("confluent.");
                    let legal = !vendor || allow.iter().any(|glob| key.starts_with(&glob[..6]));
                    if legal && keys.insert(key) {
                        text += &format!("config.{key} = {:?}\n", index.get(values));
                    }
                }
                text
            },
        )
}

fn any_live() -> impl Strategy<Value = Live> {
    let topics = btree_map(select(&NAMES[..]), any_live_topic(), 1..6);
    // Values that no reader accepts, and a key that is a prefix of another key.
    let odd = vec((select(&NAMES[..]), select(&ODD[..])), 0..3);
    (topics, vec(any_default(), 0..4), odd).prop_map(|(topics, defaults, odd)| {
        let mut live = live([]);
        live.broker_defaults.extend(defaults);
        live.inventory = Some(Inventory::default());
        live.topics = topics
            .into_iter()
            .map(|(name, topic)| (name.into(), topic))
            .collect();
        for (topic, (key, value)) in odd {
            let config = live
                .topics
                .get_mut(topic)
                .and_then(|topic| topic.config.as_mut());
            if let Some(config) = config {
                config.insert(key.into(), value.to_owned());
            }
        }
        live
    })
}

const ODD: [(&str, &str); 6] = [
    ("retention.ms", "-7"),
    ("retention", "1"),
    ("vendor.key", "default"),
    ("vendor", "\"\n\u{1b}"),
    ("vendor.key.of.three words", "x"),
    ("cleanup.policy", "shrink"),
];

/// A repository with this environment and no topics.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new(environment: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("environments")).unwrap();
        fs::write(folder.path().join("environments/prod.toml"), environment).unwrap();
        Self(folder)
    }

    fn folders(&self) -> Folders {
        Folders::below(self.0.path())
    }

    fn read(&self, drafts: &[Draft]) -> Loaded {
        load_with(&self.folders(), &Ask::Only, &Variables::default(), drafts).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_plan_after_an_import_adopts_and_pins_and_nothing_else(
        environment in any_environment(),
        live in any_live(),
        with_profiles in any::<bool>(),
        by_prefix in any::<bool>(),
    ) {
        let repository = Repository::new(&environment);
        let before = repository.read(&[]);
        let findings = &before.findings;
        prop_assert!(findings.is_empty(), "{environment}\n{findings:?}");
        let folder = repository.folders().topics;
        let import = Import {
            desired: &before.environments[0].desired,
            live: &live,
            topics: live.topics.keys().collect(),
            is_one_of_several: false,
            profiles: with_profiles.then_some(&before.profiles),
            split: match by_prefix {
                true => Split::ByPrefix(folder),
                false => Split::One(folder.join("all.toml")),
            },
        };
        let read = |drafts: &[Draft]| Ok::<_, ()>(repository.read(drafts));
        let (imported, after) = checked(import, &repository.folders(), read).unwrap();
        let shown = || format!("{environment}\n{:#?}", imported.files);
        // Only fields that the user must provide may be missing.
        let errors = after.findings.iter().filter(|finding| finding.level == Severity::Error);
        let others = errors.filter(|finding| finding.code != "rule-require");
        prop_assert_eq!(others.count(), 0, "{:?}\n{}", after.findings, shown());
        let unread = live.topics.values().filter(|topic| topic.config.is_none()).count();
        prop_assert_eq!(imported.topics + unread, live.topics.len());
        let Some(loaded) = after.environments.first() else {
            return Ok(());
        };
        let plan = make(&loaded.desired, &live, &Options::default());
        prop_assert!(plan.blocked.is_empty(), "{:?}\n{}", plan.blocked, shown());
        prop_assert_eq!(plan.changes.len(), imported.topics);
        prop_assert_eq!(plan.unlisted.len(), unread);
        for change in &plan.changes {
            let pinned = change.on_topic().all(SettingChange::is_pin);
            let adopted = matches!(change.action, Action::Adopt | Action::Update) && change.adopt;
            prop_assert!(pinned && adopted, "{change:?}\n{}", shown());
        }
    }
}
