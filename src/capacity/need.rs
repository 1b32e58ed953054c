//! The disk usage of one topic.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Assumptions;
use crate::desired::{Topic, Traffic};
use crate::live::Live;
use crate::model::config::list_items;
use crate::model::{ConfigKey, TopicName};

/// Milliseconds per day.
const DAY: f64 = 86_400_000.0;

/// The disk usage of one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// The topic's name.
    pub topic: TopicName,
    /// The team or person that owns the topic, if declared.
    pub owner: Option<String>,
    /// The number of partitions.
    pub partitions: u32,
    /// The number of replicas per partition.
    pub replication_factor: u32,
    /// The number of messages per day.
    pub messages_per_day: u64,
    /// The size of a day's messages in bytes, before compression and replication.
    pub per_day: u64,
    /// What limits its growth.
    pub bound: Bound,
    /// The data within its retention in bytes on disk, before replication; `None` if unlimited.
    pub held: Option<u64>,
    /// The number of messages within its retention.
    pub messages: Option<u64>,
    /// The additional data in segments that are not deleted yet, in bytes over all partitions.
    pub segments: u64,
    /// Whether compaction can reduce it: older messages with the same key are deleted.
    pub is_compacted: bool,
    /// The current number of messages, or why it is unknown; `None` if not requested.
    pub now: Option<Result<u64, String>>,
}

/// What limits the growth of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The retention time, in ms.
    Time(u64, ValueOrigin),
    /// The retention size, in bytes per partition.
    Size(u64, ValueOrigin),
    /// The time since it started to fill, in ms.
    After(u64),
    /// Unlimited retention.
    Unlimited,
    /// The number of keys: it is only compacted.
    Keys,
}

/// Where the value of a setting comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ValueOrigin {
    /// The configuration.
    Configuration,
    /// The brokers' default.
    BrokerDefault,
    /// Kafka's own default: no broker was read.
    KafkaDefault,
}

impl Need {
    /// Returns the usage on all brokers together, in bytes; `None` if unlimited.
    pub fn on_disk(&self) -> Option<u64> {
        let one = self.held?.saturating_add(self.segments);
        Some(one.saturating_mul(u64::from(self.replication_factor)))
    }
}

/// Estimates the usage of a topic.
pub(super) fn of(
    name: &TopicName,
    topic: &Topic,
    traffic: &Traffic,
    live: Option<&Live>,
    assumptions: Assumptions,
) -> Need {
    let settings = TopicSettings { name, topic, live };
    let policy = settings.text("cleanup.policy").0;
    let has = |word: &str| list_items(&policy).any(|item| item == word);
    let per_day = traffic
        .messages_per_day
        .saturating_mul(traffic.average_size);
    let on_disk = per_day as f64 / assumptions.compression;
    let partitions = topic.partitions.value;
    let bound = settings.bound(has("delete") || !has("compact"), on_disk, assumptions);
    let held = match bound {
        Bound::Time(ms, _) | Bound::After(ms) => Some(on_disk * ms as f64 / DAY),
        Bound::Size(bytes, _) => Some(bytes as f64 * f64::from(partitions)),
        Bound::Unlimited | Bound::Keys => None,
    };
    let message = traffic.average_size as f64 / assumptions.compression;
    let messages = held.filter(|_| message > 0.0).map(|held| held / message);
    let segments = match bound {
        Bound::Time(..) | Bound::Size(..) => settings.segments(on_disk),
        Bound::After(_) | Bound::Unlimited | Bound::Keys => 0.0,
    };
    Need {
        topic: name.clone(),
        owner: topic.owner.clone(),
        partitions,
        replication_factor: topic.replication_factor.value,
        messages_per_day: traffic.messages_per_day,
        per_day,
        bound,
        held: held.map(whole),
        messages: messages.map(whole),
        segments: whole(segments),
        is_compacted: has("compact"),
        now: None,
    }
}

/// Rounds to a whole number, saturating at 64 bits.
fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// The effective settings of a topic.
struct TopicSettings<'a> {
    name: &'a TopicName,
    topic: &'a Topic,
    live: Option<&'a Live>,
}

impl TopicSettings<'_> {
    fn text(&self, key: &str) -> (String, ValueOrigin) {
        let key = ConfigKey::new(key);
        if let Some(declared) = self.topic.config.get(&key) {
            return (declared.value.to_string(), ValueOrigin::Configuration);
        }
        let behind = self.live.and_then(|live| live.default_for(self.name, &key));
        match behind {
            Some(default) => (default.value.clone(), ValueOrigin::BrokerDefault),
            None => {
                let default = key.spec().map_or("", |spec| spec.default);
                (default.to_owned(), ValueOrigin::KafkaDefault)
            }
        }
    }

    fn number(&self, key: &str) -> (i64, ValueOrigin) {
        let (text, origin) = self.text(key);
        // Values are validated on reading; an unparsable broker value counts as unlimited.
        (text.trim().parse().unwrap_or(-1), origin)
    }

    /// Returns a retention; `None` if unlimited. With remote storage, this is the part that stays
    /// on the brokers.
    fn retention(&self, key: &str) -> Option<(u64, ValueOrigin)> {
        /// "The same as the total retention".
        const SAME: i64 = -2;
        let local = self.number(&format!("local.{key}"));
        let is_remote = self.text("remote.storage.enable").0.trim() == "true";
        let (number, origin) = match is_remote && local.0 != SAME {
            true => local,
            false => self.number(key),
        };
        Some((u64::try_from(number).ok()?, origin))
    }

    /// Returns the limit that is reached first.
    fn bound(&self, deletes: bool, on_disk: f64, assumptions: Assumptions) -> Bound {
        let time = self.retention("retention.ms").filter(|_| deletes);
        let size = self.retention("retention.bytes").filter(|_| deletes);
        let rate = on_disk / f64::from(self.topic.partitions.value) / DAY;
        let first = match (time, size) {
            (None, None) if deletes => Bound::Unlimited,
            (None, None) => Bound::Keys,
            (Some((ms, origin)), None) => Bound::Time(ms, origin),
            (None, Some((bytes, origin))) => Bound::Size(bytes, origin),
            (Some((ms, _)), Some((bytes, origin))) if rate * ms as f64 > bytes as f64 => {
                Bound::Size(bytes, origin)
            }
            (Some((ms, origin)), Some(_)) => Bound::Time(ms, origin),
        };
        let full_after = match first {
            Bound::Time(ms, _) => ms as f64,
            Bound::Size(bytes, _) => bytes as f64 / rate,
            Bound::After(_) | Bound::Unlimited | Bound::Keys => f64::INFINITY,
        };
        match assumptions.after_ms {
            Some(after) if (after as f64) < full_after => Bound::After(after),
            _ => first,
        }
    }

    /// Returns the data beyond the retention: up to one segment per partition.
    fn segments(&self, on_disk: f64) -> f64 {
        let partitions = f64::from(self.topic.partitions.value);
        let limit = |number: i64| match number {
            ..0 => f64::INFINITY,
            number => number as f64,
        };
        let by_time = on_disk / DAY * limit(self.number("segment.ms").0);
        let by_size = limit(self.number("segment.bytes").0) * partitions;
        by_time.min(by_size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{live, topic};

    const GIB: u64 = 1 << 30;

    fn alone() -> Assumptions {
        Assumptions {
            compression: 1.0,
            after_ms: None,
            brokers: None,
            disk: None,
        }
    }

    fn need(
        partitions: u32,
        config: &[(&str, &str)],
        (daily, size): (u64, u64),
        assumptions: Assumptions,
    ) -> Need {
        let traffic = Traffic {
            messages_per_day: daily,
            average_size: size,
        };
        let topic = topic(partitions, 3, config);
        of(&"a".into(), &topic, &traffic, None, assumptions)
    }

    const DAYS_30: (&str, &str) = ("retention.ms", "2592000000");

    /// 100,000 per day × 1 KB = 100 MB per day, 3 GB in 30 days, before replication.
    #[test]
    fn the_figures_of_change_data_capture() {
        let need = need(3, &[DAYS_30], (100_000, 1_000), alone());
        assert_eq!(need.per_day, 100_000_000);
        assert_eq!(need.held, Some(3_000_000_000));
        assert_eq!(need.messages, Some(3_000_000));
        // An additional segment of seven days, and three replicas.
        assert_eq!(need.segments, 700_000_000);
        assert_eq!(need.on_disk(), Some(3 * 3_700_000_000));
    }

    #[test]
    fn the_smaller_bound_counts_and_bytes_are_of_a_partition() {
        let both = [DAYS_30, ("retention.bytes", "1073741824")];
        let busy = need(2, &both, (10_000_000, 1_000), alone());
        assert_eq!(busy.bound, Bound::Size(GIB, ValueOrigin::Configuration));
        assert_eq!(busy.held, Some(2 * GIB));
        // 5 GB per day fill a segment of 1 GiB long before seven days.
        assert_eq!(busy.segments, 2 * GIB);
        let quiet = need(2, &both, (10_000, 1_000), alone());
        assert_eq!(
            quiet.bound,
            Bound::Time(2_592_000_000, ValueOrigin::Configuration)
        );
        assert_eq!(quiet.held, Some(300_000_000));
        let none = need(2, &both, (0, 1_000), alone());
        assert_eq!(
            (none.held, none.segments, none.on_disk()),
            (Some(0), 0, Some(0))
        );
    }

    #[test]
    fn compression_makes_time_smaller_and_leaves_sizes() {
        let squeezed = Assumptions {
            compression: 4.0,
            ..alone()
        };
        let by_time = need(1, &[DAYS_30], (100_000, 1_000), squeezed);
        assert_eq!(
            (by_time.per_day, by_time.held),
            (100_000_000, Some(750_000_000))
        );
        assert_eq!(by_time.messages, Some(3_000_000));
        let by_size = need(
            1,
            &[("retention.bytes", "1000000")],
            (100_000, 1_000),
            squeezed,
        );
        assert_eq!(
            (by_size.held, by_size.messages),
            (Some(1_000_000), Some(4_000))
        );
    }

    #[test]
    fn what_nothing_bounds_counts_only_after_some_time() {
        let unlimited = [("retention.ms", "-1")];
        let forever = need(1, &unlimited, (100_000, 1_000), alone());
        assert_eq!((forever.bound, forever.on_disk()), (Bound::Unlimited, None));
        let compact = [DAYS_30, ("cleanup.policy", "compact")];
        let keys = need(1, &compact, (100_000, 1_000), alone());
        assert_eq!(
            (keys.bound, keys.held, keys.is_compacted),
            (Bound::Keys, None, true)
        );
        let both = [DAYS_30, ("cleanup.policy", "compact,delete")];
        let both = need(1, &both, (100_000, 1_000), alone());
        assert_eq!((both.held, both.is_compacted), (Some(3_000_000_000), true));
        let in_ten_days = Assumptions {
            after_ms: Some(864_000_000),
            ..alone()
        };
        for config in [&unlimited[..], &compact, &[DAYS_30]] {
            let need = need(1, config, (100_000, 1_000), in_ten_days);
            assert_eq!(need.bound, Bound::After(864_000_000), "{config:?}");
            assert_eq!((need.held, need.segments), (Some(1_000_000_000), 0));
        }
        let short = need(
            1,
            &[("retention.ms", "86400000")],
            (100_000, 1_000),
            in_ten_days,
        );
        assert_eq!(
            short.bound,
            Bound::Time(86_400_000, ValueOrigin::Configuration)
        );
    }

    #[test]
    fn what_no_file_says_is_the_brokers_or_kafkas() {
        let week = need(1, &[], (1, 1), alone());
        assert_eq!(
            week.bound,
            Bound::Time(604_800_000, ValueOrigin::KafkaDefault)
        );
        let mut live = live([]);
        let default = live.broker_defaults.get_mut("retention.ms").unwrap();
        default.value = "3600000".to_owned();
        let traffic = Traffic {
            messages_per_day: 24,
            average_size: 1_000,
        };
        let topic = topic(1, 1, &[]);
        let need = of(&"a".into(), &topic, &traffic, Some(&live), alone());
        assert_eq!(
            need.bound,
            Bound::Time(3_600_000, ValueOrigin::BrokerDefault)
        );
        assert_eq!(need.held, Some(1_000));
    }

    #[test]
    fn what_stays_on_the_brokers_of_a_topic_in_remote_storage() {
        let remote = [
            DAYS_30,
            ("remote.storage.enable", "true"),
            ("local.retention.ms", "86400000"),
        ];
        let need = need(1, &remote, (100_000, 1_000), alone());
        assert_eq!(need.held, Some(100_000_000));
    }
}
