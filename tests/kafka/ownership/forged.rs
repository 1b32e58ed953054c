//! The inventory as untrusted input: records from any principal with Write on its topic, and topics
//! that are not an inventory.

use topicsmith::internals::kafka::{Appender, Delivery};

use super::{applied, id, listed, live, make, nothing_left, planned};
use crate::harness::{LIMITS, Repository, Test, inventory, new_topic};

crate::harness::tests! {
    one_bad_record_stops_those_whom_it_concerns,
    a_lock_without_end_locks_nobody,
    an_instance_that_never_was_deletes_nothing,
    without_the_files_what_is_older_stays,
    without_its_id_only_an_empty_topic_is_deleted,
    an_owned_topic_without_an_id_is_not_deleted,
    a_topic_of_somebody_elses_is_no_inventory,
    an_empty_topic_becomes_one_and_says_so,
    one_without_a_mark_goes_on,
    the_inventory_of_others_is_neither_deleted_nor_changed,
    one_that_only_looks_like_an_inventory_is_deleted,
    no_instance_deletes_the_inventory_of_others,
    an_inventory_takes_nothing_that_is_small_only_while_compressed,
    the_mark_of_a_newer_version_stays,
}

/// Appends a record as any client could, and returns its offset.
async fn write(test: &Test, key: &[u8], value: &str) -> i64 {
    let (cluster, topic) = (test.cluster().await, test.topic("inventory"));
    let raw =
        Appender::open(&cluster, &topic, 0, LIMITS.timeout, Delivery::Once).expect("a client");
    let value = value.replace('@', &format!("{}.", test.prefix()));
    let appended = raw
        .append(&[(key.to_vec(), Some(value.into_bytes()))])
        .await;
    appended.expect("it may")[0].offset
}

/// Returns a record of a kind by the scope `shop` and the environment `dev`.
fn record(kind: &str, rest: &str) -> String {
    format!(
        r#"{{"format":"topicsmith/inventory/1","kind":"{kind}","scope":"shop","environment":"dev",{rest}}}"#
    )
}

async fn one_bad_record_stops_those_whom_it_concerns(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\n");
    let media = test.repository("[topics.\"@m\"]\n");
    media.owning("dev", "media");
    let no_name = write(&test, b"topic/", &record("topic", r#""topic":"""#)).await;
    let with_nul = write(
        &test,
        b"topic/a\0b",
        &record("topic", r#""topic":"a\u0000b""#),
    )
    .await;
    // Neither names a topic that can exist: they block no reader, and are reported.
    for repository in [&shop, &media] {
        let plan = repository.run("plan").exits(0);
        let plan = plan.says(&format!("partition 0, offset {no_name}: "));
        plan.says(&format!("forget --offset {with_nul}"));
        repository.run("drift").exits(0);
        repository.run("apply --yes").exits(0);
    }
    let list = shop.run("inventory list").exits(0);
    list.says("cannot be read")
        .says("`topic` is invalid: a topic name cannot be empty");
    // A removal of its own with an invalid id, and a record of a listed topic.
    let spent = record("tombstone", r#""topic":"@old","id":"1""#);
    let key = format!("tombstone/shop/dev/{}.old", test.prefix());
    let own = write(&test, key.as_bytes(), &spent).await;
    for command in ["plan", "drift", "apply --yes", "inventory list"] {
        shop.run(command).exits(1);
        media.run(command).exits(0);
    }
    let run = shop.run("plan").exits(1);
    run.warns(&format!("partition 0, offset {own}: "))
        .warns("`id` is not a topic id of Kafka");
    for offset in [no_name, with_nul, own] {
        let forget = format!("inventory forget --offset {offset} --yes");
        shop.run_whole(&forget).exits(0);
    }
    nothing_left(&shop);
    assert_eq!(listed(&shop)["unreadable"], serde_json::json!([]));
}

async fn a_lock_without_end_locks_nobody(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\n");
    let claim = |for_ms: &str| {
        format!(
            r#"{{"format":"topicsmith/inventory/1","kind":"lock","resource":"apply/shop/dev","claim":"f","by":"x","pid":1,"commit":null,"for_ms":{for_ms}}}"#
        )
    };
    for for_ms in ["18446744073709551615", "3600000", "10001"] {
        let offset = write(&test, b"lock/apply%2Fshop%2Fdev/f", &claim(for_ms)).await;
        shop.topics(&format!(
            "[topics.\"@a\"]\nconfig.retention.ms = \"{offset}d\"\n"
        ));
        let run = shop.run("apply --yes --allow destructive").exits(0);
        assert!(!run.stderr.contains("is running"), "{run}");
        let said = format!("`for_ms` is {for_ms}: a lock is taken for up to 10000 ms");
        shop.run("inventory list").exits(0).says(&said);
        shop.run("plan")
            .exits(0)
            .says(&format!("offset {offset}: "));
    }
}

const TASK: &str = "
[lifecycles.task]
parameters.id = '[a-z0-9-]+'
delete_after = \"1s\"
[topics.\"@raw_{id}\"]
lifecycle = \"task\"
";

/// Returns a record of an expired instance with these topics.
fn forged(topics: &str) -> String {
    record(
        "instance",
        &format!(
            r#""lifecycle":"task","parameters":{{"id":"a"}},"topics":{{{topics}}},"started_ms":1000,"ended_ms":2000,"delete_after_ms":0"#
        ),
    )
}

const INSTANCE: &[u8] = b"instance/shop/dev/task/id=a";

async fn an_instance_that_never_was_deletes_nothing(test: Test) {
    make(&test, "payments", &[]).await;
    let repository = applied(&test, "[topics.\"@owned\"]\n");
    repository.topics(&format!("{TASK}[topics.\"@owned\"]\n"));
    let own = id(&test, "payments").await;
    let with_id = format!(r#""@payments":"{own}""#);
    for topics in [with_id.as_str(), r#""@payments":null"#] {
        write(&test, INSTANCE, &forged(topics)).await;
        for command in [
            "instance sweep -e dev",
            "instance sweep -e dev --allow topic-in-use",
            "instance down task id=a -e dev --wait-delete --allow topic-in-use",
        ] {
            let run = repository.run_bare(command);
            let run = run.says("@payments  nothing proves that this instance made it");
            run.says("lifecycle task in the files makes no such topic of these parameters")
                .says("--allow unproven:");
        }
    }
    // Not even with --allow: the inventory, listed topics, topics owned by a scope.
    let inventory = id(&test, "inventory").await;
    let topics = format!(r#""@inventory":"{inventory}","@owned":null"#);
    write(&test, INSTANCE, &forged(&topics)).await;
    let sweep = "instance sweep -e dev --allow topic-in-use --allow unproven";
    let run = repository.run_bare(sweep).exits(0);
    run.says("@inventory  left alone: it is Kafka's or the inventory")
        .says("@owned  left unchanged");
    assert_eq!(live(&test).await, "owned payments");
    nothing_left(&repository);
    // A user with more knowledge allows it.
    write(&test, INSTANCE, &forged(&with_id)).await;
    repository.run_bare(sweep).exits(0).says("1 topic deleted");
    assert_eq!(live(&test).await, "owned");
}

async fn without_the_files_what_is_older_stays(test: Test) {
    make(&test, "payments", &[]).await;
    crate::usage::write(
        &test,
        &test.topic("payments"),
        std::time::Duration::from_secs(200_000),
    );
    let repository = applied(&test, "[topics.\"@owned\"]\n");
    std::fs::remove_dir_all(repository.path("topics")).expect("it is there");
    let own = id(&test, "payments").await;
    // Started at the time of the record.
    let started = |topics: &str| {
        forged(topics).replace(r#""started_ms":1000,"ended_ms":2000"#, r#""ended":true"#)
    };
    let with_id = started(&format!(r#""@payments":"{own}""#));
    write(&test, INSTANCE, &with_id).await;
    let run = repository.run_bare("instance sweep -e dev").exits(0);
    run.says("@payments  nothing proves that this instance made it: it holds a record of 20")
        .says("before the instance was started");
    write(&test, INSTANCE, &started(r#""@payments":null"#)).await;
    let run = repository.run_bare("instance sweep -e dev").exits(0);
    run.says("its id is not recorded, and there are no topics files");
    assert_eq!(live(&test).await, "owned payments");
}

async fn without_its_id_only_an_empty_topic_is_deleted(test: Test) {
    make(&test, "raw_a", &[]).await;
    make(&test, "raw_b", &[]).await;
    let two_days = std::time::Duration::from_secs(200_000);
    crate::usage::write(&test, &test.topic("raw_a"), two_days);
    let repository = applied(&test, "[topics.\"@owned\"]\n");
    repository.topics(&format!("{TASK}[topics.\"@owned\"]\n"));
    // The lifecycle produces exactly these names; the start is as early as possible, so that no
    // record is older.
    let early = |value: String| value.replace(r#""started_ms":1000"#, r#""started_ms":0"#);
    write(&test, INSTANCE, &early(forged(r#""@raw_a":null"#))).await;
    let b = forged(r#""@raw_b":null"#).replace(r#""id":"a""#, r#""id":"b""#);
    write(&test, b"instance/shop/dev/task/id=b", &early(b)).await;
    let run = repository.run_bare("instance sweep -e dev").exits(0);
    run.says("@raw_a  nothing proves that this instance made it: its id is not recorded, and it holds records");
    assert_eq!(live(&test).await, "owned raw_a");
    let run = repository.run_bare("instance sweep -e dev --allow unproven");
    run.exits(0).says("1 topic deleted");
    assert_eq!(live(&test).await, "owned");
}

async fn an_owned_topic_without_an_id_is_not_deleted(test: Test) {
    make(&test, "payments", &[]).await;
    let repository = applied(&test, "[topics.\"@owned\"]\n");
    let key = format!("topic/{}.payments", test.prefix());
    let value = record("topic", r#""topic":"@payments","on_remove":"delete""#);
    write(&test, key.as_bytes(), &value).await;
    assert_eq!(planned(&repository), "@payments blocked recreated");
    let run = repository.run("apply --yes --allow destructive").exits(4);
    run.says("nothing proves that this topic is the one that was applied");
    assert_eq!(live(&test).await, "owned payments");
}

const COMPACTED: (&str, &str) = ("cleanup.policy", "compact");
const STAMPED: (&str, &str) = ("message.timestamp.type", "LogAppendTime");

fn all_refuse(repository: &Repository, why: &str) {
    for command in ["plan", "drift", "apply --yes", "inventory list", "snapshot"] {
        let run = repository.run(command).exits(1);
        let run = run
            .warns("topic @inventory cannot be the inventory: ")
            .warns(why);
        assert!(
            !run.stderr.contains("alice") && !run.stdout.contains("alice"),
            "{run}"
        );
    }
    for command in [
        "inventory hold @a --for 1h --reason x -e dev",
        "inventory unlock -e dev --yes",
        "instance sweep -e dev",
        "instance list -e dev",
    ] {
        repository.run_bare(command).exits(1).warns(why);
    }
}

async fn a_topic_of_somebody_elses_is_no_inventory(test: Test) {
    let topic = new_topic(test.topic("inventory"), 1, &[COMPACTED, STAMPED]);
    let cluster = test.create(&[topic]).await;
    write(&test, b"alice@example.org", r#"{"card": "4111"}"#).await;
    write(&test, b"topic/alice", r#"{"card": "4111"}"#).await;
    let repository = test.owning_repository("[topics.\"@a\"]\n");
    all_refuse(
        &repository,
        "it holds records, and none of them is topicsmith's",
    );
    // Nothing was written to it.
    let end = topicsmith::internals::kafka::end(&cluster, &test.topic("inventory"), 0).await;
    assert_eq!(end.expect("it is there"), 2);
    assert_eq!(live(&test).await, "");
}

async fn an_empty_topic_becomes_one_and_says_so(test: Test) {
    // A compacted business topic that is empty so far.
    make(&test, "inventory", &[COMPACTED]).await;
    let repository = test.owning_repository("[topics.\"@a\"]\n");
    all_refuse(&repository, "its message.timestamp.type is `CreateTime`");
    // Created by hand as documented.
    super::set(&test, "inventory", STAMPED.0, STAMPED.1).await;
    let note =
        "topic @inventory is empty and not marked as an inventory: the first apply uses it as one";
    repository.run("plan").exits(0).warns(note);
    repository.run("apply --yes").exits(0);
    let run = repository.run("plan --detailed-exitcode").exits(0);
    assert!(!run.stderr.contains("not marked"), "{run}");
}

/// Like every inventory from before markers existed.
async fn one_without_a_mark_goes_on(test: Test) {
    make(&test, "inventory", &[COMPACTED, STAMPED]).await;
    make(&test, "a", &[]).await;
    let own = id(&test, "a").await;
    let key = format!("topic/{}.a", test.prefix());
    let value = record(
        "topic",
        &format!(
            r#""topic":"@a","id":"{own}","on_remove":"retain","owner":null,"partitions":1,"replication_factor":1,"config":{{}},"declared_at":"topics/a.toml:1""#
        ),
    );
    write(&test, key.as_bytes(), &value).await;
    let repository = test.repository("[topics.\"@a\"]\n");
    repository.environment("dev", test.broker().servers(), 1, &inventory("shop"));
    nothing_left(&repository);
    repository.topics("[topics.\"@a\"]\n[topics.\"@b\"]\n");
    repository.run("apply --yes").exits(0);
    nothing_left(&repository);
    // It is marked now: its other contents do not matter.
    write(&test, key.as_bytes(), "oops").await;
    repository
        .run("plan")
        .exits(1)
        .warns("key `topic/@a`: line 1");
}

/// A configuration with another inventory, or none, could delete the ownership of all others.
async fn the_inventory_of_others_is_neither_deleted_nor_changed(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\n");
    let attacker = test.repository("");
    let all = "--yes --allow destructive --allow topic-in-use --allow cleanup-policy-changed";
    let blocked = "no plan changes or deletes an inventory: it holds the records of an inventory";
    for kept in ["enabled = false", "topic = \"@other\"\nscope = \"x\""] {
        let servers = test.broker().servers();
        attacker.environment("dev", servers, 1, &format!("[inventory]\n{kept}\n"));
        for topics in [
            "[removed.\"@inventory\"]\n",
            "[topics.\"@inventory\"]\nconfig.cleanup.policy = \"delete\"\nconfig.message.timestamp.type = \"LogAppendTime\"\n",
            "[topics.\"@inventory\"]\npartitions = 2\n",
        ] {
            attacker.topics(topics);
            for command in [
                "plan --detailed-exitcode".to_owned(),
                format!("apply {all}"),
            ] {
                let run = attacker.run(&command);
                // Adopting it unchanged does not change the topic.
                assert!(matches!(run.code, Some(3 | 4)), "{run}");
                run.says(blocked);
            }
        }
    }
    // A topic that can no longer be an inventory would be rejected.
    nothing_left(&shop);
}

async fn one_that_only_looks_like_an_inventory_is_deleted(test: Test) {
    let looks = new_topic(test.topic("accounts"), 1, &[COMPACTED, STAMPED]);
    test.create(&[looks]).await;
    let cluster = test.cluster().await;
    let topic = test.topic("accounts");
    let raw = Appender::open(&cluster, &topic, 0, LIMITS.timeout, Delivery::Once);
    let pair = (b"inventory".to_vec(), Some(b"12 pallets".to_vec()));
    let written = raw.expect("a client").append(&[pair]).await;
    written.expect("it may");
    let repository = test.repository("[removed.\"@accounts\"]\n");
    repository
        .run("apply --yes --allow topic-deleted --allow topic-in-use")
        .exits(0);
    assert_eq!(live(&test).await, "");
}

/// A lifecycle can make any name of its parameters, and whoever may write an inventory any record of
/// an instance.
async fn no_instance_deletes_the_inventory_of_others(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\n");
    let attacker = test.repository(
        "[lifecycles.task]\nparameters.id = \"[a-z]+\"\ndelete_after = \"1s\"\n[topics.\"@inventor{id}\"]\nlifecycle = \"task\"\n[topics.\"@b\"]\n",
    );
    let servers = test.broker().servers();
    let section = "[inventory]\ntopic = \"@other\"\nscope = \"x\"\n";
    attacker.environment("dev", servers, 1, section);
    attacker.run("apply --yes").exits(0);
    let theirs = id(&test, "inventory").await;
    let value = record(
        "instance",
        &format!(
            r#""lifecycle":"task","parameters":{{"id":"y"}},"topics":{{"@inventory":"{theirs}"}},"started_ms":1,"ended_ms":2,"delete_after_ms":0"#
        ),
    );
    let value = value.replace("\"shop\"", "\"x\"");
    let (cluster, topic) = (test.cluster().await, test.topic("other"));
    let key = b"instance/x/dev/task/id=y".to_vec();
    for command in [
        "instance sweep -e dev --allow topic-in-use",
        "instance sweep -e dev --allow topic-in-use --allow unproven",
        "instance down task id=y -e dev --wait-delete --allow topic-in-use",
    ] {
        let raw = Appender::open(&cluster, &topic, 0, LIMITS.timeout, Delivery::Once);
        let value = value.replace('@', &format!("{}.", test.prefix()));
        let pair = (key.clone(), Some(value.into_bytes()));
        let written = raw.expect("a client").append(&[pair]).await;
        written.expect("it may");
        let run = attacker.run_bare(command);
        run.says("@inventory  left alone: it holds the records of an inventory");
        assert_eq!(live(&test).await, "a b other", "{command}");
    }
    nothing_left(&shop);
}

/// A batch is limited by what it takes as it is sent: a megabyte of it can be gigabytes for those who
/// read it.
async fn an_inventory_takes_nothing_that_is_small_only_while_compressed(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\n");
    make(&test, "plain", &[]).await;
    let size = 20_000_000;
    assert!(crate::usage::write_compressed(
        &test,
        &test.topic("plain"),
        size
    ));
    assert!(!crate::usage::write_compressed(
        &test,
        &test.topic("inventory"),
        size
    ));
    shop.run("plan --detailed-exitcode").exits(0);
}

async fn the_mark_of_a_newer_version_stays(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\n");
    let newer = r#"{"format":"topicsmith/inventory/9","kind":"inventory"}"#;
    write(&test, b"inventory", newer).await;
    shop.topics("[topics.\"@a\"]\n[topics.\"@b\"]\n");
    for command in ["plan", "apply --yes", "plan", "apply --yes"] {
        let run = shop.run(command).exits(1);
        run.warns("a newer version of topicsmith may have written it");
    }
    assert_eq!(live(&test).await, "a");
}
