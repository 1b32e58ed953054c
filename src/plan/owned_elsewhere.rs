//! Topics that are not this scope's and environment's to change.

use super::Blocked;
use crate::live::{Instance, OwnerKey};
use crate::model::{BlockCode, Place, TopicName};

/// A listed or tombstoned topic that another scope or environment owns.
pub(super) fn by_scope(
    name: &TopicName,
    whose: &OwnerKey,
    us: Option<&OwnerKey>,
    place: &Place,
) -> Blocked {
    let environment = us.and_then(|us| us.environment.as_deref());
    let here = environment.map_or_else(String::new, |environment| format!(" -e {environment}"));
    let scope = whose.scope.as_deref();
    let from = scope.map_or_else(String::new, |scope| format!(" --from {scope}"));
    Blocked {
        message: format!("{} owns it", owner(whose)),
        help: format!(
            "Leave it to its owner, or take it over with their consent: topicsmith inventory forget {name}{here}{from}"
        ),
        ..blocked(name, BlockCode::OwnedElsewhere, Some(place))
    }
}

/// `scope shop (environment prod)`
pub fn owner(whose: &OwnerKey) -> String {
    match (&whose.scope, &whose.environment) {
        (Some(scope), Some(environment)) => format!("scope {scope} (environment {environment})"),
        (Some(scope), None) => format!("scope {scope}"),
        (None, Some(environment)) => format!("environment {environment}"),
        (None, None) => "another scope".to_owned(),
    }
}

/// A listed or tombstoned topic that belongs to an instance of a lifecycle.
pub(super) fn by_instance(name: &TopicName, instance: &Instance, place: &Place) -> Blocked {
    let parameters = instance.parameters.iter();
    let parameters: Vec<String> = parameters
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    let instance = format!("{} {}", instance.lifecycle, parameters.join(" "));
    Blocked {
        message: format!("it belongs to the instance {instance}"),
        help: format!("Choose another name, or end it: topicsmith instance down {instance}"),
        ..blocked(name, BlockCode::OwnedElsewhere, Some(place))
    }
}

/// A topic that left the files and would be deleted, if it were still the one that was applied.
pub(super) fn recreated(name: &TopicName, environment: &str) -> Blocked {
    Blocked {
        message: "delete: recreated since last apply, so this is another topic, currently unowned"
            .to_owned(),
        help: format!(
            "Delete it with a removal, list it, or let go of it: topicsmith inventory forget {name} -e {environment}"
        ),
        ..blocked(name, BlockCode::Recreated, None)
    }
}

/// A topic that left the files and would be deleted, if its record had the id of what was applied.
pub(super) fn unproven(name: &TopicName, environment: &str) -> Blocked {
    Blocked {
        message: "delete: its record in the inventory has no topic id, so nothing proves that this topic is the one that was applied".to_owned(),
        help: format!(
            "Delete it with an entry in [removed], list it, or let go of it: topicsmith inventory forget {name} -e {environment}"
        ),
        ..blocked(name, BlockCode::Recreated, None)
    }
}

fn blocked(name: &TopicName, code: BlockCode, place: Option<&Place>) -> Blocked {
    Blocked {
        topic: name.clone(),
        code,
        setting: None,
        message: String::new(),
        help: String::new(),
        declared_at: place.cloned(),
        holds_back: Vec::new(),
    }
}
