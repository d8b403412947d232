//! How what this program would write differs from what Port's own integration wrote under the same stamp.

use serde::{Serialize, Serializer};

/// What a comparison with Port's integration found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerReport {
    /// Entities that Port's integration wrote, of the blueprints that the mapping feeds.
    pub entities: u64,
    /// Sorts of differences, those that nothing explains last.
    pub differences: Vec<PeerDifference>,
}

/// Differences of one sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerDifference {
    /// What differs, such as `alert: properties.url`.
    pub what: String,
    /// Why; none when nothing explains it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "row")]
    pub explanation: Option<Explanation>,
    /// How many entities differ so.
    pub count: u64,
    /// The first few, as `blueprint/identifier`.
    pub examples: Vec<String>,
}

/// Why this program writes something else than Port's integration. All but the last are rows of `docs/differences.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Explanation {
    /// More records than Port's integration lists.
    LongListing,
    /// A filter that it sends in words that Opsgenie does not know.
    Filter,
    /// It keeps the on-calls of one schedule only.
    Schedules,
    /// It never compares icons.
    Icon,
    /// It wrote the entity without title and properties.
    Retry,
    /// It does not read alerts whole.
    Details,
    /// It fails on a text that is no Unicode.
    Surrogate,
    /// It sends an identifier that the catalog does not accept.
    Identifier,
    /// It deletes by another rule.
    Deletion,
    /// It wrote nothing to the blueprint.
    Resources,
    /// The record was changed after its last pass: no difference of programs.
    Changed,
}

impl Explanation {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::LongListing,
        Self::Filter,
        Self::Schedules,
        Self::Icon,
        Self::Retry,
        Self::Details,
        Self::Surrogate,
        Self::Identifier,
        Self::Deletion,
        Self::Resources,
        Self::Changed,
    ];

    /// As the first column of `docs/differences.md` has it.
    pub fn row(self) -> &'static str {
        match self {
            Self::LongListing => "long listings",
            Self::Filter => "`apiQueryParams`",
            Self::Schedules => "several schedules of one team",
            Self::Icon => "`icon`",
            Self::Retry => "retry of rejected entities",
            Self::Details => "`description`, `details`, `entity`, `actions` of an alert",
            Self::Surrogate => "a lone surrogate in a text",
            Self::Identifier => "an identifier that the catalog cannot accept",
            Self::Deletion => "when stale entities go",
            Self::Resources => "default resources",
            Self::Changed => "changed since its last pass",
        }
    }
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn row<S: Serializer>(explanation: &Option<Explanation>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(explanation.map_or("", Explanation::row))
}

impl PeerReport {
    /// Whether something differs that nothing explains.
    pub fn is_puzzling(&self) -> bool {
        self.differences.iter().any(|difference| difference.explanation.is_none())
    }
}
