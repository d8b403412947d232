//! The mapping engine alone: alerts from bytes, through the alert mapping of a preset, to the bytes of entities.
//!
//! ```sh
//! cargo bench --bench mapping                          # 10,000 alerts, `full`
//! OCEAN_BENCH_PRESET=classic cargo bench --bench mapping
//! OCEAN_BENCH_PYTHON=python3 cargo bench --bench mapping     # beside libjq, with `pip install jq==1.12.0`
//! ```
//!
//! One thread. Numbers are claims about a machine; the ratio to libjq in the same run says more.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::hint::black_box;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ocean_opsgenie::catalog::write_entity;
use ocean_opsgenie::config::MappingFile;
use ocean_opsgenie::config::mapping::{EntityMapping, Template};
use ocean_opsgenie::jq::{Environment, quote_rewrite};
use ocean_opsgenie::map::{Rules, Tally};
use ocean_opsgenie::model::{Kind, Record, RecordId, RuleId};
use ocean_opsgenie::value::Value;

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

    let ids: Vec<RuleId> = rules.iter().filter(|rule| rule.kind == Kind::Alert).map(|rule| rule.id).collect();
    let parse = || bodies.iter().map(|body| Value::parse(body).expect("it is JSON"));
    let mut out = Vec::new();
    for value in parse() {
        let (mut mapped, mut tally) = (Vec::new(), Tally::default());
        rules.apply(&record(value), &[], &ids, &mut tally, &mut mapped);
        assert_eq!((mapped.len(), tally.faults.len()), (1, 0), "the preset maps every alert without a fault");
        write_entity(&mapped[0].entity, &mut out);
    }
    let entity_bytes = out.len() / ALERTS;
    println!("{entity_bytes} bytes of entity on average, {} expressions\n", expressions(&text).len());

    let whole = median(|| {
        for value in parse() {
            evaluate(&rules, &ids, std::iter::once(&record(value)), Some(&mut out));
        }
    });
    row("parse, evaluate, write", bytes, whole);
    let peak = peak_kib();
    let parsed: Vec<Record> = parse().map(record).collect();
    row("parse", bytes, median(|| parse().for_each(|value| drop(black_box(value)))));
    row("evaluate", bytes, median(|| evaluate(&rules, &ids, parsed.iter(), None)));
    row("evaluate, write", bytes, median(|| evaluate(&rules, &ids, parsed.iter(), Some(&mut out))));
    match std::env::var("OCEAN_BENCH_PYTHON") {
        Ok(python) => beside_libjq(&python, &text, &bodies, (bytes, whole), peak),
        Err(_) => println!("\nlibjq: NOT RUN; OCEAN_BENCH_PYTHON names a Python with the package `jq`"),
    }
}

/// The same alerts through the same expressions by libjq, as Port's integration drives it.
fn beside_libjq(
    python: &str,
    mapping: &str,
    bodies: &[Vec<u8>],
    (bytes, ours): (usize, Duration),
    peak: Option<u64>,
) {
    let expressions = serde_json::json!({ "expressions": expressions(mapping) });
    let mut lines = format!("{expressions}\n").into_bytes();
    for body in bodies {
        lines.extend_from_slice(body);
        lines.push(b'\n');
    }
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/benches/libjq.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{python}: {error}"));
    child.stdin.take().expect("it is piped").write_all(&lines).expect("the script reads all of it");
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "the script failed: {}", output.status);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    let theirs = Duration::from_secs_f64(result["seconds"].as_f64().expect("seconds"));
    row("libjq: the same", bytes, theirs);
    println!("\nratio {:.1}", theirs.as_secs_f64() / ours.as_secs_f64());
    println!("peak memory, the texts of all alerts included: libjq's process {} KiB", result["peak_kib"]);
    if let Some(peak) = peak {
        println!("                                               this one        {peak} KiB");
    }
}

/// Every expression of the alerts' mapping.
fn expressions(mapping: &str) -> Vec<String> {
    let (mapping, _) = MappingFile::from_text("preset.yaml", mapping).expect("a preset is right");
    let mut texts = Vec::new();
    for resource in mapping.resources.iter().filter(|resource| resource.kind == Kind::Alert) {
        texts.push(resource.selector.query.text.clone());
        for EntityMapping { identifier, blueprint, title, icon, team, properties, relations, place: _ } in
            &resource.mappings
        {
            texts.push(blueprint.text.clone());
            let plain = [Some(identifier), title.as_ref(), icon.as_ref(), team.as_ref()];
            let named = properties.iter().chain(relations).flatten().map(|(_, template)| template);
            let templates = plain.into_iter().flatten().chain(named);
            let written = templates.flat_map(Template::expressions);
            texts.extend(written.map(|expr| quote_rewrite(&expr.text).into_owned()));
        }
    }
    texts
}

/// The most memory this process has held, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
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
                write_entity(&one.entity, out);
            }
        }
    }
    black_box(&tally);
}

/// An alert as a listing gives it, made from its number after the documented sample (`tests/data/seed/alert.json`).
fn alert(n: usize) -> Vec<u8> {
    let status = ["open", "closed"][n % 2];
    let (acknowledged, snoozed) = (n.is_multiple_of(3), n.is_multiple_of(7));
    let (minute, second) = (n / 60 % 60, n % 60);
    let responder = ["team", "user"][n % 2];
    format!(
        "{{\"seen\":true,\"id\":\"{n:08x}-ecc7-42b0-8836-{n:012x}-169486700232\",\"tinyId\":\"{n}\",\
         \"alias\":\"{:08x}-f6e3-4355-a927-897cd8edaf8f_{n:08x}-030b-4e8f-a230-aa429947253c\",\
         \"message\":\"Login of host-{n} not working\",\"status\":\"{status}\",\
         \"integration\":{{\"id\":\"4513b7ea-3b91\",\"name\":\"Default API\",\"type\":\"API\"}},\
         \"acknowledged\":{acknowledged},\"isSeen\":true,\"tags\":[\"auth\",\"login\"],\
         \"snoozed\":{snoozed},\"count\":{},\"lastOccurredAt\":\"2023-04-21T08:{minute:02}:{second:02}.46Z\",\
         \"createdAt\":\"2023-04-21T08:{minute:02}:{second:02}.46Z\",\
         \"updatedAt\":\"2023-08-11T10:{minute:02}:{second:02}.533Z\",\"source\":\"ada{}@corp.test\",\
         \"owner\":\"ada{}@corp.test\",\"priority\":\"P{}\",\"teams\":[],\
         \"responders\":[{{\"type\":\"{responder}\",\"id\":\"ce544b61-7b35-43ea-89ee-{:012x}\"}}],\
         \"report\":{{\"ackTime\":{}}},\"ownerTeamId\":\"\"}}",
        n % 900,
        n % 40 + 1,
        n % 50,
        n % 50,
        n % 5 + 1,
        n % 90,
        n * 1_000,
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
