//! What both sides share: listening, remembering requests, faults, hooks; the answers are the sides' own.

mod asked;
mod fault;
mod journal;
mod wire;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use asked::{Answer, Asked};
pub use fault::{Effect, Fault, FaultId, ItemRefusal, On, Times};
pub use journal::{Counts, Detail, Logged};

use fault::Faults;
use journal::{Entry, Journal};
use wire::{Gate, Plug};

/// Largest request body taken in before the answer is 413 whatever the route says: well above the catalog's 1 MiB,
/// so that its own rule is the one that speaks.
const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// How long half a body stands on the wire before the connection breaks, so that the half is really sent.
const HALF_BODY_STANDS: Duration = Duration::from_millis(5);

/// One of the two servers' own behaviour: state in, answer out, no I/O of the network.
pub trait Side: Send + 'static {
    /// Answers one request; what a client did wrong beyond a plain refusal is added to `violations`.
    fn answer(&mut self, asked: &Asked, violations: &mut Vec<String>) -> Answer;

    /// The route's name for the counters, such as `GET /v2/alerts`.
    fn route(&self, asked: &Asked) -> &'static str;

    /// An error in this side's own shape.
    fn refusal(&self, status: StatusCode) -> Answer;

    /// Makes every credential given out so far worthless.
    fn expire_credentials(&mut self);
}

type Hook<S> = Box<dyn FnMut(&Asked, &mut S) + Send>;

struct Shared<S> {
    state: Mutex<S>,
    hook: Mutex<Option<Hook<S>>>,
    faults: Mutex<Faults>,
    journal: Mutex<Journal>,
    stop: CancellationToken,
}

/// A lock whose holder panicked (a test's closure, say) still guards usable state.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running side: its address, its state and everything that was asked of it.
pub struct Handle<S: Side> {
    shared: Arc<Shared<S>>,
    address: SocketAddr,
}

impl<S: Side> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), address: self.address }
    }
}

impl<S: Side> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("address", &self.address).finish_non_exhaustive()
    }
}

impl<S: Side> Handle<S> {
    /// The base address, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Reads or changes the state between two requests.
    pub fn with<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        change(&mut held(&self.shared.state))
    }

    /// Runs `hook` before every answer, with the state in hand; a later hook replaces an earlier one.
    ///
    /// The state is locked meanwhile: change it through the argument, never through this handle.
    pub fn on_request(&self, hook: impl FnMut(&Asked, &mut S) + Send + 'static) {
        *held(&self.shared.hook) = Some(Box::new(hook));
    }

    /// Switches a fault on.
    pub fn fault(&self, fault: Fault) -> FaultId {
        held(&self.shared.faults).add(fault)
    }

    /// Switches one fault off again.
    pub fn mend(&self, id: FaultId) {
        held(&self.shared.faults).remove(id);
    }

    /// Switches every fault off.
    pub fn mend_all(&self) {
        held(&self.shared.faults).clear();
    }

    /// What was asked so far, in order of arrival; empty with [`Detail::Counts`].
    pub fn requests(&self) -> Vec<Logged> {
        held(&self.shared.journal).requests()
    }

    /// The requests that `on` matches.
    pub fn requests_on(&self, on: &On) -> Vec<Logged> {
        let mut found = self.requests();
        found.retain(|logged| on.fits(&logged.method, &logged.path));
        found
    }

    /// Calls, bytes and concurrency so far; kept with every [`Detail`].
    pub fn counts(&self) -> Counts {
        held(&self.shared.journal).counts()
    }

    /// Where a client broke the protocol: unknown route, missing parameter, wrong content type, bad `User-Agent`.
    pub fn violations(&self) -> Vec<String> {
        held(&self.shared.journal).violations()
    }

    /// Forgets requests, counts and violations; the state stays.
    pub fn forget(&self) {
        held(&self.shared.journal).clear();
    }

    pub(in crate::sandbox) fn halt(&self) {
        self.shared.stop.cancel();
    }
}

/// Binds `address` and serves `side` there until the handle is halted.
pub(in crate::sandbox) async fn start<S: Side>(
    side: S,
    address: SocketAddr,
    detail: Detail,
) -> io::Result<(Handle<S>, JoinHandle<()>)> {
    let gate = Gate::bind(address).await?;
    let address = gate.address()?;
    let shared = Arc::new(Shared {
        state: Mutex::new(side),
        hook: Mutex::new(None),
        faults: Mutex::new(Faults::default()),
        journal: Mutex::new(Journal::new(detail)),
        stop: CancellationToken::new(),
    });
    let service = Router::new()
        .fallback(entrance::<S>)
        .with_state(Arc::clone(&shared))
        .into_make_service_with_connect_info::<Plug>();
    let stop = shared.stop.clone();
    let task = tokio::spawn(async move {
        let serving = axum::serve(gate, service).with_graceful_shutdown(stop.cancelled_owned());
        if let Err(fault) = serving.await {
            tracing::debug!(%fault, "a sandbox server stopped");
        }
    });
    Ok((Handle { shared, address }, task))
}

/// The single door: remembers, breaks what should break, and hands the rest to the side.
async fn entrance<S: Side>(
    State(shared): State<Arc<Shared<S>>>,
    ConnectInfo(plug): ConnectInfo<Plug>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT_BYTES).await else {
        return held(&shared.state).refusal(StatusCode::PAYLOAD_TOO_LARGE).into_response();
    };
    let mut asked = Asked::new(&head, body);
    let route = held(&shared.state).route(&asked);
    let under_way = UnderWay::begin(&shared, &asked, route);
    let effects = held(&shared.faults).due(&asked);
    let answer = respond(&shared, &plug, &mut asked, effects).await;
    under_way.answered(&answer);
    if answer.cut { half(answer) } else { answer.into_response() }
}

/// A request being answered. A client that goes away takes the handler with it, so the end is noted when this drops.
struct UnderWay<'a, S> {
    shared: &'a Shared<S>,
    entry: Entry,
}

impl<'a, S> UnderWay<'a, S> {
    fn begin(shared: &'a Shared<S>, asked: &Asked, route: &'static str) -> Self {
        let entry = held(&shared.journal).arrived(asked, route);
        Self { shared, entry }
    }

    fn answered(self, answer: &Answer) {
        held(&self.shared.journal).answered(self.entry, answer.status, answer.body.len());
    }
}

impl<S> Drop for UnderWay<'_, S> {
    fn drop(&mut self) {
        held(&self.shared.journal).over(self.entry);
    }
}

async fn respond<S: Side>(
    shared: &Shared<S>,
    plug: &Plug,
    asked: &mut Asked,
    effects: Vec<Effect>,
) -> Answer {
    let mut after = Vec::new();
    for effect in effects {
        match effect {
            Effect::Slow(wait) => {
                tokio::select! {
                    () = tokio::time::sleep(wait) => {}
                    () = shared.stop.cancelled() => {}
                }
            }
            Effect::Stall => {
                shared.stop.cancelled().await;
                plug.pull();
                return Answer::new(StatusCode::SERVICE_UNAVAILABLE, Vec::new());
            }
            Effect::Reset => {
                plug.pull();
                return Answer::new(StatusCode::SERVICE_UNAVAILABLE, Vec::new());
            }
            Effect::Status { status, headers, body } => {
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let mut answer = held(&shared.state).refusal(status);
                if let Some(body) = body {
                    answer.body = body.into_bytes();
                }
                for (name, value) in headers {
                    answer = answer.header(&name, &value);
                }
                return answer;
            }
            Effect::Html => return Answer::html(),
            Effect::ExpireCredentials => held(&shared.state).expire_credentials(),
            Effect::BulkErrors(refusal) => asked.refuse_items = Some(refusal),
            later @ (Effect::CutBody | Effect::Malformed | Effect::LoseAnswer) => after.push(later),
        }
    }
    let mut answer = worked(shared, asked);
    for effect in after {
        match effect {
            Effect::CutBody => answer.cut = true,
            Effect::Malformed => {
                answer.body.truncate(answer.body.len() / 2);
                answer.body.extend_from_slice(b"}}<");
            }
            _ => plug.pull(),
        }
    }
    answer
}

fn worked<S: Side>(shared: &Shared<S>, asked: &Asked) -> Answer {
    let mut violations = Vec::new();
    let answer = {
        let mut state = held(&shared.state);
        if let Some(hook) = held(&shared.hook).as_mut() {
            hook(asked, &mut state);
        }
        state.answer(asked, &mut violations)
    };
    held(&shared.journal).violated(violations);
    answer
}

/// The first half of a body under the length of the whole, then a broken connection.
fn half(answer: Answer) -> Response {
    let whole = answer.body.len();
    let first = Bytes::copy_from_slice(&answer.body[..whole / 2]);
    let chunks = futures::stream::unfold(Some(first), |rest| async move {
        match rest {
            Some(chunk) if !chunk.is_empty() => Some((Ok(chunk), Some(Bytes::new()))),
            Some(_) => {
                tokio::time::sleep(HALF_BODY_STANDS).await;
                Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), None))
            }
            None => None,
        }
    });
    answer.header("content-length", &whole.to_string()).into_response_with(Body::from_stream(chunks))
}
