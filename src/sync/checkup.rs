//! A look at both sides before a pass: what it would stand on, a finding each. Nothing is written.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::failure::{catalog_cause, source_cause};
use super::prepare::{self, Prepared, in_words};
use super::{Failure, Sides, fit, planned};
use crate::catalog::{self, Event};
use crate::config::{Certificates, Settings, Severity};
use crate::jq::Environment;
use crate::map::Rules;
use crate::model::{Kind, Lookup};
use crate::opsgenie::{self, Listing, Opsgenie};
use crate::report::{Cause, Finding, LookupReport, Mode};

/// Somebody waits: what does not answer within this time is not repeated any more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Clocks that are further apart are worth a word.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// So many faults are told in full.
const TOLD: usize = 5;

/// Looks at the account, then at the catalog, then at each kind of the account and at the mapping between them.
pub async fn check_up(
    settings: &Settings,
    sides: &Sides,
    environment: Environment,
    stop: &CancellationToken,
) -> Vec<Finding> {
    let patience = settings.retry_budget.min(PATIENCE);
    let sides = Sides {
        source: sides.source.fresh(stop.clone()).with_patience(patience),
        catalog: sides.catalog.for_pass(Event::Resync(uuid::Uuid::new_v4()), stop.clone()),
    };
    let sides = Sides { catalog: sides.catalog.with_patience(patience), ..sides };
    let (account, (mut of_catalog, prepared)) =
        tokio::join!(account(settings, &sides.source), catalog(settings, &sides, environment, stop));
    let used = prepared.as_ref().map(|prepared| used(&prepared.rules));
    let (account, is_open) = account;
    let kinds = if is_open {
        join_all(Kind::LISTED.map(|kind| of_kind(&sides.source, kind, used.as_ref()))).await
    } else {
        vec![Finding::skipped("kinds", "not asked for, because Opsgenie does not let us in")]
    };
    if let Some(prepared) = &prepared {
        of_catalog.extend(blueprints(&sides, prepared).await);
        of_catalog.extend(planned::lookups(&prepared.rules).iter().map(lookup));
    }
    account.into_iter().chain(kinds).chain(of_catalog).collect()
}

/// The account and the key. Whether it lets us in at all.
async fn account(settings: &Settings, source: &Opsgenie) -> (Vec<Finding>, bool) {
    const ABOUT: &str = "opsgenie";
    let address = &settings.source.api_url;
    let mut findings = Vec::new();
    let is_open = match source.account().await {
        Ok(account) => {
            let name = account.get("name").as_str().unwrap_or("without a name");
            let plan = account.get("plan").get("name").as_str().unwrap_or("unknown");
            findings
                .push(Finding::ok(ABOUT, format!("{address} knows the key: account `{name}`, plan {plan}")));
            true
        }
        // A key may be good for everything else.
        Err(error) if error.is_refusal() => {
            findings.push(Finding::ok(
                ABOUT,
                format!("{address} answers; the account itself is not shown to this key"),
            ));
            true
        }
        Err(error) => {
            findings.push(refused_by_source(ABOUT, &error));
            false
        }
    };
    if settings.source.certificates == Certificates::Unchecked {
        findings.push(unchecked(ABOUT, "OCEAN__SSL__THIRD_PARTY__VERIFY"));
    }
    (findings, is_open)
}

fn unchecked(about: &'static str, variable: &str) -> Finding {
    Finding::warning(about, "the certificate is not checked, so anybody in between may read along")
        .advising(format!("unset {variable}, and give a private authority by SSL_CERT_FILE"))
}

/// An error of Opsgenie, with what its own words do not say about what to do.
fn refused_by_source(about: &'static str, error: &opsgenie::Error) -> Finding {
    let finding = match source_cause(error) {
        Some(cause) => Finding::fault(about, cause),
        None => Finding::warning(about, error.to_string()),
    };
    match error {
        opsgenie::Error::Unavailable(_) => finding.advising(
            "check OCEAN__INTEGRATION__CONFIG__API_URL (EU: https://api.eu.opsgenie.com), the way out (HTTPS_PROXY) and \
             https://opsgenie.status.atlassian.com; then try again",
        ),
        opsgenie::Error::KeyFormat(_) | opsgenie::Error::KeyRefused { .. } => finding.advising(
            "put the key of an API integration (Opsgenie: Settings, Integrations, API) into \
             OCEAN__INTEGRATION__CONFIG__API_TOKEN",
        ),
        opsgenie::Error::Forbidden { .. } => finding.advising(
            "give the key these rights in its integration, or take the kind out of the mapping; until then its entities stay \
             as they are",
        ),
        opsgenie::Error::Plan { .. } => finding.advising(
            "nothing has to be done: the kind is passed over and its entities stay; take it out of the mapping to be rid of \
             the notice",
        ),
        opsgenie::Error::Malformed { .. } => {
            finding.advising("look for a proxy or a sign-in page between here and Opsgenie")
        }
        _ => finding,
    }
}

/// Whether a kind can be read. One that the mapping does not use is no fault.
async fn of_kind(source: &Opsgenie, kind: Kind, used: Option<&BTreeSet<Kind>>) -> Finding {
    let about = kind.name();
    let is_used = used.is_none_or(|used| used.contains(&kind));
    let beside = if is_used { "" } else { "; the mapping does not use it" };
    match first_of(source, kind).await {
        Ok(Found::Some) => Finding::ok(about, format!("can be read{beside}")),
        Ok(Found::Nothing) => Finding::ok(about, format!("can be read, and there is none{beside}")),
        Err(error) if !is_used => Finding::skipped(about, format!("{error}{beside}")),
        Err(error) => refused_by_source(about, &error),
    }
}

enum Found {
    Some,
    Nothing,
}

/// The first page of a kind, and for `schedule-oncall` who is on call in its first schedule.
async fn first_of(source: &Opsgenie, kind: Kind) -> Result<Found, opsgenie::Error> {
    let page = source.pages(&Listing::all(kind)).next().await.transpose()?.unwrap_or_default();
    let Some(first) = page.records.first() else { return Ok(Found::Nothing) };
    if kind == Kind::ScheduleOncall {
        source.oncalls(&first.id).await?;
    }
    Ok(Found::Some)
}

/// The kinds that a pass asks for: those that are mapped, and those that joins lead to.
fn used(rules: &Rules) -> BTreeSet<Kind> {
    let joined = rules.needs().into_keys().map(|lookup| match lookup {
        Lookup::Team | Lookup::Members => Kind::Team,
        Lookup::Oncalls | Lookup::CurrentOncalls => Kind::ScheduleOncall,
        Lookup::Incidents | Lookup::RelatedIncident => Kind::Incident,
        Lookup::ImpactedServices => Kind::Service,
        Lookup::Details => Kind::Alert,
    });
    rules.kinds().into_iter().chain(joined).collect()
}

/// The catalog, its clock, and the mapping that it holds or would be given.
async fn catalog(
    settings: &Settings,
    sides: &Sides,
    environment: Environment,
    stop: &CancellationToken,
) -> (Vec<Finding>, Option<Prepared>) {
    const ABOUT: &str = "catalog";
    let base_url = &settings.catalog.base_url;
    let mut findings = Vec::new();
    if settings.catalog.certificates == Certificates::Unchecked {
        findings.push(unchecked(ABOUT, "OCEAN__SSL__PORT__VERIFY"));
    }
    match sides.catalog.organization().await {
        Ok(organization) => {
            let name = organization.name;
            findings
                .push(Finding::ok(ABOUT, format!("{base_url} knows the credentials: organization `{name}`")));
        }
        Err(error) => {
            findings.push(refused_by_catalog(ABOUT, &error));
            findings.push(Finding::skipped("mapping", "not read, because the catalog does not let us in"));
            return (findings, None);
        }
    }
    findings.extend(sides.catalog.clock().map(|clock| clocks(Timestamp::now(), clock)));
    let installed = prepare::install(settings, sides, Mode::Plan, stop).await;
    match installed.and_then(|installed| prepare::compile(settings, installed, environment)) {
        Ok(prepared) => {
            findings.extend(mapping(settings, &prepared));
            (findings, Some(prepared))
        }
        Err(failure) => {
            findings.push(no_mapping(&failure));
            (findings, None)
        }
    }
}

fn refused_by_catalog(about: &'static str, error: &catalog::Error) -> Finding {
    let finding = match catalog_cause(error) {
        Some(cause) => Finding::fault(about, cause),
        None => Finding::warning(about, error.to_string()),
    };
    match error.meaning() {
        catalog::Meaning::Unavailable | catalog::Meaning::Broken => finding.advising(
            "check OCEAN__PORT__BASE_URL (EU: https://api.getport.io, US: https://api.us.getport.io) and the way out \
             (HTTPS_PROXY); then try again",
        ),
        catalog::Meaning::Denied | catalog::Meaning::Stopped | catalog::Meaning::Refused => finding,
    }
}

/// Whether both clocks agree, as far as whole seconds tell.
fn clocks(here: Timestamp, catalog: Timestamp) -> Finding {
    let ahead = here.duration_since(catalog);
    if ahead.abs() < SKEW {
        return Finding::ok("clock", "agrees with the catalog's");
    }
    let minutes = ahead.abs().as_secs().saturating_add(30) / 60;
    let side = if ahead.is_negative() { "behind" } else { "ahead of" };
    let unit = if minutes == 1 { "minute" } else { "minutes" };
    let text = format!("this machine's clock is {minutes} {unit} {side} the catalog's");
    Finding::warning("clock", text)
        .advising("let the machine keep time (NTP): filters by time and intervals go by its clock")
}

fn no_mapping(failure: &Failure) -> Finding {
    let Some(cause) = failure.cause() else { return Finding::skipped("mapping", failure.to_string()) };
    let finding = Finding::fault("mapping", cause);
    let faults: Vec<String> =
        failure.faults().iter().filter(|one| one.severity == Severity::Error).map(in_words).collect();
    if faults.is_empty() { finding } else { finding.advising(all_of("mend", &faults)) }
}

/// The first few of many, a line each.
fn all_of(verb: &str, all: &[String]) -> String {
    let mut lines: Vec<String> = all.iter().take(TOLD).map(|one| format!("{verb}: {one}")).collect();
    if all.len() > TOLD {
        lines.push(format!("and {} more; `ocean-opsgenie plan` tells all of them", all.len() - TOLD));
    }
    lines.join("\n")
}

fn mapping(settings: &Settings, prepared: &Prepared) -> Vec<Finding> {
    let resources = prepared.mapping.resources.len();
    let unit = if resources == 1 { "resource" } else { "resources" };
    let steps = &prepared.set_up.steps;
    let text = format!("{resources} {unit} of integration `{}`", settings.identifier);
    let mut findings = vec![if steps.is_empty() {
        Finding::ok("mapping", text)
    } else {
        Finding::ok("mapping", format!("{text}; the first pass will {}", steps.join(", ")))
    }];
    if resources == 0 {
        let nothing = Finding::warning("mapping", "it has no resource, so a pass carries nothing over");
        findings.push(nothing.advising("edit the mapping of the integration in the catalog"));
    }
    findings.extend(prepared.warnings.iter().map(|warning| Finding::warning("mapping", warning)));
    findings
}

/// The mapping held against the blueprints.
async fn blueprints(sides: &Sides, prepared: &Prepared) -> Vec<Finding> {
    const ABOUT: &str = "blueprints";
    let fit = fit::of(&sides.catalog, prepared).await;
    if let Some(error) = &fit.unread {
        return vec![refused_by_catalog(ABOUT, error)];
    }
    if fit.unfit.is_empty() {
        let count = fit.known.len() + prepared.set_up.blueprints.len();
        let unit = if count == 1 { "blueprint takes" } else { "blueprints take" };
        return vec![Finding::ok(ABOUT, format!("{count} {unit} what the mapping makes"))];
    }
    let text = "the blueprints do not take all that the mapping makes, so entities may be refused";
    let advice = all_of("mend mapping or blueprint", &fit.unfit);
    vec![Finding::fault(ABOUT, Cause::Refused(text.to_owned())).advising(advice)]
}

fn lookup(one: &LookupReport) -> Finding {
    Finding::ok("lookup", one.to_string())
}
