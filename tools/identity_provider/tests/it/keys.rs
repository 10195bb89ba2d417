//! Which key signs, over restarts and rotations.

use std::os::unix::fs::PermissionsExt as _;

use crate::provider::Provider;

#[tokio::test]
async fn a_token_stays_valid_over_a_kill_and_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::with_data(folder.path());
    let token = provider.token("minji").await;
    let provider = provider.restart(&["--data", folder.path().to_str().unwrap()]);
    assert!(provider.verify(&token, "mall").await.is_some());
    let file = folder.path().join("signing-key.pem");
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_rotation_replaces_the_key_for_good() {
    let folder = tempfile::tempdir().unwrap();
    let provider = Provider::with_data(folder.path());
    let old = provider.token("minji").await;
    let kid = provider.rotate().await;
    assert!(provider.verify(&old, "mall").await.is_none());
    let new = provider.token("minji").await;
    let verified = provider.verify(&new, "mall").await.unwrap();
    assert_eq!(verified.header.kid, Some(kid));
    assert_eq!(provider.keys().await.keys.len(), 1);
    let provider = provider.restart(&["--data", folder.path().to_str().unwrap()]);
    assert!(provider.verify(&new, "mall").await.is_some());
}

#[tokio::test]
async fn without_a_folder_the_key_is_lost_at_the_end() {
    let provider = Provider::start(&[]);
    let token = provider.token("minji").await;
    let provider = provider.restart(&[]);
    assert!(provider.verify(&token, "mall").await.is_none());
}

#[tokio::test]
async fn no_private_part_is_published() {
    let provider = Provider::start(&[]);
    let keys = provider.get("/jwks").await;
    let key = keys["keys"][0].as_object().unwrap();
    let mut members: Vec<&str> = key.keys().map(String::as_str).collect();
    members.sort_unstable();
    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
    assert_eq!((&key["alg"], &key["use"]), (&"ES256".into(), &"sig".into()));
}
