//! A saved plan as an approval: an apply makes a fresh plan, and goes ahead only if each of its
//! changes was approved with the same from and to. What was approved and is done by now, or not
//! wanted any more, is in no fresh plan, and so asks for nothing.

mod compare;
#[cfg(test)]
mod reading;

use std::collections::BTreeMap;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::document::{ChangeDocument, PlanDocument, SettingDocument};
use super::{Action, Plan, Refusal, Setting};
use crate::live::Usage;
use crate::model::document::{self, Document as _, DocumentError};
use crate::model::text::{count, escape, names};
use crate::model::{Globs, RiskCode, TopicName};

/// The code of the refusal to do what was not approved, or to do it elsewhere.
pub const NOT_APPROVED: &str = "not-approved";

const PLAN_AGAIN: &str = "save a new plan and have it approved";

/// What a saved plan approves.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The environment that it is for.
    pub environment: String,
    /// The topics that it was narrowed to; none means all.
    pub only: Globs,
    scope: Option<String>,
    cluster_id: Option<String>,
    changes: BTreeMap<TopicName, ChangeDocument>,
}

/// Why a text is not a saved plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// Not JSON, of another format, or of another shape.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The plans of several environments.
    #[error("it holds the plans of several environments, and an apply changes one")]
    Several,
    /// Two answers to one question.
    #[error("duplicate {}", escape(.0))]
    Duplicate(String),
    /// A glob that it was narrowed to is invalid.
    #[error("invalid glob `{}` in \"only\": {}", escape(.0), escape(.1))]
    Glob(String, String),
}

impl FromStr for Approval {
    type Err = ApprovalError;

    fn from_str(text: &str) -> Result<Self, ApprovalError> {
        #[derive(Deserialize)]
        struct Shape {
            plans: Option<IgnoredAny>,
        }
        let shape: Shape = document::parse(text, PlanDocument::FORMAT)?;
        if shape.plans.is_some() {
            return Err(ApprovalError::Several);
        }
        let plan: PlanDocument = document::parse(text, PlanDocument::FORMAT)?;
        let only = Globs::new(&plan.only)
            .map_err(|(index, why)| ApprovalError::Glob(plan.only[index].clone(), why))?;
        let mut changes = BTreeMap::new();
        for change in plan.changes {
            if let Some(setting) = duplicate(&change) {
                let what = format!("{setting} of topic {}", change.topic);
                return Err(ApprovalError::Duplicate(what));
            }
            if let Some(twice) = changes.insert(change.topic.clone(), change) {
                return Err(ApprovalError::Duplicate(format!("topic {}", twice.topic)));
            }
        }
        Ok(Self {
            environment: plan.environment,
            only,
            scope: plan.scope,
            cluster_id: plan.cluster_id,
            changes,
        })
    }
}

/// A setting that stands in a change more than once.
fn duplicate(change: &ChangeDocument) -> Option<&Setting> {
    let mut seen = std::collections::BTreeSet::new();
    let mut settings = change.settings.iter();
    let twice = settings.find(|one| !seen.insert((&one.setting, one.inventory_only)));
    twice.map(|one| &one.setting)
}

/// A part of a change that was not approved as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unapproved {
    /// The topic.
    pub topic: TopicName,
    /// What was approved for the part; `None` where nothing was.
    pub approved: Option<ApprovedPart>,
    /// What would be done to it now; `None` where a create would leave it out.
    pub now: Option<ApprovedPart>,
}

/// A part of what a plan approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ApprovedPart")]
pub enum ApprovedPart {
    /// What happens to the topic as a whole.
    Whole {
        /// What happens to it.
        action: Action,
        /// Whether it becomes owned, though it existed before.
        adopt: bool,
    },
    /// The very topic: another one of its name was not approved.
    Topic {
        /// Kafka's topic id.
        id: String,
    },
    /// One setting.
    Setting(SettingDocument),
    /// Who uses a topic that is deleted.
    Usage {
        /// The use that was read.
        usage: Usage,
    },
}

/// A part of a change that was not approved as it is now, as JSON.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UnapprovedDocument {
    /// The topic.
    pub topic: TopicName,
    /// The setting; `null` where it is about the topic as a whole.
    pub setting: Option<Setting>,
    /// What was approved; `null` where nothing was.
    pub approved: Option<ApprovedPart>,
    /// What would be done now; `null` where it would be left out.
    pub now: Option<ApprovedPart>,
}

impl From<&Unapproved> for UnapprovedDocument {
    fn from(part: &Unapproved) -> Self {
        Self {
            topic: part.topic.clone(),
            setting: part.setting().cloned(),
            approved: part.approved.clone(),
            now: part.now.clone(),
        }
    }
}

impl Unapproved {
    /// The setting; `None` where it is about the topic as a whole.
    pub fn setting(&self) -> Option<&Setting> {
        match self.now.as_ref().or(self.approved.as_ref())? {
            ApprovedPart::Setting(change) => Some(&change.setting),
            ApprovedPart::Whole { .. }
            | ApprovedPart::Topic { .. }
            | ApprovedPart::Usage { .. } => None,
        }
    }
}

impl Approval {
    /// Whether this risk of a topic stands in the approved plan.
    pub(super) fn answers(&self, code: RiskCode, topic: &TopicName) -> bool {
        let risks = self.changes.get(topic).into_iter().flat_map(|change| {
            let settings = change.settings.iter().flat_map(|setting| &setting.risks);
            change.risks.iter().chain(settings)
        });
        risks.into_iter().any(|risk| risk.code == code)
    }

    /// Holds a fresh plan to what was approved. Of another cluster or scope every topic could
    /// differ: then that alone is said.
    pub(super) fn bind(&self, plan: &mut Plan) {
        let elsewhere: Vec<Refusal> = [self.other_cluster(plan), self.other_scope(plan)]
            .into_iter()
            .flatten()
            .collect();
        if !elsewhere.is_empty() {
            plan.refused.extend(elsewhere);
            return;
        }
        plan.unapproved = compare::unapproved(&self.changes, &plan.changes);
        plan.refused.extend(too_much(&plan.unapproved));
    }

    fn other_cluster(&self, plan: &Plan) -> Option<Refusal> {
        let (approved, now) = (self.cluster_id.as_deref(), plan.cluster.id.as_deref());
        if approved.is_some() && approved == now {
            return None;
        }
        let cluster = |id: Option<&str>| match id {
            Some(id) => format!("cluster {id}"),
            None => "a cluster that does not tell its id".to_owned(),
        };
        Some(Refusal {
            code: NOT_APPROVED.to_owned(),
            message: format!(
                "the saved plan is for {}, and this is {}",
                cluster(approved),
                cluster(now)
            ),
            help: format!(
                "Check where bootstrap_servers of {} leads, or {PLAN_AGAIN}",
                plan.environment
            ),
        })
    }

    fn other_scope(&self, plan: &Plan) -> Option<Refusal> {
        if self.scope == plan.scope {
            return None;
        }
        let scope = |scope: &Option<String>| match scope {
            Some(scope) => format!("scope {scope}"),
            None => "no scope".to_owned(),
        };
        Some(Refusal {
            code: NOT_APPROVED.to_owned(),
            message: format!(
                "the saved plan is for {}, and this apply for {}",
                scope(&self.scope),
                scope(&plan.scope)
            ),
            help: format!("Name its scope with --scope, or {PLAN_AGAIN}"),
        })
    }
}

fn too_much(unapproved: &[Unapproved]) -> Option<Refusal> {
    let mut topics: Vec<&TopicName> = unapproved.iter().map(|part| &part.topic).collect();
    topics.dedup();
    (!topics.is_empty()).then(|| Refusal {
        code: NOT_APPROVED.to_owned(),
        message: format!(
            "{} would be changed as the saved plan does not approve: {}",
            count(topics.len(), "topic"),
            names(&topics, 3)
        ),
        help: "The files or the cluster have changed since: save a new plan and have it approved"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Options, make};
    use crate::testing::{at, desired, found, live, removal, saved, topic};

    fn codes(plan: &Plan) -> Vec<&str> {
        let codes = plan.refused.iter().map(|refusal| refusal.code.as_str());
        codes.collect()
    }

    #[test]
    fn it_allows_the_risks_that_it_shows_and_no_others() {
        let mut files = desired([("a", topic(6, 3, &[("cleanup.policy", "delete")]))]);
        files.removed.insert("b".into(), removal());
        let cluster = |policy| {
            let a = found(3, 3, &[("cleanup.policy", policy)]);
            live([("a", a), ("b", found(3, 3, &[]))])
        };
        let plan = make(&files, &cluster("delete"), &Options::default());
        assert_eq!(codes(&plan), ["topic-deleted"]);
        let held_to = Options {
            approval: Some(saved(&plan)),
            ..Options::default()
        };
        let ok = make(&files, &cluster("delete"), &held_to);
        assert!(ok.refused.is_empty(), "{:?}", ok.refused);
        // Compacted by now: the same partitions are another risk, which nobody saw.
        files.topics.get_mut("a").unwrap().unmanaged.config = ["cleanup.policy".into()].into();
        let moved = make(&files, &cluster("compact"), &held_to);
        assert_eq!(codes(&moved), ["compacted-keys-moved"]);
        assert_eq!(moved.unapproved, []);
    }

    #[test]
    fn guards_hold_though_it_was_approved() {
        let mut files = desired([]);
        files.removed.insert("a".into(), removal());
        let cluster = live([("a", found(3, 3, &[]))]);
        let held_to = Options {
            approval: Some(saved(&make(&files, &cluster, &Options::default()))),
            ..Options::default()
        };
        files.environment.guards.max_destructive = at(9, 0);
        files.environment.cluster_id = Some(at(3, "c2".into()));
        let plan = make(&files, &cluster, &held_to);
        assert_eq!(codes(&plan), ["wrong-cluster", "max-destructive"]);
    }

    #[test]
    fn another_cluster_or_scope_is_said_alone() {
        let files = desired([("a", topic(3, 3, &[]))]);
        let scoped = |scope: Option<&str>, approval| Options {
            scope: scope.map(str::to_owned),
            approval,
            ..Options::default()
        };
        let cluster = |id: Option<&str>| {
            let mut cluster = live([]);
            cluster.cluster_id = id.map(str::to_owned);
            cluster
        };
        let check = |was: (Option<&str>, Option<&str>), is: (Option<&str>, Option<&str>)| {
            let saved = saved(&make(&files, &cluster(was.0), &scoped(was.1, None)));
            let plan = make(&files, &cluster(is.0), &scoped(is.1, Some(saved)));
            assert_eq!(plan.unapproved, []);
            assert!(codes(&plan).iter().all(|code| *code == NOT_APPROVED));
            let messages: Vec<String> = plan.refused.into_iter().map(|r| r.message).collect();
            messages.join(", ")
        };
        let (c1, c2) = (Some("c1"), Some("c2"));
        assert_eq!(check((c1, None), (c1, None)), "");
        assert_eq!(check((c1, Some("s")), (c1, Some("s"))), "");
        assert_eq!(
            check((c1, None), (c2, None)),
            "the saved plan is for cluster c1, and this is cluster c2"
        );
        assert_eq!(
            check((None, None), (None, None)),
            "the saved plan is for a cluster that does not tell its id, and this is a cluster that does not tell its id"
        );
        assert_eq!(
            check((c1, Some("s")), (c1, None)),
            "the saved plan is for scope s, and this apply for no scope"
        );
    }
}
