//! Terms of which it is known how many outputs they have.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::{Opt, Part};

/// Whether the term has exactly one output and cannot fail.
pub(super) fn is_plain(term: &Term<&str>) -> bool {
    match term {
        Term::Id | Term::Num(_) | Term::Var(_) | Term::Arr(None) => true,
        Term::Str(None, parts) => parts.iter().all(|part| match part {
            StrPart::Term(term) => is_plain(term),
            StrPart::Str(_) | StrPart::Char(_) => true,
        }),
        Term::Neg(inner) => matches!(**inner, Term::Num(_)),
        Term::Obj(entries) => entries.is_empty(),
        Term::Call(name, arguments) => arguments.is_empty() && matches!(*name, "null" | "true" | "false"),
        _ => false,
    }
}

/// Whether the term has exactly one output unless it fails.
pub(super) fn is_single(term: &Term<&str>) -> bool {
    match term {
        Term::Str(None, parts) => parts.iter().all(|part| match part {
            StrPart::Term(term) => is_single(term),
            StrPart::Str(_) | StrPart::Char(_) => true,
        }),
        Term::Arr(_) | Term::Call("@modify" | "@last_or_null", _) => true,
        Term::Obj(entries) => {
            entries.iter().all(|(key, value)| is_single(key) && value.iter().all(is_single))
        }
        Term::Neg(inner) => is_single(inner),
        Term::BinOp(left, op, right) => match op {
            BinaryOp::Pipe(None | Some(Pattern::Var(_)))
            | BinaryOp::Alt
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Math(_)
            | BinaryOp::Cmp(_) => is_single(left) && is_single(right),
            BinaryOp::Pipe(Some(_))
            | BinaryOp::Comma
            | BinaryOp::Assign
            | BinaryOp::Update
            | BinaryOp::UpdateMath(_)
            | BinaryOp::UpdateAlt => false,
        },
        Term::IfThenElse(branches, otherwise) => {
            branches.iter().all(|(condition, then)| is_single(condition) && is_single(then))
                && otherwise.iter().all(|otherwise| is_single(otherwise))
        }
        Term::Fold("reduce", _, _, arguments) => arguments.first().is_some_and(is_single),
        Term::Call("@assign" | "setpath", arguments) => arguments.iter().skip(1).all(is_single),
        Term::Call("@value", arguments) => arguments.iter().all(is_single),
        Term::Path(head, path) => {
            is_single(head)
                && path.0.iter().all(|(part, opt)| match (part, opt) {
                    (_, Opt::Optional) | (Part::Range(None, None), _) => false,
                    (Part::Index(index), Opt::Essential) => is_single(index),
                    (Part::Range(from, upto), Opt::Essential) => from.iter().chain(upto).all(is_single),
                })
        }
        other => is_plain(other),
    }
}
