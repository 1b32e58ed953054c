//! Lookups of ascending keys in a sorted sequence.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::iter::Peekable;

/// Looks up ascending keys in pairs sorted by key. Each lookup continues after the previous one, so
/// that all lookups together take one pass.
pub struct InOrder<I: Iterator> {
    rest: Peekable<I>,
}

impl<I: Iterator<Item = (Q, V)>, Q, V> InOrder<I> {
    /// Starts before the first pair of a sorted map or a reference to one.
    pub fn of(map: impl IntoIterator<IntoIter = I>) -> Self {
        Self {
            rest: map.into_iter().peekable(),
        }
    }

    /// Takes the value of a key, which must be greater than the previous one.
    pub fn take<K: Ord>(&mut self, key: &K) -> Option<V>
    where
        Q: Borrow<K>,
    {
        loop {
            let (at, _) = self.rest.peek()?;
            match at.borrow().cmp(key) {
                Ordering::Less => drop(self.rest.next()),
                Ordering::Equal => return self.rest.next().map(|(_, value)| value),
                Ordering::Greater => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn finds_what_a_map_finds() {
        let map: BTreeMap<u32, &str> = [(1, "a"), (3, "b"), (7, "c")].into();
        let mut lookup = InOrder::of(&map);
        for key in [0, 1, 2, 3, 5, 7, 8, 9] {
            assert_eq!(lookup.take(&key), map.get(&key), "{key}");
        }
        let mut lookup = InOrder::of(map);
        assert_eq!((lookup.take(&7), lookup.take(&8)), (Some("c"), None));
    }
}
