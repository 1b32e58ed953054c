//! Determines who an unreadable record concerns. It blocks only those: their decisions would depend
//! on incomplete data; all others continue.

use crate::live::{Inventory, OwnerKey};
use crate::model::TopicName;

/// The readers that an unreadable record concerns, as far as its key identifies them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerns {
    /// No reader: it names nothing that can exist, or it is a lock record, which then holds no
    /// lock.
    Nobody,
    /// The scopes and environments that declare the topic, own it or have it in an instance, and
    /// the record's owner as far as readable.
    Topic(TopicName, OwnerKey),
    /// The applies and instances of a scope and environment.
    Owner {
        /// The scope.
        scope: String,
        /// The environment.
        environment: String,
    },
    /// All readers: a newer version may have written it for all.
    Everybody,
}

/// The reader of the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The scope; `None` if none is set: then the records of every scope concern it.
    pub scope: Option<&'a str>,
    /// The environment.
    pub environment: &'a str,
    /// The topics in the reader's configuration; topics that it owns need not be included.
    pub named: &'a [TopicName],
}

impl Asking<'_> {
    /// Returns whether an unreadable record concerns this reader, given the readable records.
    pub(super) fn is_concerned(&self, concerns: &Concerns, readable: &Inventory) -> bool {
        match concerns {
            Concerns::Nobody => false,
            Concerns::Everybody => true,
            Concerns::Owner { scope, environment } => {
                *environment == self.environment && self.scope.is_none_or(|own| own == scope)
            }
            Concerns::Topic(_, whose) if self.is(whose) => true,
            Concerns::Topic(topic, _) => {
                self.named.binary_search(topic).is_ok() || self.has_recorded(topic, readable)
            }
        }
    }

    /// Returns whether a record's owner is this reader.
    fn is(&self, whose: &OwnerKey) -> bool {
        let OwnerKey {
            scope: Some(scope),
            environment: Some(environment),
        } = whose
        else {
            return false;
        };
        *environment == self.environment && self.scope.is_none_or(|own| own == scope)
    }

    fn has_recorded(&self, topic: &TopicName, readable: &Inventory) -> bool {
        let owned = readable.topics.get(topic);
        let own = owned.is_some_and(|owned| owned.whose.is(self.scope, self.environment));
        own || readable.instances.iter().any(|instance| {
            instance.topics.contains_key(topic) && instance.whose.is(self.scope, self.environment)
        })
    }
}
