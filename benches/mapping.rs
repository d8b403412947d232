//! The mapping engine alone: alerts from bytes, through the alert mapping of a preset, to the bytes of entities.
//!
//! ```sh
//! cargo bench --bench mapping                          # 10,000 alerts, `full`
//! OCEAN_BENCH_PRESET=classic cargo bench --bench mapping
//! ```
//!
//! One thread. Numbers are claims about a machine.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use ocean_opsgenie::config::MappingFile;
use ocean_opsgenie::jq::Environment;
use ocean_opsgenie::map::{Rules, Tally};
use ocean_opsgenie::model::{Kind, Mapped, Record, RecordId, RuleId};
use ocean_opsgenie::value::{Object, Value};

/// Made-up alerts.
const ALERTS: usize = 10_000;

/// Runs of each case; the median is what is quoted.
const RUNS: usize = 7;

fn main() {
    let preset = std::env::var("OCEAN_BENCH_PRESET").unwrap_or("full".into());
    let file = format!("{}/mappings/{preset}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).expect("the preset is there");

    // The first compilation in a process parses the prelude too.
    let begin = Instant::now();
    let rules = compile(&text);
    let first = begin.elapsed();
    let compiled = median(|| {
        black_box(compile(black_box(&text)));
    });
    println!("{preset}: all expressions compiled in {compiled:.2?}, the first time in {first:.2?}");

    let bodies: Vec<Vec<u8>> = (0..ALERTS).map(alert).collect();
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    println!("{ALERTS} alerts of {} bytes on average", bytes / ALERTS);

    let parse = || bodies.iter().map(|body| Value::parse(body).expect("it is JSON"));
    let parsed: Vec<Record> = parse().map(record).collect();
    let ids: Vec<RuleId> = rules.iter().filter(|rule| rule.kind == Kind::Alert).map(|rule| rule.id).collect();
    let mut out = Vec::new();
    for one in &parsed {
        let (mut mapped, mut tally) = (Vec::new(), Tally::default());
        rules.apply(one, &[], &ids, &mut tally, &mut mapped);
        assert_eq!((mapped.len(), tally.faults.len()), (1, 0), "the preset maps every alert without a fault");
        write(&mapped[0], &mut out);
    }
    println!("{} bytes of entity on average\n", out.len() / ALERTS);

    row("parse", bytes, median(|| parse().for_each(|value| drop(black_box(value)))));
    row("evaluate", bytes, median(|| evaluate(&rules, &ids, parsed.iter(), None)));
    row("evaluate, write", bytes, median(|| evaluate(&rules, &ids, parsed.iter(), Some(&mut out))));
    row(
        "parse, evaluate, write",
        bytes,
        median(|| {
            for value in parse() {
                evaluate(&rules, &ids, std::iter::once(&record(value)), Some(&mut out));
            }
        }),
    );
}

fn compile(text: &str) -> Rules {
    let (mapping, _) = MappingFile::from_text("preset.yaml", text).expect("a preset is right");
    Rules::compile(&mapping, Environment::default()).expect("a preset compiles")
}

fn record(body: Value) -> Record {
    let id = RecordId::new(body.get("id").as_str().expect("an alert has an id")).expect("it is not empty");
    Record { kind: Kind::Alert, id, body }
}

fn evaluate<'r>(
    rules: &Rules,
    ids: &[RuleId],
    records: impl Iterator<Item = &'r Record>,
    mut out: Option<&mut Vec<u8>>,
) {
    let (mut tally, mut mapped) = (Tally::default(), Vec::new());
    for record in records {
        mapped.clear();
        rules.apply(record, &[], ids, &mut tally, &mut mapped);
        if let Some(out) = out.as_deref_mut() {
            out.clear();
            for one in &mapped {
                write(one, out);
            }
        }
    }
    black_box(&tally);
}

/// The entity as JSON, about as a bulk call carries it.
fn write(mapped: &Mapped, out: &mut Vec<u8>) {
    let entity = &mapped.entity;
    let key = entity.key().expect("a preset names alerts by their id");
    let mut object = Object::default();
    let mut put = |name: &str, value: Value| {
        object.insert(name, value);
    };
    put("identifier", Value::from(key.identifier.to_string()));
    put("blueprint", Value::from(key.blueprint.to_string()));
    put("title", entity.title.clone().unwrap_or(Value::Null));
    put("properties", Value::object(entity.properties.clone().unwrap_or_default()));
    put("relations", Value::object(entity.relations.clone().unwrap_or_default()));
    out.extend(Value::object(object).to_bytes());
}

/// An alert as a listing gives it, made from its number.
fn alert(n: usize) -> Vec<u8> {
    let status = ["open", "closed"][n % 2];
    let (acknowledged, snoozed) = (n.is_multiple_of(3), n.is_multiple_of(7));
    let (minute, second) = (n / 60 % 60, n % 60);
    let ack_time = n * 1_000;
    format!(
        "{{\"seen\":true,\"id\":\"{n:08x}-6ae1-4ca5-8c93-{n:012x}-1794000000000\",\"tinyId\":\"{n}\",\
         \"alias\":\"host-{n}-disk-full\",\"message\":\"Disk of host-{n} is at 9{} %\",\"status\":\"{status}\",\
         \"acknowledged\":{acknowledged},\"isSeen\":true,\"tags\":[\"disk\",\"host-{n}\",\"production\"],\
         \"snoozed\":{snoozed},\"count\":{},\"lastOccurredAt\":\"2026-11-20T08:{minute:02}:{second:02}.46Z\",\
         \"createdAt\":\"2026-11-20T07:{minute:02}:{second:02}.118Z\",\
         \"updatedAt\":\"2026-11-20T09:{minute:02}:{second:02}.533Z\",\"source\":\"monitor-{}\",\
         \"owner\":\"ada{}@corp.test\",\"priority\":\"P{}\",\
         \"responders\":[{{\"type\":\"team\",\"id\":\"63374eee-0b03-42d4-bb8c-{:012x}\"}},\
         {{\"type\":\"user\",\"id\":\"ce544b61-7b35-43ea-89ee-{:012x}\"}}],\
         \"integration\":{{\"id\":\"4513b7ea-3b91-438f-b7e4-e3e54af9147c\",\"name\":\"Nagios\",\"type\":\"API\"}},\
         \"report\":{{\"ackTime\":{ack_time},\"acknowledgedBy\":\"ada{}@corp.test\"}},\
         \"ownerTeamId\":\"63374eee-0b03-42d4-bb8c-{:012x}\"}}",
        n % 10,
        n % 40 + 1,
        n % 12,
        n % 90,
        n % 5 + 1,
        n % 50,
        n % 90,
        n % 90,
        n % 50,
    )
    .into_bytes()
}

fn median(mut run: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

fn row(case: &str, bytes: usize, time: Duration) {
    let alerts = u32::try_from(ALERTS).expect("some thousand");
    let micros = time.as_secs_f64() * 1e6 / f64::from(alerts);
    let megabytes = f64::from(u32::try_from(bytes).expect("some megabytes")) / 1e6;
    println!("{case:<24} {micros:>7.2} µs an alert  {:>7.1} MB/s", megabytes / time.as_secs_f64());
}
