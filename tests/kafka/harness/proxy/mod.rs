//! A network with configurable faults: a proxy between the binary and real brokers that acts on the
//! n-th request of a kind. Its behaviour is data, a [`Rule`].
//!
//! It knows a minimum of Kafka's framing: four bytes of length; API key and version at the start of
//! a request; responses in request order. Brokers advertise their addresses in responses, which the
//! proxy replaces by its own.

mod wire;

use std::collections::VecDeque;
use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, mpsc};
use std::thread;
use std::time::{Duration, Instant};

pub use wire::Api;
use wire::Request;

/// The fault for a request, and when it occurs.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The kind of request.
    pub api: Api,
    /// The stage of the apply.
    pub when: When,
    /// The first affected request, from 1.
    pub nth: usize,
    /// The number of affected requests.
    pub times: usize,
    /// The fault.
    pub fault: Fault,
}

/// The requests that a rule counts. A validation counts as a read, as does a claim of the
/// inventory's lock, which changes nothing that is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Requests that change the cluster.
    Writing,
    /// Reads before any change.
    Before,
    /// Reads after a change was or may have been made.
    After,
}

/// The fault for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is cut before the broker receives it.
    CutBefore,
    /// The connection is cut after the broker has responded.
    CutAfter,
    /// It never reaches the broker; the connection stays open and silent.
    SilentBefore,
    /// The broker's response is lost; the connection stays open and silent.
    SilentAfter,
    /// It is delayed.
    Delay(Duration),
    /// The broker does nothing, and this error is returned for every item.
    Refused(i16),
    /// The broker carries it out, and this error is returned for every item.
    DoneBut(i16),
    /// The broker does nothing, and success is returned.
    Pretended,
    /// The network is down from here on.
    NetworkLost,
    /// For this time from here on, no response arrives on any connection; the connections stay
    /// open, and later responses arrive.
    AnswersLost(Duration),
    /// The broker does not know topics with this suffix. Requests without such topics do not count.
    Unknown(&'static str),
}

/// A proxy in front of brokers. It listens until the process ends.
pub struct Proxy {
    servers: String,
    line: Arc<Line>,
}

/// The shared state of all connections of a proxy.
struct Line {
    /// The ports of the brokers, each with the proxy's port for it.
    ports: Vec<(u16, u16)>,
    /// The latency in each direction.
    latency: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rules: Vec<(Rule, usize)>,
    /// Whether a request that changes the cluster was seen.
    wrote: bool,
    lost: bool,
    /// The time until which no response arrives.
    answers_lost: Option<Instant>,
    fired: usize,
    made: usize,
    connections: Vec<TcpStream>,
}

/// What happens to the response of a request that the broker received.
enum Treatment {
    Pass,
    Cut,
    Lose,
    Recode(Request, i16),
    Rename(&'static str),
}

impl Rule {
    /// Creates a rule for the first matching request.
    pub fn new(api: Api, when: When, fault: Fault) -> Self {
        Self {
            api,
            when,
            nth: 1,
            times: 1,
            fault,
        }
    }

    /// Applies the rule from the n-th request on.
    pub fn nth(self, nth: usize) -> Self {
        Self { nth, ..self }
    }

    /// Applies the rule to this many consecutive requests.
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }
}

impl Proxy {
    /// Starts a proxy in front of these brokers, with these rules.
    pub fn before(servers: &str, rules: &[Rule]) -> Self {
        let proxy = Self::far_before(servers, Duration::ZERO);
        proxy.obey(rules);
        proxy
    }

    /// Starts a proxy in front of these brokers, with this latency.
    pub fn far_before(servers: &str, latency: Duration) -> Self {
        let listen = |server: &str| {
            let port = server
                .rsplit_once(':')
                .and_then(|(_, port)| port.parse().ok());
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            (listener, port.expect("broker.sh gives ports"))
        };
        let listeners: Vec<(TcpListener, u16)> = servers.split(',').map(listen).collect();
        let port = |listener: &TcpListener| listener.local_addr().expect("it is bound").port();
        let ports: Vec<(u16, u16)> = listeners.iter().map(|(l, real)| (*real, port(l))).collect();
        let servers: Vec<String> = ports
            .iter()
            .map(|(_, own)| format!("127.0.0.1:{own}"))
            .collect();
        let line = Arc::new(Line {
            ports,
            latency,
            state: Mutex::default(),
        });
        for (listener, real) in listeners {
            let line = Arc::clone(&line);
            thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    line.connect(client, real);
                }
            });
        }
        Self {
            servers: servers.join(","),
            line,
        }
    }

    /// Returns the addresses of the proxy.
    pub fn servers(&self) -> &str {
        &self.servers
    }

    /// Returns how often a rule was applied.
    pub fn fired(&self) -> usize {
        self.line.lock().fired
    }

    pub fn connections(&self) -> usize {
        self.line.lock().made
    }

    /// Replaces the rules. Counts start again.
    pub fn obey(&self, rules: &[Rule]) {
        let mut state = self.line.lock();
        state.rules = rules.iter().map(|rule| (*rule, 0)).collect();
        state.wrote = false;
        state.lost = false;
    }
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no connection panics with it")
    }

    /// Forwards a client's connection to the broker at a port, and back.
    fn connect(self: &Arc<Self>, client: TcpStream, port: u16) {
        let Ok(broker) = TcpStream::connect(("127.0.0.1", port)) else {
            return; // The broker is down, so the client's connection ends, too.
        };
        let again = |stream: &TcpStream| stream.try_clone().expect("it is open");
        let mut state = self.lock();
        if state.lost {
            return;
        }
        state.made += 1;
        state.connections.push(again(&client));
        drop(state);
        let to = |stream: &TcpStream| Later::to(again(stream), self.latency);
        let (to_client, to_broker) = (to(&client), to(&broker));
        let pending = Arc::new(Mutex::new(VecDeque::new()));
        let there = (
            again(&client),
            to_broker,
            again(&broker),
            Arc::clone(self),
            Arc::clone(&pending),
        );
        thread::spawn(move || {
            let (mut client, to_broker, broker, line, pending) = there;
            line.carry_requests(&mut client, &to_broker, &pending);
            let _ = broker.shutdown(Shutdown::Both);
        });
        let line = Arc::clone(self);
        thread::spawn(move || {
            let mut broker = broker;
            line.carry_answers(&to_client, &mut broker, &pending);
            let _ = client.shutdown(Shutdown::Both);
            let _ = broker.shutdown(Shutdown::Both);
        });
    }

    /// Returns when the connection ends in either direction.
    fn carry_requests(
        &self,
        client: &mut TcpStream,
        broker: &Later,
        pending: &Mutex<VecDeque<Treatment>>,
    ) {
        let mut silent = false;
        while let Some(frame) = wire::read(client) {
            if silent {
                continue;
            }
            let mut request = Request::new(frame);
            let fault = self.fault(&request);
            let mut treatment = Treatment::Pass;
            match fault {
                None => {}
                Some(Fault::Delay(time)) => thread::sleep(time),
                Some(Fault::CutBefore) => {
                    let _ = client.shutdown(Shutdown::Both);
                    return;
                }
                Some(Fault::NetworkLost) => return self.lose(),
                Some(Fault::AnswersLost(time)) => {
                    self.lock().answers_lost = Some(Instant::now() + time);
                }
                Some(Fault::SilentBefore) => {
                    silent = true;
                    continue;
                }
                Some(Fault::CutAfter) => treatment = Treatment::Cut,
                Some(Fault::SilentAfter) => {
                    silent = true;
                    treatment = Treatment::Lose;
                }
                Some(Fault::Unknown(topic)) => {
                    request.rename(topic, &other(topic));
                    treatment = Treatment::Rename(topic);
                }
                Some(Fault::DoneBut(code)) => treatment = Treatment::Recode(request.clone(), code),
                Some(Fault::Refused(_) | Fault::Pretended) => {
                    let code = match fault {
                        Some(Fault::Refused(code)) => code,
                        _ => 0,
                    };
                    treatment = Treatment::Recode(request.clone(), code);
                    request.only_check();
                }
            }
            pending
                .lock()
                .expect("nobody panics with it")
                .push_back(treatment);
            if !broker.send(request.framed()) {
                return;
            }
        }
    }

    fn carry_answers(
        &self,
        client: &Later,
        broker: &mut TcpStream,
        pending: &Mutex<VecDeque<Treatment>>,
    ) {
        let mut silent = false;
        while let Some(mut answer) = wire::read(broker) {
            let treatment = pending.lock().expect("nobody panics with it").pop_front();
            match treatment.expect("an answer has a request") {
                Treatment::Pass => {}
                Treatment::Cut => return,
                Treatment::Lose => silent = true,
                Treatment::Recode(request, code) => answer = request.recode(answer, code),
                Treatment::Rename(topic) => wire::rename(&mut answer, &other(topic), topic),
            }
            for (real, own) in &self.ports {
                wire::readdress(&mut answer, *real, *own);
            }
            let lost = self.lock().answers_lost;
            if silent || lost.is_some_and(|until| Instant::now() < until) {
                continue;
            }
            if !client.send(wire::framed(&answer)) {
                return;
            }
        }
    }

    /// Returns the fault for a request, by the first rule that matches it.
    fn fault(&self, request: &Request) -> Option<Fault> {
        let mut state = self.lock();
        let when = match (request.changes_something(), state.wrote) {
            (true, _) => When::Writing,
            (false, false) => When::Before,
            (false, true) => When::After,
        };
        state.wrote |= request.changes_something();
        let mut chosen = None;
        for (rule, count) in &mut state.rules {
            let is_meant = match rule.fault {
                Fault::Unknown(topic) => request.names(topic),
                _ => true,
            };
            if rule.when == when && Some(rule.api) == request.api() && is_meant {
                *count += 1;
                let turn = rule.nth..rule.nth.saturating_add(rule.times);
                if chosen.is_none() && turn.contains(count) {
                    chosen = Some(rule.fault);
                }
            }
        }
        state.fired += usize::from(chosen.is_some());
        chosen
    }

    fn lose(&self) {
        let mut state = self.lock();
        state.lost = true;
        for connection in std::mem::take(&mut state.connections) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}

/// Writes data to a stream after the latency.
struct Later {
    latency: Duration,
    sent: mpsc::Sender<(Instant, Vec<u8>)>,
}

impl Later {
    fn to(mut stream: TcpStream, latency: Duration) -> Self {
        let (sent, due) = mpsc::channel::<(Instant, Vec<u8>)>();
        thread::spawn(move || {
            for (at, bytes) in due {
                thread::sleep(at.saturating_duration_since(Instant::now()));
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
        });
        Self { latency, sent }
    }

    /// Returns whether it is still open.
    fn send(&self, bytes: Vec<u8>) -> bool {
        self.sent
            .send((Instant::now() + self.latency, bytes))
            .is_ok()
    }
}

/// Returns a name with a topic's length that no topic has.
fn other(topic: &str) -> String {
    "z".repeat(topic.len())
}
