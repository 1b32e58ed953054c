//! What is known of the client library that this binary is built with.

use rdkafka::ClientConfig;
use rdkafka::util::get_rdkafka_version;

/// The client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// librdkafka's release.
    pub version: String,
    /// What it was built with, `ssl,sasl_scram,…`: its `builtin.features`.
    pub features: String,
}

/// Asks librdkafka what it is.
pub fn about() -> About {
    let (_, version) = get_rdkafka_version();
    let config = ClientConfig::new().create_native_config();
    let features = config.and_then(|config| config.get("builtin.features"));
    About {
        version,
        features: features.unwrap_or_default(),
    }
}
