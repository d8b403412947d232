//! Both sides, from the settings.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio_util::sync::CancellationToken;

use super::Failure;
use crate::catalog::{self, Catalog};
use crate::config::{Certificates, Settings};
use crate::http::{self, Policy, Proxy, Tls, Verify};
use crate::opsgenie::Opsgenie;

/// The version that the ownership stamp carries.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The two sides of a pass. Cheap to clone; nothing is sent by making them.
#[derive(Clone, Debug)]
pub struct Sides {
    /// The Opsgenie account.
    pub source: Opsgenie,
    /// The Port-compatible catalog.
    pub catalog: Catalog,
}

impl Sides {
    /// The sides that the settings name. `stop` ends every call of either.
    pub fn connect(settings: &Settings, proxy: &Proxy, stop: &CancellationToken) -> Result<Self, Failure> {
        let source_tls = tls(settings.source.certificates)?;
        // Reading the machine's roots takes longer than everything else here.
        let catalog_tls = if settings.catalog.certificates == settings.source.certificates {
            source_tls.clone()
        } else {
            tls(settings.catalog.certificates)?
        };
        let source = match &settings.source.recording {
            Some(folder) => Opsgenie::recorded(folder, stop.clone())?,
            None => account(settings, source_tls, proxy, stop)?,
        };
        let catalog_http = client(settings, catalog_tls, proxy, stop)?;
        let options = catalog::Options {
            base_url: settings.catalog.base_url.clone(),
            client_id: settings.catalog.client_id.clone(),
            client_secret: settings.catalog.client_secret.clone(),
            identifier: settings.identifier.clone(),
            version: VERSION.to_owned(),
        };
        let catalog = Catalog::new(catalog_http, options).map_err(Failure::Address)?;
        Ok(Self { source, catalog })
    }
}

/// The source alone: the account, or a recording of one.
pub fn source(settings: &Settings, proxy: &Proxy, stop: &CancellationToken) -> Result<Opsgenie, Failure> {
    match &settings.source.recording {
        Some(folder) => Ok(Opsgenie::recorded(folder, stop.clone())?),
        None => account(settings, tls(settings.source.certificates)?, proxy, stop),
    }
}

fn account(
    settings: &Settings,
    tls: Tls,
    proxy: &Proxy,
    stop: &CancellationToken,
) -> Result<Opsgenie, Failure> {
    let http = client(settings, tls, proxy, stop)?;
    let account = Opsgenie::new(http, &settings.source.api_url, settings.source.api_token.clone())?;
    Ok(account.with_at_most(settings.source.calls_in_flight))
}

fn tls(certificates: Certificates) -> Result<Tls, Failure> {
    let verify = match certificates {
        Certificates::Checked => Verify::Full,
        Certificates::Unchecked => Verify::Off,
    };
    Tls::load(verify, None).map_err(Failure::Http)
}

fn client(
    settings: &Settings,
    tls: Tls,
    proxy: &Proxy,
    stop: &CancellationToken,
) -> Result<http::Client, Failure> {
    let options = http::Options {
        timeout: settings.client_timeout,
        policy: Policy { call_budget: settings.retry_budget, ..Policy::default() },
        tls: Some(tls),
        proxy: proxy.clone(),
        stop: stop.clone(),
        seed: seed(),
        ..http::Options::default()
    };
    http::Client::new(options).map_err(Failure::Http)
}

/// Spreads the retries of processes that start together; a clock before 1970 costs only that.
fn seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos()) ^ u64::from(std::process::id()) << 32
}
