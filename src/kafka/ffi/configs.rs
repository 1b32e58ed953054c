//! Configs from librdkafka's responses. A response about a thousand topics contains 33 configs of
//! each, nearly all of them equal; equal entries are shared.

use std::ffi::{CStr, c_char};
use std::sync::Arc;

use rdkafka_sys::bindings as sys;

use super::{listed, optional_text, raw, text};
use crate::kafka::types::{self, ConfigEntry, Configs, Synonym};
use crate::live::ConfigSource;
use crate::model::ConfigKey;

type Raw = *const sys::rd_kafka_ConfigEntry_t;

/// The entries of one response, topic by topic.
#[derive(Default)]
pub(super) struct Entries {
    /// The configs of the previous topic.
    before: Configs,
    /// By position, the last entry that was set on its topic and the last one that was not: brokers
    /// return the configs of all topics in the same order.
    last: Vec<[Option<Arc<ConfigEntry>>; 2]>,
}

impl Entries {
    /// Reads the configs of one topic.
    ///
    /// # Safety
    /// The response is alive.
    pub unsafe fn read(&mut self, entries: &[Raw]) -> Configs {
        let read = |(at, &entry): (usize, &Raw)| unsafe { self.entry(at, entry) };
        let entries: Vec<Arc<ConfigEntry>> = entries.iter().enumerate().map(read).collect();
        if !self.before.are(&entries) {
            self.before = Configs::from(entries);
        }
        self.before.clone()
    }

    unsafe fn entry(&mut self, at: usize, entry: Raw) -> Arc<ConfigEntry> {
        if at >= self.last.len() {
            self.last.resize_with(at + 1, Default::default);
        }
        let source = types::source(unsafe { raw::rd_kafka_ConfigEntry_source(entry) });
        let last = &mut self.last[at][usize::from(source == ConfigSource::Topic)];
        if let Some(last) = last.as_ref().filter(|last| unsafe { is_same(last, entry) }) {
            return Arc::clone(last);
        }
        let read = Arc::new(unsafe { copy(entry, source) });
        *last = Some(Arc::clone(&read));
        read
    }
}

/// Returns whether an entry equals a previous one. Synonyms are compared only for configs set on
/// the topic: for other configs, they follow from value and source.
unsafe fn is_same(before: &ConfigEntry, entry: Raw) -> bool {
    unsafe {
        let source = types::source(raw::rd_kafka_ConfigEntry_source(entry));
        before.source == source
            && equals(sys::rd_kafka_ConfigEntry_name(entry), before.key.as_str())
            && has_value(entry, before.value.as_deref())
            && (source != ConfigSource::Topic || {
                let synonyms = listed(entry, sys::rd_kafka_ConfigEntry_synonyms);
                let mut pairs = before.synonyms.iter().zip(synonyms);
                synonyms.len() == before.synonyms.len()
                    && pairs.all(|(before, &synonym)| is_same_synonym(before, synonym))
            })
    }
}

unsafe fn is_same_synonym(before: &Synonym, synonym: Raw) -> bool {
    unsafe {
        types::source(raw::rd_kafka_ConfigEntry_source(synonym)) == before.source
            && equals(sys::rd_kafka_ConfigEntry_name(synonym), &before.name)
            && has_value(synonym, before.value.as_deref())
    }
}

unsafe fn has_value(entry: Raw, value: Option<&str>) -> bool {
    let held = unsafe { sys::rd_kafka_ConfigEntry_value(entry) };
    match value {
        None => held.is_null(),
        Some(value) => unsafe { equals(held, value) },
    }
}

unsafe fn equals(string: *const c_char, text: &str) -> bool {
    !string.is_null() && unsafe { CStr::from_ptr(string) }.to_bytes() == text.as_bytes()
}

unsafe fn copy(entry: Raw, source: ConfigSource) -> ConfigEntry {
    unsafe {
        let synonyms = listed(entry, sys::rd_kafka_ConfigEntry_synonyms).iter();
        let synonyms = synonyms.map(|&synonym| Synonym {
            name: text(sys::rd_kafka_ConfigEntry_name(synonym)),
            value: optional_text(sys::rd_kafka_ConfigEntry_value(synonym)),
            source: types::source(raw::rd_kafka_ConfigEntry_source(synonym)),
        });
        ConfigEntry {
            key: ConfigKey::new(text(sys::rd_kafka_ConfigEntry_name(entry))),
            value: optional_text(sys::rd_kafka_ConfigEntry_value(entry)),
            source,
            sensitive: sys::rd_kafka_ConfigEntry_is_sensitive(entry) == 1,
            read_only: sys::rd_kafka_ConfigEntry_is_read_only(entry) == 1,
            synonyms: synonyms.collect(),
        }
    }
}
