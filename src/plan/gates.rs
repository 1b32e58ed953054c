//! Guards and gates: what refuses a whole apply before it changes anything.

use std::collections::BTreeMap;

use super::{Action, Change, Options, Plan, Refusal};
use crate::desired::{Desired, Environment, Guards};
use crate::live::Live;
use crate::model::text::{count, names};
use crate::model::{RiskCode, RiskLevel, TopicName};

/// The code of the refusal to touch a cluster that is not the environment's.
const WRONG_CLUSTER: &str = "wrong-cluster";

impl Plan {
    /// The refusal to touch a cluster that is not the environment's, where it was made against one.
    pub fn wrong_cluster(&self) -> Option<&Refusal> {
        self.refused
            .iter()
            .find(|refusal| refusal.code == WRONG_CLUSTER)
    }
}

/// Everything that an apply of these changes would run into: the cluster, the number of
/// destructive changes, then the risks that nobody allowed.
pub(super) fn refusals(
    desired: &Desired,
    live: &Live,
    changes: &[Change],
    options: &Options,
) -> Vec<Refusal> {
    let guards = &desired.environment.guards;
    let mut refusals: Vec<Refusal> =
        wrong_cluster(&desired.environment, live.cluster_id.as_deref())
            .into_iter()
            .collect();
    refusals.extend(max_destructive(guards, changes));
    refusals.extend(not_allowed(guards, changes, options));
    refusals
}

/// The refusal to touch a cluster with this id, where it is not the environment's.
pub fn wrong_cluster(environment: &Environment, id: Option<&str>) -> Option<Refusal> {
    let expected = environment.cluster_id.as_ref()?;
    let is = match id {
        Some(id) if expected.value.is(id) => return None,
        Some(id) => format!("this is cluster {id}"),
        None => "this cluster does not report its id".to_owned(),
    };
    let place = expected.place.file_line();
    Some(Refusal {
        code: WRONG_CLUSTER.to_owned(),
        message: format!(
            "{is}, and {} belongs to cluster {} ({place})",
            environment.name, expected.value
        ),
        help: format!(
            "Check where bootstrap_servers of {} leads; if the cluster was replaced, change its id in {place}",
            environment.name
        ),
    })
}

fn max_destructive(guards: &Guards, changes: &[Change]) -> Option<Refusal> {
    let limit = &guards.max_destructive;
    let is_touched = |change: &&Change| change.is_destructive() || change.action == Action::Release;
    let touched = changes.iter().filter(is_touched).count();
    if u32::try_from(touched).is_ok_and(|touched| touched <= limit.value) {
        return None;
    }
    let place = match limit.place.line {
        0 => "by default".to_owned(),
        _ => format!("({})", limit.place.file_line()),
    };
    Some(Refusal {
        code: "max-destructive".to_owned(),
        message: format!(
            "{} would be deleted, released or changed destructively, and guards.max_destructive allows {} {place}",
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
fn not_allowed(guards: &Guards, changes: &[Change], options: &Options) -> Vec<Refusal> {
    let mut asking: BTreeMap<RiskCode, Vec<&TopicName>> = BTreeMap::new();
    for change in changes {
        for (_, risk) in change.all_risks() {
            if is_gated(guards, risk.code) && !options.allows(risk.code, &change.topic) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Place;
    use crate::plan::make;
    use crate::testing::{at, desired, found, live, removal, topic};

    /// Three topics that go, one whose retention is shortened by age and by size, one that grows.
    fn example() -> (Desired, Live) {
        let shorter = [("retention.bytes", "1"), ("retention.ms", "1")];
        let mut desired = desired([
            ("grows", topic(6, 3, &[])),
            ("shorter", topic(3, 3, &shorter)),
        ]);
        for name in ["x1", "x2", "x3"] {
            desired.removed.insert(name.into(), removal());
        }
        let as_it_is = || found(3, 3, &[]);
        let live = live([
            ("grows", as_it_is()),
            ("shorter", as_it_is()),
            ("x1", as_it_is()),
            ("x2", as_it_is()),
            ("x3", as_it_is()),
        ]);
        (desired, live)
    }

    fn allowing(desired: &Desired, live: &Live, allow: &[&str]) -> Plan {
        let options = Options {
            allow: allow.iter().map(|allow| allow.parse().unwrap()).collect(),
            ..Options::default()
        };
        make(desired, live, &options)
    }

    fn codes(plan: &Plan) -> Vec<&str> {
        plan.refused
            .iter()
            .map(|refusal| refusal.code.as_str())
            .collect()
    }

    #[test]
    fn destructive_changes_ask_and_cautions_do_not() {
        let (desired, live) = example();
        let plan = allowing(&desired, &live, &[]);
        assert_eq!(codes(&plan), ["topic-deleted", "retention-shortened"]);
        assert_eq!(
            plan.refused[0].message,
            "topic-deleted on 3 topics needs to be allowed: x1, x2, x3"
        );
        assert_eq!(plan.refused[0].help, "--allow topic-deleted");
        // Shortened twice, one topic.
        assert_eq!(
            plan.refused[1].message,
            "retention-shortened on 1 topic needs to be allowed: shorter"
        );
    }

    #[test]
    fn allows_on_the_command_line() {
        let (desired, live) = example();
        let left = |allow: &[&str]| codes(&allowing(&desired, &live, allow)).join(" ");
        assert_eq!(left(&["topic-deleted"]), "retention-shortened");
        assert_eq!(left(&["topic-deleted", "retention-shortened:sh*"]), "");
        assert_eq!(
            left(&["retention-shortened:other"]),
            "topic-deleted retention-shortened"
        );
        assert_eq!(left(&["destructive"]), "");
        let plan = allowing(&desired, &live, &["topic-deleted:x[12]"]);
        assert_eq!(
            plan.refused[0].message,
            "topic-deleted on 1 topic needs to be allowed: x3"
        );
    }

    #[test]
    fn the_environment_may_never_ask_or_ask_for_cautions_too() {
        let (mut desired, live) = example();
        desired.environment.guards.allow = [RiskCode::TopicDeleted].into();
        desired.environment.guards.gate = [RiskCode::PartitionsIncreased].into();
        let plan = allowing(&desired, &live, &[]);
        assert_eq!(
            codes(&plan),
            ["retention-shortened", "partitions-increased"]
        );
        let plan = allowing(&desired, &live, &["destructive"]);
        assert_eq!(codes(&plan), ["partitions-increased"]);
        let plan = allowing(&desired, &live, &["destructive", "partitions-increased"]);
        assert!(plan.refused.is_empty());
    }

    #[test]
    fn max_destructive_counts_topics_whether_allowed_or_not() {
        let (mut desired, live) = example();
        let limit = |desired: &mut Desired, limit| {
            desired.environment.guards.max_destructive = at(9, limit);
        };
        limit(&mut desired, 4);
        assert!(
            allowing(&desired, &live, &["destructive"])
                .refused
                .is_empty()
        );
        limit(&mut desired, 3);
        let plan = allowing(&desired, &live, &["destructive"]);
        assert_eq!(codes(&plan), ["max-destructive"]);
        assert_eq!(
            plan.refused[0].message,
            "4 topics would be deleted, released or changed destructively, and guards.max_destructive allows 3 (topics/a.toml:9)"
        );
        assert_eq!(plan.summary().destructive, 4);
        desired.environment.guards.max_destructive.place = Place::whole("environments/prod.toml");
        let plan = allowing(&desired, &live, &["destructive"]);
        let message = &plan.refused[0].message;
        assert!(message.ends_with("allows 3 by default"), "{message}");
    }

    #[test]
    fn another_cluster() {
        let (mut desired, mut live) = example();
        desired.environment.cluster_id = Some(at(5, "c1".into()));
        assert!(!codes(&allowing(&desired, &live, &[])).contains(&"wrong-cluster"));
        live.cluster_id = Some("c2".to_owned());
        let plan = allowing(&desired, &live, &[]);
        assert_eq!(codes(&plan)[0], "wrong-cluster");
        assert_eq!(
            plan.refused[0].message,
            "this is cluster c2, and prod belongs to cluster c1 (topics/a.toml:5)"
        );
        live.cluster_id = None;
        let plan = allowing(&desired, &live, &[]);
        assert!(
            plan.refused[0]
                .message
                .starts_with("this cluster does not report its id")
        );
    }

    #[test]
    fn many_topics_are_counted_and_some_named() {
        let mut desired = desired([]);
        let mut live = live([]);
        for number in 0..20 {
            let name = format!("x{number:02}");
            desired.removed.insert(name.as_str().into(), removal());
            live.topics.insert(name.as_str().into(), found(1, 1, &[]));
        }
        desired.environment.guards.max_destructive.value = 20;
        assert_eq!(
            allowing(&desired, &live, &[]).refused[0].message,
            "topic-deleted on 20 topics needs to be allowed: x00, x01, x02 and 17 more"
        );
    }
}
