//! Asks a cluster whether it would make changes, before any is made (`validate_only`). What has
//! no `validate_only`, deleting, is looked up.

pub(super) mod ask;
mod configs;
mod deletes;
mod inventories;

use std::collections::BTreeMap;

use ask::ask;

use crate::kafka::batches::{Cost, pack};
use crate::kafka::{Alter, Cluster, Error, Fault, FaultKind, Mode, NewTopic};
use crate::live::{Objection, ObjectionKind};
use crate::model::{Setting, TopicName};

/// Changes that a cluster is asked about; no topic twice in any of the lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Questions {
    /// Topics to create.
    pub creates: Vec<NewTopic>,
    /// Partitions to add.
    pub growths: Vec<Growth>,
    /// Configs to change.
    pub alters: Vec<Alter>,
    /// Topics to delete.
    pub deletes: Vec<TopicName>,
}

/// Partitions to add to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Growth {
    /// The topic.
    pub topic: TopicName,
    /// How many it has.
    pub from: u32,
    /// How many it gets.
    pub to: u32,
}

/// What a cluster has against changes, by topic.
pub type Objections = BTreeMap<TopicName, Vec<Objection>>;

/// Asks. Nothing on the cluster changes.
///
/// # Errors
/// Why some question got no answer at all.
pub async fn preflight(cluster: &Cluster, questions: &Questions) -> Result<Objections, Error> {
    let (creates, growths, alters, deletes, inventories) = tokio::try_join!(
        creates(cluster, &questions.creates),
        growths(cluster, &questions.growths),
        configs::preflight(cluster, &questions.alters),
        deletes::preflight(cluster, &questions.deletes),
        inventories::preflight(cluster, questions),
    )?;
    let mut objections = Objections::new();
    for (topic, objection) in [inventories, creates, growths, alters, deletes].concat() {
        objections.entry(topic).or_default().push(objection);
    }
    Ok(objections)
}

/// A topic with what is said against a change of it.
type Said = (TopicName, Objection);

async fn creates(cluster: &Cluster, topics: &[NewTopic]) -> Result<Vec<Said>, Error> {
    let batches = pack(topics.to_vec(), |topic| {
        Cost::of_create(topic.partitions, topic.config.len())
    });
    let send =
        async |topics: Vec<NewTopic>| cluster.create_topics(&topics, Mode::ValidateOnly).await;
    let mut objections = ask(cluster, batches, send).await?;
    // Not one that may not be seen, for none such is planned: it was made just now, and brokers do
    // not show it yet. That is for an apply to read back.
    objections.retain(|(_, fault)| fault.kind() != FaultKind::AlreadyExists);
    let said = |(topic, fault): (NewTopic, Fault)| {
        let about = at_fault(&topic, &fault);
        (topic.name, objection(vec![None], about, &fault))
    };
    Ok(objections.into_iter().map(said).collect())
}

/// What of a topic to create the broker's answer is about, as far as it lets on.
fn at_fault(topic: &NewTopic, fault: &Fault) -> Option<Setting> {
    /// Kafka's `INVALID_PARTITIONS`, `INVALID_REPLICATION_FACTOR` and `INVALID_CONFIG`.
    const PARTITIONS: i32 = 37;
    const REPLICATION_FACTOR: i32 = 38;
    const CONFIG: i32 = 40;
    match fault.code {
        PARTITIONS => Some(Setting::Partitions),
        REPLICATION_FACTOR => Some(Setting::ReplicationFactor),
        CONFIG => {
            let keys = topic.config.iter().map(|(key, _)| key);
            // The longest, for one key can stand in another.
            let named = keys.filter(|key| fault.message.contains(key.as_str()));
            let named = named.max_by_key(|key| key.as_str().len());
            named.map(|key| Setting::Config(key.clone()))
        }
        _ => None,
    }
}

async fn growths(cluster: &Cluster, growths: &[Growth]) -> Result<Vec<Said>, Error> {
    let batches = pack(growths.to_vec(), |growth| {
        Cost::of_growth(growth.from, growth.to)
    });
    let send = async |growths: Vec<Growth>| {
        let counts: Vec<(TopicName, u32)> = growths.into_iter().map(|g| (g.topic, g.to)).collect();
        cluster.create_partitions(&counts, Mode::ValidateOnly).await
    };
    let mut objections = ask(cluster, batches, send).await?;
    // More than was seen, and still no increase: the topic has grown just now, by an apply that was
    // killed say, and brokers do not show it yet. That is for an apply to read back.
    objections.retain(|(_, fault)| fault.kind() != FaultKind::InvalidPartitions);
    let parts = || vec![Some(Setting::Partitions)];
    let said = |(growth, fault): (Growth, Fault)| {
        let objection = objection(parts(), Some(Setting::Partitions), &fault);
        (growth.topic, objection)
    };
    Ok(objections.into_iter().map(said).collect())
}

fn objection(parts: Vec<Option<Setting>>, about: Option<Setting>, fault: &Fault) -> Objection {
    Objection {
        parts,
        kind: kind(fault),
        words: words(fault),
        about,
    }
}

fn kind(fault: &Fault) -> ObjectionKind {
    /// Kafka's `UNSUPPORTED_VERSION`: of a request that the broker lists, its `validate_only` may
    /// be what it does not know.
    const UNSUPPORTED_VERSION: i32 = 35;
    match fault.kind() {
        FaultKind::NotAuthorised => ObjectionKind::NotAuthorised,
        FaultKind::Throttled => ObjectionKind::Unchecked,
        _ if fault.code == UNSUPPORTED_VERSION => ObjectionKind::Unchecked,
        _ => ObjectionKind::Refused,
    }
}

/// The broker's own words, the code behind them.
pub(super) fn words(fault: &Fault) -> String {
    let Fault {
        code,
        name,
        message,
    } = fault;
    match message.is_empty() {
        true => format!("{name} {code}"),
        false => format!("{message} ({name} {code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(code: i32, message: &str) -> Fault {
        Fault {
            code,
            name: "NAME".to_owned(),
            message: message.to_owned(),
        }
    }

    #[test]
    fn the_value_at_fault_is_found_where_the_broker_lets_on() {
        let topic = NewTopic {
            name: "a".into(),
            partitions: 1,
            replication_factor: 1,
            config: ["retention.ms", "local.retention.ms"]
                .map(|key| (key.into(), "1".to_owned()))
                .to_vec(),
        };
        let about = |code, message| at_fault(&topic, &fault(code, message));
        assert_eq!(about(37, ""), Some(Setting::Partitions));
        assert_eq!(about(38, "retention.ms"), Some(Setting::ReplicationFactor));
        let config = |key: &str| Some(Setting::Config(key.into()));
        let invalid = "Invalid value x for configuration local.retention.ms: no";
        assert_eq!(about(40, invalid), config("local.retention.ms"));
        assert_eq!(about(40, "x: retention.ms"), config("retention.ms"));
        assert_eq!(about(40, "Tiered Storage is disabled"), None);
        assert_eq!(about(17, "retention.ms"), None);
    }

    #[test]
    fn answers_have_a_kind_and_the_brokers_words() {
        use ObjectionKind::{NotAuthorised, Refused, Unchecked};
        for (code, expected) in [
            (40, Refused),
            (3, Refused),
            (-1, Refused),
            (29, NotAuthorised),
            (89, Unchecked),
            (35, Unchecked),
            (-165, Refused),
        ] {
            assert_eq!(kind(&fault(code, "")), expected, "{code}");
        }
        assert_eq!(words(&fault(40, "No.")), "No. (NAME 40)");
        assert_eq!(words(&fault(40, "")), "NAME 40");
    }
}
