//! Reads the usage of topics: consumer groups, the newest record, messages. What cannot be read is
//! part of the result, not an error.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::preflight::words;
use crate::kafka::{
    Cluster, Committed, Error, Fault, FaultKind, GroupDescription, OffsetAt, OffsetFound, Offsets,
};
use crate::live::{GroupUse, Unseen, Usage};
use crate::model::{BrokerTime, TopicName};

/// The age of a record below which its topic is in use.
const RECENT: Duration = Duration::from_secs(24 * 60 * 60);

/// The maximum time and the interval of retries for unsettled state: groups in a rebalance, topics
/// that were just created.
const SETTLING: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_millis(250);

/// The id of a group that does not exist. Kafka omits groups that a principal is not authorized to
/// describe from its list, without an error; a principal that is authorized to describe this group
/// is authorized to describe any.
const PROBE: &str = "topicsmith.may-i-see-every-group?";

/// Reads the usage of topics, each with its number of partitions, at a time.
pub async fn usage(
    cluster: &Cluster,
    topics: &BTreeMap<TopicName, u32>,
    now: BrokerTime,
) -> BTreeMap<TopicName, Usage> {
    if topics.is_empty() {
        return BTreeMap::new();
    }
    let groups = groups(cluster, is_unsettled);
    let (groups, mut usage) = tokio::join!(groups, settled_records(cluster, topics, now));
    for (topic, usage) in &mut usage {
        match &groups {
            Err(why) => usage.unseen.push(unseen("consumer groups", why)),
            Ok(groups) => {
                for (name, group) in groups {
                    add_group(usage, topic, name, group);
                }
            }
        }
    }
    usage
}

pub(super) fn unseen(what: &str, why: &str) -> Unseen {
    Unseen {
        what: what.to_owned(),
        why: why.to_owned(),
    }
}

/// A group's description and offsets.
pub(super) struct Group {
    pub(super) description: Result<GroupDescription, Fault>,
    pub(super) committed: Result<Committed, Fault>,
}

/// Returns all groups, or why not all are visible. Groups that are `unsettled` are read again for a
/// while.
pub(super) async fn groups(
    cluster: &Cluster,
    unsettled: impl Fn(&GroupDescription) -> bool,
) -> Result<BTreeMap<String, Group>, String> {
    let listed = async {
        if never_any(cluster).await? {
            return Ok((BTreeMap::new(), BTreeMap::new()));
        }
        let names = cluster.list_groups().await?;
        let with_probe: Vec<String> = names.iter().cloned().chain([PROBE.to_owned()]).collect();
        tokio::try_join!(
            described(cluster, &with_probe, unsettled),
            cluster.committed(&names)
        )
    };
    let listed: Result<_, Error> = listed.await;
    let (mut described, mut committed) = listed.map_err(|error| error.to_string())?;
    if let Some(Err(fault)) = described.remove(PROBE)
        && !is_missing(&fault)
    {
        return Err(words(&fault));
    }
    let group = |(name, description): (String, Result<GroupDescription, Fault>)| {
        let committed = committed.remove(&name).unwrap_or(Ok(Committed::new()));
        let group = Group {
            description: unless_missing(description),
            committed: unless_missing(committed),
        };
        (name, group)
    };
    Ok(described.into_iter().map(group).collect())
}

/// Returns whether all groups are visible to this principal; the fault is the reason if not. `None`
/// if no group has ever existed.
pub(super) async fn sees_all_groups(cluster: &Cluster) -> Result<Option<Result<(), Fault>>, Error> {
    if never_any(cluster).await? {
        return Ok(None);
    }
    let mut described = cluster.describe_groups(&[PROBE.to_owned()]).await?;
    Ok(Some(match described.remove(PROBE) {
        Some(Err(fault)) if !is_missing(&fault) => Err(fault),
        _ => Ok(()),
    }))
}

/// Returns whether no group has ever existed: Kafka creates the topic of their offsets on the first
/// request for a group, and a read must not change a cluster.
async fn never_any(cluster: &Cluster) -> Result<bool, Error> {
    let topic = TopicName::from("__consumer_offsets");
    let described = cluster
        .describe_topics(std::slice::from_ref(&topic))
        .await?;
    let gone = |fault: &Fault| fault.kind() == FaultKind::Missing;
    Ok(matches!(described.get(&topic), Some(Err(fault)) if gone(fault)))
}

type Described = BTreeMap<String, Result<GroupDescription, Fault>>;

/// Describes groups; those without a response and those that are `unsettled` are read again for a
/// while.
async fn described(
    cluster: &Cluster,
    names: &[String],
    unsettled: impl Fn(&GroupDescription) -> bool,
) -> Result<Described, Error> {
    let ask = async |names: &[String]| cluster.describe_groups(names).await;
    again(names, SETTLING, ask, unsettled).await
}

/// Sends requests, with retries for a while for items without a response or in an unsettled state.
pub(super) async fn again<K: Ord + Clone, T>(
    what: &[K],
    patience: Duration,
    ask: impl AsyncFn(&[K]) -> Result<BTreeMap<K, Result<T, Fault>>, Error>,
    is_unsettled: impl Fn(&T) -> bool,
) -> Result<BTreeMap<K, Result<T, Fault>>, Error> {
    let give_up = Instant::now() + patience;
    let mut answers = ask(what).await?;
    let is_open = |answer: &Result<T, Fault>| match answer {
        Ok(answer) => is_unsettled(answer),
        Err(fault) => fault.kind() == FaultKind::Unanswered || fault.kind().is_worth_another_try(),
    };
    loop {
        let open = answers.iter().filter(|(_, answer)| is_open(answer));
        let open: Vec<K> = open.map(|(key, _)| key.clone()).collect();
        if open.is_empty() || Instant::now() >= give_up {
            return Ok(answers);
        }
        tokio::time::sleep(AGAIN).await;
        answers.extend(ask(&open).await?);
    }
}

/// Returns whether the group is in a rebalance.
pub(super) fn is_unsettled(group: &GroupDescription) -> bool {
    group.members.iter().any(|member| member.assigned.is_none())
}

fn is_missing(fault: &Fault) -> bool {
    /// Kafka's `GROUP_ID_NOT_FOUND`.
    const NOT_FOUND: i32 = 69;
    fault.code == NOT_FOUND
}

/// Treats a group that has been deleted as empty.
fn unless_missing<T: Default>(answer: Result<T, Fault>) -> Result<T, Fault> {
    match answer {
        Err(fault) if is_missing(&fault) => Ok(T::default()),
        answer => answer,
    }
}

fn add_group(usage: &mut Usage, topic: &TopicName, name: &str, group: &Group) {
    let mut members = 0;
    match &group.description {
        Ok(description) => {
            let members_of_it = description.members.iter();
            let assigned = members_of_it.filter_map(|member| member.assigned.as_ref());
            let reads =
                |partitions: &&BTreeSet<_>| partitions.iter().any(|(read, _)| read == topic);
            let reading = assigned.filter(reads).count();
            members = u64::try_from(reading).unwrap_or(u64::MAX);
            if is_unsettled(description) {
                let what = format!("what group {name} reads");
                let why = "its members are being assigned partitions";
                usage.unseen.push(unseen(&what, why));
            }
        }
        Err(fault) => {
            let what = format!("the members of group {name}");
            usage.unseen.push(unseen(&what, &words(fault)));
        }
    }
    let committed = match &group.committed {
        Ok(offsets) => offsets.keys().any(|(committed, _)| committed == topic),
        Err(fault) => {
            let what = format!("the offsets of group {name}");
            usage.unseen.push(unseen(&what, &words(fault)));
            false
        }
    };
    if members > 0 || committed {
        usage.groups.push(GroupUse {
            name: name.to_owned(),
            members,
            committed,
        });
    }
}

/// Reads the records of topics. A topic that is being deleted, for example by an apply that was
/// killed, has no leaders and stays visible for a moment: it is read again until it is gone, and
/// then has no records.
async fn settled_records(
    cluster: &Cluster,
    topics: &BTreeMap<TopicName, u32>,
    now: BrokerTime,
) -> BTreeMap<TopicName, Usage> {
    let give_up = Instant::now() + SETTLING;
    let mut there = topics.clone();
    loop {
        let mut usage = records(cluster, &there, now).await;
        let seen = usage.values().all(|usage| usage.unseen.is_empty());
        let shown = match seen || Instant::now() >= give_up {
            true => None,
            false => cluster.metadata().await.ok(),
        };
        let leads = |topic: &TopicName| {
            let shown = shown.as_ref().map(|shown| shown.topics.get(topic));
            shown.is_none_or(|topic| {
                topic.is_some_and(|topic| topic.partitions.iter().all(|p| p.leader.is_some()))
            })
        };
        if there.keys().all(leads) {
            let gone = topics.keys().filter(|topic| !there.contains_key(*topic));
            usage.extend(gone.map(|topic| (topic.clone(), Usage::default())));
            return usage;
        }
        if let Some(shown) = &shown {
            there.retain(|topic, _| shown.topics.contains_key(topic));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn records(
    cluster: &Cluster,
    topics: &BTreeMap<TopicName, u32>,
    now: BrokerTime,
) -> BTreeMap<TopicName, Usage> {
    let partitions = partitions(topics);
    let ask = async |at| {
        let ask = async |some: &[(TopicName, i32)]| cluster.offsets(some, at).await;
        let answer = again(&partitions, SETTLING, ask, |_| false).await;
        answer.map_err(|error| error.to_string())
    };
    let (first, next, newest) = tokio::join!(
        ask(OffsetAt::Earliest),
        ask(OffsetAt::Latest),
        ask(OffsetAt::MaxTimestamp)
    );
    let held = |(topic, count): (&TopicName, &u32)| {
        let mut usage = Usage::default();
        let each = |answer: &Result<Offsets, String>| of_topic(answer, topic, *count);
        match each(&first).and_then(|first| Ok((first, each(&next)?))) {
            Err(why) => usage.unseen.push(unseen("what it holds", &why)),
            Ok((first, next)) => usage.messages = Some(held(&first, &next)),
        }
        match each(&newest) {
            Err(why) => usage.unseen.push(unseen("its newest record", &why)),
            Ok(newest) => {
                let times = newest.iter().map(|found| found.timestamp);
                let latest = times.filter(|time| *time >= 0).max();
                usage.recent = latest.is_some_and(|time| is_recent(time, now.now_ms()));
                usage.newest_record_ms = latest;
            }
        }
        (topic.clone(), usage)
    };
    topics.iter().map(held).collect()
}

fn partitions(topics: &BTreeMap<TopicName, u32>) -> Vec<(TopicName, i32)> {
    let partitions = topics.iter().flat_map(|(topic, count)| {
        let numbers = 0..i32::try_from(*count).unwrap_or(i32::MAX);
        numbers.map(|number| (topic.clone(), number))
    });
    partitions.collect()
}

/// Returns the maximum number of messages per topic, given its number of partitions, or why it is
/// unknown. Partitions without a leader are not waited for.
pub async fn messages(
    cluster: &Cluster,
    topics: &BTreeMap<TopicName, u32>,
) -> BTreeMap<TopicName, Result<u64, String>> {
    let partitions = partitions(topics);
    let ask = async |at| {
        let answer = cluster.offsets(&partitions, at).await;
        answer.map_err(|error| error.to_string())
    };
    let (first, next) = tokio::join!(ask(OffsetAt::Earliest), ask(OffsetAt::Latest));
    let of = |(topic, count): (&TopicName, &u32)| {
        let first = of_topic(&first, topic, *count);
        let held = first.and_then(|first| Ok(held(&first, &of_topic(&next, topic, *count)?)));
        (topic.clone(), held)
    };
    topics.iter().map(of).collect()
}

/// Returns the offsets of all partitions of a topic, or why one is missing.
fn of_topic(
    answer: &Result<Offsets, String>,
    topic: &TopicName,
    partitions: u32,
) -> Result<Vec<OffsetFound>, String> {
    let offsets = answer.as_ref().map_err(Clone::clone)?;
    let of_partition = |number| match offsets.get(&(topic.clone(), number)) {
        Some(Ok(found)) => Ok(*found),
        Some(Err(fault)) => Err(words(fault)),
        None => Err(format!("the answer does not mention partition {number}")),
    };
    let numbers = 0..i32::try_from(partitions).unwrap_or(i32::MAX);
    numbers.map(of_partition).collect()
}

fn held(first: &[OffsetFound], next: &[OffsetFound]) -> u64 {
    let pairs = first.iter().zip(next);
    let each = pairs.map(|(first, next)| next.offset.saturating_sub(first.offset));
    each.map(|held| u64::try_from(held).unwrap_or_default())
        .sum()
}

/// A future timestamp counts, too: the producer's clock is wrong, but the topic is in use.
fn is_recent(time: i64, now: i64) -> bool {
    now.saturating_sub(time) < milliseconds(RECENT)
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::GroupMember;

    fn fault(code: i32) -> Fault {
        Fault {
            code,
            name: "NAME".to_owned(),
            message: "No.".to_owned(),
        }
    }

    fn group(members: &[Option<&str>], committed: Result<&str, i32>) -> Group {
        let first = |name: &str| (TopicName::from(name), 0);
        let member = |topic: &Option<&str>| GroupMember {
            assigned: topic.map(|name| BTreeSet::from([first(name)])),
            ..GroupMember::default()
        };
        Group {
            description: Ok(GroupDescription {
                state: "Stable".to_owned(),
                members: members.iter().map(member).collect(),
            }),
            committed: committed
                .map(|name| Committed::from([(first(name), 5)]))
                .map_err(fault),
        }
    }

    fn used(group: &Group) -> Usage {
        let mut usage = Usage::default();
        add_group(&mut usage, &"a".into(), "g", group);
        usage
    }

    #[test]
    fn a_group_counts_for_the_topics_that_it_reads() {
        let usage = used(&group(&[Some("a"), Some("b"), Some("a")], Ok("b")));
        let expected = GroupUse {
            name: "g".to_owned(),
            members: 2,
            committed: false,
        };
        assert_eq!(usage.groups, [expected]);
        assert!(usage.is_in_use());
        assert!(used(&group(&[Some("b")], Ok("b"))).groups.is_empty());
        let usage = used(&group(&[], Ok("a")));
        assert!(usage.groups[0].committed && !usage.is_in_use());
    }

    #[test]
    fn what_a_group_does_not_let_on_is_unseen() {
        let usage = used(&group(&[None], Ok("b")));
        assert_eq!(usage.unseen[0].what, "what group g reads");
        let usage = used(&group(&[], Err(30)));
        assert_eq!(usage.unseen[0].why, "No. (NAME 30)");
        assert!(usage.is_in_use() && usage.groups.is_empty());
    }

    #[test]
    fn recent_is_less_than_a_day_ago_or_to_come() {
        let day = 86_400_000;
        assert!(!is_recent(0, day));
        assert!(is_recent(1, day));
        assert!(is_recent(day + 1, day));
    }

    #[test]
    fn messages_are_counted_between_the_ends() {
        let found = |offset| OffsetFound {
            offset,
            timestamp: -1,
        };
        assert_eq!(held(&[found(5), found(0)], &[found(7), found(3)]), 5);
    }
}
