//! The instances that are recorded.

use super::Stage;
use crate::instance::InstanceId;
use crate::live::Instance;
use crate::model::BrokerTime;
use crate::model::text::{count, escape, names};
use crate::model::time::utc;
use crate::model::units::format_duration;
use crate::render::columns::{Cell, print_table};
use crate::render::{Paint, Style};

/// How many topics of an instance are named.
const MOST_NAMED: usize = 6;

/// The instances of one environment in a table, with a line that counts.
pub fn list_text(
    environment: &str,
    instances: &[Instance],
    now: BrokerTime,
    style: Style,
) -> String {
    let head = ["INSTANCE", "STATE", "STARTED", "AGE", "ENDS", "TOPICS"];
    let head = head.map(|title| Cell::new(Paint::Faint, title)).to_vec();
    let rows = instances.iter().map(|instance| row(instance, now));
    let table: Vec<Vec<Cell>> = [head].into_iter().chain(rows).collect();
    let line = format!(
        "{}: {}",
        escape(environment),
        count(instances.len(), "instance")
    );
    let mut out = match instances.is_empty() {
        true => String::new(),
        false => print_table(&table, style) + "\n",
    };
    out.push_str(&style.paint(Paint::Strong, &line));
    out.push('\n');
    let here_alone = |one: &Instance| {
        one.over_at_ms()
            .is_some_and(|at| now.is_past_here_alone(at))
    };
    if instances.iter().any(here_alone) {
        out.push_str(
            "over: by this machine's clock; a sweep goes by the brokers' clock, which no newer record shows\n",
        );
    }
    out
}

fn row(instance: &Instance, now: BrokerTime) -> Vec<Cell> {
    let plain = |text: String| Cell::new(Paint::Plain, text);
    let (paint, state) = match Stage::of(instance, now) {
        Stage::Up => (Paint::Added, "up"),
        Stage::Ending => (Paint::Changed, "ending"),
        Stage::Expired => (Paint::Removed, "expired"),
    };
    let topics: Vec<&str> = instance.topics.keys().map(|topic| topic.as_str()).collect();
    vec![
        plain(InstanceId::of(instance).to_string()),
        Cell::new(paint, state),
        plain(utc(instance.started_ms)),
        plain(age(now.now_ms().saturating_sub(instance.started_ms))),
        plain(instance.over_at_ms().map_or("-".to_owned(), utc)),
        plain(escape(&names(&topics, MOST_NAMED)).into_owned()),
    ]
}

/// `2d3h`: nobody needs it to the millisecond.
fn age(ms: i64) -> String {
    let unit = match ms {
        ..60_000 => 1_000,
        60_000..3_600_000 => 60_000,
        _ => 3_600_000,
    };
    let whole = ms.max(0) / unit * unit;
    format_duration(whole).unwrap_or_else(|| "0s".to_owned())
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_are_as_exact_as_they_are_young() {
        let ages = [-5, 900, 59_999, 61_000, 3_600_000, 90_061_000].map(age);
        assert_eq!(ages, ["0s", "0s", "59s", "1m", "1h", "1d1h"]);
    }
}
