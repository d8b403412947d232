//! A whole pass, measured from outside: the program as one process, the sandbox as another, and beside it the floor, a
//! bare client that makes the same calls and throws the bodies away.
//!
//! ```sh
//! cargo bench --bench end_to_end                       # 15,000 alerts, 1,000 incidents, 200 services, 500 users, 50 teams
//! OCEAN_BENCH_ALERTS=200000 cargo bench --bench end_to_end
//! OCEAN_BENCH_PRESET=full cargo bench --bench end_to_end
//! ```
//!
//! Numbers are claims about a machine; the ratio to the floor is what should hold anywhere.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt;
use ocean_opsgenie::sandbox::{Detail, Logged, Options, Sandbox, Size, World};
use serde_json::{Value, json};
use wait4::Wait4;

/// Runs of each case; the median is what is quoted.
const RUNS: usize = 5;

/// Calls that the floor keeps in flight on each side, as many as the program at most.
const FLOOR_IN_FLIGHT: usize = 8;

/// What a process cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_kib: u64,
}

fn main() {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == "--floor" => return floor(&arguments.next().expect("--floor FILE")),
        Some(first) if first == "--measure" => return measuring(arguments),
        Some(_) | None => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(bench());
}

fn size() -> Size {
    let number = |name: &str, default: u32| {
        std::env::var(name).ok().map_or(default, |text| text.parse().expect("a number"))
    };
    Size {
        alerts: number("OCEAN_BENCH_ALERTS", 15_000),
        incidents: number("OCEAN_BENCH_INCIDENTS", 1_000),
        services: number("OCEAN_BENCH_SERVICES", 200),
        users: number("OCEAN_BENCH_USERS", 500),
        teams: number("OCEAN_BENCH_TEAMS", 50),
    }
}

async fn bench() {
    println!("{:?}", size());
    let mut fresh = Vec::new();
    let mut unchanged = Vec::new();
    let mut floors = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        let sandbox = start(Detail::Counts).await;
        fresh.push(exporter(&sandbox).await);
        print_calls("fresh", &sandbox, fresh.len());
        unchanged.push(exporter(&sandbox).await);
        print_calls("unchanged", &sandbox, unchanged.len());
        sandbox.stop().await;
    }
    let recorded = record().await;
    for _ in 0..RUNS {
        // The same calls against the same state: the floor's first round fills the catalog, as the program's did.
        let sandbox = start(Detail::Counts).await;
        for (round, calls) in recorded.iter().enumerate() {
            floors[round].push(replay(&sandbox, calls).await);
        }
        sandbox.stop().await;
    }
    let [floor_fresh, floor_unchanged] = floors;
    println!(
        "\n{:<11} {:>9} {:>9} {:>9}   {:>9} {:>9}   ratio wall, CPU",
        "", "wall", "CPU", "peak", "floor", "CPU"
    );
    row("fresh", fresh, floor_fresh);
    row("unchanged", unchanged, floor_unchanged);
}

async fn start(detail: Detail) -> Sandbox {
    let options = Options { world: World::generated(size()), detail, ..Options::default() };
    Sandbox::start(options).await.expect("a sandbox starts on loopback")
}

fn print_calls(case: &str, sandbox: &Sandbox, run: usize) {
    let (source, catalog) = (sandbox.opsgenie().counts().calls, sandbox.catalog().counts().calls);
    if run == 1 {
        println!("{case}: {source} calls to Opsgenie, {catalog} to the catalog");
    }
    sandbox.opsgenie().forget();
    sandbox.catalog().forget();
}

/// One pass of the program as a process of its own.
async fn exporter(sandbox: &Sandbox) -> Cost {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
    command.env_clear().envs([
        ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY),
        ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID),
        ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET),
        ("OCEAN__INTEGRATION__IDENTIFIER", "bench"),
        ("APPLICATION__LOG_LEVEL", "WARNING"),
    ]);
    command.env("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url());
    command.env("OCEAN__PORT__BASE_URL", sandbox.catalog().url());
    command.env("OCEAN__RESOURCES_PRESET", std::env::var("OCEAN_BENCH_PRESET").unwrap_or("classic".into()));
    measure(command).await
}

/// Runs a command through a process that does nothing else: the peak of a process counts that of the one it came from,
/// and this one holds the sandbox.
async fn measure(command: Command) -> Cost {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut measuring = Command::new(std::env::current_exe().expect("a name of our own"));
    measuring
        .arg("--measure")
        .arg(file.path())
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear();
    measuring.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let status = tokio::task::spawn_blocking(move || measuring.status()).await.expect("the thread lives");
    assert!(status.expect("the bench can start itself").success(), "the measured program failed");
    let measured: [u64; 3] =
        serde_json::from_slice(&std::fs::read(file.path()).expect("it was written")).expect("JSON");
    let [wall, cpu, peak_kib] = measured;
    Cost { wall: Duration::from_micros(wall), cpu: Duration::from_micros(cpu), peak_kib }
}

/// Starts a program, waits for its end and writes what it used: microseconds of wall and CPU time, kibibytes.
fn measuring(mut arguments: impl Iterator<Item = OsString>) {
    let file = arguments.next().expect("--measure FILE PROGRAM");
    let mut command = Command::new(arguments.next().expect("--measure FILE PROGRAM"));
    let begin = Instant::now();
    let mut child = command.args(arguments).stdout(Stdio::null()).spawn().expect("the program starts");
    let used = child.wait4().expect("the program ends");
    assert!(used.status.success(), "the program ended with {}", used.status);
    let micros = |time: Duration| u64::try_from(time.as_micros()).expect("less than half a million years");
    let cpu = used.rusage.utime + used.rusage.stime;
    let measured = [micros(begin.elapsed()), micros(cpu), used.rusage.maxrss / 1024];
    std::fs::write(file, serde_json::to_vec(&measured).expect("numbers are JSON"))
        .expect("the file can be written");
}

/// The calls of a fresh pass and of an unchanged one, as the servers saw them.
async fn record() -> [Vec<(bool, Logged)>; 2] {
    let sandbox = start(Detail::Everything).await;
    let mut rounds = Vec::new();
    for _ in 0..2 {
        exporter(&sandbox).await;
        let source = sandbox.opsgenie().requests().into_iter().map(|logged| (true, logged));
        let catalog = sandbox.catalog().requests().into_iter().map(|logged| (false, logged));
        rounds.push(source.chain(catalog).collect());
        sandbox.opsgenie().forget();
        sandbox.catalog().forget();
    }
    sandbox.stop().await;
    rounds.try_into().expect("two rounds")
}

async fn replay(sandbox: &Sandbox, calls: &[(bool, Logged)]) -> Cost {
    let lines: Vec<Value> = calls
        .iter()
        .map(|(source, logged)| {
            let base = if *source { sandbox.opsgenie().url() } else { sandbox.catalog().url() };
            let address = format!("{base}{}", logged.path);
            let url = match logged.query.as_slice() {
                [] => reqwest::Url::parse(&address),
                pairs => reqwest::Url::parse_with_params(&address, pairs),
            };
            json!({
                "source": source,
                "method": logged.method.as_str(),
                "url": url.expect("a logged address").as_str(),
                "body": String::from_utf8_lossy(&logged.body),
            })
        })
        .collect();
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), serde_json::to_vec(&lines).expect("JSON")).expect("the file can be written");
    let mut command = Command::new(std::env::current_exe().expect("a name of our own"));
    command.arg("--floor").arg(file.path());
    measure(command).await
}

/// The floor: sends every call of a file and throws the bodies away. Credentials of the catalog come first, as they must.
fn floor(file: &OsStr) {
    let lines: Vec<Value> =
        serde_json::from_slice(&std::fs::read(file).expect("the file is there")).expect("JSON");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        rustls::crypto::ring::default_provider().install_default().expect("nothing was installed before");
        let client = reqwest::Client::new();
        let token = catalog_token(&client, &lines).await;
        let (source, catalog): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line["source"] == true);
        let send = |lines: Vec<Value>| {
            let (client, token) = (client.clone(), token.clone());
            futures::stream::iter(lines)
                .map(move |line| {
                    let authorization = if line["source"] == true {
                        format!("GenieKey {}", Sandbox::API_KEY)
                    } else {
                        token.clone()
                    };
                    call(client.clone(), line, authorization)
                })
                .buffer_unordered(FLOOR_IN_FLIGHT)
                .collect::<Vec<()>>()
        };
        futures::join!(send(source), send(catalog));
    });
}

async fn catalog_token(client: &reqwest::Client, lines: &[Value]) -> String {
    let line =
        lines.iter().find(|line| line["url"].as_str().is_some_and(|url| url.ends_with("/auth/access_token")));
    let line = line.expect("a pass asks for a token");
    let request = client
        .post(line["url"].as_str().expect("text"))
        .header("content-type", "application/json")
        .body(json!({ "clientId": Sandbox::CLIENT_ID, "clientSecret": Sandbox::CLIENT_SECRET }).to_string());
    let body = request.send().await.expect("an answer").bytes().await.expect("a body");
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    format!("Bearer {}", answer["accessToken"].as_str().expect("a token"))
}

async fn call(client: reqwest::Client, line: Value, authorization: String) {
    let method = line["method"].as_str().expect("text").parse().expect("a method");
    let mut request = client
        .request(method, line["url"].as_str().expect("text"))
        .header("authorization", authorization)
        .header("user-agent", "port-ocean/opsgenie/0.1.0/bench/exporter");
    let body = line["body"].as_str().expect("text");
    if !body.is_empty() {
        request = request.header("content-type", "application/json").body(body.to_owned());
    }
    if let Ok(answer) = request.send().await {
        let mut stream = answer.bytes_stream();
        while let Some(Ok(_thrown_away)) = stream.next().await {}
    }
}

fn median(mut costs: Vec<Cost>) -> Cost {
    let middle = costs.len() / 2;
    let mut by = |key: fn(&Cost) -> u128| {
        costs.sort_by_key(key);
        costs[middle]
    };
    Cost {
        wall: by(|cost| cost.wall.as_micros()).wall,
        cpu: by(|cost| cost.cpu.as_micros()).cpu,
        peak_kib: by(|cost| u128::from(cost.peak_kib)).peak_kib,
    }
}

fn row(case: &str, costs: Vec<Cost>, floor: Vec<Cost>) {
    let (cost, floor) = (median(costs), median(floor));
    let seconds = |duration: Duration| format!("{:.3} s", duration.as_secs_f64());
    let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
    println!(
        "{case:<11} {:>9} {:>9} {:>6} kB   {:>9} {:>9}   {:.2}, {:.2}",
        seconds(cost.wall),
        seconds(cost.cpu),
        cost.peak_kib,
        seconds(floor.wall),
        seconds(floor.cpu),
        ratio(cost.wall, floor.wall),
        ratio(cost.cpu, floor.cpu),
    );
}
