//! The environment of tests with a real Kafka: shared brokers, a topic prefix per test, and Kafka's
//! own tools as an independent check.
//!
//! One broker serves all tests; three are started only when a test needs them. All end with the
//! test process, however it ends.

mod broker;
pub mod proxy;
pub mod release;
mod repository;
pub mod secure;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use topicsmith::internals::desired::{Environment, Guards, Inventory};
use topicsmith::internals::inventory::Asking;
use topicsmith::internals::kafka::{Cluster, FaultKind, Limits, Mode, NewTopic};
use topicsmith::internals::model::connection::Connection;
use topicsmith::internals::model::{ConfigKey, Globs, Layer, Place, Secret, Sourced, TopicName};

pub use broker::{Brokers, stop};
pub use release::Needs;
pub use repository::{Repository, Run, Started, inventory};

/// Lists the tests of a file: `tests! { name, other_name: Newest }`. Each is an `async fn(Test)`;
/// its requirement on the release is one of [`Needs`].
macro_rules! tests {
    (@needs) => { $crate::harness::Needs::Nothing };
    (@needs $needs:ident) => { $crate::harness::Needs::$needs };
    ($($name:ident $(: $needs:ident)?),+ $(,)?) => {
        pub fn tests() -> Vec<libtest_mimic::Trial> {
            let module = module_path!().rsplit("::").next().unwrap_or_default();
            vec![$({
                let needs = $crate::harness::tests!(@needs $($needs)?);
                $crate::harness::trial(module, stringify!($name), needs, $name)
            }),+]
        }
    };
}
pub(crate) use tests;

/// Generous, because the machine may be busy.
pub const LIMITS: Limits = Limits {
    timeout: Duration::from_secs(30),
};

/// A reader of the inventory without declared topics.
pub const ASKING: Asking<'static> = Asking {
    scope: None,
    environment: "prod",
    named: &[],
};

/// Maximum time until a condition holds: thousands of new topics become visible gradually.
const PATIENCE: Duration = Duration::from_secs(300);

/// Creates a trial of a test. Use `tests!`.
pub fn trial<F>(module: &str, name: &str, needs: Needs, test: fn(Test) -> F) -> libtest_mimic::Trial
where
    F: Future<Output = ()> + 'static,
{
    let prefix = format!("{module}-{}", name.replace('_', "-"));
    let trial = libtest_mimic::Trial::test(format!("{module}::{name}"), move || {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(test(Test { prefix }));
        Ok(())
    });
    trial
        .with_kind(needs.kind())
        .with_ignored_flag(!needs.are_met())
}

/// The part of the brokers that belongs to one test.
#[derive(Clone)]
pub struct Test {
    prefix: String,
}

impl Test {
    /// Returns the broker that all tests share.
    pub fn broker(&self) -> &'static Brokers {
        Brokers::one()
    }

    /// Returns the prefix of its topic names, before a dot or a part's name.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the name of a topic that belongs to this test alone.
    pub fn topic(&self, name: &str) -> TopicName {
        TopicName::new(format!("{}.{name}", self.prefix))
    }

    /// Returns a part of this test, with topics of its own, separate from this one's.
    pub fn part(&self, name: &str) -> Test {
        let prefix = format!("{}-{name}", self.prefix);
        Test { prefix }
    }

    /// Returns globs that match exactly this test's topics.
    pub fn globs(&self) -> Globs {
        Globs::new(&[format!("{}.*", self.prefix)]).expect("a prefix is no glob")
    }

    /// Returns a client of the shared broker with all rights.
    pub async fn cluster(&self) -> Cluster {
        connect(connection(self.broker().servers())).await
    }

    /// Creates topics, and waits until all brokers show them.
    pub async fn create(&self, topics: &[NewTopic]) -> Cluster {
        let cluster = self.cluster().await;
        create(&cluster, topics).await;
        cluster
    }
}

/// Connects, and panics on failure.
pub async fn connect(connection: Connection) -> Cluster {
    let cluster = Cluster::connect(connection, LIMITS).await;
    cluster.unwrap_or_else(|error| panic!("{error}"))
}

/// Creates topics, and waits until they are visible: Kafka responds earlier.
pub async fn create(cluster: &Cluster, topics: &[NewTopic]) {
    // ZooKeeper is slow, and a request has ten seconds.
    let size = if release::has_zookeeper() { 50 } else { 500 };
    for batch in topics.chunks(size) {
        create_batch(cluster, batch.to_vec()).await;
    }
    eventually("the topics show", async || {
        let shown = cluster.metadata().await.expect("it was reached").topics;
        topics.iter().all(|topic| {
            let partitions = shown.get(&topic.name).map(|shown| &shown.partitions);
            partitions.is_some_and(|partitions| partitions.iter().all(|p| p.leader.is_some()))
        })
    })
    .await;
    // On every broker.
    eventually("all brokers know of the topics", async || {
        match topics.last() {
            None => true,
            Some(last) => cluster.all_know(&last.name).await.is_ok_and(|know| know),
        }
    })
    .await;
}

/// Creates topics with one or more requests: with ZooKeeper, the name of a deleted topic is free
/// only after its logs are deleted, and librdkafka can lose a request of a client that has just
/// connected (`_DESTROY_BROKER`), which may have been carried out.
async fn create_batch(cluster: &Cluster, mut topics: Vec<NewTopic>) {
    let start = Instant::now();
    let mut unanswered = false;
    while !topics.is_empty() {
        match cluster.create_topics(&topics, Mode::Apply).await {
            Ok(results) => {
                let mut results = results.into_iter();
                topics.retain(|_| match results.next().expect("one each") {
                    Ok(()) => false,
                    Err(fault) => {
                        let exists = fault.kind() == FaultKind::AlreadyExists;
                        let in_time = start.elapsed() < PATIENCE;
                        let waits = exists && release::has_zookeeper() && in_time;
                        assert!(waits || (exists && unanswered), "{fault}");
                        waits && !unanswered
                    }
                });
            }
            Err(fault) => {
                let lost = fault.kind() == FaultKind::Unanswered && start.elapsed() < PATIENCE;
                assert!(lost, "{fault}");
                unanswered = true;
            }
        }
        if !topics.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Waits until a condition holds.
pub async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !holds().await {
        assert!(start.elapsed() < PATIENCE, "{what}: not yet");
        // Polling must not slow down what is waited for.
        let pause = start
            .elapsed()
            .clamp(Duration::from_millis(20), Duration::from_secs(2));
        tokio::time::sleep(pause / 2).await;
    }
}

/// Returns a connection without credentials.
pub fn connection(servers: &str) -> Connection {
    Connection::to(servers.split(',').map(str::to_owned).collect())
}

/// Sets a property of a connection.
pub fn with(mut connection: Connection, name: &str, value: &str) -> Connection {
    let value = match name.ends_with("password") {
        true => Secret::new(value),
        false => Secret::public(value),
    };
    connection.properties.insert(name.to_owned(), value);
    connection
}

/// Returns a connection as one of the users of `broker.sh`.
pub fn connection_as(servers: &str, user: &str, password: &str) -> Connection {
    let connection = with(connection(servers), "security.protocol", "SASL_PLAINTEXT");
    let connection = with(connection, "sasl.mechanism", "PLAIN");
    let connection = with(connection, "sasl.username", user);
    with(connection, "sasl.password", password)
}

/// Allows the user `reader` of `broker.sh` operations on a topic.
pub fn allow(test: &Test, topic: &TopicName, operations: &[&str]) {
    let mut arguments = vec!["--add", "--allow-principal", "User:reader"];
    arguments.extend(["--topic", topic.as_str()]);
    for operation in operations {
        arguments.extend(["--operation", operation]);
    }
    let class = "AclCommand";
    test.broker().cli(class, &arguments);
}

/// Returns a topic to create, with one replica.
pub fn new_topic(name: TopicName, partitions: u32, config: &[(&str, &str)]) -> NewTopic {
    NewTopic {
        name,
        partitions,
        replication_factor: 1,
        config: config
            .iter()
            .map(|&(key, value)| (ConfigKey::from(key), value.to_owned()))
            .collect(),
    }
}

/// Returns an environment without ignored topics or guards.
pub fn environment() -> Environment {
    Environment {
        name: "test".into(),
        description: None,
        groups: Vec::new(),
        cluster_id: None,
        ignore_topics: Globs::default(),
        ignore_configs: Globs::default(),
        pin: true,
        guards: Guards {
            max_destructive: Sourced {
                value: u32::MAX,
                place: Place::whole("environments/test.toml"),
                layer: Layer::Topic,
            },
            gate: Default::default(),
            allow: Default::default(),
            fail_on_unlisted: false,
        },
        inventory: Inventory {
            enabled: false,
            topic: TopicName::from("_topicsmith"),
            scope: None,
        },
        scopes: BTreeMap::new(),
    }
}
