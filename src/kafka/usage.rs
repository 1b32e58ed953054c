//! The calls that tell who reads topics and what they hold.

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

/// An offset of each of some partitions, or why there is none.
pub type Offsets = BTreeMap<(TopicName, i32), Result<OffsetFound, Fault>>;

/// Groups in one request: librdkafka sends one for each to its coordinator.
const GROUPS_A_REQUEST: usize = 100;

/// What librdkafka says where none of the partitions in a request has a leader (`_NOENT`): a topic
/// was made just now, or its brokers are gone.
const NO_LEADERS: i32 = -156;

/// What it says of one partition among others.
const LEADER_NOT_AVAILABLE: i32 = 5;

/// Partitions in one request: librdkafka looks them up in linear time.
const PARTITIONS_A_REQUEST: usize = 500;

impl Cluster {
    /// The consumer groups that this principal may see; there is no telling whether others exist.
    ///
    /// # Errors
    /// Why not all brokers told theirs.
    pub async fn list_groups(&self) -> Result<Vec<String>, Error> {
        let ask = |client: Arc<Client>, timeout| async move { client.list_groups(timeout).await };
        self.read("the consumer groups", 0, ask).await
    }

    /// The groups with their members. One that does not exist has none.
    ///
    /// # Errors
    /// Why the call as a whole failed.
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

    /// The offsets that each group has committed.
    ///
    /// # Errors
    /// Why the call as a whole failed.
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
                        // What is wrong with one group fails its whole request.
                        Err(fault) if is_of_group(&fault) => all.push((group.clone(), Err(fault))),
                        Err(fault) => return Err(fault),
                    }
                }
                Ok(all)
            },
        )
        .await
    }

    /// An offset of each partition.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn offsets(
        &self,
        partitions: &[(TopicName, i32)],
        at: OffsetAt,
    ) -> Result<Offsets, Error> {
        let questions = partitions.iter().map(|one| (one.clone(), at));
        let answers = self.offsets_at(questions.collect()).await?;
        // An older broker takes the question for another one, and gives its first record. Which
        // brokers are asked is known once they have been.
        match at == OffsetAt::MaxTimestamp && !self.clients().client_events.knows_max_timestamp() {
            true => self.newest_by_search(partitions).await,
            false => Ok(answers),
        }
    }

    /// An offset of each partition, each with a question of its own.
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
                // No broker said any of it.
                Some(fault) if found.values().all(Result::is_err) => Err(fault.clone()),
                _ => Ok(found.into_iter().collect()),
            },
            // None of them has a leader: each has that fault, as when some have one.
            Err(fault) if fault.code == NO_LEADERS => {
                let without = Fault::new(LEADER_NOT_AVAILABLE, fault.message);
                let all = partitions.iter().cloned();
                Ok(all.map(|one| (one, Err(without.clone()))).collect())
            }
            Err(fault) => Err(fault),
        }
    }
}
