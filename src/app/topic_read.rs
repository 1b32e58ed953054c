//! Looking closer than a plan needs: at one topic, or at the messages that topics hold.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::Result;

use super::read::{LiveSource, ReadScope, read, tell_beside};
use super::scope::{check_scope_agrees, check_scope_is_named};
use crate::desired::{Loaded, LoadedEnvironment};
use crate::live::{Live, TopicDetail};
use crate::model::{Globs, TopicName};
use crate::observe;
use crate::plan::Options;

/// One topic of a cluster, and the names of the others where it is not there.
#[derive(Debug)]
pub struct TopicRead<'a> {
    /// What is live, narrowed to the topic.
    pub live: Cow<'a, Live>,
    /// Its partitions, readers and messages; no snapshot holds them.
    pub topic_detail: Option<TopicDetail>,
    /// The topics that there are, where this is none of them.
    pub others: Vec<TopicName>,
}

/// What is live, and how many messages the listed topics hold at most, or why that is not known.
#[derive(Debug)]
pub struct TopicSizes<'a> {
    /// What is live.
    pub live: Cow<'a, Live>,
    /// The messages of each listed topic that is live; no snapshot holds them.
    pub messages: BTreeMap<TopicName, Result<u64, String>>,
}

impl LiveSource<'_> {
    /// Looks at the messages that listed topics hold, and at what else there is.
    ///
    /// # Errors
    /// The cluster cannot be reached or read.
    pub async fn look_with_messages<'a>(
        &'a self,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
        only: &Globs,
    ) -> Result<TopicSizes<'a>> {
        let connector = match self {
            LiveSource::Clusters(connector) => connector,
            LiveSource::Snapshot(live) => {
                return Ok(TopicSizes {
                    live: Cow::Borrowed(live),
                    messages: BTreeMap::new(),
                });
            }
        };
        let desired = &environment.desired;
        let cluster = connector.connect(loaded, environment).await?;
        let observed = read(&cluster, desired, only, ReadScope::Listed, None).await?;
        let live = observed.live;
        let listed = live
            .topics
            .iter()
            .filter(|(name, _)| desired.topics.contains_key(*name));
        let listed = listed.map(|(name, topic)| (name.clone(), topic.partitions));
        let messages = observe::messages(&cluster, &listed.collect()).await;
        Ok(TopicSizes {
            live: Cow::Owned(live),
            messages,
        })
    }

    /// Looks at the topic that `options` are narrowed to.
    ///
    /// # Errors
    /// Nobody is named whose topics the files speak of, or the cluster cannot be reached or read.
    pub async fn look_closely<'a>(
        &'a self,
        loaded: &Loaded,
        environment: &LoadedEnvironment,
        topic: &TopicName,
        options: &Options,
    ) -> Result<TopicRead<'a>> {
        let connector = match self {
            LiveSource::Clusters(connector) => connector,
            LiveSource::Snapshot(live) => {
                let others = live.topics.keys().cloned().collect();
                return Ok(TopicRead {
                    live: Cow::Borrowed(live),
                    topic_detail: None,
                    others,
                });
            }
        };
        let desired = &environment.desired;
        check_scope_agrees(&desired.environment, options.scope.as_deref())?;
        let cluster = connector.connect(loaded, environment).await?;
        check_scope_is_named(&desired.environment, options.scope.as_deref())?;
        let scope = options.scope.as_deref();
        let observed = read(&cluster, desired, &options.only, ReadScope::Support, scope).await?;
        tell_beside(&connector.repository().notices, desired, &observed);
        let live = observed.live;
        let is_there = live.topics.contains_key(topic);
        let (topic_detail, others) = match is_there {
            true => (observe::topic_detail(&cluster, topic).await?, Vec::new()),
            false => (None, cluster.metadata().await?.topics.into_keys().collect()),
        };
        let theirs = |name: &TopicName| !desired.environment.ignores(name);
        Ok(TopicRead {
            live: Cow::Owned(live),
            topic_detail,
            others: others.into_iter().filter(theirs).collect(),
        })
    }
}
