//! The secret key: required in production, generated elsewhere.

use crate::support::{Teahouse, random_secret};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// Standard error of a production start with this key.
fn refusal(folder: &Path, key: Option<&str>) -> String {
    let mut settings = vec![
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("PORT", "0"),
        ("DATA_DIR", "data"),
    ];
    settings.extend(key.map(|key| ("TEAHOUSE__DATA__SECRET_KEY", key)));
    let outcome = Teahouse::run(&["serve"], &settings, folder);
    assert!(!outcome.status.success(), "{outcome:?}");
    outcome.stderr
}

#[test]
fn production_rejects_a_missing_or_weak_key_and_names_the_command_to_create_one() {
    let folder = TempDir::new().expect("a folder");
    let half = &random_secret()[..63];
    let typed = "correct horse battery ".repeat(5);
    let zeros = "0".repeat(128);
    for key in [None, Some(""), Some(half), Some(&*typed), Some(&*zeros)] {
        let error = refusal(folder.path(), key);
        assert!(error.contains("openssl rand -hex 64"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        let shown = key.filter(|key| !key.is_empty());
        assert!(shown.is_none_or(|key| !error.contains(key)), "{error}");
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "files were created before the key was rejected");
}

#[tokio::test]
async fn development_generates_a_private_key_once_and_keeps_it() {
    let (mut server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let made: Vec<_> = std::fs::read_dir(server.folder())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains("secret"))
        .collect();
    assert_eq!(made.len(), 1, "{made:?}");
    let key = std::fs::read(&made[0]).expect("the key");
    let metadata = std::fs::metadata(&made[0]).expect("a file");
    let mode = metadata.permissions().mode();
    assert_eq!((key.len(), mode & 0o777), (64, 0o600));
    server.kill();
    server.restart();
    assert_eq!(std::fs::read(&made[0]).expect("the key"), key);
    let found = ming.get("/rooms/1").await.status();
    assert_eq!(found, 200, "the session ended");
}
