//! Lifecycle instances on a real broker: up, down, sweep; in use, foreign, killed half-way, and a
//! hundred at a time.

use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use topicsmith::internals::inventory::{self, Contents, Holder};
use topicsmith::internals::model::{TopicName, clock};

use crate::harness::proxy::{Api, Fault, Proxy, Rule, When};
use crate::harness::{self, Repository, Run, Test, eventually, new_topic};

harness::tests! {
    a_video_task_from_start_to_end,
    up_twice_and_what_was_missing,
    an_end_is_taken_back,
    swept_by_its_age_without_the_files,
    what_is_in_use_stays,
    what_is_held_stays,
    another_cluster,
    names_that_others_have,
    made_again_by_somebody_else,
    refused_by_the_broker,
    killed_before_its_topics_are_made,
    killed_before_their_ids_are_recorded,
    killed_after_the_delete,
    two_at_a_time_on_one_instance,
    two_instances_that_would_have_one_topic,
    an_apply_meets_an_instance,
    an_apply_does_not_delay_it,
    a_hundred_at_a_time,
}

const TASK: &str = "
[lifecycles.task]
parameters.id = '[a-z0-9-]+'
delete_after = \"1s\"
max_age = \"24h\"
[topics.\"@{stage}_{id}\"]
lifecycle = \"task\"
for_each.stage = [\"raw\", \"yolox\"]
config.retention.ms = \"10m\"
";

const INVENTORY: &str = "[inventory]\ntopic = \"@inventory\"\nscope = \"vision\"\n";

/// Creates a repository with these lifecycles and its own inventory.
fn repository(test: &Test, topics: &str) -> Repository {
    let repository = test.repository(topics);
    repository.environment("dev", test.broker().servers(), 1, INVENTORY);
    repository
}

/// Returns the visible topics of this test without the inventory, without the prefix.
async fn topics(test: &Test) -> Vec<String> {
    let shown = test.cluster().await.metadata().await;
    let shown = shown.expect("it was reached").topics;
    let prefix = format!("{}.", test.prefix());
    let own = shown
        .keys()
        .filter_map(|name| name.as_str().strip_prefix(&prefix));
    own.filter(|name| *name != "inventory")
        .map(str::to_owned)
        .collect()
}

/// Waits until these topics are visible: requests sent by a killed run take effect later.
async fn until_topics_are(test: &Test, names: &[&str]) {
    eventually("the topics", async || topics(test).await == names).await;
}

async fn contents(test: &Test) -> Contents {
    let cluster = test.cluster().await;
    let read = inventory::read(&cluster, &test.topic("inventory"), &harness::ASKING).await;
    read.expect("it can be read").expect("it is there")
}

/// Returns the only instance in a run's output.
fn only(run: &Run) -> serde_json::Value {
    let json = run.json();
    let instances = json["instances"].as_array().expect("a list");
    assert_eq!(instances.len(), 1, "{run}");
    instances[0].clone()
}

async fn delete(test: &Test, topic: &str) {
    let name = test.topic(topic);
    let deleted = test
        .cluster()
        .await
        .delete_topics(std::slice::from_ref(&name))
        .await;
    deleted.expect("it was reached")[0]
        .clone()
        .expect("it is there");
    eventually("it is gone", async || {
        !topics(test).await.contains(&topic.to_owned())
    })
    .await;
}

/// The example repository's own lifecycle, as its users would use it; only its delay is shortened.
async fn a_video_task_from_start_to_end(test: Test) {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("topics/video-tasks.toml");
    let example = std::fs::read_to_string(example).expect("it is there");
    assert!(example.contains("delete_after = \"60s\""));
    let repository = repository(&test, &example.replace("\"60s\"", "\"2s\""));
    let id = format!("task-{}", std::process::id());
    let up = repository.run_bare(&format!(
        "instance up video-task task_id={id} -e dev --wait 30s"
    ));
    up.exits(0).says("is up; 4 topics created; it expires at ");

    let name = |stage: &str| TopicName::new(format!("{stage}_{id}"));
    let names = ["raw_frames", "yolox", "rtmpose", "bytetrack"].map(name);
    let cluster = test.cluster().await;
    let configs = cluster
        .describe_topic_configs(&names)
        .await
        .expect("it was reached");
    for name in &names {
        let entries = configs[name].as_ref().expect("it is there");
        let value = |key: &str| {
            let entry = entries.iter().find(|entry| entry.key.as_str() == key);
            entry
                .and_then(|entry| entry.value.clone())
                .expect("it has one")
        };
        assert_eq!(value("retention.ms"), "600000");
        assert_eq!(value("segment.bytes"), "104857600");
        assert_eq!(value("cleanup.policy"), "delete");
    }
    let list = repository
        .run_bare("instance list video-task -e dev")
        .exits(0);
    list.says("INSTANCE")
        .says(&format!("video-task task_id={id}"))
        .says(" up ")
        .says("1 instance");
    repository
        .run_bare("instance list other -e dev")
        .exits(0)
        .says("dev: 0 instances");
    let sweep = repository.run_bare("instance sweep -e dev").exits(0);
    sweep.says("No expired instances.");

    let start = Instant::now();
    let down = format!("instance down video-task task_id={id} -e dev --wait-delete");
    repository
        .run_bare(&down)
        .exits(0)
        .says("is gone; 4 topics deleted");
    assert!(
        start.elapsed() >= Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
    let left = cluster.metadata().await.expect("it was reached").topics;
    assert!(names.iter().all(|name| !left.contains_key(name)));
    assert!(contents(&test).await.inventory.instances.is_empty());
    repository.run_bare(&down).exits(0).says("is not up");
}

async fn up_twice_and_what_was_missing(test: Test) {
    let repository = repository(&test, TASK);
    let up = "instance up task id=a -e dev --format json";
    let first = only(&repository.run_bare(up).exits(0));
    assert_eq!(first["state"], "started");
    let again = only(&repository.run_bare(up).exits(0));
    assert_eq!(again["state"], "up");
    assert_eq!(again["changes"].as_array().map(Vec::len), Some(0));
    for key in ["started_ms", "topics", "delete_at_ms"] {
        assert_eq!(again[key], first[key], "{key}");
    }
    delete(&test, "raw_a").await;
    let run = repository.run_bare("instance up task id=a -e dev").exits(0);
    run.says("is up already; 1 topic created");
    assert_eq!(topics(&test).await, ["raw_a", "yolox_a"]);
    let last = only(&repository.run_bare(up).exits(0));
    assert_eq!(last["started_ms"], first["started_ms"]);
    let topic = |name: &str| (&first["topics"][name], &last["topics"][name]);
    let (before, after) = topic("@raw_a");
    assert!(before != after && !after.is_null(), "{before} {after}");
    let (before, after) = topic("@yolox_a");
    assert_eq!(before, after);
}

async fn an_end_is_taken_back(test: Test) {
    let repository = repository(&test, &TASK.replace("\"1s\"", "\"1h\""));
    repository
        .run_bare("instance down task id=a -e dev")
        .exits(0)
        .says("task id=a is not up");
    repository.run_bare("instance up task id=a -e dev").exits(0);
    let down = "instance down task id=a -e dev";
    repository
        .run_bare(down)
        .exits(0)
        .says("is ended; its 2 topics are eligible for deletion from");
    repository
        .run_bare(down)
        .exits(0)
        .says("had ended already; its 2 topics");
    let list = repository.run_bare("instance list -e dev").exits(0);
    list.says(" ending ");
    let up = repository.run_bare("instance up task id=a -e dev").exits(0);
    up.says("task id=a is up again, and its end is taken back");
    let list = repository
        .run_bare("instance list -e dev --format json")
        .exits(0)
        .json();
    assert_eq!(list["instances"][0]["state"], "up");
    assert_eq!(list["instances"][0]["ended_ms"], serde_json::Value::Null);
    assert_eq!(topics(&test).await, ["raw_a", "yolox_a"]);
}

async fn swept_by_its_age_without_the_files(test: Test) {
    let repository = repository(&test, &TASK.replace("\"24h\"", "\"2s\""));
    repository.run_bare("instance up task id=a -e dev").exits(0);
    std::fs::remove_dir_all(repository.path("topics")).expect("it is there");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let look = repository
        .run_bare("instance sweep -e dev --dry-run")
        .exits(0);
    look.says("task id=a expired; 2 topics would be deleted")
        .says("1 to delete");
    assert_eq!(topics(&test).await, ["raw_a", "yolox_a"]);
    let sweep = repository.run_bare("instance sweep -e dev").exits(0);
    sweep
        .says("task id=a is gone; 2 topics deleted")
        .says("1 deleted");
    assert!(topics(&test).await.is_empty());
    repository
        .run_bare("instance sweep -e dev")
        .exits(0)
        .says("No expired instances.");
}

/// Ends an instance and waits until it expires.
async fn over(repository: &Repository, id: &str) {
    repository
        .run_bare(&format!("instance down task id={id} -e dev"))
        .exits(0);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
}

async fn what_is_in_use_stays(test: Test) {
    let repository = repository(&test, TASK);
    for id in ["read", "young", "old"] {
        repository
            .run_bare(&format!("instance up task id={id} -e dev"))
            .exits(0);
    }
    let group = format!("{}-group", test.prefix());
    let consumer: BaseConsumer = client(&test)
        .set("group.id", &group)
        .create()
        .expect("a client");
    let topic = test.topic("raw_read");
    consumer.subscribe(&[topic.as_str()]).expect("a topic");
    eventually("it has partitions", async || {
        let _ = consumer.poll(Duration::from_millis(50));
        consumer.assignment().is_ok_and(|list| list.count() > 0)
    })
    .await;
    write(&test, &test.topic("yolox_young"), Duration::ZERO);
    // A task's topic is in use for about a minute, not for a day.
    write(&test, &test.topic("yolox_old"), Duration::from_secs(120));
    for id in ["read", "young", "old"] {
        over(&repository, id).await;
    }
    let sweep = repository.run_bare("instance sweep -e dev").exits(0);
    let sweep = sweep.says("task id=old is gone; 2 topics deleted");
    let sweep = sweep.says("task id=read expired, and stays until the next sweep");
    let sweep = sweep.says(&format!("@raw_read  in use: read by {group} (1 member)"));
    let sweep = sweep.says("@yolox_read  stays with the others");
    let sweep = sweep.says("@yolox_young  in use: up to 1 message; newest record ");
    sweep.says("1 deleted, 2 kept");
    let waited = repository
        .run_bare("instance down task id=read -e dev --wait-delete")
        .exits(3);
    waited.says("stays until the next sweep");

    drop(consumer);
    let allowed = "instance sweep -e dev --allow topic-in-use:*young";
    eventually("the group has no members", async || {
        repository.run_bare(allowed).exits(0);
        topics(&test).await.is_empty()
    })
    .await;
    assert!(contents(&test).await.inventory.instances.is_empty());
}

fn client(test: &Test) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", test.broker().servers());
    config
}

/// Writes a record of this age.
fn write(test: &Test, topic: &TopicName, age: Duration) {
    let producer: BaseProducer = client(test).create().expect("a client");
    let now = clock::local().duration_since(UNIX_EPOCH).expect("after");
    let time = i64::try_from((now - age).as_millis()).expect("in range");
    let record = BaseRecord::to(topic.as_str())
        .key("k")
        .payload("v")
        .timestamp(time);
    producer
        .send(record)
        .map_err(|(e, _)| e)
        .expect("there is room");
    producer
        .flush(Duration::from_secs(30))
        .expect("it is written");
}

async fn what_is_held_stays(test: Test) {
    let repository = repository(&test, TASK);
    repository.run_bare("instance up task id=a -e dev").exits(0);
    let hold = "inventory hold @raw_a --for 1h --reason incident -e dev";
    repository.run_bare(hold).exits(0);
    over(&repository, "a").await;
    let sweep = repository.run_bare("instance sweep -e dev").exits(0);
    let sweep = sweep.says("@raw_a  held until ").says(": incident");
    sweep.says("@yolox_a  stays with the others");
    repository
        .run_bare("inventory hold @raw_a --end -e dev")
        .exits(0);
    repository
        .run_bare("instance sweep -e dev")
        .exits(0)
        .says("1 deleted");
}

async fn another_cluster(test: Test) {
    let repository = repository(&test, TASK);
    let servers = test.broker().servers();
    let text = format!(
        "[cluster]\nbootstrap_servers = \"{servers}\"\nid = \"other\"\n[defaults]\npartitions = 1\nreplication_factor = 1\n{INVENTORY}"
    );
    repository.write("environments/dev.toml", &text);
    for command in ["up task id=a", "down task id=a", "sweep"] {
        let run = repository.run_bare(&format!("instance {command} -e dev"));
        run.exits(4)
            .warns("and dev belongs to cluster other (environments/dev.toml:3)");
    }
    assert!(topics(&test).await.is_empty());
}

async fn names_that_others_have(test: Test) {
    let other = TASK.replace("lifecycles.task", "lifecycles.other");
    let other = other.replace("lifecycle = \"task\"", "lifecycle = \"other\"");
    let other = other
        .replace("\"raw\", \"yolox\"", "\"raw\"")
        .replace("@{stage}_{id}", "@{stage}_a{id}");
    let repository = repository(&test, TASK);
    test.create(&[new_topic(test.topic("raw_nobody"), 1, &[])])
        .await;
    let run = repository
        .run_bare("instance up task id=nobody -e dev")
        .exits(4);
    run.warns("@raw_nobody exists already, and belongs to no instance");

    repository
        .run_bare("instance up task id=ab -e dev")
        .exits(0);
    // Together in one file, the two are ambiguous and rejected by `validate`.
    repository.topics(&other);
    let run = repository
        .run_bare("instance up other id=b -e dev")
        .exits(4);
    run.warns("@raw_ab is a topic of the instance task id=ab");

    repository.topics("[topics.\"@raw_owned\"]\n");
    repository.run("apply --yes -e dev").exits(0);
    repository.topics(TASK);
    let run = repository
        .run_bare("instance up task id=owned -e dev")
        .exits(4);
    run.warns("@raw_owned is owned by the scope `vision` in `dev`");
    let instances = contents(&test).await.inventory.instances;
    assert_eq!(instances.len(), 1, "{instances:?}");
    assert_eq!(
        topics(&test).await,
        ["raw_ab", "raw_nobody", "raw_owned", "yolox_ab"]
    );
}

async fn made_again_by_somebody_else(test: Test) {
    let repository = repository(&test, TASK);
    repository.run_bare("instance up task id=a -e dev").exits(0);
    delete(&test, "raw_a").await;
    test.create(&[new_topic(test.topic("raw_a"), 1, &[])]).await;
    let run = repository.run_bare("instance up task id=a -e dev").exits(4);
    run.warns("@raw_a is not the topic that this instance created");
    over(&repository, "a").await;
    let sweep = repository.run_bare("instance sweep -e dev").exits(0);
    let sweep = sweep.says("task id=a is gone; 1 topic deleted");
    sweep.says("@raw_a  left unchanged: recreated since the instance was started");
    assert_eq!(topics(&test).await, ["raw_a"]);
    assert!(contents(&test).await.inventory.instances.is_empty());
}

async fn refused_by_the_broker(test: Test) {
    let repository = repository(&test, &format!("{TASK}replication_factor = 3\n"));
    let run = repository.run_bare("instance up task id=a -e dev").exits(4);
    run.warns("@raw_a cannot be created: ");
    assert!(topics(&test).await.is_empty());
    assert!(contents(&test).await.inventory.instances.is_empty());
}

/// Runs the binary through a proxy with this rule, and kills it when the rule applies.
fn killed(test: &Test, repository: &Repository, arguments: &str, rule: Rule) {
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    repository.environment("dev", proxy.servers(), 1, INVENTORY);
    let run = repository.start_bare(arguments);
    let start = Instant::now();
    while proxy.fired() == 0 {
        assert!(
            start.elapsed() < harness::LIMITS.timeout,
            "no fault came to be"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    run.signal("KILL");
    assert_eq!(run.end().code, None);
    repository.environment("dev", test.broker().servers(), 1, INVENTORY);
}

/// Creates an inventory, so that no request to create one occurs later.
async fn with_inventory(test: &Test) -> Repository {
    let repository = repository(test, TASK);
    let cluster = test.cluster().await;
    let made = inventory::create(&cluster, &test.topic("inventory"), 1).await;
    made.expect("it can be made");
    repository
}

async fn killed_before_its_topics_are_made(test: Test) {
    let repository = with_inventory(&test).await;
    let rule = || Rule::new(Api::CreateTopics, When::Writing, Fault::SilentBefore);
    for id in ["a", "b"] {
        killed(
            &test,
            &repository,
            &format!("instance up task id={id} -e dev"),
            rule(),
        );
    }
    assert!(topics(&test).await.is_empty());
    assert_eq!(contents(&test).await.inventory.instances.len(), 2);
    // One is started, the other is ended.
    let up = repository.run_bare("instance up task id=a -e dev").exits(0);
    up.says("is up already; 2 topics created");
    repository
        .run_bare("instance down task id=b -e dev --wait-delete")
        .exits(0)
        .says("no topic of it was left");
    repository
        .run_bare("instance down task id=a -e dev --wait-delete")
        .exits(0)
        .says("2 topics deleted");
    assert!(topics(&test).await.is_empty());
    assert!(contents(&test).await.inventory.instances.is_empty());
}

async fn killed_before_their_ids_are_recorded(test: Test) {
    let repository = with_inventory(&test).await;
    let rule = || Rule::new(Api::CreateTopics, When::Writing, Fault::SilentAfter);
    for id in ["a", "b"] {
        killed(
            &test,
            &repository,
            &format!("instance up task id={id} -e dev"),
            rule(),
        );
    }
    until_topics_are(&test, &["raw_a", "raw_b", "yolox_a", "yolox_b"]).await;
    let recorded = contents(&test).await.inventory.instances;
    assert!(
        recorded
            .iter()
            .flat_map(|one| one.topics.values())
            .all(Option::is_none)
    );
    repository
        .run_bare("instance up task id=a -e dev")
        .exits(0)
        .says("is up already");
    let recorded = contents(&test).await.inventory.instances;
    assert!(
        recorded[0].topics.values().all(Option::is_some),
        "{recorded:?}"
    );
    for id in ["a", "b"] {
        over(&repository, id).await;
    }
    repository
        .run_bare("instance sweep -e dev")
        .exits(0)
        .says("2 deleted");
    assert!(topics(&test).await.is_empty());
}

async fn killed_after_the_delete(test: Test) {
    let repository = repository(&test, TASK);
    for id in ["a", "b"] {
        repository
            .run_bare(&format!("instance up task id={id} -e dev"))
            .exits(0);
        over(&repository, id).await;
    }
    let rule = Rule::new(Api::DeleteTopics, When::Writing, Fault::SilentAfter);
    killed(&test, &repository, "instance sweep -e dev", rule);
    until_topics_are(&test, &[]).await;
    assert_eq!(contents(&test).await.inventory.instances.len(), 2);
    // One is started again, the other is swept.
    repository
        .run_bare("instance up task id=a -e dev")
        .exits(0)
        .says("2 topics created");
    let sweep = repository.run_bare("instance sweep -e dev").exits(0);
    sweep
        .says("task id=b is gone; no topic of it was left")
        .says("1 deleted");
    assert_eq!(topics(&test).await, ["raw_a", "yolox_a"]);
    assert_eq!(contents(&test).await.inventory.instances.len(), 1);
}

/// Concurrent up, down and sweep: whatever the order, record and topics agree.
async fn two_at_a_time_on_one_instance(test: Test) {
    let repository = with_inventory(&test).await;
    repository.topics(&TASK.replace("\"1s\"", "\"0s\""));
    for round in 0..4 {
        let commands = ["up task id=a", "down task id=a", "sweep", "up task id=a"];
        let started =
            commands.map(|command| repository.start_bare(&format!("instance {command} -e dev")));
        for run in started.map(harness::Started::end) {
            // Only concurrent sweeps do not wait for each other.
            assert_eq!(run.code, Some(0), "{round}: {run}");
        }
        let recorded = contents(&test).await.inventory.instances;
        let shown = topics(&test).await;
        match recorded.len() {
            0 => assert!(shown.is_empty(), "{shown:?}"),
            _ => assert_eq!(shown, ["raw_a", "yolox_a"], "{recorded:?}"),
        }
    }
}

/// The same name from different parameters, in two checkouts.
fn of_two(test: &Test, a: &str, b: &str) -> Repository {
    let topics = format!(
        "[lifecycles.task]
parameters.a = '{a}'
parameters.b = '{b}'
delete_after = \"1s\"
[topics.\"@{{a}}_{{b}}\"]
lifecycle = \"task\"
"
    );
    repository(test, &topics)
}

async fn two_instances_that_would_have_one_topic(test: Test) {
    let (one, two) = (
        of_two(&test, "[a-z]_[a-z]", "[a-z]"),
        of_two(&test, "[a-z]", "[a-z]_[a-z]"),
    );
    one.run_bare("instance up task a=k_l b=m -e dev").exits(0);
    let taken = "is a topic of the instance task a=";
    let run = two.run_bare("instance up task a=k b=l_m -e dev").exits(4);
    run.warns(&format!("@k_l_m {taken}k_l b=m"));
    // Concurrently: the first has its lock and has read the inventory, and is delayed before it
    // writes its record.
    let rule = Rule::new(
        Api::CreateTopics,
        When::After,
        Fault::Delay(Duration::from_secs(6)),
    );
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    one.environment("dev", proxy.servers(), 1, INVENTORY);
    let first = one.start_bare("instance up task a=x_y b=z -e dev");
    crate::meanwhile::wait_for(&proxy);
    two.run_bare("instance up task a=x b=y_z -e dev").exits(0);
    let run = first.end().exits(4);
    run.warns(&format!("@x_y_z {taken}x b=y_z"));
    assert_eq!(contents(&test).await.inventory.instances.len(), 2);
    // Repeatedly, without delay.
    one.environment("dev", test.broker().servers(), 1, INVENTORY);
    for name in ["c", "d", "e", "f"] {
        let runs = [
            one.start_bare(&format!("instance up task a={name}_y b=z -e dev")),
            two.start_bare(&format!("instance up task a={name} b=y_z -e dev")),
        ];
        let mut codes = runs.map(|run| run.end().code);
        codes.sort();
        assert_eq!(codes, [Some(0), Some(4)], "{name}");
    }
    assert_eq!(contents(&test).await.inventory.instances.len(), 6);
}

/// A topic that an apply has created and not yet recorded is not an instance's, and vice versa.
async fn an_apply_meets_an_instance(test: Test) {
    let instances = repository(&test, TASK);
    let owner = repository(
        &test,
        "[topics.\"@raw_a\"]\nconfig.retention.ms = \"10m\"\n",
    );
    let rule = Rule::new(
        Api::CreateTopics,
        When::After,
        Fault::Delay(Duration::from_secs(6)),
    );
    let proxy = Proxy::before(test.broker().servers(), &[rule]);
    instances.run_bare("instance up task id=z -e dev").exits(0);
    instances.environment("dev", proxy.servers(), 1, INVENTORY);
    let up = instances.start_bare("instance up task id=a -e dev");
    crate::meanwhile::wait_for(&proxy);
    owner.run("apply --yes -e dev").exits(0);
    let run = up.end().exits(4);
    run.warns("@raw_a is owned by the scope `vision` in `dev`");
    owner.run("plan --detailed-exitcode").exits(0);
}

async fn an_apply_does_not_delay_it(test: Test) {
    let repository = with_inventory(&test).await;
    let cluster = test.cluster().await;
    let holder = Holder {
        by: "an apply".to_owned(),
        ..Holder::default()
    };
    let (topic, resource) = (test.topic("inventory"), "apply/vision/dev");
    let lock = inventory::lock(&cluster, &topic, resource, holder, Duration::ZERO, |_| ()).await;
    let lock = lock.expect("it is free");
    repository
        .run_bare("instance up task id=a -e dev --lock-timeout 0s")
        .exits(0);
    repository
        .run_bare("instance down task id=a -e dev --wait-delete --lock-timeout 0s")
        .exits(0);
    assert_eq!(lock.check().await, Ok(()));
    repository.topics("[topics.\"@x\"]\n");
    repository.run("apply --yes -e dev").exits(5);
    lock.release().await.expect("it is ours");
}

async fn a_hundred_at_a_time(test: Test) {
    let repository = with_inventory(&test).await;
    let all = async |command: &str, says: &str| {
        let start = Instant::now();
        let ids: Vec<usize> = (0..100).collect();
        // More of them would only overload the machine.
        for some in ids.chunks(100) {
            let started: Vec<_> = some
                .iter()
                .map(|id| {
                    repository.start_bare(&format!("instance {command} task id=t{id} -e dev"))
                })
                .collect();
            for run in started {
                run.end().exits(0).says(says);
            }
        }
        eprintln!("100 × {command} in {:.1?}", start.elapsed());
    };
    all("up", "2 topics created").await;
    assert_eq!(topics(&test).await.len(), 200);
    let recorded = contents(&test).await.inventory.instances;
    assert_eq!(recorded.len(), 100);
    let ids = recorded.iter().flat_map(|one| one.topics.values());
    assert_eq!(ids.filter(|id| id.is_some()).count(), 200);
    all("down", "is ended").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let start = Instant::now();
    let sweep = repository.run_bare("instance sweep -e dev").exits(0);
    eprintln!("swept in {:.1?}", start.elapsed());
    sweep.says("100 deleted");
    assert!(topics(&test).await.is_empty());
    assert!(contents(&test).await.inventory.instances.is_empty());
}
