//! Tells the catalog's pages how a pass goes, beside the pass: a task of its own, with short patience and no repetitions.
//! Whatever becomes of it, a pass neither fails for it nor waits for it, but for a few last words.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::ingest::{Addresses, Metric, Part, Sender};
use super::lines::LogLines;
use super::{Catalog, Integration, Schedule, State, meaning_of};
use crate::http::{Request, Usage};
use crate::model::Kind;
use crate::secret::Secret;

/// The longest one call may take. A page that is shown late is no loss.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long all last words together may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What may wait to be told: a mapping has a dozen resources, each of which says three things.
const WAITING: usize = 256;

/// Log lines of one call, the peer's.
const LINES: usize = 100;

/// Last words under way at once.
const AT_ONCE: usize = 4;

/// A shorter secret is not looked for in what is told: it would be found everywhere.
const MIN_SECRET: usize = 6;

/// How a pass is told, and what must not be in it.
#[derive(Clone, Debug)]
pub struct Telling {
    /// The time between two heartbeats. After a call that failed, the next one is tried with the next of them.
    pub beat: Duration,
    /// Log lines; none: none are told.
    pub lines: Option<LogLines>,
    /// What is masked wherever it stands.
    pub secrets: Vec<Secret>,
}

/// Something to tell.
#[derive(Debug)]
enum News {
    State(State, Option<Schedule>),
    Announcement(Vec<Metric>),
    Metric(Metric),
    Examples(Kind, Vec<String>),
}

/// Takes what is to be told, at once, and tells it when it can. What there is no room for is left out.
#[derive(Debug)]
pub struct Teller {
    inner: Option<(mpsc::Sender<News>, JoinHandle<Usage>)>,
}

impl Teller {
    /// One that tells nothing.
    pub fn silent() -> Self {
        Self { inner: None }
    }

    /// Tells where the resync stands.
    pub fn state(&self, state: State, schedule: Option<Schedule>) {
        self.offer(News::State(state, schedule));
    }

    /// Tells which parts are to come.
    pub fn announce(&self, metrics: Vec<Metric>) {
        self.offer(News::Announcement(metrics));
    }

    /// Tells how far a part has come; of two that were not told yet the later one counts.
    pub fn metric(&self, metric: Metric) {
        self.offer(News::Metric(metric));
    }

    /// Where records go that are shown as examples; none when nobody is told anything.
    pub fn examples(&self) -> Option<Examples> {
        let (to, _) = self.inner.as_ref()?;
        Some(Examples { to: to.clone() })
    }

    fn offer(&self, news: News) {
        if let Some((to, _)) = &self.inner
            && to.try_send(news).is_err()
        {
            tracing::debug!("the catalog is told less: too much waits already");
        }
    }

    /// Tells the end, waits a few seconds for what is still to be told, and gives what all of it used.
    pub async fn finish(self, state: State, schedule: Option<Schedule>, pass: Metric) -> Usage {
        let Some((to, mut task)) = self.inner else { return Usage::default() };
        let deadline = Instant::now() + LAST_WORDS;
        let last = async {
            for news in [News::Metric(pass), News::State(state, schedule)] {
                // The task listens until the last of us is dropped.
                if to.send(news).await.is_err() {
                    break;
                }
            }
            drop(to);
        };
        let told = tokio::time::timeout_at(deadline, async {
            last.await;
            (&mut task).await
        });
        match told.await {
            Ok(Ok(usage)) => usage,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the catalog was not told how the pass went");
                Usage::default()
            }
            Err(_) => {
                task.abort();
                tracing::warn!("the catalog did not take in time how the pass went");
                Usage::default()
            }
        }
    }
}

/// Takes records that are shown as examples.
#[derive(Clone, Debug)]
pub struct Examples {
    to: mpsc::Sender<News>,
}

impl Examples {
    /// Offers records of a kind, as JSON objects.
    pub fn offer(&self, kind: Kind, records: Vec<String>) {
        if !records.is_empty() && self.to.try_send(News::Examples(kind, records)).is_err() {
            tracing::debug!(%kind, "the catalog is shown no examples: too much waits already");
        }
    }
}

impl Catalog {
    /// Starts to tell how the pass `run` of this integration goes. Its calls are counted apart, and a stop does not end
    /// them: the end must be told after it.
    pub fn teller(&self, run: Uuid, integration: Option<&Integration>, telling: Telling) -> Teller {
        let Telling { beat, lines, secrets } = telling;
        let catalog = self.aside(CancellationToken::new());
        let requests = catalog.requests().clone();
        let addresses = integration.map(|found| Addresses::of(found, &requests)).unwrap_or_default();
        let installation = integration.and_then(Integration::installation_type).unwrap_or("Unknown");
        let sender = Sender {
            installation: installation.to_owned(),
            version: catalog.account.version.clone(),
            requests,
            run,
        };
        let board = Board {
            catalog,
            sender,
            asked: addresses.metrics.is_some(),
            addresses,
            lines,
            masked: masked(&secrets),
            states: VecDeque::new(),
            announced: Vec::new(),
            metrics: BTreeMap::new(),
            examples: VecDeque::new(),
            standing: Standing::Near,
            beat,
        };
        let (to, inbox) = mpsc::channel(WAITING);
        Teller { inner: Some((to, tokio::spawn(board.run(inbox)))) }
    }
}

/// The texts that stand for secrets in JSON.
fn masked(secrets: &[Secret]) -> Arc<[String]> {
    let long = secrets.iter().filter(|secret| secret.expose().len() >= MIN_SECRET);
    let escaped = long.map(|secret| {
        let json = serde_json::Value::from(secret.expose()).to_string();
        json.trim_matches('"').to_owned()
    });
    escaped.collect()
}

/// Whether the catalog takes what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Near,
    /// It did not; it is tried again with the next heartbeat.
    Away,
}

/// How long a state may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// As long as anything else.
    Short,
    /// As long as there is time for last words.
    UntilTheEnd,
}

/// What is to be told.
struct Board {
    catalog: Catalog,
    sender: Sender,
    addresses: Addresses,
    /// Whether the catalog was asked for the addresses, or need not be.
    asked: bool,
    lines: Option<LogLines>,
    masked: Arc<[String]>,
    states: VecDeque<(State, Option<Schedule>)>,
    announced: Vec<Metric>,
    /// What is known of each part and was not told yet.
    metrics: BTreeMap<Part, Metric>,
    examples: VecDeque<(Kind, Vec<String>)>,
    standing: Standing,
    beat: Duration,
}

impl Board {
    async fn run(mut self, mut inbox: mpsc::Receiver<News>) -> Usage {
        let mut beat = tokio::time::interval_at(Instant::now() + self.beat, self.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !inbox.is_closed() {
            if self.standing == Standing::Near && self.has_news() {
                self.tell_next().await;
            } else {
                tokio::select! {
                    news = inbox.recv() => self.take(news),
                    _ = beat.tick() => self.beat().await,
                }
            }
            while let Ok(news) = inbox.try_recv() {
                self.take(Some(news));
            }
        }
        while let Ok(news) = inbox.try_recv() {
            self.take(Some(news));
        }
        let usage = self.catalog.clone();
        self.last_words().await;
        usage.usage()
    }

    fn take(&mut self, news: Option<News>) {
        match news {
            None => {}
            Some(News::State(state, schedule)) => self.states.push_back((state, schedule)),
            Some(News::Announcement(metrics)) => self.announced.extend(metrics),
            Some(News::Metric(metric)) => {
                self.metrics.insert(metric.part.clone(), metric);
            }
            Some(News::Examples(kind, records)) => self.examples.push_back((kind, records)),
        }
    }

    fn has_news(&self) -> bool {
        !(self.states.is_empty()
            && self.announced.is_empty()
            && self.metrics.is_empty()
            && self.examples.is_empty())
    }

    /// Tells the next thing: states before anything else, the announcement before what it announces.
    async fn tell_next(&mut self) {
        if let Some((state, schedule)) = self.states.pop_front() {
            return self.state(state, schedule, Patience::Short).await;
        }
        let Some(to) = self.metrics_address().await else {
            self.announced.clear();
            self.metrics.clear();
            return self.show_examples().await;
        };
        if !self.announced.is_empty() {
            let request = self.sender.announcement(&to, &std::mem::take(&mut self.announced));
            self.standing = self.call(request).await;
        } else if let Some((_, metric)) = self.metrics.pop_first() {
            self.standing = self.call(self.sender.metric(&to, &metric)).await;
        } else {
            self.show_examples().await;
        }
    }

    async fn show_examples(&mut self) {
        let Some((kind, records)) = self.examples.pop_front() else { return };
        let records: Vec<String> = records.into_iter().map(|record| self.mask(record)).collect();
        self.standing = self.call(self.sender.examples(kind, &records)).await;
    }

    /// Where metrics go. An integration that was just created does not say it yet, so it is read again, once.
    async fn metrics_address(&mut self) -> Option<crate::http::Url> {
        if !self.asked {
            self.asked = true;
            let read = tokio::time::timeout(PATIENCE, self.catalog.integration()).await;
            if let Ok(Ok(Some(integration))) = read {
                self.addresses = Addresses::of(&integration, &self.sender.requests);
            }
        }
        self.addresses.metrics.clone()
    }

    async fn beat(&mut self) {
        self.standing = match self.addresses.metrics.clone() {
            Some(to) => self.call(self.sender.heartbeat(&to)).await,
            None => Standing::Near,
        };
        if self.standing == Standing::Near {
            self.standing = self.tell_lines().await;
        }
    }

    /// Everything that was not told yet: the end of the resync and of the pass in any case, the rest as long as the
    /// catalog takes it.
    async fn last_words(mut self) {
        let to = self.metrics_address().await;
        let pass = self.metrics.remove(&Part::Runtime);
        let examples = std::mem::take(&mut self.examples);
        let board = &self;
        let rest: Vec<Request> = match &to {
            Some(to) => board.metrics.values().map(|metric| board.sender.metric(to, metric)).collect(),
            None => Vec::new(),
        };
        let metrics = async {
            let Some(to) = &to else { return };
            let mut standing = board.standing;
            if standing == Standing::Near && !board.announced.is_empty() {
                standing = board.call(board.sender.announcement(to, &board.announced)).await;
            }
            for some in rest.chunks(AT_ONCE) {
                if standing == Standing::Near {
                    let told = join_all(some.iter().map(|request| board.call(request.clone()))).await;
                    standing = told.into_iter().find(|one| *one == Standing::Away).unwrap_or(Standing::Near);
                }
            }
            if let Some(pass) = &pass {
                board.call(board.sender.metric(to, pass)).await;
            }
        };
        let states = async {
            for (state, schedule) in &board.states {
                board.state(*state, *schedule, Patience::UntilTheEnd).await;
            }
        };
        let others = async {
            let mut standing = board.standing;
            for (kind, records) in examples {
                if standing == Standing::Near {
                    let records: Vec<String> = records.into_iter().map(|record| board.mask(record)).collect();
                    standing = board.call(board.sender.examples(kind, &records)).await;
                }
            }
            if standing == Standing::Near {
                board.tell_lines().await;
            }
        };
        tokio::join!(metrics, states, others);
    }

    async fn state(&self, state: State, schedule: Option<Schedule>, patience: Patience) {
        let telling = self.catalog.tell_state(state, schedule);
        let told = match patience {
            Patience::Short => tokio::time::timeout(PATIENCE, telling).await.ok(),
            Patience::UntilTheEnd => Some(telling.await),
        };
        match told {
            Some(Ok(())) => {}
            Some(Err(error)) => tracing::warn!(%error, "the pass goes on"),
            None => tracing::warn!("the catalog does not take the state of the resync; the pass goes on"),
        }
    }

    /// Tells the log lines that wait.
    async fn tell_lines(&self) -> Standing {
        let (Some(lines), Some(to)) = (&self.lines, &self.addresses.logs) else { return Standing::Near };
        loop {
            let some = lines.take(LINES);
            if some.is_empty() {
                return Standing::Near;
            }
            let json = some.into_iter().map(|line| self.mask(line.json(self.sender.run)));
            let json: Vec<String> = json.collect();
            if self.call(self.sender.logs(to, &json)).await == Standing::Away {
                return Standing::Away;
            }
        }
    }

    fn mask(&self, text: String) -> String {
        self.masked.iter().fold(text, |text, secret| text.replace(secret, "[REDACTED]"))
    }

    /// Sends a request once, with the token that is there: one that is not taken here is not renewed here.
    async fn call(&self, request: Request) -> Standing {
        let described = request.describe();
        let reason = match tokio::time::timeout(PATIENCE, self.catalog.send_once(request)).await {
            Ok(Ok(response)) if response.is_success() => return Standing::Near,
            Ok(Ok(response)) => meaning_of(&response).to_string(),
            Ok(Err(fault)) => fault.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        tracing::debug!(request = described, reason, "the catalog is told less");
        Standing::Away
    }
}
