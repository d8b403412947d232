//! The summary page of a CI job: GitHub Actions names a file to append to, Azure Pipelines is told of one.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::report::{Report, markdown};

use super::arguments::Form;
use super::terminal;

/// Adds the report to the summary page of the job that this process is part of, if it is part of one. What cannot be
/// written is a warning.
pub(super) fn add(report: &Report, form: Form) {
    // <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#adding-a-job-summary>
    if let Some(file) = path("GITHUB_STEP_SUMMARY") {
        let _told = written(&file, report);
    }
    // <https://learn.microsoft.com/en-us/azure/devops/pipelines/build/variables>
    let in_azure = std::env::var_os("TF_BUILD").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if let Some(folder) = path("AGENT_TEMPDIRECTORY").filter(|_| in_azure) {
        let file = folder.join(format!("ocean-opsgenie-{}.md", report.resync));
        if written(&file, report) {
            // <https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands>
            upload(&format!("##vso[task.uploadsummary]{}", file.display()), form);
        }
    }
}

/// The agent reads both streams; a program that reads standard output gets nothing but its line.
fn upload(command: &str, form: Form) {
    match form {
        Form::Text => {
            let _told = terminal::data(command);
        }
        Form::Json => terminal::talk(command),
    }
}

fn path(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Whether the report could be appended.
fn written(file: &Path, report: &Report) -> bool {
    let appended = append(file, &markdown(report));
    if let Err(error) = &appended {
        tracing::warn!(%error, file = %file.display(), "the summary of the job lacks the report");
    }
    appended.is_ok()
}

fn append(file: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(text.as_bytes())
}
