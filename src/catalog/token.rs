//! The access token: fetched once, renewed before it ends, and once when the catalog no longer takes it.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::{Fault, Said};
use super::request::Requests;
use super::wire;
use crate::http;
use crate::secret::Secret;

/// A token is renewed this long before its end, or a tenth of its life if that is less: a call that starts with it must
/// also end with it.
const MARGIN: Duration = Duration::from_secs(60);

/// No token is kept longer than a day, whatever the catalog says.
const LONGEST_LIFE_SECONDS: f64 = 24.0 * 3600.0;

/// A token and its place in the series of tokens.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) scheme: String,
    pub(super) secret: Secret,
    generation: u64,
    renew_at: Instant,
}

/// Where tokens come from.
#[derive(Debug)]
pub(super) struct Tokens {
    client_id: Secret,
    client_secret: Secret,
    /// Held while a token is fetched, so that calls in parallel share one fetch.
    current: Mutex<Option<Token>>,
}

impl Tokens {
    pub(super) fn new(client_id: Secret, client_secret: Secret) -> Self {
        Self { client_id, client_secret, current: Mutex::new(None) }
    }

    /// A token that is good for another call.
    pub(super) async fn current(&self, http: &http::Client, requests: &Requests) -> Result<Token, Fault> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) if Instant::now() < token.renew_at => Ok(token.clone()),
            Some(_) | None => self.fetch(&mut current, http, requests).await,
        }
    }

    /// Another token than `refused`, which the catalog did not take. When someone else has renewed it in the meantime,
    /// theirs.
    pub(super) async fn renew(
        &self,
        refused: &Token,
        http: &http::Client,
        requests: &Requests,
    ) -> Result<Token, Fault> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(token) if token.generation > refused.generation => Ok(token.clone()),
            Some(_) | None => self.fetch(&mut current, http, requests).await,
        }
    }

    async fn fetch(
        &self,
        current: &mut Option<Token>,
        http: &http::Client,
        requests: &Requests,
    ) -> Result<Token, Fault> {
        let generation = current.as_ref().map_or(0, |token| token.generation + 1);
        let response = http
            .send(requests.token(&self.client_id, &self.client_secret))
            .await
            .map_err(super::unanswered)?;
        if !response.is_success() {
            return Err(self.masked(super::meaning_of(&response)));
        }
        // What does not parse may still hold the token, so none of it is shown.
        let answer: wire::TokenAnswer = wire::decode(&response).map_err(without_excerpt)?;
        let life = Duration::from_secs_f64(answer.life_seconds.clamp(0.0, LONGEST_LIFE_SECONDS));
        let token = Token {
            scheme: answer.scheme,
            secret: Secret::new(answer.secret),
            generation,
            renew_at: Instant::now() + life.saturating_sub(MARGIN.min(life / 10)),
        };
        *current = Some(token.clone());
        Ok(token)
    }

    /// The catalog's words, in case they repeat what was sent.
    fn masked(&self, fault: Fault) -> Fault {
        let mask = |text: String| {
            [&self.client_secret, &self.client_id]
                .into_iter()
                .filter(|secret| !secret.is_empty())
                .fold(text, |text, secret| text.replace(secret.expose(), "[secret]"))
        };
        let said = |said: Said| Said { code: mask(said.code), message: mask(said.message) };
        match fault {
            // The API answers 401 to wrong credentials; a malformed client id may also give 400, 404 or 422.
            Fault::Credentials(words)
            | Fault::Invalid(words)
            | Fault::Missing(words)
            | Fault::Forbidden(words) => Fault::Credentials(said(words)),
            Fault::Unexpected { status, said: words } => Fault::Unexpected { status, said: said(words) },
            Fault::Unavailable { status, said: words } => Fault::Unavailable { status, said: said(words) },
            other => without_excerpt(other),
        }
    }
}

fn without_excerpt(fault: Fault) -> Fault {
    match fault {
        Fault::Malformed { reason, excerpt: _ } => {
            let reason = if reason.contains("HTML") { reason } else { "it holds no token".to_owned() };
            Fault::Malformed { reason, excerpt: String::new() }
        }
        other => other,
    }
}
