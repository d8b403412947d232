//! What a program sees of the world besides its input.

use crate::value::{Object, Value};

/// What `env` and `$ENV` show: nothing, unless variables are handed in.
#[derive(Clone, Debug)]
pub struct Environment(Value);

impl Environment {
    /// The variables as an object.
    pub(super) fn variables(&self) -> &Value {
        &self.0
    }
}

impl Default for Environment {
    fn default() -> Self {
        Self(Value::object(Object::default()))
    }
}

/// From names and texts.
impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        let pairs = variables.into_iter().map(|(name, text)| (name, Value::from(text)));
        Self(Value::object(pairs.collect()))
    }
}
