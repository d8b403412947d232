//! Hints on disk: one thread owns the file, and what comes in together is committed together.
//!
//! The file is `events.db` in the state directory: SQLite, with a write-ahead log that is on the disk before a hint is
//! accepted (<https://sqlite.org/wal.html>). The command line opens it beside the service.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use rusqlite::{Connection, Transaction, params};
use tokio::sync::{mpsc, oneshot};

use super::hint::{Hint, Subject, What};
use crate::model::{BlueprintId, EntityId, EntityKey, RecordId};

const FILE: &str = "events.db";

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA busy_timeout = 5000;
    PRAGMA cache_size = -512;
    CREATE TABLE IF NOT EXISTS hint (
        what TEXT NOT NULL, alert TEXT NOT NULL, action TEXT NOT NULL, updated_ms INTEGER, body BLOB,
        accepted_ms INTEGER NOT NULL, seq INTEGER NOT NULL, tries INTEGER NOT NULL, due_ms INTEGER NOT NULL,
        state TEXT NOT NULL, error TEXT NOT NULL, PRIMARY KEY (what, alert)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS made (
        alert TEXT NOT NULL, blueprint TEXT NOT NULL, identifier TEXT NOT NULL,
        PRIMARY KEY (alert, blueprint, identifier)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS cursor (kind TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) WITHOUT ROWID;
";

/// Commands that wait for the thread at most.
const AHEAD: usize = 8192;

/// So many commands go into one commit at most.
const TOGETHER: usize = 2000;

/// How often the thread looks whether the command line has changed something.
const LOOK: Duration = Duration::from_secs(2);

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempted} `{}`: {reason}; give this user the right to write there, or name another folder with OCEAN__STATE_DIR", path.display())]
pub struct StoreError {
    /// What was attempted.
    pub attempted: &'static str,
    /// On which file.
    pub path: PathBuf,
    /// SQLite's words.
    pub reason: rusqlite::Error,
}

/// Where a hint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be worked off.
    Pending,
    /// It was tried often enough, or would fail in the same way again.
    Failed,
}

impl State {
    /// The name in the file and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
        }
    }

    fn from_name(name: &str) -> Self {
        if name == "failed" { Self::Failed } else { Self::Pending }
    }
}

/// A hint as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) hint: Hint,
    pub(super) accepted_ms: i64,
    pub(super) seq: u64,
    pub(super) tries: u32,
    pub(super) due_ms: i64,
    pub(super) state: State,
    pub(super) error: String,
}

enum Command {
    Put { row: Box<Row>, done: Option<oneshot::Sender<()>> },
    Forget { subject: Subject, seq: u64 },
    Made { alert: RecordId, keys: Vec<EntityKey> },
    Before { alerts: Vec<RecordId>, answer: oneshot::Sender<Vec<Vec<EntityKey>>> },
    Cursor { kind: &'static str, at_ms: i64 },
    Flush { done: oneshot::Sender<()> },
}

/// The way to the thread.
#[derive(Clone, Debug)]
pub(super) struct Store(SyncSender<Command>);

/// What was in the file, and what the command line changes in it later.
pub(super) struct Opened {
    pub(super) store: Store,
    pub(super) rows: Vec<Row>,
    pub(super) cursors: Vec<(String, i64)>,
    pub(super) changes: mpsc::UnboundedReceiver<Vec<Row>>,
}

/// Where the file of a state directory is.
pub(super) fn path_in(state_dir: &Path) -> PathBuf {
    state_dir.join(FILE)
}

fn open(path: &Path) -> Result<Connection, StoreError> {
    let at = |attempted| move |reason| StoreError { attempted, path: path.to_owned(), reason };
    let connection = Connection::open(path).map_err(at("open the queue of events"))?;
    connection.execute_batch(SCHEMA).map_err(at("read the queue of events"))?;
    Ok(connection)
}

impl Store {
    /// Opens the file, and starts its thread.
    pub(super) fn open(state_dir: &Path) -> Result<Opened, StoreError> {
        let path = path_in(state_dir);
        let connection = open(&path)?;
        let at = |reason| StoreError { attempted: "read the queue of events", path: path.clone(), reason };
        let rows = rows(&connection).map_err(at)?;
        let cursors = cursors(&connection).map_err(at)?;
        let (sender, receiver) = sync_channel(AHEAD);
        let (tell, changes) = mpsc::unbounded_channel();
        let work = move || serve(connection, &receiver, &tell);
        let named = std::thread::Builder::new().name("events".to_owned());
        named.spawn(work).map_err(|error| at(rusqlite::Error::ToSqlConversionFailure(Box::new(error))))?;
        Ok(Opened { store: Self(sender), rows, cursors, changes })
    }

    /// Keeps a hint; returns when it is on the disk. False when it could not be kept.
    pub(super) async fn put(&self, row: Row) -> bool {
        let (done, kept) = oneshot::channel();
        self.send(Command::Put { row: Box::new(row), done: Some(done) }).await && kept.await.is_ok()
    }

    /// Keeps where a hint stands now, some time soon.
    pub(super) async fn update(&self, row: Row) {
        self.send(Command::Put { row: Box::new(row), done: None }).await;
    }

    /// Forgets a hint, unless another one about the same came after `seq`.
    pub(super) async fn forget(&self, subject: Subject, seq: u64) {
        self.send(Command::Forget { subject, seq }).await;
    }

    /// Remembers which entities come from an alert now.
    pub(super) async fn made(&self, alert: RecordId, keys: Vec<EntityKey>) {
        self.send(Command::Made { alert, keys }).await;
    }

    /// Which entities came from these alerts before, in their order.
    pub(super) async fn before(&self, alerts: Vec<RecordId>) -> Vec<Vec<EntityKey>> {
        let (answer, known) = oneshot::channel();
        let count = alerts.len();
        self.send(Command::Before { alerts, answer }).await;
        known.await.unwrap_or_else(|_| vec![Vec::new(); count])
    }

    /// Keeps how far a kind was seen.
    pub(super) async fn cursor(&self, kind: &'static str, at_ms: i64) {
        self.send(Command::Cursor { kind, at_ms }).await;
    }

    /// Returns when everything sent before is on the disk.
    pub(super) async fn flush(&self) {
        let (done, flushed) = oneshot::channel();
        if self.send(Command::Flush { done }).await {
            flushed.await.unwrap_or_default();
        }
    }

    /// False when the thread is gone.
    async fn send(&self, command: Command) -> bool {
        match self.0.try_send(command) {
            Ok(()) => true,
            Err(std::sync::mpsc::TrySendError::Disconnected(_)) => false,
            Err(std::sync::mpsc::TrySendError::Full(command)) => {
                let sender = self.0.clone();
                let sent = tokio::task::spawn_blocking(move || sender.send(command).is_ok());
                sent.await.unwrap_or(false)
            }
        }
    }
}

fn serve(mut connection: Connection, commands: &Receiver<Command>, tell: &mpsc::UnboundedSender<Vec<Row>>) {
    let mut version = data_version(&connection);
    loop {
        match commands.recv_timeout(LOOK) {
            Ok(first) => {
                let together = std::iter::once(first).chain(commands.try_iter()).take(TOGETHER).collect();
                if let Err(error) = commit(&mut connection, together) {
                    // Who waits for a hint to be kept is told so by the end of its channel.
                    tracing::error!(%error, "the queue of events cannot be written");
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                let now = data_version(&connection);
                if now != version {
                    version = now;
                    match rows(&connection) {
                        // Nobody listens any more once the service has ended.
                        Ok(rows) => tell.send(rows).unwrap_or_default(),
                        Err(error) => tracing::error!(%error, "the queue of events cannot be read"),
                    }
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Differs when another connection has written (<https://sqlite.org/pragma.html#pragma_data_version>).
fn data_version(connection: &Connection) -> Option<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0)).ok()
}

fn commit(connection: &mut Connection, commands: Vec<Command>) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut waiting = Vec::new();
    let mut asked = Vec::new();
    for command in commands {
        match command {
            Command::Put { row, done } => {
                put(&transaction, &row)?;
                waiting.extend(done);
            }
            Command::Forget { subject, seq } => {
                transaction
                    .prepare_cached("DELETE FROM hint WHERE what = ?1 AND alert = ?2 AND seq <= ?3")?
                    .execute(params![what_name(subject.what), subject.alert.as_str(), number(seq)])?;
            }
            Command::Made { alert, keys } => {
                transaction.prepare_cached("DELETE FROM made WHERE alert = ?1")?.execute([alert.as_str()])?;
                let mut insert =
                    transaction.prepare_cached("INSERT OR IGNORE INTO made VALUES (?1, ?2, ?3)")?;
                for key in keys {
                    insert.execute(params![
                        alert.as_str(),
                        key.blueprint.as_str(),
                        key.identifier.as_str()
                    ])?;
                }
            }
            Command::Before { alerts, answer } => {
                let before =
                    alerts.iter().map(|alert| before(&transaction, alert)).collect::<Result<_, _>>()?;
                asked.push((answer, before));
            }
            Command::Cursor { kind, at_ms } => {
                transaction
                    .prepare_cached("INSERT OR REPLACE INTO cursor VALUES (?1, ?2)")?
                    .execute(params![kind, at_ms])?;
            }
            Command::Flush { done } => waiting.push(done),
        }
    }
    transaction.commit()?;
    for done in waiting {
        // Whoever waited may have gone away.
        done.send(()).unwrap_or_default();
    }
    for (answer, before) in asked {
        answer.send(before).unwrap_or_default();
    }
    Ok(())
}

fn put(transaction: &Transaction<'_>, row: &Row) -> rusqlite::Result<()> {
    let Row { hint, accepted_ms, seq, tries, due_ms, state, error } = row;
    transaction
        .prepare_cached("INSERT OR REPLACE INTO hint VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?
        .execute(params![
            what_name(hint.subject.what),
            hint.subject.alert.as_str(),
            hint.action,
            hint.updated_ms,
            hint.body.as_deref(),
            accepted_ms,
            number(*seq),
            tries,
            due_ms,
            state.name(),
            error,
        ])?;
    Ok(())
}

fn before(transaction: &Transaction<'_>, alert: &RecordId) -> rusqlite::Result<Vec<EntityKey>> {
    let mut select = transaction.prepare_cached("SELECT blueprint, identifier FROM made WHERE alert = ?1")?;
    let keys = select.query_map([alert.as_str()], |row| {
        let (blueprint, identifier): (String, String) = (row.get(0)?, row.get(1)?);
        Ok(BlueprintId::new(blueprint).ok().zip(EntityId::new(identifier).ok()))
    })?;
    let keys: Vec<_> = keys.collect::<rusqlite::Result<_>>()?;
    Ok(keys
        .into_iter()
        .flatten()
        .map(|(blueprint, identifier)| EntityKey { blueprint, identifier })
        .collect())
}

fn rows(connection: &Connection) -> rusqlite::Result<Vec<Row>> {
    let mut select = connection.prepare("SELECT * FROM hint ORDER BY seq, what, alert")?;
    let rows = select.query_map([], |row| {
        let what = if row.get::<_, String>(0)? == NOTIFICATION { What::Notification } else { What::Alert };
        let Ok(alert) = RecordId::new(row.get::<_, String>(1)?) else { return Ok(None) };
        let seq: i64 = row.get(6)?;
        Ok(Some(Row {
            hint: Hint {
                subject: Subject { what, alert },
                action: row.get(2)?,
                updated_ms: row.get(3)?,
                body: row.get::<_, Option<Vec<u8>>>(4)?.map(Bytes::from),
            },
            accepted_ms: row.get(5)?,
            seq: u64::try_from(seq).unwrap_or_default(),
            tries: row.get(7)?,
            due_ms: row.get(8)?,
            state: State::from_name(&row.get::<_, String>(9)?),
            error: row.get(10)?,
        }))
    })?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn cursors(connection: &Connection) -> rusqlite::Result<Vec<(String, i64)>> {
    let mut select = connection.prepare("SELECT kind, at_ms FROM cursor")?;
    select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

const NOTIFICATION: &str = "notification";

fn what_name(what: What) -> &'static str {
    match what {
        What::Alert => "alert",
        What::Notification => NOTIFICATION,
    }
}

/// SQLite's integers have a sign; ours count hints.
fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

/// The queue as the command line sees it.
#[derive(Debug)]
pub struct Ledger {
    connection: Connection,
    path: PathBuf,
}

/// An event in the queue, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// `alert`, or `notification` where the body itself is mapped.
    pub what: &'static str,
    /// The alert that it is about.
    pub alert: String,
    /// What Opsgenie says was done to it.
    pub action: String,
    /// `pending` or `failed`.
    pub state: &'static str,
    /// When it was accepted.
    pub accepted: String,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again; none for one that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Why the last try came to nothing; empty before the first.
    pub error: String,
}

impl Ledger {
    /// Opens the queue of a state directory; none when there is none yet.
    pub fn open(state_dir: &Path) -> Result<Option<Self>, StoreError> {
        let path = path_in(state_dir);
        if !path.exists() {
            return Ok(None);
        }
        let connection = open(&path)?;
        Ok(Some(Self { connection, path }))
    }

    /// Everything that waits or has failed, in the order in which it came.
    pub fn list(&self) -> Result<Vec<Kept>, StoreError> {
        let rows = rows(&self.connection).map_err(self.at("read the queue of events"))?;
        let instant = |ms| jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default();
        let kept = rows.into_iter().map(|row| Kept {
            what: what_name(row.hint.subject.what),
            alert: row.hint.subject.alert.to_string(),
            action: row.hint.action,
            state: row.state.name(),
            accepted: instant(row.accepted_ms),
            tries: row.tries,
            due: (row.state == State::Pending).then(|| instant(row.due_ms)),
            error: row.error,
        });
        Ok(kept.collect())
    }

    /// Lets what has failed be tried again from the start; all of it, or the events of these alerts. Says how many.
    pub fn retry(&self, alerts: &[String]) -> Result<usize, StoreError> {
        self.change("UPDATE hint SET state = 'pending', tries = 0, due_ms = 0 WHERE state = 'failed'", alerts)
    }

    /// Forgets what has failed; all of it, or the events of these alerts. Says how many.
    pub fn clear(&self, alerts: &[String]) -> Result<usize, StoreError> {
        self.change("DELETE FROM hint WHERE state = 'failed'", alerts)
    }

    fn change(&self, statement: &str, alerts: &[String]) -> Result<usize, StoreError> {
        let at = |reason| self.at("change the queue of events")(reason);
        if alerts.is_empty() {
            return self.connection.execute(statement, []).map_err(at);
        }
        let mut changed = 0;
        for alert in alerts {
            let one = format!("{statement} AND alert = ?1");
            changed += self.connection.execute(&one, [alert]).map_err(at)?;
        }
        Ok(changed)
    }

    fn at(&self, attempted: &'static str) -> impl Fn(rusqlite::Error) -> StoreError {
        let path = self.path.clone();
        move |reason| StoreError { attempted, path: path.clone(), reason }
    }
}
