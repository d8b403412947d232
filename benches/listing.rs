//! Listing and parsing alone: pages of the sandbox, which is another process, into records that are counted and dropped.
//!
//! ```sh
//! cargo bench --bench listing      # 100,000 alerts, 45,000 incidents: several times what one search can reach
//! ```
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::collections::HashSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use futures::StreamExt;
use ocean_opsgenie::http::{Client, Options, Proxy};
use ocean_opsgenie::model::Kind;
use ocean_opsgenie::opsgenie::{Listing, Opsgenie};
use ocean_opsgenie::sandbox::{self, Sandbox, Size, World};
use ocean_opsgenie::secret::Secret;
use wait4::Wait4;

/// Runs of each case; the median is what is quoted.
const RUNS: usize = 5;

const SIZE: Size = Size { alerts: 100_000, incidents: 45_000, services: 200, users: 500, teams: 50 };

fn main() {
    let mut arguments = std::env::args().skip(1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    if arguments.next().as_deref() == Some("--list") {
        let (url, kind) =
            (arguments.next().expect("--list URL KIND"), arguments.next().expect("--list URL KIND"));
        return runtime.block_on(list(&url, kind.parse().expect("a kind")));
    }
    runtime.block_on(bench());
}

/// Lists a kind and prints bytes received and microseconds taken. Every record must come once.
async fn list(url: &str, kind: Kind) {
    let client = Client::new(Options { proxy: Proxy::Direct, ..Options::default() }).expect("a client");
    let source = Opsgenie::new(client, url, Secret::new(Sandbox::API_KEY)).expect("an address");
    let begin = Instant::now();
    let mut pages = source.pages(&Listing::all(kind));
    let mut seen = HashSet::new();
    while let Some(page) = pages.next().await {
        for record in page.expect("nothing fails here").records {
            assert!(seen.insert(record.id.to_string()), "{} came twice", record.id);
        }
    }
    let expected = if kind == Kind::Alert { SIZE.alerts } else { SIZE.incidents };
    assert_eq!(seen.len(), expected as usize, "some did not come");
    println!("{} {}", source.usage().bytes_in, begin.elapsed().as_micros());
}

/// What one listing cost.
struct Cost {
    bytes: f64,
    wall: Duration,
    cpu: Duration,
}

async fn bench() {
    let options = sandbox::Options { world: World::generated(SIZE), ..sandbox::Options::default() };
    let sandbox = Sandbox::start(options).await.expect("a sandbox starts on loopback");
    println!(
        "{:<9} {:>7} {:>9} {:>9} {:>9} {:>12} {:>12}",
        "", "calls", "MB", "wall", "CPU", "MB/s wall", "MB/s CPU"
    );
    for kind in [Kind::Alert, Kind::Incident] {
        let mut costs = Vec::new();
        for _ in 0..RUNS {
            sandbox.opsgenie().forget();
            costs.push(one(&sandbox, kind).await);
        }
        costs.sort_by_key(|cost| cost.wall);
        let Cost { bytes, wall, cpu } = costs.swap_remove(RUNS / 2);
        let calls = sandbox.opsgenie().counts().calls;
        let rate = |time: Duration| bytes / 1e6 / time.as_secs_f64();
        println!(
            "{:<9} {calls:>7} {:>9.1} {wall:>9.2?} {cpu:>9.2?} {:>12.0} {:>12.0}",
            kind.name(),
            bytes / 1e6,
            rate(wall),
            rate(cpu)
        );
    }
    assert!(sandbox.opsgenie().violations().is_empty(), "{:?}", sandbox.opsgenie().violations());
    sandbox.stop().await;
}

async fn one(sandbox: &Sandbox, kind: Kind) -> Cost {
    let mut command = Command::new(std::env::current_exe().expect("a name of our own"));
    command.args(["--list", &sandbox.opsgenie().url(), kind.name()]).stdout(Stdio::piped());
    let child = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().expect("the bench can start itself");
        let mut stdout = child.stdout.take().expect("it was asked for");
        let used = child.wait4().expect("it ends");
        assert!(used.status.success(), "the listing failed");
        (std::io::read_to_string(&mut stdout).expect("it wrote"), used.rusage)
    });
    let (told, used) = child.await.expect("the thread lives");
    let numbers: Vec<u64> = told.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    #[expect(clippy::cast_precision_loss, reason = "a number of bytes, for a rate")]
    let bytes = numbers[0] as f64;
    Cost { bytes, wall: Duration::from_micros(numbers[1]), cpu: used.utime + used.stime }
}
