//! What the cluster said against a change when it was asked beforehand, taken out of the change.

use std::collections::BTreeMap;

use super::options::MissingRights;
use super::{Action, Blocked, Options, Setting, SettingAction, SettingChange};
use crate::desired::Topic;
use crate::live::{Live, PreflightError, PreflightErrorKind};
use crate::model::text::names;
use crate::model::toml;
use crate::model::{BlockCode, ConfigKey, Place, SettingValue, TopicName};

/// How many topics a note names.
const MOST_NAMED: usize = 10;

/// What holds back all of a create.
pub(super) fn of_create(
    name: &TopicName,
    wanted: &Topic,
    live: &Live,
    options: &Options,
) -> Option<Blocked> {
    let (preflight_error, code) = blocking(name, live, options).next()?;
    let place = match &preflight_error.about {
        Some(Setting::Partitions) => &wanted.partitions.place,
        Some(Setting::ReplicationFactor) => &wanted.replication_factor.place,
        Some(Setting::Config(key)) => {
            (wanted.config.get(key)).map_or(&wanted.declared_at, |v| &v.place)
        }
        _ => &wanted.declared_at,
    };
    let (why, help) = match preflight_error.kind {
        PreflightErrorKind::NotAuthorised => (
            NO_RIGHT,
            "Give this principal the right to create it: Create on the topic or on the cluster",
        ),
        PreflightErrorKind::Failed => (
            FAILED,
            "Ask the operators of the brokers: the entry is not at fault",
        ),
        PreflightErrorKind::Refused
        | PreflightErrorKind::Inventory
        | PreflightErrorKind::Unchecked => (REFUSED, "Change the entry to what this cluster takes"),
    };
    let message = format!("create: {why}: {}", preflight_error.words);
    Some(blocked(name, code, None, message, help, Some(place)))
}

/// What holds back a delete.
pub(super) fn of_delete(
    name: &TopicName,
    place: Option<&Place>,
    live: &Live,
    options: &Options,
) -> Option<Blocked> {
    let (preflight_error, code) = blocking(name, live, options).next()?;
    let (why, help) = match code {
        BlockCode::NotAuthorised => (
            NO_RIGHT,
            "Give this principal the right to delete it: Delete on the topic",
        ),
        BlockCode::OwnedElsewhere => (INVENTORY, LEAVE_INVENTORY),
        _ if place.is_none() => (
            REFUSED,
            "Let the brokers delete topics (delete.topic.enable), or put its entry back",
        ),
        _ => (
            REFUSED,
            "Let the brokers delete topics (delete.topic.enable), or take the removal out",
        ),
    };
    let message = format!("delete: {why}: {}", preflight_error.words);
    Some(blocked(name, code, None, message, help, place))
}

/// Takes out of an update what the cluster would not do.
pub(super) fn of_update(
    name: &TopicName,
    wanted: &Topic,
    (live, options): (&Live, &Options),
    settings: &mut Vec<SettingChange>,
) -> Vec<Blocked> {
    let mut found = Vec::new();
    for (preflight_error, code) in blocking(name, live, options) {
        let touched = |change: &mut SettingChange| {
            let parts = preflight_error.parts.iter().flatten();
            parts.into_iter().any(|part| *part == change.setting)
        };
        let taken: Vec<SettingChange> = settings.extract_if(.., touched).collect();
        let is_config = |change: &SettingChange| change.config_key().is_some();
        let (configs, counts): (Vec<_>, Vec<_>) = taken.into_iter().partition(is_config);
        let counts = counts.iter();
        found.extend(
            counts.map(|change| of_partitions(name, wanted, preflight_error, code, change)),
        );
        found.extend(of_configs(name, wanted, preflight_error, code, &configs));
    }
    found
}

fn of_partitions(
    name: &TopicName,
    wanted: &Topic,
    preflight_error: &PreflightError,
    code: BlockCode,
    change: &SettingChange,
) -> Blocked {
    let number = |count: Option<&SettingValue>| count.map_or("?".to_owned(), ToString::to_string);
    let (from, to) = (number(change.from.as_ref()), number(change.to()));
    let (why, help) = match code {
        BlockCode::NotAuthorised => (
            NO_RIGHT,
            "Give this principal the right to add partitions: Alter on the topic",
        ),
        BlockCode::OwnedElsewhere => (INVENTORY, LEAVE_INVENTORY),
        _ => (
            REFUSED,
            "Set a number of partitions that this cluster takes",
        ),
    };
    let message = format!("partitions {from} → {to}: {why}: {}", preflight_error.words);
    let place = change.declared_at.as_ref().unwrap_or(&wanted.declared_at);
    let setting = Some(Setting::Partitions);
    blocked(name, code, setting, message, help, Some(place))
}

/// One finding for all configs with the same answer.
fn of_configs(
    name: &TopicName,
    wanted: &Topic,
    preflight_error: &PreflightError,
    code: BlockCode,
    taken: &[SettingChange],
) -> Option<Blocked> {
    let (first, others) = taken.split_first()?;
    let keys = || taken.iter().filter_map(SettingChange::config_key);
    let what: Vec<String> = match others {
        [] => keys().map(|key| in_words(key, first)).collect(),
        _ => keys().map(ToString::to_string).collect(),
    };
    let (why, help) = match code {
        BlockCode::NotAuthorised => (
            NO_RIGHT,
            "Give this principal the right to change configs: AlterConfigs on the topic",
        ),
        BlockCode::OwnedElsewhere => (INVENTORY, LEAVE_INVENTORY),
        _ => {
            let why = match preflight_error.kind {
                PreflightErrorKind::Failed => FAILED,
                _ => REFUSED,
            };
            (why, &*keep_current(taken))
        }
    };
    let message = format!("{}: {why}: {}", what.join(", "), preflight_error.words);
    let place = first.declared_at.as_ref().unwrap_or(&wanted.declared_at);
    let setting = Some(first.setting.clone());
    let holds_back = keys().skip(1).cloned().collect();
    Some(Blocked {
        holds_back,
        ..blocked(name, code, setting, message, help, Some(place))
    })
}

/// The change of a config.
fn in_words(key: &ConfigKey, change: &SettingChange) -> String {
    let from = change.current_text();
    match &change.action {
        SettingAction::Reset(_) | SettingAction::Remove => {
            let shown = |value: &str| match key.human(value) {
                Some(human) => format!("{human} ({value})"),
                None => value.to_owned(),
            };
            let from = from.map_or("unknown".to_owned(), shown);
            let to = change
                .becomes()
                .map_or(String::new(), |to| format!(" {}", shown(to)));
            format!("reset {key} from {from} to the default{to}")
        }
        SettingAction::Set(_) | SettingAction::Pin(_) => {
            let (from, to) = (
                from.unwrap_or("unknown"),
                change.becomes().unwrap_or_default(),
            );
            format!("{key} {from} → {to}")
        }
    }
}

/// How to go on without changes that the broker does not make: with the values that the topic has.
fn keep_current(taken: &[SettingChange]) -> String {
    let keys = || taken.iter().filter_map(SettingChange::config_key);
    let current: Option<Vec<String>> = taken
        .iter()
        .map(|change| {
            let key = change.config_key()?;
            let value = toml::config_value(key, change.current_text()?)?;
            Some(format!("config.{} = {value}", toml::config_key(key, [])))
        })
        .collect();
    let current = match current {
        Some(declared) => format!("the current value: {}", declared.join(", ")),
        None => "the current value".to_owned(),
    };
    let is_reset = |change: &SettingChange| matches!(change.action, SettingAction::Reset(_));
    let begin = match taken.iter().all(is_reset) {
        true => "Declare",
        false => "Set a value that this cluster accepts, or keep",
    };
    let unmanaged: Vec<String> = keys().map(|key| format!("config.{key}")).collect();
    let unmanaged = toml::list(unmanaged.iter().map(String::as_str));
    format!("{begin} {current}; or leave it to others: unmanaged = {unmanaged}")
}

const FAILED: &str = "the broker fails at it (its log has the cause)";
const REFUSED: &str = "the broker refuses it";
const INVENTORY: &str = "no plan changes or deletes an inventory";
const LEAVE_INVENTORY: &str = "Take its entry out of the files, removals included; to delete an unused inventory, use kafka-topics";
const NO_RIGHT: &str = "this principal may not do it";

fn blocked(
    topic: &TopicName,
    code: BlockCode,
    setting: Option<Setting>,
    message: String,
    help: &str,
    place: Option<&Place>,
) -> Blocked {
    Blocked {
        topic: topic.clone(),
        code,
        setting,
        message,
        help: help.to_owned(),
        declared_at: place.cloned(),
        holds_back: Vec::new(),
    }
}

/// The objections to what is planned for a topic that hold it back.
fn blocking<'a>(
    name: &TopicName,
    live: &'a Live,
    options: &'a Options,
) -> impl Iterator<Item = (&'a PreflightError, BlockCode)> {
    let preflight_errors = live
        .preflight_errors
        .get(name)
        .map_or(&[][..], Vec::as_slice);
    preflight_errors
        .iter()
        .filter_map(|preflight_error| Some((preflight_error, code(preflight_error.kind, options)?)))
}

/// Under which code an objection holds something back, if it does.
fn code(kind: PreflightErrorKind, options: &Options) -> Option<BlockCode> {
    match kind {
        PreflightErrorKind::Refused | PreflightErrorKind::Failed => {
            Some(BlockCode::RefusedByBroker)
        }
        PreflightErrorKind::Inventory => Some(BlockCode::OwnedElsewhere),
        PreflightErrorKind::NotAuthorised => match options.missing_rights {
            MissingRights::Noted => None,
            MissingRights::Block => Some(BlockCode::NotAuthorised),
        },
        PreflightErrorKind::Unchecked => None,
    }
}

/// What could not be asked, one note for each reason.
pub(super) fn notes(live: &Live, plan: &super::Plan, options: &Options) -> Vec<String> {
    let mut reasons: BTreeMap<(&str, &str), Vec<&TopicName>> = BTreeMap::new();
    for change in &plan.changes {
        let preflight_errors = live
            .preflight_errors
            .get(&change.topic)
            .into_iter()
            .flatten();
        for preflight_error in preflight_errors.filter(|o| code(o.kind, options).is_none()) {
            let what = match (change.action, preflight_error.parts.first()) {
                (Action::Create, _) => "creating",
                (Action::Delete, _) => "deleting",
                (Action::Adopt | Action::Release | Action::UpdateInventory, _)
                | (Action::Update, Some(Some(Setting::Record))) => "recording",
                (Action::Update, Some(Some(Setting::Config(_)))) => "changing configs of",
                (Action::Update, _) => "adding partitions to",
            };
            let topics = reasons.entry((what, &preflight_error.words)).or_default();
            topics.push(&change.topic);
        }
    }
    let note = |((what, words), topics): ((&str, &str), Vec<&TopicName>)| {
        format!(
            "not checked: {what} {}: {words}",
            names(&topics, MOST_NAMED)
        )
    };
    reasons.into_iter().map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RiskCode;
    use crate::plan::{Plan, SettingAction, make};
    use crate::testing::{desired, found, line, live, removal, topic};

    fn preflight_error(
        parts: &[Option<Setting>],
        kind: PreflightErrorKind,
        about: Option<Setting>,
    ) -> PreflightError {
        PreflightError {
            parts: parts.to_vec(),
            kind,
            words: "No. (NAME 1)".to_owned(),
            about,
        }
    }

    fn config(key: &str) -> Option<Setting> {
        Some(Setting::Config(key.into()))
    }

    fn options(missing_rights: MissingRights) -> Options {
        Options {
            missing_rights,
            ..Options::default()
        }
    }

    /// The plan of a create, an update and a delete, the update with this said against it.
    fn plan(name: &str, said: PreflightError, options: &Options) -> Plan {
        let wanted = [("cleanup.policy", "compact"), ("retention.ms", "1")];
        let mut desired = desired([
            ("new", topic(3, 3, &[("retention.ms", "1")])),
            ("there", topic(6, 3, &wanted)),
        ]);
        desired.removed.insert("gone".into(), removal());
        let mut live = live([("gone", found(1, 1, &[])), ("there", found(3, 3, &[]))]);
        live.preflight_errors.insert(name.into(), vec![said]);
        make(&desired, &live, options)
    }

    fn topics(plan: &Plan) -> Vec<&str> {
        let topics = plan.changes.iter();
        topics.map(|change| change.topic.as_str()).collect()
    }

    #[test]
    fn a_refused_create_is_blocked_at_what_the_broker_names() {
        for (about, number) in [
            (None, 1),
            (Some(Setting::Partitions), 2),
            (Some(Setting::ReplicationFactor), 3),
            (config("retention.ms"), 4),
            (config("not.declared"), 1),
        ] {
            let said = preflight_error(&[None], PreflightErrorKind::Refused, about);
            let plan = plan("new", said, &Options::default());
            let [blocked] = plan.blocked.as_slice() else {
                panic!("{plan:?}")
            };
            assert_eq!(blocked.code, BlockCode::RefusedByBroker);
            assert_eq!(
                blocked.message,
                "create: the broker refuses it: No. (NAME 1)"
            );
            assert_eq!(blocked.declared_at, Some(line(number)));
            assert_eq!(topics(&plan), ["gone", "there"]);
        }
    }

    #[test]
    fn a_refused_part_goes_with_its_risks_and_the_rest_stays() {
        let said = preflight_error(
            &[config("cleanup.policy")],
            PreflightErrorKind::Refused,
            config("cleanup.policy"),
        );
        let without = plan("there", said, &Options::default());
        let there = &without.changes[2];
        let keys: Vec<String> = there
            .settings
            .iter()
            .map(|c| c.setting.to_string())
            .collect();
        assert_eq!(keys, ["partitions", "config.retention.ms"]);
        assert!(matches!(there.settings[1].action, SettingAction::Set(_)));
        // Compaction is not to be, so records are deleted by age after all.
        let codes: Vec<RiskCode> = there.all_risks().map(|(_, risk)| risk.code).collect();
        let expected = [RiskCode::PartitionsIncreased, RiskCode::RetentionShortened];
        assert_eq!(codes, expected);
        let gates: Vec<&str> = without.refused.iter().map(|r| r.code.as_str()).collect();
        assert_eq!(gates, ["topic-deleted", "retention-shortened"]);
        assert_eq!(
            without.blocked[0].message,
            "cleanup.policy delete → compact: the broker refuses it: No. (NAME 1)"
        );
        assert_eq!(without.blocked[0].declared_at, Some(line(4)));

        let said = preflight_error(
            &[Some(Setting::Partitions)],
            PreflightErrorKind::Refused,
            Some(Setting::Partitions),
        );
        let without = plan("there", said, &Options::default());
        assert_eq!(without.changes[2].setting(&Setting::Partitions), None);
        assert_eq!(without.blocked[0].setting, Some(Setting::Partitions));
        assert!(without.blocked[0].message.starts_with("partitions 3 → 6: "));
    }

    #[test]
    fn what_is_blocked_says_how_to_keep_the_current_value() {
        let desired = desired([("a", topic(3, 3, &[("segment.bytes", "1048576")]))]);
        let own = [("retention.ms", "259200000"), ("segment.bytes", "2097152")];
        let mut live = live([("a", found(3, 3, &own))]);
        live.broker_defaults.insert(
            "retention.ms".into(),
            crate::testing::kafka_default("604800000"),
        );
        let error = |kind, key: &str| preflight_error(&[config(key)], kind, config(key));
        let errors = vec![
            error(PreflightErrorKind::Refused, "retention.ms"),
            error(PreflightErrorKind::Failed, "segment.bytes"),
        ];
        live.preflight_errors.insert("a".into(), errors);
        let plan = make(&desired, &live, &Options::default());
        let words: Vec<(&str, &str)> = (plan.blocked.iter())
            .map(|blocked| (blocked.message.as_str(), blocked.help.as_str()))
            .collect();
        assert_eq!(
            words,
            [
                (
                    "reset retention.ms from 3d (259200000) to the default 7d (604800000): the broker refuses it: No. (NAME 1)",
                    "Declare the current value: config.retention.ms = \"3d\"; or leave it to others: unmanaged = [\"config.retention.ms\"]"
                ),
                (
                    "segment.bytes 2097152 → 1048576: the broker fails at it (its log has the cause): No. (NAME 1)",
                    "Set a value that this cluster accepts, or keep the current value: config.segment.bytes = \"2MiB\"; or leave it to others: unmanaged = [\"config.segment.bytes\"]"
                ),
            ]
        );
    }

    #[test]
    fn configs_with_one_answer_are_one_finding() {
        let parts = [config("cleanup.policy"), config("retention.ms")];
        let said = preflight_error(&parts, PreflightErrorKind::Refused, parts[0].clone());
        let plan = plan("there", said, &Options::default());
        let blocked = &plan.blocked[0];
        assert_eq!(blocked.setting, config("cleanup.policy"));
        assert_eq!(blocked.holds_back, ["retention.ms".into()]);
        assert!(
            blocked
                .message
                .starts_with("cleanup.policy, retention.ms: the broker refuses it")
        );
        let [left] = plan.changes[2].settings.as_slice() else {
            panic!("{plan:?}")
        };
        assert_eq!(left.setting, Setting::Partitions);
    }

    #[test]
    fn a_missing_right_is_a_note_until_it_is_applied() {
        for (name, parts, note) in [
            ("new", None, "creating new"),
            ("gone", None, "deleting gone"),
            (
                "there",
                Some(Setting::Partitions),
                "adding partitions to there",
            ),
            ("there", config("retention.ms"), "changing configs of there"),
        ] {
            let said = preflight_error(
                std::slice::from_ref(&parts),
                PreflightErrorKind::NotAuthorised,
                parts.clone(),
            );
            let noted = plan(name, said.clone(), &options(MissingRights::Noted));
            assert!(noted.blocked.is_empty(), "{noted:?}");
            let expected = format!("not checked: {note}: No. (NAME 1)");
            assert_eq!(noted.notes, [expected]);
            let blocked = plan(name, said, &options(MissingRights::Block));
            assert_eq!(blocked.blocked[0].code, BlockCode::NotAuthorised);
            assert_eq!(blocked.blocked[0].setting, parts);
            assert!(blocked.notes.is_empty());
        }
    }

    #[test]
    fn what_could_not_be_asked_for_lack_of_quota_stays() {
        for rights in [MissingRights::Noted, MissingRights::Block] {
            let said = preflight_error(&[None], PreflightErrorKind::Unchecked, None);
            let plan = plan("new", said, &options(rights));
            assert_eq!(topics(&plan), ["gone", "new", "there"]);
            assert_eq!(plan.notes.len(), 1);
        }
    }

    #[test]
    fn the_inventory_of_others_is_neither_deleted_nor_changed() {
        let said =
            |parts: &[Option<Setting>]| preflight_error(parts, PreflightErrorKind::Inventory, None);
        let deleted = plan("gone", said(&[None]), &Options::default());
        assert_eq!(deleted.blocked[0].code, BlockCode::OwnedElsewhere);
        let expected = "delete: no plan changes or deletes an inventory: No. (NAME 1)";
        assert_eq!(deleted.blocked[0].message, expected);
        assert_eq!(topics(&deleted), ["new", "there"]);
        let parts = ["cleanup.policy", "retention.ms"].map(config);
        let parts = [&parts[..], &[Some(Setting::Partitions), None]].concat();
        let changed = plan("there", said(&parts), &Options::default());
        let codes: Vec<BlockCode> = changed.blocked.iter().map(|b| b.code).collect();
        assert_eq!(codes, [BlockCode::OwnedElsewhere; 2]);
        assert_eq!(topics(&changed), ["gone", "new"]);
    }

    #[test]
    fn a_delete_that_is_turned_off_is_blocked() {
        let said = preflight_error(&[None], PreflightErrorKind::Refused, None);
        let plan = plan("gone", said, &Options::default());
        assert_eq!(plan.blocked[0].code, BlockCode::RefusedByBroker);
        assert_eq!(plan.blocked[0].declared_at, Some(line(40)));
        assert_eq!(topics(&plan), ["new", "there"]);
    }
}
