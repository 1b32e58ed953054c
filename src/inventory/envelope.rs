//! The common fields of all records: format, kind and, in most records, the topic.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::model::TopicName;

/// A record without a topic in the envelope. Unknown fields are rejected.
pub(super) struct Record<T>(pub T);

/// A record of a topic. Unknown fields are rejected.
pub(super) struct OfTopic<T> {
    pub topic: TopicName,
    pub fields: T,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Record<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let own = Own {
            topic: None,
            of: PhantomData,
        };
        deserializer.deserialize_map(own).map(Self)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OfTopic<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut topic = None;
        let own = Own {
            topic: Some(&mut topic),
            of: PhantomData,
        };
        let fields = deserializer.deserialize_map(own)?;
        let topic = topic.ok_or_else(|| D::Error::missing_field("topic"))?;
        Ok(Self { topic, fields })
    }
}

/// Deserializes the own fields of a record, and the topic if it is part of the envelope.
struct Own<'t, T> {
    topic: Option<&'t mut Option<TopicName>>,
    of: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Own<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let topic = self.topic;
        let (format, kind) = (false, false);
        let fields = Fields {
            map,
            topic,
            format,
            kind,
        };
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

/// The fields of a record without the common ones.
struct Fields<'t, A> {
    map: A,
    topic: Option<&'t mut Option<TopicName>>,
    /// Whether these fields were present.
    format: bool,
    kind: bool,
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Name(name)) = self.map.next_key()? {
            // Format and kind were checked before all other fields.
            let own = match &*name {
                "format" => Some(("format", &mut self.format)),
                "kind" => Some(("kind", &mut self.kind)),
                _ => None,
            };
            if let Some((name, is_there)) = own {
                if std::mem::replace(is_there, true) {
                    return Err(A::Error::duplicate_field(name));
                }
                self.map.next_value::<IgnoredAny>()?;
                continue;
            }
            match (&*name, &mut self.topic) {
                ("topic", Some(Some(_))) => return Err(A::Error::duplicate_field("topic")),
                ("topic", Some(topic)) => **topic = Some(self.map.next_value()?),
                _ => return seed.deserialize(CowStrDeserializer::new(name)).map(Some),
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
