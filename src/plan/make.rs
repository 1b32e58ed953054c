//! Makes the plan: what is listed, tombstoned or in no file, against what is live.

use super::verdict::{Table, TopicPlan};
use super::{Cluster, ForeignTopic, HeldTopic, Options, Plan, gates, notes, preflight};
use crate::desired::Desired;
use crate::live::Live;
use crate::model::TopicName;

/// Plans what an apply would do. The same inputs give the same plan.
pub fn make(desired: &Desired, live: &Live, options: &Options) -> Plan {
    let mut plan = empty(desired, live, options);
    let wanted = |name: &TopicName| options.wants(name);
    let scope = plan.scope.clone();
    let table = Table::new(desired, live, options, scope.as_deref());
    for inputs in table.topics() {
        plan.take(inputs.name, table.verdict(&inputs), &table);
    }
    let lost = table.instances().lost(live).into_iter();
    for lost in lost.filter(|lost| wanted(&lost.topic)) {
        match table.unseen(&lost.topic) {
            None => plan.lost.push(lost),
            Some(_) => plan.not_visible.push(lost.topic),
        }
    }
    plan.not_visible.sort();
    plan.not_visible.dedup();
    plan.refused = gates::refusals(desired, live, &plan.changes, options);
    if let Some(approval) = &options.approval {
        approval.bind(&mut plan);
    }
    plan.notes = notes::of(desired, live, &plan, &table, wanted);
    plan.notes.extend(notes::unseen(&table, &plan, options));
    plan.notes.extend(preflight::notes(live, &plan, options));
    plan
}

fn empty(desired: &Desired, live: &Live, options: &Options) -> Plan {
    let environment = &desired.environment;
    let scope = options.scope.as_ref();
    Plan {
        environment: environment.name.to_string(),
        scope: scope.or(environment.inventory.scope.as_ref()).cloned(),
        cluster: Cluster {
            id: live.cluster_id.clone(),
            brokers: live.brokers.len(),
            kafka_version: live.kafka_version.clone(),
        },
        commit: options.commit.clone(),
        only: options.only.patterns().to_vec(),
        changes: Vec::new(),
        blocked: Vec::new(),
        held: Vec::new(),
        unlisted: Vec::new(),
        theirs: Vec::new(),
        lost: Vec::new(),
        unknown_configs: Vec::new(),
        not_visible: Vec::new(),
        unchanged: 0,
        refused: Vec::new(),
        unapproved: Vec::new(),
        notes: Vec::new(),
    }
}

impl Plan {
    fn take(&mut self, name: &TopicName, verdict: TopicPlan, table: &Table) {
        let TopicPlan {
            change,
            blocked,
            unknown_configs,
            is_right,
            is_not_visible,
            is_unlisted,
            theirs,
        } = verdict;
        self.unchanged += usize::from(is_right);
        self.not_visible
            .extend(is_not_visible.then(|| name.clone()));
        self.unlisted.extend(is_unlisted.then(|| name.clone()));
        self.theirs.extend(theirs.map(|whose| ForeignTopic {
            topic: name.clone(),
            whose,
        }));
        self.unknown_configs.extend(unknown_configs);
        let Some(hold) = table
            .inventory_view()
            .and_then(|inventory_view| inventory_view.hold(name))
        else {
            self.changes.extend(change);
            self.blocked.extend(blocked);
            return;
        };
        self.held.push(HeldTopic {
            topic: name.clone(),
            until_ms: hold.until_ms,
            reason: hold.reason.clone(),
            by: hold.stamp.by.clone(),
            change,
            blocked,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::ConfigSource;
    use crate::model::Globs;
    use crate::plan::{Action, Setting, SettingAction, SettingChange};
    use crate::testing::{desired, environment, found, kafka_default, live, removal, topic};

    fn planned(desired: &Desired, live: &Live) -> Plan {
        make(desired, live, &Options::default())
    }

    fn only(glob: &str) -> Options {
        Options {
            only: Globs::new(&[glob]).unwrap(),
            ..Options::default()
        }
    }

    #[test]
    fn listed_or_tombstoned_or_in_no_file_and_live_or_not() {
        let mut desired = desired([
            ("as-it-is", topic(3, 3, &[])),
            ("differs", topic(6, 3, &[])),
            ("missing", topic(3, 3, &[])),
        ]);
        desired.removed.insert("gone".into(), removal());
        desired.removed.insert("to-go".into(), removal());
        let live = live([
            ("as-it-is", found(3, 3, &[])),
            ("differs", found(3, 3, &[])),
            ("to-go", found(3, 3, &[])),
            ("stray", found(3, 3, &[])),
        ]);
        let plan = planned(&desired, &live);
        let actions = plan.changes.iter().map(|c| (c.topic.as_str(), c.action));
        let expected = [
            ("differs", Action::Update),
            ("missing", Action::Create),
            ("to-go", Action::Delete),
        ];
        assert_eq!(actions.collect::<Vec<_>>(), expected);
        assert_eq!(plan.unlisted, ["stray".into()]);
        assert_eq!(plan.unchanged, 1);
        let summary = plan.summary();
        assert_eq!((summary.create, summary.update, summary.delete), (1, 1, 1));
        assert_eq!((summary.unlisted, summary.destructive), (1, 1));
    }

    #[test]
    fn a_new_topic_gets_all_that_is_declared_even_what_is_left_to_others_later() {
        let mut wanted = topic(3, 2, &[("retention.ms", "1"), ("segment.bytes", "1048576")]);
        wanted.unmanaged.partitions = true;
        wanted.unmanaged.config = ["segment.bytes".into()].into();
        let plan = planned(&desired([("a", wanted)]), &live([]));
        let create = &plan.changes[0];
        let to = |setting| {
            create
                .setting(&setting)
                .and_then(|change| change.to()?.number())
        };
        assert_eq!(to(Setting::Partitions), Some(3));
        assert_eq!(to(Setting::ReplicationFactor), Some(2));
        let config = create.on_topic().filter(|c| c.config_key().is_some());
        let config: Vec<_> = config
            .map(|c| (c.setting.to_string(), c.from.clone(), c.action.clone()))
            .collect();
        let set = |key: &str, to: &str| (key.to_owned(), None, SettingAction::Set(to.into()));
        let expected = [
            set("config.retention.ms", "1"),
            set("config.segment.bytes", "1048576"),
        ];
        assert_eq!(config, expected);
    }

    fn only_setting(plan: &Plan) -> &SettingChange {
        let [setting] = plan.changes[0].settings.as_slice() else {
            panic!("{plan:?}")
        };
        setting
    }

    #[test]
    fn a_pin_is_made_only_where_the_environment_pins() {
        let mut desired = desired([("a", topic(3, 3, &[("retention.ms", "604800000")]))]);
        let live = live([("a", found(3, 3, &[]))]);
        let plan = planned(&desired, &live);
        let pin = only_setting(&plan);
        assert!(pin.is_pin());
        assert_eq!(pin.from.as_ref(), pin.to());
        assert_eq!(pin.from_source, Some(ConfigSource::KafkaDefault));
        assert!(plan.refused.is_empty());
        desired.environment.pin = false;
        let plan = planned(&desired, &live);
        assert!(plan.is_empty());
        assert_eq!(plan.unchanged, 1);
    }

    #[test]
    fn without_pins_a_value_of_another_meaning_is_still_set() {
        let mut desired = desired([("a", topic(3, 3, &[("retention.ms", "700000000")]))]);
        desired.environment.pin = false;
        let on_topic = live([("a", found(3, 3, &[("retention.ms", "700000000")]))]);
        assert!(planned(&desired, &on_topic).is_empty());
        let plan = planned(&desired, &live([("a", found(3, 3, &[]))]));
        let set = SettingAction::Set("700000000".into());
        assert_eq!(only_setting(&plan).action, set);
    }

    #[test]
    fn a_reset_knows_the_default_behind_it() {
        let mut live = live([("a", found(3, 3, &[("segment.bytes", "1048576")]))]);
        let desired = desired([("a", topic(3, 3, &[]))]);
        let reset = only_setting(&planned(&desired, &live)).clone();
        assert_eq!(reset.current_text(), Some("1048576"));
        assert_eq!(reset.from_source, Some(ConfigSource::Topic));
        let default = kafka_default("1073741824");
        assert_eq!(reset.action, SettingAction::Reset(Some(default)));
        live.broker_defaults.clear();
        let unknown = planned(&desired, &live);
        assert_eq!(only_setting(&unknown).action, SettingAction::Reset(None));
    }

    #[test]
    fn a_value_where_nobody_knows_what_holds_is_set_from_nothing() {
        let mut live = live([("a", found(3, 3, &[]))]);
        live.broker_defaults.clear();
        let desired = desired([("a", topic(3, 3, &[("segment.bytes", "1048576")]))]);
        let plan = planned(&desired, &live);
        let set = only_setting(&plan);
        assert_eq!(set.action, SettingAction::Set("1048576".into()));
        assert_eq!((&set.from, set.from_source), (&None, None));
    }

    #[test]
    fn unknown_keys_are_left_alone_and_said_so() {
        let live = live([("a", found(3, 3, &[("vendor.b", "1"), ("vendor.a", "2")]))]);
        let plan = planned(&desired([("a", topic(3, 3, &[]))]), &live);
        assert!(plan.is_empty());
        let [left] = plan.unknown_configs.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(left.keys, ["vendor.a".into(), "vendor.b".into()]);
    }

    #[test]
    fn only_narrows_everything() {
        let mut desired = desired([
            ("a-new", topic(3, 5, &[])),
            ("a-same", topic(3, 3, &[])),
            ("b-blocked", topic(3, 3, &[])),
            ("b-left", topic(3, 3, &[])),
            ("b-new", topic(3, 5, &[])),
        ]);
        desired.removed.insert("b-old".into(), removal());
        desired.environment.guards.max_destructive.value = 0;
        desired.environment.guards.fail_on_unlisted = true;
        let mut unread = found(3, 3, &[]);
        unread.config = None;
        let live = live([
            ("a-same", found(3, 3, &[])),
            ("b-blocked", found(6, 3, &[])),
            ("b-left", unread),
            ("b-old", found(3, 3, &[])),
            ("b-stray", found(3, 3, &[])),
        ]);
        let plan = make(&desired, &live, &only("a-*"));
        assert_eq!(plan.changes.len(), 1);
        assert_eq!(plan.unchanged, 1);
        assert!(plan.blocked.is_empty() && plan.unlisted.is_empty() && plan.refused.is_empty());
        assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
        let plan = make(&desired, &live, &only("b-*"));
        assert_eq!(
            (plan.changes.len(), plan.blocked.len(), plan.unlisted.len()),
            (2, 1, 1)
        );
        assert_eq!((plan.refused.len(), plan.notes.len()), (2, 3));
    }

    #[test]
    fn what_is_none_of_the_files_business_is_not_unlisted() {
        let mut desired = desired([]);
        desired.environment.ignore_topics = Globs::new(&["connect-*"]).unwrap();
        let live = live([
            ("__consumer_offsets", found(50, 3, &[])),
            ("_topicsmith", found(1, 3, &[])),
            ("connect-status", found(5, 3, &[])),
            ("stray", found(3, 3, &[])),
        ]);
        assert_eq!(planned(&desired, &live).unlisted, ["stray".into()]);
    }

    #[test]
    fn the_scope_is_the_callers_before_the_environments() {
        let mut desired = desired([]);
        assert_eq!(planned(&desired, &live([])).scope, None);
        desired.environment = environment();
        desired.environment.inventory.scope = Some("media".to_owned());
        assert_eq!(planned(&desired, &live([])).scope.as_deref(), Some("media"));
        let options = Options {
            scope: Some("mine".to_owned()),
            ..Options::default()
        };
        assert_eq!(
            make(&desired, &live([]), &options).scope.as_deref(),
            Some("mine")
        );
    }
}
