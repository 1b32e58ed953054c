//! Brokers that end with this process.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

/// A cluster of real brokers on this machine.
pub struct Brokers {
    /// Where they are, separated by commas.
    pub servers: String,
    script: Child,
}

impl Brokers {
    /// Starts so many, with their data in `folder`.
    ///
    /// # Errors
    /// They do not start.
    pub fn start(count: usize, folder: &Path) -> Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/kafka/broker.sh");
        let mut script = Command::new(script)
            .args(["run", &count.to_string()])
            .arg(folder)
            // Ten thousand topics in half a gigabyte are a benchmark of the collector.
            .env("TOPICSMITH_KAFKA_OPTS", "-Xmx2g -XX:+UseSerialGC")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        let servers = folder.join("servers");
        let deadline = Instant::now() + Duration::from_secs(300);
        while !servers.exists() {
            ensure!(script.try_wait()?.is_none(), "the brokers did not start");
            ensure!(Instant::now() < deadline, "the brokers take too long");
            std::thread::sleep(Duration::from_millis(100));
        }
        let servers = fs::read_to_string(servers)?.trim().to_owned();
        Ok(Self { servers, script })
    }
}

impl Drop for Brokers {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        // The script ends by itself once its input has; the folder goes with it.
        let _ = self.script.wait();
    }
}
