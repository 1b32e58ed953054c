//! The table of Kafka's topic configs, verified with Kafka itself.

use topicsmith::internals::kafka::Mode;
use topicsmith::internals::model::config::{ConfigType, SPECS};
use topicsmith::internals::model::{ConfigKey, ConfigSpec};

use crate::harness::release::since;
use crate::harness::{self, Needs, Test, new_topic};

harness::tests! {
    what_the_table_allows_kafka_allows,
    what_lies_just_outside_kafka_refuses_too,
    what_people_write_kafka_takes,
    values_that_mean_the_same_are_the_same_to_kafka,
}

/// Returns the broker's verdict on each value, without creating anything: `None` if it accepts the
/// value.
async fn verdicts(test: &Test, cases: &[(&ConfigSpec, String)]) -> Vec<Option<String>> {
    let topic = |(number, (spec, value)): (usize, &(&ConfigSpec, String))| {
        let name = test.topic(&number.to_string());
        new_topic(name, 1, &[(spec.name, value)])
    };
    let topics: Vec<_> = cases.iter().enumerate().map(topic).collect();
    let cluster = test.cluster().await;
    let mut verdicts = Vec::new();
    for batch in topics.chunks(1_000) {
        let answer = cluster.create_topics(batch, Mode::ValidateOnly).await;
        for verdict in answer.unwrap_or_else(|fault| panic!("{fault}")) {
            verdicts.push(verdict.err().map(|fault| fault.message));
        }
    }
    verdicts
}

/// The harness's brokers have no tiered storage, and report so only if the value itself is valid.
/// Older brokers do not have every config, or have it only partially: Kafka 3.5 validates tiers
/// that it does not have.
fn is_about_the_value(message: &str) -> bool {
    let newer = ["Unknown topic config name: ", "local.retention."];
    let newer = newer.iter().any(|words| message.contains(words));
    (!newer || Needs::Newest.are_met())
        && !message.starts_with("Tiered Storage functionality is disabled in the broker.")
}

/// Values of all kinds, most of them invalid for most configs.
const VALUES: [&str; 50] = [
    "",
    " ",
    "0",
    "1",
    "-1",
    "-2",
    "-3",
    "+1",
    "01",
    " 1",
    "1 ",
    "7d",
    "1.0",
    "1.5",
    "1e3",
    "0.5",
    "0.50",
    ".5",
    "5.",
    "-0.1",
    "1.1",
    "NaN",
    "inf",
    "1f",
    "0x10",
    "1_000",
    "true",
    "TRUE",
    "True",
    "false",
    "yes",
    "compact",
    "delete",
    "compact,delete",
    "delete, compact",
    "compact,",
    "compact,compact",
    "none",
    "zstd",
    "ZSTD",
    "producer",
    "CreateTime",
    "LogAppendTime",
    "*",
    "0:1",
    "0:1,2:3",
    "0:1,",
    ",0:1",
    "0:1 , 2:3",
    "9223372036854775807",
];

/// Returns the first and the last value of each range, and all words.
fn inside(spec: &ConfigSpec) -> Vec<String> {
    match spec.kind {
        ConfigType::Boolean => vec!["true".to_owned(), "false".to_owned()],
        ConfigType::Integer { min, max } => vec![min.to_string(), max.to_string()],
        ConfigType::Double { min, max } => vec![min.to_string(), max.to_string()],
        ConfigType::OneOf(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        ConfigType::ListOf(words) => vec![words.join(","), words[0].to_owned()],
        ConfigType::Replicas => vec!["*".to_owned(), "0:1,2:3".to_owned()],
    }
}

/// Returns values next to the range, and of another type.
fn outside(spec: &ConfigSpec) -> Vec<String> {
    match spec.kind {
        ConfigType::Boolean => vec!["yes".to_owned(), "1".to_owned()],
        ConfigType::Integer { min, max } => {
            let below = i128::from(min) - 1;
            let above = i128::from(max) + 1;
            vec![
                below.to_string(),
                above.to_string(),
                "7d".to_owned(),
                "1.5".to_owned(),
            ]
        }
        ConfigType::Double { min, max } => {
            let (below, above) = (min - 0.000_001, max + 0.000_001);
            vec![below.to_string(), above.to_string(), "half".to_owned()]
        }
        ConfigType::OneOf(_) | ConfigType::ListOf(_) => vec!["shrink".to_owned()],
        ConfigType::Replicas => vec!["0".to_owned(), "a:b".to_owned(), "0:".to_owned()],
    }
}

async fn what_the_table_allows_kafka_allows(test: Test) {
    let values = |spec: &ConfigSpec| {
        let all = VALUES.iter().map(|value| (*value).to_owned());
        all.chain(inside(spec)).collect::<Vec<_>>()
    };
    let cases: Vec<(&ConfigSpec, String)> = SPECS
        .iter()
        .flat_map(|spec| values(spec).into_iter().map(move |value| (spec, value)))
        .filter(|(spec, value)| spec.check(value).is_ok())
        .collect();
    assert!(cases.len() > 100, "{}", cases.len());
    let mut wrong = Vec::new();
    for ((spec, value), verdict) in cases.iter().zip(verdicts(&test, &cases).await) {
        if let Some(message) = verdict.filter(|message| is_about_the_value(message)) {
            wrong.push(format!("{} = {value:?}: {message}", spec.name));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
    for spec in SPECS {
        for value in inside(spec) {
            assert_eq!(spec.check(&value), Ok(()), "{} = {value}", spec.name);
        }
    }
}

/// Values that releases before 4.0 accept and the newest rejects: `validate` rejects them for all.
const LOOSER: [(&str, &str); 3] = [
    ("flush.messages", "0"),
    ("segment.bytes", "1048575"),
    ("segment.index.bytes", "3"),
];

async fn what_lies_just_outside_kafka_refuses_too(test: Test) {
    let cases: Vec<(&ConfigSpec, String)> = SPECS
        .iter()
        .flat_map(|spec| outside(spec).into_iter().map(move |value| (spec, value)))
        .collect();
    let mut wrong = Vec::new();
    for ((spec, value), verdict) in cases.iter().zip(verdicts(&test, &cases).await) {
        let looser = !since(4, 0) && LOOSER.contains(&(spec.name, value));
        if verdict.is_none() && !looser {
            wrong.push(format!("Kafka takes {} = {value:?}", spec.name));
        }
        if spec.check(value).is_ok() {
            wrong.push(format!("the table takes {} = {value:?}", spec.name));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
}

async fn what_people_write_kafka_takes(test: Test) {
    let human = [
        "7d",
        "1d12h",
        "100MiB",
        "1GB",
        "unlimited",
        "TRUE",
        "1ms",
        "2GiB",
        "1B",
    ];
    let normalised = |spec: &'static ConfigSpec| {
        let values = human.iter().filter_map(|value| spec.normalise(value).ok());
        values.map(move |value| (spec, value))
    };
    let cases: Vec<(&ConfigSpec, String)> = SPECS.iter().flat_map(normalised).collect();
    assert!(cases.len() > 50, "{}", cases.len());
    let mut wrong = Vec::new();
    for ((spec, value), verdict) in cases.iter().zip(verdicts(&test, &cases).await) {
        if let Some(message) = verdict.filter(|message| is_about_the_value(message)) {
            wrong.push(format!("{} = {value:?}: {message}", spec.name));
        }
    }
    assert_eq!(wrong, [] as [String; 0]);
}

async fn values_that_mean_the_same_are_the_same_to_kafka(test: Test) {
    // Kafka returns values as written, without normalization.
    let given = [
        ("cleanup.policy", "delete, compact", "compact,delete"),
        ("min.cleanable.dirty.ratio", "0.50", "0.5"),
        ("preallocate", "TRUE", "true"),
        ("retention.ms", "+1000", "1000"),
    ];
    let config = given.map(|(key, value, _)| (key, value));
    let topic = test.topic("a");
    let cluster = test.create(&[new_topic(topic.clone(), 1, &config)]).await;
    let described = cluster
        .describe_topic_configs(std::slice::from_ref(&topic))
        .await;
    let described = described.expect("it was reached");
    let entries = described[&topic].as_ref().expect("it is there");
    for (key, _, meant) in given {
        let entry = entries.iter().find(|entry| entry.key.as_str() == key);
        let held = entry.and_then(|entry| entry.value.as_deref()).expect(key);
        assert!(
            ConfigKey::from(key).same(held, meant),
            "{key}: {held:?} and {meant:?}"
        );
    }
}
