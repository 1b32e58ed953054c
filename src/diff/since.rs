//! Three-way comparison: last applied, declared, live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::live::{ConfigSource, Effective};
use crate::model::{ConfigKey, ConfigMap};

/// On which side something changed since it was last applied.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// On the cluster: it is not as it was applied, and the files still say what was applied.
    Drift,
    /// In the files: the cluster is as it was applied.
    Pending,
    /// On both.
    Both,
}

impl Since {
    fn of(cluster: bool, files: bool) -> Self {
        match (cluster, files) {
            (true, false) => Since::Drift,
            (true, true) => Since::Both,
            (false, _) => Since::Pending,
        }
    }

    /// Returns whether the cluster changed.
    pub fn is_drift(self) -> bool {
        self != Since::Pending
    }

    /// Returns whether the configuration changed.
    pub fn is_pending(self) -> bool {
        self != Since::Drift
    }
}

/// Classifies a number that differs from the configuration.
pub fn of_number<L: PartialEq>(applied: &L, live: &L, wanted: &L) -> Since {
    Since::of(live != applied, wanted != applied)
}

/// Classifies a config that differs from the configuration or is not set on the topic. `applied`
/// are the declared configs last applied.
pub fn of_config(
    applied: &ConfigMap<String>,
    key: &ConfigKey,
    live: Option<Effective>,
    wanted: Option<&str>,
) -> Since {
    let applied = applied.get(key).map(String::as_str);
    let same = |a: &str, b: &str| key.same(a, b);
    let cluster = match (applied, live) {
        (Some(applied), Some(live)) => {
            // It has the declared value, but is no longer set on the topic.
            let dropped = wanted.is_some_and(|wanted| same(wanted, live.value));
            !same(applied, live.value) || dropped
        }
        (Some(_), None) => true,
        (None, live) => live.is_some_and(|live| live.source == ConfigSource::Topic),
    };
    let files = match (applied, wanted) {
        (Some(applied), Some(wanted)) => !same(applied, wanted),
        (applied, wanted) => applied.is_some() != wanted.is_some(),
    };
    Since::of(cluster, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(
        applied: Option<&str>,
        live: Option<(&str, ConfigSource)>,
        wanted: Option<&str>,
    ) -> Since {
        let key = ConfigKey::from("cleanup.policy");
        let applied = applied.map(|value| (key.clone(), value.to_owned()));
        let live = live.map(|(value, source)| Effective { value, source });
        of_config(&applied.into_iter().collect(), &key, live, wanted)
    }

    #[test]
    fn numbers() {
        assert_eq!(of_number(&3, &4, &3), Since::Drift);
        assert_eq!(of_number(&3, &3, &4), Since::Pending);
        assert_eq!(of_number(&3, &4, &5), Since::Both);
    }

    #[test]
    fn a_config_that_was_applied() {
        let (own, default) = (ConfigSource::Topic, ConfigSource::KafkaDefault);
        let applied = Some("compact,delete");
        assert_eq!(
            config(applied, Some(("delete", own)), applied),
            Since::Drift
        );
        // An equal value in another spelling.
        let live = Some(("delete, compact", own));
        assert_eq!(config(applied, live, Some("delete")), Since::Pending);
        assert_eq!(config(applied, live, None), Since::Pending);
        let live = Some(("compact", own));
        assert_eq!(config(applied, live, Some("delete")), Since::Both);
        assert_eq!(config(applied, live, None), Since::Both);
        assert_eq!(config(applied, None, applied), Since::Drift);
        // Removed from the topic, which now inherits the same value.
        let live = Some(("compact,delete", default));
        assert_eq!(config(applied, live, applied), Since::Drift);
        assert_eq!(config(applied, live, Some("delete")), Since::Pending);
    }

    #[test]
    fn a_config_that_was_not_declared() {
        let (own, default) = (ConfigSource::Topic, ConfigSource::KafkaDefault);
        assert_eq!(config(None, Some(("compact", own)), None), Since::Drift);
        let wanted = Some("delete");
        assert_eq!(config(None, Some(("compact", own)), wanted), Since::Both);
        let live = Some(("compact", default));
        assert_eq!(config(None, live, wanted), Since::Pending);
        assert_eq!(config(None, live, Some("compact")), Since::Pending);
        assert_eq!(config(None, None, wanted), Since::Pending);
    }
}
