//! The resources that come with the program, embedded in it.

use std::fmt;

/// A set of blueprints and the mapping that feeds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Services, alerts and incidents with the lookups `__team`, `__oncalls`, `__incidents`, `__impactedServices` and
    /// `__relatedIncident`.
    Classic,
    /// The seven kinds of today's integration.
    Full,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 2] = [Self::Classic, Self::Full];

    /// The name in settings and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Full => "full",
        }
    }

    /// What messages call the file of its mapping.
    pub(super) fn mapping_name(self) -> String {
        format!("mappings/{}.yaml", self.name())
    }

    /// The text of its mapping, as YAML.
    pub fn mapping(self) -> &'static str {
        match self {
            Self::Classic => include_str!("../../mappings/classic.yaml"),
            Self::Full => include_str!("../../mappings/full.yaml"),
        }
    }

    /// The texts of its blueprints, targets before those that point at them.
    pub(super) fn blueprints(self) -> &'static [&'static str] {
        match self {
            Self::Classic => &[
                include_str!("../../blueprints/classic/opsGenieService.json"),
                include_str!("../../blueprints/classic/opsGenieIncident.json"),
                include_str!("../../blueprints/classic/opsGenieAlert.json"),
            ],
            Self::Full => &[
                include_str!("../../blueprints/full/opsGenieUser.json"),
                include_str!("../../blueprints/full/opsGenieTeam.json"),
                include_str!("../../blueprints/full/opsGenieSchedule.json"),
                include_str!("../../blueprints/full/opsGenieService.json"),
                include_str!("../../blueprints/full/opsGenieIncident.json"),
                include_str!("../../blueprints/full/opsGenieAlert.json"),
            ],
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
