//! The security log: what it records for users and admins, and what is deleted.

use crate::support::person::PASSWORD;
use crate::support::{Person, Teahouse, words};

/// Kinds of the events on a page, newest first.
fn kinds(page: &str) -> Vec<&str> {
    let rest = page.split("event-item\" data-kind=\"").skip(1);
    rest.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn users_see_their_own_security_events_and_admins_all() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let (phone, password) = (("phone", mei.phone.as_str()), ("password", "not mine"));
    let (intruder, agent) = (Person::visitor(&server), ("user-agent", "Thief/1.0"));
    let answer = intruder
        .post_with("/login", &[agent], &[phone, password])
        .await;
    assert_eq!(answer.status(), 422);
    let unknown = Person::visitor(&server).phone;
    intruder.log_in(&unknown, "not mine").await;
    mei.sign_out().await;
    mei.sign_in().await;
    let page = mei.page("/settings/security").await;
    let wanted = words("signed-in signed-out sign-in-failed signed-in registered");
    assert_eq!(kinds(&page), wanted);
    for text in ["Thief", "127.0.0.1", "Wrong password"] {
        assert!(page.contains(text), "{text}");
    }
    for phone in [&mei.phone, &unknown] {
        assert!(!page.contains(&phone[3..]), "not masked");
    }
    let is_shown =
        page.contains(&format!("+86**********{}", &mei.phone[12..])) || page.contains("+86");
    assert!(is_shown, "{page}");
    let page = admin.page("/security_events").await;
    assert_eq!(kinds(&page).len(), 8, "{:?}", kinds(&page));
    assert!(page.contains("mei") && !page.contains(&unknown[3..]));
    assert_eq!(mei.get("/security_events").await.status(), 403);
    let visitor = Person::visitor(&server);
    assert_eq!(visitor.get("/security_events").await.status(), 303);
    let stored = server.strings("SELECT COALESCE(phone, '') AS value FROM security_events");
    let is_masked = |phone: &String| !phone.contains(&mei.phone[3..12]);
    assert!(stored.iter().all(is_masked), "{stored:?}");
}

#[tokio::test]
async fn changes_by_command_line_are_recorded() {
    let (server, [admin]) = Teahouse::with_users(["admin"]).await;
    Person::register(&server, "mei").await;
    for args in [
        &["user", "role", "mei", "admin"][..],
        &["user", "role", "mei", "member"],
        &["user", "sign-out", "mei"],
        &["user", "ban", "mei"],
        &["user", "unban", "mei"],
        &["user", "deactivate", "mei"],
    ] {
        server.command(args).expect_success();
    }
    server
        .command_with_input(&["user", "reset-password", "mei"], "another password\n")
        .expect_success();
    let page = admin.page("/security_events").await;
    let found = kinds(&page);
    let wanted = words(
        "password-reset deactivated unbanned banned sessions-ended role-changed role-changed",
    );
    assert_eq!(found[..7], wanted);
}

#[tokio::test]
async fn events_older_than_90_days_are_deleted_and_lists_have_pages() {
    let (server, [admin]) = Teahouse::with_users(["admin"]).await;
    let time =
        |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S%.3f").to_string();
    let now = chrono::Utc::now();
    let (now, old) = (time(now), time(now - chrono::TimeDelta::days(91)));
    for (count, when) in [(60, &now), (5, &old)] {
        for _ in 0..count {
            server.execute(&format!(
                "INSERT INTO security_events (kind, user_id, ip, user_agent, created_at) \
                 VALUES ('signed-in', 1, '192.0.2.1', 'x', '{when}')"
            ));
        }
    }
    // The pruning job runs when a server starts.
    let beside = server.second_server();
    crate::support::until("old events are deleted", async || {
        server.count("security_events") == 62
    })
    .await;
    drop(beside);
    let page = admin.page("/security_events").await;
    assert_eq!(kinds(&page).len(), 50);
    let (_, rest) = page.split_once("?before=").expect("a link to older events");
    let before = rest.split('"').next().expect("a number");
    let path = format!("/security_events?before={before}");
    let page = admin.page(&path).await;
    assert_eq!(kinds(&page).len(), 12);
    assert!(!page.contains("?before="));
}

#[tokio::test]
async fn deleting_an_account_deletes_its_security_data() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let made = admin.post("/password_links", &[("username", "mei")]).await;
    assert_eq!(made.status(), 200);
    let response = mei.delete_account("mei", PASSWORD).await;
    assert_eq!(response.status(), 303);
    for table in ["security_events", "known_browsers", "password_links"] {
        let rows = server.count(&format!("{table} WHERE user_id = 2"));
        assert_eq!(rows, 0, "{table}");
    }
}
