//! Why no answer came.

use std::fmt;

/// A call that ended without an answer. Statuses are answers, not errors.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The client could not be set up.
    #[error("cannot set up the HTTP client: {0}")]
    Setup(String),
    /// The request cannot be sent at all: repeating it would not help.
    #[error("{request} cannot be sent: {reason}")]
    Invalid {
        /// Method and address, without secrets.
        request: String,
        /// Why.
        reason: String,
    },
    /// No whole answer came, after every repetition that was allowed.
    #[error("{request} failed {}: {last}", Times(*.attempts))]
    Unreachable {
        /// Method and address, without secrets.
        request: String,
        /// How often it was sent.
        attempts: u32,
        /// How the last attempt failed.
        last: Failure,
    },
    /// The answer was longer than we are ready to hold.
    #[error("{request} answered with more than {limit_bytes} bytes")]
    TooLarge {
        /// Method and address, without secrets.
        request: String,
        /// The limit.
        limit_bytes: usize,
    },
    /// The run was stopped.
    #[error("{request} was stopped")]
    Stopped {
        /// Method and address, without secrets.
        request: String,
    },
}

/// How one attempt failed on its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No connection.
    #[error("cannot connect ({0})")]
    Connect(String),
    /// The certificate of the other side was refused.
    #[error(
        "the certificate was refused ({0}); set SSL_CERT_FILE when it comes from an authority of your own"
    )]
    Certificate(String),
    /// It took too long, or nothing came for too long.
    #[error("timed out ({0})")]
    Timeout(String),
    /// The answer broke off or was no HTTP.
    #[error("the answer broke off ({0})")]
    Broken(String),
}

impl Failure {
    /// Whether it may pass by itself.
    pub fn is_passing(&self) -> bool {
        !matches!(self, Self::Certificate(_))
    }
}

struct Times(u32);

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("once"),
            2 => f.write_str("twice"),
            n => write!(f, "{n} times"),
        }
    }
}

/// What a reqwest error means for us.
pub(super) enum Meaning {
    /// The request itself is at fault.
    Invalid(String),
    /// The way there or back is.
    Failure(Failure),
}

pub(super) fn meaning(error: &reqwest::Error) -> Meaning {
    let reason = innermost(error);
    if error.is_builder() {
        Meaning::Invalid(reason)
    } else if let Some(refused) = certificate(error) {
        Meaning::Failure(Failure::Certificate(refused))
    } else if error.is_timeout() {
        Meaning::Failure(Failure::Timeout(reason))
    } else if error.is_connect() {
        Meaning::Failure(Failure::Connect(reason))
    } else {
        Meaning::Failure(Failure::Broken(reason))
    }
}

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The last cause says the most; the outer ones repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// What the TLS layer says about a certificate, if that is the cause.
fn certificate(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(refused)
}

/// I/O errors hide their cause from `source`, and come one within the other.
fn refused(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(rustls::Error::InvalidCertificate(_)) = cause.downcast_ref() {
        return Some(cause.to_string());
    }
    refused(cause.downcast_ref::<std::io::Error>()?.get_ref()?)
}
