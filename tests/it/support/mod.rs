//! A sandbox and the program as a user meets it: a process of its own, with exit code, standard output and error.

pub(crate) mod pages;
pub(crate) mod proxy;

use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jsonschema::Validator;
use ocean_opsgenie::sandbox::{Entity, Options, Sandbox, Seeding, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::schema::{is_valid, validator};

/// The identifier of the installation that runs here.
pub(crate) const IDENTIFIER: &str = "my-og";

/// The stamp of what this installation wrote in an earlier version.
pub(crate) const OURS: &str = "port-ocean/opsgenie/0.0.9/my-og/exporter";

/// A sandbox and a working directory for the program.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) directory: TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the program gave.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The report, where the run was asked for it as JSON.
    pub(crate) report: Value,
}

/// A run that is still going on. What it says is taken as it comes: a pipe that is full would stop it.
pub(crate) struct Running {
    child: std::process::Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

/// Longer than anything here takes: what waits beyond it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

impl Stage {
    pub(crate) async fn start(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.expect("a sandbox starts on loopback");
        let directory = TempDir::new().expect("a temporary directory");
        let variables = [
            ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#.to_owned()),
            ("OCEAN__INITIALIZE_PORT_RESOURCES", "true".to_owned()),
            ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
            ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
            ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
            ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
            ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
            ("OCEAN__INTEGRATION__IDENTIFIER", IDENTIFIER.to_owned()),
            // What fails for ever should not do so for minutes.
            ("OCEAN__RETRY_BUDGET", "1".to_owned()),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { sandbox, directory, variables }
    }

    /// With this account.
    pub(crate) async fn of(world: World) -> Self {
        Self::start(Options { world, ..Options::default() }).await
    }

    /// With the fixed account and its 60 alerts.
    pub(crate) async fn seeded() -> Self {
        Self::of(World::seed()).await
    }

    /// With so many alerts and nothing else.
    pub(crate) async fn with_alerts(count: usize) -> Self {
        let mut world = World::empty();
        world.alerts_mut().extend(World::seed().alerts().iter().take(count).cloned());
        Self::of(world).await
    }

    /// Sets a variable for the runs to come.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.unset(name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Takes a variable away from the runs to come.
    pub(crate) fn unset(&mut self, name: &str) {
        self.variables.retain(|(known, _)| known != name);
    }

    /// Takes every variable away.
    pub(crate) fn unset_all(&mut self) {
        self.variables.clear();
    }

    /// Writes a file into the working directory.
    pub(crate) fn file(&self, name: &str, text: &str) {
        let path = self.directory.path().join(name);
        let folder = path.parent().expect("a file below the directory");
        std::fs::create_dir_all(folder).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    /// Gives the integration this mapping, and the catalog the blueprints that it writes to.
    pub(crate) fn mapping(&self, mapping: &Value, blueprints: &[Value]) {
        self.sandbox.catalog().with(|catalog| {
            let integration = json!({ "config": mapping, "arePortResourcesInitialized": true });
            catalog.seed_integration(IDENTIFIER, &integration);
            for blueprint in blueprints {
                catalog.seed_blueprint(blueprint);
            }
        });
    }

    /// Puts an entity into the catalog that was written an hour ago under this stamp.
    pub(crate) fn entity(&self, datasource: &str, entity: Value) {
        self.sandbox.catalog().with(|catalog| {
            let hour = jiff::SignedDuration::from_hours(1);
            let updated_at = catalog.clock.now().checked_sub(hour).expect("an hour ago there was time");
            let datasource = datasource.to_owned();
            catalog.seed_entity(&Seeding { entity, datasource, updated_at: Some(updated_at) });
        });
    }

    /// Lets an hour pass in the catalog: what is written within the second in which a pass begins is too young for it to
    /// delete.
    pub(crate) fn later(&self) {
        self.sandbox.catalog().with(|catalog| catalog.clock.advance(jiff::SignedDuration::from_hours(1)));
    }

    /// The identifiers of a blueprint's entities.
    pub(crate) fn held(&self, blueprint: &str) -> Vec<String> {
        let entities = self.sandbox.catalog().entities(blueprint);
        entities.into_iter().map(|entity| entity.identifier).collect()
    }

    /// What the catalog holds, by blueprint and identifier, without times and stamps.
    pub(crate) fn contents(&self) -> BTreeMap<(String, String), Value> {
        let all = self.sandbox.catalog().all_entities();
        let key = |entity: &Entity| (entity.blueprint.clone(), entity.identifier.clone());
        all.iter().map(|entity| (key(entity), entity.json())).collect()
    }

    /// The states that the integration's page went through.
    pub(crate) fn states(&self) -> Vec<String> {
        self.sandbox.catalog().with(|catalog| {
            let states = catalog.resync_states().iter();
            states.map(|state| state["status"].as_str().unwrap_or_default().to_owned()).collect()
        })
    }

    /// The program with these arguments, in its working directory, with nothing in its environment but ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
        command.args(arguments).current_dir(self.directory.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A shell that knows our program by its name, in the same directory and environment.
    #[cfg(unix)]
    pub(crate) fn shell(&self, script: &str) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
        let folder = program.parent().expect("a program is in a folder").display();
        let mut command = Command::new("sh");
        command.args(["-ec", script]).current_dir(self.directory.path()).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        let path = std::env::var("PATH").expect("there is a path");
        command.env("PATH", format!("{folder}:{path}"));
        command
    }

    /// Runs the program to its end. Whatever comes of it, it tells no secret and keeps to the rules of both sides.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let run = Run::of(&output.expect("the thread lives").expect("the program can be started"));
        self.is_proper(&run);
        run
    }

    /// Runs the program with no command and takes its report as JSON.
    pub(crate) async fn pass(&self) -> Run {
        self.run(&["--output", "json"]).await
    }

    /// Runs `sync` with these arguments and takes its report as JSON.
    pub(crate) async fn sync(&self, arguments: &[&str]) -> Run {
        self.run(&[&["--output", "json", "sync"], arguments].concat()).await
    }

    /// Starts the program and lets it run.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Running {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let stdout = taken(child.stdout.take().expect("it was asked for"));
        let stderr = taken(child.stderr.take().expect("it was asked for"));
        Running { child, stdout, stderr }
    }

    /// The end of a run that was begun here.
    pub(crate) async fn end(&self, running: Running) -> Run {
        let output = tokio::task::spawn_blocking(move || running.output()).await;
        let run = Run::of(&output.expect("the thread lives"));
        self.is_proper(&run);
        run
    }

    /// The end of a run that was killed: nothing is asked of what it said.
    pub(crate) async fn end_killed(&self, running: Running) {
        let output = tokio::task::spawn_blocking(move || running.output()).await;
        output.expect("the thread lives");
    }

    fn is_proper(&self, run: &Run) {
        for secret in [Sandbox::API_KEY, Sandbox::CLIENT_SECRET, Sandbox::CLIENT_ID] {
            assert!(!run.stdout.contains(secret), "a secret on standard output:\n{}", run.stdout);
            assert!(!run.stderr.contains(secret), "a secret on standard error:\n{}", run.stderr);
        }
        assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
        // Whatever a run was for: its report is one.
        if run.report["resync"].is_string() {
            static REPORT: OnceLock<Validator> = OnceLock::new();
            is_valid(REPORT.get_or_init(|| validator("report")), &run.report, &run.stdout);
        }
        let none: [String; 0] = [];
        assert_eq!(self.sandbox.catalog().violations(), none);
        assert_eq!(self.sandbox.opsgenie().violations(), none);
    }
}

/// Runs the program in a directory with this on its standard input and nothing in its environment: no account, no
/// sandbox.
pub(crate) fn piped(directory: &Path, arguments: &[&str], input: &[u8]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
    command.args(arguments).current_dir(directory).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it was asked for");
    let output = std::thread::scope(|scope| {
        // A program that ends early does not read on.
        scope.spawn(move || stdin.write_all(input).unwrap_or_default());
        child.wait_with_output()
    });
    let run = Run::of(&output.expect("the program was started"));
    assert!(!run.stderr.contains("panicked"), "{}", run.stderr);
    run
}

/// Waits until something has come about.
pub(crate) async fn until(what: &str, mut come: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !come() {
        assert!(begin.elapsed() < PATIENCE, "still waiting: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// A port that was free a moment ago, and that nobody is given who asks for any: those begin at 32768 (Linux) or 49152. A
/// sandbox on it that was told to be silent would keep the test waiting for ever.
pub(crate) fn free_port() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 8192).expect("it is below 8192");
    let mut ports =
        (0..8192).map(|_| 20_000 + first.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 8192);
    let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    ports.find(is_free).expect("loopback has ports").to_string()
}

/// Reads a pipe to its end.
fn taken(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}

impl Running {
    /// Waits for its end.
    fn output(mut self) -> Output {
        let status = self.child.wait().expect("the program was started");
        let [stdout, stderr] = [self.stdout, self.stderr].map(|it| it.join().expect("the thread lives"));
        Output { status, stdout, stderr }
    }

    /// Whether it has not ended.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.child.try_wait().expect("the process is ours").is_none()
    }

    /// Sends a signal, by its name without `SIG`.
    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill can be run").success(), "the process takes the signal");
    }
}

impl Run {
    fn of(output: &Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        Self {
            code: code(output),
            report: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            stdout,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Checks the exit code, and that the report says the same.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.report["exitCode"], code, "{}", self.stdout);
    }

    /// The report's row of a kind.
    #[track_caller]
    pub(crate) fn kind(&self, kind: &str) -> &Value {
        let kinds = self.report["kinds"].as_array().expect("a report has kinds");
        let row = kinds.iter().find(|row| row["kind"] == kind);
        row.unwrap_or_else(|| panic!("no kind `{kind}` in {}", self.stdout))
    }

    /// Numbers of a kind's row.
    #[track_caller]
    pub(crate) fn counts<const N: usize>(&self, kind: &str, columns: [&str; N]) -> [u64; N] {
        let row = self.kind(kind);
        columns.map(|column| row[column].as_u64().unwrap_or_else(|| panic!("`{column}` of {row}")))
    }

    /// The report's words about the stale entities of a blueprint: deleted, kept, why.
    pub(crate) fn deletion(&self, blueprint: &str) -> Option<(u64, u64, String)> {
        let row = self.report["deletions"].as_array()?.iter().find(|row| row["blueprint"] == blueprint)?;
        let reason = row["reason"].as_str().unwrap_or_default().to_owned();
        Some((row["deleted"].as_u64()?, row["kept"].as_u64()?, reason))
    }

    /// Everything that kept the run from being done, a line each.
    pub(crate) fn causes(&self) -> String {
        let causes = self.report["causes"].as_array().cloned().unwrap_or_default();
        let line = |cause: &Value| format!("{}: {}", text(&cause["cause"]), text(&cause["detail"]));
        causes.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// The report's warnings, a line each.
    pub(crate) fn warnings(&self) -> String {
        let warnings = self.report["warnings"].as_array().cloned().unwrap_or_default();
        warnings.iter().map(text).collect::<Vec<_>>().join("\n")
    }

    /// Standard error without log lines, which begin with a time.
    pub(crate) fn talk(&self) -> String {
        let is_log = |line: &&str| line.starts_with("20") && line.contains('T');
        self.stderr.lines().filter(|line| !is_log(line)).collect::<Vec<_>>().join("\n")
    }
}

/// A text as it is, anything else as JSON.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(unix)]
fn code(output: &Output) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    let code = output.status.code().or_else(|| output.status.signal().map(|signal| 128 + signal));
    code.expect("a process ends with a code or by a signal")
}

#[cfg(not(unix))]
fn code(output: &Output) -> i32 {
    output.status.code().expect("a process ends with a code")
}

/// A mapping of one resource for each of these kinds and blueprints, in the plainest form.
pub(crate) fn plain_mapping(resources: &[(&str, &str)]) -> Value {
    let resource = |(kind, blueprint): &(&str, &str)| {
        json!({
            "kind": kind,
            "selector": { "query": "true" },
            "port": { "entity": { "mappings": {
                "identifier": ".id",
                "title": ".message // .name",
                "blueprint": format!("\"{blueprint}\""),
                "properties": { "status": ".status" },
            } } },
        })
    };
    json!({ "resources": resources.iter().map(resource).collect::<Value>() })
}

/// A blueprint with a property `status`.
pub(crate) fn plain_blueprint(identifier: &str) -> Value {
    json!({
        "identifier": identifier,
        "title": identifier,
        "schema": { "properties": { "status": { "type": "string" } }, "required": [] },
    })
}

/// The identifier of the `n`th alert of the fixed account.
pub(crate) fn alert_id(n: usize) -> String {
    World::seed().alerts()[n].id.to_string()
}
