//! What librdkafka says on its own: which servers failed and why, and what the brokers can do. An
//! admin call that fails only says "timed out"; the cause stands here.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::certificate::Certificate;
use super::failure::Failure;
use super::ffi::Notice;
use super::version::{self, Apis};

/// librdkafka's `_ALL_BROKERS_DOWN`: every server was tried, and failed.
const ALL_BROKERS_DOWN: i32 = -187;

/// The facts that matter of all that the clients of one connection say.
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
    /// How long it took until the first broker told what it can do.
    reached: Option<Duration>,
    token: TokenState,
}

/// How a token stands, where the client needs one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum TokenState {
    /// It has one, or needs none.
    #[default]
    Settled,
    /// It is being fetched.
    Asked,
    /// There is none, and why.
    Missing(String),
}

impl ClientEvents {
    /// Takes in what a client says.
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

    /// How long it took from the beginning until a broker gave its first answer, to the question that
    /// comes with a connection: one round trip, and what TCP and TLS need before it.
    pub fn reached(&self) -> Option<Duration> {
        self.lock().reached
    }

    /// The last failure of each server, by its address.
    pub fn failures(&self) -> Vec<Failure> {
        self.lock().failures.values().cloned().collect()
    }

    /// It was found out that a server that hung up expects TLS.
    pub fn expects_tls(&self, server: &str) {
        if let Some(failure) = self.lock().failures.get_mut(server) {
            failure.expects_tls = true;
        }
    }

    /// How the token stands.
    pub fn token(&self) -> TokenState {
        self.lock().token.clone()
    }

    /// A request was answered: what failed before no longer matters.
    pub fn all_is_well(&self) {
        let mut state = self.lock();
        state.failures.clear();
        state.all_down = false;
    }

    /// The release of Kafka that the brokers run, the oldest where they differ.
    pub fn release(&self) -> Option<&'static str> {
        version::oldest(self.lock().apis.values())
    }

    /// Up to which version the brokers know each API: the lowest where they differ.
    pub fn apis(&self) -> Apis {
        let mut all = Apis::new();
        for (key, highest) in self.lock().apis.values().flatten() {
            let known = all.entry(*key).or_insert(*highest);
            *known = (*known).min(*highest);
        }
        all
    }

    /// Whether all brokers that were spoken to know which record has the highest timestamp.
    pub fn knows_max_timestamp(&self) -> bool {
        self.lock().apis.values().all(version::knows_max_timestamp)
    }

    /// Returns once there is little hope left: every server was tried and failed, there is no token
    /// to log in with, or the cluster gives an address that nobody here knows. True where a host's other addresses may still work.
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
    /// The same failure comes twice, as an error with its code and as a line of the log without.
    /// Some come as a log line alone, and say less than one that had a code.
    fn failed(&mut self, failure: Option<Failure>) {
        let Some(mut failure) = failure else { return };
        failure.certificate = self.certificates.get(&failure.server).cloned();
        let known = self.failures.get(&failure.server);
        if failure.code.is_some() || known.is_none_or(|known| known.code.is_none()) {
            self.failures.insert(failure.server.clone(), failure);
        }
    }

    fn api(&mut self, line: &str) {
        // A bootstrap connection and the one to the broker behind it are two names here; both say
        // the same.
        let Some((name, _)) = line.split_once("]: ") else {
            return;
        };
        let apis = self.apis.entry(name.to_owned()).or_default();
        if line.ends_with("Broker API support:") {
            // A new list begins: the broker may have been upgraded.
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
