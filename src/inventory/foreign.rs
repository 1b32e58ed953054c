//! Inventories among topics that are to be changed or deleted: with one go the holds, the locks and
//! the ownership of all who use it.

use std::collections::BTreeMap;

use super::error::InventoryError;
use super::ledger::is_one;
use super::topic::may_be_one;
use crate::kafka::{Cluster, Error};
use crate::model::TopicName;

/// The topics that hold the records of an inventory, or may hold them, each with the reason. A topic
/// whose configs cannot be read is not among them.
///
/// # Errors
/// The cluster gave no answer.
pub async fn inventories_among(
    cluster: &Cluster,
    topics: &[TopicName],
) -> Result<BTreeMap<TopicName, String>, Error> {
    let mut found = BTreeMap::new();
    for (topic, configs) in cluster.describe_topic_configs(topics).await? {
        if !configs.is_ok_and(|configs| may_be_one(&configs)) {
            continue;
        }
        let reason = match is_one(cluster, &topic).await {
            Ok(true) => "it holds the records of an inventory".to_owned(),
            Ok(false) => continue,
            Err(InventoryError::Unanswered(error)) => return Err(error),
            Err(error) => format!("it may hold the records of an inventory: {error}"),
        };
        found.insert(topic, reason);
    }
    Ok(found)
}
