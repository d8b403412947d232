//! The search language of alerts and incidents, as far as clients use it.
//!
//! `field operator value` with `:`, `<`, `<=`, `>`, `>=`; quotes, groups of values, parentheses, `AND`, `OR`, `NOT`;
//! dates as milliseconds since 1970 or as `dd-MM-yyyy`. See "Alerts Search Query Help" on docs.opsgenie.com and
//! "Search syntax for incidents" on support.atlassian.com.

mod field;
mod parse;

use super::envelope::Refusal;

pub(super) use field::{Field, Reading};

/// A parsed query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Is(Field, Operator, Operand),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Matches,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Operand {
    /// From (inclusive) to (exclusive), in milliseconds: one instant or one day.
    Time(i64, i64),
    Number(i64),
    Flag(bool),
    /// Lower case, exact.
    Keyword(String),
    /// Lower case; every word must occur.
    Words(Vec<String>),
    /// Lower case; must occur as it stands.
    Phrase(String),
}

impl Condition {
    /// Parses a query; an empty one holds for everything.
    pub(super) fn parse(query: &str, fields: fn(&str) -> Option<Field>) -> Result<Self, Refusal> {
        parse::parse(query, fields).map_err(|fault| Refusal::syntax(format!("Query is not valid: {fault}")))
    }

    pub(super) fn holds<'a>(&self, read: &impl Fn(Field) -> Reading<'a>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.holds(read)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(read)),
            Self::Not(part) => !part.holds(read),
            Self::Is(field, operator, operand) => read(*field).fits(*operator, operand),
        }
    }
}

impl Reading<'_> {
    fn fits(&self, operator: Operator, operand: &Operand) -> bool {
        match (self, operand) {
            (Self::Number(value), Operand::Time(from, to)) => match operator {
                Operator::Matches => (*from..*to).contains(value),
                Operator::Below => value < from,
                Operator::AtMost => value < to,
                Operator::Above => value >= to,
                Operator::AtLeast => value >= from,
            },
            (Self::Number(value), Operand::Number(other)) => match operator {
                Operator::Matches => value == other,
                Operator::Below => value < other,
                Operator::AtMost => value <= other,
                Operator::Above => value > other,
                Operator::AtLeast => value >= other,
            },
            (Self::Flag(value), Operand::Flag(other)) => value == other,
            (Self::Text(value), operand) => spells(value, operand),
            (Self::Texts(values), operand) => values.iter().any(|value| spells(value, operand)),
            _ => false,
        }
    }
}

fn spells(value: &str, operand: &Operand) -> bool {
    match operand {
        Operand::Keyword(word) => value.to_lowercase() == *word,
        Operand::Phrase(phrase) => value.to_lowercase().contains(phrase),
        Operand::Words(words) => {
            let value = value.to_lowercase();
            let held: Vec<&str> = parse::words(&value).collect();
            words.iter().all(|word| match word.strip_suffix('*') {
                Some(stem) => held.iter().any(|one| one.starts_with(stem)),
                None => held.contains(&word.as_str()),
            })
        }
        Operand::Time(..) | Operand::Number(_) | Operand::Flag(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::World;

    fn count(query: &str) -> usize {
        let world = World::seed();
        let condition = Condition::parse(query, Field::of_alerts)
            .unwrap_or_else(|fault| panic!("{query}: {}", fault.message()));
        let matching =
            world.alerts().iter().filter(|alert| condition.holds(&|field| alert.read(field, &world.teams)));
        matching.count()
    }

    #[test]
    fn wrong_queries_are_refused() {
        for query in [
            "created_at:1",
            "is_seen:true",
            "createdAt:2026-01-01T00:00:00Z",
            "createdAt >= yesterday",
            "acknowledged:True",
            "status:resolved",
            "priority:P9",
            "status < open",
            "status:open AND",
            "(status:open",
            "status:open)",
            "status:",
            "status",
            "status:open priority:P1",
            "message:\"never closed",
            "count: few",
            "teams: ()",
            "AND",
            "NOT",
        ] {
            let refusal = Condition::parse(query, Field::of_alerts);
            assert!(refusal.is_err(), "{query} was accepted");
        }
    }

    #[test]
    fn a_deep_query_is_refused_and_not_fatal() {
        let deep = "(".repeat(100_000);
        assert!(Condition::parse(&deep, Field::of_alerts).is_err());
        let nots = "NOT ".repeat(100_000);
        assert!(Condition::parse(&nots, Field::of_alerts).is_err());
    }

    #[test]
    fn queries_select() {
        let open = count("status:open");
        let closed = count("status: closed");
        assert_eq!((open, closed, open + closed), (40, 20, 60));
        assert_eq!(count(""), 60);
        assert_eq!(count("NOT status:open"), closed);
        assert_eq!(count("status:open AND status:closed"), 0);
        assert_eq!(count("status:open OR status:closed"), 60);
        assert_eq!(count("(status:open OR status:closed) AND priority:P1"), count("priority: P1"));
        assert_eq!(count("priority: (P1 OR P2)"), count("priority:P1") + count("priority:P2"));
        assert_eq!(count("message: \"Auth not\""), 1);
        assert_eq!(count("message: auth"), 1);
        assert_eq!(count("message: aut"), 0);
        assert_eq!(count("message: aut*"), 6);
        assert_eq!(count("owner:testuser@gmail.com"), 1);
        assert!(count("teams:payments") > 0);
        assert_eq!(count("teams:(payments OR checkout)"), count("teams:payments") + count("teams:checkout"));
        assert!(count("teams:\"platform & SRE\"") > 0);
        assert_eq!(count("createdAt:21-04-2023"), 1);
        assert_eq!(count("createdAt >= 1682066178460 AND createdAt < 1682066178461"), 1);
        assert_eq!(count("createdAt > 1682066178460"), 59);
        assert_eq!(count("createdAt <= 1682066178460"), 1);
        assert!(count("isSeen:false AND acknowledged:true") > 0);
        assert!(count("snoozed:true") > 0);
        assert!(count("tag:db") > 0);
        assert!(count("integration.name:Prom-prod") > 0);
    }
}
