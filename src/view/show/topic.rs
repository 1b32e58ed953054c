//! Files, cluster and inventory side by side, for one topic.

use super::{
    Comparison, Listing, LiveValue, OwnedBy, OwnershipView, SettingView, TopicView, Undeclared,
    UndeclaredEffect,
};
use crate::desired::{Desired, ExplainedTopic, SettingStack, Topic};
use crate::diff::{self, Difference, TopicDiff};
use crate::live::{self, Effective, Live, LiveTopic, TopicDetail, UnseenTopic};
use crate::model::config::{is_throttle, list_items};
use crate::model::{ConfigKey, OnRemove, Setting, TopicName};
use crate::plan::state::states;
use crate::plan::{self, InventoryView, Options, Ownership};

/// What is asked, and what there is to answer it with.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The topic.
    pub topic: &'a TopicName,
    /// The environment's files.
    pub desired: &'a Desired,
    /// What they declare of the topic, and where.
    pub explained: Option<&'a ExplainedTopic>,
    /// The cluster; `None` where it is not looked at.
    pub live: Option<&'a Live>,
    /// The topic looked at closely.
    pub topic_detail: Option<&'a TopicDetail>,
    /// How a plan would be made.
    pub options: &'a Options,
}

/// Puts together what is known of a topic in one environment.
pub fn topic(asked: Asked<'_>) -> TopicView {
    let Asked {
        topic,
        desired,
        explained,
        live,
        topic_detail,
        options,
    } = asked;
    let wanted = desired.topics.get(topic);
    let found = live.and_then(|live| live.topics.get(topic));
    let plan = live.map(|live| plan::make(desired, live, options));
    let plan = plan.as_ref();
    let state = plan.and_then(|plan| {
        let states = states(desired, plan, &options.only);
        states.get(topic).copied()
    });
    let both = wanted.zip(found);
    let diff = both.zip(live).map(|((wanted, found), live)| {
        let ignore = &desired.environment.ignore_configs;
        diff::topic(wanted, found, &live.broker_defaults, ignore)
    });
    let sides = TopicSources {
        desired,
        wanted,
        found,
        live,
        diff: diff.as_ref(),
    };
    let here = explained.filter(|explained| explained.is_here);
    let unseen = live.map(Live::unseen_topics).unwrap_or_default();
    let hidden = unseen.get(topic).and_then(|unseen| match unseen {
        UnseenTopic::Hidden(why) | UnseenTopic::Unreadable(why) => Some((*why).to_owned()),
        // The rest of it shows.
        UnseenTopic::ConfigsHidden(_) => None,
    });
    let blocked = plan.into_iter().flat_map(|plan| {
        let held = plan.held.iter().flat_map(|held| &held.blocked);
        plan.blocked.iter().chain(held)
    });
    let blocked = blocked.filter(|blocked| blocked.topic == *topic);
    TopicView {
        environment: desired.environment.name.to_string(),
        topic: topic.clone(),
        cluster: plan.map(|plan| plan.cluster.clone()),
        listing: listing(topic, desired, explained),
        state,
        facts: explained.map(|e| e.facts.clone()).unwrap_or_default(),
        settings: here
            .map(|e| sides.settings(&e.settings))
            .unwrap_or_default(),
        found: found.cloned(),
        undeclared: sides.undeclared(),
        blocked: blocked.cloned().collect(),
        hidden,
        topic_detail: topic_detail.cloned(),
        min_in_sync: sides
            .in_force("min.insync.replicas")
            .and_then(|v| v.trim().parse().ok()),
        is_compacted: sides
            .in_force("cleanup.policy")
            .is_some_and(|policy| list_items(policy).any(|item| item == "compact")),
        ownership: live.and_then(|live| ownership(topic, desired, live, found, options)),
    }
}

fn listing(topic: &TopicName, desired: &Desired, explained: Option<&ExplainedTopic>) -> Listing {
    if let Some(removal) = desired.removed.get(topic) {
        return Listing::Removal(removal.declared_at.clone());
    }
    match explained {
        Some(topic) if topic.is_here => Listing::Listed(topic.declared_at.clone()),
        Some(topic) => Listing::Elsewhere(topic.declared_at.clone()),
        None => Listing::No,
    }
}

fn ownership(
    topic: &TopicName,
    desired: &Desired,
    live: &Live,
    found: Option<&LiveTopic>,
    options: &Options,
) -> Option<OwnershipView> {
    let environment = &desired.environment;
    let scope = options.scope.as_deref();
    let scope = scope.or(environment.inventory.scope.as_deref());
    let inventory_view = InventoryView::open(live, environment, scope)?;
    let by = match inventory_view.ownership(topic, found) {
        Ownership::Unowned(None) => OwnedBy::Nobody,
        Ownership::Unowned(Some(whose)) => OwnedBy::Remade(Some(whose.clone())),
        Ownership::Owned(_) => OwnedBy::Us,
        Ownership::Recreated(_) => OwnedBy::Remade(None),
        Ownership::OwnedElsewhere(whose) => OwnedBy::Others(whose.clone()),
        Ownership::OfInstance(instance) => OwnedBy::Instance(plan::instance_words(instance)),
    };
    let inventory = live.inventory.as_ref()?;
    Some(OwnershipView {
        by,
        record: inventory.topics.get(topic).cloned(),
        hold: inventory_view.hold(topic).cloned(),
    })
}

/// A topic in the files and on the cluster, as far as it is there.
struct TopicSources<'a> {
    desired: &'a Desired,
    wanted: Option<&'a Topic>,
    found: Option<&'a LiveTopic>,
    live: Option<&'a Live>,
    diff: Option<&'a TopicDiff<'a>>,
}

impl TopicSources<'_> {
    fn settings(&self, stacks: &[SettingStack]) -> Vec<SettingView> {
        let mut settings: Vec<SettingView> = stacks.iter().map(|s| self.view(s)).collect();
        if !stacks.iter().any(|s| s.setting == Setting::OnRemove) {
            settings.push(SettingView {
                stack: SettingStack {
                    setting: Setting::OnRemove,
                    values: Vec::new(),
                },
                value: Some(OnRemove::default().as_str().to_owned()),
                live: None,
                against: None,
            });
        }
        settings.sort_by(|a, b| a.stack.setting.cmp(&b.stack.setting));
        settings
    }

    fn view(&self, stack: &SettingStack) -> SettingView {
        let value = stack.value().map(str::to_owned);
        let (live, against) = self.compare(&stack.setting, value.is_some());
        SettingView {
            stack: stack.clone(),
            value,
            live,
            against,
        }
    }

    fn compare(
        &self,
        setting: &Setting,
        is_declared: bool,
    ) -> (Option<LiveValue>, Option<Comparison>) {
        let nothing = (None, None);
        let (Some(wanted), Some(found), Some(diff)) = (self.wanted, self.found, self.diff) else {
            return nothing;
        };
        let unmanaged = &wanted.unmanaged;
        let number = |text: String, unknown_configs: bool, differs: bool| {
            let live = LiveValue {
                value: text,
                source: None,
            };
            (Some(live), Some(against(unknown_configs, differs)))
        };
        match setting {
            Setting::Partitions => number(
                found.partitions.to_string(),
                unmanaged.partitions,
                diff.partitions.is_some(),
            ),
            Setting::ReplicationFactor => number(
                found.replication_factor.to_string(),
                unmanaged.replication_factor,
                diff.replication_factor.is_some(),
            ),
            Setting::Config(key) => {
                let (live, against) = self.config(key, found, diff);
                let unknown_configs = unmanaged.config.contains(key);
                match (is_declared, unknown_configs) {
                    (false, _) => (live, None),
                    (true, true) => (live, Some(Comparison::Unmanaged)),
                    (true, false) => (live, against),
                }
            }
            Setting::OnRemove
            | Setting::Unmanaged
            | Setting::Pin
            | Setting::Id
            | Setting::Owner
            | Setting::Scope
            | Setting::Environment
            | Setting::Removal
            | Setting::Record => nothing,
        }
    }

    fn config(
        &self,
        key: &ConfigKey,
        found: &LiveTopic,
        diff: &TopicDiff<'_>,
    ) -> (Option<LiveValue>, Option<Comparison>) {
        let defaults = self.live.map(|live| &live.broker_defaults);
        let live = defaults.and_then(|defaults| live::effective(found, defaults, key));
        let live = live.map(value);
        let Some(configs) = &diff.config else {
            return (live, None);
        };
        let own = configs.iter().find(|config| config.key == key);
        let against = match own.map(|config| &config.kind) {
            None => Comparison::Same,
            Some(Difference::NotHeld(_)) => Comparison::NotHeld,
            Some(Difference::Value(_) | Difference::Undeclared(_)) => Comparison::Differs,
        };
        (live, Some(against))
    }

    /// What the topic has for a key; where it is not there, what it is to have.
    fn in_force(&self, key: &str) -> Option<&str> {
        let live = self.found.zip(self.live).and_then(|(found, live)| {
            live::effective(found, &live.broker_defaults, key).map(|effective| effective.value)
        });
        live.or_else(|| Some(&*self.wanted?.config.get(key)?.value))
    }

    /// What the topic holds and no layer declares.
    fn undeclared(&self) -> Vec<Undeclared> {
        let (Some(live), Some(found)) = (self.live, self.found) else {
            return Vec::new();
        };
        let declared = |key: &ConfigKey| self.wanted.is_some_and(|w| w.config.contains_key(key));
        let held = found.config.iter().flatten();
        let undeclared = held.filter(|(key, _)| !declared(key));
        undeclared
            .map(|(key, held)| Undeclared {
                key: key.clone(),
                value: held.clone(),
                behind: live::inherited_default(found, &live.broker_defaults, key).map(value),
                effect: self.effect(key),
            })
            .collect()
    }

    fn effect(&self, key: &ConfigKey) -> UndeclaredEffect {
        let Some(wanted) = self.wanted else {
            return UndeclaredEffect::NotListed;
        };
        if wanted.unmanaged.config.contains(key) {
            UndeclaredEffect::Unmanaged
        } else if is_throttle(key.as_str()) {
            UndeclaredEffect::Throttle
        } else if self
            .desired
            .environment
            .ignore_configs
            .matches(key.as_str())
        {
            UndeclaredEffect::Ignored
        } else if key.spec().is_none() {
            UndeclaredEffect::UnknownKey
        } else {
            UndeclaredEffect::Reset
        }
    }
}

fn value(effective: Effective<'_>) -> LiveValue {
    LiveValue {
        value: effective.value.to_owned(),
        source: Some(effective.source),
    }
}

fn against(unknown_configs: bool, differs: bool) -> Comparison {
    match (unknown_configs, differs) {
        (true, _) => Comparison::Unmanaged,
        (false, true) => Comparison::Differs,
        (false, false) => Comparison::Same,
    }
}
