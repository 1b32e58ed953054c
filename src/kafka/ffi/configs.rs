//! Configs out of librdkafka's answers. An answer about a thousand topics tells 33 configs of each,
//! nearly all of them the same: those are copied once.

use std::ffi::{CStr, c_char};
use std::sync::Arc;

use rdkafka_sys::bindings as sys;

use super::{listed, optional_text, raw, text};
use crate::kafka::types::{self, ConfigEntry, Configs, Synonym};
use crate::live::Source;
use crate::model::ConfigKey;

type Raw = *const sys::rd_kafka_ConfigEntry_t;

/// The entries of one answer, topic by topic.
#[derive(Default)]
pub(super) struct Entries {
    /// By place, the last one, if possible one that its topic does not hold itself: brokers tell the configs of all
    /// topics in one order.
    shared: Vec<Arc<ConfigEntry>>,
}

impl Entries {
    /// The configs of one topic.
    ///
    /// # Safety
    /// The answer is alive.
    pub unsafe fn read(&mut self, entries: &[Raw]) -> Configs {
        let read = |(at, &entry): (usize, &Raw)| unsafe { self.entry(at, entry) };
        let entries: Vec<Arc<ConfigEntry>> = entries.iter().enumerate().map(read).collect();
        Configs::from(entries)
    }

    unsafe fn entry(&mut self, at: usize, entry: Raw) -> Arc<ConfigEntry> {
        let before = self.shared.get(at);
        if let Some(before) = before.filter(|before| unsafe { is_same(before, entry) }) {
            return Arc::clone(before);
        }
        let key = before.map(|before| &before.key);
        let read = Arc::new(unsafe { copy(entry, key) });
        match self.shared.get_mut(at) {
            None => self.shared.push(Arc::clone(&read)),
            Some(place) if read.source != Source::Topic => *place = Arc::clone(&read),
            Some(_) => {}
        }
        read
    }
}

/// Whether a topic that does not hold this config itself has the same as another such topic.
unsafe fn is_same(before: &ConfigEntry, entry: Raw) -> bool {
    unsafe {
        before.source != Source::Topic
            && types::source(raw::rd_kafka_ConfigEntry_source(entry)) == before.source
            && equals(sys::rd_kafka_ConfigEntry_name(entry), before.key.as_str())
            && match &before.value {
                None => sys::rd_kafka_ConfigEntry_value(entry).is_null(),
                Some(value) => equals(sys::rd_kafka_ConfigEntry_value(entry), value),
            }
    }
}

unsafe fn equals(string: *const c_char, text: &str) -> bool {
    !string.is_null() && unsafe { CStr::from_ptr(string) }.to_bytes() == text.as_bytes()
}

/// Copies an entry; its key is taken from `key` where that is the same.
unsafe fn copy(entry: Raw, key: Option<&ConfigKey>) -> ConfigEntry {
    unsafe {
        let synonyms = listed(entry, sys::rd_kafka_ConfigEntry_synonyms).iter();
        let synonyms = synonyms.map(|&synonym| Synonym {
            name: text(sys::rd_kafka_ConfigEntry_name(synonym)),
            value: optional_text(sys::rd_kafka_ConfigEntry_value(synonym)),
            source: types::source(raw::rd_kafka_ConfigEntry_source(synonym)),
        });
        let name = sys::rd_kafka_ConfigEntry_name(entry);
        let key = key.filter(|key| equals(name, key.as_str())).cloned();
        ConfigEntry {
            key: key.unwrap_or_else(|| ConfigKey::new(text(name))),
            value: optional_text(sys::rd_kafka_ConfigEntry_value(entry)),
            source: types::source(raw::rd_kafka_ConfigEntry_source(entry)),
            sensitive: sys::rd_kafka_ConfigEntry_is_sensitive(entry) == 1,
            read_only: sys::rd_kafka_ConfigEntry_is_read_only(entry) == 1,
            synonyms: synonyms.collect(),
        }
    }
}
