//! A value of a mapping and the path to it.

use serde_json::Value;

use crate::config::yaml::Step;

/// A value and the path to it.
pub(in crate::config) struct Node<'v> {
    pub(in crate::config) value: &'v Value,
    pub(in crate::config) steps: Vec<Step>,
}

impl<'v> Node<'v> {
    /// The value under a key; null is absence.
    pub(in crate::config) fn get(&self, key: &str) -> Option<Node<'v>> {
        self.value
            .get(key)
            .filter(|value| !value.is_null())
            .map(|value| self.below(Step::Key(key.to_owned()), value))
    }

    fn below(&self, step: Step, value: &'v Value) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { value, steps }
    }

    pub(in crate::config) fn entries(&self) -> impl Iterator<Item = (&'v String, Node<'v>)> {
        let object = self.value.as_object();
        object.into_iter().flatten().map(|(key, value)| (key, self.below(Step::Key(key.clone()), value)))
    }

    pub(in crate::config) fn items(&self) -> impl Iterator<Item = Node<'v>> {
        let list = self.value.as_array();
        list.into_iter().flatten().enumerate().map(|(index, value)| self.below(Step::Index(index), value))
    }

    /// The key that leads here, or to the list that this is in.
    pub(in crate::config) fn key(&self) -> String {
        let mut keys = self.steps.iter().rev().filter_map(|step| match step {
            Step::Key(key) => Some(key.clone()),
            Step::Index(_) => None,
        });
        keys.next().unwrap_or_default()
    }

    /// What messages call it.
    pub(in crate::config) fn subject(&self) -> String {
        match self.steps.last() {
            None => "the mapping".to_owned(),
            Some(Step::Key(key)) => format!("`{key}`"),
            Some(Step::Index(_)) => format!("an entry of `{}`", self.key()),
        }
    }
}
