//! The values in a snapshot whose shape is more than a field list.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::read::MAX_REPLICAS;
use crate::live::{BrokerDefault, Instance, ReplicationFactor, Source, Spent, Whose};
use crate::model::TopicName;

/// A number from 1 to `MAX`.
pub(super) struct Count<const MAX: u32>(pub u32);

impl<'de, const MAX: u32> Deserialize<'de> for Count<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        match u32::try_from(number) {
            Ok(count) if (1..=MAX).contains(&count) => Ok(Self(count)),
            _ => Err(de::Error::custom(format!(
                "{number} is out of range: 1 to {MAX}"
            ))),
        }
    }
}

/// One replication factor, or a list of those that partitions have.
impl<'de> Deserialize<'de> for ReplicationFactor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrList;
        impl<'de> Visitor<'de> for NumberOrList {
            type Value = ReplicationFactor;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a list of numbers where partitions differ")
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<ReplicationFactor, E> {
                let count =
                    Count::<MAX_REPLICAS>::deserialize(de::value::U64Deserializer::new(number))?;
                Ok(ReplicationFactor::Same(count.0))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ReplicationFactor, E> {
                let count =
                    Count::<MAX_REPLICAS>::deserialize(de::value::I64Deserializer::new(number))?;
                Ok(ReplicationFactor::Same(count.0))
            }

            fn visit_seq<A: SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<ReplicationFactor, A::Error> {
                let mut counts = Vec::new();
                while let Some(Count(count)) = list.next_element::<Count<MAX_REPLICAS>>()? {
                    counts.push(count);
                }
                match counts.is_empty() {
                    true => Err(de::Error::invalid_length(0, &self)),
                    false => Ok(ReplicationFactor::of(counts)),
                }
            }
        }
        deserializer.deserialize_any(NumberOrList)
    }
}

impl<'de> Deserialize<'de> for BrokerDefault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrObject;
        impl<'de> Visitor<'de> for TextOrObject {
            type Value = BrokerDefault;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or {\"value\", \"source\"}")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<BrokerDefault, E> {
                Ok(BrokerDefault {
                    value: value.to_owned(),
                    source: Source::BrokerDefault,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<BrokerDefault, A::Error> {
                let object = de::value::MapAccessDeserializer::new(map);
                let FileDefault { value, source } = FileDefault::deserialize(object)?;
                Ok(BrokerDefault {
                    value,
                    source: source.into(),
                })
            }
        }
        deserializer.deserialize_any(TextOrObject)
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDefault {
    value: String,
    source: FileSource,
}

/// The sources that a default can have: all but the topic itself.
#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
enum FileSource {
    Broker,
    BrokerDefault,
    KafkaDefault,
}

impl From<FileSource> for Source {
    fn from(source: FileSource) -> Self {
        match source {
            FileSource::Broker => Source::Broker,
            FileSource::BrokerDefault => Source::BrokerDefault,
            FileSource::KafkaDefault => Source::KafkaDefault,
        }
    }
}

/// An object whose fields are names. A name that stands twice is an error: JSON leaves open which
/// of the two counts.
/// The fields are sorted by name.
pub(super) struct Named<K, V>(Vec<(K, V)>);

impl<K, V> Default for Named<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Named<K, V> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The fields in a map of any kind.
    pub fn collect<M: FromIterator<(K, V)>>(self) -> M {
        self.0.into_iter().collect()
    }
}

/// A name as a key, without a copy in between.
struct Name<K>(K);

impl<'de, K: for<'a> From<&'a str>> Deserialize<'de> for Name<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<K>(PhantomData<K>);
        impl<K: for<'a> From<&'a str>> Visitor<'_> for Text<K> {
            type Value = Name<K>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<K>, E> {
                Ok(Name(K::from(name)))
            }
        }
        deserializer.deserialize_str(Text(PhantomData))
    }
}

impl<'de, K, V> Deserialize<'de> for Named<K, V>
where
    K: Ord + Borrow<str> + for<'a> From<&'a str>,
    V: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<K, V>(PhantomData<(K, V)>);
        impl<'de, K, V> Visitor<'de> for Entries<K, V>
        where
            K: Ord + Borrow<str> + for<'a> From<&'a str>,
            V: Deserialize<'de>,
        {
            type Value = Named<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries: Vec<(K, V)> = Vec::new();
                while let Some(name) = map.next_key()? {
                    let Name(name) = name;
                    entries.push((name, map.next_value()?));
                }
                entries.sort_by(|(a, _), (b, _)| a.cmp(b));
                let twice = entries.windows(2).find(|pair| pair[0].0 == pair[1].0);
                if let Some([(name, _), _]) = twice {
                    let name: &str = name.borrow();
                    return Err(de::Error::custom(format!("{name:?} stands here twice")));
                }
                Ok(Named(entries))
            }
        }
        deserializer.deserialize_map(Entries(PhantomData))
    }
}

/// What tells the items of a list apart.
pub(super) trait Keyed {
    /// What no two of them have in common.
    type Key: Ord;
    fn key(&self) -> Self::Key;
}

impl Keyed for Spent {
    type Key = (TopicName, Whose);
    fn key(&self) -> Self::Key {
        (self.topic.clone(), self.whose.clone())
    }
}

impl Keyed for Instance {
    type Key = (Whose, String, BTreeMap<String, String>);
    fn key(&self) -> Self::Key {
        let Instance {
            whose,
            lifecycle,
            parameters,
            ..
        } = self;
        (whose.clone(), lifecycle.clone(), parameters.clone())
    }
}

/// A list in which nothing stands twice, in the order of its keys.
pub(super) struct Distinct<T>(pub Vec<T>);

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Distinct<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Keyed + Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = Distinct<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut items = BTreeMap::new();
                while let Some(item) = list.next_element::<T>()? {
                    if items.insert(item.key(), item).is_some() {
                        return Err(de::Error::custom("the same stands here twice"));
                    }
                }
                Ok(Distinct(items.into_values().collect()))
            }
        }
        deserializer.deserialize_seq(Items(PhantomData))
    }
}
