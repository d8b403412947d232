//! The mapping: which records become which entities. Expressions are texts here, each with its place; they are compiled
//! later.
//!
//! The grammar is Port's (<https://docs.port.io/build-your-software-catalog/customize-integrations/configure-mapping/>).

mod fault;
pub(super) mod locate;
pub(super) mod node;
mod read;
mod schema;
mod selector;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use fault::{MappingFault, MappingFaults, MappingProblem};
pub use read::Reading;
pub(super) use read::defaults;
pub use schema::schema;

use super::place::Place;
use crate::model::Kind;

/// A mapping, read and not compiled yet.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingFile {
    /// `deleteDependentEntities` (default true): a deletion takes along what depends on the entity.
    pub delete_dependent_entities: bool,
    /// `createMissingRelatedEntities` (default true): a relation to an entity that is missing creates it, bare.
    pub create_missing_related_entities: bool,
    /// `enableMergeEntity` (default true): fields that are not mapped stay as they are.
    pub enable_merge_entity: bool,
    /// `entityDeletionThreshold` (default 0.9), from 0 to 1: the part of the entities held that may be deleted at once.
    pub entity_deletion_threshold: f64,
    /// `resources`, in file order.
    pub resources: Vec<Resource>,
}

/// One entry of `resources`: the records of a kind, and the entities made from each.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    /// `kind`.
    pub kind: Kind,
    /// `selector`.
    pub selector: Selector,
    /// `port.itemsToParse`: a list in the record; each element makes entities of its own.
    pub items: Option<Items>,
    /// `port.entity.mappings`: one, or a list.
    pub mappings: Vec<EntityMapping>,
    /// Where it begins.
    pub place: Place,
}

/// `port.itemsToParse` and what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Items {
    /// `itemsToParse`: gives the list.
    pub list: Expr,
    /// `itemsToParseName` (default `item`): the key under which an element is found.
    pub name: String,
    /// `itemsToParseTopLevelTransform` (default true): whether the list is taken out of the record.
    pub top_level_transform: TopLevelTransform,
}

/// What becomes of the record that holds a list of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopLevelTransform {
    /// The list is taken out of the copy that goes with each element.
    TakeOut,
    /// The record stays whole.
    KeepWhole,
}

/// `selector`: which records count, and what is asked of the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Selector {
    /// `query`: true for the records that count.
    pub query: Expr,
    /// `includeMembers` (default false; teams): whether `__members` is joined.
    pub include_members: bool,
    /// `includeDetails` (default false; alerts): whether each is read whole, with what the listing leaves out.
    pub include_details: bool,
    /// `apiQueryParams.expand: rotation` (schedules): whether rotations come along.
    pub expand_rotation: bool,
    /// `apiQueryParams` (alerts and incidents): a filter that the source applies.
    pub api_query: Option<ApiQuery>,
}

/// A filter that the source applies, as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiQuery {
    /// Its fields, in file order.
    pub fields: Vec<ApiQueryField>,
    /// Where it stands.
    pub place: Place,
}

/// One field of a filter that the source applies.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiQueryField {
    /// Its name.
    pub name: String,
    /// Its value, unchecked.
    pub value: serde_json::Value,
    /// Where its name stands.
    pub name_place: Place,
    /// Where its value stands.
    pub value_place: Place,
}

/// `port.entity.mappings`: the fields of an entity, each an expression over the record.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityMapping {
    /// `identifier`: an expression, or a search for an existing entity.
    pub identifier: Template,
    /// `blueprint`.
    pub blueprint: Expr,
    /// `title`.
    pub title: Option<Template>,
    /// `icon`.
    pub icon: Option<Template>,
    /// `team`: an expression, or a search.
    pub team: Option<Template>,
    /// `properties`, in file order.
    pub properties: Option<Vec<(String, Template)>>,
    /// `relations`, in file order.
    pub relations: Option<Vec<(String, Template)>>,
    /// Where it begins.
    pub place: Place,
}

/// A value whose leaves are expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// One expression.
    Expr(Expr),
    /// An object, such as a search, in file order.
    Object(Vec<(String, Template)>),
    /// A list.
    List(Vec<Template>),
}

impl Template {
    /// Every expression in it, in file order.
    pub fn expressions(&self) -> Vec<&Expr> {
        match self {
            Self::Expr(expr) => vec![expr],
            Self::Object(entries) => entries.iter().flat_map(|(_, below)| below.expressions()).collect(),
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
        }
    }
}

/// A jq expression as it is written, without quotes and indentation, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// The expression.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl Selector {
    /// Every record for which `query` is true.
    fn of(query: Expr) -> Self {
        Self {
            query,
            include_members: false,
            include_details: false,
            expand_rotation: false,
            api_query: None,
        }
    }
}

impl Expr {
    /// What stands in for an expression that is at fault.
    fn stand_in(text: &str, place: &Place) -> Self {
        Self { text: text.to_owned(), place: place.clone() }
    }

    /// The place of a part of the expression; `part` counts bytes of [`Expr::text`].
    pub fn part(&self, part: Range<usize>) -> Place {
        self.place.part(&self.text, part)
    }
}
