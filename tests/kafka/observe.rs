//! Reads of a whole cluster, as for `plan`.

use std::cell::RefCell;

use topicsmith::internals::kafka::NewTopic;
use topicsmith::internals::live::{
    BrokerDefault, ConfigSource, Live, LiveTopic, ReplicationFactor,
};
use topicsmith::internals::model::config::SPECS;
use topicsmith::internals::model::{ConfigKey, ConfigMap, Globs, TopicName};
use topicsmith::internals::observe::{Want, Which, observe};

use crate::harness::{
    self, Brokers, Test, connect, connection, connection_as, create, environment, eventually,
    new_topic,
    release::{shown_release, since},
};

harness::tests! {
    a_topic_with_its_overrides,
    an_empty_cluster_tells_its_defaults_too: Newest,
    a_default_hidden_by_every_topic_is_known: Newest,
    the_defaults_are_kafkas_own: Newest,
    what_the_brokers_do_not_have_has_no_default,
    ignored_and_internal_topics_are_not_there,
    configs_are_read_of_wanted_topics_alone,
    what_may_not_be_read_is_unknown,
    three_brokers,
    a_broker_that_does_not_answer_is_left_out,
}

/// Reads everything about this test's own topics.
async fn observed(test: &Test, configs: Which<'_>) -> Live {
    let environment = environment();
    let want = Want {
        scope: None,
        environment: &environment,
        listed: &[],
        configs,
        ids: Which::All,
        only: &test.globs(),
    };
    let live = observe(&test.cluster().await, &want).await;
    live.unwrap_or_else(|error| panic!("{error}")).live
}

fn key(key: &str) -> ConfigKey {
    ConfigKey::from(key)
}

fn names(live: &Live) -> Vec<&TopicName> {
    live.topics.keys().collect()
}

async fn a_topic_with_its_overrides(test: Test) {
    let (a, b) = (test.topic("a"), test.topic("b"));
    let set = [("segment.index.bytes", "1024"), ("retention.ms", "1000")];
    test.create(&[new_topic(a.clone(), 3, &set), new_topic(b.clone(), 1, &[])])
        .await;
    let live = observed(&test, Which::All).await;
    assert_eq!(names(&live), [&a, &b]);
    let id = live.topics[&a].id.clone();
    assert!(id.as_ref().is_some_and(|id| id.len() == 22), "{id:?}");
    let expected = LiveTopic {
        id,
        partitions: 3,
        replication_factor: ReplicationFactor::Same(1),
        config: Some(
            set.map(|(name, value)| (key(name), value.to_owned()))
                .into_iter()
                .collect(),
        ),
        behind: [].into(),
    };
    assert_eq!(live.topics[&a], expected);
    assert_eq!(live.topics[&b].config, Some(ConfigMap::new()));
    assert_eq!(live.unknown, []);
    assert_eq!(live.kafka_version, Some(shown_release()));
    assert_eq!(live.brokers.len(), 1);
    assert!(live.cluster_id.is_some_and(|id| id.len() == 22));
    let expected = BrokerDefault {
        value: "65536".to_owned(),
        source: ConfigSource::Broker,
    };
    assert_eq!(live.broker_defaults["segment.index.bytes"], expected);
}

async fn an_empty_cluster_tells_its_defaults_too(test: Test) {
    let empty = observed(&test, Which::All).await;
    assert_eq!(names(&empty), [] as [&TopicName; 0]);
    assert_eq!(empty.unknown, []);
    test.create(&[new_topic(test.topic("a"), 1, &[])]).await;
    let told = observed(&test, Which::All).await;
    // The broker's own configs and a topic's configs must lead to the same defaults.
    assert_eq!(empty.broker_defaults, told.broker_defaults);
}

async fn a_default_hidden_by_every_topic_is_known(test: Test) {
    let set: Vec<(&str, &str)> = SPECS
        .iter()
        .filter(|spec| spec.name != "remote.storage.enable")
        .map(|spec| (spec.name, spec.default))
        .collect();
    let plain = observed(&test, Which::All).await.broker_defaults;
    test.create(&[new_topic(test.topic("a"), 1, &set)]).await;
    let live = observed(&test, Which::All).await;
    assert_eq!(live.broker_defaults, plain);
    let topic = &live.topics[&test.topic("a")];
    assert_eq!(
        topic.config.as_ref().map(|config| config.len()),
        Some(SPECS.len() - 1)
    );
    assert_eq!(topic.behind, [].into());
}

async fn the_defaults_are_kafkas_own(test: Test) {
    test.create(&[new_topic(test.topic("a"), 1, &[])]).await;
    let live = observed(&test, Which::All).await;
    let known: Vec<&str> = live.broker_defaults.keys().map(ConfigKey::as_str).collect();
    let table: Vec<&str> = SPECS.iter().map(|spec| spec.name).collect();
    assert_eq!(
        known, table,
        "the table has all of Kafka's topic configs and no others"
    );
    for spec in SPECS
        .iter()
        .filter(|spec| spec.name != "segment.index.bytes")
    {
        assert_eq!(
            live.broker_defaults[spec.name].value, spec.default,
            "{}",
            spec.name
        );
    }
}

async fn what_the_brokers_do_not_have_has_no_default(test: Test) {
    let newer = "compression.zstd.level";
    let defaults = observed(&test, Which::All).await.broker_defaults;
    assert_eq!(defaults.contains_key(newer), since(3, 8));
    test.create(&[new_topic(test.topic("a"), 1, &[])]).await;
    let live = observed(&test, Which::All).await;
    assert_eq!(live.broker_defaults.contains_key(newer), since(3, 8));
    let older = "message.downconversion.enable";
    assert_eq!(live.broker_defaults.contains_key(older), !since(4, 0));
    assert_eq!(live.unknown, []);
}

async fn ignored_and_internal_topics_are_not_there(test: Test) {
    let all = ["a", "connect-x", "connect-y", "inventory"].map(|name| test.topic(name));
    test.create(&all.clone().map(|name| new_topic(name, 1, &[])))
        .await;
    let mut environment = environment();
    environment.ignore_topics = Globs::new(&["*.connect-*"]).expect("a glob");
    environment.inventory.topic = test.topic("inventory");
    let only = test.globs();
    let want = Want {
        scope: None,
        environment: &environment,
        listed: &[],
        configs: Which::All,
        ids: Which::Of(&[]),
        only: &only,
    };
    let cluster = test.cluster().await;
    let live = observe(&cluster, &want).await.expect("it was reached").live;
    assert_eq!(names(&live), [&all[0]]);
    assert_eq!(live.topics[&all[0]].id, None);
    let everything = Want {
        only: &Globs::default(),
        configs: Which::Of(&[]),
        ..want
    };
    let live = observe(&cluster, &everything)
        .await
        .expect("it was reached")
        .live;
    assert!(live.topics.contains_key(&all[0]));
    assert!(live.topics.keys().all(|name| !name.is_internal()));
}

async fn configs_are_read_of_wanted_topics_alone(test: Test) {
    let (a, b) = (test.topic("a"), test.topic("b"));
    test.create(&[new_topic(a.clone(), 1, &[]), new_topic(b.clone(), 1, &[])])
        .await;
    let live = observed(&test, Which::Of(std::slice::from_ref(&a))).await;
    assert_eq!(live.topics[&a].config, Some(ConfigMap::new()));
    assert_eq!(live.topics[&b].config, None);
    assert_eq!(live.unknown, []);
}

async fn what_may_not_be_read_is_unknown(test: Test) {
    let a = test.topic("a");
    test.create(&[new_topic(a.clone(), 1, &[])]).await;
    let principal = [
        "--add",
        "--allow-principal",
        "User:reader",
        "--operation",
        "Describe",
    ];
    let topic = ["--topic", a.as_str()];
    let arguments = [principal.as_slice(), &topic].concat();
    test.broker().cli("AclCommand", &arguments);
    let connection = connection_as(&test.broker().sasl(), "reader", "reader-secret");
    let environment = environment();
    let want = Want {
        scope: None,
        environment: &environment,
        listed: &[],
        configs: Which::All,
        ids: Which::All,
        only: &test.globs(),
    };
    let live = observe(&connect(connection).await, &want)
        .await
        .expect("it was reached")
        .live;
    assert_eq!(names(&live), [&a]);
    assert_eq!(live.topics[&a].config, None);
    assert!(live.topics[&a].id.is_some());
    assert_eq!(live.broker_defaults, [].into());
    let unknown: Vec<String> = live
        .unknown
        .iter()
        .map(|u| format!("{}: {}", u.what, u.why))
        .collect();
    assert_eq!(
        unknown,
        [
            "broker defaults: CLUSTER_AUTHORIZATION_FAILED (31): Cluster authorization failed for User:reader; needed: DescribeConfigs on the cluster."
                .to_owned(),
            format!(
                "configs of topic {a}: Topic authorization failed for User:reader; needed: DescribeConfigs on the topic. (TOPIC_AUTHORIZATION_FAILED 29)"
            ),
        ]
    );
}

async fn three_brokers(test: Test) {
    let cluster = connect(connection(Brokers::three().servers())).await;
    let topic = NewTopic {
        replication_factor: 3,
        ..new_topic(test.topic("a"), 4, &[])
    };
    create(&cluster, std::slice::from_ref(&topic)).await;
    let environment = environment();
    let want = Want {
        scope: None,
        environment: &environment,
        listed: &[],
        configs: Which::All,
        ids: Which::Of(&[]),
        only: &test.globs(),
    };
    // If one broker shows it, others may not yet.
    let seen = RefCell::new(None);
    eventually("it is observed", async || {
        let live = observe(&cluster, &want).await.expect("it was reached").live;
        let shows = live.topics.contains_key(&topic.name);
        seen.replace(Some(live));
        shows
    })
    .await;
    let live = seen.into_inner().expect("it was observed");
    let ids: Vec<i32> = live.brokers.iter().map(|broker| broker.id).collect();
    assert_eq!(ids, [1, 2, 3]);
    let read = &live.topics[&topic.name];
    assert_eq!(read.partitions, 4);
    assert_eq!(read.replication_factor, ReplicationFactor::Same(3));
}

/// Large reads are distributed over all brokers; the others respond in place of a silent one.
async fn a_broker_that_does_not_answer_is_left_out(test: Test) {
    let brokers = Brokers::own(3);
    let cluster = connect(connection(brokers.servers())).await;
    let topics: Vec<NewTopic> = (0..600)
        .map(|number| new_topic(test.topic(&format!("t{number}")), 1, &[]))
        .collect();
    for topics in topics.chunks(200) {
        create(&cluster, topics).await;
    }
    let names: Vec<TopicName> = topics.iter().map(|topic| topic.name.clone()).collect();
    let all_answer = async || {
        let (configs, ids) = tokio::try_join!(
            cluster.describe_topic_configs(&names),
            cluster.describe_topics(&names),
        )
        .expect("it was reached");
        assert_eq!((configs.len(), ids.len()), (names.len(), names.len()));
        configs.values().all(Result::is_ok) && ids.values().all(Result::is_ok)
    };
    eventually("all brokers know all topics", all_answer).await;
    // A broker that does not lead the cluster's metadata, so that the others are not affected.
    let silent = (1..=3).find(|id| *id != brokers.controller());
    let silent = silent.expect("there are three");
    brokers.signal(silent, "STOP");
    let answered = all_answer().await;
    brokers.signal(silent, "CONT");
    assert!(answered, "the other brokers know all topics, too");
}
