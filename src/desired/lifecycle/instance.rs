//! The topics of one lifecycle instance, from the values of its parameters.

use std::collections::BTreeMap;

use crate::desired::suggest::{self, shown};
use crate::desired::{Desired, Lifecycle, Topic};
use crate::model::name::NameProblem;
use crate::model::{Place, TopicName};

/// Why parameter values do not form an instance of a lifecycle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoInstance {
    /// An unknown parameter.
    #[error("the lifecycle has no parameter {}", shown(.name))]
    Unknown {
        /// The given name.
        name: String,
        /// The lifecycle's parameters.
        known: Vec<String>,
    },
    /// A parameter has no value.
    #[error("the parameter {} is missing", shown(.name))]
    Missing {
        /// The missing parameter.
        name: String,
        /// The pattern that values must fully match.
        pattern: String,
    },
    /// A value does not match the parameter's pattern.
    #[error("{} is no value of {}", shown(.value), shown(.name))]
    Mismatch {
        /// The parameter's name.
        name: String,
        /// The given value.
        value: String,
        /// The pattern that it must fully match.
        pattern: String,
    },
    /// A value results in a name that Kafka would reject.
    #[error("{}: {problem}", shown(.topic))]
    BadName {
        /// The invalid name.
        topic: TopicName,
        /// Why it is invalid.
        problem: NameProblem,
    },
    /// Two topics of the instance have the same name.
    #[error("{} and {} would be the same topic", shown(&.templates.0), shown(&.templates.1))]
    SameName {
        /// The names as written, with placeholders.
        templates: (String, String),
    },
    /// The lifecycle has no topics in this environment.
    #[error("the lifecycle has no topics here")]
    NoTopics,
    /// An unknown lifecycle.
    #[error("there is no lifecycle {}", shown(.name))]
    UnknownLifecycle {
        /// The given name.
        name: String,
        /// The existing lifecycles.
        known: Vec<String>,
    },
    /// A value results in a name that is not allowed in this environment.
    #[error("{} {why}", shown(.topic))]
    NotHere {
        /// The topic's name.
        topic: TopicName,
        /// Why it is not allowed.
        why: InvalidInstanceTopic,
    },
}

/// Why a topic cannot belong to an instance in an environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidInstanceTopic {
    /// It is the inventory.
    #[error("holds the inventory")]
    Inventory,
    /// The environment ignores it.
    #[error("is ignored here: [ignore] topics has {}", shown(.0))]
    Ignored(String),
    /// It is listed, or collides with a listed topic's name.
    #[error("is listed already, at {0}")]
    Listed(Place),
    /// It has a removal.
    #[error("has a removal, at {0}")]
    Removed(Place),
    /// It is outside of the scope.
    #[error("does not belong to the scope {}", shown(.0))]
    OutsideScope(String),
    /// Its name breaks a rule.
    #[error("does not match {}, which [rules] asks of names", shown(.0))]
    Rule(String),
}

impl NoInstance {
    /// Returns how to fix the error.
    pub fn help(&self) -> Option<String> {
        match self {
            NoInstance::Unknown { name, known } => {
                suggest::help(name, "parameters", known.iter().map(String::as_str))
            }
            NoInstance::Missing { name, pattern } => Some(format!(
                "give it as {name}=VALUE; a value matches {} whole",
                shown(pattern)
            )),
            NoInstance::Mismatch { pattern, .. } => {
                Some(format!("a value matches {} whole", shown(pattern)))
            }
            NoInstance::SameName { .. } => Some(
                "Kafka takes `.` for `_` when it compares names; give other values, or rename one of them in the files"
                    .to_owned(),
            ),
            NoInstance::NoTopics => Some(
                "a topic belongs to it with lifecycle = \"…\", where its environments = [..] say so"
                    .to_owned(),
            ),
            NoInstance::UnknownLifecycle { name, known } => {
                suggest::help(name, "lifecycles", known.iter().map(String::as_str))
            }
            NoInstance::BadName { .. } | NoInstance::NotHere { .. } => None,
        }
    }
}

impl Desired {
    /// Returns the lifecycle with this name.
    ///
    /// # Errors
    /// Returns an error if it does not exist.
    pub fn lifecycle(&self, name: &str) -> Result<&Lifecycle, NoInstance> {
        let unknown = || NoInstance::UnknownLifecycle {
            name: name.to_owned(),
            known: self.lifecycles.keys().map(ToString::to_string).collect(),
        };
        self.lifecycles.get(name).ok_or_else(unknown)
    }

    /// Checks that a topic may belong to an instance in this environment, owned by `scope`.
    ///
    /// # Errors
    /// Returns why it may not.
    pub fn has_room_for(
        &self,
        topic: &TopicName,
        lifecycle: &Lifecycle,
        scope: &str,
    ) -> Result<(), NoInstance> {
        let why = self.why_not_here(topic, lifecycle, scope);
        why.map_or(Ok(()), |why| {
            Err(NoInstance::NotHere {
                topic: topic.clone(),
                why,
            })
        })
    }

    fn why_not_here(
        &self,
        topic: &TopicName,
        lifecycle: &Lifecycle,
        scope: &str,
    ) -> Option<InvalidInstanceTopic> {
        let environment = &self.environment;
        if *topic == environment.inventory.topic {
            return Some(InvalidInstanceTopic::Inventory);
        }
        if let Some(glob) = environment.ignore_topics.first_match(topic.as_str()) {
            return Some(InvalidInstanceTopic::Ignored(glob.to_owned()));
        }
        let same = |name: &TopicName| name.collision_key() == topic.collision_key();
        if let Some((_, listed)) = self.topics.iter().find(|(name, _)| same(name)) {
            return Some(InvalidInstanceTopic::Listed(listed.declared_at.clone()));
        }
        if let Some(removal) = self.removed.get(topic) {
            return Some(InvalidInstanceTopic::Removed(removal.declared_at.clone()));
        }
        let limits = environment.scopes.get(scope);
        if limits.is_some_and(|limits| !limits.topics.matches(topic.as_str())) {
            return Some(InvalidInstanceTopic::OutsideScope(scope.to_owned()));
        }
        let rule = lifecycle.names.broken_by(topic)?;
        Some(InvalidInstanceTopic::Rule(rule.to_owned()))
    }
}

impl Lifecycle {
    /// Returns the topics of one instance with their settings.
    ///
    /// # Errors
    /// Returns an error if the values do not match the parameters exactly, or result in invalid
    /// names.
    pub fn topics_of(
        &self,
        values: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<TopicName, &Topic>, NoInstance> {
        self.check(values)?;
        if self.topics.is_empty() {
            return Err(NoInstance::NoTopics);
        }
        let values = values.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        let values: BTreeMap<&str, &str> = values.collect();
        let mut topics = BTreeMap::new();
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for topic in &self.topics {
            let name = topic.name.fill(&values);
            if let Some(problem) = name.problem() {
                return Err(NoInstance::BadName {
                    topic: name,
                    problem,
                });
            }
            let template = topic.name.to_string();
            if let Some(first) = taken.insert(name.collision_key(), template.clone()) {
                return Err(NoInstance::SameName {
                    templates: (first, template),
                });
            }
            topics.insert(name, &topic.settings);
        }
        Ok(topics)
    }

    /// Checks that there is exactly one matching value per parameter.
    fn check(&self, values: &BTreeMap<String, String>) -> Result<(), NoInstance> {
        let unknown = |name: &&String| !self.parameters.contains_key(*name);
        if let Some(name) = values.keys().find(unknown) {
            return Err(NoInstance::Unknown {
                name: name.clone(),
                known: self.parameters.keys().cloned().collect(),
            });
        }
        for (name, pattern) in &self.parameters {
            let (name, pattern_text) = (name.clone(), pattern.as_str().to_owned());
            match values.get(&name) {
                None => {
                    return Err(NoInstance::Missing {
                        name,
                        pattern: pattern_text,
                    });
                }
                Some(value) if !pattern.matches(value) => {
                    return Err(NoInstance::Mismatch {
                        name,
                        value: value.clone(),
                        pattern: pattern_text,
                    });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::{LifecycleTopic, NameRule, NameTemplate, Pattern};
    use crate::testing::topic;

    fn lifecycle(parameters: &[(&str, &str)], templates: &[&str]) -> Lifecycle {
        let parameter = |(name, pattern): &(&str, &str)| {
            let pattern = Pattern::new(pattern).unwrap();
            ((*name).to_owned(), pattern)
        };
        let of = |template: &&str| LifecycleTopic {
            name: NameTemplate::parse(template).unwrap(),
            settings: topic(1, 1, &[]),
        };
        Lifecycle {
            declared_at: Place::whole("topics/a.toml"),
            parameters: parameters.iter().map(parameter).collect(),
            delete_after_ms: None,
            max_age_ms: None,
            names: NameRule::default(),
            topics: templates.iter().map(of).collect(),
        }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn an_instance_has_every_topic_of_its_lifecycle() {
        let task = lifecycle(&[("id", "[a-z]+")], &["raw_{id}", "yolox_{id}"]);
        let topics = task.topics_of(&values(&[("id", "abc")])).unwrap();
        let names: Vec<&str> = topics.keys().map(TopicName::as_str).collect();
        assert_eq!(names, ["raw_abc", "yolox_abc"]);
    }

    #[test]
    fn values_are_those_of_the_parameters() {
        let task = lifecycle(&[("id", "[a-z]+"), ("run", "[0-9]+")], &["{id}_{run}"]);
        let why = |pairs: &[(&str, &str)]| {
            let error = task.topics_of(&values(pairs)).unwrap_err();
            (error.to_string(), error.help().unwrap_or_default())
        };
        let (message, help) = why(&[("di", "a"), ("run", "1")]);
        assert_eq!(message, "the lifecycle has no parameter `di`");
        assert_eq!(help, "did you mean `id`?");
        let (message, help) = why(&[("id", "a")]);
        assert_eq!(message, "the parameter `run` is missing");
        assert_eq!(help, "give it as run=VALUE; a value matches `[0-9]+` whole");
        for value in ["", "a1", "a\n", "A"] {
            let (_, help) = why(&[("id", value), ("run", "1")]);
            assert_eq!(help, "a value matches `[a-z]+` whole", "{value:?}");
        }
    }

    #[test]
    fn names_are_legal_and_differ() {
        let any = lifecycle(&[("id", ".*")], &["x.{id}", "x_{id}"]);
        let why = |value: &str| any.topics_of(&values(&[("id", value)])).unwrap_err();
        assert!(matches!(why("a b"), NoInstance::BadName { .. }));
        assert!(matches!(why(&"a".repeat(250)), NoInstance::BadName { .. }));
        assert!(matches!(why("a"), NoInstance::SameName { .. }));
        let none = lifecycle(&[("id", ".*")], &[]);
        let nothing = none.topics_of(&values(&[("id", "a")]));
        assert_eq!(nothing.unwrap_err(), NoInstance::NoTopics);
    }
}
