//! Usernames given up by renaming or deletion stay reserved for 90 days.

use crate::github;
use crate::support::{GitHub, Person, Teahouse, person::PASSWORD};
use serde_json::json;

async fn rename(who: &Person, name: &str) -> u16 {
    let body = json!({"username": name});
    who.json(reqwest::Method::PATCH, "/settings/profile", body)
        .await
        .0
}

async fn register(server: &Teahouse, name: &str) -> (u16, String) {
    let newcomer = Person::visitor(server);
    let (name, password) = (("username", name), ("password", PASSWORD));
    let form = [("phone", newcomer.phone.as_str()), name, password];
    let header = ("accept", "application/json");
    let answer = newcomer.post_with("/register", &[header], &form).await;
    let status = answer.status().as_u16();
    (status, answer.text().await.expect("text"))
}

/// Shifts all reservations into the past by this many days.
fn pass_days(server: &Teahouse, days: i64) {
    let database = server.database();
    let earlier = match database.is_mysql() {
        true => format!("reserved_until - INTERVAL {days} DAY"),
        false => format!("strftime('%Y-%m-%d %H:%M:%f', reserved_until, '-{days} days')"),
    };
    database.run(&format!(
        "UPDATE reserved_usernames SET reserved_until = {earlier}"
    ));
}

#[tokio::test]
async fn given_up_username_is_reserved_for_90_days() {
    let (server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    assert_eq!(rename(&ming, "Minghua").await, 204);
    let taken = register(&server, "Ana").await;
    // Compared as usernames are: ignoring case and width.
    for name in ["Ming", "ming", "MING", "ｍｉｎｇ"] {
        assert_eq!(register(&server, name).await, taken, "{name}");
        assert_eq!(rename(&ana, name).await, 422, "{name}");
    }
    assert_eq!(taken.0, 422);
    pass_days(&server, 89);
    assert_eq!(register(&server, "Ming").await.0, 422, "on the 89th day");
    pass_days(&server, 2);
    assert_eq!(register(&server, "Ming").await.0, 303, "after 90 days");
}

#[tokio::test]
async fn previous_owner_may_take_a_reserved_username_back() {
    let (_server, [ming, ana]) = Teahouse::with_users(["Ming", "Ana"]).await;
    assert_eq!(rename(&ming, "Minghua").await, 204);
    assert_eq!(rename(&ming, "MING").await, 204);
    assert_eq!(rename(&ming, "Ming").await, 204, "only the case changed");
    assert_eq!(rename(&ana, "minghua").await, 422);
    assert_eq!(rename(&ming, "Minghua").await, 204);
    assert_eq!(rename(&ana, "ming").await, 422);
}

#[tokio::test]
async fn username_of_a_deleted_account_is_reserved_as_a_hash() {
    let (server, [_admin, mei]) = Teahouse::with_users(["admin", "Meilinghua"]).await;
    let response = mei.delete_account("Meilinghua", PASSWORD).await;
    assert_eq!(response.status(), 303);
    assert_eq!(register(&server, "meilinghua").await.0, 422);
    let kept = server.strings("SELECT key_hash AS value FROM reserved_usernames");
    assert!(kept.iter().all(|hash| hash.len() == 64), "{kept:?}");
    pass_days(&server, 91);
    assert_eq!(register(&server, "meilinghua").await.0, 303);
}

#[tokio::test]
async fn github_registration_avoids_reserved_names() {
    let github = GitHub::open();
    let server = github::server(&github, &[]);
    let ming = Person::register(&server, "octocat").await;
    assert_eq!(rename(&ming, "Ming").await, 204);
    let newcomer = github::github_user(&server, &github, 4711, "octocat").await;
    let (_, me) = newcomer.get_json("/api/auth_user").await;
    assert_eq!(me["username"], "octocat-2", "{me}");
}
