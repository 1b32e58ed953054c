//! Snapshot values with constraints beyond a list of fields.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::live::{AppliedRemoval, Instance, OwnerKey};
use crate::model::TopicName;

/// Kafka's limit: a partition count is an `int32`.
pub const MAX_PARTITIONS: u32 = i32::MAX as u32;
/// Kafka's limit: a replication factor is an `int16`.
pub const MAX_REPLICAS: u32 = i16::MAX as u32;

/// A number from 1 to `MAX`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Count<const MAX: u32>(pub u32);

impl<const MAX: u32> JsonSchema for Count<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("CountTo{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "integer", "minimum": 1, "maximum": MAX})
    }
}

impl<const MAX: u32> TryFrom<i64> for Count<MAX> {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match u32::try_from(number) {
            Ok(count) if (1..=MAX).contains(&count) => Ok(Self(count)),
            _ => Err(format!("{number} is out of range: 1 to {MAX}")),
        }
    }
}

/// An object with names as keys, sorted by name. A duplicate name is an error, because JSON does
/// not define which of the two is used.
#[derive(Debug, Clone)]
pub struct Named<K, V>(Vec<(K, V)>);

impl<K, V> Default for Named<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Named<K, V> {
    /// Returns whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Collects the fields into a map.
    pub fn collect<M: FromIterator<(K, V)>>(self) -> M {
        self.0.into_iter().collect()
    }
}

impl<K, V> FromIterator<(K, V)> for Named<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl<K: Serialize, V: Serialize> Serialize for Named<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<K, V: JsonSchema> JsonSchema for Named<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Named{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        BTreeMap::<String, V>::json_schema(generator)
    }
}

/// A key that deserializes without an intermediate copy.
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

/// List items with a unique key.
pub trait Keyed {
    /// The key's type.
    type Key: Ord;
    /// Returns the key, which is unique in a list.
    fn key(&self) -> Self::Key;
}

impl Keyed for AppliedRemoval {
    type Key = (TopicName, OwnerKey);
    fn key(&self) -> Self::Key {
        (self.topic.clone(), self.whose.clone())
    }
}

impl Keyed for Instance {
    type Key = (OwnerKey, String, BTreeMap<String, String>);
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
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Distinct<T>(pub Vec<T>);

impl<T> Distinct<T> {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for Distinct<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for Distinct<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut items = BTreeMap::new();
        for item in Vec::<T>::deserialize(deserializer)? {
            if items.insert(item.key(), item).is_some() {
                return Err(de::Error::custom("the same stands here twice"));
            }
        }
        Ok(Distinct(items.into_values().collect()))
    }
}
