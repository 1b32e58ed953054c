//! Selects the file for a new entry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::import::split::{file_name, prefix};
use crate::desired::Desired;
use crate::model::{Place, TopicName};

/// Returns the file with topics of the same name prefix and owner; else of the same prefix; else of
/// the same owner; else a file named by the prefix in the topics folder. Of several files, the one
/// with the most such topics.
pub fn home<'a>(
    name: &TopicName,
    owner: Option<&str>,
    environments: impl Iterator<Item = &'a Desired>,
    folder: &Path,
) -> PathBuf {
    // An entry with many topics in many environments counts once.
    let own = prefix(name);
    let mut entries: BTreeMap<&Place, (bool, bool)> = BTreeMap::new();
    for (other, topic) in environments.flat_map(|desired| &desired.topics) {
        let near = entries.entry(&topic.declared_at).or_default();
        near.0 |= prefix(other) == own;
        near.1 |= owner.is_some() && topic.owner.as_deref() == owner;
    }
    let mut files: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (place, (by_prefix, by_owner)) in entries {
        let counts = files.entry(&place.file).or_default();
        counts[0] += usize::from(by_prefix && by_owner);
        counts[1] += usize::from(by_prefix);
        counts[2] += usize::from(by_owner);
    }
    // On a tie, the first by name.
    let best = files.into_iter().rev().max_by_key(|(_, counts)| *counts);
    match best {
        Some((file, counts)) if counts != [0; 3] => PathBuf::from(file),
        _ => folder.join(file_name(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Topic;
    use crate::testing::{desired, topic};

    fn entry(file: &str, line: u32, owner: Option<&str>) -> Topic {
        let mut topic = topic(1, 1, &[]);
        topic.declared_at = Place {
            file: file.into(),
            line,
            column: 1,
            length: 1,
        };
        topic.owner = owner.map(str::to_owned);
        topic
    }

    #[test]
    fn beside_its_like() {
        let desired = desired([
            (
                "content-new",
                entry("topics/ingestion.toml", 1, Some("ingestion")),
            ),
            ("content-old", entry("topics/old.toml", 1, Some("archive"))),
            (
                "search.queries",
                entry("topics/discovery.toml", 1, Some("search")),
            ),
            ("search.clicks", entry("topics/discovery.toml", 9, None)),
            // Two topics of one entry.
            ("audit.a", entry("topics/a.toml", 1, Some("search"))),
            ("audit.b", entry("topics/a.toml", 1, Some("search"))),
        ]);
        let home = |name: &str, owner| {
            let environments = std::iter::once(&desired);
            let file = home(&name.into(), owner, environments, Path::new("topics"));
            file.display().to_string()
        };
        assert_eq!(
            home("content-x", Some("ingestion")),
            "topics/ingestion.toml"
        );
        assert_eq!(home("content-x", Some("archive")), "topics/old.toml");
        assert_eq!(home("content-x", None), "topics/ingestion.toml");
        assert_eq!(home("search_x", Some("nobody")), "topics/discovery.toml");
        assert_eq!(home("x", Some("archive")), "topics/old.toml");
        assert_eq!(home("x", Some("search")), "topics/a.toml");
        assert_eq!(home("orders.created", Some("shop")), "topics/orders.toml");
    }
}
