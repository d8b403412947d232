//! Where an entity differs from what is stored, field by field: for a plan that somebody reads.
//!
//! A pass knows only fingerprints of groups of fields, so whoever wants to see old values reads them again.

use super::field::Layout;
use super::fingerprint::{Look, Printer};
use crate::model::{Blueprint, Entity, Field};
use crate::value::{Object, Value};

/// A field that is to be written because it differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Which field.
    pub field: Field,
    /// As it is stored; null where it is not.
    pub old: Value,
    /// As it is to be.
    pub new: Value,
}

/// Finds changes in entities of one blueprint, by the same equality as [`Comparison`](super::Comparison).
#[derive(Debug)]
pub struct Changes {
    layout: Layout,
    printer: Printer,
}

impl Changes {
    /// For entities of the blueprint of `layout`.
    pub fn new(layout: &Layout, shape: &Blueprint) -> Self {
        let layout = layout.field_by_field();
        Self { printer: Printer::new(&layout, shape), layout }
    }

    /// The fields that `entity` carries and that differ in `stored`, in the order of their names.
    pub fn between(&mut self, stored: &Entity, entity: &Entity) -> Vec<Change> {
        let old: Vec<Look> = self.printer.look(stored).to_vec();
        let new = self.printer.look(entity);
        let differs = |field: &Field| {
            let group = self.layout.group_of(field).map(|group| (old[group.0], new[group.0]));
            group.is_some_and(|(old, new)| new.covered && (new.print != old.print || new.incomparable))
        };
        let changed = self.layout.fields().filter(|field| differs(field));
        let change = |field: &Field| Change {
            field: field.clone(),
            old: value(stored, field).clone(),
            new: value(entity, field).clone(),
        };
        changed.map(change).collect()
    }
}

fn value<'e>(entity: &'e Entity, field: &Field) -> &'e Value {
    let of = |object: &'e Option<Object>, id: &str| object.as_ref().and_then(|object| object.get(id));
    let value = match field {
        Field::Title => entity.title.as_ref(),
        Field::Icon => entity.icon.as_ref(),
        Field::Team => entity.team.as_ref(),
        Field::Property(id) => of(&entity.properties, id),
        Field::Relation(id) => of(&entity.relations, id),
    };
    value.unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{BlueprintId, EntityId, Identifier, Kind, PropertyForm, RuleId};
    use crate::plan::{Repeats, Rule, Target};

    fn entity(title: &str, properties: &str) -> Entity {
        Entity {
            blueprint: BlueprintId::new("b").unwrap(),
            identifier: Identifier::Exact(EntityId::new("e").unwrap()),
            title: Some(title.into()),
            icon: None,
            team: None,
            properties: Value::parse(properties.as_bytes()).unwrap().as_object().cloned(),
            relations: None,
        }
    }

    #[test]
    fn fields_of_one_group_are_told_apart() {
        let blueprint = BlueprintId::new("b").unwrap();
        let property = |id: &str| Field::Property(id.into());
        let rule = Rule {
            id: RuleId(0),
            kind: Kind::Alert,
            target: Target::Fixed(blueprint.clone()),
            fields: [Field::Title, property("at"), property("n"), property("same")].into_iter().collect(),
            repeats: Repeats::LastWins,
        };
        let shape = Blueprint {
            identifier: blueprint.clone(),
            properties: BTreeMap::from([("at".into(), PropertyForm::DateTime)]),
            relations: BTreeMap::new(),
        };
        let mut changes = Changes::new(&Layout::new(blueprint, &[rule]), &shape);
        let stored = entity("t", r#"{"at":"2026-01-01T00:00:00.000Z","n":1,"same":[1],"theirs":5}"#);
        let mapped = entity("u", r#"{"at":"2026-01-01T00:00:00Z","n":null,"same":[1.0]}"#);
        let shown: Vec<String> = changes
            .between(&stored, &mapped)
            .iter()
            .map(|Change { field, old, new }| format!("{field}: {old} → {new}"))
            .collect();
        assert_eq!(shown, [r#"title: "t" → "u""#, "properties.n: 1 → null"]);
        assert_eq!(changes.between(&stored, &stored), []);
    }
}
