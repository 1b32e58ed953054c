//! Search for the newest record with brokers that cannot return it: Kafka before 3.0 does not
//! support offsets by highest timestamp (KIP-734), but all versions return the first record that is
//! not older than a given time, or that there is none.

use std::collections::BTreeMap;

use super::cluster::Cluster;
use super::error::Error;
use super::fault::{Fault, UNREADABLE};
use super::types::{OffsetAt, OffsetFound};
use super::usage::Offsets;
use crate::model::{BrokerTime, TopicName};

impl Cluster {
    /// Returns the record with the highest timestamp of each partition, by binary search over time:
    /// one round covers all partitions, with up to 65 rounds, and about 40 if all clocks are right.
    pub(super) async fn newest_by_search(
        &self,
        partitions: &[(TopicName, i32)],
    ) -> Result<Offsets, Error> {
        let now = BrokerTime::estimated(None).now_ms();
        let begin = |one: &(TopicName, i32)| (one.clone(), Search::new(now));
        let mut searches: BTreeMap<(TopicName, i32), Search> =
            partitions.iter().map(begin).collect();
        let mut faults: BTreeMap<(TopicName, i32), Fault> = BTreeMap::new();
        loop {
            let question = |(one, search): (&(TopicName, i32), &Search)| {
                Some((one.clone(), OffsetAt::Since(search.question()?)))
            };
            let questions: BTreeMap<_, _> = searches.iter().filter_map(question).collect();
            if questions.is_empty() {
                break;
            }
            let mut answers = self.offsets_at(questions).await?;
            searches.retain(|one, search| {
                if search.question().is_none() {
                    return true;
                }
                match answers.remove(one).unwrap_or_else(|| Err(unmentioned())) {
                    Ok(found) => {
                        search.hear(found);
                        true
                    }
                    Err(fault) => {
                        faults.insert(one.clone(), fault);
                        false
                    }
                }
            });
        }
        let found = searches.into_iter();
        let found = found.map(|(one, search)| (one, Ok(search.newest)));
        let failed = faults.into_iter().map(|(one, fault)| (one, Err(fault)));
        Ok(found.chain(failed).collect())
    }
}

/// The fault for a partition that is missing in a response, so that the search always ends.
fn unmentioned() -> Fault {
    let message = "the answer does not mention the partition";
    Fault::new(UNREADABLE, message.to_owned())
}

/// The search in one partition.
struct Search {
    /// The newest record found.
    newest: OffsetFound,
    /// An upper bound of all timestamps, in ms since 1970.
    latest: i64,
    /// The current time in ms, a guess that saves rounds: few records have a timestamp in the
    /// future.
    now: i64,
}

impl Search {
    fn new(now: i64) -> Self {
        Self {
            newest: OffsetFound {
                offset: -1,
                timestamp: -1,
            },
            latest: i64::MAX,
            now,
        }
    }

    /// Returns the next timestamp to query; `None` at the end.
    fn question(&self) -> Option<i64> {
        let from = self.newest.timestamp;
        let is_first = from < 0 && self.latest == i64::MAX;
        match from < self.latest {
            false => None,
            // Detects an empty partition in one round.
            true if is_first => Some(0),
            true if from < self.now && self.latest == i64::MAX => Some(self.now.saturating_add(1)),
            true => Some(self.latest - (self.latest - from) / 2),
        }
    }

    /// Processes the response: the first record that is not older than the queried timestamp.
    fn hear(&mut self, found: OffsetFound) {
        let Some(asked) = self.question() else {
            return;
        };
        match found.offset < 0 {
            true => self.latest = asked - 1,
            false if found.timestamp >= asked => self.newest = found,
            // Brokers do not return older records than queried; if one does, the search ends.
            false => self.latest = self.newest.timestamp,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_763_670_896_000;

    /// Returns the response of a partition with records of these timestamps.
    fn answer(times: &[i64], asked: i64) -> OffsetFound {
        let found = times.iter().position(|time| *time >= asked);
        OffsetFound {
            offset: found.map_or(-1, |offset| i64::try_from(offset).unwrap()),
            timestamp: found.map_or(-1, |offset| times[offset]),
        }
    }

    /// Returns the newest record and the number of queries.
    fn search(times: &[i64]) -> (OffsetFound, usize) {
        let mut search = Search::new(NOW);
        let mut rounds = 0;
        while let Some(asked) = search.question() {
            rounds += 1;
            search.hear(answer(times, asked));
        }
        (search.newest, rounds)
    }

    #[test]
    fn no_records_take_one_question() {
        let none = OffsetFound {
            offset: -1,
            timestamp: -1,
        };
        assert_eq!(search(&[]), (none, 1));
        // Records without a timestamp, as before Kafka 0.10.
        assert_eq!(search(&[-1, -1]), (none, 1));
    }

    #[test]
    fn a_broker_that_answers_nonsense_ends_the_search() {
        let mut search = Search::new(NOW);
        let nonsense = OffsetFound {
            offset: 0,
            timestamp: 5,
        };
        let mut rounds = 0;
        while search.question().is_some() {
            rounds += 1;
            search.hear(nonsense);
        }
        assert_eq!((search.newest, rounds), (nonsense, 2));
    }

    proptest! {
        #[test]
        fn the_highest_timestamp_is_found_in_few_questions(
            times in prop::collection::vec(NOW - 700_000_000_000..=NOW, 1..50),
            future in prop::option::of(any::<i64>()),
        ) {
            let times: Vec<i64> = times.into_iter().chain(future).collect();
            let (newest, rounds) = search(&times);
            let highest = *times.iter().max().unwrap();
            prop_assert_eq!(newest.timestamp, highest);
            // The first record with that timestamp.
            let first = times.iter().position(|time| *time == highest).unwrap();
            prop_assert_eq!(newest.offset, i64::try_from(first).unwrap());
            prop_assert!(rounds <= if highest <= NOW { 43 } else { 65 }, "{} questions", rounds);
        }
    }
}
