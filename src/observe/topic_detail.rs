//! Reads the details of one topic: partitions, groups with their lag, and messages. What cannot be
//! read is part of the result, not an error.

use std::collections::BTreeMap;
use std::time::Duration;

use super::preflight::words;
use super::usage::{Group, again, groups, is_unsettled, unseen};
use crate::kafka::{Cluster, Error, Metadata, OffsetAt, Offsets, Partition};
use crate::live::{GroupLag, Member, PartitionState, TopicDetail, Unseen};
use crate::model::TopicName;

/// The maximum time of retries while brokers do not know which partitions they lead.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads the details of a topic; `None` if it is not visible.
///
/// # Errors
/// Returns why the cluster as a whole could not be read.
pub async fn topic_detail(
    cluster: &Cluster,
    topic: &TopicName,
) -> Result<Option<TopicDetail>, Error> {
    let metadata = cluster.metadata().await?;
    let Some(found) = metadata.topics.get(topic) else {
        return Ok(None);
    };
    let numbered = (0..).zip(&found.partitions);
    let partitions = numbered.map(|(number, partition)| state(number, partition, &metadata));
    let mut topic_detail = TopicDetail {
        partitions: partitions.collect(),
        ..TopicDetail::default()
    };
    // The current state of groups is of interest, so rebalances are not waited for.
    let groups = groups(cluster, |_| false);
    let (groups, ()) = tokio::join!(groups, add_offsets(cluster, topic, &mut topic_detail));
    match groups {
        Err(why) => topic_detail
            .unseen_groups
            .push(unseen("consumer groups", &why)),
        Ok(groups) => {
            for (name, group) in &groups {
                let lag = lag(topic, name, group, &mut topic_detail.unseen_groups);
                topic_detail.groups.extend(lag);
            }
        }
    }
    Ok(Some(topic_detail))
}

fn state(number: i32, partition: &Partition, metadata: &Metadata) -> PartitionState {
    let is_up = |id: &i32| metadata.brokers.iter().any(|broker| broker.id == *id);
    let offline = partition.replicas.iter().filter(|id| !is_up(id));
    PartitionState {
        number,
        leader: partition.leader.filter(is_up),
        replicas: partition.replicas.clone(),
        in_sync: partition.in_sync.clone(),
        offline: offline.copied().collect(),
        first_offset: None,
        next_offset: None,
    }
}

/// Reads the offsets of partitions from their leaders. Partitions without a leader are skipped.
async fn add_offsets(cluster: &Cluster, topic: &TopicName, topic_detail: &mut TopicDetail) {
    let led = topic_detail
        .partitions
        .iter()
        .filter(|p| p.leader.is_some());
    let led: Vec<(TopicName, i32)> = led.map(|p| (topic.clone(), p.number)).collect();
    let ask = async |at| {
        let ask = async |led: &[(TopicName, i32)]| cluster.offsets(led, at).await;
        again(&led, PATIENCE, ask, |_| false).await
    };
    let asked = tokio::try_join!(ask(OffsetAt::Earliest), ask(OffsetAt::Latest));
    let (first, next) = match asked {
        Ok(offsets) => offsets,
        Err(error) => {
            let what = "what it holds";
            topic_detail
                .unseen_messages
                .push(unseen(what, &error.to_string()));
            return;
        }
    };
    for partition in &mut topic_detail.partitions {
        let at = |offsets: &Offsets| {
            let found = offsets.get(&(topic.clone(), partition.number))?;
            Some(found.as_ref().map(|found| found.offset).map_err(words))
        };
        match (at(&first), at(&next)) {
            (Some(Ok(first)), Some(Ok(next))) => {
                partition.first_offset = Some(first);
                partition.next_offset = Some(next);
            }
            (Some(Err(why)), _) | (_, Some(Err(why))) => {
                let what = format!("what partition {} holds", partition.number);
                topic_detail.unseen_messages.push(unseen(&what, &why));
            }
            (None, _) | (_, None) => {}
        }
    }
    // Not available from brokers before Kafka 3.0, and not essential.
    if let Ok(newest) = ask(OffsetAt::MaxTimestamp).await {
        let times = newest.values().flatten().map(|found| found.timestamp);
        topic_detail.newest_record_ms = times.filter(|time| *time >= 0).max();
    }
}

/// Returns the offsets of a group for a topic; `None` if the group does not use it.
fn lag(topic: &TopicName, name: &str, group: &Group, hidden: &mut Vec<Unseen>) -> Option<GroupLag> {
    let mut lag = GroupLag {
        name: name.to_owned(),
        ..GroupLag::default()
    };
    match &group.description {
        Ok(description) => {
            lag.state = (!description.state.is_empty()).then(|| description.state.clone());
            for member in &description.members {
                let assigned = member.assigned.iter().flatten();
                let own = assigned.filter(|(read, _)| read == topic);
                let partitions: Vec<i32> = own.map(|(_, number)| *number).collect();
                if !partitions.is_empty() {
                    lag.members.push(Member {
                        client_id: member.client_id.clone(),
                        host: member.host.clone(),
                        partitions,
                    });
                }
            }
            if is_unsettled(description) {
                let what = format!("what group {name} reads");
                let why = "its members are being assigned partitions";
                hidden.push(unseen(&what, why));
            }
        }
        Err(fault) => {
            let what = format!("the members of group {name}");
            hidden.push(unseen(&what, &words(fault)));
        }
    }
    match &group.committed {
        Ok(offsets) => {
            let own = offsets.iter().filter(|((of, _), _)| of == topic);
            let own = own.map(|((_, number), offset)| (*number, *offset));
            lag.committed = Some(own.collect::<BTreeMap<i32, i64>>());
        }
        Err(fault) => {
            let what = format!("the offsets of group {name}");
            hidden.push(unseen(&what, &words(fault)));
        }
    }
    let committed = lag.committed.as_ref().is_some_and(|own| !own.is_empty());
    (committed || !lag.members.is_empty()).then_some(lag)
}
