//! Token cache: tokens are shared between the clients of a connection while they are valid.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::model::clock;
use crate::model::connection::{Token, TokenSource};

/// The cache time of a token without an expiry.
const UNKNOWN: Duration = Duration::from_secs(60);

/// Wraps a source with a cache, which fetches a new token when less than a third of the lifetime is
/// left. librdkafka requests the next token when a fifth is left.
pub(super) fn kept(source: TokenSource) -> TokenSource {
    let kept: Mutex<Option<Kept>> = Mutex::new(None);
    TokenSource::new(move || {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::local();
        if let Some(kept) = &*kept
            && now < kept.until
        {
            return Ok(kept.token.clone());
        }
        let token = source.fetch()?;
        let now = clock::local();
        let until = match token.expires {
            None => now + UNKNOWN,
            Some(expires) => now + left(expires, now)? * 2 / 3,
        };
        *kept = Some(Kept {
            token: token.clone(),
            until,
        });
        Ok(token)
    })
}

struct Kept {
    token: Token,
    until: SystemTime,
}

/// Returns the remaining lifetime of a token.
fn left(expires: SystemTime, now: SystemTime) -> Result<Duration, String> {
    match expires.duration_since(now) {
        Ok(left) if !left.is_zero() => Ok(left),
        _ => {
            let ago = now.duration_since(expires).unwrap_or_default();
            Err(format!("the token expired {} ago", coarse(ago)))
        }
    }
}

/// Formats a duration coarsely: `5 s`, `3 min`, `2 h`, `4 d`.
fn coarse(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::model::Secret;

    #[test]
    fn a_token_is_fetched_again_once_most_of_its_life_is_over() {
        let fetched = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&fetched);
        let source = kept(TokenSource::new(move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            Ok(Token {
                value: Secret::new(number.to_string()),
                subject: None,
                expires: Some(clock::local() + Duration::from_millis(300)),
            })
        }));
        for _ in 0..3 {
            assert_eq!(source.fetch().unwrap().value, Secret::new("0"));
        }
        std::thread::sleep(Duration::from_millis(210));
        assert_eq!(source.fetch().unwrap().value, Secret::new("1"));
    }

    #[test]
    fn an_expired_token_is_none() {
        let source = kept(TokenSource::new(|| {
            Ok(Token {
                value: Secret::new("x"),
                subject: None,
                expires: Some(clock::local() - Duration::from_secs(7_300)),
            })
        }));
        assert_eq!(source.fetch(), Err("the token expired 2 h ago".to_owned()));
    }
}
