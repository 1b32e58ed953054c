//! Durations and sizes in human units: `7d`, `1d12h`, `100MiB`. Kafka counts in milliseconds and
//! bytes.

/// Milliseconds per unit, largest first.
const DURATIONS: [(&str, i64); 6] = [
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Bytes per unit, largest first. `KiB` is 1024, `KB` is 1000.
const SIZES: [(&str, i64); 11] = [
    ("PiB", 1 << 50),
    ("PB", 1_000_000_000_000_000),
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("KB", 1_000),
    ("B", 1),
];

/// The units of rounded sizes, smallest first, each a thousand times the previous.
const ROUNDED: [&str; 7] = ["B", "KB", "MB", "GB", "TB", "PB", "EB"];

/// Why a duration or size is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a number followed by a unit.
    #[error("invalid {1} {0:?}")]
    Malformed(String, &'static str),
    /// A number without a unit.
    #[error("{0:?} has no unit")]
    NoUnit(String),
    /// An unknown unit, or one that could mean 1000 or 1024.
    #[error("invalid {1} unit {0:?}")]
    UnknownUnit(String, &'static str),
    /// More than 64 bits.
    #[error("{0:?} is more than 64 bits can hold")]
    TooLarge(String),
}

/// Parses a duration, `7d` or `1d12h`, to milliseconds.
///
/// # Errors
/// Returns what is wrong with the text.
pub fn parse_duration(text: &str) -> Result<i64, UnitError> {
    parse(text, &DURATIONS, "duration", str::to_owned)
}

/// Parses a size, `100MiB` or `1GB`, to bytes. Units are case-insensitive.
///
/// # Errors
/// Returns what is wrong with the text.
pub fn parse_size(text: &str) -> Result<i64, UnitError> {
    let canonical = |unit: &str| {
        let known = SIZES.iter().find(|(u, _)| u.eq_ignore_ascii_case(unit));
        known.map_or_else(|| unit.to_owned(), |(u, _)| (*u).to_owned())
    };
    parse(text, &SIZES, "size", canonical)
}

/// Sums pairs of number and unit.
fn parse(
    text: &str,
    units: &[(&str, i64)],
    what: &'static str,
    canonical: impl Fn(&str) -> String,
) -> Result<i64, UnitError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(UnitError::Malformed(text.to_owned(), what));
    }
    let too_large = || UnitError::TooLarge(text.to_owned());
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return Err(UnitError::Malformed(text.to_owned(), what));
        }
        let number: i64 = rest[..digits].parse().map_err(|_| too_large())?;
        let after = rest[digits..].trim_start();
        let letters = after.len() - after.trim_start_matches(|c: char| c.is_alphabetic()).len();
        let unit = &after[..letters];
        if unit.is_empty() && after.is_empty() {
            return Err(UnitError::NoUnit(text.to_owned()));
        }
        if unit.is_empty() {
            return Err(UnitError::Malformed(text.to_owned(), what));
        }
        let name = canonical(unit);
        let Some((_, factor)) = units.iter().find(|(u, _)| *u == name) else {
            return Err(UnitError::UnknownUnit(unit.to_owned(), what));
        };
        total = number
            .checked_mul(*factor)
            .and_then(|part| total.checked_add(part))
            .ok_or_else(too_large)?;
        rest = after[letters..].trim_start();
    }
    Ok(total)
}

/// Formats milliseconds exactly: `604800000` → `7d`, `129600000` → `1d12h`. `None` if the number
/// itself is more readable (negative, zero, or Kafka's maximum).
pub fn format_duration(ms: i64) -> Option<String> {
    if ms <= 0 || ms == i64::MAX {
        return None;
    }
    let mut rest = ms;
    let mut text = String::new();
    let mut parts = 0;
    for (unit, factor) in DURATIONS.iter().filter(|(unit, _)| *unit != "w") {
        let count = rest / factor;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
            rest -= count * factor;
            parts += 1;
        }
    }
    (parts <= 3).then_some(text)
}

/// Formats bytes exactly: `1073741824` → `1GiB`, `1000000` → `1MB`. `None` if no unit divides the
/// number well.
pub fn format_size(bytes: i64) -> Option<String> {
    if bytes <= 0 || bytes == i64::MAX {
        return None;
    }
    let fits = |factor: i64| bytes % factor == 0 && bytes / factor < 10_000;
    SIZES
        .iter()
        .filter(|(unit, _)| *unit != "B")
        .filter(|(unit, factor)| fits(*factor) && (unit.len() == 3 || bytes % 1024 != 0))
        .min_by_key(|(_, factor)| bytes / factor)
        .map(|(unit, factor)| format!("{}{unit}", bytes / factor))
}

/// Formats bytes with three digits in steps of 1000, as disk sizes are given: `3GB`, `11.1GB`,
/// `512B`.
pub fn rounded_size(bytes: u64) -> String {
    let mut number = bytes as f64;
    let mut unit = 0;
    while number >= 999.5 && unit + 1 < ROUNDED.len() {
        number /= 1000.0;
        unit += 1;
    }
    let decimals = match number {
        _ if unit == 0 => 0,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    let text = format!("{number:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{}", ROUNDED[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("7d"), Ok(604_800_000));
        assert_eq!(parse_duration("1d12h"), Ok(129_600_000));
        assert_eq!(parse_duration(" 1 d 12 h "), Ok(129_600_000));
        assert_eq!(parse_duration("10m"), Ok(600_000));
        assert_eq!(parse_duration("250ms"), Ok(250));
        assert_eq!(parse_duration("2w"), Ok(1_209_600_000));
        assert!(matches!(parse_duration("7"), Err(UnitError::NoUnit(_))));
        assert!(matches!(
            parse_duration("7y"),
            Err(UnitError::UnknownUnit(..))
        ));
        assert!(matches!(
            parse_duration("-7d"),
            Err(UnitError::Malformed(..))
        ));
        assert!(matches!(
            parse_duration("1.5d"),
            Err(UnitError::Malformed(..))
        ));
        assert!(matches!(parse_duration(""), Err(UnitError::Malformed(..))));
        assert!(matches!(
            parse_duration("9999999999999999d"),
            Err(UnitError::TooLarge(_))
        ));
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_size("100MiB"), Ok(104_857_600));
        assert_eq!(parse_size("100MB"), Ok(100_000_000));
        assert_eq!(parse_size("1 kib"), Ok(1024));
        assert_eq!(parse_size("5GiB"), Ok(5 << 30));
        assert!(matches!(
            parse_size("100M"),
            Err(UnitError::UnknownUnit(..))
        ));
        assert_eq!(parse_size("9PiB 1KB"), Ok((9 << 50) + 1000));
        assert!(matches!(parse_size("9000PiB"), Err(UnitError::TooLarge(_))));
    }

    #[test]
    fn rounded_to_three_digits() {
        for (bytes, expected) in [
            (0, "0B"),
            (999, "999B"),
            (1_000, "1KB"),
            (3_000_000_000, "3GB"),
            (11_100_000_000, "11.1GB"),
            (3_705_000_000, "3.71GB"),
            (9_996_000, "10MB"),
            (999_600, "1MB"),
            (123_456_789, "123MB"),
            (u64::MAX, "18.4EB"),
        ] {
            assert_eq!(rounded_size(bytes), expected);
        }
    }

    #[test]
    fn for_people_and_exact() {
        assert_eq!(format_duration(604_800_000).as_deref(), Some("7d"));
        assert_eq!(format_duration(129_600_000).as_deref(), Some("1d12h"));
        assert_eq!(format_duration(600_000).as_deref(), Some("10m"));
        assert_eq!(format_duration(-1), None);
        assert_eq!(format_duration(i64::MAX), None);
        assert_eq!(format_size(1 << 30).as_deref(), Some("1GiB"));
        assert_eq!(format_size(104_857_600).as_deref(), Some("100MiB"));
        assert_eq!(format_size(100_000_000).as_deref(), Some("100MB"));
        assert_eq!(format_size(1_048_588), None);
        assert_eq!(format_size(512), None);
        for text in ["7d", "1d12h", "10m", "1h30m", "250ms"] {
            let ms = parse_duration(text).unwrap();
            assert_eq!(format_duration(ms).as_deref(), Some(text));
        }
    }
}
