use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::http::{Client, Options, Policy, Proxy};
use crate::sandbox::{Access, AllOnCalls, Area, Effect, Fault, On, Sandbox, World};
use crate::secret::Secret;

async fn sandbox() -> Sandbox {
    Sandbox::start(crate::sandbox::Options::default()).await.unwrap()
}

fn account(sandbox: &Sandbox) -> Opsgenie {
    let policy = Policy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(1),
        attempts: 2,
        ..Policy::default()
    };
    let http = Client::new(Options { policy, proxy: Proxy::Direct, ..Options::default() }).unwrap();
    Opsgenie::new(http, &sandbox.opsgenie().url(), Secret::new(Sandbox::API_KEY)).unwrap()
}

/// A kind, enriched, by id.
async fn enriched(lookups: &Lookups, kind: Kind) -> BTreeMap<String, Enriched> {
    let mut pages = lookups.pages(&Listing::all(kind));
    let mut all = BTreeMap::new();
    while let Some(page) = pages.next().await {
        for enriched in lookups.enrich_all(page.unwrap().records).await {
            assert_eq!(enriched.record.kind, kind);
            all.insert(enriched.record.id.to_string(), enriched);
        }
    }
    all
}

fn ids(list: &Value) -> Vec<String> {
    let items = list.as_array().unwrap().iter();
    items.map(|item| item.get("id").as_str().unwrap().to_owned()).collect()
}

fn calls(sandbox: &Sandbox, on: &On) -> usize {
    sandbox.opsgenie().requests_on(on).len()
}

#[tokio::test]
async fn a_service_gets_team_oncalls_and_incidents() {
    let sandbox = sandbox().await;
    let needs = [Lookup::Team, Lookup::Oncalls, Lookup::Incidents];
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole(needs));
    let services = enriched(&lookups, Kind::Service).await;
    sandbox.opsgenie().world(|world| {
        assert_eq!(services.len(), world.services.len());
        for service in &world.services {
            let enriched = &services[&*service.id];
            assert!(enriched.failed.is_empty());
            let body = &enriched.record.body;
            let team = service.team_id.as_deref().and_then(|id| world.team(id));
            assert_eq!(body.get("__team").get("name").as_str(), team.map(|team| &*team.name));
            if let Some(team) = team {
                let members = body.get("__team").get("members").as_array().unwrap();
                assert_eq!(members.len(), team.members.len());
            }
            let schedule = team
                .and_then(|team| world.schedules.iter().find(|s| s.owner_team.as_ref() == Some(&team.id)));
            let oncalls = body.get("__oncalls");
            assert_eq!(oncalls.get("_parent").get("id").as_str(), schedule.map(|s| &*s.id));
            let on_call = schedule.map(|schedule| schedule.on_call.len());
            assert_eq!(oncalls.get("onCallRecipients").as_array().map(<[_]>::len), on_call);
            let mut impacting: Vec<_> =
                world.incidents().iter().filter(|i| i.impacted_services.contains(&service.id)).collect();
            impacting.sort_by_key(|incident| std::cmp::Reverse(incident.created_ms));
            let expected: Vec<String> = impacting.iter().map(|i| i.id.to_string()).collect();
            assert_eq!(ids(body.get("__incidents")), expected, "{}", service.name);
        }
        assert!(world.services.iter().any(|service| service.team_id.is_none()));
        let owned = world.services.iter().filter_map(|service| service.team_id.as_ref());
        let teams = owned.collect::<BTreeSet<_>>().len();
        assert_eq!(calls(&sandbox, &On::get("/v2/teams/*")), teams, "each team is read once");
    });
    assert_eq!(calls(&sandbox, &On::get("/v2/schedules/on-calls")), 1);
    assert_eq!(calls(&sandbox, &On::get("/v2/schedules/*/on-calls")), 0);
    assert!(lookups.failures(Kind::Service).is_empty());
    assert_eq!(sandbox.opsgenie().violations(), Vec::<String>::new());
}

#[tokio::test]
async fn an_incident_gets_its_services_in_its_order() {
    let mut world = World::seed();
    let known: Vec<_> = world.services.iter().rev().take(2).map(|service| service.id.clone()).collect();
    let impacted = [known[0].clone(), crate::sandbox::text("gone"), known[1].clone()];
    world.incidents_mut()[0].impacted_services = impacted.into();
    world.incidents_mut()[1].impacted_services = [].into();
    let (with, without) = (world.incidents()[0].id.to_string(), world.incidents()[1].id.to_string());
    let options = crate::sandbox::Options { world, ..Default::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::ImpactedServices]));
    let incidents = enriched(&lookups, Kind::Incident).await;
    let services = incidents[&with].record.body.get("__impactedServices");
    assert_eq!(ids(services), known.iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(incidents[&without].record.body.as_object().unwrap().get("__impactedServices").is_none());
}

#[tokio::test]
async fn an_alert_gets_the_newest_incident_that_holds_it() {
    let mut world = World::seed();
    let alert = world.alerts()[0].id.clone();
    world.incidents_mut()[0].associated_alerts = [alert.clone()].into();
    world.incidents_mut()[1].associated_alerts = [alert.clone()].into();
    let expected: BTreeMap<String, Option<String>> = world
        .alerts()
        .iter()
        .map(|alert| {
            let holding = world.incidents().iter().filter(|i| i.associated_alerts.contains(&alert.id));
            let newest = holding.max_by_key(|incident| incident.created_ms);
            (alert.id.to_string(), newest.map(|incident| incident.id.to_string()))
        })
        .collect();
    // 25 ids come on a page.
    let pages =
        world.incidents().iter().map(|i| i.associated_alerts.len().div_ceil(25).max(1)).sum::<usize>();
    let options = crate::sandbox::Options { world, ..Default::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::RelatedIncident]));
    let found: BTreeMap<String, Option<String>> = enriched(&lookups, Kind::Alert)
        .await
        .into_iter()
        .map(|(id, alert)| {
            let related = alert.record.body.get("__relatedIncident");
            assert!(related.get("__impactedServices").is_null(), "nothing nests");
            (id, related.get("id").as_str().map(str::to_owned))
        })
        .collect();
    assert_eq!(found, expected);
    assert!(expected.values().any(Option::is_some) && expected.values().any(Option::is_none));
    assert_eq!(calls(&sandbox, &On::get("/v1/incidents/*/associated-alert-ids")), pages);
    assert_eq!(calls(&sandbox, &On::get("/v1/incidents")), 1);
}

#[tokio::test]
async fn teams_get_members_and_schedules_who_is_on_call() {
    let sandbox = sandbox().await;
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::Members, Lookup::CurrentOncalls]));
    let teams = enriched(&lookups, Kind::Team).await;
    let schedules = enriched(&lookups, Kind::ScheduleOncall).await;
    sandbox.opsgenie().world(|world| {
        for team in &world.teams {
            let members = teams[&*team.id].record.body.get("__members").as_array().unwrap();
            assert_eq!(members.len(), team.members.len());
        }
        for schedule in &world.schedules {
            let body = &schedules[&*schedule.id].record.body;
            let oncalls = body.get("__currentOncalls").get("onCallRecipients").as_array().unwrap();
            let names: Vec<_> = oncalls.iter().map(|name| name.as_str().unwrap()).collect();
            assert_eq!(names, schedule.on_call.iter().map(|name| &**name).collect::<Vec<_>>());
        }
    });
}

#[tokio::test]
async fn where_one_call_for_all_is_refused_or_leaves_one_out_schedules_are_asked_one_by_one() {
    for behaviour in [AllOnCalls::Forbidden, AllOnCalls::Missing, AllOnCalls::Everyone] {
        let sandbox = sandbox().await;
        let left_out = sandbox.opsgenie().with(|account| {
            account.all_on_calls = behaviour;
            let first = account.world.schedules[0].id.to_string();
            account.on_calls_leave_out.insert(first);
            if behaviour == AllOnCalls::Everyone { 1 } else { account.world.schedules.len() }
        });
        let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::CurrentOncalls]));
        let schedules = enriched(&lookups, Kind::ScheduleOncall).await;
        assert!(schedules.values().all(|schedule| schedule.failed.is_empty()), "{behaviour:?}");
        assert!(schedules.values().all(|s| !s.record.body.get("__currentOncalls").is_null()));
        assert_eq!(calls(&sandbox, &On::get("/v2/schedules/*/on-calls")), left_out, "{behaviour:?}");
    }
}

#[tokio::test]
async fn only_what_is_needed_is_asked_for() {
    let sandbox = sandbox().await;
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::Team]));
    enriched(&lookups, Kind::Alert).await;
    enriched(&lookups, Kind::Incident).await;
    let asked = sandbox.opsgenie().requests();
    assert_eq!(asked.len(), 2, "{asked:?}");
}

#[tokio::test]
async fn a_listing_that_lookups_share_is_fetched_once() {
    let sandbox = sandbox().await;
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole(Lookup::ALL));
    let listings = [Kind::Service, Kind::Incident, Kind::Alert, Kind::Schedule, Kind::ScheduleOncall];
    futures::future::join_all(listings.map(|kind| enriched(&lookups, kind))).await;
    for path in ["/v1/services", "/v1/incidents", "/v2/schedules", "/v2/schedules/on-calls"] {
        assert_eq!(calls(&sandbox, &On::get(path)), 1, "{path}");
    }
}

#[tokio::test]
async fn one_listing_of_schedules_serves_with_and_without_rotations() {
    let sandbox = sandbox().await;
    let rotations = |records: Vec<Record>| {
        let given = records.into_iter().map(|record| record.body.get("rotations").clone());
        given.collect::<Vec<_>>()
    };
    let mut given = Vec::new();
    for wanted in [Rotations::Expanded, Rotations::Left] {
        let listing = Listing { rotations: wanted, ..Listing::all(Kind::Schedule) };
        let alone = Lookups::new(&account(&sandbox), &Wanted::whole([]))
            .pages(&listing)
            .next()
            .await
            .unwrap()
            .unwrap();
        given.push((listing, rotations(alone.records)));
    }
    assert_ne!(given[0].1, given[1].1);
    sandbox.opsgenie().forget();
    let lookups =
        Lookups::new(&account(&sandbox), &Wanted { rotations: Rotations::Expanded, ..Wanted::whole([]) });
    for (listing, expected) in given {
        let page = lookups.pages(&listing).next().await.unwrap().unwrap();
        assert_eq!(rotations(page.records), expected, "{listing:?}");
    }
    assert_eq!(calls(&sandbox, &On::get("/v2/schedules")), 1);
}

#[tokio::test]
async fn a_team_that_cannot_be_read_leaves_its_field_out_and_says_so() {
    let sandbox = sandbox().await;
    let (gone, concerned) = sandbox.opsgenie().world(|world| {
        let gone = world.services.iter().find_map(|service| service.team_id.clone()).unwrap();
        world.teams.retain(|team| team.id != gone);
        let concerned = world.services.iter().filter(|service| service.team_id.as_ref() == Some(&gone));
        (gone.clone(), concerned.count())
    });
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::Team]));
    let services = enriched(&lookups, Kind::Service).await;
    let failed: Vec<_> = services.values().filter(|service| !service.failed.is_empty()).collect();
    assert_eq!(failed.len(), concerned);
    for service in failed {
        assert_eq!(service.failed, [Lookup::Team]);
        assert_eq!(service.record.body.get("teamId").as_str(), Some(&*gone));
        assert!(service.record.body.as_object().unwrap().get("__team").is_none());
    }
    let failures = lookups.failures(Kind::Service);
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].records, concerned as u64);
    assert!(matches!(failures[0].gap(), Gap::Lookup(Lookup::Team, _)));
}

#[tokio::test]
async fn a_listing_that_fails_fails_every_lookup_that_joins_it() {
    let sandbox = sandbox().await;
    sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, Access::NotInPlan));
    let lookups =
        Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::Incidents, Lookup::RelatedIncident]));
    let services = enriched(&lookups, Kind::Service).await;
    let alerts = enriched(&lookups, Kind::Alert).await;
    assert!(services.values().all(|service| service.failed == [Lookup::Incidents]));
    assert!(alerts.values().all(|alert| alert.failed == [Lookup::RelatedIncident]));
    assert!(matches!(lookups.failures(Kind::Alert)[0].error, Error::Plan { .. }));
    assert_eq!(calls(&sandbox, &On::get("/v1/incidents")), 1);
    let mut pages = lookups.pages(&Listing::all(Kind::Incident));
    assert!(matches!(pages.next().await, Some(Err(Error::Plan { .. }))));
}

#[tokio::test]
async fn alerts_get_what_their_listing_leaves_out() {
    let sandbox = sandbox().await;
    let plain = enriched(&Lookups::new(&account(&sandbox), &Wanted::whole([])), Kind::Alert).await;
    let whole =
        enriched(&Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::Details])), Kind::Alert).await;
    assert_eq!(calls(&sandbox, &On::get("/v2/alerts/*")), plain.len());
    for (id, alert) in &whole {
        let listed = plain[id].record.body.as_object().unwrap();
        let read = alert.record.body.as_object().unwrap();
        for field in Lookup::Details.fields() {
            assert!(listed.get(field).is_none() && read.get(field).is_some(), "{id}: {field}");
        }
        assert!(listed.iter().all(|(name, value)| read.get(name) == Some(value)), "{id}");
    }
}

#[tokio::test]
async fn an_alert_that_cannot_be_read_costs_no_other() {
    let sandbox = sandbox().await;
    let one = sandbox.opsgenie().world(|world| world.alerts()[7].id.to_string());
    let id = one.clone();
    let on = On::get("/v2/alerts/*").when(move |asked| asked.path.contains(&id));
    sandbox.opsgenie().fault(Fault::always(on, Effect::status(500)));
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::Details]));
    let alerts = enriched(&lookups, Kind::Alert).await;
    let failed: Vec<_> = alerts.iter().filter(|(_, alert)| !alert.failed.is_empty()).collect();
    assert_eq!(failed.iter().map(|(id, _)| (*id).clone()).collect::<Vec<_>>(), [one]);
    assert!(failed[0].1.record.body.get("status").as_str().is_some(), "what was listed is there");
    assert_eq!(lookups.failures(Kind::Alert)[0].records, 1);
}

#[tokio::test]
async fn where_no_alert_may_be_read_few_are_tried() {
    for (effect, most) in [(Effect::status(403), AT_ONCE), (Effect::status(500), 2 * (AT_ONCE + 3))] {
        let sandbox = sandbox().await;
        sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts/*"), effect));
        let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::Details]));
        let alerts = enriched(&lookups, Kind::Alert).await;
        assert!(alerts.values().all(|alert| alert.failed == [Lookup::Details]));
        let tried = calls(&sandbox, &On::get("/v2/alerts/*"));
        assert!(tried <= most, "{tried} of {} calls", alerts.len());
    }
}

#[tokio::test]
async fn an_incident_that_stays_silent_leaves_uncertain_alerts_open() {
    let sandbox = sandbox().await;
    let newest = sandbox.opsgenie().world(|world| {
        let newest = world.incidents().iter().max_by_key(|incident| incident.created_ms);
        newest.map(|incident| incident.id.to_string()).unwrap()
    });
    let silent =
        On::get("/v1/incidents/*/associated-alert-ids").when(move |asked| asked.path.contains(&newest));
    sandbox.opsgenie().fault(Fault::always(silent, Effect::status(500)));
    let lookups = Lookups::new(&account(&sandbox), &Wanted::whole([Lookup::RelatedIncident]));
    let alerts = enriched(&lookups, Kind::Alert).await;
    assert!(alerts.values().all(|alert| alert.failed == [Lookup::RelatedIncident]));
    assert!(alerts.values().all(|alert| alert.record.body.get("__relatedIncident").is_null()));
}
