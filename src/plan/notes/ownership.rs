//! What a reader should know of the inventory, or of doing without.

use crate::desired::Desired;
use crate::live::Live;
use crate::model::text::{count, names};
use crate::model::time::utc;
use crate::model::{OnRemove, TopicName};
use crate::plan::verdict::Table;
use crate::plan::{ExternalChange, Plan};

/// How many topics a note names.
const MOST_NAMED: usize = 10;

pub(super) fn of(
    desired: &Desired,
    live: &Live,
    (plan, table): (&Plan, &Table),
    wanted: impl Fn(&TopicName) -> bool + Copy,
) -> Vec<String> {
    let removals: Vec<&TopicName> = desired.removed.keys().filter(|name| wanted(name)).collect();
    if !desired.environment.inventory.enabled {
        return without(desired, live, &removals, wanted);
    }
    let mut notes = table.instances().unclear.clone();
    notes.extend(spent(live, table, &removals));
    notes.extend(unsure_holds(live, table, wanted));
    notes.extend(lost(plan));
    notes
}

/// What is not there for lack of an inventory.
fn without(
    desired: &Desired,
    live: &Live,
    removals: &[&TopicName],
    wanted: impl Fn(&TopicName) -> bool,
) -> Vec<String> {
    const WHY: &str = "inventory.enabled = false";
    let deleting = removals
        .iter()
        .filter(|name| live.topics.contains_key(**name));
    let deleting: Vec<&&TopicName> = deleting.collect();
    let armed = desired
        .topics
        .iter()
        .filter(|(name, topic)| topic.on_remove == OnRemove::Delete && wanted(name));
    let armed: Vec<&TopicName> = armed.map(|(name, _)| name).collect();
    let kept = (!deleting.is_empty()).then(|| {
        let named = names(&deleting, MOST_NAMED);
        format!("{WHY}: a removal deletes the topic of any owner, and again after it is recreated: {named}")
    });
    let idle = (!armed.is_empty()).then(|| {
        let (topics, named) = (count(armed.len(), "topic"), names(&armed, MOST_NAMED));
        format!("{WHY}: on_remove = \"delete\" of {topics} is not recorded, and will do nothing: {named}")
    });
    kept.into_iter().chain(idle).collect()
}

/// Tombstones that have done their work, and whose topics were made again.
fn spent(live: &Live, table: &Table, removals: &[&TopicName]) -> Option<String> {
    let inventory_view = table.inventory_view()?;
    let is_removal_applied = |name: &&&TopicName| {
        let found = live.topics.get(**name);
        found.is_some_and(|found| inventory_view.is_removal_applied(name, found))
    };
    let spent: Vec<&&TopicName> = removals.iter().filter(is_removal_applied).collect();
    (!spent.is_empty()).then(|| {
        let (them, they) = match spent.len() {
            1 => ("its removal has", "it was"),
            _ => ("their removals have", "they were"),
        };
        let named = names(&spent, MOST_NAMED);
        format!("{named}: {them} deleted already, and {they} made later: left alone")
    })
}

/// Holds that are over by this machine's clock, which no record of a broker confirms: an apply goes
/// by the brokers' clock.
fn unsure_holds(
    live: &Live,
    table: &Table,
    wanted: impl Fn(&TopicName) -> bool,
) -> impl Iterator<Item = String> {
    let holds = live.inventory.iter().flat_map(|inventory| &inventory.holds);
    let inventory_view = table.inventory_view();
    holds.filter_map(move |(topic, hold)| {
        let now = live.now?;
        let ours = inventory_view.is_some_and(|inventory_view| inventory_view.is_ours(&hold.whose));
        let unsure = ours && wanted(topic) && now.is_past_here_alone(hold.until_ms);
        unsure.then(|| {
            format!(
                "the hold on {topic} until {} is over by this machine's clock; an apply goes by the brokers' clock, which no newer record shows",
                utc(hold.until_ms)
            )
        })
    })
}

/// Topics of running instances that are not there any more.
fn lost(plan: &Plan) -> impl Iterator<Item = String> {
    plan.lost.iter().map(|lost| {
        let what = match lost.external_change {
            ExternalChange::Deleted => "is not there any more, and no plan makes it",
            ExternalChange::Recreated => "was recreated, and is left unchanged",
        };
        format!("{} of {} {what}", lost.topic, lost.instance)
    })
}
