//! OAUTHBEARER tokens: librdkafka requests one when a client starts and after 80% of the previous
//! token's lifetime.

use std::ffi::{CString, c_char};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use super::{Handle, MESSAGE_LENGTH, Message, Notice, Shared, c_string, lock, raw};
use crate::kafka::fault::Fault;
use crate::model::clock;
use crate::model::connection::Token;

/// The subject that librdkafka gets for a token without one. It is used only in librdkafka's own
/// log.
const NOBODY: &str = "topicsmith";

/// The assumed lifetime of a token without an expiry.
const LIFETIME: Duration = Duration::from_secs(300);

/// Fetches a token on another thread, because this can take long, and passes it to the client
/// unless the client was dropped.
pub(super) fn refresh(handle: Handle, shared: &Arc<Shared>) {
    (shared.listen)(Notice::TokenAsked);
    let aside = Arc::clone(shared);
    let thread = thread::Builder::new().spawn(move || {
        let token = match &aside.connection.tokens {
            Some(tokens) => tokens.fetch(),
            None => Err("no token source is set".to_owned()),
        };
        deliver(handle, &aside, token);
    });
    if let Err(error) = thread {
        deliver(
            handle,
            shared,
            Err(format!("no thread to fetch it: {error}")),
        );
    }
}

fn deliver(handle: Handle, shared: &Shared, token: Result<Token, String>) {
    if let Ok(token) = &token {
        shared.remember(token);
    }
    // The pump destroys the client only after reading `stop`, which is locked.
    let stop = lock(&shared.stop);
    if *stop {
        return;
    }
    let outcome = token.and_then(|token| {
        let outcome = give(handle, shared, &token);
        outcome.map_err(|fault| shared.redact(&fault.message))
    });
    match outcome {
        Ok(()) => (shared.listen)(Notice::TokenGiven),
        Err(why) => {
            refuse(handle, &why);
            (shared.listen)(Notice::NoToken(why));
        }
    }
}

/// Passes a token to the client, which must be alive.
fn give(handle: Handle, shared: &Shared, token: &Token) -> Result<(), Fault> {
    let expires = token.expires.unwrap_or_else(|| clock::local() + LIFETIME);
    let since = expires.duration_since(SystemTime::UNIX_EPOCH);
    let expires = since.map_or(0, |since| since.as_millis());
    let value = c_string(token.value.expose())?;
    let subject = c_string(token.subject.as_deref().unwrap_or(NOBODY))?;
    let extensions = extensions(shared)?;
    let mut pointers: Vec<*const c_char> = extensions.iter().map(|text| text.as_ptr()).collect();
    let mut message = Message::new();
    // SAFETY: the client is alive, and the strings live through the call, which copies them.
    let code = unsafe {
        raw::rd_kafka_oauthbearer_set_token(
            handle.client,
            value.as_ptr(),
            i64::try_from(expires).unwrap_or(i64::MAX),
            subject.as_ptr(),
            pointers.as_mut_ptr(),
            pointers.len(),
            message.pointer(),
            MESSAGE_LENGTH,
        )
    };
    match code {
        0 => Ok(()),
        code => Err(Fault::new(code, message.read())),
    }
}

/// Reports to the client, which must be alive, that no token is available; librdkafka retries after
/// 10 s.
fn refuse(handle: Handle, why: &str) {
    // A reason that a C string cannot hold is not needed there.
    let why = CString::new(why).unwrap_or_else(|_| c"no token".to_owned());
    // SAFETY: the client is alive, and the string lives through the call, which copies it.
    unsafe { raw::rd_kafka_oauthbearer_set_token_failure(handle.client, why.as_ptr()) };
}

/// Returns names and values of `sasl.oauthbearer.extensions`, alternating.
fn extensions(shared: &Shared) -> Result<Vec<CString>, Fault> {
    let given = shared.connection.property("sasl.oauthbearer.extensions");
    let pairs = given.unwrap_or_default().split(',').map(str::trim);
    let mut texts = Vec::new();
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        texts.extend([c_string(name)?, c_string(value)?]);
    }
    Ok(texts)
}
