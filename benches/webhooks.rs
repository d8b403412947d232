//! Live events: the service, which is another process, between the sandbox and a crowd of notifications.
//!
//! ```sh
//! cargo bench --bench webhooks              # 10,000 at full speed, then 200 a second
//! cargo bench --bench webhooks -- --soak 10 # ten minutes at 100 a second: memory and file descriptors
//! ```
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use ocean_opsgenie::sandbox::{self, Effect, Fault, On, Sandbox, Size, Times, World};
use reqwest::Client;
use serde_json::json;

const SECRET: &str = "open-sesame";
const ALERTS: usize = 2_000;
const NOTIFICATIONS: usize = 10_000;
const SIZE: Size = Size { alerts: 2_000, incidents: 100, services: 20, users: 50, teams: 10 };

/// The service and both sides.
struct Scene {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    service: Child,
    client: Client,
    port: u16,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.service.kill().unwrap_or_default();
        self.service.wait().map(|_| ()).unwrap_or_default();
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let arguments: Vec<String> = std::env::args().collect();
        if let Some(at) = arguments.iter().position(|argument| argument == "--soak") {
            let minutes = arguments.get(at + 1).and_then(|minutes| minutes.parse().ok());
            return soak(minutes.unwrap_or(10)).await;
        }
        flood().await;
        stream_at(200, Duration::from_secs(30)).await;
        idle().await;
    });
}

impl Scene {
    async fn set(size: Size, listener: &str) -> Self {
        let options = sandbox::Options {
            world: World::generated(size),
            detail: sandbox::Detail::Counts,
            ..sandbox::Options::default()
        };
        let sandbox = Sandbox::start(options).await.expect("a sandbox starts on loopback");
        let folder = tempfile::TempDir::new().expect("a folder");
        let port =
            TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().pool_max_idle_per_host(64).build().expect("a client");
        let service = begin(&sandbox, &folder, port, listener);
        let scene = Self { sandbox, folder, service, client, port };
        while scene.get("/health/ready").await.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scene
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    async fn get(&self, path: &str) -> Option<String> {
        let answer = self.client.get(self.url(path)).send().await.ok()?;
        if answer.status().is_success() { answer.text().await.ok() } else { None }
    }

    async fn post(&self, alert: &str) -> bool {
        let body = json!({ "action": "AddNote", "alert": { "alertId": alert, "message": "of no account" } })
            .to_string();
        let request = self.client.post(self.url("/integration/webhook")).header("x-webhook-secret", SECRET);
        request.body(body).send().await.is_ok_and(|answer| answer.status().as_u16() == 202)
    }

    async fn metrics(&self) -> String {
        self.get("/metrics").await.expect("metrics")
    }

    async fn settle(&self) {
        loop {
            let text = self.metrics().await;
            let open = ["ready", "in_hand", "waiting"].into_iter().filter(|state| {
                !text
                    .lines()
                    .any(|line| line == format!("ocean_opsgenie_queued_events{{state=\"{state}\"}} 0"))
            });
            if open.count() == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn status(&self, key: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.service.id())).expect("Linux");
        let line = text.lines().find(|line| line.starts_with(key)).expect("the line is there");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.service.id())).expect("Linux").count()
    }

    fn cpu(&self) -> Duration {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.service.id())).expect("Linux");
        let after = text.rsplit(") ").next().expect("a name in parentheses");
        let ticks: u64 =
            after.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        Duration::from_millis(ticks * 10)
    }

    fn ids(&self) -> Vec<String> {
        self.sandbox
            .opsgenie()
            .world(|world| world.alerts().iter().map(|alert| alert.id.to_string()).collect())
    }

    fn contents(&self) -> Vec<(String, String)> {
        let all = self.sandbox.catalog().entities("opsGenieAlert");
        all.into_iter().map(|entity| (entity.identifier.clone(), entity.json().to_string())).collect()
    }
}

fn begin(sandbox: &Sandbox, folder: &tempfile::TempDir, port: u16, listener: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
    command.env_clear().stdout(Stdio::null()).stderr(Stdio::null()).current_dir(folder.path());
    for (name, value) in [
        ("OCEAN__EVENT_LISTENER", json!({ "type": listener }).to_string()),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
        ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
        ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
        ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
        ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
        ("OCEAN__WEBHOOK__SECRET", SECRET.to_owned()),
        ("OCEAN__STATE_DIR", folder.path().join("state").display().to_string()),
        ("APPLICATION__PORT", port.to_string()),
    ] {
        command.env(name, value);
    }
    command.spawn().expect("the program can be started")
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits fit") % below
    }
}

/// All at once, shuffled and repeated, with one call in twenty failing on either side. At the end the catalog is what a
/// full pass would make of the account.
async fn flood() {
    let scene = Scene::set(SIZE, "WEBHOOKS_ONLY").await;
    let ids = scene.ids();
    scene.sandbox.opsgenie().world(|world| {
        for (n, id) in ids.iter().enumerate() {
            if n % 10 == 0 {
                assert!(world.close_alert(id, 1_763_598_720_017));
            } else if n % 10 == 1 {
                assert!(world.delete_alert(id));
            }
        }
    });
    scene
        .sandbox
        .opsgenie()
        .fault(Fault { times: Times::Every(20), ..Fault::always(On::any(), Effect::status(500)) });
    scene
        .sandbox
        .catalog()
        .fault(Fault { times: Times::Every(20), ..Fault::always(On::any(), Effect::status(503)) });
    let mut dice = Dice(7);
    // Every alert at least once.
    let mut order: Vec<usize> =
        (0..NOTIFICATIONS).map(|n| if n < ALERTS { n } else { dice.next(ALERTS) }).collect();
    for n in (1..order.len()).rev() {
        order.swap(n, dice.next(n + 1));
    }
    let begin = Instant::now();
    let posts: Vec<_> = order.iter().map(|n| scene.post(&ids[*n])).collect();
    let accepted =
        stream::iter(posts).buffer_unordered(64).filter(|taken| std::future::ready(*taken)).count().await;
    let posted = begin.elapsed();
    scene.settle().await;
    let settled = begin.elapsed();
    println!(
        "flood: {accepted} of {NOTIFICATIONS} accepted in {posted:.2?} ({:.0} a second), settled after {settled:.2?}; peak {} MB",
        f64::from(u32::try_from(accepted).expect("few")) / posted.as_secs_f64(),
        scene.status("VmHWM") / 1024
    );
    scene.sandbox.opsgenie().mend_all();
    scene.sandbox.catalog().mend_all();
    let after_events = scene.contents();
    let mut sync = begin_once(&scene);
    assert!(sync.wait().expect("it ends").success());
    assert!(scene.contents() == after_events, "a full pass finds something to do");
    println!("flood: {} entities, as a full pass has them", after_events.len());
}

fn begin_once(scene: &Scene) -> Child {
    begin(&scene.sandbox, &scene.folder, 0, "ONCE")
}

/// So many a second; how long each takes to the catalog.
async fn stream_at(a_second: u32, time: Duration) {
    let scene = Scene::set(SIZE, "WEBHOOKS_ONLY").await;
    let ids = scene.ids();
    assert!(scene.post(&ids[0]).await);
    scene.settle().await;
    let before = scene.metrics().await;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / a_second);
    let begin = Instant::now();
    let mut sent = 0_u32;
    let mut slowest = Duration::ZERO;
    while begin.elapsed() < time {
        ticks.tick().await;
        let id = &ids[sent as usize % ids.len()];
        scene.sandbox.opsgenie().world(|world| {
            if let Some(alert) = world.alert_mut(id) {
                alert.count += 1;
            }
        });
        let post = Instant::now();
        assert!(scene.post(id).await);
        slowest = slowest.max(post.elapsed());
        sent += 1;
    }
    scene.settle().await;
    let after = scene.metrics().await;
    let count = |text: &str, bound: &str| -> f64 {
        let start = format!("ocean_opsgenie_event_delay_seconds_bucket{{le=\"{bound}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start)).expect("a bucket");
        line.parse().expect("a number")
    };
    let all = count(&after, "+Inf") - count(&before, "+Inf");
    let shares: Vec<String> = ["0.01", "0.025", "0.05", "0.1", "0.25", "0.5"]
        .into_iter()
        .map(|bound| {
            format!("≤ {bound} s {:.2} %", (count(&after, bound) - count(&before, bound)) / all * 100.0)
        })
        .collect();
    println!(
        "stream: {sent} at {a_second} a second, slowest answer {slowest:.1?}; to the catalog: {}",
        shares.join(", ")
    );
}

/// Memory and CPU of a service that has nothing to do, before and after a pass over the account of the other bench.
async fn idle() {
    let before = Scene::set(SIZE, "WEBHOOKS_ONLY").await;
    let cpu = before.cpu();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let used = before.cpu().saturating_sub(cpu);
    println!(
        "idle, before a pass: {:.1} MB, {:.3} % of a core",
        mb(&before),
        used.as_secs_f64() / 20.0 * 100.0
    );
    drop(before);
    let bench = Size { alerts: 15_000, incidents: 1_000, services: 200, users: 500, teams: 50 };
    let after = Scene::set(bench, "POLLING").await;
    while !after.metrics().await.contains("ocean_opsgenie_passes_total{") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let cpu = after.cpu();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let used = after.cpu().saturating_sub(cpu);
    println!(
        "idle, after a pass over 15,000 alerts: {:.1} MB (peak {} MB), {:.3} % of a core",
        mb(&after),
        after.status("VmHWM") / 1024,
        used.as_secs_f64() / 20.0 * 100.0
    );
}

fn mb(scene: &Scene) -> f64 {
    f64::from(u32::try_from(scene.status("VmRSS")).expect("kilobytes of a small process")) / 1024.0
}

/// A hundred a second for some minutes.
async fn soak(minutes: u64) {
    let scene = Scene::set(SIZE, "WEBHOOKS_ONLY").await;
    let ids = scene.ids();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let begin = Instant::now();
    let mut sent = 0_usize;
    for minute in 0..minutes {
        while begin.elapsed() < Duration::from_secs(60 * (minute + 1)) {
            ticks.tick().await;
            assert!(scene.post(&ids[sent % ids.len()]).await);
            sent += 1;
        }
        println!(
            "soak: minute {}: {:.1} MB, {} file descriptors, {sent} sent",
            minute + 1,
            mb(&scene),
            scene.descriptors()
        );
    }
}
