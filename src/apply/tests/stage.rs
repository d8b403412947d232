//! A catalog with three blueprints, and passes over records that a test makes up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::apply::{Interlock, Job, Mode, Reading, Writer, Written};
use crate::catalog::{Catalog, Event, Merge, MissingTargets, Options, UpsertPolicy};
use crate::http;
use crate::model::{
    BlueprintId, Coverage, Entity, EntityId, Field, Identifier, Kind, Mapped, Origin, RecordId, RuleId,
};
use crate::plan::{Repeats, Rule, Target};
use crate::sandbox::{self, Logged, On, Sandbox};
use crate::secret::Secret;
use crate::value::{Object, Value};

pub(super) const CREATE: UpsertPolicy = UpsertPolicy { merge: Merge::Patch, missing: MissingTargets::Create };

/// A sandbox and a client of its catalog.
pub(super) struct Stage {
    pub(super) sandbox: Sandbox,
    pub(super) catalog: Catalog,
    pub(super) policy: UpsertPolicy,
    pub(super) mode: Mode,
}

fn relation(target: &str, many: bool) -> Json {
    json!({ "target": target, "many": many, "required": false })
}

fn blueprint(id: &str, properties: &Json, relations: &Json) -> Json {
    json!({
        "identifier": id, "title": id, "relations": relations,
        "schema": { "properties": properties, "required": [] },
    })
}

/// `team` ← `service` ← `alert`, and `alert` points at many of itself.
pub(super) fn blueprints() -> Vec<Json> {
    let text = json!({ "type": "string", "title": "Text" });
    vec![
        blueprint(
            "alert",
            &json!({
                "text": text,
                "since": { "type": "string", "format": "date-time", "title": "Since" },
                "count": { "type": "number", "title": "Count" },
            }),
            &json!({ "service": relation("service", false), "like": relation("alert", true) }),
        ),
        blueprint("service", &json!({ "text": text }), &json!({ "team": relation("team", false) })),
        blueprint(
            "team",
            &json!({ "text": text, "oncall": { "type": "array", "title": "On call" } }),
            &json!({}),
        ),
    ]
}

impl Stage {
    pub(super) async fn new() -> Self {
        // Longer than any answer takes on a busy machine.
        Self::with_stall(Duration::from_secs(20)).await
    }

    /// A stage whose client takes a silence of this length for the end.
    pub(super) async fn with_stall(stall: Duration) -> Self {
        let sandbox = Sandbox::start(sandbox::Options::default()).await.unwrap();
        let policy = http::Policy {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(2),
            attempts: 3,
            ..http::Policy::default()
        };
        let client = http::Client::new(http::Options {
            policy,
            stall,
            proxy: http::Proxy::Direct,
            ..http::Options::default()
        });
        let options = Options {
            base_url: sandbox.catalog().url(),
            client_id: Secret::new(Sandbox::CLIENT_ID),
            client_secret: Secret::new(Sandbox::CLIENT_SECRET),
            identifier: "my-og".to_owned(),
            version: "1.2.3".to_owned(),
        };
        let catalog = Catalog::new(client.unwrap(), options).unwrap();
        catalog.install(&blueprints()).await.unwrap();
        Self { sandbox, catalog, policy: CREATE, mode: Mode::Write }
    }

    /// One pass: the feeds are offered what each kind mapped, a page at a time, and dropped.
    pub(super) async fn pass(&self, rules: &[Rule], pages: Vec<(Kind, Vec<Mapped>)>) -> Written {
        self.sandbox.catalog().forget();
        let catalog = self.catalog.for_pass(Event::Resync(Uuid::nil()), CancellationToken::new());
        let job = Job {
            rules: rules.to_vec(),
            policy: self.policy,
            mode: self.mode,
            to_come: BTreeMap::new(),
            known: BTreeMap::new(),
            reading: Reading::Whole,
            interlock: Interlock::default(),
            saved: None,
        };
        let mut writer = Writer::start(&catalog, job).await.unwrap();
        let mut by_kind: BTreeMap<Kind, Vec<Vec<Mapped>>> = BTreeMap::new();
        for (kind, page) in pages {
            by_kind.entry(kind).or_default().push(page);
        }
        for kind in rules.iter().map(|rule| rule.kind).collect::<BTreeSet<_>>() {
            let feed = writer.feed(kind).unwrap();
            let pages = by_kind.remove(&kind).unwrap_or_default();
            tokio::spawn(async move {
                for page in pages {
                    feed.offer(page).await;
                }
            });
        }
        assert!(by_kind.is_empty(), "every kind has a rule");
        let written = writer.finish().await;
        assert_eq!(self.sandbox.catalog().violations(), Vec::<String>::new());
        written
    }

    /// What was asked since the last pass began.
    pub(super) fn bulks(&self) -> Vec<Logged> {
        self.sandbox.catalog().requests_on(&On::post("/v1/blueprints/*/entities/bulk"))
    }

    /// The blueprints that were written to, a call each.
    pub(super) fn bulk_order(&self) -> Vec<String> {
        let part = |logged: Logged| logged.path.split('/').nth(3).unwrap().to_owned();
        self.bulks().into_iter().map(part).collect()
    }

    pub(super) fn stored(&self, blueprint: &str, id: &str) -> Option<Json> {
        self.sandbox.catalog().with(|state| state.entity(blueprint, id)).map(|entity| entity.json())
    }

    pub(super) fn count(&self, blueprint: &str) -> usize {
        self.sandbox.catalog().with(|state| state.count(blueprint))
    }
}

pub(super) fn id(blueprint: &str) -> BlueprintId {
    BlueprintId::new(blueprint).unwrap()
}

pub(super) fn rule(index: usize, kind: Kind, blueprint: &str, fields: &[&str]) -> Rule {
    let field = |name: &&str| match name.split_once('.') {
        Some(("properties", id)) => Field::Property(id.into()),
        Some(("relations", id)) => Field::Relation(id.into()),
        _ if *name == "team" => Field::Team,
        _ => Field::Title,
    };
    let target = if blueprint.is_empty() { Target::Dynamic } else { Target::Fixed(id(blueprint)) };
    let fields = fields.iter().map(field).collect();
    Rule { id: RuleId(index), kind, target, fields, repeats: Repeats::LastWins }
}

/// A rule per blueprint.
pub(super) fn rules() -> Vec<Rule> {
    vec![
        rule(0, Kind::Service, "service", &["title", "properties.text", "relations.team"]),
        rule(
            1,
            Kind::Alert,
            "alert",
            &[
                "title",
                "properties.text",
                "properties.since",
                "properties.count",
                "relations.service",
                "relations.like",
            ],
        ),
        rule(2, Kind::Team, "team", &["title", "properties.text"]),
    ]
}

/// A mapped entity from JSON; its record has the name `from`.
pub(super) fn mapped_from(rule: usize, kind: Kind, from: &str, entity: &Json) -> Mapped {
    let value = Value::parse(entity.to_string().as_bytes()).unwrap();
    let field = |key: &str| entity.get(key).map(|_| value.get(key).clone());
    let object = |key: &str| -> Option<Object> { value.get(key).as_object().cloned() };
    let identifier = match value.get("identifier") {
        Value::String(text) => Identifier::Exact(EntityId::new(text.clone()).unwrap()),
        query => Identifier::Search(query.clone()),
    };
    Mapped {
        coverage: Coverage::Full,
        origin: Origin { rule: RuleId(rule), kind, record: RecordId::new(from).unwrap(), updated: None },
        entity: Entity {
            blueprint: id(value.get("blueprint").as_str().unwrap()),
            identifier,
            title: field("title"),
            icon: field("icon"),
            team: field("team"),
            properties: object("properties"),
            relations: object("relations"),
        },
    }
}

pub(super) fn alert(name: &str, text: &str) -> Mapped {
    let entity = json!({
        "identifier": name, "blueprint": "alert", "title": name,
        "properties": { "text": text, "since": "2026-03-01T12:00:00Z", "count": null },
        "relations": { "service": "s1", "like": [] },
    });
    mapped_from(1, Kind::Alert, name, &entity)
}

pub(super) fn service(name: &str, team: &str) -> Mapped {
    let entity = json!({
        "identifier": name, "blueprint": "service", "title": name,
        "properties": { "text": "x" }, "relations": { "team": team },
    });
    mapped_from(0, Kind::Service, name, &entity)
}

pub(super) fn team(name: &str) -> Mapped {
    let entity = json!({
        "identifier": name, "blueprint": "team", "title": name, "properties": { "text": "x" },
    });
    mapped_from(2, Kind::Team, name, &entity)
}

/// A small account: one team, one service, and so many alerts in pages of a hundred.
pub(super) fn account(alerts: usize) -> Vec<(Kind, Vec<Mapped>)> {
    let alerts: Vec<Mapped> = (0..alerts).map(|n| alert(&format!("a{n}"), "text")).collect();
    let mut pages: Vec<(Kind, Vec<Mapped>)> =
        alerts.chunks(100).map(|page| (Kind::Alert, page.to_vec())).collect();
    pages.push((Kind::Service, vec![service("s1", "t1")]));
    pages.push((Kind::Team, vec![team("t1")]));
    pages
}
