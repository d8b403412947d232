//! `record` and `--source`: a replay is what the account was, and nothing in it is what must not be there.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use ocean_opsgenie::sandbox::{
    Access, AllOnCalls, Area, Effect, Extra, Fault, OMIT, On, Sandbox, Size, World, text,
};
use serde_json::{Value, json};

use crate::support::{Run, Stage, plain_blueprint, plain_mapping};

const KINDS: [&str; 7] = ["alert", "incident", "service", "team", "schedule", "schedule-oncall", "user"];

/// A folder that is not there yet.
fn folder(stage: &Stage) -> PathBuf {
    stage.directory.path().join("recorded")
}

/// Records the account.
async fn record(stage: &Stage, flags: &[&str]) -> Run {
    stage.run(&[&["record", "recorded"], flags].concat()).await
}

fn files(stage: &Stage) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder(stage)).expect("the folder is there");
    let named = entries.map(|entry| {
        let path = entry.expect("an entry can be read").path();
        let name = path.file_name().expect("a file has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("a file can be read"))
    });
    named.collect()
}

fn write(stage: &Stage, file: &str, text: &str) {
    fs::write(folder(stage).join(file), text).expect("a file can be written");
}

fn extra(value: &Value) -> Extra {
    value.as_object().cloned().map(Arc::new)
}

fn generated() -> World {
    World::generated(Size { alerts: 300, incidents: 130, services: 40, users: 30, teams: 6 })
}

/// From now on a call to Opsgenie is a fault of the test.
fn cut_off(stage: &mut Stage) {
    stage.unset("OCEAN__INTEGRATION__CONFIG__API_TOKEN");
    stage.set("OCEAN__INTEGRATION__CONFIG__API_URL", "http://127.0.0.1:9");
}

/// A report without what differs from run to run: times, and calls, of which a replay makes none to Opsgenie.
fn comparable(run: &Run) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(object) => {
                object.retain(|key, _| !(key.contains("uration") || key.contains("resync")));
                object.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut report = run.report.clone();
    strip(&mut report);
    let report = report.as_object_mut().expect("a report is an object");
    for traffic in ["opsgenie", "catalog", "progress"] {
        report.remove(traffic);
    }
    Value::Object(report.clone())
}

#[tokio::test]
async fn a_pass_over_a_recording_is_the_pass_over_the_account() {
    for world in [World::seed(), generated()] {
        for preset in ["classic", "full"] {
            let mut stage = Stage::of(world.clone()).await;
            stage.set("OCEAN__RESOURCES_PRESET", preset);
            let run = record(&stage, &[]).await;
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
            let planned = stage.run(&["--output", "json", "plan"]).await;
            let live = stage.pass().await;
            live.exits(0);
            let mut replayed = Stage::of(World::empty()).await;
            replayed.set("OCEAN__RESOURCES_PRESET", preset);
            cut_off(&mut replayed);
            let source = folder(&stage).display().to_string();
            let plan = replayed.run(&["--output", "json", "plan", "--source", &source]).await;
            assert_eq!(comparable(&plan), comparable(&planned), "{preset}");
            let run = replayed.sync(&["--source", &source]).await;
            run.exits(0);
            assert_eq!(comparable(&run), comparable(&live), "{preset}");
            assert_eq!(replayed.contents(), stage.contents(), "{preset}");
            let again = replayed.run(&["--output", "json", "--source", &source]).await;
            again.exits(0);
            assert_eq!(again.counts("alert", ["created", "updated"]), [0, 0]);
        }
    }
}

#[tokio::test]
async fn records_are_printed_as_the_account_gave_them() {
    for (world, bulk) in [(World::seed(), AllOnCalls::Everyone), (generated(), AllOnCalls::Forbidden)] {
        let mut stage = Stage::of(world).await;
        stage.sandbox.opsgenie().with(|account| account.all_on_calls = bulk);
        assert_eq!(record(&stage, &["--details"]).await.code, 0);
        let mut live = Vec::new();
        for kind in KINDS {
            live.push([stage.run(&["get", kind]).await, stage.run(&["get", kind, "--enrich"]).await]);
        }
        let calls = stage.sandbox.opsgenie().requests().len();
        cut_off(&mut stage);
        for (kind, [plain, enriched]) in KINDS.into_iter().zip(live) {
            let run = stage.run(&["get", kind, "--source", "recorded"]).await;
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{kind}");
            assert_eq!(run.stdout, plain.stdout, "{kind}");
            let run = stage.run(&["get", kind, "--source", "recorded", "--enrich"]).await;
            assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{kind}");
            assert!(run.stdout == enriched.stdout, "{kind}, enriched");
        }
        let run = stage.run(&["get", "alert", "--source", "recorded", "--limit", "2"]).await;
        assert_eq!((run.code, run.stdout.lines().count()), (0, 2));
        assert_eq!(stage.sandbox.opsgenie().requests().len(), calls);
    }
}

#[tokio::test]
async fn a_mapping_is_tried_on_a_recording() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__RESOURCES_PRESET", "classic");
    stage.pass().await.exits(0);
    assert_eq!(record(&stage, &[]).await.code, 0);
    for kind in ["service", "incident"] {
        stage.file("in.jsonl", &stage.run(&["get", kind, "--enrich"]).await.stdout);
        let from_file = stage.run(&["map", "run", "--kind", kind, "--input", "in.jsonl"]).await;
        let run = stage.run(&["map", "run", "--kind", kind, "--source", "recorded"]).await;
        assert_eq!((run.code, run.stdout, run.stderr), (0, from_file.stdout, from_file.stderr), "{kind}");
    }
    let arguments = ["map", "explain", "--kind", "service", "--source", "recorded", "--field", "team"];
    assert_eq!(stage.run(&arguments).await.code, 2, "no such field");
    let run = stage.run(&["map", "run", "--kind", "alert", "--source", "nowhere"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    let run = stage.run(&["map", "run", "--kind", "alert"]).await;
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("--input <FILE>"), "{}", run.stderr);
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, Access::Forbidden));
    fs::remove_dir_all(folder(&stage)).expect("it can be removed");
    assert_eq!(record(&stage, &[]).await.code, 3);
    let run = stage.run(&["map", "run", "--kind", "incident", "--source", "recorded"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.starts_with("error: incident: the API key may not"), "{}", run.stderr);
}

#[tokio::test]
async fn a_folder_that_holds_something_is_left_alone() {
    let stage = Stage::seeded().await;
    stage.file("recorded/mine.txt", "mine");
    let run = record(&stage, &[]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @"error: `recorded` is not empty; name a folder that is not there yet, or an empty one");
    assert_eq!(files(&stage).into_keys().collect::<Vec<_>>(), ["mine.txt"]);
    fs::remove_file(folder(&stage).join("mine.txt")).expect("it can be removed");
    assert_eq!(record(&stage, &[]).await.code, 0, "an empty folder is taken");
    let before = files(&stage);
    let run = record(&stage, &[]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @"error: `recorded` holds a recording already; name another folder, or remove this one first");
    assert_eq!(files(&stage), before);
    stage.file("a-file", "");
    let run = stage.run(&["record", "a-file"]).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @"error: `a-file` is no folder; name one that is not there yet, or an empty one");
}

#[tokio::test]
async fn what_is_no_recording_is_refused_with_its_place() {
    let mut stage = Stage::seeded().await;
    assert_eq!(record(&stage, &[]).await.code, 0);
    cut_off(&mut stage);
    let manifest = files(&stage)["recording.json"].clone();
    let users = files(&stage)["user.jsonl"].clone();
    let mut told = Vec::new();
    let mut replay = async |what: &str| {
        for arguments in [&["get", "user"][..], &["plan"], &["sync"], &[]] {
            let run = stage.run(&[arguments, &["--source", "recorded"]].concat()).await;
            assert_eq!(run.code, 2, "{what}: {}", run.stderr);
            if arguments.first() == Some(&"get") {
                told.push(format!("{what}\n{}", run.stderr));
            }
        }
    };
    for (what, text) in [
        ("another program", manifest.replace("ocean-opsgenie", "tar")),
        ("a later format", manifest.replace("\"format\": 1", "\"format\": 2")),
        ("no JSON", "{".to_owned()),
        ("no time", manifest.replace("recordedAt\": \"", "recordedAt\": \"x")),
    ] {
        write(&stage, "recording.json", &text);
        replay(what).await;
    }
    write(&stage, "recording.json", &manifest);
    write(&stage, "user.jsonl", &users[..users.len() - 5]);
    replay("a file cut short").await;
    fs::remove_file(folder(&stage).join("user.jsonl")).expect("it can be removed");
    replay("a file is missing").await;
    fs::remove_file(folder(&stage).join("recording.json")).expect("it can be removed");
    replay("no manifest").await;
    fs::remove_dir_all(folder(&stage)).expect("it can be removed");
    replay("no folder").await;
    insta::assert_snapshot!(told.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r"
    another program
    error: `recorded/recording.json` is no manifest of a recording: `tar` wrote it; name a folder that `ocean-opsgenie record` has written

    a later format
    error: `recorded/recording.json` is of format 2, and this version reads format 1; replay it with ocean-opsgenie VERSION, which wrote it, or record the account again

    no JSON
    error: `recorded/recording.json` is no manifest of a recording: EOF while parsing an object at line 1 column 1; name a folder that `ocean-opsgenie record` has written

    no time
    error: `recorded/recording.json` is no manifest of a recording: `recordedAt` is no time: failed to parse four digit integer as year: invalid digit, expected 0-9 but got x; name a folder that `ocean-opsgenie record` has written

    a file cut short
    error: `recorded/user.jsonl` has 3873 bytes, and had 3878 when it was recorded; copy the whole folder again, or record the account again

    a file is missing
    error: cannot read `recorded/user.jsonl`: No such file or directory (os error 2); check that it is there and may be read

    no manifest
    error: `recorded` holds no whole recording: it has no `recording.json`; `ocean-opsgenie record DIR` makes a recording, and one that was stopped half-way must be made again

    no folder
    error: cannot read `recorded`: no such folder; check that it is there and may be read
    ");
}

#[tokio::test]
async fn a_line_that_was_spoilt_ends_its_kind_and_deletes_nothing() {
    let mut stage = Stage::seeded().await;
    stage.pass().await.exits(0);
    stage.later();
    assert_eq!(record(&stage, &[]).await.code, 0);
    cut_off(&mut stage);
    let alerts = files(&stage)["alert.jsonl"].clone();
    let second = alerts.lines().nth(1).expect("there are several");
    let spoilt = alerts.replacen(second, &format!("[{}", &second[1..]), 1);
    write(&stage, "alert.jsonl", &spoilt);
    let before = stage.held("opsGenieAlert");
    let run = stage.sync(&["--source", "recorded"]).await;
    run.exits(2);
    assert_eq!(run.kind("alert")["verdict"], "incomplete");
    assert!(run.causes().contains("recorded/alert.jsonl`, line 2: "), "{}", run.causes());
    assert_eq!(stage.held("opsGenieAlert"), before);
}

#[tokio::test]
async fn what_failed_fails_again() {
    for (access, code) in [(Access::NotInPlan, 0), (Access::Forbidden, 3)] {
        let mut stage = Stage::seeded().await;
        stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, access));
        let run = record(&stage, &[]).await;
        assert_eq!(run.code, code, "{}", run.stderr);
        assert!(run.stderr.contains("`incident.jsonl` is not whole: "), "{}", run.stderr);
        let planned = stage.run(&["--output", "json", "plan"]).await;
        cut_off(&mut stage);
        let plan = stage.run(&["--output", "json", "plan", "--source", "recorded"]).await;
        assert_eq!((plan.code, comparable(&plan)), (planned.code, comparable(&planned)));
    }
    // In the middle of a listing, and single reads.
    let mut stage = Stage::of(generated()).await;
    let mut mapping = plain_mapping(&[("alert", "alert"), ("service", "service")]);
    mapping["resources"][1]["port"]["entity"]["mappings"]["properties"]["status"] = ".__team.name".into();
    stage.mapping(&mapping, &[plain_blueprint("alert"), plain_blueprint("service")]);
    stage.set("OCEAN__RETRY_BUDGET", "0");
    let third = On::get("/v2/alerts").when(|asked| asked.param("offset") == Some("198"));
    stage.sandbox.opsgenie().fault(Fault::always(third, Effect::status(500)));
    // One alone: which of several fails first is chance.
    let team = generated().teams[2].id.clone();
    let that =
        On::get("/v2/teams/*").when(move |asked| asked.segments.last().is_some_and(|id| **id == *team));
    stage.sandbox.opsgenie().fault(Fault::always(that, Effect::status(404)));
    let run = record(&stage, &[]).await;
    assert_eq!(run.code, 4, "{}", run.stderr);
    let planned = stage.run(&["--output", "json", "plan"]).await;
    cut_off(&mut stage);
    let plan = stage.run(&["--output", "json", "plan", "--source", "recorded"]).await;
    assert_eq!(plan.counts("alert", ["listed"]), [199]);
    assert_eq!((plan.code, comparable(&plan)), (planned.code, comparable(&planned)));
}

#[tokio::test]
async fn a_row_without_an_id_is_recorded_too() {
    let mut world = World::seed();
    world.alerts_mut()[2].extra = extra(&json!({ "id": OMIT }));
    let mut stage = Stage::of(world).await;
    assert_eq!(record(&stage, &[]).await.code, 0);
    let live = stage.run(&["get", "alert"]).await;
    cut_off(&mut stage);
    let run = stage.run(&["get", "alert", "--source", "recorded"]).await;
    assert_eq!((run.code, run.stdout, run.stderr), (4, live.stdout, live.stderr));
}

#[tokio::test]
async fn where_nothing_can_be_listed_there_is_no_recording() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "00000000-0000-0000-0000-000000000000");
    let run = record(&stage, &[]).await;
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.starts_with("error: nothing was recorded, because"), "{}", run.stderr);
    assert!(!folder(&stage).exists());
    stage.unset("OCEAN__INTEGRATION__CONFIG__API_TOKEN");
    assert_eq!(record(&stage, &[]).await.code, 2);
    assert!(!folder(&stage).exists());
}

#[cfg(unix)]
#[tokio::test]
async fn a_recording_that_is_stopped_leaves_nothing() {
    let stage = Stage::seeded().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Stall));
    let running = stage.begin(&["record", "recorded"]);
    crate::support::until("alerts are asked for", || {
        !stage.sandbox.opsgenie().requests_on(&On::get("/v2/alerts")).is_empty()
    })
    .await;
    assert!(!folder(&stage).join("recording.json").exists());
    running.signal("TERM");
    let run = stage.end(running).await;
    assert_eq!(
        (run.code, run.stdout.as_str(), run.talk().as_str()),
        (143, "", "stopped: nothing was recorded")
    );
    assert!(!folder(&stage).exists());
}

/// The resources of a mapping that asks for some alerts only.
fn filtered(params: &Value) -> Value {
    let mut mapping = plain_mapping(&[("alert", "alert"), ("incident", "incident")]);
    mapping["resources"][0]["selector"]["apiQueryParams"] = params.clone();
    let services: Vec<_> = (0..20).map(|n| format!("Service {n:04} (core)")).collect();
    mapping["resources"][1]["selector"]["apiQueryParams"] =
        json!({ "teams": ["Team 000", "Team 001", "Team 002", "Team 003"], "services": services });
    mapping
}

#[tokio::test]
async fn filters_find_in_a_recording_what_they_found_in_the_account() {
    let mut stage = Stage::of(generated()).await;
    assert_eq!(record(&stage, &[]).await.code, 0);
    stage.mapping(&filtered(&json!({})), &[plain_blueprint("alert"), plain_blueprint("incident")]);
    stage.pass().await.exits(0);
    stage.later();
    let all = stage.held("alert").len() as u64;
    for params in [
        json!({ "status": "open" }),
        json!({ "status": "closed", "priority": ["P1", "P2"] }),
        json!({ "createdAt": "> 2026-01-01T05:00:00Z" }),
        json!({ "isSeen": "true" }),
        json!({ "teams": ["Team 000", "Team 002", "Team 003"] }),
    ] {
        stage.mapping(&filtered(&params), &[]);
        let live = stage.run(&["--output", "json", "plan"]).await;
        let ([alerts], [incidents]) = (live.counts("alert", ["listed"]), live.counts("incident", ["listed"]));
        assert!(alerts > 0 && alerts < all, "{params} tells nothing: {alerts}");
        assert!(incidents > 0, "the filter of incidents tells nothing");
        let replayed = stage.run(&["--output", "json", "plan", "--source", "recorded"]).await;
        assert_eq!(comparable(&replayed), comparable(&live), "{params}");
    }
    cut_off(&mut stage);
    for (arguments, what) in [
        (&["get", "alert", "--query", "status:open"][..], "status:open"),
        (&["get", "user", "--query", "username:x"], "username:x"),
    ] {
        let run = stage.run(&[arguments, &["--source", "recorded"]].concat()).await;
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.contains(&format!("the query `{what}` finds: only Opsgenie")), "{}", run.stderr);
    }
}

#[tokio::test]
async fn what_was_not_recorded_is_told() {
    let mut stage = Stage::seeded().await;
    assert_eq!(record(&stage, &[]).await.code, 0);
    cut_off(&mut stage);
    let run = stage.run(&["get", "alert", "--enrich", "--source", "recorded"]).await;
    assert_eq!((run.code, run.stdout.lines().count()), (4, 60), "{}", run.stderr);
    insta::assert_snapshot!(run.stderr, @"error: alert: 60 records lack `details`: the recording in `recorded` has no details of alerts; record the account again with `--details`");
    let run = stage.run(&["--source", "recorded", "get", "alert"]).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @r"
    error: `--source recorded` stands before a command
      hint: write it after the command
    ");
}

/// An account full of what must not be recorded.
fn telling() -> World {
    let mut world = World::seed();
    world.users[0].username = text("ada.lovelace@corp.test");
    world.users[0].full_name = text("Ada Lovelace");
    world.users[0].extra = extra(&json!({
        "userContacts": [
            { "contactMethod": "sms", "to": "1-5550100234" },
            { "contactMethod": "voice", "to": "+44 20 7946 0018" },
            { "contactMethod": "email", "to": "ada.lovelace@corp.test" },
        ],
        "mobilePhone": 4_915_112_345_678_u64,
        "userAddress": { "country": "UK", "line": "12 St James's Square" },
    }));
    world.schedules[0].on_call = vec![text("ada.lovelace@corp.test")];
    world.teams[0].members[0].username = text("ada.lovelace@corp.test");
    world.teams[0].members[0].user_id = world.users[0].id.clone();
    let alerts = world.alerts_mut();
    alerts[0].owner = text("ada.lovelace@corp.test");
    alerts[0].message = text("Call Ada Lovelace at +1 (555) 010-9999 or 0044 20 7946 0018");
    alerts[0].description =
        text("Authorization: Bearer abc123def456ghi, key GenieKey 0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f1");
    alerts[0].extra = extra(&json!({
        "details": { "apiKey": "0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f2", "host": "db1", "db_password": "hunter22" },
        "actions": ["curl https://ops:s3cr3tpw@example.test/?token=tok-99887766"],
    }));
    alerts[1].message = text("AKIAIOSFODNN7EXAMPLE leaked by ada.lovelace@corp.test");
    alerts[1].source = text(Sandbox::API_KEY);
    world
}

const NEVER: [&str; 15] = [
    "5550100234",
    "7946 0018",
    "4915112345678",
    "010-9999",
    "abc123def456ghi",
    "0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f1",
    "0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f2",
    "hunter22",
    "s3cr3tpw",
    "tok-99887766",
    "AKIAIOSFODNN7EXAMPLE",
    Sandbox::API_KEY,
    Sandbox::CLIENT_SECRET,
    Sandbox::CLIENT_ID,
    "\"id\":\"\"",
];

#[tokio::test]
async fn keys_and_phone_numbers_are_never_recorded() {
    let mut stage = Stage::of(telling()).await;
    stage.unset("OCEAN__PORT__CLIENT_ID");
    stage.unset("OCEAN__PORT__CLIENT_SECRET");
    let run = record(&stage, &["--details"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @r"
    file                    lines
    alert.details.jsonl        60
    alert.jsonl                60
    incident.alerts.jsonl      10
    incident.jsonl             10
    schedule.jsonl              6
    schedule.oncalls.jsonl      6
    service.jsonl               9
    team.details.jsonl          5
    team.jsonl                  5
    user.jsonl                 12
    taken out: 14 keys, 7 phone numbers; names and mail addresses stay
    ");
    for (name, text) in files(&stage) {
        for never in NEVER {
            assert!(!text.contains(never), "`{never}` in {name}");
        }
    }
    let all = files(&stage);
    assert!(
        all["alert.jsonl"]
            .contains("Call Ada Lovelace at [redacted phone number] or [redacted phone number]")
    );
    assert!(all["alert.details.jsonl"].contains(r#""host":"db1""#));
    assert!(all["user.jsonl"].contains("ada.lovelace@corp.test"));
}

#[tokio::test]
async fn a_recording_with_pseudonyms_comes_to_as_many_entities() {
    let mut stage = Stage::of(generated()).await;
    stage.set("OCEAN__RESOURCES_PRESET", "full");
    assert_eq!(record(&stage, &["--pseudonyms"]).await.code, 0);
    let counts = |plan: &Run| {
        plan.exits(0);
        let mut kinds = comparable(plan)["kinds"].clone();
        for kind in kinds.as_array_mut().expect("a report has kinds") {
            kind.as_object_mut().expect("a row").retain(|_, value| value.is_u64());
        }
        kinds
    };
    let live = counts(&stage.run(&["--output", "json", "plan"]).await);
    cut_off(&mut stage);
    let replayed = counts(&stage.run(&["--output", "json", "plan", "--source", "recorded"]).await);
    assert_eq!(replayed, live);
}

#[tokio::test]
async fn pseudonyms_hide_persons_and_keep_joins() {
    let stage = Stage::of(telling()).await;
    let run = stage.run(&["--output", "json", "record", "recorded", "--details", "--pseudonyms"]).await;
    run.exits(0);
    assert!(run.report["redactions"]["pseudonyms"].as_u64().is_some_and(|count| count > 10));
    let all = files(&stage);
    let world = telling();
    let persons = world.users.iter().flat_map(|user| [user.username.to_string(), user.full_name.to_string()]);
    for person in persons.chain(["ada.lovelace", "Lovelace", "corp.test", "St James"].map(str::to_owned)) {
        for (name, text) in &all {
            assert!(!text.contains(&person), "`{person}` in {name}");
        }
    }
    let lines = |file: &str| -> Vec<Value> {
        all[file].lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    };
    let by_id = |file: &str, id: &str| {
        lines(file).into_iter().find(|line| line["id"] == id).expect("the record is there")
    };
    let user = by_id("user.jsonl", &world.users[0].id);
    let name = user["username"].as_str().expect("a user has a name");
    assert!(name.starts_with("person-") && name.ends_with("@example.com"), "{name}");
    assert_eq!(by_id("alert.jsonl", &world.alerts()[0].id)["owner"], name);
    let members = by_id("team.details.jsonl", &world.teams[0].id)["data"]["members"].clone();
    assert_eq!(members[0]["user"]["username"], name);
    let oncalls = by_id("schedule.oncalls.jsonl", &world.schedules[0].id)["data"].clone();
    assert_eq!(oncalls["onCallRecipients"], json!([name]));
    let full = user["fullName"].as_str().expect("a user has a full name");
    let message = by_id("alert.jsonl", &world.alerts()[0].id)["message"].clone();
    assert_eq!(message, format!("Call {full} at [redacted phone number] or [redacted phone number]"));
}
