//! A cluster: its clients, and the calls on them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Error;
use super::fault::Fault;
use super::types::{Alter, ConfigEntry, Metadata, Mode, NewTopic, TopicDescription};
use crate::model::TopicName;
use crate::model::connection::Connection;

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one request.
    pub timeout: Duration,
}

/// A connected cluster. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cluster;

impl Cluster {
    /// Connects. Returns once a broker answered, or the cause as soon as it is known.
    ///
    /// # Errors
    /// Why no broker could be reached.
    pub async fn connect(connection: Connection, limits: Limits) -> Result<Cluster, Error> {
        let _ = (connection, limits);
        std::future::pending().await
    }

    /// Connects, and tries again until `wait` is over; `tick` hears why each attempt failed. A
    /// cause that waiting cannot cure ends it at once.
    ///
    /// # Errors
    /// Why the last attempt failed.
    pub async fn connect_within(
        connection: Connection,
        limits: Limits,
        wait: Duration,
        tick: impl FnMut(&Error),
    ) -> Result<Cluster, Error> {
        let _ = (connection, limits, wait, tick);
        std::future::pending().await
    }

    /// The brokers, and all topics with their partitions.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn metadata(&self) -> Result<Metadata, Error> {
        std::future::pending().await
    }

    /// All configs of the topics.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn describe_topic_configs(
        &self,
        names: &[TopicName],
    ) -> Result<BTreeMap<TopicName, Result<Vec<ConfigEntry>, Fault>>, Error> {
        let _ = names;
        std::future::pending().await
    }

    /// All configs of one broker.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn describe_broker_configs(
        &self,
        broker: i32,
    ) -> Result<Result<Vec<ConfigEntry>, Fault>, Error> {
        let _ = broker;
        std::future::pending().await
    }

    /// Ids of the topics, and what this principal may do with them.
    ///
    /// # Errors
    /// Why the call as a whole failed.
    pub async fn describe_topics(
        &self,
        names: &[TopicName],
    ) -> Result<BTreeMap<TopicName, Result<TopicDescription, Fault>>, Error> {
        let _ = names;
        std::future::pending().await
    }

    /// Creates topics in one request.
    ///
    /// # Errors
    /// Why the request as a whole failed.
    pub async fn create_topics(
        &self,
        topics: &[NewTopic],
        mode: Mode,
    ) -> Result<Vec<Result<(), Fault>>, Fault> {
        let _ = (topics, mode);
        std::future::pending().await
    }

    /// Grows topics to so many partitions, in one request.
    ///
    /// # Errors
    /// Why the request as a whole failed.
    pub async fn create_partitions(
        &self,
        topics: &[(TopicName, u32)],
        mode: Mode,
    ) -> Result<Vec<Result<(), Fault>>, Fault> {
        let _ = (topics, mode);
        std::future::pending().await
    }

    /// Changes single keys of topics, in one request.
    ///
    /// # Errors
    /// Why the request as a whole failed.
    pub async fn incremental_alter_configs(
        &self,
        alters: &[Alter],
        mode: Mode,
    ) -> Result<Vec<Result<(), Fault>>, Fault> {
        let _ = (alters, mode);
        std::future::pending().await
    }

    /// Deletes topics in one request.
    ///
    /// # Errors
    /// Why the request as a whole failed.
    pub async fn delete_topics(
        &self,
        names: &[TopicName],
    ) -> Result<Vec<Result<(), Fault>>, Fault> {
        let _ = names;
        std::future::pending().await
    }

    /// Puts fresh clients in place of ones that no longer answer.
    ///
    /// # Errors
    /// Why no broker could be reached.
    pub async fn renew(&self) -> Result<(), Error> {
        std::future::pending().await
    }

    /// The release of Kafka, `4.3`, as far as the brokers let on.
    pub fn kafka_version(&self) -> Option<String> {
        None
    }
}
