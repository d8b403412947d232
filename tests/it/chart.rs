//! The Helm chart. Where `helm` is on the path (or named by `HELM`) it is rendered, and what it sets is checked by the
//! program; what can be known without is checked everywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde::Deserialize as _;
use serde_json::Value;

fn chart() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy/helm/ocean-opsgenie")
}

fn read(name: &str) -> String {
    let file = chart().join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{} cannot be read: {error}", file.display()))
}

fn values() -> Value {
    serde_yaml::from_str(&read("values.yaml")).expect("values.yaml is YAML")
}

/// Every file of `templates`, with its text.
fn templates() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["templates", "templates/tests"] {
        for entry in fs::read_dir(chart().join(folder)).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_file() {
                let text = fs::read_to_string(&path).expect("a template can be read");
                found.push((path, text));
            }
        }
    }
    found
}

/// What templates read below `.Values`.
fn read_values() -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '.';
    let mut paths = BTreeSet::new();
    for (_, text) in templates() {
        for (at, start) in text.match_indices(".Values.") {
            let rest = &text[at + start.len()..];
            paths.insert(rest.chars().take_while(|letter| is_part(*letter)).collect());
        }
    }
    paths
}

/// The paths to what is no map, or an empty one.
fn leaves(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    match value.as_object().filter(|map| !map.is_empty()) {
        Some(map) => {
            for (name, value) in map {
                leaves(value, &if at.is_empty() { name.clone() } else { format!("{at}.{name}") }, into);
            }
        }
        None => {
            into.insert(at.to_owned());
        }
    }
}

#[test]
fn every_value_is_read_and_everything_read_is_a_value() {
    let (read, values) = (read_values(), values());
    for path in &read {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert!(values.pointer(&pointer).is_some(), "values.yaml has no `{path}`");
    }
    let mut known = BTreeSet::new();
    leaves(&values, "", &mut known);
    let is_read =
        |leaf: &&String| read.iter().any(|path| *leaf == path || leaf.starts_with(&format!("{path}.")));
    let unread: Vec<_> = known.iter().filter(|leaf| !is_read(leaf)).collect();
    assert!(unread.is_empty(), "no template reads {unread:?}");
}

#[test]
fn the_schema_has_every_value() {
    let schema: Value = serde_json::from_str(&read("values.schema.json")).expect("the schema is JSON");
    let mut known = BTreeSet::new();
    leaves(&values(), "", &mut known);
    // Resources are the cluster's own type.
    for leaf in known.into_iter().filter(|leaf| !leaf.starts_with("resources.")) {
        let mut place = &schema;
        for name in leaf.split('.') {
            let inside = if place["oneOf"].is_array() { &place["oneOf"][1] } else { place };
            place = &inside["properties"][name];
        }
        assert!(place.is_object(), "values.schema.json has no `{leaf}`");
    }
}

#[test]
fn the_chart_is_of_this_version() {
    let about: Value = serde_yaml::from_str(&read("Chart.yaml")).expect("Chart.yaml is YAML");
    assert_eq!(about["appVersion"], env!("CARGO_PKG_VERSION"));
}

/// The program that renders, where there is one.
fn helm() -> Option<String> {
    let helm = std::env::var("HELM").unwrap_or_else(|_| "helm".to_owned());
    let answers = Command::new(&helm).arg("version").output().is_ok_and(|output| output.status.success());
    answers.then_some(helm)
}

const CREDENTIALS: [&str; 3] =
    ["port.clientId=id", "port.clientSecret=secret", "integration.secrets.apiToken=token"];

/// What the chart gives with these values, by kind; or what is wrong.
fn rendered(helm: &str, values: &[&str]) -> Result<BTreeMap<String, Value>, String> {
    let mut command = Command::new(helm);
    command.args(["template", "my"]).arg(chart());
    for value in values {
        command.args(["--set", value]);
    }
    let output = command.output().expect("helm can be started");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let documents = serde_yaml::Deserializer::from_str(&text);
    let documents = documents.map(|document| Value::deserialize(document).expect("helm gives YAML"));
    let named = documents.filter(Value::is_object);
    Ok(named.map(|it| (it["kind"].as_str().expect("a kind").to_owned(), it)).collect())
}

/// Runs `validate` with what a `ConfigMap` and a `Secret` set.
#[track_caller]
fn is_valid(rendered: &BTreeMap<String, Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ocean-opsgenie"));
    let folder = tempfile::TempDir::new().expect("a temporary directory");
    command.arg("validate").env_clear().current_dir(folder.path());
    for data in [&rendered["ConfigMap"]["data"], &rendered["Secret"]["stringData"]] {
        for (name, value) in data.as_object().expect("variables") {
            command.env(name, value.as_str().expect("a variable is a text"));
        }
    }
    let output = command.output().expect("the program can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The pod of a workload; it keeps to the restricted profile of pod security.
#[track_caller]
fn restricted(pod: &Value) -> &Value {
    let (whole, container) = (&pod["spec"], &pod["spec"]["containers"][0]);
    assert_eq!(whole["containers"].as_array().map(Vec::len), Some(1), "one container and no helper");
    assert_eq!(whole["automountServiceAccountToken"], false);
    assert_eq!(whole["securityContext"]["runAsNonRoot"], true);
    assert_eq!(whole["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["capabilities"]["drop"][0], "ALL");
    container
}

#[test]
fn it_renders_what_the_program_takes() {
    let Some(helm) = helm() else { return };
    let plain = rendered(&helm, &CREDENTIALS).expect("it renders");
    assert_eq!(plain.keys().collect::<Vec<_>>(), ["ConfigMap", "Deployment", "Pod", "Secret", "Service"]);
    is_valid(&plain);
    let container = restricted(&plain["Deployment"]["spec"]["template"]);
    assert_eq!(container["image"], concat!("ghcr.io/OWNER/ocean-opsgenie:", env!("CARGO_PKG_VERSION")));
    restricted(&plain["Pod"]);

    let more = [
        "integration.config.apiUrl=https://api.eu.opsgenie.com",
        "scheduledResyncInterval=120",
        "clientTimeout=30",
        "createPortResourcesOrigin=Port",
        "persistence.enabled=true",
        "ingress.enabled=true",
        "ingress.host=opsgenie.example.com",
        "serviceMonitor.enabled=true",
        "networkPolicy.enabled=true",
        "podDisruptionBudget.enabled=true",
        "webhook.secret=of-the-webhook",
        "certificates.configMap=roots",
        "extraConfig.OCEAN__RETRY_BUDGET=60",
        "extraEnv[0].name=HTTPS_PROXY",
        "extraEnv[0].value=http://proxy:3128",
    ];
    let full = rendered(&helm, &[&CREDENTIALS[..], &more].concat()).expect("it renders");
    is_valid(&full);
    let data = &full["ConfigMap"]["data"];
    assert_eq!(data["OCEAN__INTEGRATION__CONFIG__API_URL"], "https://api.eu.opsgenie.com");
    assert_eq!(data["OCEAN__STATE_DIR"], "/state");
    for kind in ["Ingress", "NetworkPolicy", "PersistentVolumeClaim", "PodDisruptionBudget", "ServiceMonitor"]
    {
        assert!(full.contains_key(kind), "{kind}");
    }
    let of_pod = |all: &BTreeMap<String, Value>, name: &str| {
        all["Deployment"]["spec"]["template"]["metadata"]["annotations"][name].clone()
    };
    for checksum in ["checksum/config", "checksum/secret"] {
        assert_ne!(of_pod(&plain, checksum), of_pod(&full, checksum), "a change starts a new pod");
    }
}

#[test]
fn a_cron_job_runs_one_pass_at_a_time() {
    let Some(helm) = helm() else { return };
    let all = rendered(&helm, &[&CREDENTIALS[..], &["workload.kind=CronJob"]].concat()).expect("it renders");
    assert_eq!(all.keys().collect::<Vec<_>>(), ["ConfigMap", "CronJob", "Pod", "Secret"]);
    is_valid(&all);
    assert_eq!(all["ConfigMap"]["data"]["OCEAN__EVENT_LISTENER"], r#"{"type":"ONCE"}"#);
    assert_eq!(all["CronJob"]["spec"]["concurrencyPolicy"], "Forbid");
    restricted(&all["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]);
}

#[test]
fn an_image_is_named_in_three_ways() {
    let Some(helm) = helm() else { return };
    let digest = format!("image.digest=sha256:{}", "a".repeat(64));
    for (value, image) in [
        ("image=registry.example.com/ocean-opsgenie:1", "registry.example.com/ocean-opsgenie:1".to_owned()),
        ("image.tag=v2", "ghcr.io/OWNER/ocean-opsgenie:v2".to_owned()),
        (&digest, format!("ghcr.io/OWNER/ocean-opsgenie@sha256:{}", "a".repeat(64))),
    ] {
        let all = rendered(&helm, &[&CREDENTIALS[..], &[value]].concat()).expect("it renders");
        assert_eq!(restricted(&all["Deployment"]["spec"]["template"])["image"], image);
    }
}

#[test]
fn what_cannot_work_is_refused_with_what_to_do() {
    let Some(helm) = helm() else { return };
    for (values, why) in [
        (&[][..], "port.clientId is missing; or name a Secret of your own by existingSecret"),
        (&["secret.create=false"], "name your Secret by secret.name or existingSecret"),
        (&["existingSecret=mine", "workload.replicas=2"], "needs persistence.enabled"),
        (&["existingSecret=mine", "workload.kind=StatefulSet"], "workload"),
        (&["existingSecret=mine", "integration.eventListener.type=KAFKA"], "eventListener"),
        (&["existingSecret=mine", "image.digest=latest"], "digest"),
        (&["existingSecret=mine", "ingress.enabled=true"], "ingress.host is missing"),
    ] {
        let wrong = rendered(&helm, values).expect_err("it is refused");
        assert!(wrong.contains(why), "{values:?}: {wrong}");
    }
    let own = rendered(&helm, &["existingSecret=mine"]).expect("it renders");
    assert!(!own.contains_key("Secret"));
    let container = restricted(&own["Deployment"]["spec"]["template"]);
    assert_eq!(container["envFrom"][1]["secretRef"]["name"], "mine");
}

#[test]
fn the_values_of_the_recipe_for_argo_cd_render() {
    let Some(helm) = helm() else { return };
    let values = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/argocd/values.yaml");
    let output =
        Command::new(helm).args(["template", "my"]).arg(chart()).arg("--values").arg(values).output();
    let output = output.expect("helm can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("name: ocean-opsgenie-credentials"));
}
