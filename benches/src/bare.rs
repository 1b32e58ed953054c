//! The same requests as the tool's, sent bare through its own Kafka room in the batches that were
//! measured as best: no files, no comparison, no report.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use topicsmith::internals::inventory::{self, Asking};
use topicsmith::internals::kafka::{Alter, AlterOp, Cluster, Limits, Mode, NewTopic};
use topicsmith::internals::model::connection::Connection;
use topicsmith::internals::model::{ConfigKey, TopicName};

use topicsmith_benches::repository::{CONFIG, SOME, names};

/// Topics in a request that writes.
const BATCH: usize = 1_000;

/// One of the works below, as the arguments of a process of its own: its name, the servers, and what
/// it changes of the topics with a prefix.
///
/// # Errors
/// A broker does not answer, or refuses; or there is no such work.
pub async fn work(arguments: &[&str]) -> Result<()> {
    let names = |prefix: &str| names(prefix, SOME);
    match arguments {
        ["read", servers] => read(servers).await,
        ["plan", servers, prefix, value] => {
            plan(servers, &names(prefix), value).await?;
            Ok(())
        }
        ["alter", servers, prefix, value] => apply_changes(servers, &names(prefix), value).await,
        ["create", servers, prefix] => apply_creates(servers, &names(prefix), 1).await,
        _ => bail!("{arguments:?} is no work"),
    }
}

/// Connects.
///
/// # Errors
/// No broker answers.
pub async fn connect(servers: &str) -> Result<Cluster> {
    let servers = servers.split(',').map(str::to_owned).collect();
    let limits = Limits {
        timeout: Duration::from_secs(60),
    };
    let cluster = Cluster::connect(Connection::to(servers), limits).await;
    cluster.context("no broker answers")
}

/// What the wire floor asks, through librdkafka: what is left of a plan is the tool's own.
///
/// # Errors
/// A broker does not answer, or refuses.
async fn read(servers: &str) -> Result<()> {
    let cluster = connect(servers).await?;
    let names: Vec<TopicName> = cluster.metadata().await?.topics.into_keys().collect();
    let configs = cluster.describe_topic_configs(&names).await?;
    ensure!(configs.values().all(Result::is_ok));
    Ok(())
}

/// What a plan asks before it says that these topics change: all topics, all configs, the
/// inventory, and whether the brokers would take the changes.
///
/// # Errors
/// A broker does not answer, or refuses.
async fn plan(servers: &str, changed: &[TopicName], value: &str) -> Result<Cluster> {
    let cluster = connect(servers).await?;
    let names = look(&cluster).await?;
    let configs = cluster.describe_topic_configs(&names).await?;
    ensure!(configs.values().all(Result::is_ok));
    for batch in changed.chunks(BATCH) {
        let done = cluster
            .incremental_alter_configs(&alters(batch, value), Mode::ValidateOnly)
            .await?;
        ensure!(done.iter().all(Result::is_ok));
    }
    Ok(cluster)
}

/// The topics that are there, and what the inventory holds.
async fn look(cluster: &Cluster) -> Result<Vec<TopicName>> {
    let inventory = TopicName::from("_topicsmith");
    let metadata = async { anyhow::Ok(cluster.metadata().await?) };
    let asking = Asking {
        scope: None,
        environment: "bench",
        named: &[],
    };
    let contents = async { anyhow::Ok(inventory::read(cluster, &inventory, &asking).await?) };
    let (metadata, _) = tokio::try_join!(metadata, contents)?;
    let names = metadata.topics.into_keys();
    Ok(names.filter(|name| *name != inventory).collect())
}

/// What an apply asks when it changes a config of each, until all show it; neither its lock nor its
/// records.
///
/// # Errors
/// A broker does not answer, or refuses.
async fn apply_changes(servers: &str, names: &[TopicName], value: &str) -> Result<()> {
    let cluster = plan(servers, names, value).await?;
    alter(&cluster, names, value).await
}

/// The same where it creates them all: whether they are hidden, whether they would be taken.
///
/// # Errors
/// A broker does not answer, or refuses.
async fn apply_creates(servers: &str, names: &[TopicName], partitions: u32) -> Result<()> {
    let cluster = connect(servers).await?;
    look(&cluster).await?;
    let described = cluster.describe_topics(names).await?;
    ensure!(described.values().all(Result::is_err));
    for batch in new_topics(names, partitions).chunks(BATCH) {
        let taken = cluster.create_topics(batch, Mode::ValidateOnly).await?;
        ensure!(taken.iter().all(Result::is_ok), "{taken:?}");
    }
    create(&cluster, names, partitions).await
}

/// Creates, until all of them show. They are read back as the tool does it: the list of
/// topics tells their partitions and replicas, and their configs are asked for.
///
/// # Errors
/// A broker does not answer, or refuses.
pub async fn create(cluster: &Cluster, names: &[TopicName], partitions: u32) -> Result<()> {
    for batch in new_topics(names, partitions).chunks(BATCH) {
        let made = cluster.create_topics(batch, Mode::Apply).await?;
        ensure!(made.iter().all(Result::is_ok), "{made:?}");
    }
    loop {
        let topics = cluster.metadata().await?.topics;
        if names.iter().all(|name| topics.contains_key(name)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut hidden = names.to_vec();
    while !hidden.is_empty() {
        let configs = cluster.describe_topic_configs(&hidden).await?;
        hidden.retain(|name| !configs.get(name).is_some_and(Result::is_ok));
    }
    Ok(())
}

/// Waits until all brokers know of topics that were made in this order: what is made last is known
/// last.
///
/// # Errors
/// A broker does not answer.
pub async fn known_everywhere(cluster: &Cluster, names: &[TopicName]) -> Result<()> {
    while let Some(last) = names.last()
        && !cluster.all_know(last).await?
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

fn new_topics(names: &[TopicName], partitions: u32) -> Vec<NewTopic> {
    let new = |name: &TopicName| NewTopic {
        name: name.clone(),
        partitions,
        replication_factor: 1,
        config: CONFIG
            .map(|(key, value)| (key.into(), value.to_owned()))
            .into(),
    };
    names.iter().map(new).collect()
}

fn alters(names: &[TopicName], value: &str) -> Vec<Alter> {
    let one = |name: &TopicName| Alter {
        topic: name.clone(),
        ops: vec![(CONFIG[3].0.into(), AlterOp::Set(value.to_owned()))],
    };
    names.iter().map(one).collect()
}

/// Changes one config of each, until all show it.
///
/// # Errors
/// A broker does not answer, or refuses.
pub async fn alter(cluster: &Cluster, names: &[TopicName], value: &str) -> Result<()> {
    for batch in names.chunks(BATCH) {
        let alters = alters(batch, value);
        let done = cluster.incremental_alter_configs(&alters, Mode::Apply);
        ensure!(done.await?.iter().all(Result::is_ok));
    }
    let key = ConfigKey::from(CONFIG[3].0);
    loop {
        let keys = names
            .iter()
            .map(|name| (name.clone(), [key.clone()].into()));
        let configs = cluster.describe_named_configs(keys.collect()).await?;
        let shows = configs.values().all(|configs| {
            configs.as_ref().is_ok_and(|entries| {
                let mut entries = entries.iter();
                entries.any(|e| e.key.as_str() == CONFIG[3].0 && e.value.as_deref() == Some(value))
            })
        });
        if shows {
            return Ok(());
        }
    }
}

/// Deletes, until none is visible.
///
/// # Errors
/// A broker does not answer, or refuses.
pub async fn delete(cluster: &Cluster, names: &[TopicName]) -> Result<()> {
    for batch in names.chunks(BATCH) {
        cluster.delete_topics(batch).await?;
    }
    loop {
        let topics = cluster.metadata().await?.topics;
        if names.iter().all(|name| !topics.contains_key(name)) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
