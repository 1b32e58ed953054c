//! Validation of deletes: Kafka has no `validate_only` for them, so the broker config and the
//! rights are read.

use super::{Rejection, preflight_error};
use crate::kafka::{AclOperation, Cluster, Error, Fault, FaultKind, TopicDescription};
use crate::live::{PreflightError, PreflightErrorKind};
use crate::model::TopicName;

/// The broker config that disables deletes.
const ENABLED: &str = "delete.topic.enable";

pub(super) async fn preflight(
    cluster: &Cluster,
    topics: &[TopicName],
) -> Result<Vec<Rejection>, Error> {
    if topics.is_empty() {
        return Ok(Vec::new());
    }
    let (switch, descriptions) = tokio::try_join!(
        switched_off(cluster),
        cluster.describe_topics_and_rights(topics)
    )?;
    let who = cluster.principal();
    let who = who.as_deref().unwrap_or("this principal");
    let of_topic = |topic: &TopicName| {
        let right = descriptions.get(topic).and_then(|d| no_right(d, who));
        switch
            .iter()
            .cloned()
            .chain(right)
            .map(|o| (topic.clone(), o))
            .collect::<Vec<Rejection>>()
    };
    Ok(topics.iter().flat_map(of_topic).collect())
}

fn whole(kind: PreflightErrorKind, words: String) -> PreflightError {
    PreflightError {
        parts: vec![None],
        kind,
        words,
        about: None,
    }
}

/// Returns an error if deletes are disabled, read from the first broker that responds.
async fn switched_off(cluster: &Cluster) -> Result<Option<PreflightError>, Error> {
    let mut last = None;
    for broker in cluster.metadata().await?.brokers {
        match cluster.describe_broker_configs(broker.id).await {
            Ok(Ok(configs)) => {
                let switch = configs.find(ENABLED);
                let off = switch.is_some_and(|config| config.value.as_deref() == Some("false"));
                let words = || format!("{ENABLED} is false on broker {}", broker.id);
                return Ok(off.then(|| whole(PreflightErrorKind::Refused, words())));
            }
            Ok(Err(fault)) => {
                let words = format!("whether {ENABLED} is on: {}", super::words(&fault));
                last = Some(Ok(whole(PreflightErrorKind::Unchecked, words)));
            }
            // The metadata may still contain a broker that is down.
            Err(error) => last = last.or(Some(Err(error))),
        }
    }
    last.transpose()
}

/// Returns the error of a delete by a topic's description.
fn no_right(description: &Result<TopicDescription, Fault>, who: &str) -> Option<PreflightError> {
    match description {
        // A topic that has been deleted needs no right.
        Err(fault) if fault.kind() == FaultKind::Missing => None,
        Err(fault) => Some(preflight_error(vec![None], None, fault)),
        Ok(description) => {
            let operations = description.operations.as_ref()?;
            let may = operations.contains(&AclOperation::Delete);
            let words = || format!("{who} has no right to delete it; needed: Delete on the topic");
            (!may).then(|| whole(PreflightErrorKind::NotAuthorised, words()))
        }
    }
}
