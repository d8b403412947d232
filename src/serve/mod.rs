//! The service: passes by the clock and on request, live events by webhook, and an HTTP server that shows how it goes.
//!
//! ```text
//! POST /integration/webhook ─▶ door ─▶ hint ─▶ queue (memory, disk) ─▶ workers ─▶ sync::Live ─▶ catalog
//! clock, catalog's requests, POST /resync ─▶ agenda ─▶ sync::run
//! ```
//!
//! One pass at a time; events go on beside it, kept apart by [`apply::Interlock`](crate::apply::Interlock).

mod agenda;
mod door;
mod hint;
mod http;
mod ladder;
mod lease;
mod metrics;
mod page;
mod passes;
mod poller;
mod queue;
mod store;
mod worker;

use std::net::{Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

pub use store::{Kept, Ledger, State, StoreError};

use crate::apply::Interlock;
use crate::config::{EventListener, Settings};
use crate::report::{Exit, Report, Signal};
use crate::state::{StateDir, StateError};
use crate::sync::{Live, Request, Sides};

use agenda::{Agenda, Reason};
use door::Door;
use lease::Lease;
use metrics::Metrics;
use queue::Queue;
use store::{Opened, Store};
use worker::{Target, WORKERS, Worker};

/// How long workers may take to finish what they have in hand once the service stops. Kubernetes grants thirty seconds by
/// default (<https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination>).
const GRACE: Duration = Duration::from_secs(20);

/// Shows the report of a full pass.
pub type Show = Box<dyn Fn(&Report) + Send + Sync>;

/// Why a service cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is taken, or not ours to take.
    #[error("cannot listen on port {port}: {reason}; set another one with APPLICATION__PORT or --port")]
    Listen {
        /// Which port.
        port: u16,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The queue cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A lease is asked for, and nobody here knows what that is.
    #[error(
        "OCEAN__LEASE names a lease of Kubernetes, and this build knows none; build it with `--features kubernetes`, or \
         let replicas share a state directory"
    )]
    NoKubernetes,
}

/// What a service is made of.
pub struct Service {
    /// The settings.
    pub settings: Settings,
    /// Both sides.
    pub sides: Sides,
    /// What a full pass is asked to do.
    pub request: Request,
    /// Where reports are shown.
    pub show: Show,
    /// Ends the service, cleanly.
    pub stop: CancellationToken,
    /// Ends it at once.
    pub abort: CancellationToken,
    /// Which signal cancelled `stop`, if one did.
    pub signal: Arc<dyn Fn() -> Option<Signal> + Send + Sync>,
}

/// What the parts of a running service share.
struct Inside {
    settings: Settings,
    sides: Sides,
    request: Request,
    show: Show,
    stop: CancellationToken,
    signal: Arc<dyn Fn() -> Option<Signal> + Send + Sync>,
    agenda: Mutex<Agenda>,
    asked: Notify,
    /// How many full passes have begun, and how the last of those that ended did.
    passes: watch::Sender<Passes>,
    live: Live,
    interlock: Interlock,
    queue: Arc<Queue>,
    target: Arc<Target>,
    metrics: Arc<Metrics>,
    door: Door,
    calls: http::Bucket,
    lease: Lease,
    token_obtained: AtomicBool,
    alive: AtomicBool,
    last: Mutex<Option<page::Last>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Passes {
    begun: u64,
    ended: u64,
    last: Option<Exit>,
}

/// Serves until stopped. The exit code is that of the signal.
pub async fn run(service: Service) -> Result<Exit, ServeError> {
    let Service { settings, sides, request, show, stop, abort, signal } = service;
    let port = settings.server.port;
    let listen = |reason| ServeError::Listen { port, reason };
    let listener = bind(port).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let Kitchen { queue, cursors, changes, lease } = kitchen(&settings)?;
    let interlock = Interlock::default();
    let live = Live::new(&settings, &sides, request.environment.clone(), interlock.clone());
    let metrics = Arc::new(Metrics::new(settings.server.metrics));
    let queue = Arc::new(queue);
    let target = Arc::new(Target::new());
    let agenda = Agenda::new(passes::interval(&settings), passes::kinds(&settings), Instant::now());
    let inside = Arc::new(Inside {
        door: Door::new(&settings.webhook),
        settings,
        sides,
        request,
        show,
        stop: stop.clone(),
        signal,
        agenda: Mutex::new(agenda),
        asked: Notify::new(),
        passes: watch::channel(Passes::default()).0,
        live,
        interlock,
        queue,
        target,
        metrics,
        calls: http::Bucket::full(),
        lease,
        token_obtained: AtomicBool::new(false),
        alive: AtomicBool::new(true),
        last: Mutex::new(None),
    });
    inside.introduce(address);
    let workers = inside.workers(&abort);
    let _adopting = changes.map(|mut changes| {
        let queue = inside.queue.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            while let Some(rows) = changes.recv().await {
                queue.adopt(rows);
            }
        }))
    });
    let server = {
        let (routes, stop) = (http::routes(&inside), stop.clone());
        tokio::spawn(async move {
            axum::serve(listener, routes).with_graceful_shutdown(stop.cancelled_owned()).await
        })
    };
    passes::run(&inside, cursors).await;
    inside.alive.store(false, Ordering::Relaxed);
    stop.cancelled().await;
    let drained = async {
        for worker in workers {
            if let Err(error) = worker.await {
                tracing::error!(%error, "a worker ended badly");
            }
        }
        if let Some(store) = inside.queue.store() {
            store.flush().await;
        }
    };
    if tokio::time::timeout(GRACE, drained).await.is_err() {
        tracing::warn!("what was in hand is not finished in time; with OCEAN__STATE_DIR it is not lost");
    }
    server.abort();
    let signal = (inside.signal)().unwrap_or(Signal::Terminate);
    Ok(crate::report::Cause::Stopped(signal).exit())
}

/// Whether the service could listen on this port now.
///
/// # Errors
/// When it could not.
pub async fn listens(port: u16) -> Result<(), ServeError> {
    bind(port).await.map(drop).map_err(|reason| ServeError::Listen { port, reason })
}

/// All addresses, of both families where the system has both.
async fn bind(port: u16) -> std::io::Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Err(error),
        Err(_) => TcpListener::bind(SocketAddr::from(([0, 0, 0, 0], port))).await,
    }
}

/// What lies in the state directory.
struct Kitchen {
    queue: Queue,
    cursors: Vec<(String, i64)>,
    changes: Option<tokio::sync::mpsc::UnboundedReceiver<Vec<store::Row>>>,
    lease: Lease,
}

fn kitchen(settings: &Settings) -> Result<Kitchen, ServeError> {
    let Some(state_dir) = &settings.state_dir else {
        return Ok(Kitchen {
            queue: Queue::new(None, Vec::new(), queue::CAPACITY),
            cursors: Vec::new(),
            changes: None,
            lease: leader(settings)?.unwrap_or_else(Lease::alone),
        });
    };
    StateDir::open(state_dir)?;
    let Opened { store, rows, cursors, changes } = Store::open(state_dir)?;
    let queue = Queue::new(Some(store), rows, queue::CAPACITY);
    let lease = match leader(settings)? {
        Some(lease) => lease,
        None => Lease::compete(state_dir)?,
    };
    Ok(Kitchen { queue, cursors, changes: Some(changes), lease })
}

/// The lease of Kubernetes, where one is named.
#[cfg(feature = "kubernetes")]
#[expect(clippy::unnecessary_wraps, reason = "without the feature it may fail")]
fn leader(settings: &Settings) -> Result<Option<Lease>, ServeError> {
    Ok(settings.lease.as_deref().map(Lease::of_kubernetes))
}

#[cfg(not(feature = "kubernetes"))]
fn leader(settings: &Settings) -> Result<Option<Lease>, ServeError> {
    match settings.lease {
        None => Ok(None),
        Some(_) => Err(ServeError::NoKubernetes),
    }
}

impl Inside {
    /// What the log says at the start.
    fn introduce(&self, address: SocketAddr) {
        let port = address.port();
        let prefix = &self.settings.server.path_prefix;
        tracing::info!(port, webhook = format!("{prefix}/integration/webhook"), "serving");
        if let Some(warning) = self.door.warning() {
            tracing::warn!("{warning}");
        }
        if self.queue.store().is_none() {
            tracing::info!(
                "events that wait are in memory: a restart loses them; OCEAN__STATE_DIR keeps them on disk"
            );
        }
        let resyncs = !matches!(self.settings.listener, EventListener::WebhooksOnly);
        if resyncs && self.settings.resync_interval.is_none() {
            tracing::info!(
                "no OCEAN__SCHEDULED_RESYNC_INTERVAL: a pass runs at the start and when somebody asks for one"
            );
        }
    }

    fn workers(&self, abort: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
        let worker = Worker {
            queue: self.queue.clone(),
            live: self.live.clone(),
            target: self.target.clone(),
            metrics: self.metrics.clone(),
            drain: self.stop.clone(),
            abort: abort.clone(),
        };
        (0..WORKERS).map(|_| tokio::spawn(worker.clone().run())).collect()
    }

    /// Asks for a full pass.
    fn ask(&self, reason: Reason) {
        self.agenda().ask(reason);
        self.asked.notify_one();
    }

    /// Asks for a full pass and waits until one that began after this is over; none when another replica runs them, or the
    /// service stops before.
    async fn resync(&self, reason: Reason) -> Option<Exit> {
        if !self.lease.leads() {
            return None;
        }
        let mut passes = self.passes.subscribe();
        let begun = passes.borrow_and_update().begun;
        self.ask(reason);
        let over = passes.wait_for(|passes| passes.ended > begun);
        tokio::select! {
            over = over => over.ok()?.last,
            () = self.stop.cancelled() => None,
        }
    }

    /// Why the service is not ready; none when it is.
    fn unready(&self) -> Option<&'static str> {
        if self.stop.is_cancelled() {
            Some("stopping")
        } else if !self.alive.load(Ordering::Relaxed) {
            Some("the loop of passes has ended")
        } else if !self.token_obtained.load(Ordering::Relaxed) {
            Some("the catalog has not given a token yet")
        } else if self.target.is_paused() {
            Some("delivery is paused: most events could not be delivered")
        } else {
            None
        }
    }

    fn status(&self) -> page::Status {
        let Passes { begun, ended, last: _ } = *self.passes.borrow();
        let passes = match (begun > ended, self.lease.leads()) {
            (true, _) => page::Passes::Running,
            (false, true) => page::Passes::Waiting,
            (false, false) => page::Passes::Elsewhere,
        };
        let (kept, paused) = (self.queue.store().is_some(), self.target.is_paused());
        page::Status {
            integration: self.settings.identifier.clone(),
            unready: self.unready(),
            last: self.last.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            passes,
            depth: self.queue.depth(),
            kept: if kept { page::Kept::OnDisk } else { page::Kept::InMemory },
            delivery: if paused { page::Delivery::Paused } else { page::Delivery::GoesOn },
        }
    }

    fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
