//! Validates changes on the cluster before the first change (`validate_only`). For deletes, which
//! have no `validate_only`, config and authorization are read instead.

pub(super) mod ask;
mod configs;
mod deletes;
mod inventories;

use std::collections::BTreeMap;

use ask::ask;

use crate::kafka::batches::{Cost, pack};
use crate::kafka::{Alter, Cluster, Error, Fault, FaultKind, Mode, NewTopic};
use crate::live::{PreflightError, PreflightErrorKind};
use crate::model::{Operation, Step};
use crate::model::{Setting, TopicName};

/// The preflight errors, by topic.
pub type Objections = BTreeMap<TopicName, Vec<PreflightError>>;

/// Validates the steps of a plan. Nothing on the cluster changes. The config changes of a topic,
/// which an apply makes in up to three steps, are validated in one request.
///
/// # Errors
/// Returns why a request got no response.
pub async fn preflight(cluster: &Cluster, steps: &[Step]) -> Result<Objections, Error> {
    let mut alters: BTreeMap<&TopicName, Alter> = BTreeMap::new();
    for step in steps.iter().filter(|step| !step.ops().is_empty()) {
        let alter = alters.entry(&step.topic).or_insert_with(|| Alter {
            topic: step.topic.clone(),
            ops: Vec::new(),
        });
        alter.ops.extend(step.ops());
    }
    let deletes = steps
        .iter()
        .filter(|step| matches!(step.work, Operation::Delete { .. }));
    let deletes: Vec<TopicName> = deletes.map(|step| step.topic.clone()).collect();
    let (inventories, creates, growths, alters, deletes) = tokio::try_join!(
        inventories::preflight(cluster, steps),
        creates(cluster, steps),
        growths(cluster, steps),
        configs::preflight(cluster, alters.into_values().collect()),
        deletes::preflight(cluster, &deletes),
    )?;
    let mut preflight_errors = Objections::new();
    for (topic, preflight_error) in [inventories, creates, growths, alters, deletes].concat() {
        preflight_errors
            .entry(topic)
            .or_default()
            .push(preflight_error);
    }
    Ok(preflight_errors)
}

/// A topic with a preflight error of its change.
type Rejection = (TopicName, PreflightError);

async fn creates(cluster: &Cluster, steps: &[Step]) -> Result<Vec<Rejection>, Error> {
    let topics = steps.iter().filter_map(|step| match &step.work {
        Operation::Create(topic) => Some(topic.clone()),
        _ => None,
    });
    let batches = pack(topics.collect(), |topic: &NewTopic| {
        Cost::of_create(topic.partitions, topic.config.len())
    });
    let send =
        async |topics: Vec<NewTopic>| cluster.create_topics(&topics, Mode::ValidateOnly).await;
    let mut preflight_errors = ask(cluster, batches, send).await?;
    // It was just created, and brokers do not return it yet; topics that are not visible are never
    // planned. The apply's read-back detects this.
    preflight_errors.retain(|(_, fault)| fault.kind() != FaultKind::AlreadyExists);
    let said = |(topic, fault): (NewTopic, Fault)| {
        let about = at_fault(&topic, &fault);
        (topic.name, preflight_error(vec![None], about, &fault))
    };
    Ok(preflight_errors.into_iter().map(said).collect())
}

/// Returns the setting of a new topic that the broker's error refers to, as far as it shows.
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
            // The longest, because a key can contain another.
            let named = keys.filter(|key| fault.message.contains(key.as_str()));
            let named = named.max_by_key(|key| key.as_str().len());
            named.map(|key| Setting::Config(key.clone()))
        }
        _ => None,
    }
}

async fn growths(cluster: &Cluster, steps: &[Step]) -> Result<Vec<Rejection>, Error> {
    let growths = steps.iter().filter_map(|step| match step.work {
        Operation::AddPartitions { from, to } => Some((step.topic.clone(), from, to)),
        _ => None,
    });
    let batches = pack(growths.collect(), |(_, from, to)| {
        Cost::of_growth(*from, *to)
    });
    let send = async |growths: Vec<(TopicName, u32, u32)>| {
        let counts = growths.into_iter().map(|(topic, _, to)| (topic, to));
        let counts: Vec<(TopicName, u32)> = counts.collect();
        cluster.create_partitions(&counts, Mode::ValidateOnly).await
    };
    let mut preflight_errors = ask(cluster, batches, send).await?;
    // The topic has just got more partitions than were read, for example by an apply that was
    // killed, and brokers do not return them yet. The apply's read-back detects this.
    preflight_errors.retain(|(_, fault)| fault.kind() != FaultKind::InvalidPartitions);
    let parts = || vec![Some(Setting::Partitions)];
    let said = |((topic, ..), fault): ((TopicName, u32, u32), Fault)| {
        let preflight_error = preflight_error(parts(), Some(Setting::Partitions), &fault);
        (topic, preflight_error)
    };
    Ok(preflight_errors.into_iter().map(said).collect())
}

fn preflight_error(
    parts: Vec<Option<Setting>>,
    about: Option<Setting>,
    fault: &Fault,
) -> PreflightError {
    PreflightError {
        parts,
        kind: kind(fault),
        words: words(fault),
        about,
    }
}

fn kind(fault: &Fault) -> PreflightErrorKind {
    /// Kafka's `UNSUPPORTED_VERSION`: the broker supports the request, but possibly not its
    /// `validate_only`.
    const UNSUPPORTED_VERSION: i32 = 35;
    /// Kafka's `UNKNOWN_SERVER_ERROR`.
    const UNKNOWN: i32 = -1;
    match fault.kind() {
        _ if fault.code == UNKNOWN => PreflightErrorKind::Failed,
        FaultKind::NotAuthorised => PreflightErrorKind::NotAuthorised,
        FaultKind::Throttled => PreflightErrorKind::Unchecked,
        _ if fault.code == UNSUPPORTED_VERSION => PreflightErrorKind::Unchecked,
        _ => PreflightErrorKind::Refused,
    }
}

/// Returns the broker's message, followed by the error code.
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
        use PreflightErrorKind::{Failed, NotAuthorised, Refused, Unchecked};
        for (code, expected) in [
            (40, Refused),
            (3, Refused),
            (-1, Failed),
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
