//! Deletes expired instances, from their records alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::proof::{Oldest, Proof, unproven};
use super::report::{InstanceFailure, InstanceOutcome, InstanceState, StayReason};
use super::site::{InstanceError, Site, TopicPresence};
use super::{InstanceId, belongs};
use crate::apply::{self, Event, Outcome, OutcomeKind, SkipReason};
use crate::inventory::{self, Lock, Writer};
use crate::live::{Instance, Inventory, OwnerKey, Unseen, Usage};
use crate::model::{BrokerTime, TopicName};
use crate::observe;
use crate::plan::Allow;

/// The minimum age below which a record shows use, however soon an instance is deleted after its
/// end.
const LEAST_RECENT_MS: u64 = 60_000;

/// An instance with its lock held.
pub(super) struct LockedInstance {
    pub id: InstanceId,
    /// `None` after the release.
    pub lock: Option<Lock>,
}

impl LockedInstance {
    /// Releases the lock. If this fails, the lock expires.
    pub async fn release(&mut self) {
        if let Some(lock) = self.lock.take() {
            let _ = lock.release().await;
        }
    }
}

/// The decision on an expired instance.
pub(super) struct Case {
    pub instance: Instance,
    /// The topics to delete, each with its id.
    delete: Vec<(TopicName, Option<String>)>,
    /// The topics to keep, and why.
    pub stays: BTreeMap<TopicName, StayReason>,
}

impl Case {
    /// Returns whether a topic must be kept for now, in which case all are.
    pub fn has_to_stay(&self) -> bool {
        self.stays.values().any(StayReason::passes)
    }

    /// Converts to an outcome without changes.
    pub fn into_entry(self, state: InstanceState) -> InstanceOutcome {
        InstanceOutcome {
            stays: self.stays,
            ..InstanceOutcome::new(InstanceId::of(&self.instance), Some(self.instance), state)
        }
    }
}

/// Deletes those of the instances that have expired: unused topics, by id; then their records.
///
/// # Errors
/// Nothing was deleted: something could not be read.
pub(super) async fn reclaim(
    site: &Site<'_>,
    held: &mut [LockedInstance],
    allow: &[Allow],
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Vec<InstanceOutcome>, InstanceError> {
    let inventory = site.contents(&[]).await?.unwrap_or_default().inventory;
    let mut entries = Vec::new();
    let mut over = Vec::new();
    let now = |held: &LockedInstance| held.lock.as_ref().map(Lock::now);
    for held in held.iter() {
        let Some(instance) = held.id.recorded(&site.whose, &inventory.instances) else {
            entries.push(InstanceOutcome::new(
                held.id.clone(),
                None,
                InstanceState::NotUp,
            ));
            continue;
        };
        let over_at = instance.over_at_ms();
        match now(held) {
            Some(now) if over_at.is_some_and(|at| now.is_past(at)) => {
                over.push((instance.clone(), now));
            }
            _ => {
                let state = if instance.ended_ms.is_some() {
                    InstanceState::Ending
                } else {
                    InstanceState::Up
                };
                entries.push(InstanceOutcome::new(
                    held.id.clone(),
                    Some(instance.clone()),
                    state,
                ));
            }
        }
    }
    let cases = judge(site, &inventory, over, allow).await?;
    let (stay, go): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(Case::has_to_stay);
    entries.extend(
        stay.into_iter()
            .map(|case| case.into_entry(InstanceState::Stays)),
    );
    entries.extend(delete(site, held, go, events).await?);
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(entries)
}

/// Decides on instances that have expired, each at a given time.
///
/// # Errors
/// Returns an error if the cluster could not be read.
pub(super) async fn judge(
    site: &Site<'_>,
    inventory: &Inventory,
    over: Vec<(Instance, BrokerTime)>,
    allow: &[Allow],
) -> Result<Vec<Case>, InstanceError> {
    let names = over.iter().flat_map(|(instance, _)| instance.topics.keys());
    let names: Vec<TopicName> = names.cloned().collect();
    let topics = over.iter().flat_map(|(instance, _)| &instance.topics);
    let without_id = topics.filter(|(_, recorded)| recorded.is_none());
    let without_id = without_id.map(|(topic, _)| topic.clone()).collect();
    let seen = site.look(&names).await?;
    let partitions = seen.iter().filter_map(|(name, seen)| match seen {
        TopicPresence::There { partitions, .. } => Some((name.clone(), *partitions)),
        TopicPresence::Missing | TopicPresence::Unseen(_) => None,
    });
    // Whether a use is recent is decided per instance.
    let now = over
        .first()
        .map_or_else(|| BrokerTime::estimated(None), |(_, now)| *now);
    let partitions: BTreeMap<TopicName, u32> = partitions.collect();
    let there: Vec<TopicName> = partitions.keys().cloned().collect();
    let (usage, oldest, inventories) = tokio::join!(
        observe::usage(site.cluster, &partitions, now),
        site.proof.oldest(site.cluster, &partitions, &without_id),
        inventory::inventories_among(site.cluster, &there),
    );
    let inventories = inventories?;
    let case = |(instance, now): (Instance, BrokerTime)| {
        let looked = ReclaimInputs {
            whose: &site.whose,
            proof: &site.proof,
            names: site.proof.names(&InstanceId::of(&instance)),
            oldest: &oldest,
            inventory,
            seen: &seen,
            usage: &usage,
            inventories: &inventories,
            allow,
            now_ms: now.now_ms(),
        };
        looked.case(instance)
    };
    Ok(over.into_iter().map(case).collect())
}

/// The facts about one instance.
struct ReclaimInputs<'a> {
    whose: &'a OwnerKey,
    proof: &'a Proof<'a>,
    /// The instance's topics by the configuration, if there are topics files.
    names: Option<BTreeSet<TopicName>>,
    oldest: &'a Oldest,
    inventory: &'a Inventory,
    seen: &'a BTreeMap<TopicName, TopicPresence>,
    usage: &'a BTreeMap<TopicName, Usage>,
    /// The topics that are, or may be, inventories, and why.
    inventories: &'a BTreeMap<TopicName, String>,
    allow: &'a [Allow],
    now_ms: i64,
}

impl ReclaimInputs<'_> {
    fn case(&self, instance: Instance) -> Case {
        let mut delete = Vec::new();
        let mut stays = BTreeMap::new();
        for (topic, recorded) in &instance.topics {
            let live = match self.seen.get(topic) {
                None | Some(TopicPresence::Missing) => continue,
                Some(TopicPresence::There { id, .. }) => id.clone(),
                Some(TopicPresence::Unseen(fault)) => {
                    let why = Unseen {
                        what: "the topic".to_owned(),
                        why: fault.to_string(),
                    };
                    let unseen = vec![why];
                    let usage = Usage {
                        unseen,
                        ..Usage::default()
                    };
                    stays.insert(topic.clone(), StayReason::InUse(usage));
                    continue;
                }
            };
            match self.why_it_stays(&instance, topic, recorded.as_ref(), live.as_ref()) {
                Some(why) => {
                    stays.insert(topic.clone(), why);
                }
                None => delete.push((topic.clone(), live)),
            }
        }
        if stays.values().any(StayReason::passes) {
            let others = delete
                .drain(..)
                .map(|(topic, _)| (topic, StayReason::Another));
            stays.extend(others);
        }
        Case {
            instance,
            delete,
            stays,
        }
    }

    fn why_it_stays(
        &self,
        instance: &Instance,
        topic: &TopicName,
        recorded: Option<&String>,
        live: Option<&String>,
    ) -> Option<StayReason> {
        if recorded.is_some() && recorded != live {
            return Some(StayReason::MadeAgain);
        }
        let others = self.inventory.instances.iter();
        let mut others = others.filter(|other| {
            !(belongs(other, self.whose) && InstanceId::of(other) == InstanceId::of(instance))
        });
        if self.inventory.topics.contains_key(topic)
            || others.any(|other| other.topics.contains_key(topic))
        {
            return Some(StayReason::Owned);
        }
        if let Some(hold) = self.inventory.holds.get(topic)
            && hold.until_ms > self.now_ms
        {
            return Some(StayReason::Held(hold.clone()));
        }
        if let Some(why) = self.proof.forbids(topic) {
            return Some(StayReason::Forbidden(why.to_owned()));
        }
        if let Some(why) = self.inventories.get(topic) {
            return Some(StayReason::Forbidden(why.clone()));
        }
        let ids = (topic, recorded, live);
        if let Some(why) = unproven(instance, self.names.as_ref(), self.oldest, ids)
            && !self.allow.iter().any(|allow| allow.covers_unproven(topic))
        {
            return Some(StayReason::Unproven(why));
        }
        let usage = self.usage.get(topic)?.clone();
        let window = instance.delete_after_ms.max(LEAST_RECENT_MS);
        let recent = |newest: i64| self.now_ms < newest.saturating_add_unsigned(window);
        let usage = Usage {
            recent: usage.newest_record_ms.is_some_and(recent),
            ..usage
        };
        let allowed = self.allow.iter().any(|allow| allow.covers_use(topic));
        (usage.is_in_use() && !allowed).then_some(StayReason::InUse(usage))
    }
}

/// Deletes the topics of instances, then updates their records.
async fn delete(
    site: &Site<'_>,
    held: &mut [LockedInstance],
    cases: Vec<Case>,
    events: &mut (dyn FnMut(Event) + Send),
) -> Result<Vec<InstanceOutcome>, InstanceError> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let writer = Writer::open(site.cluster, site.inventory).await?;
    let mut entries = Vec::new();
    let mut go = Vec::new();
    for case in cases {
        match still_held(held, &InstanceId::of(&case.instance)).await {
            None => go.push(case),
            Some(trouble) => {
                let mut entry = case.into_entry(InstanceState::Incomplete);
                entry.trouble = Some(trouble);
                entries.push(entry);
            }
        }
    }
    let topics = go
        .iter()
        .flat_map(|case| case.delete.iter().cloned())
        .collect();
    let done = apply::direct::delete(site.cluster, topics, site.settings, events).await;
    let mut done: HashMap<TopicName, apply::ReportEntry> = done
        .into_iter()
        .map(|entry| (entry.topic.clone(), entry))
        .collect();
    for case in go {
        entries.push(record(case, &mut done, &writer).await);
    }
    Ok(entries)
}

async fn still_held(held: &[LockedInstance], id: &InstanceId) -> Option<InstanceFailure> {
    let held = held.iter().find(|held| held.id == *id)?;
    let lock = held.lock.as_ref()?;
    lock.check().await.err().map(InstanceFailure::from)
}

/// Updates the record of an instance: deletes it, or keeps the topics that could not be deleted.
async fn record(
    case: Case,
    done: &mut HashMap<TopicName, apply::ReportEntry>,
    writer: &Writer,
) -> InstanceOutcome {
    let mut instance = case.instance;
    let mut entry = InstanceOutcome::new(InstanceId::of(&instance), None, InstanceState::Deleted);
    entry.stays = case.stays;
    let mut left = BTreeMap::new();
    for (topic, id) in case.delete {
        let Some(outcome) = done.remove(&topic) else {
            continue;
        };
        match (was_made_again(&outcome), outcome.kind()) {
            (true, _) => {
                entry.stays.insert(topic, StayReason::MadeAgain);
                continue;
            }
            (false, OutcomeKind::Applied | OutcomeKind::AlreadyApplied) => {}
            (false, _) => {
                left.insert(topic, id);
            }
        }
        entry.topics.push(outcome);
    }
    let record = match left.is_empty() {
        true => inventory::InventoryRecord::InstanceGone(instance.clone()),
        false => {
            entry.state = InstanceState::Incomplete;
            instance.topics = left;
            inventory::InventoryRecord::Instance(instance.clone())
        }
    };
    if let Err(error) = writer.write(&[record]).await {
        entry.state = InstanceState::Incomplete;
        entry.trouble = Some(InstanceFailure::Unrecorded(error));
    }
    entry.instance = Some(instance);
    entry
}

fn was_made_again(entry: &apply::ReportEntry) -> bool {
    let made_again = |outcome: &Outcome| matches!(outcome, Outcome::Skipped(SkipReason::Recreated));
    entry.parts.iter().any(|part| made_again(&part.outcome))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::Fault;
    use crate::live::{GroupUse, Hold, Owned};
    use crate::model::Globs;

    const NOW: i64 = 1_000_000;

    fn whose() -> OwnerKey {
        OwnerKey {
            scope: Some("vision".to_owned()),
            environment: Some("prod".to_owned()),
        }
    }

    fn instance() -> Instance {
        let id = |id: &str| Some(id.to_owned());
        Instance {
            whose: whose(),
            lifecycle: "task".to_owned(),
            topics: [("a".into(), id("1")), ("b".into(), None)].into(),
            delete_after_ms: 90_000,
            ..Instance::default()
        }
    }

    fn there(id: &str) -> TopicPresence {
        TopicPresence::There {
            id: Some(id.to_owned()),
            partitions: 1,
        }
    }

    /// Both topics exist as created, and are unused.
    struct World {
        inventory: Inventory,
        seen: BTreeMap<TopicName, TopicPresence>,
        usage: BTreeMap<TopicName, Usage>,
        allow: Vec<Allow>,
        names: Option<BTreeSet<TopicName>>,
        oldest: Oldest,
    }

    impl World {
        fn new() -> Self {
            let inventory = Inventory {
                instances: vec![instance()],
                ..Inventory::default()
            };
            let unused = |name: &str| (name.into(), Usage::default());
            Self {
                inventory,
                seen: [("a".into(), there("1")), ("b".into(), there("2"))].into(),
                usage: ["a", "b"].map(unused).into(),
                allow: Vec::new(),
                names: Some(["a".into(), "b".into()].into()),
                oldest: [("b".into(), Ok(None))].into(),
            }
        }

        fn case(&self) -> Case {
            let environment = crate::testing::environment();
            let proof = Proof {
                environment: &environment,
                desired: None,
                scope: "vision",
            };
            let looked = ReclaimInputs {
                whose: &whose(),
                proof: &proof,
                names: self.names.clone(),
                oldest: &self.oldest,
                inventory: &self.inventory,
                seen: &self.seen,
                usage: &self.usage,
                inventories: &BTreeMap::new(),
                allow: &self.allow,
                now_ms: NOW,
            };
            looked.case(instance())
        }

        /// Returns why `a` is kept, if the whole instance is kept with it.
        fn why(&self) -> StayReason {
            let case = self.case();
            assert!(case.has_to_stay() && case.delete.is_empty());
            assert_eq!(case.stays[&TopicName::from("b")], StayReason::Another);
            case.stays[&TopicName::from("a")].clone()
        }

        fn used(usage: Usage) -> Self {
            let mut world = Self::new();
            world.usage.insert("a".into(), usage);
            world
        }
    }

    fn deleted(case: &Case) -> Vec<(&str, Option<&str>)> {
        let delete = case.delete.iter();
        delete
            .map(|(name, id)| (name.as_str(), id.as_deref()))
            .collect()
    }

    #[test]
    fn unused_topics_go_by_their_ids() {
        let mut world = World::new();
        assert_eq!(deleted(&world.case()), [("a", Some("1")), ("b", Some("2"))]);
        world.seen.insert("a".into(), TopicPresence::Missing);
        assert_eq!(deleted(&world.case()), [("b", Some("2"))]);
    }

    #[test]
    fn what_others_made_or_own_is_left_and_holds_nothing_up() {
        let mut world = World::new();
        world.seen.insert("a".into(), there("9"));
        let case = world.case();
        assert_eq!(case.stays, [("a".into(), StayReason::MadeAgain)].into());
        assert_eq!(deleted(&case), [("b", Some("2"))]);
        world.inventory.topics.insert("b".into(), Owned::default());
        let case = world.case();
        assert_eq!(case.stays[&TopicName::from("b")], StayReason::Owned);
        assert!(!case.has_to_stay() && case.delete.is_empty());
    }

    #[test]
    fn a_reader_a_young_record_or_what_cannot_be_seen_keeps_all_of_it() {
        let reader = Usage {
            groups: vec![GroupUse {
                name: "g".to_owned(),
                members: 1,
                committed: false,
            }],
            ..Usage::default()
        };
        assert!(matches!(World::used(reader).why(), StayReason::InUse(_)));
        let wrote = |age: i64| Usage {
            newest_record_ms: Some(NOW - age),
            // Set by the observation: younger than a day.
            recent: true,
            ..Usage::default()
        };
        assert!(matches!(
            World::used(wrote(89_999)).why(),
            StayReason::InUse(_)
        ));
        assert!(!World::used(wrote(90_000)).case().has_to_stay());
        let mut world = World::new();
        let fault = Fault {
            code: 29,
            name: "TOPIC_AUTHORIZATION_FAILED".to_owned(),
            message: String::new(),
        };
        world.seen.insert("a".into(), TopicPresence::Unseen(fault));
        assert!(matches!(world.why(), StayReason::InUse(_)));
    }

    #[test]
    fn what_nothing_proves_to_be_its_own_stays() {
        let unproven = |world: &World| match world.case().stays.remove(&TopicName::from("a")) {
            Some(StayReason::Unproven(why)) => why,
            other => panic!("{other:?}"),
        };
        let mut world = World::new();
        world.names = Some(["b".into()].into());
        assert!(unproven(&world).contains("lifecycle task in the files makes no such topic"));
        world.allow = vec!["topic-in-use".parse().unwrap()];
        assert!(unproven(&world).contains("makes no such topic"));
        world.allow = vec!["unproven:a".parse().unwrap()];
        assert_eq!(deleted(&world.case()).len(), 2);
        // Without a recorded id, only an empty topic is proven.
        let mut world = World::new();
        for (held, why) in [
            (Ok(Some(0)), "it holds records"),
            (Err("no answer".to_owned()), "cannot be seen: no answer"),
        ] {
            world.oldest.insert("b".into(), held);
            match world.case().stays.remove(&TopicName::from("b")) {
                Some(StayReason::Unproven(said)) => assert!(said.contains(why), "{said}"),
                other => panic!("{other:?}"),
            }
        }
        // Without topics files: `b` has no recorded id, `a` has a record older than the instance.
        let mut world = World::new();
        world.names = None;
        let case = world.case();
        assert!(matches!(
            case.stays[&TopicName::from("b")],
            StayReason::Unproven(_)
        ));
        world.allow = vec!["unproven:b".parse().unwrap()];
        assert_eq!(deleted(&world.case()).len(), 2);
        world.oldest.insert("a".into(), Ok(Some(-100_000)));
        assert!(unproven(&world).contains("before the instance was started"));
        world.oldest.insert("a".into(), Err("no answer".to_owned()));
        assert!(unproven(&world).contains("cannot be seen: no answer"));
        world.oldest.insert("a".into(), Ok(Some(0)));
        assert_eq!(deleted(&world.case()).len(), 2);
    }

    #[test]
    fn neither_the_inventory_nor_what_is_ignored_is_an_instances() {
        let mut environment = crate::testing::environment();
        environment.inventory.topic = "inv".into();
        environment.ignore_topics = Globs::new(&["connect-*"]).unwrap();
        let proof = Proof {
            environment: &environment,
            desired: None,
            scope: "vision",
        };
        for topic in ["inv", "connect-a", "__consumer_offsets"] {
            assert!(proof.forbids(&topic.into()).is_some(), "{topic}");
        }
        assert_eq!(proof.forbids(&"a".into()), None);
    }

    #[test]
    fn what_is_allowed_goes_and_what_is_held_stays() {
        let mut world = World::used(Usage {
            newest_record_ms: Some(NOW),
            ..Usage::default()
        });
        world.allow = vec!["topic-in-use:a".parse().unwrap()];
        assert_eq!(deleted(&world.case()).len(), 2);
        let hold = |until_ms| Hold {
            until_ms,
            ..Hold::default()
        };
        world.inventory.holds.insert("a".into(), hold(NOW + 1));
        assert_eq!(world.why(), StayReason::Held(hold(NOW + 1)));
        world.inventory.holds.insert("a".into(), hold(NOW));
        assert!(!world.case().has_to_stay());
    }
}
