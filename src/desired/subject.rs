//! The topic being resolved, for findings about it.

use std::sync::Arc;

use super::problems::Problems;
use crate::model::{Finding, Layer, TopicName};

/// The topic being resolved.
pub(super) struct Subject<'a> {
    pub(super) environment: &'a Arc<str>,
    pub(super) name: TopicName,
    /// Whether the entry's name is the topic's, so that its place identifies the topic.
    pub(super) is_plain: bool,
    /// Whether the name still contains a lifecycle's parameters.
    pub(super) is_template: bool,
}

impl Subject<'_> {
    /// Reports a finding about this topic, at a place that belongs to a layer.
    pub(super) fn report(&self, layer: &Layer, finding: Finding, problems: &mut Problems) {
        let own = matches!(layer, Layer::Topic | Layer::TopicEnv(_));
        problems.add_in(self.environment, &self.name, own && self.is_plain, finding);
    }
}
