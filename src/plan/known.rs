//! What the inputs of a plan hold of each topic.

use super::ownership::{Books, Standing};
use crate::desired::{Desired, Tombstone, Topic};
use crate::live::{Live, LiveTopic};
use crate::model::{InOrder, TopicName};

/// What files, cluster and inventory hold of one topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) name: &'a TopicName,
    /// Its entry in the files.
    pub(super) topic: Option<&'a Topic>,
    /// Its tombstone in the files.
    pub(super) tombstone: Option<&'a Tombstone>,
    /// What it is like, where it is live.
    pub(super) found: Option<&'a LiveTopic>,
    /// Whose it is; `None` where nobody keeps that in mind.
    pub(super) standing: Option<Standing<'a>>,
}

/// The topics that anything can follow for, by name. What stands in no file and is none of the
/// files' business is not among them.
pub(super) fn names<'a>(
    desired: &'a Desired,
    live: &'a Live,
    books: Option<&Books<'a>>,
) -> Vec<&'a TopicName> {
    let listed = desired.topics.keys().chain(desired.removed.keys());
    let recorded = books.into_iter().flat_map(|books| books.names());
    let others = live.topics.keys().chain(recorded);
    let others = others.filter(|name| !desired.environment.passes_over(name));
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
    books: Option<&Books<'a>>,
) -> impl FnMut(&'a TopicName) -> Known<'a> {
    let mut topics = InOrder::of(&desired.topics);
    let mut removed = InOrder::of(&desired.removed);
    let mut found = InOrder::of(&live.topics);
    let mut owned = books.map(|books| (books, InOrder::of(books.recorded())));
    move |name| {
        let found = found.take(name);
        let standing = |(books, owned): &mut (&Books<'a>, InOrder<_>)| {
            books.standing_of(name, found, owned.take(name))
        };
        Known {
            name,
            topic: topics.take(name),
            tombstone: removed.take(name),
            found,
            standing: owned.as_mut().map(standing),
        }
    }
}
