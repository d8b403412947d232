//! Where each setting came from.

use std::collections::BTreeMap;

use super::names::Setting;
use super::origin::Origin;

/// Where each setting came from. What is not in it has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance(BTreeMap<Setting, Origin>);

impl Provenance {
    /// Where a setting came from; none for a default.
    pub fn of(&self, setting: Setting) -> Option<&Origin> {
        self.0.get(&setting)
    }

    /// Each setting that was given.
    pub fn iter(&self) -> impl Iterator<Item = (Setting, &Origin)> {
        self.0.iter().map(|(setting, origin)| (*setting, origin))
    }

    pub(super) fn note(&mut self, setting: Setting, origin: Origin) {
        self.0.insert(setting, origin);
    }
}
