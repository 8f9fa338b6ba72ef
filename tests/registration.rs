//! Registration through the form.

use crate::sign_in_throttle::register_at_once;
use crate::support::{
    Person, Teahouse, field_errors, person::PASSWORD, random_secret, redirect, rejected_fields,
    words,
};

#[tokio::test]
async fn registration_signs_in_and_opens_the_lobby() {
    let server = Teahouse::start();
    let ming = Person::visitor(&server);
    let response = ming.submit_registration("Ming").await;
    assert_eq!(redirect(&response), "303 /rooms/1");
    let page = ming.page("/rooms/1").await;
    assert!(page.contains("Lobby") && page.contains("Ming"), "{page}");
    let home = ming.get("/").await;
    assert_eq!(redirect(&home), "303 /rooms/1");
    let numbers = server.strings("SELECT phone AS value FROM users");
    assert_eq!(numbers, std::slice::from_ref(&ming.phone));
}

#[tokio::test]
async fn first_user_becomes_admin_and_second_does_not() {
    let server = Teahouse::start();
    Person::register(&server, "first").await;
    Person::register(&server, "second").await;
    let roles = server.strings("SELECT role AS value FROM users ORDER BY id");
    assert_eq!(roles, ["admin", "member"]);
}

#[tokio::test]
async fn concurrent_first_registrations_create_one_admin() {
    // Of 20 the server may tell some to retry.
    for (count, allowed) in [(8, &[303][..]), (20, &[303, 503])] {
        let server = Teahouse::start();
        let people: Vec<_> = (0..count).map(|_| Person::visitor(&server)).collect();
        let statuses = register_at_once(&people).await;
        let is_allowed = |status: &u16| allowed.contains(status);
        assert!(statuses.iter().all(is_allowed), "{statuses:?}");
        assert_eq!(server.count("users WHERE role = 'admin'"), 1);
        let registered = statuses.iter().filter(|status| **status == 303).count();
        let members = server.count("memberships WHERE room_id = 1");
        assert_eq!(members, registered as i64);
    }
}

#[tokio::test]
async fn first_user_in_production_needs_the_printed_setup_code() {
    let key = random_secret();
    let server = Teahouse::with(&[
        ("TEAHOUSE_ENV", "production"),
        ("PUBLIC_ORIGIN", "https://chat.example.org"),
        ("TEAHOUSE__DATA__SECRET_KEY", &key),
    ]);
    let ming = Person::visitor(&server);
    let register = async |code: &str| {
        let (name, password) = (("username", "Ming"), ("password", PASSWORD));
        let (phone, code) = (("phone", &*ming.phone), ("setup_code", code));
        ming.post("/register", &[phone, name, password, code]).await
    };
    for wrong in ["", "000000", "wrong"] {
        let response = register(wrong).await;
        assert_eq!(rejected_fields(response).await, ["setup_code"]);
    }
    assert_eq!(server.count("users"), 0);
    // The code is one of the words of the line; the test does not depend on the line's format.
    let is_it = |line: &String| line.replace('-', "").to_lowercase().contains("setup code");
    let line = server.log().into_iter().find(is_it);
    let line = line.expect("a line with the setup code");
    let parts = line.split(|c: char| !c.is_alphanumeric() && c != '-');
    let words: Vec<_> = parts.filter(|word| word.len() >= 6).collect();
    let mut is_registered = false;
    for word in words {
        is_registered |= register(word).await.status() == 303;
    }
    assert!(is_registered, "no word is the setup code: {line}");
    // The second user needs no code.
    let second = Person::visitor(&server);
    assert!(!second.page("/register").await.contains("setup_code"));
    assert_eq!(second.submit_registration("second").await.status(), 303);
}

#[tokio::test]
async fn each_invalid_field_has_an_error_message() {
    let server = Teahouse::start();
    let ming = Person::visitor(&server);
    let (long, most, thirty_three) = ("p".repeat(129), "密".repeat(128), "n".repeat(33));
    let phone = ming.phone.as_str();
    for (phone, username, password, wrong) in [
        ("", "ming", PASSWORD, vec!["phone"]),
        ("12", "ming", PASSWORD, vec!["phone"]),
        ("tea", "ming", PASSWORD, vec!["phone"]),
        ("+999123456", "ming", PASSWORD, vec!["phone"]),
        ("🍵🍵🍵🍵🍵🍵🍵🍵", "ming", PASSWORD, vec!["phone"]),
        (phone, "", PASSWORD, vec!["username"]),
        (phone, "m", PASSWORD, vec!["username"]),
        (phone, &thirty_three, PASSWORD, vec!["username"]),
        (phone, "two words", PASSWORD, vec!["username"]),
        (phone, "a@b", PASSWORD, vec!["username"]),
        (phone, "<b>ming</b>", PASSWORD, vec!["username"]),
        (phone, "tab\tbed", PASSWORD, vec!["username"]),
        (phone, "nul\0nul", PASSWORD, vec!["username"]),
        (phone, "zero\u{200b}width", PASSWORD, vec!["username"]),
        (phone, "back\u{202e}wards", PASSWORD, vec!["username"]),
        (phone, "茶🍵茶", PASSWORD, vec!["username"]),
        (phone, "ming", "", vec!["password"]),
        (phone, "ming", "seven77", vec!["password"]),
        (phone, "ming", &long, vec!["password"]),
        ("12", "m", "short", vec!["phone", "username", "password"]),
    ] {
        let (name, word) = (("username", username), ("password", password));
        let response = ming
            .post("/register", &[("phone", phone), name, word])
            .await;
        assert_eq!(response.status(), 422, "{phone:?} {username:?}");
        let page = response.text().await.expect("text");
        let found = field_errors(&page);
        assert_eq!(found, wrong, "{phone:?} {username:?} {password:?}");
        let is_shown = password.len() < 6 || !page.contains(password);
        assert!(is_shown, "the page contains the password");
    }
    assert_eq!(server.count("users"), 0);
    assert_eq!(ming.register_with("ming", &most).await.status(), 303);
}

#[tokio::test]
async fn invalid_form_keeps_the_entered_values() {
    let server = Teahouse::start();
    let ming = Person::visitor(&server);
    let (phone, name) = (("phone", "138 99"), ("username", "Ming \"<Tea>\""));
    let (region, password) = (("region", "SG"), ("password", "a-secret-of-mine"));
    let form = [phone, region, name, password];
    let response = ming.post("/register", &form).await;
    assert_eq!(response.status(), 422);
    let page = response.text().await.expect("text");
    assert!(page.contains("138 99"));
    assert!(page.contains("Ming &quot;&lt;Tea&gt;&quot;"), "{page}");
    assert!(page.contains("value=\"SG\"") && !page.contains("a-secret-of-mine"));
    let selected = page.lines().find(|line| line.contains("value=\"SG\""));
    let selected = selected.unwrap_or_default();
    assert!(selected.contains("selected"), "{selected}");
}

#[tokio::test]
async fn validation_errors_are_returned_as_json_on_request() {
    let server = Teahouse::start();
    let ming = Person::visitor(&server);
    let form = [("phone", "12"), ("username", "m"), ("password", "short")];
    let request = ming
        .request(reqwest::Method::POST, "/register")
        .header("accept", "application/json")
        .form(&form);
    let (status, response) = crate::support::person::read(request).await;
    assert_eq!(status, 422);
    for field in ["phone", "username", "password"] {
        let sentence = response["errors"][field].as_str().unwrap_or_default();
        assert!(sentence.len() > 10, "{response}");
    }
}

#[tokio::test]
async fn usernames_may_use_any_script() {
    let server = Teahouse::start();
    let most = "n".repeat(32);
    let names = words("Ming 明明 a.b-c_d josé Żółw मीना ab 한국어 李2");
    for name in names.into_iter().chain([&*most]) {
        let person = Person::register(&server, name).await;
        let shown = server.strings(&format!(
            "SELECT username AS value FROM users WHERE phone = '{}'",
            person.phone
        ));
        assert_eq!(shown, [name], "username is stored as typed");
    }
}

#[tokio::test]
async fn visually_identical_usernames_are_rejected() {
    let server = Teahouse::start();
    Person::register_each(&server, ["Ming", "José", "明明"]).await;
    for same in words("Ming ming MING Ｍｉｎｇ JOSÉ jose\u{301} 明明") {
        let response = Person::visitor(&server).submit_registration(same).await;
        assert_eq!(rejected_fields(response).await, ["username"], "{same}");
    }
    // Different names stay different, independent of the database's collation.
    Person::register(&server, "jose").await;
    Person::register(&server, "ming.").await;
}

#[tokio::test]
async fn phone_numbers_are_rejected_as_usernames() {
    let server = Teahouse::start();
    for name in
        words("13800138000 138-0013-8000 1.380.0138000 １３８００１３８０００ 008613800138000")
    {
        let response = Person::visitor(&server).submit_registration(name).await;
        assert_eq!(rejected_fields(response).await, ["username"], "{name}");
    }
    Person::register(&server, "agent007").await;
}
