//! The examples run, and show what they promise.

#[expect(dead_code, reason = "its `main` is for `cargo run --example one_pass`")]
#[path = "../../examples/one_pass.rs"]
mod one_pass;

#[expect(dead_code, reason = "its `main` is for `cargo run --example custom_mapping`")]
#[path = "../../examples/custom_mapping.rs"]
mod custom_mapping;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pass_fills_an_empty_catalog() {
    let told = one_pass::one_pass().await.expect("the example runs");
    let (report, entity) = told.split_once("\nOne of the entities").expect("report and entity are told");
    assert!(report.contains("\ndone in "), "{report}");
    assert!(!report.contains("incomplete"), "{report}");
    let readme = include_str!("../../README.md");
    let is_row = |line: &&str| line.starts_with("kind  ") || line.ends_with("  complete");
    let rows: Vec<&str> = readme.lines().filter(is_row).collect();
    assert_eq!(rows.len(), 4, "README.md shows the table");
    let missing: Vec<_> = rows.into_iter().filter(|row| !report.contains(row)).collect();
    assert!(missing.is_empty(), "README.md shows {missing:?}, and the report is\n{report}");
    let last = readme.lines().find_map(|line| line.strip_prefix("done in ")?.split_once(": "));
    let (_, counts) = last.expect("README.md shows how it ends");
    assert!(report.contains(counts), "README.md says {counts}, and the report is\n{report}");
    let entity = &entity[entity.find('{').expect("the entity is JSON")..];
    let entity: serde_json::Value = serde_json::from_str(entity).expect("the entity is JSON");
    assert_eq!(entity["blueprint"], "opsGenieAlert");
    assert!(entity["properties"]["status"].is_string(), "{entity:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mapping_of_ones_own_gives_urgent_alerts_with_their_incident() {
    let told = custom_mapping::custom_mapping().await.expect("the example runs");
    assert!(told.contains("\ndone in "), "{told}");
    assert!(told.contains(r#""state": "waiting""#), "{told}");
    let (_, alerts) = told.split_once("urgent alerts are in the catalog").expect("alerts are told");
    assert!(alerts.contains(r#""incident": ""#), "one of the alerts shown belongs to an incident: {alerts}");
}
