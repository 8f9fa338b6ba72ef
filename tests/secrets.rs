//! The key that signs cookies: made where people develop, given where it counts.

use crate::support::{Teahouse, random_secret};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

/// What starting in production says, with this key.
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
fn in_production_a_missing_or_weak_key_is_refused_with_the_command_that_makes_one() {
    let folder = TempDir::new().expect("a folder");
    let half = &random_secret()[..63];
    let typed = "correct horse battery ".repeat(5);
    for key in [
        None,
        Some(""),
        Some(half),
        Some(&typed),
        Some(&"0".repeat(128)),
    ] {
        let said = refusal(folder.path(), key);
        assert!(said.contains("openssl rand -hex 64"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        let told = key.filter(|key| !key.is_empty());
        assert!(told.is_none_or(|key| !said.contains(key)), "{said}");
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "nothing was made before it was refused");
}

#[tokio::test]
async fn elsewhere_it_is_made_once_for_nobody_else_to_read_and_kept() {
    let (mut server, [ming]) = Teahouse::with_users(["Ming"]).await;
    let made: Vec<_> = std::fs::read_dir(server.folder())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.to_string_lossy().contains("secret"))
        .collect();
    assert_eq!(made.len(), 1, "{made:?}");
    let key = std::fs::read(&made[0]).expect("the key");
    let mode = std::fs::metadata(&made[0])
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!((key.len(), mode & 0o777), (64, 0o600));
    server.kill();
    server.restart();
    assert_eq!(std::fs::read(&made[0]).expect("the key"), key);
    assert_eq!(ming.get("/rooms/1").await.status(), 200, "still signed in");
}
