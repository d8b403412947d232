//! Several entities of one key that one rule made of different records, as one.

use std::collections::HashSet;
use std::mem;

use super::ledger::text_of;
use crate::model::Entity;
use crate::value::{Object, Value};

/// What becomes of several entities of one key that one rule made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Repeats {
    /// The last one counts; a warning names the records.
    #[default]
    LastWins,
    /// They are united: lists are joined, each item once; of two other values the last one counts, with a warning.
    Unite,
}

/// Whether uniting two entities left something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Everything of both is there.
    Nothing,
    /// Both had a value of their own for one field, and only the later one is there.
    Something,
}

/// Unites `later`, made by the same rule, with `base`. Lists of one field are joined, in order and each item once; of two
/// other values the later one counts, and a value before a null. A field that either leaves out, because what it is made
/// of could not be read, is left out of the whole: half of a list would pass for all of it.
pub(super) fn unite(base: &mut Entity, later: Entity) -> Loss {
    let Entity { blueprint: _, identifier: _, title, icon, team, properties, relations } = later;
    let mut loss = Loss::Nothing;
    for (base, later) in [(&mut base.title, title), (&mut base.icon, icon), (&mut base.team, team)] {
        *base = match (base.take(), later) {
            (Some(base), Some(later)) => Some(united(base, later, &mut loss)),
            (None, _) | (_, None) => None,
        };
    }
    for (base, later) in [(&mut base.properties, properties), (&mut base.relations, relations)] {
        *base = match (base.take(), later) {
            (Some(base), Some(later)) => Some(united_objects(&base, &later, &mut loss)),
            (None, _) | (_, None) => None,
        };
    }
    loss
}

fn united_objects(base: &Object, later: &Object, loss: &mut Loss) -> Object {
    let both = base.iter().filter_map(|(name, value)| Some((name.clone(), value, later.get(name)?)));
    both.map(|(name, base, later)| (name, united(base.clone(), later.clone(), loss))).collect()
}

fn united(base: Value, later: Value, loss: &mut Loss) -> Value {
    match (base, later) {
        (base, Value::Null) => base,
        (Value::Null, later) => later,
        (Value::Array(base), Value::Array(later)) => {
            let mut seen = HashSet::new();
            let items = base.iter().chain(later.iter());
            items.filter(|item| seen.insert((mem::discriminant(*item), text_of(item)))).cloned().collect()
        }
        (base, later) => {
            if base != later {
                *loss = Loss::Something;
            }
            later
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BlueprintId, EntityId, Identifier};

    /// An entity of these properties.
    fn entity(properties: &str) -> Entity {
        let Ok(Value::Object(properties)) = Value::parse(properties.as_bytes()) else { panic!("no object") };
        Entity {
            blueprint: BlueprintId::new("b").unwrap(),
            identifier: Identifier::Exact(EntityId::new("e").unwrap()),
            title: Some(Value::from("t")),
            icon: None,
            team: None,
            properties: Some((*properties).clone()),
            relations: None,
        }
    }

    fn properties(parts: &[&str]) -> (String, Loss) {
        let mut parts = parts.iter().map(|part| entity(part));
        let mut whole = parts.next().unwrap();
        let mut loss = Loss::Nothing;
        for part in parts {
            if unite(&mut whole, part) == Loss::Something {
                loss = Loss::Something;
            }
        }
        (Value::object(whole.properties.unwrap()).to_string(), loss)
    }

    #[test]
    fn lists_are_joined_in_order_and_each_item_once() {
        let (whole, loss) =
            properties(&[r#"{"on":["b","a"]}"#, r#"{"on":["a","c"]}"#, r#"{"on":["b",1,"1",[1],[1]]}"#]);
        assert_eq!(whole, r#"{"on":["b","a","c",1,"1",[1]]}"#);
        assert_eq!(loss, Loss::Nothing);
    }

    #[test]
    fn a_value_counts_before_a_null_wherever_it_stands() {
        for parts in [[r#"{"a":["x"]}"#, r#"{"a":null}"#], [r#"{"a":null}"#, r#"{"a":["x"]}"#]] {
            assert_eq!(properties(&parts), (r#"{"a":["x"]}"#.to_owned(), Loss::Nothing));
        }
    }

    #[test]
    fn of_other_values_the_later_counts_and_that_is_said() {
        assert_eq!(properties(&[r#"{"a":1}"#, r#"{"a":2}"#]), (r#"{"a":2}"#.to_owned(), Loss::Something));
        assert_eq!(properties(&[r#"{"a":1}"#, r#"{"a":1}"#]), (r#"{"a":1}"#.to_owned(), Loss::Nothing));
    }

    #[test]
    fn what_one_of_them_could_not_read_stays_out_of_the_whole() {
        for parts in [
            [r#"{"a":["x"],"b":1}"#, r#"{"b":1}"#, r#"{"a":["y"],"b":1}"#],
            [r#"{"b":1}"#, r#"{"a":["x"],"b":1}"#, r#"{"a":["y"],"b":1}"#],
        ] {
            assert_eq!(properties(&parts), (r#"{"b":1}"#.to_owned(), Loss::Nothing));
        }
    }
}
