//! Inventories of others: with one go the holds, the locks and the ownership of all who use it, so no
//! plan touches any. The own one is known from the environment, and cannot be listed at all.

use std::collections::BTreeSet;

use super::{Questions, Said};
use crate::inventory::{self, InventoryError};
use crate::kafka::{Cluster, Error};
use crate::live::{Objection, ObjectionKind};
use crate::model::{Setting, TopicName};

pub(super) async fn preflight(
    cluster: &Cluster,
    questions: &Questions,
) -> Result<Vec<Said>, Error> {
    let alters = questions.alters.iter().map(|alter| &alter.topic);
    let growths = questions.growths.iter().map(|growth| &growth.topic);
    let touched: BTreeSet<&TopicName> = questions
        .deletes
        .iter()
        .chain(alters)
        .chain(growths)
        .collect();
    let touched: Vec<TopicName> = touched.into_iter().cloned().collect();
    let mut said = Vec::new();
    for (topic, configs) in cluster.describe_topic_configs(&touched).await? {
        // One that cannot be described is not changed either, or its answer is told elsewhere.
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
        let parts = parts(&topic, questions);
        let kind = ObjectionKind::Inventory;
        said.push((
            topic,
            Objection {
                parts,
                kind,
                words,
                about: None,
            },
        ));
    }
    Ok(said)
}

/// All that was to be changed of a topic.
fn parts(topic: &TopicName, questions: &Questions) -> Vec<Option<Setting>> {
    let alters = questions.alters.iter();
    let alters = alters.filter(|alter| alter.topic == *topic);
    let configs = alters.flat_map(|alter| &alter.ops);
    let configs = configs.map(|(key, _)| Some(Setting::Config(key.clone())));
    configs.chain([Some(Setting::Partitions), None]).collect()
}
