//! The files that people copy: the shell steps of the CI recipes are run against the sandbox, with a stand-in for
//! `docker` that starts our program with the variables it was told to; the others are read as what they are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ocean_opsgenie::sandbox::Sandbox;
use serde_json::Value;

use crate::support::Stage;
use crate::support::pages::{read, root};

/// What a person puts into the secret store of a CI system.
const SECRETS: [&str; 4] = [
    "OCEAN__INTEGRATION__CONFIG__API_TOKEN",
    "OCEAN__INTEGRATION__CONFIG__API_URL",
    "OCEAN__PORT__CLIENT_ID",
    "OCEAN__PORT__CLIENT_SECRET",
];

/// A key of the right form that Opsgenie refuses.
const UNKNOWN_KEY: &str = "00000000-0000-4000-8000-000000000000";

/// Takes `docker run` with the options of the recipes and refuses every other; gives the program what `-e` says and
/// nothing else, but for where the catalog is, which no recipe names.
const DOCKER: &str = r#"#!/bin/bash
set -eu
[ "$1" = run ] || { echo "docker: no command $1" >&2; exit 125; }
shift
variables=("OCEAN__PORT__BASE_URL=$STAND_IN_CATALOG" "OCEAN__RETRY_BUDGET=1")
while [ $# -gt 0 ]; do
    case $1 in
        -i | --rm | --platform=linux/amd64) shift ;;
        -e)
            case $2 in
                *=*) variables+=("$2") ;;
                *) [ -z "${!2+set}" ] || variables+=("$2=${!2}") ;;
            esac
            shift 2 ;;
        --env-file)
            while IFS= read -r line; do
                case $line in '' | \#*) ;; *) variables+=("$line") ;; esac
            done < "$2"
            shift 2 ;;
        -v)
            case $2 in /*:/settings/*:ro) ;; *) echo "docker: cannot mount $2" >&2; exit 125 ;; esac
            from=${2%%:*} to=${2#*:}
            mkdir -p mounted/settings && cp -r "$from" "mounted${to%:ro}"
            shift 2 ;;
        -w) cd "mounted$2"; shift 2 ;;
        -*) echo "docker: unknown option $1" >&2; exit 125 ;;
        ghcr.io/OWNER/ocean-opsgenie:latest) shift; exec env -i "${variables[@]}" "$STAND_IN_PROGRAM" "$@" ;;
        *) echo "docker: no image $1" >&2; exit 125 ;;
    esac
done
exit 125
"#;

fn yaml(file: &str) -> Value {
    serde_yaml::from_str(&read(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).expect("a script can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
}

/// A machine of a CI system: a sandbox, a `docker`, and what its secret store holds.
struct Runner {
    stage: Stage,
    secrets: BTreeMap<String, String>,
}

impl Runner {
    async fn start() -> Self {
        let stage = Stage::seeded().await;
        let bin = stage.directory.path().join("bin");
        fs::create_dir(&bin).expect("a folder can be made");
        script(&bin.join("docker"), DOCKER);
        let program = env!("CARGO_BIN_EXE_ocean-opsgenie");
        std::os::unix::fs::symlink(program, bin.join("ocean-opsgenie")).expect("a link can be made");
        let values = [
            Sandbox::API_KEY.to_owned(),
            stage.sandbox.opsgenie().url(),
            Sandbox::CLIENT_ID.to_owned(),
            Sandbox::CLIENT_SECRET.to_owned(),
        ];
        let secrets = SECRETS.iter().map(|name| (*name).to_owned()).zip(values).collect();
        Self { stage, secrets }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.stage.directory.path().join(name)
    }

    /// Runs a step in a shell with these variables and nothing else of ours.
    async fn run(&self, shell: &[&str], text: &str, variables: &BTreeMap<String, String>) -> Output {
        let path = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").expect("a path"));
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg("-c").arg(text).current_dir(self.stage.directory.path()).env_clear();
        command.env("PATH", path).envs(variables);
        command.env("STAND_IN_PROGRAM", env!("CARGO_BIN_EXE_ocean-opsgenie"));
        command.env("STAND_IN_CATALOG", self.stage.sandbox.catalog().url());
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        output.expect("the thread lives").expect("a shell can be started")
    }

    /// Runs a recipe's step twice: as it is, and with a key that Opsgenie refuses.
    async fn proves(mut self, shell: &[&str], step: impl Fn(&Secrets) -> (String, BTreeMap<String, String>)) {
        let (text, variables) = step(&self.secrets);
        let done = self.run(shell, &text, &variables).await;
        assert_eq!(done.status.code(), Some(0), "{}", told(&done));
        assert_eq!(self.stage.held("opsGenieAlert").len(), 60, "{}", told(&done));
        self.secrets.insert(SECRETS[0].to_owned(), UNKNOWN_KEY.to_owned());
        let (text, variables) = step(&self.secrets);
        let refused = self.run(shell, &text, &variables).await;
        assert_eq!(refused.status.code(), Some(3), "the step ends as the program does: {}", told(&refused));
    }
}

type Secrets = BTreeMap<String, String>;

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// Replaces `START name END` by the values of a store; what is not in there is empty, as the CI systems do it.
fn replaced(text: &str, (start, end): (&str, &str), values: &Secrets) -> String {
    let mut parts = text.split(start);
    let mut whole = parts.next().expect("split gives at least one part").to_owned();
    for part in parts {
        let (name, rest) = part.split_once(end).expect("an expression ends");
        whole.push_str(values.get(name.trim()).map_or("", String::as_str));
        whole.push_str(rest);
    }
    whole
}

/// A map of texts, as `env:` and `environment:` are.
fn texts(map: &Value) -> BTreeMap<String, String> {
    let map = map.as_object().expect("a map");
    map.iter().map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_github_workflow_runs_a_pass() {
    let workflow = yaml("examples/github/opsgenie-integration.yml");
    let text = workflow["jobs"]["run-integration"]["steps"][0]["run"].as_str().expect("a step").to_owned();
    let shell = ["bash", "-e"];
    let step = |secrets: &Secrets| (replaced(&text, ("${{ secrets.", "}}"), secrets), BTreeMap::new());
    Runner::start().await.proves(&shell, step).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jenkinsfile_runs_a_pass() {
    let text = read("examples/jenkins/Jenkinsfile");
    let (before, rest) = text.split_once("sh('''").expect("a shell step");
    let (inside, _) = rest.split_once("''')").expect("it ends");
    // In Groovy's text of three quotes a backslash before a line's end joins the lines.
    let inside = inside.replace("\\\n", "");
    assert!(!inside.contains('\\'), "Groovy would read an escape: {inside}");
    for name in SECRETS {
        let binding = format!("string(credentialsId: '{name}', variable: '{name}')");
        assert!(before.contains(&binding), "no binding of {name}");
    }
    let step = |secrets: &Secrets| (inside.clone(), secrets.clone());
    Runner::start().await.proves(&["sh", "-xe"], step).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_azure_pipeline_runs_a_pass() {
    let pipeline = yaml("examples/azure/opsgenie-integration.yml");
    let steps = pipeline["steps"].as_array().expect("steps");
    let step = steps.iter().find(|step| step["script"].is_string()).expect("a script");
    let text = step["script"].as_str().expect("a script").to_owned();
    // Secret variables reach a script by `env` only.
    let step = |secrets: &Secrets| {
        let environment = texts(&step["env"]).into_iter();
        let environment = environment.map(|(name, value)| (name, replaced(&value, ("$(", ")"), secrets)));
        (text.clone(), environment.collect())
    };
    Runner::start().await.proves(&["bash", "--noprofile", "--norc"], step).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gitlab_job_runs_a_pass() {
    let pipeline = yaml("examples/gitlab/.gitlab-ci.yml");
    let text = pipeline["opsgenie"]["script"][0].as_str().expect("a script").to_owned();
    let step = |secrets: &Secrets| (text.clone(), secrets.clone());
    Runner::start().await.proves(&["sh", "-e"], step).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_script_for_docker_runs_a_pass_with_the_settings_beside_it() {
    let runner = Runner::start().await;
    let path = |name: &str| runner.path(name).display().to_string();
    let begun = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"))
        .args(["init", &path("own folder"), "--for", "docker", "--preset", "full"])
        .env_clear()
        .output()
        .expect("the program can be started");
    assert_eq!(begun.status.code(), Some(0), "{}", told(&begun));
    let lines = runner.secrets.iter().map(|(name, value)| format!("{name}={value}\n"));
    let dotenv = "# of the account\n\n".to_owned() + &lines.collect::<String>();
    fs::write(runner.path("own folder/.env"), dotenv).expect("it can be written");
    let done = runner.run(&["sh"], &format!("sh '{}'", path("own folder/run.sh")), &BTreeMap::new()).await;
    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
    // The seven kinds are those of the folder's mapping.
    assert!(!runner.stage.held("opsGenieTeam").is_empty(), "{}", told(&done));
    let text = format!("sh '{}' version", path("own folder/run.sh"));
    fs::remove_dir_all(runner.path("own folder/mounted")).expect("it was mounted");
    let version = runner.run(&["sh"], &text, &BTreeMap::new()).await;
    assert!(told(&version).starts_with("ocean-opsgenie "), "{}", told(&version));
}

/// The releases of a folder, with one as the workflow of releases makes it, of this program.
fn release(folder: &Path, program: &Path) -> String {
    let download = folder.join("releases/latest/download");
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-musl" };
    let target = format!("{}-{system}", std::env::consts::ARCH);
    let make = "sh deploy/package.sh \"$1\" \"$2\" \"$3\" && cd \"$3\" && \
                { if command -v sha256sum >/dev/null; then sha256sum -- *; else shasum -a 256 -- *; fi; } > ../sums && \
                mv ../sums SHA256SUMS";
    let mut command = Command::new("sh");
    command.args(["-ec", make, "sh"]).arg(program).arg(&target).arg(&download).current_dir(root());
    assert!(command.status().expect("a shell can be started").success());
    format!("file://{}", folder.join("releases").display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_action_installs_runs_and_gives_counts() {
    let action = yaml("action.yml");
    let mut runner = Runner::start().await;
    let releases = release(runner.stage.directory.path(), Path::new(env!("CARGO_BIN_EXE_ocean-opsgenie")));
    let github = |secrets: &Secrets, command: &str| {
        let mut inputs = texts(&Value::Object(
            action["inputs"]
                .as_object()
                .expect("inputs")
                .iter()
                .map(|(name, input)| (name.clone(), input["default"].clone()))
                .collect(),
        ));
        let config = format!(
            "# of the account\napi_token: {}\napiUrl: \"{}\"\n",
            secrets[SECRETS[0]], secrets[SECRETS[1]]
        );
        let given = [
            ("config", config),
            ("command", command.to_owned()),
            ("port_client_id", secrets[SECRETS[2]].clone()),
            ("port_client_secret", secrets[SECRETS[3]].clone()),
            ("port_base_url", runner.stage.sandbox.catalog().url()),
        ];
        inputs.extend(given.map(|(name, value)| (name.to_owned(), value)));
        inputs.into_iter().map(|(name, value)| (format!("inputs.{name}"), value)).collect::<Secrets>()
    };
    let outputs = runner.path("outputs");
    let text_of = |path: &Path| path.display().to_string();
    let own: Secrets = [
        ("GITHUB_ACTION_PATH", text_of(&root())),
        ("GITHUB_OUTPUT", text_of(&outputs)),
        ("GITHUB_PATH", text_of(&runner.path("paths"))),
        ("RUNNER_TEMP", text_of(&runner.path("temp"))),
        ("OCEAN_OPSGENIE_RELEASES", releases),
        ("OCEAN__RETRY_BUDGET", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    fs::create_dir(runner.path("temp")).expect("a folder can be made");
    let step = |number: usize, contexts: &Secrets| {
        let step = &action["runs"]["steps"][number];
        let environment = texts(&step["env"]).into_iter();
        let environment = environment.map(|(name, value)| (name, replaced(&value, ("${{", "}}"), contexts)));
        let text = step["run"].as_str().expect("a step").to_owned();
        assert!(!text.contains("${{"), "what the caller says is never part of the script");
        (text, environment.chain(own.clone()).collect::<Secrets>())
    };
    let shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail"];
    let contexts = github(&runner.secrets, "sync");

    fs::remove_file(runner.path("bin/ocean-opsgenie")).expect("only the installed one is used");
    let (text, variables) = step(0, &contexts);
    let installed = runner.run(&shell, &text, &variables).await;
    assert_eq!(installed.status.code(), Some(0), "{}", told(&installed));
    let folder = fs::read_to_string(runner.path("paths")).expect("the path is told");
    std::os::unix::fs::symlink(
        Path::new(folder.trim()).join("ocean-opsgenie"),
        runner.path("bin/ocean-opsgenie"),
    )
    .expect("a link can be made");

    let (text, variables) = step(1, &contexts);
    let done = runner.run(&shell, &text, &variables).await;
    assert_eq!(done.status.code(), Some(0), "{}", told(&done));
    let report = runner.path("temp/ocean-opsgenie-report.json");
    let given = fs::read_to_string(&outputs).expect("outputs are given");
    let expected = format!("exit-code=0\nreport={}\ncreated=79\nupdated=0\ndeleted=0\n", report.display());
    assert_eq!(given, expected);
    let declared: Vec<_> = action["outputs"].as_object().expect("outputs").keys().collect();
    assert!(declared.iter().all(|name| given.contains(&format!("{name}="))), "{declared:?}");
    for secret in [Sandbox::API_KEY, Sandbox::CLIENT_SECRET] {
        let kept = fs::read_to_string(&report).expect("the report is kept");
        assert!(!(kept + &given + &told(&done)).contains(secret), "a secret is on disk or in the log");
    }

    runner.secrets.insert(SECRETS[0].to_owned(), UNKNOWN_KEY.to_owned());
    let (text, variables) = step(1, &github(&runner.secrets, "sync"));
    let refused = runner.run(&shell, &text, &variables).await;
    assert_eq!(refused.status.code(), Some(3), "{}", told(&refused));
    let given = fs::read_to_string(&outputs).expect("outputs are given");
    assert!(given.contains("exit-code=3\n"), "{given}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_installer_takes_nothing_that_was_not_released() {
    let folder = tempfile::TempDir::new().expect("a temporary directory");
    let program = folder.path().join("ocean-opsgenie");
    script(&program, "#!/bin/sh\n");
    let releases = release(folder.path(), &program);
    let to = folder.path().join("to");
    let install = || {
        let mut command = Command::new("sh");
        command.arg(root().join("deploy/install.sh")).arg("--to").arg(&to);
        command.env("OCEAN_OPSGENIE_RELEASES", &releases).output().expect("a shell can be started")
    };
    let sums = folder.path().join("releases/latest/download/SHA256SUMS");
    let right = fs::read_to_string(&sums).expect("it was made");
    fs::write(&sums, right.replace("ocean", "other")).expect("it can be written");
    let output = install();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("does not name"), "{}", told(&output));
    assert!(!to.exists(), "nothing is installed");
    let (_, name) = right.split_once(' ').expect("sum and name");
    fs::write(&sums, format!("{} {name}", "0".repeat(64))).expect("it can be written");
    let output = install();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("is not what was released"), "{}", told(&output));
    assert!(!to.exists(), "nothing is installed");
    fs::write(&sums, right).expect("it can be written");
    let output = install();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert!(to.join("ocean-opsgenie").exists());
}

/// Runs `validate` with these variables, secrets in files below a folder.
fn is_valid(file: &str, variables: &BTreeMap<String, String>) {
    let folder = tempfile::TempDir::new().expect("a temporary directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
    command.arg("validate").current_dir(folder.path()).env_clear();
    for (name, value) in variables {
        if name.ends_with("_FILE") {
            let name_of = Path::new(value).file_name().expect("a file");
            fs::write(folder.path().join(name_of), "of-the-store").expect("it can be written");
            command.env(name, name_of);
        } else {
            command.env(name, value);
        }
    }
    let output = command.output().expect("the program can be started");
    assert_eq!(output.status.code(), Some(0), "{file}: {}", told(&output));
    assert!(told(&output).contains("nothing is wrong"), "{file}: {}", told(&output));
}

#[test]
fn the_compose_file_sets_what_the_program_knows() {
    let file = "examples/compose/compose.yaml";
    let compose = yaml(file);
    let service = &compose["services"]["ocean-opsgenie"];
    let environment = texts(&service["environment"]);
    is_valid(file, &environment);
    let mounted: Vec<&str> =
        environment.values().filter_map(|value| value.strip_prefix("/run/secrets/")).collect();
    assert_eq!(mounted.len(), 3);
    for secret in mounted {
        assert!(
            service["secrets"].as_array().expect("secrets").iter().any(|name| name == secret),
            "{secret}"
        );
        assert!(compose["secrets"][secret]["file"].is_string(), "{secret}");
    }
}

#[test]
fn the_demonstration_has_the_credentials_of_the_sandbox() {
    let file = "deploy/compose.yaml";
    let environment = texts(&yaml(file)["services"]["ocean-opsgenie"]["environment"]);
    is_valid(file, &environment);
    for (name, value) in [
        (SECRETS[0], Sandbox::API_KEY),
        (SECRETS[2], Sandbox::CLIENT_ID),
        (SECRETS[3], Sandbox::CLIENT_SECRET),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
}

#[test]
fn both_images_are_the_same_but_for_where_the_binary_comes_from() {
    let settings = |file: &str| {
        let text = read(file);
        let image = text.rsplit_once("FROM scratch").expect("the image is empty otherwise").1.to_owned();
        let lines = image.replace("\\\n", " ");
        let differs = ["#", "COPY", "ARG TARGETPLATFORM"];
        let keeps = |line: &&str| !line.is_empty() && !differs.iter().any(|start| line.starts_with(start));
        lines.lines().filter(keeps).map(str::to_owned).collect::<Vec<_>>()
    };
    let image = settings("deploy/Dockerfile");
    assert_eq!(image, settings("deploy/Dockerfile.prebuilt"));
    for line in ["USER 65532:65532", "EXPOSE 8000", "STOPSIGNAL SIGTERM"] {
        assert!(image.iter().any(|it| it == line), "{line}");
    }
}

#[test]
fn the_unit_sets_what_the_program_knows() {
    let file = "examples/systemd/ocean-opsgenie.service";
    let unit = read(file);
    let all = |key: &str| -> Vec<String> {
        unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned).collect()
    };
    let environment = all("Environment");
    let pairs = environment.iter().map(|pair| pair.split_once('=').expect("name and value"));
    let pairs: BTreeMap<String, String> =
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    is_valid(file, &pairs);
    let loaded = all("LoadCredential");
    for credential in pairs.values().filter_map(|value| value.strip_prefix("%d/")) {
        assert!(loaded.iter().any(|line| line.starts_with(&format!("{credential}:"))), "{credential}");
    }
    assert_eq!(all("ExecStart"), ["/usr/local/bin/ocean-opsgenie sync"]);
    assert!(read("examples/systemd/ocean-opsgenie.timer").contains("[Timer]\nOnCalendar="));
}

/// Every file of a kind below a folder.
fn files(folder: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path.extension().is_some_and(|it| extensions.iter().any(|known| it == *known)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn everything_to_copy_is_yaml_and_holds_no_secret() {
    let found = files(&root().join("examples"), &["yaml", "yml"]);
    assert!(found.len() >= 8, "{found:?}");
    for file in found {
        let text = fs::read_to_string(&file).expect("it can be read");
        let value: Value =
            serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(value.is_object(), "{}", file.display());
    }
    let argo = yaml("examples/argocd/application.yaml");
    assert!(argo["spec"]["sources"][0]["helm"]["parameters"].is_null(), "a parameter would hold a secret");
    let values = yaml("examples/argocd/values.yaml");
    let secret = yaml("examples/argocd/external-secret.yaml");
    assert_eq!(values["secret"]["name"], secret["spec"]["target"]["name"]);
    let keys: Vec<&str> = secret["spec"]["data"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(|it| it["secretKey"].as_str())
        .collect();
    assert_eq!(keys, [SECRETS[2], SECRETS[3], SECRETS[0]]);
}

#[test]
fn actions_are_pinned_by_hash() {
    let mut loose = Vec::new();
    let found =
        [files(&root().join(".github"), &["yml"]), files(&root().join("examples/github"), &["yml"])].concat();
    for file in found.into_iter().chain([root().join("action.yml")]) {
        let text = fs::read_to_string(&file).expect("it can be read");
        for line in
            text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("uses: "))
        {
            let (action, version) = line.split_once('@').expect("a version");
            let hash = version.split(' ').next().expect("a version");
            let is_hash = hash.len() == 40 && hash.chars().all(|letter| letter.is_ascii_hexdigit());
            if !is_hash && action != "OWNER/ocean-opsgenie" {
                loose.push(format!("{}: {line}", file.display()));
            }
        }
    }
    assert!(loose.is_empty(), "{loose:?}");
}
