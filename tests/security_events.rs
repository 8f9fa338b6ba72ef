//! What happened to accounts is written down, for their people and for admins.

use crate::support::{Person, Teahouse};
use reqwest::Method;

/// Kinds of a page's events, latest first.
fn kinds(page: &str) -> Vec<&str> {
    let rest = page.split("event-item\" data-kind=\"").skip(1);
    rest.filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn somebody_sees_what_happened_to_their_account_and_an_admin_what_happened_to_all() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let form = [
        ("phone", mei.phone.as_str()),
        ("password", "not the password"),
    ];
    let thief = Person::visitor(&server);
    let request = thief
        .request(Method::POST, "/login")
        .header("user-agent", "Thief/1.0");
    assert_eq!(
        request
            .form(&form)
            .send()
            .await
            .expect("a response")
            .status(),
        422
    );
    let unknown = Person::visitor(&server).phone;
    let form = [
        ("phone", unknown.as_str()),
        ("password", "not the password"),
    ];
    thief.post("/login", &form).await;
    mei.sign_out().await;
    mei.sign_in().await;
    let page = mei.page("/settings/security").await;
    assert_eq!(
        kinds(&page),
        [
            "signed-in",
            "signed-out",
            "sign-in-failed",
            "signed-in",
            "registered"
        ]
    );
    assert!(
        page.contains("Thief") && page.contains("127.0.0.1") && page.contains("Wrong password")
    );
    for phone in [&mei.phone, &unknown] {
        assert!(!page.contains(&phone[3..]), "masked");
    }
    assert!(
        page.contains(&format!("+86**********{}", &mei.phone[12..])) || page.contains("+86"),
        "{page}"
    );
    let page = admin.page("/security_events").await;
    assert_eq!(kinds(&page).len(), 8, "{:?}", kinds(&page));
    assert!(page.contains("mei") && !page.contains(&unknown[3..]));
    assert_eq!(mei.get("/security_events").await.status(), 403);
    assert_eq!(
        Person::visitor(&server)
            .get("/security_events")
            .await
            .status(),
        303
    );
    let stored = server
        .database()
        .strings("SELECT COALESCE(phone, '') AS value FROM security_events");
    assert!(
        stored
            .iter()
            .all(|phone| !phone.contains(&mei.phone[3..12])),
        "{stored:?}"
    );
}

#[tokio::test]
async fn what_is_done_to_people_at_the_command_line_is_there_too() {
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
        let done = server.command(args);
        assert!(done.status.success(), "{done:?}");
    }
    let done = server.command_with_input(&["user", "reset-password", "mei"], "another password\n");
    assert!(done.status.success(), "{done:?}");
    let page = admin.page("/security_events").await;
    let found = kinds(&page);
    let wanted = [
        "password-reset",
        "deactivated",
        "unbanned",
        "banned",
        "sessions-ended",
        "role-changed",
        "role-changed",
    ];
    assert_eq!(found[..7], wanted);
}

#[tokio::test]
async fn old_events_are_forgotten_and_many_have_pages() {
    let (server, [admin]) = Teahouse::with_users(["admin"]).await;
    let now = chrono::Utc::now()
        .format("%Y-%m-%d %H:%M:%S%.3f")
        .to_string();
    let old = (chrono::Utc::now() - chrono::TimeDelta::days(91))
        .format("%Y-%m-%d %H:%M:%S%.3f")
        .to_string();
    for (count, when) in [(60, &now), (5, &old)] {
        for _ in 0..count {
            server.database().run(&format!(
                "INSERT INTO security_events (kind, user_id, ip, user_agent, created_at) \
                 VALUES ('signed-in', 1, '192.0.2.1', 'x', '{when}')"
            ));
        }
    }
    // The job runs when a server starts.
    let beside = server.second_server();
    crate::support::eventually("old ones are gone", || async {
        let left = server.count("security_events");
        (left == 62).then_some(())
    })
    .await;
    drop(beside);
    let page = admin.page("/security_events").await;
    assert_eq!(kinds(&page).len(), 50);
    let (_, rest) = page.split_once("?before=").expect("a link to older ones");
    let before = rest.split('"').next().expect("a number");
    let page = admin
        .page(&format!("/security_events?before={before}"))
        .await;
    assert_eq!(kinds(&page).len(), 12);
    assert!(!page.contains("?before="));
}

#[tokio::test]
async fn whoever_deletes_their_account_leaves_nothing_of_that_behind() {
    let (server, [admin, mei]) = Teahouse::with_users(["admin", "mei"]).await;
    let made = admin.post("/password_links", &[("username", "mei")]).await;
    assert_eq!(made.status(), 200);
    let form = [
        ("_method", "delete"),
        ("delete_password", crate::support::person::PASSWORD),
        ("confirm", "mei"),
    ];
    assert_eq!(mei.post("/settings/account", &form).await.status(), 303);
    for table in ["security_events", "known_browsers", "password_links"] {
        let theirs = format!("SELECT COUNT(*) AS value FROM {table} WHERE user_id = 2");
        assert_eq!(server.database().number(&theirs), 0, "{table}");
    }
}
