//! The arguments of `init`: clap types and nothing else.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::arguments::PresetName;

#[derive(Clone, Debug, Args)]
pub(in crate::cli) struct InitArguments {
    /// Where to; made when it is not there.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(in crate::cli) folder: PathBuf,
    /// Also a recipe for this platform, where the platform looks for it.
    #[arg(long = "for", value_name = "PLATFORM", value_enum)]
    pub(in crate::cli) platform: Option<Platform>,
    /// The resources to begin with: three kinds with lookups, or all seven.
    #[arg(long, value_enum, default_value_t = PresetName::Classic)]
    pub(in crate::cli) preset: PresetName,
}

/// What runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Platform {
    /// GitHub Actions.
    Github,
    /// Jenkins.
    Jenkins,
    /// Azure Pipelines.
    Azure,
    /// GitLab CI.
    Gitlab,
    /// `docker run`, a pass at a time.
    Docker,
    /// Docker Compose, as a service.
    Compose,
    /// The Helm chart.
    Helm,
    /// Argo CD.
    Argocd,
    /// systemd, as a timer.
    Systemd,
}
