//! The resources that come with the program.

/// A set of blueprints and the mapping that feeds them, embedded in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Services, alerts and incidents with the lookups `__team`, `__oncalls`, `__incidents`, `__impactedServices` and
    /// `__relatedIncident`.
    Classic,
    /// The seven kinds of today's integration.
    Full,
}
