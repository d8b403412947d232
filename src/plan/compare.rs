//! One entity against what is stored: the step that makes them agree.

use super::field::{GroupId, Layout};
use super::fingerprint::{Look, Print, Printer};
use super::identifier::{IdentifierFault, check_entity};
use super::ledger::text_of;
use super::snapshot::Snapshot;
use crate::model::{Blueprint, Entity, EntityKey, Identifier};
use crate::value::{Object, Value};

/// What is to be done about one mapped entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It is not stored.
    Create(Entity),
    /// It differs in these groups of fields.
    Update {
        /// As it is to be.
        entity: Entity,
        /// Where it differs from what is stored; never empty.
        changed: Vec<GroupId>,
    },
    /// It is found by a search in the catalog, so it can only be sent.
    Send(Entity),
    /// It is stored as it is to be.
    Unchanged(EntityKey),
    /// It cannot be sent.
    Blocked {
        /// Its key.
        key: EntityKey,
        /// Why.
        reason: Blocked,
    },
}

/// Why an entity is not sent: the catalog would refuse it, and by the letter of its schema the whole call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Its identifier cannot be one.
    #[error("the identifier {0}")]
    Identifier(IdentifierFault),
    /// A relation holds something that cannot be an identifier.
    #[error("relation `{relation}`: `{value}` {fault}")]
    Relation {
        /// Which relation.
        relation: String,
        /// What it holds.
        value: String,
        /// Why that is no identifier.
        fault: IdentifierFault,
    },
}

/// Compares entities of one blueprint with its snapshot.
#[derive(Debug)]
pub struct Comparison {
    snapshot: Snapshot,
    printer: Printer,
}

impl Comparison {
    /// Compares with `snapshot`, which was built with the same `layout` and `shape`.
    pub fn new(layout: &Layout, shape: &Blueprint, snapshot: Snapshot) -> Self {
        Self { snapshot, printer: Printer::new(layout, shape) }
    }

    /// Whether `identifier` is known to be stored.
    pub fn knows(&self, identifier: &str) -> bool {
        self.snapshot.contains(identifier)
    }

    /// Adds a stored entity that the snapshot lacked.
    pub fn learn(&mut self, stored: &Entity) {
        self.snapshot.add(stored, &mut self.printer);
    }

    /// The step that makes the catalog agree with `entity`. Only groups of which the entity carries a field are compared.
    pub fn decide(&mut self, entity: Entity) -> Step {
        let Identifier::Exact(identifier) = &entity.identifier else { return Step::Send(entity) };
        let key = || EntityKey { blueprint: entity.blueprint.clone(), identifier: identifier.clone() };
        if let Err(reason) = sendable(&entity) {
            return Step::Blocked { key: key(), reason };
        }
        let Some(stored) = self.snapshot.prints(identifier.as_str()) else { return Step::Create(entity) };
        let looks = self.printer.look(&entity);
        let differs =
            |(look, stored): (&Look, &Print)| look.covered && (look.print != *stored || look.incomparable);
        let differing = looks.iter().zip(stored).enumerate().filter(|(_, pair)| differs(*pair));
        let changed: Vec<GroupId> = differing.map(|(group, _)| GroupId(group)).collect();
        if changed.is_empty() { Step::Unchanged(key()) } else { Step::Update { entity, changed } }
    }
}

fn sendable(entity: &Entity) -> Result<(), Blocked> {
    if let Identifier::Exact(identifier) = &entity.identifier {
        check_entity(identifier.as_str()).map_err(Blocked::Identifier)?;
    }
    for (relation, value) in entity.relations.iter().flat_map(Object::iter) {
        let items = match value {
            Value::Null | Value::Object(_) => continue,
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            let text = text_of(item);
            check_entity(&text).map_err(|fault| Blocked::Relation {
                relation: relation.to_string(),
                value: text.clone().into_owned(),
                fault,
            })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Arity, BlueprintId, EntityId, Field, Kind, PropertyForm, RelationShape, RuleId};
    use crate::plan::{Repeats, Rule, SnapshotBuilder, Target};

    fn blueprint() -> BlueprintId {
        BlueprintId::new("b").unwrap()
    }

    fn shape() -> Blueprint {
        let relation = |arity| RelationShape { target: blueprint(), arity };
        Blueprint {
            identifier: blueprint(),
            properties: BTreeMap::from([
                ("at".into(), PropertyForm::DateTime),
                ("any".into(), PropertyForm::Plain),
            ]),
            relations: BTreeMap::from([
                ("one".into(), relation(Arity::One)),
                ("many".into(), relation(Arity::Many)),
            ]),
        }
    }

    fn layout() -> Layout {
        let properties = ["at", "any"].map(|id| Field::Property(id.into()));
        let relations = ["one", "many"].map(|id| Field::Relation(id.into()));
        let all = [Field::Title, Field::Icon, Field::Team].into_iter().chain(properties).chain(relations);
        let rule = Rule {
            id: RuleId(0),
            kind: Kind::Alert,
            target: Target::Fixed(blueprint()),
            fields: all.collect(),
            repeats: Repeats::LastWins,
        };
        Layout::new(blueprint(), &[rule])
    }

    /// An entity from the JSON of its fields.
    fn entity(fields: &str) -> Entity {
        let value = Value::parse(fields.as_bytes()).unwrap();
        let field = |key: &str| value.as_object().and_then(|object| object.get(key)).cloned();
        Entity {
            blueprint: blueprint(),
            identifier: Identifier::Exact(EntityId::new("e").unwrap()),
            title: field("title"),
            icon: field("icon"),
            team: field("team"),
            properties: value.get("properties").as_object().cloned(),
            relations: value.get("relations").as_object().cloned(),
        }
    }

    fn step(stored: &str, mapped: &str) -> Step {
        let (layout, shape) = (layout(), shape());
        let mut builder = SnapshotBuilder::new(&layout, &shape);
        builder.add(&entity(stored));
        let snapshot = builder.finish();
        Comparison::new(&layout, &shape, snapshot).decide(entity(mapped))
    }

    fn same(stored: &str, mapped: &str) -> bool {
        matches!(step(stored, mapped), Step::Unchanged(_))
    }

    #[test]
    fn differences_are_seen() {
        let stored = r#"{"title":"t","icon":"i","team":["a"],
            "properties":{"at":"2026-01-01T00:00:00Z","any":[1,2]},"relations":{"one":"x","many":["a","b"]}}"#;
        for mapped in [
            r#"{"title":"u"}"#,
            r#"{"title":null}"#,
            r#"{"icon":"j"}"#,
            r#"{"team":["a","b"]}"#,
            r#"{"team":[]}"#,
            r#"{"properties":{"at":"2026-01-01T00:00:01Z"}}"#,
            r#"{"properties":{"at":"soon"}}"#,
            r#"{"properties":{"any":[2,1]}}"#,
            r#"{"properties":{"any":"[1,2]"}}"#,
            r#"{"relations":{"one":"y"}}"#,
            r#"{"relations":{"many":["a"]}}"#,
            r#"{"relations":{"many":null}}"#,
        ] {
            let whole = entity(stored);
            let mut changed = whole.clone();
            crate::plan::overlay(&mut changed, entity(mapped));
            let (layout, shape) = (layout(), shape());
            let mut builder = SnapshotBuilder::new(&layout, &shape);
            builder.add(&whole);
            let snapshot = builder.finish();
            let mut comparison = Comparison::new(&layout, &shape, snapshot);
            assert!(matches!(comparison.decide(whole), Step::Unchanged(_)));
            assert!(matches!(comparison.decide(changed), Step::Update { .. }), "{mapped}");
        }
    }

    #[test]
    fn spellings_of_one_value_are_no_difference() {
        for (stored, mapped) in [
            (
                "{}",
                r#"{"title":null,"team":null,"properties":{"any":null},"relations":{"one":null,"many":[]}}"#,
            ),
            (r#"{"properties":{"any":null}}"#, r#"{"properties":{}}"#),
            (r#"{"team":["a","b"]}"#, r#"{"team":["b","a","b"]}"#),
            (r#"{"team":["a"]}"#, r#"{"team":"a"}"#),
            (r#"{"relations":{"many":["5","x"]}}"#, r#"{"relations":{"many":["x",5,null]}}"#),
            (
                r#"{"properties":{"at":"2026-01-01T00:00:00.000Z"}}"#,
                r#"{"properties":{"at":"2026-01-01T02:00:00+02:00"}}"#,
            ),
            (r#"{"properties":{"any":1.0}}"#, r#"{"properties":{"any":1}}"#),
            (r#"{"properties":{"any":-0.0}}"#, r#"{"properties":{"any":0}}"#),
            (r#"{"properties":{"any":{"a":1,"b":2}}}"#, r#"{"properties":{"any":{"b":2,"a":1}}}"#),
        ] {
            assert!(same(stored, mapped), "{stored} {mapped}");
        }
    }

    #[test]
    fn a_text_is_an_instant_only_where_the_blueprint_says_so() {
        assert!(!same(
            r#"{"properties":{"any":"2026-01-01T00:00:00.000Z"}}"#,
            r#"{"properties":{"any":"2026-01-01T00:00:00Z"}}"#
        ));
    }

    #[test]
    fn a_search_can_only_be_sent() {
        let search = r#"{"relations":{"one":{"combinator":"and","rules":[]}}}"#;
        assert!(matches!(step(r#"{"relations":{"one":"x"}}"#, search), Step::Update { .. }));
        assert!(matches!(step("{}", search), Step::Update { .. }));
    }

    #[test]
    fn only_groups_that_the_entity_carries_are_compared() {
        let rules = [("title", 0), ("icon", 1)].map(|(name, id)| Rule {
            id: RuleId(id),
            kind: Kind::Alert,
            target: Target::Fixed(blueprint()),
            fields: BTreeSet::from([if name == "title" { Field::Title } else { Field::Icon }]),
            repeats: Repeats::LastWins,
        });
        let layout = Layout::new(blueprint(), &rules);
        let shape = shape();
        let mut builder = SnapshotBuilder::new(&layout, &shape);
        builder.add(&entity(r#"{"title":"t","icon":"i"}"#));
        let snapshot = builder.finish();
        let mut comparison = Comparison::new(&layout, &shape, snapshot);
        assert!(matches!(comparison.decide(entity(r#"{"icon":"i"}"#)), Step::Unchanged(_)));
        let Step::Update { changed, .. } = comparison.decide(entity(r#"{"title":"t","icon":"j"}"#)) else {
            panic!("it differs")
        };
        assert_eq!(changed, [layout.group_of(&Field::Icon).unwrap()]);
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|bool| bool.to_string()),
            any::<i32>().prop_map(|number| number.to_string()),
            "[a-c]{0,3}".prop_map(|text| format!("{text:?}")),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                proptest::collection::btree_map("[a-c]", inner, 0..3).prop_map(|pairs| {
                    let pairs: Vec<String> =
                        pairs.into_iter().map(|(key, value)| format!("{key:?}:{value}")).collect();
                    format!("{{{}}}", pairs.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_was_written_is_unchanged(any in json(), other in json()) {
            let stored = format!(r#"{{"title":{any},"properties":{{"any":{any}}}}}"#);
            prop_assert!(same(&stored, &stored));
            let mapped = format!(r#"{{"title":{any},"properties":{{"any":{other}}}}}"#);
            let equal = Value::parse(any.as_bytes()).unwrap() == Value::parse(other.as_bytes()).unwrap();
            prop_assert_eq!(same(&stored, &mapped), equal);
        }
    }
}
