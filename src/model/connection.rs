//! How to reach a cluster: servers and librdkafka's client properties, with every secret filled in.

use std::collections::BTreeMap;

use super::secret::Secret;

/// A connection that is ready to be used. It holds credentials: nothing of it is printed but the
/// servers.
#[derive(Debug, Clone)]
pub struct Connection {
    /// `host:port` of each bootstrap server.
    pub servers: Vec<String>,
    /// librdkafka's properties besides `bootstrap.servers`.
    pub properties: BTreeMap<String, Secret>,
    /// Every text that must not reach an output: values of variables and secret files.
    pub secrets: Vec<Secret>,
}

impl Connection {
    /// Replaces every secret in a text that came from elsewhere, such as a library's error.
    pub fn redact(&self, text: &str) -> String {
        let mut secrets: Vec<&str> = self
            .secrets
            .iter()
            .map(Secret::expose)
            .filter(|secret| !secret.is_empty() && !self.servers.iter().any(|s| s == secret))
            .collect();
        // The longest first: one secret may contain another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for secret in secrets {
            text = text.replace(secret, "***");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_wherever_they_stand() {
        let connection = Connection {
            servers: vec!["kafka:9092".to_owned()],
            properties: BTreeMap::new(),
            secrets: ["hunter2", "hunter22", "kafka:9092", ""]
                .map(Secret::new)
                .to_vec(),
        };
        let text = connection.redact("bad password \"hunter22\" or hunter2 at kafka:9092");
        assert_eq!(text, "bad password \"***\" or *** at kafka:9092");
        assert!(!format!("{connection:?}").contains("hunter2"));
    }
}
