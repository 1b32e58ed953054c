//! Repositories of any size, in files of a hundred topics.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use topicsmith::internals::model::TopicName;

/// What each topic sets.
pub const CONFIG: [(&str, &str); 4] = [
    ("cleanup.policy", "delete"),
    ("compression.type", "zstd"),
    ("max.message.bytes", "2097152"),
    ("retention.ms", "86400000"),
];

/// The other value of the last of them.
pub const CHANGED: &str = "172800000";

/// How many topics the smaller measurements have.
pub const SOME: usize = 1_000;

/// A folder with `topics` and `environments`.
pub struct Repository {
    /// The folder.
    pub folder: PathBuf,
    /// What their names begin with.
    pub prefix: String,
    /// Its topics.
    pub names: Vec<TopicName>,
    partitions: u32,
}

/// Names with a prefix: `shop.t000001`.
pub fn names(prefix: &str, count: usize) -> Vec<TopicName> {
    let name = |number| TopicName::new(format!("{prefix}.t{number:06}"));
    (0..count).map(name).collect()
}

impl Repository {
    /// Writes one with the environments named, all of the same brokers.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn new(
        folder: &Path,
        servers: &str,
        environments: &[&str],
        prefix: &str,
        (topics, partitions): (usize, u32),
    ) -> Result<Self> {
        fs::create_dir_all(folder.join("topics"))?;
        fs::create_dir_all(folder.join("environments"))?;
        for name in environments {
            let text = format!(
                "[cluster]\nbootstrap_servers = \"{servers}\"\n\
                 [defaults]\npartitions = {partitions}\nreplication_factor = 1\n\
                 [guards]\nmax_destructive = 1000000\n\
                 [inventory]\nscope = \"bench\"\n"
            );
            fs::write(folder.join(format!("environments/{name}.toml")), text)?;
        }
        let repository = Self {
            folder: folder.to_owned(),
            prefix: prefix.to_owned(),
            names: names(prefix, topics),
            partitions,
        };
        repository.write(CONFIG[3].1, topics)?;
        Ok(repository)
    }

    /// Writes the topics files, the first of the topics with this retention.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, retention: &str, first: usize) -> Result<()> {
        for (file, names) in self.names.chunks(100).enumerate() {
            let mut text = String::new();
            for (number, name) in names.iter().enumerate() {
                writeln!(text, "[topics.\"{name}\"]")?;
                for (key, value) in CONFIG {
                    let changed = key == CONFIG[3].0 && file * 100 + number < first;
                    let value = if changed { retention } else { value };
                    writeln!(text, "config.{key} = \"{value}\"")?;
                }
            }
            fs::write(self.folder.join(format!("topics/{file:04}.toml")), text)?;
        }
        Ok(())
    }

    /// Writes a snapshot of a cluster that is as the files say.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_snapshot(&self, file: &str) -> Result<()> {
        let mut text = String::from(
            r#"{"format": "topicsmith/live/1", "cluster_id": "bench", "brokers": [{"id": 1, "rack": null}], "broker_defaults": {}, "topics": {"#,
        );
        let config = CONFIG.map(|(key, value)| format!("\"{key}\": \"{value}\""));
        let config = config.join(", ");
        for (number, name) in self.names.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            let partitions = self.partitions;
            write!(
                text,
                "{comma}\n\"{name}\": {{\"id\": \"id{number}\", \"partitions\": {partitions}, \"replication_factor\": 1, \"config\": {{{config}}}}}"
            )?;
        }
        text.push_str("}}\n");
        fs::write(self.folder.join(file), text)?;
        Ok(())
    }
}
