//! `teahouse user`: managing accounts from the command line.

use crate::support::{Outcome, Person, Teahouse, database, person::PASSWORD};
use std::time::Duration;
use tempfile::TempDir;

const CLOSED_WITHIN: Duration = Duration::from_secs(25);

/// Output of a successful command.
fn done(server: &Teahouse, args: &[&str]) -> String {
    let outcome = server.command(&[&["user"], args].concat());
    assert!(outcome.status.success(), "{args:?}: {outcome:?}");
    outcome.stdout.trim_end().to_owned()
}

/// Error message of a failed command.
fn refused(outcome: &Outcome) -> &str {
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    assert_eq!(outcome.stdout, "", "{outcome:?}");
    let line = outcome.stderr.trim_end();
    assert_eq!(line.lines().count(), 1, "{outcome:?}");
    line.strip_prefix("teahouse: ").expect("the program's name")
}

fn statuses(server: &Teahouse) -> Vec<String> {
    let sql = "SELECT status AS value FROM users ORDER BY id";
    server.strings(sql)
}

#[tokio::test]
async fn list_shows_every_user_with_a_masked_number() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "李梅"]).await;
    server.execute("DELETE FROM sessions WHERE user_id = 2");
    let list = done(&server, &["list"]);
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    let head = ["id", "username", "role", "status", "phone", "last seen"];
    assert_eq!(lines[0], head);
    assert_eq!(lines[1][..4], ["1", "admin", "admin", "active"]);
    assert!(lines[1][5].ends_with('Z'), "{list}");
    let masked = format!("+86*********{}", &mei.phone[12..]);
    assert_eq!(lines[2], ["2", "李梅", "member", "active", &masked, "-"]);
    assert!(!list.contains(&admin.phone) && !list.contains(&mei.phone[3..]));
}

#[tokio::test]
async fn banning_ends_sessions_and_unbanning_allows_signing_in() {
    let server = Teahouse::start();
    Person::register(&server, "admin").await;
    let mei = Person::register(&server, "mei").await;
    let mut socket = mei.socket().await;
    let banned = done(&server, &["ban", &mei.phone]);
    assert_eq!(banned, "mei is banned: 1 sessions ended");
    assert_eq!(statuses(&server), ["active", "banned"]);
    assert_eq!(socket.close_code(CLOSED_WITHIN).await, 4001);
    assert_eq!(mei.sign_in().await.status(), 422);
    assert_eq!(done(&server, &["unban", "MEI"]), "mei is active");
    let status = mei.get_json("/api/rooms").await.0;
    assert_eq!(status, 401, "unbanning restored the session");
    assert_eq!(mei.sign_in().await.status(), 303);
    let deactivated = done(&server, &["deactivate", "mei"]);
    assert_eq!(deactivated, "mei is deactivated: 1 sessions ended");
    assert_eq!(mei.get_json("/api/rooms").await.0, 401);
    assert_eq!(done(&server, &["activate", "mei"]), "mei is active");
    assert_eq!(mei.sign_in().await.status(), 303);
}

#[tokio::test]
async fn sign_out_ends_every_session_of_one_user() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let phone = mei.on_another_device(&server).await;
    let li = Person::register(&server, "li").await;
    let signed_out = done(&server, &["sign-out", "mei"]);
    assert_eq!(signed_out, "mei is signed out: 2 sessions ended");
    for device in [&mei, &phone] {
        assert_eq!(device.get_json("/api/rooms").await.0, 401);
    }
    assert_eq!(li.get_json("/api/rooms").await.0, 200);
    assert_eq!(mei.sign_in().await.status(), 303);
}

#[tokio::test]
async fn reset_password_reads_the_new_password_from_stdin() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let short = server.command_with_input(&["user", "reset-password", "mei"], "short\n");
    assert_eq!(refused(&short), "a password must have 8 to 128 characters");
    assert_eq!(mei.get_json("/api/rooms").await.0, 200);
    let new = "a new password, with spaces ";
    let line = format!("{new}\n");
    let outcome = server
        .command_with_input(&["user", "reset-password", "mei"], &line)
        .expect_success();
    let is_hidden = !format!("{outcome:?}").contains(new);
    assert!(is_hidden, "the password is shown");
    assert_eq!(mei.get_json("/api/rooms").await.0, 401);
    assert_eq!(mei.sign_in().await.status(), 422);
    assert_eq!(mei.log_in(&mei.phone, new).await.status(), 303);
    assert!(!server.log().iter().any(|line| line.contains(PASSWORD)));
}

#[tokio::test]
async fn last_active_admin_cannot_be_removed() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let last = "admin is the last active admin; make another user admin first";
    for args in [
        &["user", "ban", "admin"][..],
        &["user", "deactivate", &admin.phone],
        &["user", "role", "admin", "member"],
    ] {
        assert_eq!(refused(&server.command(args)), last);
    }
    assert_eq!(statuses(&server), ["active", "active"]);
    assert_eq!(admin.get_json("/api/rooms").await.0, 200);
    assert_eq!(done(&server, &["role", "mei", "admin"]), "mei is admin");
    let demoted = done(&server, &["role", "admin", "member"]);
    assert_eq!(demoted, "admin is member");
    let last = server.command(&["user", "ban", "mei"]);
    assert!(refused(&last).starts_with("mei is the last"), "{last:?}");
    // A banned admin does not count.
    done(&server, &["role", "admin", "admin"]);
    done(&server, &["ban", "admin"]);
    let last = server.command(&["user", "deactivate", "mei"]);
    assert!(refused(&last).starts_with("mei is the last"), "{last:?}");
    assert_eq!(mei.get_json("/api/rooms").await.0, 200);
}

#[tokio::test]
async fn unknown_users_and_invalid_arguments_are_reported() {
    let server = Teahouse::start();
    Person::register(&server, "mei").await;
    for who in ["nobody", "+8613800000000", "", "no spaces here"] {
        let outcome = server.command(&["user", "ban", who]);
        assert_eq!(refused(&outcome), format!("no such user: {who}").trim());
    }
    for args in [
        &["user"][..],
        &["user", "ban"],
        &["user", "role", "mei", "king"],
        &["user", "praise", "mei"],
    ] {
        assert_eq!(server.command(args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn missing_database_is_not_created() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("tea.db");
    let url = format!("sqlite://{}", file.display());
    let outcome = Teahouse::run(&["user", "list"], &[("DATABASE_URL", &url)], folder.path());
    let is_shown = refused(&outcome).contains("teahouse migrate");
    assert!(is_shown, "{outcome:?}");
    assert!(!file.exists());
    let Some(server) = database::mysql_url() else {
        return;
    };
    let url = format!("{server}/test_that_is_not_there");
    let outcome = Teahouse::run(&["user", "list"], &[("DATABASE_URL", &url)], folder.path());
    let is_shown = refused(&outcome).contains("test_that_is_not_there");
    assert!(is_shown, "{outcome:?}");
}
