//! The summary page of a CI job.

use serde_json::json;

use crate::support::{Stage, plain_blueprint, plain_mapping};

async fn stage() -> Stage {
    let stage = Stage::with_alerts(2).await;
    let mut blueprint = plain_blueprint("a");
    blueprint["schema"]["properties"]["status"] = json!({ "type": "number" });
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[blueprint]);
    stage
}

#[tokio::test]
async fn a_job_of_github_gets_the_report_appended() {
    let mut stage = stage().await;
    stage.file("summary.md", "earlier\n");
    stage.set("GITHUB_STEP_SUMMARY", &stage.directory.path().join("summary.md").display().to_string());
    stage.pass().await.exits(5);
    let text = std::fs::read_to_string(stage.directory.path().join("summary.md")).expect("it is there");
    assert!(text.starts_with("earlier\n## Opsgenie to the catalog: pass done in part\n"), "{text}");
    assert!(text.contains("| alert | 2 | 2 | 0 | 0 | 0 | 2 | 0 | complete |"), "{text}");
    assert!(text.contains("### Refused\n\n- 2 × "), "{text}");
    stage.run(&["plan"]).await;
    let text = std::fs::read_to_string(stage.directory.path().join("summary.md")).expect("it is there");
    assert!(text.contains("| a | 2 | 0 | 0 | 0 | 0 |"), "{text}");
}

#[tokio::test]
async fn an_agent_of_azure_is_told_of_the_file() {
    let mut stage = stage().await;
    let folder = stage.directory.path().display().to_string();
    stage.set("AGENT_TEMPDIRECTORY", &folder);
    let run = stage.sync(&[]).await;
    assert!(!run.stderr.contains("##vso"), "this is no build: {}", run.stderr);
    stage.set("TF_BUILD", "True");
    let run = stage.sync(&[]).await;
    run.exits(5);
    let told = |text: &str| {
        text.lines().find_map(|l| l.strip_prefix("##vso[task.uploadsummary]").map(str::to_owned))
    };
    let file = told(&run.stderr).expect("the agent is told, and standard output is one line of JSON");
    let text = std::fs::read_to_string(file).expect("the file is there");
    assert!(text.starts_with("## Opsgenie to the catalog"), "{text}");
    assert!(told(&stage.run(&["sync"]).await.stdout).is_some());
}

#[tokio::test]
async fn a_summary_that_cannot_be_written_is_a_warning() {
    let mut stage = Stage::with_alerts(1).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.set("GITHUB_STEP_SUMMARY", &stage.directory.path().join("no/such/folder").display().to_string());
    let run = stage.pass().await;
    run.exits(0);
    assert!(run.stderr.contains("the summary of the job lacks the report"), "{}", run.stderr);
}
