//! Adoption, and topics of other owners: two scopes and two environments on one cluster.

use super::{APPLY, applied, id, live, make, nothing_left, owned, planned, planned_by, recorded};
use crate::apply::held;
use crate::harness::{Repository, Test, inventory};

crate::harness::tests! {
    a_topic_is_adopted_as_it_is,
    a_topic_is_adopted_and_updated,
    a_reset_on_adopt_is_gated,
    what_another_scope_owns_is_not_touched,
    a_topic_is_handed_over,
    another_environment_is_another_owner,
    a_scope_is_bounded,
    a_lost_inventory_deletes_nothing,
}

async fn a_topic_is_adopted_as_it_is(test: Test) {
    make(&test, "a", &[("retention.ms", "3600000")]).await;
    let repository = test.owning_repository("[topics.\"@a\"]\nconfig.retention.ms = \"1h\"\n");
    assert_eq!(planned(&repository), "@a adopt");
    repository.run("plan --detailed-exitcode").exits(2);
    let before = id(&test, "a").await;
    repository.run("apply --yes").exits(0).says("\n1 applied\n");
    let a = recorded(&repository, "@a").expect("it is owned");
    assert_eq!(a["id"], before);
    assert_eq!(a["config"], serde_json::json!({"retention.ms": "3600000"}));
    nothing_left(&repository);
}

async fn a_topic_is_adopted_and_updated(test: Test) {
    make(&test, "a", &[]).await;
    let repository = test.owning_repository(
        "[topics.\"@a\"]\npartitions = 3\nconfig.retention.ms = \"1h\"\non_remove = \"delete\"\n",
    );
    assert_eq!(planned(&repository), "@a update adopt on_remove ->delete");
    repository
        .run("apply --yes --allow retention-shortened")
        .exits(0)
        .says("\n1 applied\n");
    let a = recorded(&repository, "@a").expect("it is owned");
    assert_eq!(
        (&a["partitions"], &a["on_remove"]),
        (&3.into(), &"delete".into())
    );
    nothing_left(&repository);
}

async fn a_reset_on_adopt_is_gated(test: Test) {
    make(&test, "a", &[("segment.bytes", "104857600")]).await;
    let repository = test.owning_repository("[topics.\"@a\"]\n");
    let run = repository.run("apply --yes").exits(4);
    run.says("reset-on-adopt");
    assert_eq!(
        held(&test, "a", "segment.bytes").await.as_deref(),
        Some("104857600")
    );
    repository
        .run("apply --yes --allow reset-on-adopt")
        .exits(0);
    assert_eq!(held(&test, "a", "segment.bytes").await, None);
    nothing_left(&repository);
    // Once it is owned, a value set by hand is drift and needs no --allow.
    super::set(&test, "a", "segment.bytes", "104857600").await;
    repository.run("apply --yes").exits(0);
    assert_eq!(held(&test, "a", "segment.bytes").await, None);
}

/// Creates another repository with the scope `media`, beside the topics applied by `shop`.
fn media(test: &Test, topics: &str) -> Repository {
    let repository = test.repository(topics);
    repository.owning("dev", "media");
    repository
}

async fn what_another_scope_owns_is_not_touched(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\n[topics.\"@b\"]\n[topics.\"@c\"]\n");
    let media = media(
        &test,
        "[topics.\"@a\"]\npartitions = 5\n[removed.\"@b\"]\n[topics.\"@m\"]\n",
    );
    assert_eq!(
        planned(&media),
        "@a blocked owned-elsewhere; @b blocked owned-elsewhere; @m create"
    );
    let plan = media
        .run("plan")
        .exits(4)
        .says("scope shop (environment dev) owns it");
    plan.says("1 owned elsewhere: 1 by scope shop");
    let json = media.run("plan --format json").json();
    assert_eq!(json["owned_elsewhere"][0]["topic"], "@c");
    assert_eq!(json["unlisted"], serde_json::json!([]));
    media.run(APPLY).exits(3).says("\n1 applied, 2 blocked\n");
    assert_eq!(live(&test).await, "a b c m");
    assert_eq!(
        (owned(&shop), owned(&media)),
        ("@a @b @c".to_owned(), "@m".to_owned())
    );
    // Nor does `shop` consider topics of `media` its own to release.
    nothing_left(&shop);
    shop.run("plan").exits(0).says("1 by scope media");
    let all = media
        .run("inventory list --all-scopes --format json")
        .exits(0)
        .json();
    assert_eq!(all["topics"].as_array().map(Vec::len), Some(4));
}

async fn a_topic_is_handed_over(test: Test) {
    let shop = applied(&test, "[topics.\"@a\"]\non_remove = \"delete\"\n");
    let media = media(&test, "[topics.\"@a\"]\n");
    // Only with an explicit owner.
    media
        .run_whole("inventory forget @a --yes")
        .exits(4)
        .warns("owned by scope shop")
        .warns("--from shop");
    media
        .run_whole("inventory forget @a --from other --yes")
        .exits(4);
    assert_eq!(owned(&shop), "@a");
    media
        .run_whole("inventory forget @a --from shop --yes")
        .exits(0);
    assert_eq!(owned(&shop), "");
    assert_eq!(planned(&media), "@a adopt");
    media.run("apply --yes").exits(0);
    nothing_left(&media);
    assert_eq!(planned(&shop), "@a blocked owned-elsewhere");
    shop.topics("");
    nothing_left(&shop);
    assert_eq!(live(&test).await, "a");
    media
        .run_whole("inventory forget @b --yes")
        .exits(1)
        .warns("@b is unowned");
}

async fn another_environment_is_another_owner(test: Test) {
    let repository = applied(&test, "[topics.\"@a\"]\non_remove = \"delete\"\n");
    repository.owning("staging", "shop");
    let staging = "plan -e staging --format json";
    assert_eq!(
        planned_by(&repository, staging),
        "@a blocked owned-elsewhere"
    );
    repository.topics("[topics.\"@a\"]\nenvironments = [\"dev\"]\n");
    assert_eq!(planned_by(&repository, staging), "");
    repository.topics("");
    assert_eq!(planned_by(&repository, staging), "");
    repository
        .run("apply -e staging --yes --allow destructive")
        .exits(0);
    assert_eq!(live(&test).await, "a");
    // Own records need no --from, in their own environment.
    repository
        .run_whole("inventory forget @a -e staging --yes")
        .exits(4)
        .warns("owned by scope shop for dev");
    repository
        .run_whole("inventory forget @a -e dev --yes")
        .exits(0);
    repository.topics("[topics.\"@a\"]\n");
    assert_eq!(planned_by(&repository, staging), "@a adopt");
}

async fn a_scope_is_bounded(test: Test) {
    let repository = test.owning_repository("[topics.\"@a\"]\n[topics.\"@m.a\"]\n");
    let rest = format!("{}[scopes.shop]\ntopics = [\"@a\"]\n", inventory("shop"));
    repository.environment("dev", test.broker().servers(), 1, &rest);
    repository.run("plan").exits(1).warns("topics/a.toml:2");
    repository.run("apply --yes").exits(1);
    assert_eq!(live(&test).await, "");
    repository.topics("[topics.\"@a\"]\n");
    repository.run("apply --yes").exits(0);
}

async fn a_lost_inventory_deletes_nothing(test: Test) {
    let repository = applied(
        &test,
        "[topics.\"@a\"]\n[topics.\"@b\"]\non_remove = \"delete\"\n",
    );
    super::delete(&test, "inventory").await;
    assert_eq!(
        planned(&repository),
        "@a adopt; @b adopt on_remove ->delete"
    );
    repository.topics("[topics.\"@a\"]\n");
    assert_eq!(planned(&repository), "@a adopt");
    repository.run(APPLY).exits(0);
    assert_eq!(live(&test).await, "a b");
    nothing_left(&repository);
}
