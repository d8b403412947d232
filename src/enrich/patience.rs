//! Many single reads of one sort: how many may fail before the others are not even tried.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_util::sync::CancellationToken;

use crate::opsgenie::Error;

/// After so many reads in a row that came to nothing, although each was repeated, nothing answers any more.
const GIVE_UP: u32 = 3;

/// Patience with one sort of reads.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    failed_in_a_row: AtomicU32,
    /// Why nothing is asked any more, once that is so.
    given_up: OnceLock<Error>,
    /// Cancelled then: those who wait for their turn need not.
    ended: CancellationToken,
}

impl Patience {
    /// Asks, until it is known that no answer will come.
    pub(crate) async fn ask<T, F>(&self, ask: impl FnOnce() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let asked = self.ended.run_until_cancelled(async { ask().await });
        match (asked.await, self.given_up.get()) {
            (Some(answer), _) => {
                match &answer {
                    Ok(_) => self.failed_in_a_row.store(0, Ordering::Relaxed),
                    Err(error) => self.note(error),
                }
                answer
            }
            (None, Some(error)) => Err(error.clone()),
            (None, None) => Err(Error::Stopped),
        }
    }

    fn note(&self, error: &Error) {
        let lasting = match error {
            // These will not be different for the next one.
            Error::Stopped | Error::Plan { .. } | Error::Forbidden { .. } | Error::KeyRefused { .. } => true,
            Error::Unavailable(_) => self.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= GIVE_UP,
            _ => {
                self.failed_in_a_row.store(0, Ordering::Relaxed);
                false
            }
        };
        if lasting {
            // Another one may have said so at the same time.
            self.given_up.get_or_init(|| error.clone());
            self.ended.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Result<(), Error> {
        Err(Error::Unavailable("503".into()))
    }

    fn refused() -> Result<(), Error> {
        Err(Error::Forbidden { request: "GET /".into(), message: String::new() })
    }

    fn gone() -> Result<(), Error> {
        Err(Error::Missing { request: "GET /".into(), message: String::new() })
    }

    /// How many of these answers were asked for.
    async fn asked(answers: &[fn() -> Result<(), Error>]) -> usize {
        let patience = Patience::default();
        let mut asked = 0;
        for answer in answers {
            let said = patience
                .ask(|| {
                    asked += 1;
                    std::future::ready(answer())
                })
                .await;
            assert!(said.is_err() || answer().is_ok());
        }
        asked
    }

    #[tokio::test]
    async fn what_fails_for_all_is_not_asked_for_each() {
        assert_eq!(asked(&[refused, refused]).await, 1);
        assert_eq!(asked(&[away, away, away, away, || Ok(())]).await, 3);
    }

    #[tokio::test]
    async fn what_fails_for_some_is_asked_for_each() {
        assert_eq!(asked(&[gone, gone, gone, gone]).await, 4);
        assert_eq!(asked(&[away, away, || Ok(()), away, away, gone, away, away]).await, 8);
    }
}
