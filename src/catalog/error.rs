//! What can go wrong with the catalog: every status has one meaning.

use std::fmt;

use crate::http;

/// A call to the catalog that did not do what it was meant to.
#[derive(Clone, Debug, thiserror::Error)]
#[error("cannot {attempted}: {fault}")]
pub struct Error {
    /// What was attempted on what, as in "cannot …".
    pub attempted: String,
    /// What happened.
    pub fault: Fault,
}

/// What happened to a call. Variants differ by what a caller would do about them.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// No answer came, after every repetition that was allowed. Try later.
    #[error("the catalog did not answer: {0}")]
    Unreachable(http::Error),
    /// It answered 408, 429 or 5xx to the last repetition. Try later.
    #[error("the catalog is not available (status {status}{said})")]
    Unavailable {
        /// The status.
        status: u16,
        /// Its words.
        said: Said,
    },
    /// The run was stopped.
    #[error("the run was stopped")]
    Stopped,
    /// 401 to the client id and secret, or to a token that was fetched a moment ago.
    #[error(
        "the client id and secret are not accepted{0}; check OCEAN__PORT__CLIENT_ID, OCEAN__PORT__CLIENT_SECRET and the region in OCEAN__PORT__BASE_URL"
    )]
    Credentials(Said),
    /// 403 `has_dependents`: other entities point at what was to be deleted.
    #[error("other entities depend on it{0}")]
    HasDependents(Said),
    /// 403: the credentials lack a right.
    #[error("the credentials do not allow it{0}")]
    Forbidden(Said),
    /// 404 `not_found`: the thing does not exist.
    #[error("it does not exist{0}")]
    Missing(Said),
    /// 404 or 405 without the words of the catalog: the route does not exist.
    #[error("the catalog has no such route (status {0})")]
    NoRoute(u16),
    /// 409: it exists already.
    #[error("it exists already{0}")]
    Conflict(Said),
    /// 413: the request is too large.
    #[error("the request is too large{0}")]
    TooLarge(Said),
    /// 400 or 422: the catalog does not accept the contents.
    #[error("the catalog does not accept it{0}")]
    Invalid(Said),
    /// Any other status.
    #[error("unexpected status {status}{said}")]
    Unexpected {
        /// The status.
        status: u16,
        /// Its words.
        said: Said,
    },
    /// The answer is not what the catalog's API gives: a page of a proxy, a cut body, another shape.
    #[error("the answer is not what was expected: {reason}{}", Excerpt(.excerpt))]
    Malformed {
        /// What is wrong with it.
        reason: String,
        /// Its beginning; empty when it may hold a credential.
        excerpt: String,
    },
    /// A header or address cannot be built from the settings.
    #[error("the settings do not make a request: {0}")]
    Unsendable(String),
}

/// The catalog's own words: its error code and message, where it gave any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// `error`: a code such as `not_found`.
    pub code: String,
    /// `message`.
    pub message: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code.as_str(), self.message.as_str()) {
            ("", "") => Ok(()),
            (code, "") => write!(f, ": {code}"),
            ("", message) => write!(f, ": {message}"),
            (code, message) => write!(f, ": {message} ({code})"),
        }
    }
}

struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "; it begins with {:?}", self.0) }
    }
}

/// What a failed call means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing is wrong with what was asked; later it may work.
    Unavailable,
    /// Credentials or rights.
    Denied,
    /// A signal ended it.
    Stopped,
    /// The catalog refuses what was asked.
    Refused,
    /// It does not behave as its API says.
    Broken,
}

impl Fault {
    /// What happened, without what differs from call to call: the same for many calls that fail alike.
    pub fn gist(&self) -> String {
        match self {
            Self::Malformed { reason: _, excerpt: _ } => {
                "the catalog's answer is not what was expected, so it is not known what became of it"
                    .to_owned()
            }
            other => other.to_string(),
        }
    }
}

impl Error {
    /// What it means for the run.
    pub fn meaning(&self) -> Meaning {
        match &self.fault {
            Fault::Unreachable(_) | Fault::Unavailable { .. } => Meaning::Unavailable,
            Fault::Stopped => Meaning::Stopped,
            Fault::Credentials(_) | Fault::Forbidden(_) => Meaning::Denied,
            Fault::HasDependents(_)
            | Fault::Missing(_)
            | Fault::Conflict(_)
            | Fault::TooLarge(_)
            | Fault::Invalid(_) => Meaning::Refused,
            Fault::NoRoute(_) | Fault::Unexpected { .. } | Fault::Malformed { .. } | Fault::Unsendable(_) => {
                Meaning::Broken
            }
        }
    }

    /// The status of the answer, where one came that was understood.
    pub fn status(&self) -> Option<u16> {
        match &self.fault {
            Fault::Unavailable { status, .. } | Fault::Unexpected { status, .. } | Fault::NoRoute(status) => {
                Some(*status)
            }
            Fault::Credentials(_) => Some(401),
            Fault::HasDependents(_) | Fault::Forbidden(_) => Some(403),
            Fault::Missing(_) => Some(404),
            Fault::Conflict(_) => Some(409),
            Fault::TooLarge(_) => Some(413),
            Fault::Invalid(_) => Some(422),
            Fault::Unreachable(_) | Fault::Stopped | Fault::Malformed { .. } | Fault::Unsendable(_) => None,
        }
    }
}
