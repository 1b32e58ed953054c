//! What the inputs of a plan hold of each topic.

use super::ownership::{InventoryView, Ownership};
use crate::desired::{Desired, Removal, Topic};
use crate::live::{Live, LiveTopic};
use crate::model::{InOrder, TopicName};

/// What files, cluster and inventory hold of one topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct TopicInputs<'a> {
    pub(super) name: &'a TopicName,
    /// Its entry in the files.
    pub(super) topic: Option<&'a Topic>,
    /// Its tombstone in the files.
    pub(super) removal: Option<&'a Removal>,
    /// What it is like, where it is live.
    pub(super) found: Option<&'a LiveTopic>,
    /// Whose it is; `None` where nobody keeps that in mind.
    pub(super) ownership: Option<Ownership<'a>>,
}

/// The topics that anything can follow for, by name. What stands in no file and is none of the
/// files' business is not among them.
pub(super) fn names<'a>(
    desired: &'a Desired,
    live: &'a Live,
    inventory_view: Option<&InventoryView<'a>>,
) -> Vec<&'a TopicName> {
    let listed = desired.topics.keys().chain(desired.removed.keys());
    let recorded = inventory_view
        .into_iter()
        .flat_map(|inventory_view| inventory_view.names());
    let others = live.topics.keys().chain(recorded);
    let others = others.filter(|name| !desired.environment.ignores(name));
    let mut names: Vec<&TopicName> = listed.chain(others).collect();
    // Each of them comes sorted: merging does.
    names.sort();
    names.dedup();
    names
}

/// Tells what is known of topics whose names ascend.
pub(super) fn lookup<'a>(
    desired: &'a Desired,
    live: &'a Live,
    inventory_view: Option<&InventoryView<'a>>,
) -> impl FnMut(&'a TopicName) -> TopicInputs<'a> {
    let mut topics = InOrder::of(&desired.topics);
    let mut removed = InOrder::of(&desired.removed);
    let mut found = InOrder::of(&live.topics);
    let mut owned = inventory_view
        .map(|inventory_view| (inventory_view, InOrder::of(inventory_view.recorded())));
    move |name| {
        let found = found.take(name);
        let ownership = |(inventory_view, owned): &mut (&InventoryView<'a>, InOrder<_>)| {
            inventory_view.standing_of(name, found, owned.take(name))
        };
        TopicInputs {
            name,
            topic: topics.take(name),
            removal: removed.take(name),
            found,
            ownership: owned.as_mut().map(ownership),
        }
    }
}
