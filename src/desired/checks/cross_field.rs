//! Checks between the values of one topic.

use crate::desired::Topic;
use crate::desired::problems::Problems;
use crate::desired::subject::Subject;
use crate::model::config::MIN_ISR;
use crate::model::{Finding, Layer, Place, Sourced};

/// Checks a resolved topic's values against each other.
pub(in crate::desired) fn check(topic: &Topic, subject: &Subject<'_>, problems: &mut Problems) {
    min_isr(topic, subject, problems);
    compaction_lag(topic, subject, problems);
}

/// Kafka accepts a topic with more required in-sync replicas than replicas, but then rejects all
/// its acks=all writes.
fn min_isr(topic: &Topic, subject: &Subject<'_>, problems: &mut Problems) {
    let replicas = &topic.replication_factor;
    let Some((value, least)) = number(topic, MIN_ISR) else {
        return;
    };
    if least <= i64::from(replicas.value) {
        return;
    }
    let message = format!(
        "min_insync_replicas = {least} is more than replication_factor = {}",
        replicas.value
    );
    report(
        Finding::error("min-isr", value.place.clone(), message).help(
            "no write with acks=all could ever succeed: keep it below the replication factor",
        ),
        Side::of(value, "min_insync_replicas"),
        Side::of(replicas, "replication_factor"),
        subject,
        problems,
    );
}

/// Source: `LogConfig.validateValues`.
fn compaction_lag(topic: &Topic, subject: &Subject<'_>, problems: &mut Problems) {
    let (low, high) = ("min.compaction.lag.ms", "max.compaction.lag.ms");
    let (Some((from, least)), Some((to, most))) = (number(topic, low), number(topic, high)) else {
        return;
    };
    if least <= most {
        return;
    }
    let message = format!("`{high}` is below `{low}`");
    report(
        Finding::error("compaction-lag", to.place.clone(), message)
            .help("Kafka refuses such a topic"),
        Side::of(to, high),
        Side::of(from, low),
        subject,
        problems,
    );
}

/// Returns a config of a topic as a number.
fn number<'t>(topic: &'t Topic, key: &str) -> Option<(&'t Sourced<std::sync::Arc<str>>, i64)> {
    let value = topic.config.get(key)?;
    Some((value, value.value.parse().ok()?))
}

/// One of two conflicting values.
struct Side<'p> {
    place: &'p Place,
    layer: &'p Layer,
    key: &'p str,
}

impl<'p> Side<'p> {
    fn of<T>(value: &'p Sourced<T>, key: &'p str) -> Self {
        Self {
            place: &value.place,
            layer: &value.layer,
            key,
        }
    }
}

/// Reports two conflicting values at the one from the higher layer, which caused the conflict.
fn report(
    finding: Finding,
    first: Side<'_>,
    second: Side<'_>,
    subject: &Subject<'_>,
    problems: &mut Problems,
) {
    let (higher, lower) = match second.layer > first.layer {
        true => (second, first),
        false => (first, second),
    };
    let finding = Finding {
        place: higher.place.clone(),
        ..finding
    };
    let finding = finding.related(lower.place.clone(), format!("`{}` is set here", lower.key));
    subject.report(higher.layer, finding, problems);
}
