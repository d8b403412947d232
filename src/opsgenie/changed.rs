//! What has changed since: a condition for listings, by what the account's search understands.
//!
//! Opsgenie's pages do not name `updatedAt` as a field of searches for alerts
//! (<https://support.atlassian.com/opsgenie/docs/search-queries-for-alerts/>), so it is tried out once, on an alert whose
//! answer is known. Where it is not understood, and for incidents, records that were created since and those that are
//! still open stand in.

use jiff::Timestamp;

use super::client::Live;
use super::error::Error;
use super::request::{Call, Span};
use crate::model::Kind;
use crate::value::Value;

/// An instant that no record has reached: the year 2100.
const NEVER_MS: i64 = 4_102_444_800_000;

/// Whether a search for alerts understands `updatedAt`; not known before the first try.
pub(super) type ByUpdate = tokio::sync::OnceCell<Understood>;

/// Whether a search understands a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Understood {
    Yes,
    No,
}

impl Live {
    /// The condition under which a listing shows what was changed at `since` or later; none for kinds that cannot be
    /// searched so.
    pub(super) async fn changed_since(&self, kind: Kind, since: Timestamp) -> Option<String> {
        let since = since.as_millisecond();
        let understood = match kind {
            // When it could not be tried out, it is tried out the next time.
            Kind::Alert => {
                let tried = self.by_update.get_or_try_init(|| self.understands_updates()).await;
                tried.map_or(Understood::No, |understood| *understood)
            }
            Kind::Incident => Understood::No,
            _ => return None,
        };
        Some(match understood {
            Understood::Yes => format!("updatedAt >= {since}"),
            Understood::No => format!("createdAt >= {since} OR status: open"),
        })
    }

    /// Asks for one alert that was changed before and after its own last change.
    async fn understands_updates(&self) -> Result<Understood, Error> {
        let Some(alert) = self.first_alert(None).await? else { return Ok(Understood::No) };
        let (Some(id), Some(updated)) = (alert.get("id").as_str(), alert.get("updatedAt").as_str()) else {
            return Ok(Understood::No);
        };
        let Ok(updated) = updated.parse::<Timestamp>() else { return Ok(Understood::No) };
        let at = |bound| Some(format!("alertId: \"{id}\" AND updatedAt >= {bound}"));
        // Milliseconds may be cut.
        let understood = match self.first_alert(at(updated.as_millisecond() - 1000)).await {
            Ok(Some(found)) if found.get("id").as_str() == Some(id) => {
                match self.first_alert(at(NEVER_MS)).await? {
                    None => Understood::Yes,
                    // The condition is overlooked.
                    Some(_) => Understood::No,
                }
            }
            Ok(_) | Err(Error::Query { .. }) => Understood::No,
            Err(error) => return Err(error),
        };
        tracing::debug!(?understood, "searches by `updatedAt`");
        Ok(understood)
    }

    async fn first_alert(&self, query: Option<String>) -> Result<Option<Value>, Error> {
        let call = Call::Alerts { query, span: Span { offset: 0, limit: 1 } };
        let (envelope, _, request) = self.ask(&call).await?;
        Ok(envelope.rows(&request)?.first().cloned())
    }
}
