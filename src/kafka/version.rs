//! Detection of a broker's Kafka release. The protocol has no request for it; brokers return only
//! the maximum version of each API, which librdkafka logs. Releases differ in enough of them to be
//! distinguished; if two do not differ, no release is returned.

use std::collections::BTreeMap;

/// The maximum version of each API that a broker supports, by API key.
pub(super) type Apis = BTreeMap<i16, i16>;

/// Fetch, ListOffsets, OffsetFetch, FindCoordinator, AddPartitionsToTxn, DescribeLogDirs: brokers
/// handle these themselves, with and without ZooKeeper, independent of the cluster's metadata
/// version.
const TELLING: [i16; 6] = [1, 2, 9, 10, 24, 35];

/// The maximum stable version of each API in [`TELLING`].
///
/// Source: `org.apache.kafka.common.protocol.ApiKeys` in kafka-clients of each release.
const RELEASES: [(&str, [i16; 6]); 18] = [
    ("2.4", [11, 5, 6, 3, 1, 1]),
    ("2.5", [11, 5, 7, 3, 1, 1]),
    ("2.6", [11, 5, 7, 3, 1, 2]),
    ("2.7", [12, 5, 7, 3, 2, 2]),
    ("2.8", [12, 6, 7, 3, 3, 2]),
    ("3.0", [12, 7, 8, 4, 3, 2]),
    ("3.1", [13, 7, 8, 4, 3, 2]),
    ("3.2", [13, 7, 8, 4, 3, 3]),
    (THREE_THREE, [13, 7, 8, 4, 3, 4]),
    ("3.5", [15, 8, 8, 4, 3, 4]),
    ("3.6", [15, 8, 8, 4, 4, 4]),
    ("3.7", [16, 8, 9, 4, 4, 4]),
    ("3.8", [16, 8, 9, 5, 5, 4]),
    ("3.9", [17, 9, 9, 6, 5, 4]),
    ("4.0", [17, 10, 9, 6, 5, 4]),
    ("4.1", [18, 10, 9, 6, 5, 4]),
    ("4.2", [18, 11, 10, 6, 5, 4]),
    ("4.3", [18, 11, 10, 6, 5, 5]),
];

/// Clients cannot distinguish 3.3 from 3.4, except with ZooKeeper by [`STOP_REPLICA`].
const THREE_THREE: &str = "3.3";
const STOP_REPLICA: i16 = 5;

/// The highest API key in any of [`RELEASES`]. A broker with a higher one is newer than all of
/// them, even if all other versions match.
const LAST_KEY: i16 = 92;

/// Returns whether a broker with these APIs supports offsets by highest timestamp: ListOffsets in
/// the version of Kafka 3.0.
pub(super) fn knows_max_timestamp(apis: &Apis) -> bool {
    apis.get(&2).is_some_and(|version| *version >= 7)
}

/// Returns the release of a broker with these APIs.
pub(super) fn release(apis: &Apis) -> Option<&'static str> {
    if apis.last_key_value()?.0 > &LAST_KEY {
        return None;
    }
    let told = TELLING.map(|key| apis.get(&key).copied());
    let (name, _) = RELEASES
        .iter()
        .find(|(_, versions)| versions.map(Some) == told)?;
    if *name != THREE_THREE {
        return Some(name);
    }
    match apis.get(&STOP_REPLICA) {
        Some(3) => Some(THREE_THREE),
        Some(4) => Some("3.4"),
        _ => None,
    }
}

/// Returns the oldest release of several brokers, which can differ during an upgrade; `None` if any
/// is unknown.
pub(super) fn oldest<'a>(brokers: impl Iterator<Item = &'a Apis>) -> Option<&'static str> {
    let releases: Option<Vec<&'static str>> = brokers.map(release).collect();
    // All releases have one digit on either side of the dot, so text order is release order.
    releases?.into_iter().min()
}

/// Parses `[thrd:NAME]: NAME:   ApiKey Fetch (1) Versions 4..18` to the key and the maximum
/// version.
pub(super) fn read(line: &str) -> Option<(i16, i16)> {
    let (_, api) = line.split_once("ApiKey ")?;
    let (name, versions) = api.split_once(" Versions ")?;
    let key = name.rsplit_once('(')?.1.strip_suffix(')')?;
    let (_, highest) = versions.split_once("..")?;
    Some((key.parse().ok()?, highest.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apis(versions: [i16; 6]) -> Apis {
        TELLING.into_iter().zip(versions).collect()
    }

    #[test]
    fn every_release_is_told_by_its_own_versions_and_no_other() {
        for (name, versions) in RELEASES {
            let expected = Some(name).filter(|name| *name != THREE_THREE);
            assert_eq!(release(&apis(versions)), expected, "{name}");
        }
    }

    #[test]
    fn three_three_and_three_four_need_zookeeper_to_be_told() {
        let mut broker = apis([13, 7, 8, 4, 3, 4]);
        broker.insert(STOP_REPLICA, 3);
        assert_eq!(release(&broker), Some("3.3"));
        broker.insert(STOP_REPLICA, 4);
        assert_eq!(release(&broker), Some("3.4"));
    }

    #[test]
    fn the_record_with_the_highest_timestamp_is_known_since_three_zero() {
        for (name, versions) in RELEASES {
            assert_eq!(
                knows_max_timestamp(&apis(versions)),
                name >= "3.0",
                "{name}"
            );
        }
    }

    #[test]
    fn what_no_release_has_is_not_guessed() {
        assert_eq!(release(&apis([18, 11, 10, 6, 5, 6])), None);
        assert_eq!(release(&Apis::new()), None);
        let mut newer = apis([18, 11, 10, 6, 5, 5]);
        newer.insert(93, 0);
        assert_eq!(release(&newer), None);
    }

    #[test]
    fn the_oldest_of_several() {
        let (old, new) = (apis([16, 8, 9, 4, 4, 4]), apis([17, 10, 9, 6, 5, 4]));
        assert_eq!(oldest([&new, &old].into_iter()), Some("3.7"));
        assert_eq!(oldest([&new, &Apis::new()].into_iter()), None);
        assert_eq!(oldest(std::iter::empty()), None);
    }

    #[test]
    fn librdkafkas_line() {
        let line = "[thrd:a:9092/1]: a:9092/1:   ApiKey Fetch (1) Versions 4..18";
        assert_eq!(read(line), Some((1, 18)));
        let unknown = "a:9092/1:   ApiKey Unknown-92? (92) Versions 0..0";
        assert_eq!(read(unknown), Some((92, 0)));
        assert_eq!(read("a:9092/1: Broker API support:"), None);
    }
}
