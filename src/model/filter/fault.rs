//! Why a value cannot be looked for.

use super::{MAX_QUERY_BYTES, MAX_VALUES};

/// Why a value cannot be looked for in a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueFault {
    /// The kind has no such field.
    #[error("this kind has no such field")]
    Foreign,
    /// Nothing is given, or an empty text.
    #[error("the value is empty")]
    Empty,
    /// A list where one value must stand.
    #[error("one value must stand here, not a list")]
    NoList,
    /// More values than one query should carry.
    #[error("there are {0} values; at most {MAX_VALUES} can be looked for")]
    TooMany(usize),
    /// A query that no address can carry.
    #[error("the query is {0} bytes long; at most {MAX_QUERY_BYTES} can be sent")]
    TooLong(usize),
    /// Neither true nor false.
    #[error("`{0}` is neither `true` nor `false`")]
    NoFlag(String),
    /// None of the words that there are.
    #[error("`{written}` is none of the values of this field")]
    NoChoice {
        /// What is given.
        written: String,
        /// What there is.
        choices: &'static [&'static str],
    },
    /// No whole number.
    #[error("`{0}` is no whole number")]
    NoCount(String),
    /// No time in any known form.
    #[error("`{0}` is no time")]
    NoTime(String),
    /// A relative time that stands for one millisecond.
    #[error("`{0}` is a single moment, at which nothing happens")]
    NeedsComparison(String),
    /// A window that nothing can lie in.
    #[error("nothing lies within `{0}`: it ends before it begins")]
    EndsBeforeItBegins(String),
    /// A search text that would not keep to itself.
    #[error("{0}")]
    Unbalanced(Imbalance),
}

/// Why a search text does not keep to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Imbalance {
    /// A quote is opened and not closed.
    #[error("a quote is not closed")]
    Quote,
    /// It ends in a backslash, which would take what follows with it.
    #[error("it ends in a backslash")]
    Escape,
    /// A parenthesis is opened and not closed.
    #[error("a parenthesis is not closed")]
    Open,
    /// A parenthesis is closed that was not opened.
    #[error("a parenthesis is closed that was not opened")]
    Close,
}

impl ValueFault {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Foreign | Self::Unbalanced(_) => return None,
            Self::Empty => "give it a value, or leave the field out".to_owned(),
            Self::NoList => "times and numbers can be a range, such as `2026-11-01..2026-11-20`; `query` takes a text in the search \
                 language itself"
                    .to_owned(),
            Self::TooMany(_) | Self::TooLong(_) => {
                "ask for less here and let the jq selector of the resource choose".to_owned()
            }
            Self::NoFlag(_) => "write `true` or `false`".to_owned(),
            Self::NoChoice { choices, .. } => {
                let choices: Vec<_> = choices.iter().map(|choice| format!("`{choice}`")).collect();
                format!("the values are {}", choices.join(", "))
            }
            Self::NoCount(_) => "write `5`, `\">= 5\"` or `5..9`".to_owned(),
            Self::NoTime(_) => {
                "write a date (`2026-11-20`), a time (`2026-11-20T08:00:00+01:00`), seconds or milliseconds since 1970, \
                 or a relative time (`-7d`), after `>`, `>=`, `<` or `<=`, or with `..` between two"
                    .to_owned()
            }
            Self::NeedsComparison(written) => format!("write `\">= {written}\"` or `\"<= {written}\"`"),
            Self::EndsBeforeItBegins(_) => "write the earlier or smaller end first".to_owned(),
        })
    }
}
