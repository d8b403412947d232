//! The files of an installation: settings, resources, and the recipes that the repository shows as examples.

use serde_json::Value;

use crate::config::{Preset, Resources};

use super::arguments::Platform;

/// The folder of resources; the settings and the recipes name it.
const RESOURCES: &str = "opsgenie";

/// The identifier of an installation that nobody has named, as the settings and most recipes have it.
const IDENTIFIER: &str = "my-opsgenie-integration";

/// The identifier that the recipe for Argo CD has, after Port's guide.
const IDENTIFIER_IN_ARGO_CD: &str = "my-ocean-opsgenie-integration";

/// A file to write.
pub(super) struct File {
    /// Where, below the folder; the parts are divided by `/`.
    pub(super) path: String,
    pub(super) text: String,
}

/// Everything that an installation begins with.
pub(super) fn files(preset: Preset, platform: Option<Platform>) -> Vec<File> {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let settings = include_str!("config.yaml");
    let settings = match platform {
        Some(Platform::Argocd) => settings.replace(IDENTIFIER, IDENTIFIER_IN_ARGO_CD),
        _ => settings.to_owned(),
    };
    let blueprints = Value::Array(Resources::of_preset(preset).blueprints);
    let own = [
        file("config.yaml", &settings),
        file(".env.example", include_str!("env.example")),
        file(&format!("{RESOURCES}/port-app-config.yaml"), preset.mapping()),
        file(&format!("{RESOURCES}/blueprints.json"), &format!("{blueprints:#}\n")),
    ];
    let recipe = platform.map(recipe).unwrap_or_default();
    own.into_iter().chain(recipe.iter().map(|(path, text)| file(path, text))).collect()
}

/// The recipe for a platform: where it looks for each file, and the file.
fn recipe(platform: Platform) -> &'static [(&'static str, &'static str)] {
    macro_rules! example {
        ($path:literal) => {
            include_str!(concat!("../../../examples/", $path))
        };
    }
    match platform {
        Platform::Github => {
            &[(".github/workflows/opsgenie-integration.yml", example!("github/opsgenie-integration.yml"))]
        }
        Platform::Jenkins => &[("Jenkinsfile", example!("jenkins/Jenkinsfile"))],
        Platform::Azure => &[("azure-pipelines.yml", example!("azure/opsgenie-integration.yml"))],
        Platform::Gitlab => &[(".gitlab-ci.yml", example!("gitlab/.gitlab-ci.yml"))],
        Platform::Docker => &[("run.sh", example!("docker/run.sh"))],
        Platform::Compose => &[("compose.yaml", example!("compose/compose.yaml"))],
        Platform::Helm => CHART,
        Platform::Argocd => &[
            ("argocd/my-ocean-opsgenie-integration/application.yaml", example!("argocd/application.yaml")),
            (
                "argocd/my-ocean-opsgenie-integration/external-secret.yaml",
                example!("argocd/external-secret.yaml"),
            ),
            ("argocd/my-ocean-opsgenie-integration/values.yaml", example!("argocd/values.yaml")),
        ],
        Platform::Systemd => &[
            ("systemd/ocean-opsgenie.service", example!("systemd/ocean-opsgenie.service")),
            ("systemd/ocean-opsgenie.timer", example!("systemd/ocean-opsgenie.timer")),
        ],
    }
}

/// The chart, whole: there is no registry to fetch it from.
const CHART: &[(&str, &str)] = {
    macro_rules! chart {
        ($($path:literal),* $(,)?) => {
            &[$((
                concat!("helm/ocean-opsgenie/", $path),
                include_str!(concat!("../../../deploy/helm/ocean-opsgenie/", $path)),
            )),*]
        };
    }
    chart![
        "Chart.yaml",
        "values.yaml",
        "values.schema.json",
        "templates/NOTES.txt",
        "templates/_helpers.tpl",
        "templates/configmap.yaml",
        "templates/ingress.yaml",
        "templates/networkpolicy.yaml",
        "templates/persistentvolumeclaim.yaml",
        "templates/poddisruptionbudget.yaml",
        "templates/secret.yaml",
        "templates/service.yaml",
        "templates/servicemonitor.yaml",
        "templates/tests/validate.yaml",
        "templates/workload.yaml",
    ]
};
