//! The source: an Opsgenie account, read over its REST API, or a recording of one, read from a folder.
//!
//! [`Opsgenie`] asks either; [`Opsgenie::pages`] lists a whole kind, however long and however restless it is. Every answer that
//! is not the one hoped for is a variant of [`Error`].

mod changed;
mod client;
mod error;
mod listing;
mod pages;
pub mod recording;
mod request;
mod search;
mod source;
mod wire;

pub use error::Error;
pub use listing::{Listing, Page, Pages, RowFault, RowReason};
pub use recording::Fault as RecordingFault;
pub use request::{Domain, Rotations, is_plain};
pub use source::Opsgenie;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use futures::StreamExt as _;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::http::{Client, Options, Policy, Proxy};
    use crate::model::filter::Search;
    use crate::model::{Filter, Kind};
    use crate::sandbox::{
        Access, AlertStatus, Area, Bucket, Effect, Fault, OMIT, On, Sandbox, Size, Times, World, text,
    };
    use crate::secret::Secret;

    type Meaning = fn(&Error) -> bool;

    /// Waits of a millisecond, and little patience.
    fn hasty() -> Options {
        Options {
            policy: Policy {
                first_wait: Duration::from_millis(1),
                longest_wait: Duration::from_millis(1),
                attempts: 3,
                call_budget: Duration::from_millis(500),
                pass_budget: Duration::from_secs(5),
            },
            proxy: Proxy::Direct,
            ..Options::default()
        }
    }

    /// As a real run is.
    fn patient() -> Options {
        Options { proxy: Proxy::Direct, ..Options::default() }
    }

    fn with_key(sandbox: &Sandbox, options: Options, key: &str) -> Opsgenie {
        Opsgenie::new(Client::new(options).unwrap(), &sandbox.opsgenie().url(), Secret::new(key)).unwrap()
    }

    fn account(sandbox: &Sandbox) -> Opsgenie {
        with_key(sandbox, hasty(), Sandbox::API_KEY)
    }

    async fn sandbox(world: World) -> Sandbox {
        Sandbox::start(crate::sandbox::Options { world, ..Default::default() }).await.unwrap()
    }

    async fn sized(alerts: u32, incidents: u32, others: u32) -> Sandbox {
        sandbox(World::generated(Size {
            alerts,
            incidents,
            services: others,
            users: others,
            teams: others.min(20),
        }))
        .await
    }

    /// What a listing came to: ids in order, faults, and the error at its end.
    async fn walk(account: &Opsgenie, listing: &Listing) -> (Vec<String>, usize, Option<Error>) {
        let mut pages = account.pages(listing);
        let (mut ids, mut faults, mut error) = (Vec::new(), 0, None);
        while let Some(page) = pages.next().await {
            assert!(error.is_none(), "an error is the last item");
            match page {
                Ok(page) => {
                    ids.extend(page.records.iter().map(|record| record.id.to_string()));
                    faults += page.faults.len();
                    assert!(page.records.iter().all(|record| record.kind == listing.kind));
                }
                Err(last) => error = Some(last),
            }
        }
        (ids, faults, error)
    }

    fn open() -> Listing {
        let search = Search::new("status:open").unwrap();
        let filter = Filter::new(Kind::Alert, Vec::new(), Some(search)).unwrap();
        Listing { query: filter.at(jiff::Timestamp::UNIX_EPOCH), ..Listing::all(Kind::Alert) }
    }

    #[tokio::test]
    async fn every_kind_is_listed_whole_and_once() {
        let sandbox = sized(420, 130, 120).await;
        let account = account(&sandbox);
        let expected = [
            (Kind::Alert, 420),
            (Kind::Incident, 130),
            (Kind::Service, 120),
            (Kind::User, 120),
            (Kind::Team, 20),
            (Kind::Schedule, 20),
            (Kind::ScheduleOncall, 20),
        ];
        for (kind, count) in expected {
            let (ids, faults, error) = walk(&account, &Listing::all(kind)).await;
            assert!(error.is_none(), "{kind}: {error:?}");
            assert_eq!((ids.len(), faults), (count, 0), "{kind}");
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), count, "{kind}");
        }
        assert_eq!(sandbox.opsgenie().violations(), Vec::<String>::new());
        // 5 + 1 pages and counts of alerts, 2 + 1 of incidents, 2 each of services and users, 3 unpaged.
        assert_eq!(account.usage().calls, 16);
    }

    #[tokio::test]
    async fn an_empty_account_is_complete() {
        let sandbox = sandbox(World::empty()).await;
        for kind in Kind::LISTED {
            let (ids, _, error) = walk(&account(&sandbox), &Listing::all(kind)).await;
            assert!(ids.is_empty() && error.is_none(), "{kind}: {error:?}");
        }
    }

    #[tokio::test]
    async fn a_search_lists_what_matches() {
        let sandbox = sized(300, 1, 1).await;
        let expected: BTreeSet<String> = sandbox.opsgenie().world(|world| {
            let alerts = world.alerts().iter();
            alerts.filter(|a| a.status == AlertStatus::Open).map(|a| a.id.to_string()).collect()
        });
        let (ids, _, error) = walk(&account(&sandbox), &open()).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), expected);
    }

    #[tokio::test]
    async fn more_than_one_search_can_reach_is_listed_whole() {
        let sandbox = sized(20_300, 0, 0).await;
        let (ids, _, error) = walk(&account(&sandbox), &Listing::all(Kind::Alert)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(ids.into_iter().collect::<BTreeSet<_>>().len(), 20_300);
        assert_eq!(sandbox.opsgenie().violations(), Vec::<String>::new());
    }

    #[tokio::test]
    async fn while_an_alert_closes_at_every_call_no_open_one_is_lost() {
        let sandbox = sized(1_200, 0, 0).await;
        sandbox.opsgenie().on_request(|_, account| {
            let oldest = account.world.alerts().iter().filter(|a| a.status == AlertStatus::Open);
            let oldest = oldest.min_by_key(|a| a.created_ms).map(|a| a.id.clone());
            if let Some(oldest) = oldest {
                account.world.close_alert(&oldest, 0);
            }
        });
        let (ids, _, error) = walk(&account(&sandbox), &open()).await;
        assert!(error.is_none(), "{error:?}");
        let seen: BTreeSet<String> = ids.into_iter().collect();
        sandbox.opsgenie().world(|world| {
            for alert in world.alerts().iter().filter(|alert| alert.status == AlertStatus::Open) {
                assert!(seen.contains(&*alert.id), "{} is lost", alert.id);
            }
        });
    }

    #[tokio::test]
    async fn what_a_slow_index_hid_is_found_by_a_second_look() {
        let sandbox = sized(250, 0, 0).await;
        let mut late = sandbox.opsgenie().world(|world| world.alerts_mut().remove(3));
        late.id = text("late-1");
        sandbox.opsgenie().on_request(move |asked, account| {
            if asked.path.ends_with("/count") && account.world.alert("late-1").is_none() {
                account.world.alerts_mut().push(late.clone());
            }
        });
        let (ids, _, error) = walk(&account(&sandbox), &Listing::all(Kind::Alert)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(ids.len(), 250);
        assert!(ids.contains(&"late-1".to_owned()));
    }

    #[tokio::test]
    async fn what_stays_hidden_is_not_called_complete() {
        let sandbox = sized(250, 0, 0).await;
        let wrong =
            Effect::Status { status: 200, headers: vec![], body: Some(r#"{"data":{"count":251}}"#.into()) };
        sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts/count"), wrong));
        let (ids, _, error) = walk(&account(&sandbox), &Listing::all(Kind::Alert)).await;
        assert_eq!(ids.len(), 250);
        assert!(matches!(error, Some(Error::Unsettled(_))), "{error:?}");
    }

    #[tokio::test]
    async fn where_counting_is_not_allowed_the_listing_counts_itself() {
        let sandbox = sized(250, 0, 0).await;
        sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts/count"), Effect::status(403)));
        let (ids, _, error) = walk(&account(&sandbox), &Listing::all(Kind::Alert)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(ids.len(), 250);
    }

    #[tokio::test]
    async fn a_search_that_we_made_ourselves_is_not_called_the_users_fault() {
        let sandbox = sized(250, 130, 0).await;
        let ours =
            On::any().when(|asked| asked.param("query").is_some_and(|query| query.contains("createdAt")));
        sandbox.opsgenie().fault(Fault::always(ours, Effect::status(422)));
        for kind in [Kind::Alert, Kind::Incident] {
            let (_, _, error) = walk(&account(&sandbox), &Listing::all(kind)).await;
            assert!(matches!(error, Some(Error::Unsettled(_))), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_page_that_fails_for_good_ends_the_listing_with_its_error() {
        let sandbox = sized(900, 0, 0).await;
        let third = On::get("/v2/alerts").when(|asked| asked.param("offset") == Some("198"));
        sandbox.opsgenie().fault(Fault::always(third, Effect::status(500)));
        let (ids, _, error) = walk(&account(&sandbox), &Listing::all(Kind::Alert)).await;
        assert_eq!(ids.len(), 199, "what came before is kept");
        assert!(matches!(error, Some(Error::Unavailable(_))), "{error:?}");
    }

    #[tokio::test]
    async fn what_passes_by_itself_is_not_seen_at_all() {
        for effect in
            [Effect::status(500), Effect::status(503), Effect::CutBody, Effect::Reset, Effect::LoseAnswer]
        {
            let sandbox = sized(450, 0, 0).await;
            let fault = Fault { on: On::get("/v2/alerts"), times: Times::Every(3), what: effect.clone() };
            sandbox.opsgenie().fault(fault);
            let (ids, _, error) = walk(&account(&sandbox), &Listing::all(Kind::Alert)).await;
            assert!(error.is_none(), "{effect:?}: {error:?}");
            assert_eq!(ids.len(), 450, "{effect:?}");
        }
    }

    #[tokio::test]
    async fn every_fault_that_stays_has_its_meaning_for_every_kind() {
        let sandbox = sandbox(World::seed()).await;
        let account =
            with_key(&sandbox, Options { timeout: Duration::from_millis(40), ..hasty() }, Sandbox::API_KEY);
        let meanings: [(Effect, Meaning); 12] = [
            (Effect::status(401), |e| matches!(e, Error::KeyRefused { .. })),
            (Effect::status(402), |e| matches!(e, Error::Plan { .. })),
            (Effect::status(403), |e| matches!(e, Error::Forbidden { .. })),
            (Effect::status(404), |e| matches!(e, Error::Missing { .. })),
            (Effect::status(422), |e| matches!(e, Error::Query { .. })),
            (Effect::throttled(60), |e| matches!(e, Error::Unavailable(_))),
            (Effect::status(500), |e| matches!(e, Error::Unavailable(_))),
            (Effect::Html, |e| matches!(e, Error::Malformed { .. })),
            (Effect::Malformed, |e| matches!(e, Error::Malformed { .. })),
            (Effect::CutBody, |e| matches!(e, Error::Unavailable(_))),
            (Effect::Reset, |e| matches!(e, Error::Unavailable(_))),
            (Effect::Stall, |e| matches!(e, Error::Unavailable(_))),
        ];
        for (effect, meaning) in meanings {
            sandbox.opsgenie().mend_all();
            sandbox.opsgenie().fault(Fault::always(On::any(), effect.clone()));
            for kind in Kind::LISTED {
                // A pace of its own: a refusal must not hold up the next kind.
                let account = account.fresh(CancellationToken::new());
                let account = if matches!(effect, Effect::Status { status: 429, .. }) {
                    with_key(&sandbox, hasty(), Sandbox::API_KEY)
                } else {
                    account
                };
                let (ids, _, error) = walk(&account, &Listing::all(kind)).await;
                let error = error.unwrap_or_else(|| panic!("{kind} under {effect:?} came to {ids:?}"));
                assert!(meaning(&error), "{kind} under {effect:?}: {error}");
                assert!(ids.is_empty());
            }
        }
    }

    #[tokio::test]
    async fn keys_are_told_apart() {
        let sandbox = sandbox(World::seed()).await;
        let ask = async |key: &str| with_key(&sandbox, hasty(), key).account().await;
        assert!(matches!(ask("nonsense").await, Err(Error::KeyFormat(_))));
        let unknown = "00000000-0000-0000-0000-000000000000";
        assert!(matches!(ask(unknown).await, Err(Error::KeyRefused { .. })));
        assert!(ask(Sandbox::API_KEY).await.is_ok());
        sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, Access::NotInPlan));
        let (_, _, error) = walk(&account(&sandbox), &Listing::all(Kind::Incident)).await;
        assert!(matches!(error, Some(Error::Plan { .. })), "{error:?}");
    }

    #[tokio::test]
    async fn a_row_without_an_id_is_a_fault_and_the_page_goes_on() {
        let mut world = World::seed();
        let whole = world.alerts().len();
        let without = serde_json::Map::from_iter([("id".to_owned(), OMIT.into())]);
        world.alerts_mut()[2].extra = Some(Arc::new(without));
        let sandbox = sandbox(world).await;
        let (ids, faults, error) = walk(&account(&sandbox), &Listing::all(Kind::Alert)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!((ids.len(), faults), (whole - 1, 1));
    }

    #[tokio::test]
    async fn a_limit_is_asked_for_once_and_kept_to() {
        let sandbox = sized(2_000, 0, 0).await;
        let bucket = Bucket { per_second: 10.0, burst: 2.0, period_secs: 1 };
        sandbox.opsgenie().with(|account| account.throttle.limit(crate::sandbox::Domain::Search, bucket));
        let account = with_key(&sandbox, patient(), Sandbox::API_KEY);
        let (ids, _, error) = walk(&account, &Listing::all(Kind::Alert)).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(ids.len(), 2_000);
        assert_eq!(sandbox.opsgenie().requests_on(&On::get("/v2/request-limits")).len(), 1);
        let (served, refused) =
            sandbox.opsgenie().with(|account| (account.throttle.served, account.throttle.refused));
        assert!(served >= 20 && refused * 5 <= served, "{refused} refused of {served} served");
    }

    #[tokio::test]
    async fn where_no_limit_is_stated_or_none_is_met_nothing_is_asked() {
        let sandbox = sized(300, 0, 0).await;
        let account = account(&sandbox);
        assert!(walk(&account, &Listing::all(Kind::Alert)).await.2.is_none());
        assert_eq!(sandbox.opsgenie().requests_on(&On::get("/v2/request-limits")).len(), 0);
        sandbox.opsgenie().fault(Fault::always(On::get("/v2/request-limits"), Effect::status(403)));
        sandbox.opsgenie().fault(Fault::first(1, On::get("/v2/alerts"), Effect::throttled(1)));
        let patient = with_key(&sandbox, patient(), Sandbox::API_KEY);
        assert!(walk(&patient, &Listing::all(Kind::Alert)).await.2.is_none());
        assert_eq!(sandbox.opsgenie().requests_on(&On::get("/v2/request-limits")).len(), 1);
    }

    #[tokio::test]
    async fn no_more_calls_are_under_way_than_allowed() {
        let sandbox = sized(3_000, 0, 0).await;
        let slow = Fault::always(On::any(), Effect::Slow(Duration::from_millis(5)));
        sandbox.opsgenie().fault(slow);
        let begin = std::time::Instant::now();
        let one = account(&sandbox).with_at_most(1);
        assert!(walk(&one, &Listing::all(Kind::Alert)).await.2.is_none());
        // 31 pages and a count, one after the other.
        assert!(begin.elapsed() >= Duration::from_millis(32 * 5));
    }

    #[tokio::test]
    async fn a_stop_ends_a_listing_at_once() {
        let sandbox = sandbox(World::seed()).await;
        sandbox.opsgenie().fault(Fault::always(On::any(), Effect::Stall));
        let stop = CancellationToken::new();
        let account = account(&sandbox).fresh(stop.clone());
        let listing = Listing::all(Kind::Alert);
        let (walked, ()) = tokio::join!(walk(&account, &listing), async {
            tokio::task::yield_now().await;
            stop.cancel();
        });
        assert!(matches!(walked.2, Some(Error::Stopped)), "{:?}", walked.2);
    }

    #[tokio::test]
    async fn single_reads_give_what_lists_leave_out() {
        let sandbox = sandbox(World::seed()).await;
        let account = account(&sandbox);
        let (alert, team, schedule) = sandbox.opsgenie().world(|world| {
            (world.alerts()[0].id.clone(), world.teams[0].clone(), world.schedules[0].clone())
        });
        let id = |text: &str| crate::model::RecordId::new(text).unwrap();
        let alert = account.alert(&id(&alert)).await.unwrap();
        assert!(alert.body.get("description").as_str().is_some());
        let read = account.team(&id(&team.id)).await.unwrap();
        assert_eq!(read.get("members").as_array().unwrap().len(), team.members.len());
        let oncalls = account.oncalls(&id(&schedule.id)).await.unwrap();
        assert_eq!(oncalls.get("onCallRecipients").as_array().unwrap().len(), schedule.on_call.len());
        assert!(matches!(account.team(&id("nobody")).await, Err(Error::Missing { .. })));
    }

    #[tokio::test]
    async fn associated_alerts_are_followed_to_their_last_page() {
        let mut world = World::generated(Size { alerts: 80, incidents: 1, services: 1, users: 1, teams: 1 });
        let all: Arc<[_]> = world.alerts().iter().map(|alert| alert.id.clone()).collect();
        world.incidents_mut()[0].associated_alerts = Arc::clone(&all);
        let incident = crate::model::RecordId::new(&*world.incidents()[0].id).unwrap();
        let sandbox = sandbox(world).await;
        let account = account(&sandbox);
        let ids = account.associated_alert_ids(&incident).await.unwrap();
        assert_eq!(
            ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
            all.iter().map(ToString::to_string).collect::<Vec<_>>()
        );
        assert_eq!(account.usage().calls, 4);
    }
}
