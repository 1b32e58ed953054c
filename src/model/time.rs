//! Formatting of timestamps.

use jiff::Timestamp;

/// Formats ms since 1970 as `2026-11-20T22:31:07Z`, or as the number itself if no calendar has the
/// date.
pub fn utc(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Err(_) => format!("{ms} ms since 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_utc() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(-1_000), "1969-12-31T23:59:59Z");
        assert_eq!(utc(951_868_799_999), "2000-02-29T23:59:59Z");
        assert_eq!(utc(1_795_213_867_999), "2026-11-20T22:31:07Z");
        assert_eq!(utc(i64::MAX), "9223372036854775807 ms since 1970");
    }
}
