//! Typed admin calls on one client. Each call sends one request and waits for a bounded time.
//! Response items are matched by name, so that results are in request order.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use tokio::sync::oneshot;

use super::fault::{CLOSED, Fault, FaultKind, TIMED_OUT, UNREADABLE};
use super::ffi::{
    Call, Client, DeleteTopicObject, NewPartitionsObject, NewTopicObject, Options, ResourceObject,
    TopicNames,
};
use super::types::{Alter, AlterOp, Configs, Mode, NewTopic, Node, TopicDescription};
use crate::model::{ConfigKey, TopicName};

/// One result per request item, in request order.
pub(super) type Items = Vec<Result<(), Fault>>;

/// The extra time that a call waits after librdkafka's own timeout. librdkafka always reports
/// within its timeout, unless it is stuck.
const GRACE: Duration = Duration::from_secs(1);

impl Client {
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
        mode: Mode,
        timeout: Duration,
    ) -> Result<Items, Fault> {
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let object = |topic: &NewTopic| {
            let mut object = NewTopicObject::new(
                topic.name.as_str(),
                number(topic.partitions)?,
                number(topic.replication_factor)?,
            )?;
            for (key, value) in &topic.config {
                object.set_config(key.as_str(), value)?;
            }
            Ok(object)
        };
        let objects = topics.iter().map(object).collect::<Result<_, Fault>>()?;
        let receiver = self.submit(
            Call::CreateTopics(objects),
            Options::new(timeout, mode),
            |event| event.created(),
        );
        let answer = answer(receiver?, timeout).await?;
        Ok(in_order(
            topics.iter().map(|topic| &topic.name),
            answer,
            "Create on the topic or on the cluster",
        ))
    }

    pub async fn create_partitions(
        &self,
        topics: &[(TopicName, u32)],
        mode: Mode,
        timeout: Duration,
    ) -> Result<Items, Fault> {
        if topics.is_empty() {
            return Ok(Vec::new());
        }
        let object =
            |(name, total): &(TopicName, u32)| NewPartitionsObject::new(name.as_str(), *total);
        let objects = topics.iter().map(object).collect::<Result<_, Fault>>()?;
        let receiver = self.submit(
            Call::CreatePartitions(objects),
            Options::new(timeout, mode),
            |event| event.partitioned(),
        );
        let answer = answer(receiver?, timeout).await?;
        Ok(in_order(
            topics.iter().map(|(name, _)| name),
            answer,
            "Alter on the topic",
        ))
    }

    pub async fn incremental_alter_configs(
        &self,
        alters: &[Alter],
        mode: Mode,
        timeout: Duration,
    ) -> Result<Items, Fault> {
        if alters.is_empty() {
            return Ok(Vec::new());
        }
        let object = |alter: &Alter| {
            let mut object = ResourceObject::topic(alter.topic.as_str())?;
            for (key, op) in &alter.ops {
                let value = match op {
                    AlterOp::Set(value) => Some(value.as_str()),
                    AlterOp::Delete => None,
                };
                object.alter(key.as_str(), value)?;
            }
            Ok(object)
        };
        let objects = alters.iter().map(object).collect::<Result<_, Fault>>()?;
        let receiver = self.submit(
            Call::AlterConfigs(objects),
            Options::new(timeout, mode),
            |event| event.altered(),
        );
        let answer = answer(receiver?, timeout).await;
        let answer = answer.map_err(|fault| match fault.kind() {
            FaultKind::Unsupported => Fault::too_old("2.3", "changing configs one by one"),
            _ => fault,
        })?;
        Ok(in_order(
            alters.iter().map(|alter| &alter.topic),
            answer,
            "AlterConfigs on the topic",
        ))
    }

    pub async fn delete_topics(
        &self,
        names: &[TopicName],
        timeout: Duration,
    ) -> Result<Items, Fault> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let object = |name: &TopicName| DeleteTopicObject::new(name.as_str());
        let objects = names.iter().map(object).collect::<Result<_, Fault>>()?;
        let receiver = self.submit(
            Call::DeleteTopics(objects),
            Options::new(timeout, Mode::Apply),
            |event| event.deleted(),
        );
        let answer = answer(receiver?, timeout).await?;
        Ok(in_order(names.iter(), answer, "Delete on the topic"))
    }

    /// Describes configs of topics: the keys in `keys` for a topic, or else all. Names must be
    /// unique, or librdkafka cannot parse the response.
    pub async fn describe_topic_configs(
        &self,
        names: &[TopicName],
        keys: &BTreeMap<TopicName, BTreeSet<ConfigKey>>,
        broker: Option<i32>,
        timeout: Duration,
    ) -> Result<Vec<(TopicName, Result<Configs, Fault>)>, Fault> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let object = |name: &TopicName| {
            let mut object = ResourceObject::topic(name.as_str())?;
            for key in keys.get(name).into_iter().flatten() {
                object.ask_for(key.as_str())?;
            }
            Ok(object)
        };
        let objects = names.iter().map(object).collect::<Result<_, Fault>>()?;
        let answer = self.describe_configs(objects, broker, timeout).await?;
        Ok(named(answer, "DescribeConfigs on the topic"))
    }

    /// Describes all configs of a broker.
    pub async fn describe_broker_configs(
        &self,
        id: i32,
        timeout: Duration,
    ) -> Result<Result<Configs, Fault>, Fault> {
        let objects = vec![ResourceObject::broker(id)?];
        let mut answer = self.describe_configs(objects, None, timeout).await?;
        Ok(answer
            .pop()
            .map_or_else(|| Err(missing(&format!("broker {id}"))), |(_, item)| item)
            .map_err(|fault| fault.needs("DescribeConfigs on the cluster")))
    }

    async fn describe_configs(
        &self,
        resources: Vec<ResourceObject>,
        broker: Option<i32>,
        timeout: Duration,
    ) -> Result<Vec<(String, Result<Configs, Fault>)>, Fault> {
        let call = Call::DescribeConfigs(resources);
        let options = Options {
            broker,
            ..Options::new(timeout, Mode::Apply)
        };
        let receiver = self.submit(call, options, |event| event.configs())?;
        answer(receiver, timeout).await
    }

    /// Describes topics: ids and, if `rights` is set, authorized operations.
    pub async fn describe_topics(
        &self,
        names: &[TopicName],
        rights: bool,
        broker: Option<i32>,
        timeout: Duration,
    ) -> Result<Vec<(TopicName, Result<TopicDescription, Fault>)>, Fault> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let options = Options {
            operations: rights,
            broker,
            ..Options::new(timeout, Mode::Apply)
        };
        let receiver = self.submit(
            Call::DescribeTopics(TopicNames::new(names)?),
            options,
            |event| event.descriptions(),
        );
        let answer = answer(receiver?, timeout).await?;
        Ok(named(answer, "Describe on the topic"))
    }

    /// Describes the cluster: id, and brokers with their racks.
    pub async fn describe_cluster(
        &self,
        timeout: Duration,
    ) -> Result<(Option<String>, Vec<Node>), Fault> {
        let options = Options::new(timeout, Mode::Apply);
        let receiver = self.submit(Call::DescribeCluster, options, |event| event.cluster())?;
        answer(receiver, timeout).await
    }
}

impl Options {
    pub(super) fn new(timeout: Duration, mode: Mode) -> Self {
        Self {
            timeout,
            validate_only: mode == Mode::ValidateOnly,
            operations: false,
            broker: None,
        }
    }
}

/// Converts a count; librdkafka uses signed integers.
fn number(count: u32) -> Result<i32, Fault> {
    i32::try_from(count)
        .map_err(|_| Fault::invalid(format!("{count} is more than Kafka can count")))
}

pub(super) async fn answer<T>(
    receiver: oneshot::Receiver<Result<T, Fault>>,
    timeout: Duration,
) -> Result<T, Fault> {
    match tokio::time::timeout(timeout + GRACE, receiver).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Fault::new(CLOSED, "the client was closed".to_owned())),
        Err(_) => {
            let message = format!("no answer within {timeout:?}");
            Err(Fault::new(TIMED_OUT, message))
        }
    }
}

fn missing(what: &str) -> Fault {
    Fault::new(UNREADABLE, format!("the answer does not mention {what}"))
}

/// Converts item names to topic names. `right` is the ACL operation that the request needs.
fn named<T>(
    items: Vec<(String, Result<T, Fault>)>,
    right: &str,
) -> Vec<(TopicName, Result<T, Fault>)> {
    let name = |(name, item): (String, Result<T, Fault>)| {
        (
            TopicName::new(name),
            item.map_err(|fault| fault.needs(right)),
        )
    };
    items.into_iter().map(name).collect()
}

/// Orders results by the requested names. `right` is the ACL operation that the request needs.
fn in_order<'a>(
    names: impl Iterator<Item = &'a TopicName>,
    answer: Vec<(String, Result<(), Fault>)>,
    right: &str,
) -> Items {
    let answer: HashMap<String, Result<(), Fault>> = answer.into_iter().collect();
    names
        .map(|name| match answer.get(name.as_str()) {
            Some(result) => result.clone().map_err(|fault| fault.needs(right)),
            None => Err(missing(name.as_str())),
        })
        .collect()
}
