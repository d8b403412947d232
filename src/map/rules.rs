//! The compiled mapping.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Tally;
use super::items::Split;
use super::patience::Patience;
use super::project::{self, Shape};
use crate::jq::{Environment, Program};
use crate::model::{BlueprintId, EntityId, Filter, Kind, Lookup, Mapped, Record, RecordId, RuleId};
use crate::value::Reach;

/// One expression of a mapping, by its position among all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub(super) usize);

/// A compiled expression and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) field: FieldId,
    pub(super) program: Program,
    pub(super) patience: Patience,
}

/// What a field is computed from: an expression, or an object or list whose leaves are expressions.
#[derive(Clone, Debug)]
pub(super) enum Compiled {
    Expression(Expression),
    Object(Vec<(Arc<str>, Compiled)>),
    List(Vec<Compiled>),
}

impl Compiled {
    /// The first expression for which this is so.
    pub(super) fn find(&self, is_so: &impl Fn(&Expression) -> bool) -> Option<&Expression> {
        match self {
            Self::Expression(expression) => is_so(expression).then_some(expression),
            Self::Object(pairs) => pairs.iter().find_map(|(_, value)| value.find(is_so)),
            Self::List(items) => items.iter().find_map(|item| item.find(is_so)),
        }
    }

    pub(super) fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Expression(expression) => vec![expression],
            Self::Object(pairs) => pairs.iter().flat_map(|(_, value)| value.expressions()).collect(),
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
        }
    }
}

/// Whether teams come with `__members`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Members {
    /// They do.
    Joined,
    /// They do not.
    Left,
}

/// Whether alerts come with what their listing leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Details {
    /// They do: each is read.
    Read,
    /// They do not.
    Left,
}

/// Whether schedules come with their rotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotations {
    /// They do.
    Expanded,
    /// They do not.
    Left,
}

/// The blueprints that a rule may write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blueprints {
    /// Always this one.
    Constant(BlueprintId),
    /// Worked out per record: it may be any.
    Dynamic,
}

/// One compiled mapping of one resource: from records of a kind to entities.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its position among all mappings.
    pub id: RuleId,
    /// The position of its resource in the file, from 0.
    pub resource: usize,
    /// The kind it maps.
    pub kind: Kind,
    /// The blueprints it may write.
    pub blueprints: Blueprints,
    /// Whether its teams come with `__members`: `selector.includeMembers`.
    pub members: Members,
    /// Whether its alerts come whole: `selector.includeDetails`.
    pub details: Details,
    /// Whether its schedules come with their rotations: `selector.apiQueryParams.expand`.
    pub rotations: Rotations,
    pub(super) filter: Option<Filter>,
    pub(super) selector: Expression,
    pub(super) items: Option<(Expression, Split)>,
    pub(super) shape: Shape,
}

impl Rule {
    fn expressions(&self) -> Vec<&Expression> {
        let items = self.items.as_ref().map(|(expression, _)| expression);
        std::iter::once(&self.selector).chain(items).chain(self.shape.expressions()).collect()
    }

    /// What it asks of the source: `selector.apiQueryParams`; none when it takes all records of its kind.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// The record that an entity of this rule must come from, where the identifier alone tells it: it is the record's id.
    pub fn record_of(&self, identifier: &EntityId) -> Option<RecordId> {
        let Compiled::Expression(expression) = &self.shape.identifier else { return None };
        let plain = self.items.is_none() && expression.program.source().trim() == ".id";
        plain.then(|| RecordId::new(identifier.as_str()).ok()).flatten()
    }

    /// Whether its entities name themselves by a search.
    pub fn searches(&self) -> bool {
        self.shape.searches()
    }

    /// Whether it maps `title`, `icon`, `team`; and the names of its properties and relations.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }
}

/// Every rule of a mapping, in the order of the file.
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) all: Vec<Rule>,
    /// Per field: its rule and its name, such as `properties.url`.
    pub(super) fields: Vec<(RuleId, String, String)>,
    pub(super) environment: Environment,
}

impl Rules {
    /// All rules, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.all.iter()
    }

    /// A rule by its id.
    pub fn rule(&self, id: RuleId) -> &Rule {
        &self.all[id.0]
    }

    /// The kinds that the mapping names.
    pub fn kinds(&self) -> BTreeSet<Kind> {
        self.all.iter().map(|rule| rule.kind).collect()
    }

    /// The rule, the name and the text of an expression.
    pub fn field(&self, field: FieldId) -> (&Rule, &str, &str) {
        let (rule, name, text) = &self.fields[field.0];
        (self.rule(*rule), name, text)
    }

    /// The names of the fields of these rules.
    pub fn fields_of(&self, rules: &[RuleId]) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(|(rule, _, _)| rules.contains(rule)).map(|(_, name, _)| name.as_str())
    }

    /// The lookups that some expression may read, and how much of each: the others need not be fetched.
    pub fn needs(&self) -> BTreeMap<Lookup, Reach> {
        let need = |lookup: Lookup| {
            let reaches = self.reading(lookup).map(|expression| expression.program.reach());
            let below =
                reaches.flat_map(|reach| lookup.fields().iter().filter_map(|field| reach.below(field)));
            Some((lookup, below.reduce(Reach::or)?))
        };
        Lookup::ALL.into_iter().filter_map(need).collect()
    }

    /// How much of the records of each mapped kind some expression may read.
    pub fn reads(&self) -> BTreeMap<Kind, Reach> {
        let mut reads: BTreeMap<Kind, Reach> = BTreeMap::new();
        for rule in &self.all {
            let read = reads.entry(rule.kind).or_default();
            rule.expressions().into_iter().for_each(|e| read.add(e.program.reach().clone()));
        }
        reads
    }

    /// The expressions that may read a lookup.
    pub fn readers(&self, lookup: Lookup) -> impl Iterator<Item = FieldId> {
        self.reading(lookup).map(|e| e.field)
    }

    fn reading(&self, lookup: Lookup) -> impl Iterator<Item = &Expression> {
        let wants = move |rule: &&Rule| match lookup {
            Lookup::Members => rule.members == Members::Joined,
            Lookup::Details => rule.details == Details::Read,
            _ => true,
        };
        let reads = move |e: &&Expression| lookup.fields().iter().any(|field| e.program.reach().reads(field));
        let rules = self.all.iter().filter(move |rule| rule.kind == lookup.kind()).filter(wants);
        rules.flat_map(move |rule| rule.expressions().into_iter().filter(reads))
    }

    /// Whether some of these rules may take a record to which not everything is joined yet. `missing` is what lacks: a
    /// selector that may read any of it may take the record.
    pub fn may_take(&self, record: &Record, missing: &[Lookup], rules: &[RuleId]) -> bool {
        let engine = project::Engine { environment: &self.environment, record, missing };
        let mut tally = Tally::default();
        // A selector of items needs the items.
        rules.iter().map(|id| self.rule(*id)).any(|rule| {
            rule.items.is_some() || engine.selected(rule, &record.body, &mut tally) != Some(false)
        })
    }

    /// The entities of one record, by these rules of its kind. `missing` are the lookups that failed for it: fields that
    /// may read them are left out.
    pub fn apply(
        &self,
        record: &Record,
        missing: &[Lookup],
        rules: &[RuleId],
        tally: &mut Tally,
        out: &mut Vec<Mapped>,
    ) {
        for rule in rules.iter().map(|id| self.rule(*id)) {
            let engine = project::Engine { environment: &self.environment, record, missing };
            match &rule.items {
                None => engine.item(rule, &record.body, tally, out),
                Some((list, split)) => match engine.list(list, &record.body, tally) {
                    Some(elements) => {
                        for item in split.items(&record.body, &elements) {
                            engine.item(rule, &item, tally, out);
                        }
                    }
                    None => tally.unselected += 1,
                },
            }
        }
    }
}
