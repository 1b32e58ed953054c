//! The layers of a topic in an environment, in order.

use std::collections::HashMap;
use std::sync::Arc;

use crate::desired::declarations::environments::Chain;
use crate::desired::reader::field::{Field, Given};
use crate::desired::reader::settings::{Profile, Settings};
use crate::desired::reader::topics_file::TopicEntry;
use crate::desired::reader::values::{Entries, Entry, List};
use crate::model::Layer;

/// The names of one environment, in the order in which their layers apply: its groups, then its
/// own.
#[derive(Debug)]
pub(in crate::desired) struct Names(HashMap<Arc<str>, usize>);

impl Names {
    pub(in crate::desired) fn new(names: &[Arc<str>]) -> Self {
        let ranked = names.iter().enumerate().rev();
        Self(ranked.map(|(rank, name)| (name.clone(), rank)).collect())
    }

    fn rank(&self, name: &str) -> Option<usize> {
        self.0.get(name).copied()
    }

    /// Returns whether a list `environments = [..]` includes this environment.
    pub(in crate::desired) fn are_in(&self, environments: &Field<List<String>>) -> bool {
        match environments {
            Field::Absent => true,
            Field::Bad => false,
            Field::Given(list) => {
                let mut names = list.value.0.iter();
                names.any(|name| self.rank(&name.value).is_some())
            }
        }
    }
}

/// A layer and its settings.
pub(in crate::desired) type Layered<'a> = (Layer, &'a Settings);

/// Layers, lowest first.
#[derive(Debug)]
pub(in crate::desired) struct Layers<'a> {
    pub(in crate::desired) list: Vec<Layered<'a>>,
    /// Whether all of them could be read: if not, missing values are not reported.
    pub(in crate::desired) complete: bool,
}

impl<'a> Layers<'a> {
    fn values(&self) -> usize {
        self.list.iter().map(|(_, settings)| values(settings)).sum()
    }

    fn extend(&mut self, above: &Layers<'a>) {
        self.list.extend(above.list.iter().cloned());
        self.complete &= above.complete;
    }
}

/// The layers that the topics of one environment share.
#[derive(Debug)]
pub(in crate::desired) struct SharedLayers<'a> {
    pub(in crate::desired) names: Names,
    defaults: Layers<'a>,
    profiles: HashMap<&'a str, Layers<'a>>,
    /// The estimated number of values in each profile's layers.
    sizes: HashMap<&'a str, usize>,
}

impl<'a> SharedLayers<'a> {
    pub(in crate::desired) fn new(
        chain: &Chain<'a>,
        names: Names,
        profiles: impl Iterator<Item = &'a Entry<Profile>>,
    ) -> Self {
        let defaults = chain.files.iter().rev().filter_map(|(source, content)| {
            let defaults = content.defaults.value()?;
            Some((Layer::Defaults(source.name.clone()), &defaults.0.settings))
        });
        let is_bad = chain
            .files
            .iter()
            .any(|(_, content)| content.defaults.is_bad());
        let defaults = Layers {
            list: defaults.collect(),
            complete: !is_bad,
        };
        let of = |entry: &'a Entry<Profile>| {
            let profile = entry.value.as_ref()?;
            let mut layers = Layers {
                list: vec![(Layer::Profile(entry.name.clone()), &profile.settings)],
                complete: true,
            };
            let layer = |env| Layer::ProfileEnv(entry.name.clone(), env);
            layers.extend(&env_layers(&names, &profile.env, layer));
            Some((&*entry.name, layers))
        };
        let profiles: HashMap<&str, Layers<'a>> = profiles.filter_map(of).collect();
        let sizes = profiles
            .iter()
            .map(|(name, layers)| (*name, layers.values()));
        Self {
            sizes: sizes.collect(),
            names,
            defaults,
            profiles,
        }
    }

    /// Returns the estimated number of values in a topic's layers, in time independent of that
    /// number.
    pub(in crate::desired) fn values_of(&self, topic: &TopicEntry) -> usize {
        let profiles = topic.profile.value().map_or(&[][..], |names| &names.0);
        let of_profile = |name: &Given<String>| {
            self.sizes
                .get(name.value.as_str())
                .copied()
                .unwrap_or_default()
        };
        let env = topic.env.value().map_or(&[][..], |entries| &entries.0);
        let own =
            std::iter::once(&topic.settings).chain(env.iter().filter_map(|e| e.value.as_ref()));
        self.defaults.values()
            + profiles.iter().map(of_profile).sum::<usize>()
            + own.map(values).sum::<usize>()
    }

    /// Returns the layers of `[defaults]`.
    pub(in crate::desired) fn defaults(&self) -> &Layers<'a> {
        &self.defaults
    }

    /// Returns all layers of a topic.
    pub(in crate::desired) fn of(&self, topic: &'a TopicEntry) -> Layers<'a> {
        let mut layers = Layers {
            list: self.defaults.list.clone(),
            complete: self.defaults.complete && !topic.profile.is_bad(),
        };
        for name in topic.profile.value().map_or(&[][..], |names| &names.0) {
            match self.profiles.get(name.value.as_str()) {
                Some(profile) => layers.extend(profile),
                None => layers.complete = false,
            }
        }
        layers.list.push((Layer::Topic, &topic.settings));
        layers.extend(&env_layers(&self.names, &topic.env, Layer::TopicEnv));
        layers
    }
}

/// Returns the estimated number of values in a layer.
fn values(settings: &Settings) -> usize {
    let unmanaged = settings.unmanaged.value();
    2 + settings.configs().len() + unmanaged.map_or(0, |list| list.what.config.len())
}

/// Returns the `env.NAME` layers of an environment, in the order of its names.
fn env_layers<'a>(
    names: &Names,
    env: &'a Field<Entries<Settings>>,
    layer: impl Fn(Arc<str>) -> Layer,
) -> Layers<'a> {
    let entries = env.value().map_or(&[][..], |entries| &entries.0);
    let mut ranked: Vec<(usize, &Entry<Settings>)> = entries
        .iter()
        .filter_map(|entry| Some((names.rank(&entry.name)?, entry)))
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    Layers {
        complete: !env.is_bad() && ranked.iter().all(|(_, entry)| entry.value.is_some()),
        list: ranked
            .into_iter()
            .filter_map(|(_, entry)| Some((layer(entry.name.clone()), entry.value.as_ref()?)))
            .collect(),
    }
}
