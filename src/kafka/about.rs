//! Information about the client library that this binary is built with.

use rdkafka::ClientConfig;
use rdkafka::util::get_rdkafka_version;

/// The version and features of the client library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// librdkafka's release.
    pub version: String,
    /// Its build features (`builtin.features`), `ssl,sasl_scram,…`.
    pub features: String,
}

/// Reads version and features from librdkafka.
pub fn about() -> About {
    let (_, version) = get_rdkafka_version();
    let config = ClientConfig::new().create_native_config();
    let features = config.and_then(|config| config.get("builtin.features"));
    About {
        version,
        features: features.unwrap_or_default(),
    }
}
