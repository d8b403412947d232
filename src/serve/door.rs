//! Who may call: a secret in a header, as a bearer, as a password, or as the end of the path.
//!
//! Opsgenie signs nothing; its webhook integration can send a header of one's own, and an address may hold a password
//! (<https://support.atlassian.com/opsgenie/docs/integrate-opsgenie-with-webhook/>).

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use subtle::ConstantTimeEq as _;

use crate::config::{Callers, WebhookSettings};
use crate::secret::Secret;

/// The door of the webhook.
#[derive(Clone, Debug)]
pub(super) struct Door {
    secret: Secret,
    header: String,
    callers: Callers,
}

/// How a caller is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It knows the secret.
    Known,
    /// Anybody is let in.
    Anybody,
    /// It is not.
    Refused,
    /// Nobody is: there is no secret.
    Closed,
}

impl Door {
    pub(super) fn new(settings: &WebhookSettings) -> Self {
        let WebhookSettings { secret, header, callers } = settings;
        Self { secret: secret.clone(), header: header.clone(), callers: *callers }
    }

    /// What to tell at the start about who may call, if it is worth a warning.
    pub(super) fn warning(&self) -> Option<&'static str> {
        match (self.secret.is_empty(), self.callers) {
            (false, Callers::WithSecret) => None,
            (true, Callers::WithSecret) => Some(
                "the webhook takes no calls: set OCEAN__WEBHOOK__SECRET to a secret of your own, and Opsgenie's \
                 webhook to send it in the header x-webhook-secret (or OCEAN__WEBHOOK__AUTHENTICATION=off to let \
                 anybody call)",
            ),
            (_, Callers::Anybody) => Some(
                "OCEAN__WEBHOOK__AUTHENTICATION is off: anybody who reaches the webhook may make this service read \
                 alerts, and notifications are not mapped as they are",
            ),
        }
    }

    /// Whether a caller may come in, by its headers and the token at the end of the path.
    pub(super) fn entry(&self, headers: &HeaderMap, token: Option<&str>) -> Entry {
        if !self.secret.is_empty() && self.offers(headers, token) {
            return Entry::Known;
        }
        match self.callers {
            Callers::Anybody => Entry::Anybody,
            Callers::WithSecret if self.secret.is_empty() => Entry::Closed,
            Callers::WithSecret => Entry::Refused,
        }
    }

    fn offers(&self, headers: &HeaderMap, token: Option<&str>) -> bool {
        let own = headers.get(&self.header).is_some_and(|value| self.is(value.as_bytes()));
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let authorized =
            authorization.and_then(|value| value.split_once(' ')).is_some_and(|(scheme, rest)| {
                let rest = rest.trim();
                if scheme.eq_ignore_ascii_case("bearer") {
                    self.is(rest.as_bytes())
                } else if scheme.eq_ignore_ascii_case("basic") {
                    let decoded = BASE64_STANDARD.decode(rest).ok();
                    let password = decoded.as_deref().and_then(|pair| {
                        let colon = pair.iter().position(|byte| *byte == b':')?;
                        Some(&pair[colon + 1..])
                    });
                    password.is_some_and(|password| self.is(password))
                } else {
                    false
                }
            });
        own || authorized || token.is_some_and(|token| self.is(token.as_bytes()))
    }

    /// Takes as long whatever the first letter that differs; only the length is told.
    fn is(&self, offered: &[u8]) -> bool {
        offered.ct_eq(self.secret.expose().as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn door(secret: &str, callers: Callers) -> Door {
        Door { secret: Secret::new(secret), header: "x-webhook-secret".to_owned(), callers }
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_secret_may_be_said_in_four_ways() {
        let door = door("open sesame", Callers::WithSecret);
        for said in [
            ("x-webhook-secret", "open sesame"),
            ("authorization", "Bearer open sesame"),
            // `opsgenie:open sesame`
            ("authorization", "Basic b3BzZ2VuaWU6b3BlbiBzZXNhbWU="),
            // `:open sesame`
            ("authorization", "basic Om9wZW4gc2VzYW1l"),
        ] {
            assert_eq!(door.entry(&headers(&[said]), None), Entry::Known, "{said:?}");
        }
        assert_eq!(door.entry(&headers(&[]), Some("open sesame")), Entry::Known);
    }

    #[test]
    fn what_is_not_the_secret_opens_nothing() {
        let door = door("sesame", Callers::WithSecret);
        for said in [
            ("x-webhook-secret", ""),
            ("x-webhook-secret", "sesam"),
            ("x-webhook-secret", "sesame "),
            ("x-other", "sesame"),
            ("authorization", "sesame"),
            ("authorization", "Bearer"),
            ("authorization", "Digest sesame"),
            ("authorization", "Basic !"),
            ("authorization", "Basic c2VzYW1l"),
        ] {
            assert_eq!(door.entry(&headers(&[said]), Some("Sesame")), Entry::Refused, "{said:?}");
        }
    }

    #[test]
    fn without_a_secret_nobody_is_let_in_unless_anybody_is() {
        assert_eq!(
            door("", Callers::WithSecret).entry(&headers(&[("x-webhook-secret", "")]), Some("")),
            Entry::Closed
        );
        assert_eq!(door("", Callers::Anybody).entry(&headers(&[]), None), Entry::Anybody);
        assert_eq!(door("s", Callers::Anybody).entry(&headers(&[]), Some("s")), Entry::Known);
        assert!(door("s", Callers::WithSecret).warning().is_none());
        assert!(
            door("", Callers::WithSecret)
                .warning()
                .is_some_and(|text| text.contains("OCEAN__WEBHOOK__SECRET"))
        );
        assert!(door("s", Callers::Anybody).warning().is_some());
    }
}
