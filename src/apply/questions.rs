//! What a plan asks of a cluster, as questions that it can answer before anything changes.

use std::collections::BTreeMap;

use super::execute::new_topic;
use super::steps::{Work, phases};
use crate::kafka::{Alter, AlterOp};
use crate::model::{ConfigKey, TopicName};
use crate::observe::{Growth, Questions};
use crate::plan::Plan;

/// Everything that an apply of the plan would ask for. The configs of a topic, which an apply
/// changes in up to three phases, are one question.
pub fn questions(plan: &Plan) -> Questions {
    let mut questions = Questions::default();
    let mut alters: BTreeMap<TopicName, Vec<(ConfigKey, AlterOp)>> = BTreeMap::new();
    for step in phases(plan).into_iter().flat_map(|(_, steps)| steps) {
        match step.work {
            Work::Create { .. } => questions.creates.extend(new_topic(&step)),
            Work::Grow { from, to } => questions.growths.push(Growth {
                topic: step.topic,
                from,
                to,
            }),
            Work::Alter(_) | Work::RaiseMinIsr { .. } => {
                let ops = step.ops();
                alters.entry(step.topic).or_default().extend(ops);
            }
            Work::Delete { .. } => questions.deletes.push(step.topic),
        }
    }
    let alter = |(topic, ops)| Alter { topic, ops };
    questions.alters = alters.into_iter().map(alter).collect();
    questions
}
