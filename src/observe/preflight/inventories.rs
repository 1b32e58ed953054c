//! Detects inventories of other scopes: deleting one would delete the holds, locks and ownership of
//! all its users, so no plan changes one. The environment's own inventory is known and cannot be
//! listed.

use std::collections::BTreeSet;

use super::Rejection;
use crate::inventory::{self, InventoryError};
use crate::kafka::{Cluster, Error};
use crate::live::{PreflightError, PreflightErrorKind};
use crate::model::TopicName;
use crate::model::{Operation, Step};

pub(super) async fn preflight(cluster: &Cluster, steps: &[Step]) -> Result<Vec<Rejection>, Error> {
    let touched = steps
        .iter()
        .filter(|step| !matches!(step.work, Operation::Create(_)));
    let touched: BTreeSet<&TopicName> = touched.map(|step| &step.topic).collect();
    let touched: Vec<TopicName> = touched.into_iter().cloned().collect();
    let mut said = Vec::new();
    for (topic, configs) in cluster.describe_topic_configs(&touched).await? {
        // A topic that cannot be described is not changed, or its error is reported elsewhere.
        let Ok(configs) = configs else { continue };
        if !inventory::may_be_one(&configs) {
            continue;
        }
        let words = match inventory::is_one(cluster, &topic).await {
            Ok(true) => "it holds the records of an inventory".to_owned(),
            Ok(false) => continue,
            Err(InventoryError::Unanswered(error)) => return Err(error),
            Err(error) => format!("it may hold the records of an inventory: {error}"),
        };
        let of_topic = steps.iter().filter(|step| step.topic == topic);
        let preflight_error = PreflightError {
            parts: of_topic.flat_map(Step::parts).collect(),
            kind: PreflightErrorKind::Inventory,
            words,
            about: None,
        };
        said.push((topic, preflight_error));
    }
    Ok(said)
}
