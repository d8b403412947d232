//! Which fields of which blueprint the mapping governs, grouped by the rules that map them.

use std::collections::{BTreeMap, BTreeSet};

use super::unite::Repeats;
use crate::model::{BlueprintId, Field, Kind, RuleId};

/// Which blueprint a rule feeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// This one: its expression is a literal.
    Fixed(BlueprintId),
    /// Whatever its expression gives: counts as feeding every blueprint.
    Dynamic,
}

/// What planning needs to know of one mapping of one resource.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its place in the file.
    pub id: RuleId,
    /// The kind it maps.
    pub kind: Kind,
    /// Where its entities go.
    pub target: Target,
    /// Which fields it maps.
    pub fields: BTreeSet<Field>,
    /// What becomes of several entities of one key that it makes.
    pub repeats: Repeats,
}

/// The place of a group within its blueprint's [`Layout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub usize);

/// Fields that the same rules map: an entity has all of them or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The rules.
    pub rules: BTreeSet<RuleId>,
    /// The fields.
    pub fields: BTreeSet<Field>,
}

/// What the mapping governs in one blueprint.
#[derive(Clone, Debug)]
pub struct Layout {
    blueprint: BlueprintId,
    groups: Vec<Group>,
    by_field: BTreeMap<Field, GroupId>,
    kinds: BTreeSet<Kind>,
    uniting: BTreeSet<RuleId>,
}

impl Layout {
    /// What `rules` govern in `blueprint`; dynamic rules count.
    pub fn new(blueprint: BlueprintId, rules: &[Rule]) -> Self {
        let mut mapped_by: BTreeMap<Field, BTreeSet<RuleId>> = BTreeMap::new();
        let mut kinds = BTreeSet::new();
        let mut uniting = BTreeSet::new();
        for rule in rules {
            let feeds = match &rule.target {
                Target::Fixed(target) => *target == blueprint,
                Target::Dynamic => true,
            };
            if feeds {
                kinds.insert(rule.kind);
                if rule.repeats == Repeats::Unite {
                    uniting.insert(rule.id);
                }
                for field in &rule.fields {
                    mapped_by.entry(field.clone()).or_default().insert(rule.id);
                }
            }
        }
        let mut fields_of: BTreeMap<BTreeSet<RuleId>, BTreeSet<Field>> = BTreeMap::new();
        for (field, rules) in mapped_by {
            fields_of.entry(rules).or_default().insert(field);
        }
        let groups: Vec<Group> =
            fields_of.into_iter().map(|(rules, fields)| Group { rules, fields }).collect();
        let by_field = groups
            .iter()
            .enumerate()
            .flat_map(|(index, group)| group.fields.iter().map(move |field| (field.clone(), GroupId(index))))
            .collect();
        Self { blueprint, groups, by_field, kinds, uniting }
    }

    /// The same fields, each a group of its own.
    pub(super) fn field_by_field(&self) -> Self {
        let group = |(field, group): (&Field, &GroupId)| Group {
            rules: self.groups[group.0].rules.clone(),
            fields: BTreeSet::from([field.clone()]),
        };
        let groups = self.by_field.iter().map(group).collect();
        let by_field = self.by_field.keys().enumerate();
        let by_field = by_field.map(|(index, field)| (field.clone(), GroupId(index))).collect();
        Self { groups, by_field, ..self.clone() }
    }

    /// The blueprint.
    pub fn blueprint(&self) -> &BlueprintId {
        &self.blueprint
    }

    /// The groups, in a fixed order.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The group of a field; `None` when no rule maps it.
    pub fn group_of(&self, field: &Field) -> Option<GroupId> {
        self.by_field.get(field).copied()
    }

    /// Every mapped field.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.by_field.keys()
    }

    /// The kinds that feed the blueprint.
    pub fn kinds(&self) -> &BTreeSet<Kind> {
        &self.kinds
    }

    /// What becomes of several entities of one key that a rule makes.
    pub fn repeats(&self, rule: RuleId) -> Repeats {
        if self.uniting.contains(&rule) { Repeats::Unite } else { Repeats::LastWins }
    }

    /// Whether entities must wait for others of their key before they are compared: those that other kinds make, or other
    /// records.
    pub fn waits(&self) -> bool {
        self.kinds.len() > 1 || !self.uniting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: usize, kind: Kind, blueprint: Option<&str>, fields: &[Field]) -> Rule {
        Rule {
            id: RuleId(id),
            kind,
            target: blueprint.map_or(Target::Dynamic, |id| Target::Fixed(BlueprintId::new(id).unwrap())),
            fields: fields.iter().cloned().collect(),
            repeats: Repeats::LastWins,
        }
    }

    fn property(id: &str) -> Field {
        Field::Property(id.into())
    }

    #[test]
    fn fields_are_grouped_by_the_rules_that_map_them() {
        let rules = [
            rule(0, Kind::Team, Some("team"), &[Field::Title, property("url")]),
            rule(1, Kind::Alert, Some("alert"), &[Field::Title]),
            rule(2, Kind::ScheduleOncall, Some("team"), &[Field::Title, property("oncall")]),
        ];
        let layout = Layout::new(BlueprintId::new("team").unwrap(), &rules);
        assert_eq!(layout.groups().len(), 3);
        assert_ne!(layout.group_of(&Field::Title), layout.group_of(&property("url")));
        assert_ne!(layout.group_of(&property("oncall")), layout.group_of(&property("url")));
        assert_eq!(layout.group_of(&Field::Icon), None);
        assert_eq!(layout.kinds().len(), 2, "the alert rule feeds another blueprint");
    }

    #[test]
    fn a_dynamic_rule_feeds_every_blueprint() {
        let rules = [rule(0, Kind::Alert, None, &[Field::Title])];
        let layout = Layout::new(BlueprintId::new("anything").unwrap(), &rules);
        assert_eq!(layout.fields().count(), 1);
        assert!(layout.kinds().contains(&Kind::Alert));
    }
}
