//! Whom a record concerns that cannot be read. It stops those alone: nothing of theirs is decided on
//! a part of the records, and everybody else goes on.

use crate::live::{Inventory, OwnerKey};
use crate::model::TopicName;

/// Whom a record concerns, as far as its key tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerns {
    /// Nobody: it names nothing that can exist, or it is of a lock, which it does not hold.
    Nobody,
    /// Those whose files, records or instances name the topic; and those whose record it is, as far
    /// as it still tells.
    Topic(TopicName, OwnerKey),
    /// The applies and instances of a scope's environment.
    Owner {
        /// The scope.
        scope: String,
        /// The environment.
        environment: String,
    },
    /// Everybody: a newer version may have written it, for all to heed.
    Everybody,
}

/// Who reads the inventory.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The scope; `None` where none is named: then every scope's records concern it.
    pub scope: Option<&'a str>,
    /// The environment.
    pub environment: &'a str,
    /// The topics that its files name, by name, besides those that it has records of.
    pub named: &'a [TopicName],
}

impl Asking<'_> {
    /// Whether a record that cannot be read concerns it, beside what can be read.
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

    /// Whether a record that says whose it is is this one's.
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
