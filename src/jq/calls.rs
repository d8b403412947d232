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

/// How deep terms are nested in a term; a pipe of many steps is deep too.
pub(super) fn depth(term: &Term<&str>) -> usize {
    let mut deepest = 0;
    children(term, &mut |child| deepest = deepest.max(depth(child)));
    deepest + 1
}

/// Shows a term and everything within it.
pub(super) fn visit<'t, 's>(term: &'t Term<&'s str>, see: &mut dyn FnMut(&'t Term<&'s str>)) {
    see(term);
    children(term, &mut |child| visit(child, see));
}

/// Shows the terms right below a term.
fn children<'t, 's>(term: &'t Term<&'s str>, see: &mut dyn FnMut(&'t Term<&'s str>)) {
    match term {
        Term::Id | Term::Recurse | Term::Num(_) | Term::Arr(None) | Term::Break(_) | Term::Var(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let StrPart::Term(term) = part {
                    see(term);
                }
            }
        }
        Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => see(inner),
        Term::Obj(entries) => {
            for (key, value) in entries {
                see(key);
                if let Some(value) = value {
                    see(value);
                }
            }
        }
        Term::BinOp(left, op, right) => {
            see(left);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                pattern_children(pattern, see);
            }
            see(right);
        }
        Term::Fold(_, source, pattern, arguments) => {
            see(source);
            pattern_children(pattern, see);
            for argument in arguments {
                see(argument);
            }
        }
        Term::TryCatch(tried, caught) => {
            see(tried);
            if let Some(caught) = caught {
                see(caught);
            }
        }
        Term::IfThenElse(branches, otherwise) => {
            for (condition, then) in branches {
                see(condition);
                see(then);
            }
            if let Some(otherwise) = otherwise {
                see(otherwise);
            }
        }
        Term::Def(definitions, body) => {
            for definition in definitions {
                see(&definition.body);
            }
            see(body);
        }
        Term::Call(_, arguments) => {
            for argument in arguments {
                see(argument);
            }
        }
        Term::Path(head, path) => {
            see(head);
            for (part, _opt) in &path.0 {
                match part {
                    Part::Index(index) => see(index),
                    Part::Range(from, upto) => {
                        for bound in from.iter().chain(upto) {
                            see(bound);
                        }
                    }
                }
            }
        }
    }
}

fn pattern_children<'t, 's>(pattern: &'t Pattern<&'s str>, see: &mut dyn FnMut(&'t Term<&'s str>)) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(items) => {
            for item in items {
                pattern_children(item, see);
            }
        }
        Pattern::Obj(entries) => {
            for (key, value) in entries {
                see(key);
                pattern_children(value, see);
            }
        }
    }
}
