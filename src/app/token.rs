//! Where the tokens of OAUTHBEARER come from: a file, a variable or a command that the runner
//! names. No file of the repository can.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::files;
use crate::model::Secret;
use crate::model::connection::{Token, TokenSource};
use crate::model::text::escape;

/// How long a command may take, or the reading of a file.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest token that is taken: they are sent with every login.
const LONGEST: u64 = files::LARGEST_SETTINGS;

/// Where the tokens of OAUTHBEARER come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFrom(Origin);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    File(PathBuf),
    Command(String),
    Text(Secret),
}

impl TokenFrom {
    /// A file that something else keeps fresh. It is read whenever a token is needed.
    pub fn file(file: impl Into<PathBuf>) -> Self {
        Self(Origin::File(file.into()))
    }

    /// What a shell command prints, run in `/` whenever a token is needed.
    pub fn command(command: impl Into<String>) -> Self {
        Self(Origin::Command(command.into()))
    }

    /// The token itself.
    pub fn text(token: impl Into<String>) -> Self {
        Self(Origin::Text(Secret::new(token)))
    }

    /// A source that reads the file or runs the command each time.
    pub(super) fn source(self) -> TokenSource {
        TokenSource::new(move || {
            let text = match &self.0 {
                Origin::File(file) => read(file, PATIENCE)?,
                Origin::Command(command) => run(command, PATIENCE)?,
                Origin::Text(token) => token.expose().to_owned(),
            };
            token(text.trim()).ok_or_else(|| match &self.0 {
                Origin::File(file) => format!("what {} holds is none", file.display()),
                Origin::Command(_) => "what the token command prints is none".to_owned(),
                Origin::Text(_) => "what the variable TOPICSMITH_TOKEN holds is none".to_owned(),
            })
        })
    }
}

/// What a file holds. A pipe may have no writer.
fn read(file: &Path, patience: Duration) -> Result<String, String> {
    let shown = file.display();
    let path = file.to_owned();
    let text = within(patience, move || files::read_chosen(&path, LONGEST));
    let text = text.map_err(|error| format!("cannot read {shown}: {error}"))?;
    let text = text.ok_or_else(|| format!("cannot read {shown}: no end within {patience:?}"))?;
    text.map_err(|error| format!("cannot read {shown}: {error}"))
}

/// What work on a thread of its own comes to, or `None` where it takes too long.
fn within<T: Send + 'static>(
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<Option<T>> {
    let (sender, receiver) = mpsc::channel();
    // Nobody listens any more where it took too long.
    thread::Builder::new().spawn(move || drop(sender.send(work())))?;
    Ok(receiver.recv_timeout(patience).ok())
}

/// What a shell command prints. What it says on stderr, a person sees; neither the command nor
/// what it prints is repeated, for both may hold secrets.
///
/// It is the only process that this program starts, and the working folder may be a stranger's
/// checkout: so the shell is not looked for on the PATH, and the command runs in `/`, where neither
/// its relative paths nor a PATH's lead into the checkout.
fn run(command: &str, patience: Duration) -> Result<String, String> {
    let cannot = |error: io::Error| format!("the token command cannot be run: {error}");
    let mut child = Command::new("/bin/sh")
        .args(["-c", command])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(cannot)?;
    let output = child.stdout.take();
    let text = within(patience, || {
        let mut text = String::new();
        let read = output.map(|output| output.take(LONGEST).read_to_string(&mut text));
        read.transpose().map(|_| text)
    });
    let Some(text) = text.map_err(cannot)? else {
        // It may have ended by itself just now.
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("the token command did not end within {patience:?}"));
    };
    let status = child.wait().map_err(cannot)?;
    if !status.success() {
        return Err(format!("the token command failed ({status})"));
    }
    text.map_err(|_| "the token command prints something that is no text".to_owned())
}

/// A token, with what it says of itself if it is a JWT (RFC 7519). Brokers check it, not this tool.
fn token(text: &str) -> Option<Token> {
    // RFC 6750, section 2.1.
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if text.is_empty() || !text.chars().all(legal) {
        return None;
    }
    let claims = claims(text).unwrap_or(Value::Null);
    let subject = claims["sub"].as_str();
    let expires = claims["exp"].as_f64().filter(|seconds| *seconds >= 0.0);
    let since = expires.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Some(Token {
        value: Secret::new(text),
        subject: subject.map(|subject| escape(subject).into_owned()),
        expires: since.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)),
    })
}

fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&base64(payload)?).ok()
}

/// Decodes base64url without padding (RFC 4648, section 5).
fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for character in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|&letter| letter == character)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xFFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xFF).try_into().ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"alg":"none"}` and `{"sub":"ci","exp":4102444800}`.
    const JWT: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjaSIsImV4cCI6NDEwMjQ0NDgwMH0.";

    #[test]
    fn a_jwt_says_for_whom_and_how_long() {
        let jwt = token(JWT).unwrap();
        assert_eq!(jwt.subject.as_deref(), Some("ci"));
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(4_102_444_800);
        assert_eq!(jwt.expires, Some(expires));
        let opaque = token("0123.~.x").unwrap();
        assert_eq!((opaque.subject, opaque.expires), (None, None));
        assert_eq!(token(""), None);
        assert_eq!(token("<html>"), None);
    }

    #[test]
    fn base64_with_and_without_what_fills_it_up() {
        for (text, bytes) in [("", ""), ("Zg", "f"), ("Zg==", "f"), ("Zm9vYmFy", "foobar")] {
            assert_eq!(base64(text).as_deref(), Some(bytes.as_bytes()), "{text}");
        }
        assert_eq!(base64("-_8"), Some(vec![0xFB, 0xFF]));
        assert_eq!(base64("a b"), None);
    }

    #[test]
    fn a_command_is_run_each_time_and_never_repeated_in_words() {
        let from = |command: &str| TokenFrom::command(command).source();
        let token = from("echo \" x.y \"").fetch().unwrap();
        assert_eq!(token.value, Secret::new("x.y"));
        let failed = from("echo hunter2; exit 3").fetch().unwrap_err();
        assert_eq!(failed, "the token command failed (exit status: 3)");
        let nothing = from("true").fetch().unwrap_err();
        assert_eq!(nothing, "what the token command prints is none");
        let slow = run("exec sleep 60", Duration::from_millis(50)).unwrap_err();
        assert_eq!(slow, "the token command did not end within 50ms");
    }

    #[test]
    fn a_file_is_read_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let source = TokenFrom::file(&file).source();
        assert!(source.fetch().unwrap_err().starts_with("cannot read "));
        for text in ["a\n", "b"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(source.fetch().unwrap().value, Secret::new(text.trim()));
        }
        let device = TokenFrom::file("/dev/zero").source();
        let expected = "cannot read /dev/zero: neither a regular file nor a pipe";
        assert_eq!(device.fetch().unwrap_err(), expected);
        let pipe = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let unwritten = read(&pipe, Duration::from_millis(50)).unwrap_err();
        assert!(unwritten.ends_with(": no end within 50ms"), "{unwritten}");
    }
}
