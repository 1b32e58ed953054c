//! Diagnosis of rejected broker certificates.

use super::error::Cause;
use super::failure::Diagnosis;
use super::ffi::CERTIFICATE_REASON;

/// OpenSSL's codes for rejected certificates, `X509_V_ERR_…`.
mod reason {
    /// Not signed by a trusted CA, or self-signed.
    pub const UNKNOWN_AUTHORITY: [i32; 5] = [2, 18, 19, 20, 21];
    pub const NO_REVOCATION_LIST: i32 = 3;
    pub const NOT_YET_VALID: i32 = 9;
    pub const EXPIRED: i32 = 10;
    pub const REVOKED: i32 = 23;
    pub const OTHER_NAME: [i32; 2] = [62, 64];
    pub const TOO_WEAK: [i32; 3] = [66, 67, 68];
}

/// A rejected certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// The subject, `/CN=kafka-1`.
    subject: String,
    issuer: String,
    /// OpenSSL's error code.
    reason: i32,
}

impl Certificate {
    /// Parses librdkafka's log line, `[thrd:…]: [PROTOCOL://]HOST:PORT/ID: Certificate (subject=S,
    /// issuer=I) verification callback failed: x509 error 10`, to the server and its certificate.
    pub fn parse(line: &str) -> Option<(String, Self)> {
        let line = line.split_once("]: ")?.1;
        let (name, rest) = line.split_once(": Certificate (subject=")?;
        let name = name.split_once("://").map_or(name, |(_, name)| name);
        let (server, _) = name.rsplit_once('/')?;
        let (names, reason) = rest.rsplit_once(CERTIFICATE_REASON)?;
        let (names, _) = names.rsplit_once(") verification")?;
        let (subject, issuer) = names.split_once(", issuer=")?;
        let certificate = Self {
            subject: subject.to_owned(),
            issuer: issuer.to_owned(),
            reason: reason.trim().parse().ok()?,
        };
        Some((server.to_owned(), certificate))
    }

    /// Returns the diagnosis. `server` is the server that presented the certificate.
    pub fn diagnosis(&self, server: &str) -> Diagnosis {
        let Self {
            subject,
            issuer,
            reason,
        } = self;
        let host = server.rsplit_once(':').map_or(server, |(host, _)| host);
        let (words, help) = match *reason {
            reason if reason::UNKNOWN_AUTHORITY.contains(&reason) => (
                format!("the broker's certificate is not signed by a trusted CA ({issuer})"),
                "set ssl.ca.location to the certificate of the authority that signed it, a PEM file".to_owned(),
            ),
            reason::EXPIRED => (
                format!("the broker's certificate has expired ({subject})"),
                "the broker needs a new one; where it is not old, check this machine's clock".to_owned(),
            ),
            reason::NOT_YET_VALID => (
                format!("the broker's certificate is not valid yet ({subject})"),
                "check this machine's clock, and the broker's certificate".to_owned(),
            ),
            reason if reason::OTHER_NAME.contains(&reason) => (
                format!("the broker's certificate is not for {host} ({subject})"),
                "reach the broker by a name in its certificate (bootstrap_servers, or advertised.listeners \
                 of the broker), or give it a certificate with this name among its subjectAltNames"
                    .to_owned(),
            ),
            reason::REVOKED => (
                format!("the broker's certificate is revoked ({subject})"),
                "the broker needs a new one".to_owned(),
            ),
            reason::NO_REVOCATION_LIST => (
                format!("there is no list of what {issuer} has revoked"),
                "add it to the file that ssl.crl.location names".to_owned(),
            ),
            reason if reason::TOO_WEAK.contains(&reason) => (
                format!("the broker's certificate or its authority's is too weak ({subject})"),
                "it needs a longer key, or a better hash".to_owned(),
            ),
            reason => (
                format!("the broker's certificate is refused ({subject}, OpenSSL's error {reason})"),
                format!("`openssl s_client -connect {server}` may show more"),
            ),
        };
        Diagnosis {
            cause: Cause::Tls,
            words,
            help,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(reason: i32) -> String {
        let line = format!(
            "[thrd:ssl://a.b:9093/bootstrap]: ssl://a.b:9093/bootstrap: Certificate (subject=/CN=x, issuer=/CN=y) verification callback failed: x509 error {reason}"
        );
        let (server, certificate) = Certificate::parse(&line).expect("librdkafka's line");
        assert_eq!(server, "a.b:9093");
        certificate.diagnosis(&server).words
    }

    #[test]
    fn causes_are_told_apart() {
        assert!(words(19).ends_with("not signed by a trusted CA (/CN=y)"));
        assert!(words(10).ends_with("has expired (/CN=x)"));
        assert!(words(62).ends_with("is not for a.b (/CN=x)"));
        assert!(words(79).ends_with("(/CN=x, OpenSSL's error 79)"));
    }

    #[test]
    fn other_lines_are_none() {
        for line in [
            "",
            "[thrd:x]: a:1/1: Failed",
            "[thrd:x]: a:1/1: Certificate (subject=",
        ] {
            assert_eq!(Certificate::parse(line), None, "{line}");
        }
    }
}
