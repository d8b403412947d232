//! What a plan found: what a pass would do, per blueprint and entity.

use serde::Serialize;
use serde_json::Value;

use super::peer::PeerReport;

/// What a pass would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanReport {
    /// What the set-up of a first pass would do, a sentence each.
    pub set_up: Vec<String>,
    /// Per blueprint, in the order of their names.
    pub blueprints: Vec<BlueprintPlan>,
    /// What is joined to records, and why.
    pub lookups: Vec<LookupReport>,
    /// How it differs from what Port's integration wrote; none where that was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerReport>,
    /// How much of it a person is shown.
    #[serde(skip)]
    pub detail: Detail,
}

/// How much of a plan a person is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// The first few steps of each sort and blueprint.
    #[default]
    Samples,
    /// Every step, with old and new values.
    Whole,
}

/// What would be done in one blueprint.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlueprintPlan {
    /// Which blueprint.
    pub blueprint: String,
    /// Entities that are not in the catalog.
    pub create: u64,
    /// Entities that differ, and those that the catalog is to find by a search.
    pub update: u64,
    /// Entities that are already as mapped.
    pub unchanged: u64,
    /// Entities that would go.
    pub delete: u64,
    /// Entities that could not be sent.
    pub blocked: u64,
    /// The steps, all of them or the first few of each sort: by sort, then by identifier.
    pub steps: Vec<StepReport>,
}

impl BlueprintPlan {
    /// A blueprint in which nothing is to be done.
    pub fn new(blueprint: &str) -> Self {
        let (create, update, unchanged, delete, blocked) = (0, 0, 0, 0, 0);
        let steps = Vec::new();
        Self { blueprint: blueprint.to_owned(), create, update, unchanged, delete, blocked, steps }
    }

    /// Entities about which something would be done.
    pub fn to_do(&self) -> u64 {
        self.create + self.update + self.delete
    }
}

/// What would be done about one entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// What.
    pub step: StepName,
    /// The entity's identifier; for one that is found by a search, the search as JSON.
    pub identifier: String,
    /// The kind of its record; none for a deletion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// Its title, where one is mapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<Value>,
    /// Of an update: the fields that differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeReport>,
    /// Why it would not be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepName {
    /// The entity is not in the catalog.
    Create,
    /// It differs.
    Update,
    /// The catalog is to find it by a search.
    Send,
    /// It would go.
    Delete,
    /// It could not be sent.
    Blocked,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeReport {
    /// Which field, such as `properties.url`.
    pub field: String,
    /// As it is in the catalog; null where it is not.
    pub old: Value,
    /// As it would be.
    pub new: Value,
}

/// Something that may be joined to records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LookupReport {
    /// The field under which mappings find it.
    pub lookup: &'static str,
    /// The kind whose records carry it.
    pub kind: &'static str,
    /// The expressions that may read it; none: it is not fetched.
    pub read_by: Vec<String>,
}

impl std::fmt::Display for LookupReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&super::plan_text::lookup(self))
    }
}

impl PlanReport {
    /// Whether a pass would change anything.
    pub fn finds_something(&self) -> bool {
        !self.set_up.is_empty() || self.blueprints.iter().any(|plan| plan.to_do() > 0)
    }
}
