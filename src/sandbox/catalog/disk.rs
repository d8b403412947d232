//! The catalog's file: read whole at the start, written through after every request.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use super::entity::Facts;
use super::shelf::{Held, Key, Shelf, Touched};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS entity (
        blueprint TEXT NOT NULL, identifier TEXT NOT NULL, body BLOB NOT NULL, datasource TEXT NOT NULL,
        created_us INTEGER NOT NULL, updated_us INTEGER NOT NULL, PRIMARY KEY (blueprint, identifier)
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS blueprint (
        place INTEGER PRIMARY KEY, identifier TEXT NOT NULL UNIQUE, body TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS integration (identifier TEXT PRIMARY KEY, body TEXT NOT NULL);
";

#[derive(Debug)]
pub(super) struct Disk(Connection);

fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn instant(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(microseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Disk {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self(connection))
    }

    pub(super) fn read_into(&self, into: &mut Shelf) -> rusqlite::Result<()> {
        let mut blueprints = self.0.prepare("SELECT identifier, body FROM blueprint ORDER BY place")?;
        let mut rows = blueprints.query([])?;
        while let Some(row) = rows.next()? {
            let identifier: String = row.get(0)?;
            into.put_blueprint(&identifier, object(&row.get::<_, String>(1)?));
        }
        let mut integrations = self.0.prepare("SELECT identifier, body FROM integration")?;
        let mut rows = integrations.query([])?;
        while let Some(row) = rows.next()? {
            let identifier: String = row.get(0)?;
            into.change_integration(&identifier, object(&row.get::<_, String>(1)?));
        }
        let mut entities = self
            .0
            .prepare("SELECT blueprint, identifier, body, datasource, created_us, updated_us FROM entity")?;
        let mut rows = entities.query([])?;
        while let Some(row) = rows.next()? {
            let key = Key::new(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?);
            let body: Vec<u8> = row.get(2)?;
            let datasource = into.stamp(&row.get::<_, String>(3)?);
            let held = Held {
                points_at: into.points_at(&key.blueprint, &Facts::parse(&body)),
                body: body.into(),
                datasource,
                created: instant(row.get(4)?),
                updated: instant(row.get(5)?),
            };
            into.put(key, held);
        }
        Ok(())
    }

    pub(super) fn write(&mut self, from: &Shelf, touched: &BTreeSet<Touched>) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        let mut put = transaction.prepare("INSERT OR REPLACE INTO entity VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
        let mut remove =
            transaction.prepare("DELETE FROM entity WHERE blueprint = ?1 AND identifier = ?2")?;
        for one in touched {
            match one {
                Touched::Entity(key) => {
                    match from.entity(key) {
                        Some(held) => put.execute(params![
                            &*key.blueprint,
                            &*key.identifier,
                            &*held.body,
                            &*held.datasource,
                            held.created.as_microsecond(),
                            held.updated.as_microsecond(),
                        ])?,
                        None => remove.execute(params![&*key.blueprint, &*key.identifier])?,
                    };
                }
                Touched::Blueprint(identifier) => {
                    match from.blueprints.get(identifier) {
                        Some(body) => transaction.execute(
                            "INSERT INTO blueprint (identifier, body) VALUES (?1, ?2)
                             ON CONFLICT (identifier) DO UPDATE SET body = excluded.body",
                            params![identifier, Value::Object(body.clone()).to_string()],
                        )?,
                        None => transaction
                            .execute("DELETE FROM blueprint WHERE identifier = ?1", [identifier])?,
                    };
                }
                Touched::Integration(identifier) => {
                    match from.integrations.get(identifier) {
                        Some(body) => transaction.execute(
                            "INSERT OR REPLACE INTO integration VALUES (?1, ?2)",
                            params![identifier, Value::Object(body.clone()).to_string()],
                        )?,
                        None => transaction
                            .execute("DELETE FROM integration WHERE identifier = ?1", [identifier])?,
                    };
                }
            }
        }
        std::mem::drop((put, remove));
        transaction.commit()
    }
}
