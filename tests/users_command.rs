//! `teahouse user`: who may come in, decided from the command line.

use crate::support::{Outcome, Person, Teahouse, database, person::PASSWORD};
use std::time::Duration;
use tempfile::TempDir;

const OFF: Duration = Duration::from_secs(25);

/// The one line of a command that did what it should.
fn done(server: &Teahouse, args: &[&str]) -> String {
    let outcome = server.command(&[&["user"], args].concat());
    assert!(outcome.status.success(), "{args:?}: {outcome:?}");
    outcome.stdout.trim_end().to_owned()
}

/// The one line of a command that did not.
fn refused(outcome: &Outcome) -> &str {
    assert_eq!(outcome.status.code(), Some(1), "{outcome:?}");
    assert_eq!(outcome.stdout, "", "{outcome:?}");
    let line = outcome.stderr.trim_end();
    assert_eq!(line.lines().count(), 1, "{outcome:?}");
    line.strip_prefix("teahouse: ").expect("who says it")
}

fn statuses(server: &Teahouse) -> Vec<String> {
    let sql = "SELECT status AS value FROM users ORDER BY id";
    server.database().strings(sql)
}

#[tokio::test]
async fn everybody_is_listed_and_no_number_is_shown_whole() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "李梅"]).await;
    server
        .database()
        .run("DELETE FROM sessions WHERE user_id = 2");
    let list = done(&server, &["list"]);
    let lines: Vec<Vec<&str>> = list
        .lines()
        .map(|line| line.split('\t').collect())
        .collect();
    assert_eq!(
        lines[0],
        ["id", "username", "role", "status", "phone", "last seen"]
    );
    assert_eq!(lines[1][..4], ["1", "admin", "admin", "active"]);
    assert!(lines[1][5].ends_with('Z'), "{list}");
    let masked = format!("+86*********{}", &mei.phone[12..]);
    assert_eq!(lines[2], ["2", "李梅", "member", "active", &masked, "-"]);
    assert!(!list.contains(&admin.phone) && !list.contains(&mei.phone[3..]));
}

#[tokio::test]
async fn somebody_is_banned_by_number_and_let_in_again_by_name() {
    let server = Teahouse::start();
    Person::register(&server, "admin").await;
    let mei = Person::register(&server, "mei").await;
    let mut socket = mei.socket().await;
    assert_eq!(
        done(&server, &["ban", &mei.phone]),
        "mei is banned: 1 sessions ended"
    );
    assert_eq!(statuses(&server), ["active", "banned"]);
    assert_eq!(socket.close_code(OFF).await, 4001);
    assert_eq!(mei.sign_in().await.status(), 422);
    assert_eq!(done(&server, &["unban", "MEI"]), "mei is active");
    assert_eq!(
        mei.get_json("/api/rooms").await.0,
        401,
        "the session is over"
    );
    assert_eq!(mei.sign_in().await.status(), 303);
    assert_eq!(
        done(&server, &["deactivate", "mei"]),
        "mei is deactivated: 1 sessions ended"
    );
    assert_eq!(mei.get_json("/api/rooms").await.0, 401);
    assert_eq!(done(&server, &["activate", "mei"]), "mei is active");
    assert_eq!(mei.sign_in().await.status(), 303);
}

#[tokio::test]
async fn signing_out_ends_every_session_and_nothing_else() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let phone = mei.on_another_device(&server).await;
    let li = Person::register(&server, "li").await;
    assert_eq!(
        done(&server, &["sign-out", "mei"]),
        "mei is signed out: 2 sessions ended"
    );
    for device in [&mei, &phone] {
        assert_eq!(device.get_json("/api/rooms").await.0, 401);
    }
    assert_eq!(li.get_json("/api/rooms").await.0, 200);
    assert_eq!(mei.sign_in().await.status(), 303);
}

#[tokio::test]
async fn a_new_password_comes_from_standard_input_and_the_old_one_is_over() {
    let (server, [mei]) = Teahouse::with_users(["mei"]).await;
    let short = server.command_with_input(&["user", "reset-password", "mei"], "short\n");
    assert_eq!(refused(&short), "a password must have 8 to 128 characters");
    assert_eq!(mei.get_json("/api/rooms").await.0, 200);
    let new = "a new password, with spaces ";
    let line = format!("{new}\n");
    let outcome = server.command_with_input(&["user", "reset-password", "mei"], &line);
    assert!(outcome.status.success(), "{outcome:?}");
    assert!(!format!("{outcome:?}").contains(new), "it is not shown");
    assert_eq!(mei.get_json("/api/rooms").await.0, 401);
    assert_eq!(mei.sign_in().await.status(), 422);
    let form = [("phone", &*mei.phone), ("password", new)];
    assert_eq!(mei.post("/login", &form).await.status(), 303);
    assert!(!server.log().iter().any(|line| line.contains(PASSWORD)));
}

#[tokio::test]
async fn one_admin_is_always_left() {
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
    assert_eq!(
        done(&server, &["role", "admin", "member"]),
        "admin is member"
    );
    let last = server.command(&["user", "ban", "mei"]);
    assert!(refused(&last).starts_with("mei is the last"), "{last:?}");
    // A banned admin keeps no order, and so does not count.
    done(&server, &["role", "admin", "admin"]);
    done(&server, &["ban", "admin"]);
    let last = server.command(&["user", "deactivate", "mei"]);
    assert!(refused(&last).starts_with("mei is the last"), "{last:?}");
    assert_eq!(mei.get_json("/api/rooms").await.0, 200);
}

#[tokio::test]
async fn what_makes_no_sense_is_one_clear_line() {
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
fn a_database_that_is_not_there_is_not_made() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("tea.db");
    let url = format!("sqlite://{}", file.display());
    let outcome = Teahouse::run(&["user", "list"], &[("DATABASE_URL", &url)], folder.path());
    assert!(
        refused(&outcome).contains("teahouse migrate"),
        "{outcome:?}"
    );
    assert!(!file.exists());
    let Some(mysql) = database::mysql_url() else {
        return;
    };
    let url = format!("{mysql}/test_that_is_not_there");
    let outcome = Teahouse::run(&["user", "list"], &[("DATABASE_URL", &url)], folder.path());
    assert!(
        refused(&outcome).contains("test_that_is_not_there"),
        "{outcome:?}"
    );
}
