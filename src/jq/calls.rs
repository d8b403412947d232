//! Which names a term calls.

use std::collections::HashSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

/// Names and numbers of arguments of everything that a term may call, its own definitions included.
pub(super) fn of<'s>(term: &Term<&'s str>) -> HashSet<(&'s str, usize)> {
    let mut calls = HashSet::new();
    visit(term, &mut |term| {
        if let Term::Call(name, arguments) = term {
            calls.insert((*name, arguments.len()));
        }
    });
    calls
}

/// Shows a term and everything within it.
pub(super) fn visit<'t, 's>(term: &'t Term<&'s str>, see: &mut impl FnMut(&'t Term<&'s str>)) {
    see(term);
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Arr(None) | Term::Break(_) | Term::Var(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(term) = part {
                    visit(term, see);
                }
            }
        }
        Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => visit(inner, see),
        Term::Obj(entries) => {
            for (key, value) in entries {
                visit(key, see);
                if let Some(value) = value {
                    visit(value, see);
                }
            }
        }
        Term::BinOp(left, op, right) => {
            visit(left, see);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                visit_pattern(pattern, see);
            }
            visit(right, see);
        }
        Term::Fold(_, source, pattern, arguments) => {
            visit(source, see);
            visit_pattern(pattern, see);
            for argument in arguments {
                visit(argument, see);
            }
        }
        Term::TryCatch(tried, caught) => {
            visit(tried, see);
            if let Some(caught) = caught {
                visit(caught, see);
            }
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                visit(condition, see);
                visit(then, see);
            }
            if let Some(otherwise) = otherwise {
                visit(otherwise, see);
            }
        }
        Term::Def(definitions, body) => {
            for definition in definitions {
                visit(&definition.body, see);
            }
            visit(body, see);
        }
        Term::Call(_, arguments) => {
            for argument in arguments {
                visit(argument, see);
            }
        }
        Term::Path(head, path) => {
            visit(head, see);
            for (part, _opt) in &path.0 {
                match part {
                    Part::Index(index) => visit(index, see),
                    Part::Range(from, upto) => {
                        for bound in from.iter().chain(upto) {
                            visit(bound, see);
                        }
                    }
                }
            }
        }
    }
}

fn visit_pattern<'t, 's>(pattern: &'t Pattern<&'s str>, see: &mut impl FnMut(&'t Term<&'s str>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(items) => {
            for item in items {
                visit_pattern(item, see);
            }
        }
        Pattern::Obj(entries) => {
            for (key, value) in entries {
                visit(key, see);
                visit_pattern(value, see);
            }
        }
    }
}
