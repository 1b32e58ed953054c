//! Many lookups in a sorted map, in its order.

use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;

/// Looks up keys that ascend. Each lookup goes on where the last one ended, so that all of them
/// together cost one walk through the map.
pub struct InOrder<'a, K, V> {
    rest: Peekable<btree_map::Iter<'a, K, V>>,
}

impl<'a, K: Ord, V> InOrder<'a, K, V> {
    /// Begins before the first key.
    pub fn of(map: &'a BTreeMap<K, V>) -> Self {
        Self {
            rest: map.iter().peekable(),
        }
    }

    /// What the map holds for a key that is no smaller than the one before.
    pub fn get(&mut self, key: &K) -> Option<&'a V> {
        while self.rest.next_if(|(at, _)| *at < key).is_some() {}
        let (at, value) = *self.rest.peek()?;
        (at == key).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_map_finds() {
        let map: BTreeMap<u32, &str> = [(1, "a"), (3, "b"), (7, "c")].into();
        let mut lookup = InOrder::of(&map);
        for key in [0, 1, 1, 2, 3, 5, 7, 8, 9] {
            assert_eq!(lookup.get(&key), map.get(&key), "{key}");
        }
    }
}
