//! Disk for people: a table of topics, one of owners, what is not counted, and whether it fits.

use crate::capacity::{Bound, Capacity, Fit, Need, Sum, ValueOrigin};
use crate::model::text::{count, escape, grouped, names};
use crate::model::units::{format_duration, rounded_size};
use crate::render::columns::{Cell, print_table, wrap};
use crate::render::{Paint, Style};

/// How many topics are named that are not counted.
const NAMED: usize = 5;

fn plain(text: impl Into<String>) -> Cell {
    Cell::new(Paint::Plain, text)
}

/// The tables of one environment, with what follows from them.
pub fn text(capacity: &Capacity, style: Style) -> String {
    let mut out = style.paint(Paint::Strong, &header(capacity));
    out.push_str("\n\n");
    if !capacity.topics.is_empty() {
        out.push_str(&print_table(&topics(capacity), style));
        out.push('\n');
        out.push_str(&print_table(&owners(capacity), style));
        out.push('\n');
    }
    for note in notes(capacity) {
        wrap(&mut out, 0, &Cell::new(Paint::Info, note), style);
    }
    let (paint, summary) = summary(capacity);
    out.push_str(&style.paint(paint, &summary));
    out.push('\n');
    out
}

/// `prod · compression 1 · 3 brokers`
fn header(capacity: &Capacity) -> String {
    let assumptions = capacity.assumptions;
    let mut parts = vec![
        escape(&capacity.environment).into_owned(),
        format!("compression {}", assumptions.compression),
    ];
    let brokers = assumptions.brokers;
    parts.extend(brokers.map(|brokers| count(brokers as usize, "broker")));
    parts.extend(
        assumptions
            .after_ms
            .map(|ms| format!("after {}", duration(ms))),
    );
    parts.join(" · ")
}

fn duration(ms: u64) -> String {
    let number = i64::try_from(ms).unwrap_or(i64::MAX);
    format_duration(number).unwrap_or_else(|| format!("{ms}ms"))
}

fn number(number: u64) -> String {
    grouped(usize::try_from(number).unwrap_or(usize::MAX))
}

fn topics(capacity: &Capacity) -> Vec<Vec<Cell>> {
    let asked = capacity.topics.iter().any(|need| need.now.is_some());
    let mut head = vec![
        "TOPIC", "OWNER", "A DAY", "KEPT", "HELD", "SEGMENTS", "REPLICAS", "ON DISK",
    ];
    if asked {
        head.extend(["MESSAGES", "NOW"]);
    }
    let head = head.into_iter().map(|title| Cell::new(Paint::Faint, title));
    let row = |need: &Need| {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "-".to_owned(), rounded_size);
        let on_disk = match need.on_disk() {
            Some(bytes) if need.is_compacted => plain(format!("≤ {}", rounded_size(bytes))),
            Some(bytes) => plain(rounded_size(bytes)),
            None => Cell::new(Paint::Changed, "no bound"),
        };
        let mut cells = vec![
            plain(escape(need.topic.as_str())),
            plain(escape(need.owner.as_deref().unwrap_or("-"))),
            plain(rounded_size(need.per_day)),
            plain(bound(need.bound)),
            plain(size(need.held)),
            plain(rounded_size(need.segments)),
            plain(need.replication_factor.to_string()),
            on_disk,
        ];
        if asked {
            cells.push(plain(need.messages.map_or_else(|| "-".to_owned(), number)));
            cells.push(match &need.now {
                Some(Ok(now)) => plain(number(*now)),
                Some(Err(_)) => Cell::new(Paint::Info, "?"),
                None => plain("-"),
            });
        }
        cells
    };
    let rows = capacity.topics.iter().map(row);
    [head.collect()].into_iter().chain(rows).collect()
}

fn bound(bound: Bound) -> String {
    let by = |origin: ValueOrigin| match origin {
        ValueOrigin::Configuration => "",
        ValueOrigin::BrokerDefault => " (broker default)",
        ValueOrigin::KafkaDefault => " (Kafka's default)",
    };
    match bound {
        Bound::Time(ms, origin) => format!("{}{}", duration(ms), by(origin)),
        Bound::Size(bytes, origin) => {
            let size = rounded_size(bytes);
            format!("{size} a partition{}", by(origin))
        }
        Bound::After(_) => "all so far".to_owned(),
        Bound::Unlimited => "unlimited".to_owned(),
        Bound::Keys => "newest of each key".to_owned(),
    }
}

fn owners(capacity: &Capacity) -> Vec<Vec<Cell>> {
    let head = ["OWNER", "TOPICS", "A DAY", "ON DISK"];
    let head = head.map(|title| Cell::new(Paint::Faint, title)).to_vec();
    let row = |(owner, sum): (Option<&str>, Sum)| {
        let more = match sum.unbounded {
            0 => String::new(),
            some => format!(", and {some} without a bound"),
        };
        let cells = [
            escape(owner.unwrap_or("-")).into_owned(),
            sum.topics.to_string(),
            rounded_size(sum.per_day),
            format!("{}{more}", rounded_size(sum.on_disk)),
        ];
        cells.map(plain).to_vec()
    };
    let rows = capacity.by_owner().into_iter().map(row);
    [head].into_iter().chain(rows).collect()
}

/// What the figures do not say.
fn notes(capacity: &Capacity) -> Vec<String> {
    let mut notes = Vec::new();
    let unbounded = capacity
        .topics
        .iter()
        .filter(|need| need.on_disk().is_none());
    for need in unbounded {
        let why = match need.bound {
            Bound::Keys => {
                "it is compacted alone, so its keys bound it and nothing in the files does"
            }
            _ => "its retention is unlimited",
        };
        let on_disk = need.per_day as f64 / capacity.assumptions.compression;
        let daily = rounded_size(on_disk.round() as u64);
        notes.push(format!(
            "no bound: {}: {why}; up to {daily} a day × {} on disk (--after 365d counts what that comes to)",
            escape(need.topic.as_str()),
            count(need.replication_factor as usize, "replica"),
        ));
    }
    let bounded = |need: &&Need| need.is_compacted && need.on_disk().is_some();
    if capacity.topics.iter().any(|need| bounded(&need)) {
        notes.push(
            "≤: at most; compaction removes messages that have a newer one of the same key"
                .to_owned(),
        );
    }
    if !capacity.uncounted.is_empty() {
        let named = names(&capacity.uncounted, NAMED);
        let topics = count(capacity.uncounted.len(), "topic");
        notes.push(format!(
            "not counted: {topics} without `traffic` in the files: {}",
            escape(&named)
        ));
    }
    for need in &capacity.topics {
        if let Some(Err(why)) = &need.now {
            let topic = escape(need.topic.as_str());
            notes.push(format!("not seen: what {topic} holds now: {}", escape(why)));
        }
    }
    if capacity.topics.iter().any(|need| need.now.is_some()) {
        notes.push("MESSAGES is what a topic holds by these figures, NOW what lies between its first and last offset; bytes are not available through librdkafka".to_owned());
    }
    notes
}

/// `prod: 11.1GB on disk; 3.7GB of 100GB a broker (4%): it fits`
fn summary(capacity: &Capacity) -> (Paint, String) {
    let total = capacity.total();
    let mut line = format!(
        "{}: {}, {} a day, {} on disk",
        escape(&capacity.environment),
        count(total.topics, "topic"),
        rounded_size(total.per_day),
        rounded_size(total.on_disk)
    );
    let Some(Fit {
        per_broker,
        disk,
        fits,
    }) = capacity.fit()
    else {
        if let Some(each) = capacity.per_broker() {
            line.push_str(&format!("; {} a broker", rounded_size(each)));
        }
        return (Paint::Strong, line);
    };
    let percent = per_broker as f64 * 100.0 / disk as f64;
    line.push_str(&format!(
        "; {} of {} a broker ({percent:.0}%): ",
        rounded_size(per_broker),
        rounded_size(disk)
    ));
    let (paint, words) = match (fits, total.unbounded) {
        (false, _) => (Paint::Removed, "it does not fit".to_owned()),
        (true, 0) => (Paint::Strong, "it fits".to_owned()),
        (true, some) => {
            let without = count(some, "topic");
            (
                Paint::Changed,
                format!("it fits so far, and {without} without a bound will grow"),
            )
        }
    };
    line.push_str(&words);
    (paint, line)
}
