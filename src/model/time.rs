//! Moments, as people read them.

use jiff::Timestamp;

/// A moment in ms since 1970, as `2026-11-20 22:31:07 UTC`; the number itself where it is beyond
/// any calendar.
pub fn utc(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(moment) => moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => format!("{ms} ms since 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_utc() {
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(1_795_213_867_999), "2026-11-20 22:31:07 UTC");
        assert_eq!(utc(i64::MAX), "9223372036854775807 ms since 1970");
    }
}
