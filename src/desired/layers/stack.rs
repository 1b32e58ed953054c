//! The declarations of a topic's layers: for each setting a stack of values, lowest layer first.
//! The top is effective; `show` prints the whole stack.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::order::Layers;
use crate::desired::reader::config_table::ConfigEntry;
use crate::desired::reader::config_value::ConfigValue;
use crate::desired::reader::field::{Field, Given};
use crate::desired::reader::settings::{Settings, UnmanagedList};
use crate::desired::reader::values::{Bounded, PartitionCount, ReplicaCount};
use crate::model::{Layer, OnRemove, Place, Setting};

/// The declarations of several layers.
#[derive(Debug)]
pub(in crate::desired) struct Stacks<'l> {
    pub(in crate::desired) partitions: Stack<'l, PartitionCount>,
    pub(in crate::desired) replication_factor: Stack<'l, ReplicaCount>,
    pub(in crate::desired) on_remove: Stack<'l, OnRemove>,
    pub(in crate::desired) unmanaged: Stack<'l, UnmanagedList>,
    /// By key, then lowest layer first.
    configs: Vec<(&'l Layer, &'l ConfigEntry)>,
    /// Whether `config` could be read in every layer.
    pub(in crate::desired) configs_are_complete: bool,
}

/// The values of one setting, lowest layer first. `None` is an invalid value, which has been
/// reported.
#[derive(Debug)]
pub(in crate::desired) struct Stack<'l, T>(Vec<(&'l Layer, Option<&'l Given<T>>)>);

impl<T> Default for Stack<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'l, T> Stack<'l, T> {
    fn push(&mut self, layer: &'l Layer, field: &'l Field<T>) {
        if !field.is_absent() {
            self.0.push((layer, field.given()));
        }
    }

    /// Returns the value of the highest layer that sets one; the inner `None` is an invalid value.
    pub(in crate::desired) fn top(&self) -> Option<(&'l Layer, Option<&'l Given<T>>)> {
        self.0.last().copied()
    }

    /// Returns the effective value, if valid.
    pub(in crate::desired) fn value(&self) -> Option<&'l T> {
        let (_, given) = self.top()?;
        given.map(|given| &given.value)
    }

    fn shown(&self, setting: Setting, text: impl Fn(&T) -> String) -> SettingStack {
        let given = |(layer, given): &(&Layer, Option<&Given<T>>)| {
            let given = (*given)?;
            Some(LayerValue::new(
                layer,
                Some(text(&given.value)),
                &given.place,
            ))
        };
        SettingStack {
            setting,
            values: self.0.iter().filter_map(given).collect(),
        }
    }
}

impl<'l> Stacks<'l> {
    pub(in crate::desired) fn new(layers: &'l Layers<'_>) -> Self {
        let mut stacks = Self {
            partitions: Stack::default(),
            replication_factor: Stack::default(),
            on_remove: Stack::default(),
            unmanaged: Stack::default(),
            configs: Vec::new(),
            configs_are_complete: true,
        };
        for (layer, settings) in &layers.list {
            let Settings {
                partitions,
                replication_factor,
                // It is among the configs.
                min_insync_replicas: _,
                config,
                on_remove,
                unmanaged,
            } = settings;
            stacks.partitions.push(layer, partitions);
            stacks.replication_factor.push(layer, replication_factor);
            stacks.on_remove.push(layer, on_remove);
            stacks.unmanaged.push(layer, unmanaged);
            stacks.configs_are_complete &= !config.is_bad();
            let entries = settings.configs().iter();
            stacks.configs.extend(entries.map(|entry| (layer, entry)));
        }
        stacks.configs.sort_by(|(_, a), (_, b)| a.key.cmp(&b.key));
        stacks
    }

    /// Iterates over the stacks of all configs, by key. No stack is empty.
    fn configs(&self) -> impl Iterator<Item = &[(&'l Layer, &'l ConfigEntry)]> {
        self.configs.chunk_by(|(_, a), (_, b)| a.key == b.key)
    }

    /// Iterates over the effective configs, by key.
    pub(in crate::desired) fn top_configs(
        &self,
    ) -> impl Iterator<Item = (&'l Layer, &'l ConfigEntry)> {
        self.configs().filter_map(|stack| stack.last().copied())
    }

    /// Returns every setting that a layer declares, for display.
    pub(in crate::desired) fn shown(&self) -> Vec<SettingStack> {
        let config = |stack: &[(&Layer, &ConfigEntry)]| {
            let value = |(layer, entry): &(&Layer, &ConfigEntry)| {
                let value = match &entry.value {
                    ConfigValue::Bad => return None,
                    ConfigValue::Default => None,
                    ConfigValue::Set(value) => Some(value.to_string()),
                };
                Some(LayerValue::new(layer, value, &entry.place))
            };
            let (_, first) = stack.first()?;
            Some(SettingStack {
                setting: Setting::Config(first.key.clone()),
                values: stack.iter().filter_map(value).collect(),
            })
        };
        let word = |on_remove: &OnRemove| on_remove.as_str().to_owned();
        let mut all = vec![
            self.partitions.shown(Setting::Partitions, number),
            self.replication_factor
                .shown(Setting::ReplicationFactor, number),
        ];
        all.extend(self.configs().filter_map(config));
        all.push(self.on_remove.shown(Setting::OnRemove, word));
        all.push(
            self.unmanaged
                .shown(Setting::Unmanaged, |list| list.what.to_string()),
        );
        all.retain(|stack| !stack.values.is_empty());
        all
    }
}

fn number<const MIN: u32, const MAX: u32>(number: &Bounded<MIN, MAX>) -> String {
    number.0.to_string()
}

/// A setting with the value of every layer that declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingStack {
    /// The setting.
    pub setting: Setting,
    /// The values, lowest layer first.
    pub values: Vec<LayerValue>,
}

impl SettingStack {
    /// Returns the effective value; `None` if the top is `"default"`, which undoes the declaration.
    pub fn value(&self) -> Option<&str> {
        self.values.last()?.value.as_deref()
    }
}

/// The value of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerValue {
    /// The value as Kafka stores it; `None` for `"default"`, which undoes the declaration.
    pub value: Option<String>,
    /// The layer that sets it.
    pub layer: Layer,
    /// The place of the declaration.
    pub place: Place,
    /// The variables in the value.
    pub variables: Vec<FromVariable>,
}

impl LayerValue {
    pub(in crate::desired) fn new(layer: &Layer, value: Option<String>, place: &Place) -> Self {
        Self {
            value,
            layer: layer.clone(),
            place: place.clone(),
            variables: Vec::new(),
        }
    }
}

/// A variable in a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FromVariable {
    /// Its name.
    pub name: String,
    /// Whether the process environment sets it; else the file's own default counts.
    #[serde(rename = "set")]
    pub is_set: bool,
}
