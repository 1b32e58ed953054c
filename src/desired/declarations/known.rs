//! The names of environments and groups that files may refer to.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::desired::problems::Problems;
use crate::desired::reader::field::Field;
use crate::desired::reader::values::List;
use crate::desired::suggest::{self, shown};
use crate::model::{Finding, Place};

/// The valid names in `env.NAME` and `environments = [..]`.
#[derive(Debug, Default)]
pub(in crate::desired) struct KnownNames {
    /// Environments that are not abstract.
    pub(in crate::desired) environments: BTreeSet<Arc<str>>,
    /// Groups of environments.
    pub(in crate::desired) groups: BTreeSet<Arc<str>>,
    /// Abstract files, which others extend.
    pub(in crate::desired) abstracts: BTreeSet<Arc<str>>,
    /// Whether all environment files could be read: if not, any name may be a group.
    pub(in crate::desired) complete: bool,
}

impl KnownNames {
    /// Returns all names, environments and groups.
    pub(in crate::desired) fn all(&self) -> impl Iterator<Item = &str> + Clone {
        self.environments.union(&self.groups).map(|name| &**name)
    }

    /// Reports a name that is neither an environment nor a group.
    pub(in crate::desired) fn check(&self, name: &str, place: &Place, problems: &mut Problems) {
        if self.environments.contains(name) || self.groups.contains(name) {
            return;
        }
        let is_abstract = self.abstracts.contains(name);
        if !self.complete && !is_abstract {
            return;
        }
        let message = match is_abstract {
            true => format!("{} is abstract: it is no environment itself", shown(name)),
            false => format!("there is no environment or group {}", shown(name)),
        };
        let mut finding = Finding::error("unknown-environment", place.clone(), message);
        if problems.wants_help() {
            finding.help = suggest::help(name, "environments and groups", self.all());
        }
        problems.add(finding);
    }

    /// Reports the unknown names of a list, and an empty list.
    pub(in crate::desired) fn check_list(
        &self,
        list: &Field<List<String>>,
        what: &str,
        problems: &mut Problems,
    ) {
        let Some(list) = list.given() else {
            return;
        };
        if list.value.0.is_empty() {
            let message = format!("an empty list: {what} is for no environment");
            let finding = Finding::error("empty", list.place.clone(), message)
                .help("leave `environments` out to mean all of them");
            problems.add(finding);
        }
        for name in &list.value.0 {
            self.check(&name.value, &name.place, problems);
        }
    }
}
