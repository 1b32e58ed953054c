//! Calls for the usage of topics: consumer groups and offsets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::admin::answer;
use super::cluster::{Batches, Cluster, Via};
use super::error::Error;
use super::fault::{Fault, FaultKind};
use super::ffi::{Call, Client, GroupNames, GroupOffsetsObject, Options, PartitionList};
use super::types::{Committed, GroupDescription, Mode, OffsetAt, OffsetFound};
use crate::model::TopicName;

/// The requested offset of each partition, or why it is not available.
pub type Offsets = BTreeMap<(TopicName, i32), Result<OffsetFound, Fault>>;

/// Groups per request: librdkafka sends one request per group to its coordinator.
const GROUPS_A_REQUEST: usize = 100;

/// librdkafka's error if no partition in a request has a leader (`_NOENT`): the topic was just
/// created, or its brokers are down.
const NO_LEADERS: i32 = -156;

/// The error of a single partition without a leader.
const LEADER_NOT_AVAILABLE: i32 = 5;

/// Partitions per request: librdkafka looks them up in linear time.
const PARTITIONS_A_REQUEST: usize = 500;

impl Cluster {
    /// Returns the consumer groups that are visible to this principal; others may exist.
    ///
    /// # Errors
    /// Returns why a broker did not return its groups.
    pub async fn list_groups(&self) -> Result<Vec<String>, Error> {
        let ask = |client: Arc<Client>, timeout| async move { client.list_groups(timeout).await };
        self.read("the consumer groups", 0, ask).await
    }

    /// Returns the groups with their members. A group that does not exist has none.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn describe_groups(
        &self,
        groups: &[String],
    ) -> Result<BTreeMap<String, Result<GroupDescription, Fault>>, Error> {
        self.read_batches(
            "the members of consumer groups",
            groups,
            Batches::of(GROUPS_A_REQUEST),
            |via, batch| async move { via.client.describe_groups(&batch, via.timeout).await },
        )
        .await
    }

    /// Returns the committed offsets of each group.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn committed(
        &self,
        groups: &[String],
    ) -> Result<BTreeMap<String, Result<Committed, Fault>>, Error> {
        self.read_batches(
            "the offsets of consumer groups",
            groups,
            Batches::of(1),
            |via, batch| async move {
                let mut all = Vec::new();
                for group in batch.iter() {
                    match via.client.committed(group, via.timeout).await {
                        Ok(answer) => all.extend(answer),
                        // An error of one group fails the whole request.
                        Err(fault) if is_of_group(&fault) => all.push((group.clone(), Err(fault))),
                        Err(fault) => return Err(fault),
                    }
                }
                Ok(all)
            },
        )
        .await
    }

    /// Returns an offset of each partition.
    ///
    /// # Errors
    /// Returns why the call failed.
    pub async fn offsets(
        &self,
        partitions: &[(TopicName, i32)],
        at: OffsetAt,
    ) -> Result<Offsets, Error> {
        let questions = partitions.iter().map(|one| (one.clone(), at));
        let answers = self.offsets_at(questions.collect()).await?;
        // Older brokers misinterpret this request and return the first record. Which brokers
        // receive it is known only afterwards.
        match at == OffsetAt::MaxTimestamp && !self.clients().client_events.knows_max_timestamp() {
            true => self.newest_by_search(partitions).await,
            false => Ok(answers),
        }
    }

    /// Returns an offset of each partition, each as requested for it.
    pub(super) async fn offsets_at(
        &self,
        questions: BTreeMap<(TopicName, i32), OffsetAt>,
    ) -> Result<Offsets, Error> {
        let partitions: Vec<(TopicName, i32)> = questions.keys().cloned().collect();
        let questions = Arc::new(questions);
        self.read_batches(
            "the topics' offsets",
            &partitions,
            Batches::of(PARTITIONS_A_REQUEST),
            move |via, batch| {
                let questions = Arc::clone(&questions);
                async move {
                    let Via {
                        client, timeout, ..
                    } = via;
                    client.offsets(&batch, &questions, timeout).await
                }
            },
        )
        .await
    }
}

fn unanswered(found: &Result<OffsetFound, Fault>) -> Option<&Fault> {
    let fault = found.as_ref().err()?;
    (fault.kind() == FaultKind::Unanswered).then_some(fault)
}

fn is_of_group(fault: &Fault) -> bool {
    matches!(
        fault.kind(),
        FaultKind::NotAuthorised | FaultKind::Unsupported | FaultKind::Permanent
    )
}

impl Client {
    async fn list_groups(&self, timeout: Duration) -> Result<Vec<String>, Fault> {
        let options = Options::new(timeout, Mode::Apply);
        let receiver = self.submit(Call::ListGroups, options, |event| event.groups())?;
        answer(receiver, timeout).await?
    }

    async fn describe_groups(
        &self,
        groups: &[String],
        timeout: Duration,
    ) -> Result<Vec<(String, Result<GroupDescription, Fault>)>, Fault> {
        let call = Call::DescribeGroups(GroupNames::new(groups)?);
        let options = Options::new(timeout, Mode::Apply);
        let receiver = self.submit(call, options, |event| event.group_descriptions())?;
        answer(receiver, timeout).await
    }

    async fn committed(
        &self,
        group: &str,
        timeout: Duration,
    ) -> Result<Vec<(String, Result<Committed, Fault>)>, Fault> {
        let call = Call::GroupOffsets(GroupOffsetsObject::new(group)?);
        let options = Options::new(timeout, Mode::Apply);
        let receiver = self.submit(call, options, |event| event.committed())?;
        answer(receiver, timeout).await
    }

    async fn offsets(
        &self,
        partitions: &[(TopicName, i32)],
        questions: &BTreeMap<(TopicName, i32), OffsetAt>,
        timeout: Duration,
    ) -> Result<Vec<((TopicName, i32), Result<OffsetFound, Fault>)>, Fault> {
        let questions = partitions.iter().map(|one| (one, questions[one]));
        let call = Call::ListOffsets(PartitionList::new(questions)?);
        let options = Options::new(timeout, Mode::Apply);
        let receiver = self.submit(call, options, |event| event.offsets())?;
        match answer(receiver, timeout).await {
            Ok(found) => match found.values().find_map(unanswered) {
                // No broker returned any offset.
                Some(fault) if found.values().all(Result::is_err) => Err(fault.clone()),
                _ => Ok(found.into_iter().collect()),
            },
            // No partition has a leader: each gets the same fault as if only some had none.
            Err(fault) if fault.code == NO_LEADERS => {
                let without = Fault::new(LEADER_NOT_AVAILABLE, fault.message);
                let all = partitions.iter().cloned();
                Ok(all.map(|one| (one, Err(without.clone()))).collect())
            }
            Err(fault) => Err(fault),
        }
    }
}
