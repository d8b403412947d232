//! Numbers as jq has them: a double, and the text it came with where writing the double would lose something.

use std::sync::Arc;

/// A number: a double plus its literal text where the two differ (`1.50`, `1e3`, integers beyond 2^53).
#[derive(Clone, Debug)]
pub struct Number(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Double(f64),
    Literal(Arc<(f64, Box<str>)>),
}

impl Number {
    /// A number from its JSON text. `None` when the text is no number.
    pub fn from_literal(text: &str) -> Option<Self> {
        let double: f64 = text.parse().ok()?;
        let mut canonical = Vec::with_capacity(text.len());
        super::write::write_double(double, &mut canonical);
        Some(if canonical == text.as_bytes() {
            Self(Repr::Double(double))
        } else {
            Self(Repr::Literal(Arc::new((double, text.into()))))
        })
    }

    /// The value as a double.
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Repr::Double(double) => *double,
            Repr::Literal(literal) => literal.0,
        }
    }

    /// The original spelling, where it differs from how we write the double.
    pub fn literal(&self) -> Option<&str> {
        match &self.0 {
            Repr::Double(_) => None,
            Repr::Literal(literal) => Some(&literal.1),
        }
    }
}

impl From<f64> for Number {
    fn from(double: f64) -> Self {
        Self(Repr::Double(double))
    }
}

/// Equal by value, whatever the spelling.
impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.as_f64() == other.as_f64()
    }
}
