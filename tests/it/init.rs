//! `init`: an installation to begin with that works as it was written, and nothing over what is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ocean_opsgenie::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{Run, Stage, piped};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder with its text, by its path within.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder can be read") {
            let path = entry.expect("an entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let within = path.strip_prefix(folder).expect("it is below").display().to_string();
                found.insert(within, fs::read_to_string(&path).expect("it is text"));
            }
        }
    }
    found
}

/// Runs `init` in a directory of its own, without any account.
fn init(directory: &Path, arguments: &[&str]) -> Run {
    piped(directory, &[&["init"], arguments].concat(), b"")
}

/// A working directory that `init` has filled, with the secrets in `.env` and both sides of a sandbox.
async fn begun(arguments: &[&str]) -> Stage {
    let mut stage = Stage::seeded().await;
    let [source, catalog] = [stage.sandbox.opsgenie().url(), stage.sandbox.catalog().url()];
    stage.unset_all();
    stage.run(&[&["init", "--output", "json"], arguments].concat()).await.exits(0);
    let path = stage.directory.path().join(".env.example");
    let mut dotenv = fs::read_to_string(path).expect("it was written");
    for (name, value) in [
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY),
        ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID),
        ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET),
    ] {
        let empty = format!("\n{name}=\n");
        assert!(dotenv.contains(&empty), "{name} in {dotenv}");
        dotenv = dotenv.replace(&empty, &format!("\n{name}={value}\n"));
    }
    stage.file(".env", &dotenv);
    stage.set("OCEAN__INTEGRATION__CONFIG__API_URL", &source);
    stage.set("OCEAN__PORT__BASE_URL", &catalog);
    stage
}

#[tokio::test]
async fn what_it_wrote_works_as_it_stands() {
    for (preset, blueprints, alerts) in [("classic", 3, 60), ("full", 6, 40)] {
        let stage = begun(&["--preset", preset]).await;
        let run = stage.run(&["validate"]).await;
        assert_eq!(run.code, 0, "{preset}: {}{}", run.stdout, run.stderr);
        let resources = format!("the resources in `opsgenie` ({blueprints} blueprints)");
        assert!(run.stdout.contains(&resources), "{preset}: {}", run.stdout);
        assert_eq!(run.stderr, "", "{preset}: no notice is left to wonder about");
        for (name, file) in [("config", "config.yaml"), ("mapping", "opsgenie/port-app-config.yaml")] {
            let schema = stage.run(&["schema", name]).await.report;
            let text = fs::read_to_string(stage.directory.path().join(file)).expect("it was written");
            let value: Value = serde_yaml::from_str(&text).expect("it is YAML");
            let fault = jsonschema::draft202012::validate(&schema, &value);
            assert!(fault.is_ok(), "{preset}, {file}: {fault:?}");
        }
        // It is the folder's blueprints that the catalog gets, not the preset's.
        let path = stage.directory.path().join("opsgenie/blueprints.json");
        let text = fs::read_to_string(&path).expect("it was written");
        let mut own: Value = serde_json::from_str(&text).expect("it is JSON");
        own[0]["title"] = json!("Of the folder");
        stage.file("opsgenie/blueprints.json", &own.to_string());
        let run = stage.sync(&[]).await;
        run.exits(0);
        assert_eq!(run.warnings(), "", "{preset}");
        assert_eq!(run.counts("alert", ["listed", "created"]), [alerts, alerts], "{preset}");
        stage.sandbox.catalog().with(|catalog| {
            assert_eq!(catalog.blueprints().len(), blueprints, "{preset}");
            let titled = catalog.blueprints().into_iter().filter(|one| one["title"] == "Of the folder");
            assert_eq!(titled.count(), 1, "{preset}");
            assert!(catalog.integration("my-opsgenie-integration").is_some(), "{preset}");
        });
    }
}

#[tokio::test]
async fn it_tells_what_it_wrote_and_what_to_do_next() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let run = init(folder.path(), &["a/b", "--for", "jenkins"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    insta::assert_snapshot!(run.stdout, @"
    wrote a/b/config.yaml
    wrote a/b/.env.example
    wrote a/b/opsgenie/port-app-config.yaml
    wrote a/b/opsgenie/blueprints.json
    wrote a/b/Jenkinsfile

    Next, in `a/b`:
      1. copy .env.example to .env and fill in the Opsgenie key, the client id and the client secret
      2. ocean-opsgenie validate   settings, mapping and blueprints, without the network
      3. ocean-opsgenie doctor     both sides looked at, each finding with what to do
      4. ocean-opsgenie plan       what the first pass would do; nothing is written
      5. ocean-opsgenie sync       the first pass, which gives the catalog blueprints and mapping
    Keep .env out of version control. After the first pass the mapping is the catalog's, and edited there.
    The recipe says at its top which secrets it takes from the platform. OWNER in it is where your image or your releases
    are. It uses the mapping that the catalog holds, so let the first pass be one from here.
    ");
    let run = init(folder.path(), &["c", "--for", "systemd", "--output", "json"]);
    run.exits(0);
    assert_eq!(
        run.report["written"],
        json!([
            "c/config.yaml",
            "c/.env.example",
            "c/opsgenie/port-app-config.yaml",
            "c/opsgenie/blueprints.json",
            "c/systemd/ocean-opsgenie.service",
            "c/systemd/ocean-opsgenie.timer",
        ])
    );
}

/// Where each platform looks for its recipe, and the file of the repository that it is.
const RECIPES: &[(&str, &[(&str, &str)])] = &[
    ("github", &[(".github/workflows/opsgenie-integration.yml", "examples/github/opsgenie-integration.yml")]),
    ("jenkins", &[("Jenkinsfile", "examples/jenkins/Jenkinsfile")]),
    ("azure", &[("azure-pipelines.yml", "examples/azure/opsgenie-integration.yml")]),
    ("gitlab", &[(".gitlab-ci.yml", "examples/gitlab/.gitlab-ci.yml")]),
    ("docker", &[("run.sh", "examples/docker/run.sh")]),
    ("compose", &[("compose.yaml", "examples/compose/compose.yaml")]),
    (
        "argocd",
        &[
            ("argocd/my-ocean-opsgenie-integration/application.yaml", "examples/argocd/application.yaml"),
            (
                "argocd/my-ocean-opsgenie-integration/external-secret.yaml",
                "examples/argocd/external-secret.yaml",
            ),
            ("argocd/my-ocean-opsgenie-integration/values.yaml", "examples/argocd/values.yaml"),
        ],
    ),
    (
        "systemd",
        &[
            ("systemd/ocean-opsgenie.service", "examples/systemd/ocean-opsgenie.service"),
            ("systemd/ocean-opsgenie.timer", "examples/systemd/ocean-opsgenie.timer"),
        ],
    ),
];

#[test]
fn each_recipe_is_the_example_and_names_the_same_installation() {
    let chart = tree(&root().join("deploy/helm/ocean-opsgenie"));
    let chart: BTreeMap<String, String> =
        chart.into_iter().map(|(path, text)| (format!("helm/ocean-opsgenie/{path}"), text)).collect();
    let read = |file: &&str| fs::read_to_string(root().join(file)).expect("an example can be read");
    let examples = RECIPES.iter().map(|(platform, files)| {
        (*platform, files.iter().map(|(path, file)| ((*path).to_owned(), read(file))).collect())
    });
    for (platform, expected) in examples.chain([("helm", chart)]) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let run = init(folder.path(), &["--for", platform]);
        assert_eq!(run.code, 0, "{platform}: {}", run.stderr);
        let mut written = tree(folder.path());
        let settings = written.remove("config.yaml").expect("there are settings");
        for own in [".env.example", "opsgenie/port-app-config.yaml", "opsgenie/blueprints.json"] {
            assert!(written.remove(own).is_some(), "{platform}: {own}");
        }
        assert_eq!(written, expected, "{platform}");
        // The mapping of the first pass, made here, is that of the passes there.
        let named = |text: &str| {
            let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
            words.filter(|word| word.starts_with("my-") && word.ends_with("-integration")).count()
        };
        let identifier =
            if platform == "argocd" { "my-ocean-opsgenie-integration" } else { "my-opsgenie-integration" };
        assert!(settings.contains(&format!("identifier: {identifier}\n")), "{platform}");
        for (path, text) in &written {
            assert_eq!(named(text), text.matches(identifier).count(), "{platform}: {path}");
        }
    }
}

#[test]
fn nothing_is_written_over_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::create_dir(folder.path().join("opsgenie")).expect("a folder can be made");
    fs::write(folder.path().join("opsgenie/blueprints.json"), "mine").expect("it can be written");
    fs::write(folder.path().join("config.yaml"), "mine").expect("it can be written");
    fs::write(folder.path().join(".github"), "mine").expect("it can be written");
    let before = tree(folder.path());
    let run = init(folder.path(), &["--for", "github"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @"
    error: `./config.yaml` is there already
      hint: move it away, or choose another folder
    error: `./opsgenie/blueprints.json` is there already
      hint: move it away, or choose another folder
    error: `./.github` is no folder
      hint: choose another folder
    nothing was written: `init` overwrites nothing
    ");
    assert_eq!(tree(folder.path()), before);
    let run = init(folder.path(), &["--output", "json"]);
    run.exits(2);
    assert_eq!(run.report["faults"].as_array().map(Vec::len), Some(2), "{}", run.stdout);
    // A second run finds the first one's.
    let run = init(folder.path(), &["new"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let before = tree(folder.path());
    let run = init(folder.path(), &["new"]);
    assert_eq!((run.code, run.stderr.matches("is there already").count()), (2, 4), "{}", run.stderr);
    assert_eq!(tree(folder.path()), before);
}

#[test]
fn a_folder_that_cannot_be_one_is_told() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("file"), "mine").expect("it can be written");
    for arguments in [&["file"][..], &["file/below"]] {
        let run = init(folder.path(), arguments);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}");
        assert_eq!(run.stderr.matches("`file` is no folder").count(), 1, "{}", run.stderr);
    }
    assert_eq!(tree(folder.path()).len(), 1);
}

#[test]
fn usage_that_is_nearly_right_is_answered_with_the_right_one() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let run = init(folder.path(), &["--for", "githup"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("'github'"), "{}", run.stderr);
    assert!(tree(folder.path()).is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_something() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::os::unix::fs::symlink("nowhere", folder.path().join("config.yaml")).expect("a link can be made");
    let run = init(folder.path(), &[]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("`./config.yaml` is there already"), "{}", run.stderr);
    assert!(!folder.path().join("nowhere").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_in_which_nothing_can_be_made_is_told() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    // Not even root makes anything there.
    let run = init(folder.path(), &["/proc/self/new"]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @"
    error: cannot write `/proc/self/new/config.yaml`: No such file or directory (os error 2); nothing is left of what was written before it
      hint: choose another folder, or make room there
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn no_half_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    fs::write(folder.path().join("mine"), "mine").expect("it can be written");
    // Files of at most two kilobytes (four with some shells): the blueprints are larger, and do not come first.
    let text = "trap '' XFSZ; ulimit -f 4; exec \"$0\" init new --for jenkins";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", text, env!("CARGO_BIN_EXE_ocean-opsgenie")]).current_dir(folder.path());
    let output = command.output().expect("a shell can be started");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    insta::assert_snapshot!(told, @"
    error: cannot write `new/opsgenie/blueprints.json`: File too large (os error 27); nothing is left of what was written before it
      hint: choose another folder, or make room there
    ");
    assert_eq!(tree(folder.path()).len(), 1);
    assert!(!folder.path().join("new").exists());
}

/// What is embedded must be there where the image is built.
#[test]
fn what_is_embedded_is_in_the_context_of_the_image() {
    let ignored = fs::read_to_string(root().join("deploy/Dockerfile.dockerignore")).expect("it can be read");
    let kept: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for (path, text) in tree(&root().join("src")) {
        let text = text.split("#[cfg(test)]\nmod ").next().expect("split gives at least one part");
        if path.ends_with("tests.rs") || path.contains("tests/") {
            continue;
        }
        for marker in ["include_str!(\"", "include_str!(concat!(\""] {
            for part in text.split(marker).skip(1) {
                let target = part.split('"').next().expect("split gives at least one part");
                let outside = target.trim_start_matches("../");
                let depth = path.matches('/').count() + 1;
                if target.matches("../").count() >= depth {
                    assert!(
                        kept.iter().any(|kept| outside.starts_with(kept)),
                        "{path} embeds {target}, which the image is built without"
                    );
                }
            }
        }
    }
}
