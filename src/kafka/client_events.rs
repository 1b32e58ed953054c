//! Collects what librdkafka reports outside of responses: which servers failed and why, and which
//! APIs the brokers support. A failed admin call only reports "timed out"; the cause is in these
//! events.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::certificate::Certificate;
use super::failure::Failure;
use super::ffi::Notice;
use super::version::{self, Apis};

/// librdkafka's `_ALL_BROKERS_DOWN`: all servers were tried and failed.
const ALL_BROKERS_DOWN: i32 = -187;

/// The relevant events of all clients of one connection.
#[derive(Debug)]
pub(super) struct ClientEvents {
    since: Instant,
    state: Mutex<EventState>,
    changed: Notify,
}

impl Default for ClientEvents {
    fn default() -> Self {
        Self {
            since: Instant::now(),
            state: Mutex::default(),
            changed: Notify::default(),
        }
    }
}

#[derive(Debug, Default)]
struct EventState {
    all_down: bool,
    failures: BTreeMap<String, Failure>,
    certificates: BTreeMap<String, Certificate>,
    apis: BTreeMap<String, Apis>,
    /// The time until the first broker returned its API versions.
    reached: Option<Duration>,
    token: TokenState,
}

/// The state of the client's OAUTHBEARER token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum TokenState {
    /// Available, or not needed.
    #[default]
    Settled,
    /// Being fetched.
    Asked,
    /// Not available, with the reason.
    Missing(String),
}

impl ClientEvents {
    /// Processes an event of a client.
    pub fn hear(&self, notice: Notice) {
        let mut state = self.lock();
        match notice {
            Notice::Error(ALL_BROKERS_DOWN, _) => state.all_down = true,
            Notice::Error(code, text) => state.failed(Failure::parse(Some(code), &text)),
            Notice::Log(topic, line) if topic == "FAIL" => {
                state.failed(Failure::parse(None, &line));
            }
            Notice::Log(topic, line) if topic == "APIVERSION" => {
                state.reached.get_or_insert_with(|| self.since.elapsed());
                state.api(&line);
            }
            Notice::Log(topic, line) if topic == "SSLCERTVRFY" => {
                state.certificates.extend(Certificate::parse(&line));
            }
            Notice::Log(..) | Notice::Records(_) | Notice::End | Notice::Partition(_) => return,
            Notice::TokenAsked if matches!(state.token, TokenState::Missing(_)) => return,
            Notice::TokenAsked => state.token = TokenState::Asked,
            Notice::TokenGiven => state.token = TokenState::Settled,
            Notice::NoToken(why) => state.token = TokenState::Missing(why),
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// Returns the time from the start until a broker's first response, to the API versions request
    /// of a new connection: one round trip, plus TCP and TLS setup.
    pub fn reached(&self) -> Option<Duration> {
        self.lock().reached
    }

    /// Returns the last failure of each server.
    pub fn failures(&self) -> Vec<Failure> {
        self.lock().failures.values().cloned().collect()
    }

    /// Records that a server that closed the connection expects TLS.
    pub fn expects_tls(&self, server: &str) {
        if let Some(failure) = self.lock().failures.get_mut(server) {
            failure.expects_tls = true;
        }
    }

    /// Returns the state of the token.
    pub fn token(&self) -> TokenState {
        self.lock().token.clone()
    }

    /// Records that a request was answered: earlier failures are obsolete.
    pub fn all_is_well(&self) {
        let mut state = self.lock();
        state.failures.clear();
        state.all_down = false;
    }

    /// Returns the Kafka release of the brokers, the oldest if they differ.
    pub fn release(&self) -> Option<&'static str> {
        version::oldest(self.lock().apis.values())
    }

    /// Returns the maximum version of each API that all brokers support.
    pub fn apis(&self) -> Apis {
        let mut all = Apis::new();
        for (key, highest) in self.lock().apis.values().flatten() {
            let known = all.entry(*key).or_insert(*highest);
            *known = (*known).min(*highest);
        }
        all
    }

    /// Returns whether all contacted brokers support offsets by highest timestamp.
    pub fn knows_max_timestamp(&self) -> bool {
        self.lock().apis.values().all(version::knows_max_timestamp)
    }

    /// Completes when success is unlikely: all servers were tried and failed, no token is
    /// available, or the cluster advertises an address that cannot be resolved here. Returns true
    /// if other addresses of a host may still work.
    pub async fn hopeless(&self) -> bool {
        loop {
            let changed = self.changed.notified();
            {
                let state = self.lock();
                if matches!(state.token, TokenState::Missing(_)) {
                    return false;
                }
                let mut failures = state.failures.values();
                if state.all_down || failures.any(Failure::is_unknown_advertised_name) {
                    let mut failures = state.failures.values();
                    return failures.any(Failure::may_have_other_addresses);
                }
            }
            changed.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, EventState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventState {
    /// librdkafka reports a failure twice, as an error with its code and as a log line without.
    /// Some failures are only logged, with less detail than one with a code.
    fn failed(&mut self, failure: Option<Failure>) {
        let Some(mut failure) = failure else { return };
        failure.certificate = self.certificates.get(&failure.server).cloned();
        let known = self.failures.get(&failure.server);
        if failure.code.is_some() || known.is_none_or(|known| known.code.is_none()) {
            self.failures.insert(failure.server.clone(), failure);
        }
    }

    fn api(&mut self, line: &str) {
        // A bootstrap connection and the connection to the same broker have different names, with
        // the same lines.
        let Some((name, _)) = line.split_once("]: ") else {
            return;
        };
        let apis = self.apis.entry(name.to_owned()).or_default();
        if line.ends_with("Broker API support:") {
            // A new list begins; the broker may have been upgraded.
            apis.clear();
        } else if let Some((key, highest)) = version::read(line) {
            apis.insert(key, highest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &str =
        "a:1/bootstrap: SASL authentication error: no (after 9ms in state AUTH_REQ)";

    #[tokio::test]
    async fn hope_ends_once_every_server_failed() {
        let client_events = ClientEvents::default();
        client_events.hear(Notice::Error(-169, LOGIN.to_owned()));
        let early = tokio::time::timeout(Duration::from_millis(20), client_events.hopeless());
        assert!(early.await.is_err());
        client_events.hear(Notice::Error(
            ALL_BROKERS_DOWN,
            "1/1 brokers are down".to_owned(),
        ));
        assert!(
            !client_events.hopeless().await,
            "another address would not take the password either"
        );
        client_events.all_is_well();
        assert_eq!(client_events.failures(), []);
    }

    #[test]
    fn a_line_without_a_code_does_not_hide_one_with_it() {
        let client_events = ClientEvents::default();
        client_events.hear(Notice::Error(-169, LOGIN.to_owned()));
        let close = "[thrd:a:1/bootstrap]: a:1/bootstrap: Disconnected (after 1ms in state UP)";
        client_events.hear(Notice::Log("FAIL".to_owned(), close.to_owned()));
        assert_eq!(client_events.failures()[0].code, Some(-169));
        client_events.hear(Notice::Log(
            "OTHER".to_owned(),
            "[thrd:b:1/bootstrap]: b:1/x: y".to_owned(),
        ));
        assert_eq!(client_events.failures().len(), 1);
    }

    #[test]
    fn a_broker_that_was_upgraded_tells_anew() {
        let client_events = ClientEvents::default();
        let say = |line: &str| {
            let line = format!("[thrd:a:1/1]: a:1/1: {line}");
            client_events.hear(Notice::Log("APIVERSION".to_owned(), line));
        };
        let tell = |versions: [i16; 6]| {
            say("Broker API support:");
            for (key, highest) in [1, 2, 9, 10, 24, 35].into_iter().zip(versions) {
                say(&format!("  ApiKey X ({key}) Versions 0..{highest}"));
            }
            say("Enabling feature MsgVer1");
        };
        assert_eq!(client_events.release(), None);
        tell([18, 11, 10, 6, 5, 4]);
        assert_eq!(client_events.release(), Some("4.2"));
        tell([18, 11, 10, 6, 5, 5]);
        assert_eq!(client_events.release(), Some("4.3"));
    }
}
