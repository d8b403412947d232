//! The cookbook holds: every recipe of the page is run against the sandbox, and what the page shows is what comes out.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use ocean_opsgenie::sandbox::World;
use serde_json::{Map, Value, json};

use crate::support::pages::{in_text, read, root};
use crate::support::{Run, Stage, free_port, until};

/// A section of the page with a mapping in it.
#[derive(Debug, Default)]
struct Recipe {
    title: String,
    blueprints: Vec<Value>,
    /// Entities above the mapping: they are there before.
    before: Vec<Value>,
    mapping: String,
    records: Vec<Value>,
    entities: Vec<Value>,
    /// Routes of Opsgenie, and how often each is asked.
    calls: BTreeMap<String, u64>,
}

/// The page's sections by their headings, `##` and `###` alike.
fn sections() -> Vec<(String, String)> {
    let page = read("docs/cookbook.md");
    let mut sections = vec![(String::new(), String::new())];
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
            sections.push((title.to_owned(), String::new()));
        } else {
            let (_, text) = sections.last_mut().expect("there is a first one");
            text.push_str(line);
            text.push('\n');
        }
    }
    sections
}

/// One, or each of a list.
fn each(value: Value) -> Vec<Value> {
    match value {
        Value::Array(many) => many,
        one => vec![one],
    }
}

impl Recipe {
    fn of(title: &str, text: &str) -> Option<Self> {
        let mut recipe = Self { title: title.to_owned(), ..Self::default() };
        for fence in in_text(title, text) {
            let block = &fence.text;
            match fence.language.as_str() {
                "yaml" => {
                    assert!(recipe.mapping.is_empty(), "{title}: a recipe has one mapping");
                    recipe.mapping.clone_from(block);
                }
                "json" => recipe.take(block),
                _ => {}
            }
        }
        if recipe.mapping.is_empty() {
            assert!(recipe.records.is_empty(), "{title}: records without a mapping");
            return None;
        }
        assert!(!recipe.records.is_empty() && !recipe.entities.is_empty(), "{title}: it shows both");
        let (_, calls) =
            text.split_once("\nCalls: ").unwrap_or_else(|| panic!("{title}: what does it cost?"));
        let calls = calls.split(".\n").next().expect("split gives at least one part");
        for call in calls.split(", ").filter(|call| *call != "none") {
            let mut parts = call.split('`').skip(1);
            let route = parts.next().unwrap_or_else(|| panic!("{title}: no route in {call}"));
            let times = parts.next().and_then(|rest| rest.strip_prefix(" × "));
            let times = times.map_or(1, |times| times.trim().parse().expect("a number"));
            recipe.calls.insert(route.replace('\n', " "), times);
        }
        Some(recipe)
    }

    /// What a block of JSON is follows from what it holds, and where it stands.
    fn take(&mut self, block: &str) {
        let value: Value =
            serde_json::from_str(block).unwrap_or_else(|error| panic!("{}: {error}", self.title));
        for one in each(value) {
            let to = if one["schema"].is_object() {
                &mut self.blueprints
            } else if one["blueprint"].is_string() {
                if self.mapping.is_empty() { &mut self.before } else { &mut self.entities }
            } else {
                &mut self.records
            };
            to.push(one);
        }
    }

    fn kinds(&self) -> Vec<String> {
        let mapping: Value = serde_yaml::from_str(&self.mapping).expect("a mapping is YAML");
        let resources = mapping["resources"].as_array().expect("resources");
        let kinds = resources.iter().map(|resource| resource["kind"].as_str().expect("a kind").to_owned());
        let mut kinds: Vec<String> = kinds.collect();
        kinds.dedup();
        kinds
    }

    /// Whether something in it is for the catalog to find.
    fn searches(&self) -> bool {
        self.mapping.contains("combinator:")
    }

    /// A sandbox in which everything is that the recipe needs.
    async fn stage(&self) -> Stage {
        let stage = Stage::seeded().await;
        let mapping: Value = serde_yaml::from_str(&self.mapping).expect("a mapping is YAML");
        stage.mapping(&mapping, &known_blueprints());
        stage.mapping(&mapping, &self.blueprints);
        for entity in &self.before {
            stage.entity("their own integration", entity.clone());
        }
        stage.file("mapping.yaml", &self.mapping);
        stage
    }

    async fn run(&self) {
        let stage = self.stage().await;
        let told = |run: &Run| format!("{}:\n{}{}", self.title, run.stdout, run.stderr);
        let run = stage.run(&["validate", "--mapping", "mapping.yaml"]).await;
        assert_eq!(run.code, 0, "{}", told(&run));
        self.maps_as_shown(&stage).await;
        if self.kinds() == ["webhook-event"] {
            self.posted(stage).await;
            return;
        }
        stage.sandbox.opsgenie().forget();
        let run = stage.sync(&[]).await;
        run.exits(0);
        assert_eq!(run.warnings(), "", "{}", told(&run));
        let counts = stage.sandbox.opsgenie().counts().by_route;
        let calls: BTreeMap<String, u64> =
            counts.into_iter().map(|(route, times)| (route.replace('*', "{id}"), times)).collect();
        assert_eq!(calls, self.calls, "{}: calls", self.title);
        self.are_held(&stage);
        let run = stage.sync(&[]).await;
        run.exits(0);
        if !self.searches() {
            for kind in run.report["kinds"].as_array().expect("kinds") {
                assert_eq!((&kind["created"], &kind["updated"]), (&json!(0), &json!(0)), "{}", told(&run));
            }
        }
        self.records_are_listed(&stage).await;
    }

    /// `map run` makes of the records what is shown, where that needs neither a catalog nor a union.
    async fn maps_as_shown(&self, stage: &Stage) {
        let kinds = self.kinds();
        if self.searches() || kinds.len() > 1 || kinds == ["schedule-oncall"] {
            return;
        }
        stage.file("records.json", &json!(self.records).to_string());
        let arguments =
            ["map", "run", "--kind", &kinds[0], "--input", "records.json", "--mapping", "mapping.yaml"];
        let run = stage.run(&arguments).await;
        assert_eq!((run.code, run.stderr.contains("failed")), (0, false), "{}: {}", self.title, run.stderr);
        let made = run.stdout.lines().map(|line| serde_json::from_str(line).expect("an entity is JSON"));
        let made: Vec<Value> = made.map(bare).collect();
        for entity in self.entities.iter().cloned().map(bare) {
            assert!(
                made.contains(&entity),
                "{}: the page shows\n{entity:#}\nand it is\n{made:#?}",
                self.title
            );
        }
    }

    fn are_held(&self, stage: &Stage) {
        for shown in &self.entities {
            let part = |name: &str| shown[name].as_str().expect("a text");
            let held = stage.sandbox.catalog().entity(part("blueprint"), part("identifier"));
            let held = held.unwrap_or_else(|| panic!("{}: the catalog has no {shown}", self.title));
            assert_eq!(bare(held.json()), bare(shown.clone()), "{}", self.title);
        }
    }

    /// What is shown of a record is as Opsgenie has it.
    async fn records_are_listed(&self, stage: &Stage) {
        let mut listed: Vec<Value> = Vec::new();
        for kind in self.kinds() {
            let run = stage.run(&["get", &kind, "--enrich"]).await;
            listed.extend(run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
        }
        for record in &self.records {
            let same = listed.iter().find(|one| one["id"] == record["id"]);
            let same = same.unwrap_or_else(|| panic!("{}: there is no record {}", self.title, record["id"]));
            assert!(is_part(record, same), "{}: it shows\n{record:#}\nof\n{same:#}", self.title);
        }
    }

    /// Posts the records to a service.
    async fn posted(&self, mut stage: Stage) {
        assert!(self.calls.is_empty(), "{}: nothing is read back", self.title);
        let port = free_port();
        stage.set("OCEAN__EVENT_LISTENER", r#"{"type":"WEBHOOKS_ONLY"}"#);
        stage.set("APPLICATION__PORT", &port);
        stage.set("OCEAN__WEBHOOK__SECRET", "of-the-webhook");
        let running = stage.begin(&[]);
        for record in &self.records {
            until("the notification is taken", || {
                post(&port, "/integration/webhook/of-the-webhook", &record.to_string())
                    .is_some_and(|answer| answer.starts_with("HTTP/1.1 202"))
            })
            .await;
        }
        until("it is written", || {
            self.entities.iter().all(|shown| {
                let blueprint = shown["blueprint"].as_str().expect("a text");
                stage.held(blueprint).iter().any(|held| shown["identifier"] == **held)
            })
        })
        .await;
        self.are_held(&stage);
        assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
        running.signal("TERM");
        stage.end(running).await;
    }
}

fn post(port: &str, path: &str, body: &str) -> Option<String> {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).ok()?;
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}");
    write!(stream, "{head}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// The blueprints of the preset `classic`, and the one of users, which every catalog has.
fn known_blueprints() -> Vec<Value> {
    let files = std::fs::read_dir(root().join("blueprints/classic")).expect("the preset is there");
    let texts = files.map(|file| std::fs::read_to_string(file.expect("a file").path()).expect("a text"));
    let mut all: Vec<Value> = texts.map(|text| serde_json::from_str(&text).expect("JSON")).collect();
    all.push(json!({
        "identifier": "_user", "title": "User", "schema": { "properties": {}, "required": [] }, "relations": {},
    }));
    all
}

/// An entity without what is null or empty where absence means the same.
fn bare(entity: Value) -> Value {
    let Value::Object(mut entity) = entity else { panic!("an entity is an object: {entity}") };
    for group in ["properties", "relations"] {
        if let Some(Value::Object(fields)) = entity.get_mut(group) {
            fields.retain(|_, value| !value.is_null());
        }
    }
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    };
    let kept: Map<String, Value> = entity.into_iter().filter(|(_, value)| !is_empty(value)).collect();
    Value::Object(kept)
}

/// Whether all that is shown is so; of an object keys may be left out, of a list nothing.
fn is_part(shown: &Value, whole: &Value) -> bool {
    match (shown, whole) {
        (Value::Object(shown), Value::Object(whole)) => {
            shown.iter().all(|(key, value)| whole.get(key).is_some_and(|whole| is_part(value, whole)))
        }
        (Value::Array(shown), Value::Array(whole)) => {
            shown.len() == whole.len() && shown.iter().zip(whole).all(|(shown, whole)| is_part(shown, whole))
        }
        (shown, whole) => shown == whole,
    }
}

fn recipes() -> Vec<Recipe> {
    sections().iter().filter_map(|(title, text)| Recipe::of(title, text)).collect()
}

fn recipe(title: &str) -> Recipe {
    let mut recipes = recipes().into_iter();
    recipes.find(|recipe| recipe.title.contains(title)).expect("the page has it")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recipe_gives_what_the_page_shows() {
    let recipes = recipes();
    assert!(recipes.len() >= 12, "only {} recipes were found", recipes.len());
    for recipe in recipes {
        recipe.run().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_of_the_cookbook_say_what_the_page_shows() {
    let recipe = recipe("of your own");
    let stage = recipe.stage().await;
    let mut seen = 0;
    for (title, text) in sections() {
        let fences = in_text(&title, &text);
        for pair in fences.windows(2).filter(|pair| pair[0].language == "sh") {
            let [command, shown] = pair else { continue };
            assert_eq!(shown.language, "text", "{title}: what does the command say?");
            let mut shell = stage.shell(&command.text);
            shell.env("APPLICATION__LOG_LEVEL", "WARNING");
            let output = tokio::task::spawn_blocking(move || shell.output()).await;
            let output = output.expect("the thread lives").expect("a shell can be started");
            assert!(output.status.success(), "{title}: {}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(String::from_utf8_lossy(&output.stdout), shown.text, "{title}");
            seen += 1;
        }
    }
    assert!(seen > 0, "the page has no command");
}

/// What is left of the services after a pass in which something may be deleted.
async fn left_after_a_pass(stage: &Stage) -> Vec<String> {
    stage.later();
    stage.sync(&[]).await.exits(0);
    stage.held("service")
}

fn end_in_opsgenie(stage: &Stage, name: &str) {
    stage.sandbox.opsgenie().world(|world: &mut World| world.services.retain(|one| &*one.name != name));
}

/// What the page says about entities that something else made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_of_others_stay_as_the_page_says() {
    let recipe = recipe("of your own");
    let stage = recipe.stage().await;
    assert_eq!(left_after_a_pass(&stage).await, ["pay"]);
    end_in_opsgenie(&stage, "payments-api");
    assert_eq!(left_after_a_pass(&stage).await, ["pay"], "Opsgenie's service is gone, and theirs is theirs");
    let mut mapping: Value = serde_yaml::from_str(&recipe.mapping).expect("YAML");
    mapping["resources"][0]["selector"]["query"] = json!("false");
    stage.mapping(&mapping, &[]);
    assert_eq!(left_after_a_pass(&stage).await, ["pay"], "taken out as the page says");
    stage.mapping(&json!({ "resources": [] }), &[]);
    assert!(left_after_a_pass(&stage).await.is_empty(), "taken out otherwise: the warning is one");
}

/// What the page warns of: with an identifier in place of the search what was theirs is ours.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_of_others_go_as_the_page_warns() {
    let mut recipe = recipe("of your own");
    recipe.before[0]["identifier"] = json!("payments-api");
    let mut mapping: Value = serde_yaml::from_str(&recipe.mapping).expect("YAML");
    mapping["resources"][0]["port"]["entity"]["mappings"]["identifier"] = json!(".name");
    recipe.mapping = serde_yaml::to_string(&mapping).expect("YAML");
    let stage = recipe.stage().await;
    assert_eq!(left_after_a_pass(&stage).await, ["payments-api"]);
    end_in_opsgenie(&stage, "payments-api");
    assert!(left_after_a_pass(&stage).await.is_empty());
}
