//! The topic that is being resolved, for findings about it.

use std::sync::Arc;

use super::problems::Problems;
use crate::model::{Finding, Layer, TopicName};

/// The topic that is being looked at.
pub(super) struct Subject<'a> {
    pub(super) environment: &'a Arc<str>,
    pub(super) name: TopicName,
    /// Whether the entry's name is the topic's, so that its place says which topic is meant.
    pub(super) is_plain: bool,
    /// Whether the name still has a lifecycle's parameters in it.
    pub(super) is_template: bool,
}

impl Subject<'_> {
    /// Reports something about this topic, at a place that belongs to a layer.
    pub(super) fn report(&self, layer: &Layer, finding: Finding, problems: &mut Problems) {
        let own = matches!(layer, Layer::Topic | Layer::TopicEnv(_));
        problems.add_in(self.environment, &self.name, own && self.is_plain, finding);
    }
}
