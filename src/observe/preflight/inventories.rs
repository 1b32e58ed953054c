//! Detects inventories of other scopes: deleting one would delete the holds, locks and ownership of
//! all its users, so no plan changes one. The environment's own inventory is known and cannot be
//! listed.

use std::collections::BTreeSet;

use super::Rejection;
use crate::inventory;
use crate::kafka::{Cluster, Error};
use crate::live::{PreflightError, PreflightErrorKind};
use crate::model::{Operation, Step, TopicName};

pub(super) async fn preflight(cluster: &Cluster, steps: &[Step]) -> Result<Vec<Rejection>, Error> {
    let touched = steps
        .iter()
        .filter(|step| !matches!(step.work, Operation::Create(_)));
    let touched: BTreeSet<&TopicName> = touched.map(|step| &step.topic).collect();
    let touched: Vec<TopicName> = touched.into_iter().cloned().collect();
    let inventories = inventory::inventories_among(cluster, &touched).await?;
    let rejections = inventories.into_iter().map(|(topic, words)| {
        let of_topic = steps.iter().filter(|step| step.topic == topic);
        let preflight_error = PreflightError {
            parts: of_topic.flat_map(Step::parts).collect(),
            kind: PreflightErrorKind::Inventory,
            words,
            about: None,
        };
        (topic, preflight_error)
    });
    Ok(rejections.collect())
}
