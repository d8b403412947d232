//! What a program sees of the world besides its input.

use super::Limits;
use crate::value::{Object, Value};

/// What an evaluation gets besides its input: what `env` and `$ENV` show (nothing, unless variables are handed in), and
/// how much it may use.
#[derive(Clone, Debug)]
pub struct Environment {
    variables: Value,
    limits: Limits,
}

impl Environment {
    /// The same with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The variables as an object.
    pub(super) fn variables(&self) -> &Value {
        &self.variables
    }

    /// How much an evaluation may use.
    pub fn limits(&self) -> Limits {
        self.limits
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self { variables: Value::object(Object::default()), limits: Limits::default() }
    }
}

/// From names and texts.
impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let pairs = variables.into_iter().map(|(name, text)| (name, Value::from(text)));
        Self { variables: Value::object(pairs.collect()), limits: Limits::default() }
    }
}
