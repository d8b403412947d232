//! Every answer of Opsgenie that is not the one hoped for, with its meaning.
//! <https://docs.opsgenie.com/docs/response>

use serde::{Deserialize, Serialize};

use super::RecordingFault;
use crate::http;
use crate::model::Gap;

/// Why Opsgenie gave nothing, or not everything. `request` is method and address, `message` Opsgenie's own words.
#[derive(Clone, Debug, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Error {
    /// The address in the settings is none.
    #[error(
        "`{address}` is no address of an Opsgenie API: {reason}; use https://api.opsgenie.com or https://api.eu.opsgenie.com"
    )]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The key cannot be one: it has bytes that no header may carry, or Opsgenie says its format is wrong (422).
    #[error(
        "the Opsgenie API key has a wrong format ({0}); a key looks like 12345678-1234-1234-1234-123456789abc"
    )]
    KeyFormat(String),
    /// 401: the key is unknown, or its integration is switched off.
    #[error(
        "Opsgenie refused the API key ({message}); check the key, that its integration is on, and its region (US or EU)"
    )]
    KeyRefused {
        /// What was asked.
        request: String,
        /// What was answered.
        message: String,
    },
    /// 402: the plan of the account does not have this.
    #[error("the plan of this Opsgenie account does not include `{request}` ({message})")]
    Plan {
        /// What was asked.
        request: String,
        /// What was answered.
        message: String,
    },
    /// 403: the key lacks the right.
    #[error(
        "the API key may not `{request}` ({message}); it needs the rights \"Read\" and \"Configuration access\""
    )]
    Forbidden {
        /// What was asked.
        request: String,
        /// What was answered.
        message: String,
    },
    /// 404: it is not there, or not any more.
    #[error("`{request}`: not found ({message})")]
    Missing {
        /// What was asked.
        request: String,
        /// What was answered.
        message: String,
    },
    /// 422, 400: what was asked makes no sense to Opsgenie, a search query most often.
    #[error("Opsgenie cannot answer `{request}` ({message}); check the query of this kind")]
    Query {
        /// What was asked.
        request: String,
        /// What was answered.
        message: String,
    },
    /// No answer or only passing failures (408, 429, 5xx, the network), as often as we were ready to ask.
    #[error("Opsgenie is unavailable: {0}")]
    Unavailable(String),
    /// Another status.
    #[error("`{request}` answered {status} ({message})")]
    Unexpected {
        /// What was asked.
        request: String,
        /// The status.
        status: u16,
        /// What was answered.
        message: String,
    },
    /// The answer is not what Opsgenie gives: HTML of a proxy, cut JSON, another shape.
    #[error("`{request}` answered something else than expected: {reason}; it begins with `{excerpt}`")]
    Malformed {
        /// What was asked.
        request: String,
        /// What is wrong.
        reason: String,
        /// The beginning of the body, ids blotted out.
        excerpt: String,
    },
    /// A record's id cannot stand in an address.
    #[error("`{0}` is no id that Opsgenie gives out")]
    Id(String),
    /// Everything answered, but rows moved so much that some may have been missed.
    #[error("the listing did not settle: {0}")]
    Unsettled(String),
    /// A recording cannot be used, or cannot tell.
    #[error(transparent)]
    #[serde(skip)]
    Recording(#[from] RecordingFault),
    /// The run was stopped.
    #[error("stopped")]
    Stopped,
}

impl Error {
    /// What it means for the verdict of the kind that was listed.
    pub fn gap(&self) -> Gap {
        match self {
            Self::KeyFormat(_) | Self::KeyRefused { .. } | Self::Plan { .. } | Self::Forbidden { .. } => {
                Gap::Refused(self.to_string())
            }
            Self::Unsettled(why) => Gap::Unsettled(why.clone()),
            Self::Stopped => Gap::Stopped,
            Self::Address { .. }
            | Self::Missing { .. }
            | Self::Query { .. }
            | Self::Unavailable(_)
            | Self::Unexpected { .. }
            | Self::Malformed { .. }
            | Self::Id(_)
            | Self::Recording(_) => Gap::Listing(self.to_string()),
        }
    }

    /// Whether the account or the key does not allow this, so that asking in another way may be allowed.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Plan { .. } | Self::Forbidden { .. } | Self::Missing { .. })
    }
}

impl From<http::Error> for Error {
    fn from(error: http::Error) -> Self {
        match error {
            http::Error::Stopped { .. } => Self::Stopped,
            http::Error::TooLarge { request, limit_bytes } => Self::Malformed {
                request,
                reason: format!("more than {limit_bytes} bytes"),
                excerpt: String::new(),
            },
            http::Error::Setup(_) | http::Error::Invalid { .. } | http::Error::Unreachable { .. } => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recordings hold them: what one version wrote, later ones read.
    #[test]
    fn errors_are_written_and_read_again() {
        let (request, message) = ("GET /v1/incidents".to_owned(), "no".to_owned());
        let (reason, excerpt) = ("HTML".to_owned(), "<html>".to_owned());
        let errors = [
            Error::KeyFormat("odd".into()),
            Error::KeyRefused { request: request.clone(), message: message.clone() },
            Error::Plan { request: request.clone(), message: message.clone() },
            Error::Forbidden { request: request.clone(), message: message.clone() },
            Error::Missing { request: request.clone(), message: message.clone() },
            Error::Query { request: request.clone(), message: message.clone() },
            Error::Unavailable("503".into()),
            Error::Unexpected { request: request.clone(), status: 302, message },
            Error::Malformed { request, reason, excerpt },
            Error::Id("..".into()),
            Error::Unsettled("rows moved".into()),
        ];
        let written = errors.each_ref().map(|error| serde_json::to_string(error).unwrap());
        for (error, written) in errors.iter().zip(&written) {
            let read: Error = serde_json::from_str(written).unwrap();
            assert_eq!(format!("{read:?}"), format!("{error:?}"));
        }
        insta::assert_snapshot!(written.join("\n"), @r#"
        {"key-format":"odd"}
        {"key-refused":{"request":"GET /v1/incidents","message":"no"}}
        {"plan":{"request":"GET /v1/incidents","message":"no"}}
        {"forbidden":{"request":"GET /v1/incidents","message":"no"}}
        {"missing":{"request":"GET /v1/incidents","message":"no"}}
        {"query":{"request":"GET /v1/incidents","message":"no"}}
        {"unavailable":"503"}
        {"unexpected":{"request":"GET /v1/incidents","status":302,"message":"no"}}
        {"malformed":{"request":"GET /v1/incidents","reason":"HTML","excerpt":"<html>"}}
        {"id":".."}
        {"unsettled":"rows moved"}
        "#);
    }
}
