//! Guards and gates: what refuses a whole apply before it changes anything.

use std::collections::BTreeMap;

use super::{Allow, Change, Refusal};
use crate::desired::{Desired, Guards};
use crate::live::Live;
use crate::model::text::{count, names};
use crate::model::{RiskCode, RiskLevel, TopicName};

/// Everything that an apply of these changes would run into: the cluster, the number of
/// destructive changes, then the risks that nobody allowed.
pub(super) fn refusals(
    desired: &Desired,
    live: &Live,
    changes: &[Change],
    allow: &[Allow],
) -> Vec<Refusal> {
    let guards = &desired.environment.guards;
    let mut refusals: Vec<Refusal> = wrong_cluster(desired, live).into_iter().collect();
    refusals.extend(max_destructive(guards, changes));
    refusals.extend(not_allowed(guards, changes, allow));
    refusals
}

fn wrong_cluster(desired: &Desired, live: &Live) -> Option<Refusal> {
    let expected = desired.environment.cluster_id.as_ref()?;
    let is = match &live.cluster_id {
        Some(id) if *id == expected.value => return None,
        Some(id) => format!("this is cluster {id}"),
        None => "this cluster does not tell its id".to_owned(),
    };
    let place = expected.place.file_line();
    Some(Refusal {
        code: "wrong-cluster".to_owned(),
        message: format!(
            "{is}, and {} belongs to cluster {} ({place})",
            desired.environment.name, expected.value
        ),
        help: format!(
            "Check where bootstrap_servers of {} leads; if the cluster was replaced, change its id in {place}",
            desired.environment.name
        ),
    })
}

fn max_destructive(guards: &Guards, changes: &[Change]) -> Option<Refusal> {
    let limit = &guards.max_destructive;
    let touched = changes.iter().filter(|change| change.is_destructive());
    let touched = touched.count();
    if u32::try_from(touched).is_ok_and(|touched| touched <= limit.value) {
        return None;
    }
    let place = limit.place.file_line();
    Some(Refusal {
        code: "max-destructive".to_owned(),
        message: format!(
            "{} would be deleted or changed destructively, and guards.max_destructive allows {} ({place})",
            count(touched, "topic"),
            limit.value
        ),
        help: format!(
            "Take fewer topics at a time with --only, or raise guards.max_destructive in {}",
            limit.place.file
        ),
    })
}

/// One refusal for each code of which some topic's risk is not allowed.
fn not_allowed(guards: &Guards, changes: &[Change], allow: &[Allow]) -> Vec<Refusal> {
    let mut asking: BTreeMap<RiskCode, Vec<&TopicName>> = BTreeMap::new();
    for change in changes {
        for risk in &change.risks {
            let allowed = || {
                allow
                    .iter()
                    .any(|allow| allow.covers(risk.code, &change.topic))
            };
            if is_gated(guards, risk.code) && !allowed() {
                let topics = asking.entry(risk.code).or_default();
                // A topic's retention can be shortened both by age and by size.
                if topics.last() != Some(&&change.topic) {
                    topics.push(&change.topic);
                }
            }
        }
    }
    let refusal = |(code, topics): (RiskCode, Vec<&TopicName>)| Refusal {
        code: code.as_str().to_owned(),
        message: format!(
            "{code} on {} needs to be allowed: {}",
            count(topics.len(), "topic"),
            names(&topics, 3)
        ),
        help: format!("--allow {code}"),
    };
    asking.into_iter().map(refusal).collect()
}

fn is_gated(guards: &Guards, code: RiskCode) -> bool {
    let asks = code.level() == RiskLevel::Destructive || guards.gate.contains(&code);
    asks && !guards.allow.contains(&code)
}
