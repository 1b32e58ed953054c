//! Config keys that Kafka 4.3 does not have: valid only if an environment's rules allow them.

use crate::desired::declarations::environments::Chain;
use crate::desired::declarations::topics::Declarations;
use crate::desired::policy::rules::Rules;
use crate::desired::problems::Problems;
use crate::desired::reader::config_value::{ConfigValue, unknown_config};
use crate::desired::reader::field::Field;
use crate::desired::reader::settings::Settings;
use crate::desired::reader::values::Entries;
use crate::model::{ConfigKey, Globs, Place};

/// Reports keys of topics and profiles that no environment allows. Whether the environment that
/// uses them allows them is checked on resolution.
pub(in crate::desired) fn report(
    declarations: &Declarations,
    allowed: &[Globs],
    problems: &mut Problems,
) {
    let is_allowed = |key: &ConfigKey| allowed.iter().any(|globs| globs.matches(key.as_str()));
    for topic in declarations
        .entries
        .iter()
        .filter_map(|entry| entry.value.as_ref())
    {
        report_layers(&topic.settings, &topic.env, &is_allowed, problems);
    }
    for profile in declarations
        .profiles
        .values()
        .filter_map(|entry| entry.value.as_ref())
    {
        report_layers(&profile.settings, &profile.env, &is_allowed, problems);
    }
}

/// Reports keys in an environment's `[defaults]` that the environment does not allow.
pub(in crate::desired) fn report_defaults(
    chain: &Chain<'_>,
    rules: &Rules<'_>,
    problems: &mut Problems,
) {
    for (_, content) in &chain.files {
        if let Some(defaults) = content.defaults.value() {
            report_settings(&defaults.0.settings, &|key| rules.allows(key), problems);
        }
    }
}

fn report_layers(
    settings: &Settings,
    env: &Field<Entries<Settings>>,
    is_allowed: &dyn Fn(&ConfigKey) -> bool,
    problems: &mut Problems,
) {
    report_settings(settings, is_allowed, problems);
    let entries = env.value().map_or(&[][..], |entries| &entries.0);
    for settings in entries.iter().filter_map(|entry| entry.value.as_ref()) {
        report_settings(settings, is_allowed, problems);
    }
}

fn report_settings(
    settings: &Settings,
    is_allowed: &dyn Fn(&ConfigKey) -> bool,
    problems: &mut Problems,
) {
    let configs = settings
        .configs()
        .iter()
        .filter(|entry| entry.value != ConfigValue::Bad);
    let unknown = configs.filter(|entry| entry.key.spec().is_none());
    let unknown = unknown.map(|entry| (&entry.key, &entry.key_place));
    let unmanaged = settings
        .unmanaged
        .value()
        .map_or(&[][..], |list| &list.unknown);
    let unmanaged = unmanaged.iter().map(|(key, place)| (key, place));
    for (key, place) in unknown.chain(unmanaged).filter(|(key, _)| !is_allowed(key)) {
        let help = problems.wants_help();
        problems.add(unknown_config(key.as_str(), Place::clone(place), help));
    }
}
