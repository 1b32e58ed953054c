//! Brokers that run as long as the tests. `broker.sh run` stops them when its standard input ends,
//! which happens however this process ends.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use super::release::{has_zookeeper, since};

static ONE: OnceLock<Result<Brokers, String>> = OnceLock::new();
static THREE: OnceLock<Result<Brokers, String>> = OnceLock::new();
static SECURE: OnceLock<Result<Brokers, String>> = OnceLock::new();

/// Running scripts, each with the standard input that keeps it running.
static RUNNING: Mutex<Vec<(Child, ChildStdin)>> = Mutex::new(Vec::new());

/// A cluster of real brokers.
#[derive(Debug)]
pub struct Brokers {
    servers: String,
    folder: PathBuf,
}

impl Brokers {
    /// Returns the broker that all tests share.
    pub fn one() -> &'static Self {
        shared(&ONE, 1)
    }

    /// Returns three brokers that all tests share. Starting them takes seconds and a gigabyte.
    pub fn three() -> &'static Self {
        shared(&THREE, 3)
    }

    /// Starts brokers for one test alone, which may change them freely.
    pub fn own(count: u32) -> Self {
        Self::own_with(count, "")
    }

    /// Starts brokers for one test alone, with additional properties.
    pub fn own_with(count: u32, properties: &str) -> Self {
        let further = Further {
            properties: properties.to_owned(),
            ..Further::default()
        };
        further.start(count)
    }

    /// Starts a broker for one test alone, with additional listeners: `NAME:PROTOCOL[:ADDRESS]`.
    pub fn own_listening(listeners: &str) -> Self {
        let further = Further {
            listeners: listeners.to_owned(),
            ..Further::default()
        };
        further.start(1)
    }

    /// Starts a broker for one test alone, with the controller in another process: see
    /// [`Self::kill_controller`].
    pub fn own_apart() -> Self {
        let apart = !has_zookeeper();
        let further = Further {
            apart,
            ..Further::default()
        };
        further.start(if apart { 2 } else { 1 })
    }

    /// Stops the controller of [`Self::own_apart`]: with ZooKeeper, the broker itself is the
    /// controller, and depends on ZooKeeper.
    pub fn kill_controller(&self) {
        match has_zookeeper() {
            true => self.send("zookeeper", "KILL"),
            false => self.kill(2),
        }
    }

    /// Returns the broker of [`super::secure`], which prepares the folder and provides the
    /// properties.
    pub(super) fn secure(listeners: &str, prepare: &dyn Fn(&Path) -> String) -> &'static Self {
        let start = || {
            start(1, &|folder| Further {
                properties: prepare(folder),
                listeners: listeners.to_owned(),
                apart: false,
            })
        };
        SECURE
            .get_or_init(start)
            .as_ref()
            .unwrap_or_else(|why| panic!("no Kafka: {why}"))
    }

    /// Returns the address of an additional listener.
    pub fn listener(&self, name: &str) -> String {
        self.file(name)
    }

    /// Returns a path in the brokers' folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Kills a broker, like a power failure.
    pub fn kill(&self, id: i32) {
        self.signal(id, "KILL");
    }

    pub fn signal(&self, id: i32, name: &str) {
        self.send(&id.to_string(), name);
    }

    fn send(&self, process: &str, name: &str) {
        let pid = self.file(&format!("{process}/pid"));
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(sent.is_ok_and(|sent| sent.success()), "{process} is up");
    }

    /// Returns the broker with the active controller.
    pub fn controller(&self) -> i32 {
        let (text, before, after) = match has_zookeeper() {
            true => (self.zookeeper("get /controller"), "\"brokerid\":", ','),
            false => {
                let status = self.cli("MetadataQuorumCommand", &["describe", "--status"]);
                (status, "LeaderId:", '\n')
            }
        };
        let id = text.split_once(before).and_then(|(_, rest)| {
            let (id, _) = rest.split_once(after)?;
            id.trim().parse().ok()
        });
        id.unwrap_or_else(|| panic!("nobody leads: {text}"))
    }

    /// Returns the servers for connections without credentials, with all rights.
    pub fn servers(&self) -> &str {
        &self.servers
    }

    /// Returns the servers for SASL.
    pub fn sasl(&self) -> String {
        self.file("sasl")
    }

    /// Returns a server that responds but advertises `kafka.invalid:9092`.
    pub fn misled(&self) -> String {
        self.file("misled")
    }

    fn file(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.folder.join(name));
        text.expect("broker.sh writes it").trim().to_owned()
    }

    /// Runs one of Kafka's own tools, such as `TopicCommand`, as an independent check. Takes 1.5 s.
    pub fn cli(&self, tool: &str, arguments: &[&str]) -> String {
        let arguments = [&["--bootstrap-server", self.servers()], arguments].concat();
        java(&class(tool), &arguments)
    }

    /// Sends a command to ZooKeeper.
    fn zookeeper(&self, question: &str) -> String {
        let address = self.file("zookeeper/address");
        let question = question.split(' ');
        let arguments: Vec<&str> = ["-server", &address].into_iter().chain(question).collect();
        java("org.apache.zookeeper.ZooKeeperMain", &arguments)
    }
}

/// Stops all brokers. Without it, they would still end with the process; this waits for them, so
/// that none is left when the tests have reported.
pub fn stop() {
    let running = RUNNING
        .lock()
        .map(|mut running| std::mem::take(&mut *running));
    for (mut script, input) in running.unwrap_or_default() {
        drop(input);
        let _ = script.wait();
    }
}

fn shared(slot: &'static OnceLock<Result<Brokers, String>>, count: u32) -> &'static Brokers {
    match slot.get_or_init(|| start(count, &|_| Further::default())) {
        Ok(brokers) => brokers,
        Err(why) => panic!("no Kafka: {why}"),
    }
}

fn java(class: &str, arguments: &[&str]) -> String {
    let output = Command::new("java")
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"])
        .arg(format!("{}/*", jars().display()))
        .arg(class)
        .args(arguments)
        .output()
        .expect("java ran the broker too");
    assert!(output.status.success(), "{class} {arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns the class of a tool in this release; tools were moved one by one.
fn class(tool: &str) -> String {
    let moved = match tool {
        "AclCommand" => since(4, 0),
        "ConfigCommand" => false,
        "TopicCommand" => since(3, 7),
        _ => true,
    };
    match moved {
        true => format!("org.apache.kafka.tools.{tool}"),
        false => format!("kafka.admin.{tool}"),
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka/broker.sh")
}

fn jars() -> &'static Path {
    static JARS: OnceLock<PathBuf> = OnceLock::new();
    JARS.get_or_init(|| {
        let output = Command::new(script()).arg("fetch").output();
        let output = output.expect("broker.sh can be run");
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    })
}

/// The inputs of `broker.sh` besides the number of brokers.
#[derive(Clone, Default)]
struct Further {
    /// Properties of each broker.
    properties: String,
    listeners: String,
    /// Whether the last one is only the controller.
    apart: bool,
}

impl Further {
    fn start(self, count: u32) -> Brokers {
        start(count, &|_| self.clone()).unwrap_or_else(|why| panic!("no Kafka: {why}"))
    }
}

fn start(count: u32, prepare: &dyn Fn(&Path) -> Further) -> Result<Brokers, String> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("topicsmith-{}-{number}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    let further = prepare(&folder);
    let mut script = Command::new(script())
        .arg("run")
        .arg(count.to_string())
        .arg(&folder)
        .env("TOPICSMITH_KAFKA_PROPERTIES", further.properties)
        .env("TOPICSMITH_KAFKA_LISTENERS", further.listeners)
        .env(
            "TOPICSMITH_KAFKA_APART",
            if further.apart { "1" } else { "" },
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // Ctrl-C reaches only the tests; the script detects it by its standard input.
        .process_group(0)
        .spawn()
        .map_err(|e| format!("broker.sh cannot be run: {e}"))?;
    let input = script.stdin.take().ok_or("broker.sh has no input")?;
    let output = script.stdout.take().ok_or("broker.sh has no output")?;
    let mut servers = String::new();
    let read = BufReader::new(output).read_line(&mut servers);
    if read.map_err(|e| e.to_string())? == 0 {
        return Err("broker.sh gave up; its reason stands above".to_owned());
    }
    let mut running = RUNNING.lock().map_err(|e| e.to_string())?;
    running.push((script, input));
    Ok(Brokers {
        servers: servers.trim().to_owned(),
        folder,
    })
}
