use serde_json::json;

use super::{AGENT, Scene};
use crate::sandbox::{Holding, Options, World};

#[tokio::test]
async fn a_file_keeps_the_catalog() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let holding = Holding::File(folder.path().join("catalog.sqlite"));
    let options = || Options { world: World::empty(), holding: holding.clone(), ..Options::default() };
    let scene = Scene::with(options()).await;
    scene.blueprints().await;
    let body = json!({ "installationId": "my-og", "installationAppType": "opsgenie" });
    scene.send(reqwest::Method::POST, "/v1/integration", super::PLAIN_AGENT, Some(&body)).await;
    scene
        .upsert(
            "incident",
            &[json!({ "identifier": "i", "title": "Ünï", "relations": { "services": ["s", "t"] } })],
        )
        .await;
    scene.delete("service", "true", &["none"]).await;
    let all = |scene: &Scene| {
        scene
            .sandbox
            .catalog()
            .with(|catalog| (catalog.all_entities(), catalog.blueprints(), catalog.integration("my-og")))
    };
    let before = all(&scene);
    assert_eq!((before.0.len(), before.1.len()), (3, 2));
    scene.sandbox.stop().await;

    let scene = Scene::with(options()).await;
    assert_eq!(all(&scene), before);
    assert_eq!(scene.delete("service", "false", &["s"]).await.0, 403);
    assert_eq!(scene.delete("service", "true", &["s"]).await.0, 200);
    scene.sandbox.stop().await;

    let scene = Scene::with(options()).await;
    let left = scene.sandbox.catalog().with(|catalog| catalog.all_entities());
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].identifier.as_str(), left[0].datasource.as_str()), ("t", AGENT));
}

#[tokio::test]
async fn a_file_that_is_none_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder of our own");
    let path = folder.path().join("catalog.sqlite");
    std::fs::write(&path, "this is no database, but long enough to be read as the head of one: ".repeat(20))
        .expect("a file is written");
    let options = Options { holding: Holding::File(path), ..Options::default() };
    assert!(crate::sandbox::Sandbox::start(options).await.is_err());
}
