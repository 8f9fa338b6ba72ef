//! Account settings: username, phone number, password, appearance, privacy, devices and export.

use crate::support::person::PASSWORD;
use crate::support::{
    ApiClient, Person, Socket, Teahouse, client_id, field_errors, pairs, status_and_location,
    text_of,
};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(5);

/// Posts a settings form; returns the status and the fields with an error.
async fn set(person: &Person, page: &str, form: &[(&str, &str)]) -> (u16, Vec<String>) {
    let answer = person.post(&format!("/settings/{page}"), form).await;
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    let wrong = field_errors(&text).into_iter().map(str::to_owned);
    (status, wrong.collect())
}

fn wrong(field: &str) -> (u16, Vec<String>) {
    (422, vec![field.to_owned()])
}

const SAVED: (u16, Vec<String>) = (303, Vec::new());

#[tokio::test]
async fn new_username_is_validated_and_shown_to_everyone_at_once() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let room = li.direct(&["Mei"]).await;
    mei.say("under my old name").await;
    let mut socket = li.socket().await;
    for (name, what) in [
        ("lI", "taken"),
        ("", "missing"),
        ("a b", "invalid"),
        ("13800138000", "a number"),
    ] {
        let result = set(&mei, "profile", &[("username", name)]).await;
        assert_eq!(result, wrong("username"), "{what}");
    }
    let form = [("username", "a <b>")];
    let page = mei.post("/settings/profile", &form).await.text().await;
    assert!(page.expect("text").contains("value=\"a &lt;b&gt;\""));
    // The own name in another case is not taken.
    assert_eq!(set(&mei, "profile", &[("username", "MEI")]).await, SAVED);
    let form = [("username", "Mei_Lin")];
    let answer = mei.post("/settings/profile", &form).await;
    let (status, location) = status_and_location(&answer);
    assert_eq!(status, 303);
    let page = mei.page(location).await;
    assert!(page.contains("id=\"name\" role=\"status\""));
    let renamed = socket.expect_where("room", |frame| frame["room"]["name"] == "Mei_Lin");
    assert_eq!(renamed.await["room"]["id"], room.as_str());
    assert_eq!(li.history("1").await[0]["user"]["username"], "Mei_Lin");
    assert_eq!(li.room(&room).await["name"], "Mei_Lin");
    // The old name stays reserved.
    let newcomer = Person::visitor(&server);
    assert_eq!(newcomer.submit_registration("Mei").await.status(), 422);
}

#[tokio::test]
async fn changing_the_phone_number_requires_the_password_and_changes_the_login() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    for (phone, password, field) in [
        ("+8613912345678", "", "phone_password"),
        ("+8613912345678", "wrong password", "phone_password"),
        ("nonsense", PASSWORD, "phone"),
        (&li.phone, PASSWORD, "phone"),
    ] {
        let form = [("phone", phone), ("phone_password", password)];
        assert_eq!(set(&mei, "phone", &form).await, wrong(field));
    }
    let new = [
        ("phone", "139 1234 5678"),
        ("region", "CN"),
        ("phone_password", PASSWORD),
    ];
    assert_eq!(set(&mei, "phone", &new).await, SAVED);
    let page = mei.page("/settings/account").await;
    assert!(page.contains("+8613912345678"));
    for (phone, status) in [(mei.phone.as_str(), 422), ("+8613912345678", 303)] {
        let answer = Person::visitor(&server).log_in(phone, PASSWORD).await;
        assert_eq!(answer.status(), status, "{phone}");
    }
}

#[tokio::test]
async fn changing_the_password_ends_all_other_sessions() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    let other = mei.on_another_device(&server).await;
    let program = ApiClient::of(&server, &mei).await;
    let (mut here, mut there) = (mei.socket().await, other.socket().await);
    let new = "another correct horse";
    for (old, new, field) in [
        ("", new, "old_password"),
        ("wrong password", new, "old_password"),
        (PASSWORD, "short", "password"),
        (PASSWORD, &"x".repeat(129), "password"),
    ] {
        let form = [("old_password", old), ("password", new)];
        let answer = mei.post("/settings/password", &form).await;
        assert_eq!(answer.status(), 422);
        let page = answer.text().await.expect("text");
        assert_eq!(field_errors(&page), [field]);
        let is_hidden = new.len() < 9 || !page.contains(new);
        assert!(is_hidden, "the page contains the password");
    }
    let form = [("old_password", PASSWORD), ("password", new)];
    assert_eq!(set(&mei, "password", &form).await, SAVED);
    let start = Instant::now();
    assert_eq!(there.close_code(SOON).await, 4001);
    println!(
        "password changed: other session closed after {:?}",
        start.elapsed()
    );
    here.say("still here").await;
    assert_eq!(other.get_json("/api/auth_user").await.0, 401);
    assert_eq!(program.get("/api/auth_user").await.0, 401);
    assert_eq!(mei.get("/settings/account").await.status(), 200);
    for (password, status) in [(PASSWORD, 422), (new, 303)] {
        let browser = Person::visitor(&server);
        let answer = browser.log_in(&mei.phone, password).await;
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn appearance_settings_apply_to_every_page_device_and_message() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    assert!(mei.page("/rooms/1").await.contains("<html lang=\"en-US\">"));
    let good = pairs("locale=zh-CN appearance=dark time_format=24");
    for (at, field) in [(0, "locale"), (1, "appearance"), (2, "time_format")] {
        let mut form = good.clone();
        form[at].1 = "nonsense";
        assert_eq!(set(&mei, "appearance", &form).await, wrong(field));
    }
    assert_eq!(set(&mei, "appearance", &good).await, SAVED);
    let html = "<html lang=\"zh-CN\" data-theme=\"dark\">";
    for path in ["/rooms/1", "/rooms", "/people", "/settings/appearance"] {
        let page = mei.page(path).await;
        for part in [
            html,
            "data-time-format=\"24\"",
            "name=\"color-scheme\" content=\"dark\"",
        ] {
            assert!(page.contains(part), "{path}: {part}");
        }
    }
    let other = mei.on_another_device(&server).await;
    assert!(other.page("/rooms/1").await.contains(html));
    // Error pages and frames use the chosen language too.
    let missing = mei.get("/rooms/999").await;
    assert_eq!(missing.status(), 404);
    assert!(missing.text().await.expect("text").contains(html));
    let mut socket = mei.socket().await;
    socket.send(json!({"type": "nonsense"})).await;
    let sentence = socket.expect("error").await["message"].to_string();
    assert!(sentence.contains('请'), "{sentence}");
    // Signed-out visitors get the default.
    let login = Person::visitor(&server).page("/login").await;
    assert!(login.contains("<html lang=\"en-US\">"));
    let defaults = pairs("locale= appearance=system time_format=language");
    assert_eq!(set(&mei, "appearance", &defaults).await, SAVED);
    assert!(mei.page("/rooms/1").await.contains("<html lang=\"en-US\">"));
}

#[tokio::test]
async fn server_renders_times_in_the_chosen_format() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    mei.say("at seven").await;
    server.execute("UPDATE messages SET created_at = '2026-11-20 19:04:00.000'");
    let times = async |format: &str, locale: &str| {
        let form = [
            ("locale", locale),
            ("appearance", "light"),
            ("time_format", format),
        ];
        assert_eq!(set(&mei, "appearance", &form).await, SAVED);
        let page = mei.page("/rooms/1/messages").await;
        let (_, rest) = page
            .split_once("<time class=\"message-time\"")
            .expect("a time");
        let (_, rest) = rest.split_once('>').expect("its text");
        rest.split('<').next().expect("its end").to_owned()
    };
    assert_eq!(times("language", "en-US").await, "19:04");
    assert_eq!(times("24", "en-US").await, "19:04");
    assert_eq!(times("12", "en-US").await, "7:04 PM");
    assert_eq!(times("12", "zh-CN").await, "下午7:04");
}

/// Results of attempts to message Mei: by form, API, WebSocket and as a group.
async fn attempts(who: &Person, mei: &str) -> [String; 4] {
    let form = who.post("/directs", &[("to", mei)]).await;
    let status = form.status().as_u16();
    let page = form.text().await.expect("text");
    let form = match field_errors(&page)[..] {
        ["to"] => format!("{status} {}", text_of(&page, "to-error")),
        _ => status.to_string(),
    };
    let body = json!({"username": mei});
    let (status, value) = who.post_json("/api/conversations", &body).await;
    let code = value["code"].as_str().unwrap_or("ok");
    let api = format!("{} {code}", status.as_u16());
    let mut socket = who.socket().await;
    let frame = json!({"type": "post", "clientId": client_id(), "to": mei, "content": "hi"});
    socket.send(frame).await;
    let answer = socket.first_of(&["ack", "error"]).await;
    let socket = answer["code"].as_str().unwrap_or("ok").to_owned();
    let group = who.post("/directs", &[("to", mei), ("to", "Bo")]).await;
    [form, api, socket, group.status().as_u16().to_string()]
}

#[tokio::test]
async fn direct_message_policy_limits_who_may_start_a_conversation() {
    const REFUSED: &str = "422 This person isn’t accepting new conversations from you.";
    let (server, [mei, friend]) = Teahouse::with_users(["Mei", "Friend"]).await;
    let [li, ana] = Person::register_each(&server, ["Li", "Ana"]).await;
    Person::register(&server, "Bo").await;
    let old = friend.direct(&["Mei"]).await;
    let friends = [("reachable_by", "friends")];
    assert_eq!(set(&mei, "privacy", &friends).await, wrong("reachable_by"));
    let only = async |choice: &str| {
        let form = [("reachable_by", choice)];
        assert_eq!(set(&mei, "privacy", &form).await, SAVED);
    };
    only("nobody").await;
    let refused = [REFUSED, "403 forbidden", "forbidden", "422"];
    let before = server.count("rooms");
    assert_eq!(attempts(&li, "mei").await, refused);
    // Usernames are public; whether a number has an account is not revealed.
    let unknown = [
        "422 No one here has this username or number.",
        "404 not_found",
        "not_found",
        "422",
    ];
    assert_eq!(attempts(&li, &mei.phone).await, unknown);
    assert_eq!(attempts(&li, "+8613999999999").await, unknown);
    // Existing conversations continue.
    assert_eq!(friend.direct(&["Mei"]).await, old);
    friend.say_in(&old, "we know each other").await;
    // Mei may still start conversations, and the recipients may reply.
    let room = mei.direct(&["Ana"]).await;
    ana.say_in(&room, "thank you").await;
    only("roommates").await;
    let lobby_only = attempts(&li, "mei").await;
    assert_eq!(lobby_only, refused, "the Lobby counts as a shared room");
    assert_eq!(server.count("rooms"), before + 1);
    mei.create_room("closed", "ours", &[&li]).await;
    let written = attempts(&li, "mei").await;
    assert_eq!(written, ["303", "302 ok", "ok", "303"]);
    only("everybody").await;
    let bo = Person::register(&server, "Bo_2").await;
    assert_eq!(attempts(&bo, "mei").await[0], "303");
}

#[tokio::test]
async fn refusing_everyone_does_not_reveal_blocks() {
    let (_server, [mei, li, ana]) = Teahouse::with_users(["Mei", "Li", "Ana"]).await;
    mei.submit("post", "/blocks", &[("username", "Li")]).await;
    set(&mei, "privacy", &[("reachable_by", "nobody")]).await;
    let ask = async |who: &Person| {
        let body = json!({"username": "Mei"});
        who.json(Method::POST, "/api/conversations", body).await
    };
    assert_eq!(ask(&li).await, ask(&ana).await);
}

/// Ids of the other devices on the page, and of this one.
async fn devices(person: &Person) -> (Vec<String>, String) {
    let page = person.page("/settings/sessions").await;
    let (_, current) = page.split_once("data-current").expect("the current device");
    let id = |text: &str| {
        let (_, rest) = text.split_once("id=\"device-").expect("an id");
        rest.split('"').next().expect("its end").to_owned()
    };
    let others = page.split("action=\"/settings/sessions/").skip(1);
    let others = others.map(|rest| rest.split('"').next().expect("its end").to_owned());
    (others.collect(), id(current))
}

#[tokio::test]
async fn user_sees_own_devices_and_signs_out_one() {
    let (server, [mei, stranger]) = Teahouse::with_users(["Mei", "Stranger"]).await;
    let phone = mei.on_another_device(&server).await;
    ApiClient::of(&server, &mei).await;
    let (others, here) = devices(&mei).await;
    assert_eq!(others.len(), 2);
    assert!(!others.contains(&here));
    let page = mei.page("/settings/sessions").await;
    assert!(page.contains("127.0.0.1"));
    let hashes = server.strings("SELECT key_hash AS value FROM sessions");
    let is_hidden = |hash: &String| !page.contains(hash);
    let all_match = hashes.iter().all(is_hidden);
    assert!(all_match, "the page contains a key's hash");
    // Other users' sessions cannot be ended.
    for id in [&others[0], "nonsense", "%00"] {
        let path = format!("/settings/sessions/{id}");
        assert_eq!(stranger.submit("delete", &path, &[]).await, 404, "{id}");
    }
    let (_, at_phone) = devices(&phone).await;
    let mut socket = phone.socket().await;
    let path = format!("/settings/sessions/{at_phone}");
    assert_eq!(mei.submit("delete", &path, &[]).await, 303);
    let start = Instant::now();
    assert_eq!(socket.close_code(SOON).await, 4001);
    println!("device signed out: closed after {:?}", start.elapsed());
    assert_eq!(phone.get_json("/api/auth_user").await.0, 401);
    assert_eq!(Socket::refusal(Socket::request(&phone)).await, 401);
    assert_eq!(mei.submit("delete", &path, &[]).await, 404);
}

#[tokio::test]
async fn user_signs_out_all_other_devices_at_once() {
    let (server, [mei, other]) = Teahouse::with_users(["Mei", "Other"]).await;
    let program = ApiClient::of(&server, &mei).await;
    let tablet = mei.on_another_device(&server).await;
    let (mut here, mut there) = (mei.socket().await, tablet.socket().await);
    assert_eq!(mei.submit("delete", "/settings/sessions", &[]).await, 303);
    assert_eq!(there.close_code(SOON).await, 4001);
    assert_eq!(program.get("/api/auth_user").await.0, 401);
    here.say("alone at last").await;
    assert_eq!(devices(&mei).await.0.len(), 0);
    assert_eq!(other.get("/settings/sessions").await.status(), 200);
}

#[tokio::test]
async fn export_contains_all_own_data_and_nothing_else() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    ApiClient::of(&server, &mei).await;
    mei.submit("post", "/blocks", &[("username", "Li")]).await;
    let room = mei.create_room("closed", "ours", &[&li]).await;
    for n in 0..30 {
        mei.say_in(&room, &format!("mine \"{n}\"")).await;
        li.say_in(&room, "of Li").await;
    }
    mei.say("in the Lobby").await;
    mei.delete_message(&room, 1).await;
    let answer = mei.get("/settings/export").await;
    assert_eq!(answer.status(), 200);
    let disposition = &answer.headers()["content-disposition"];
    assert_eq!(disposition, "attachment; filename=\"teahouse.json\"");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.expect("text");
    let data: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(data["profile"]["username"], "Mei");
    assert_eq!(data["profile"]["phone"], mei.phone);
    assert_eq!(data["blocks"], json!(["Li"]));
    assert_eq!(data["memberships"].as_array().map(Vec::len), Some(2));
    let sessions = data["sessions"].as_array().expect("a list");
    for kind in ["cookie", "token"] {
        let is_found = sessions.iter().any(|session| session["kind"] == kind);
        assert!(is_found, "{kind}");
    }
    let messages = data["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 31);
    assert_eq!(messages[0]["content"], "in the Lobby");
    assert!(messages[1]["deletedAt"].is_string());
    let is_last = |message: &serde_json::Value| {
        message["content"] == "mine \"29\"" && message["room"] == "ours"
    };
    assert!(messages.iter().any(is_last));
    assert!(!text.contains("of Li") && !text.contains(&li.phone));
    let sql =
        "SELECT key_hash AS value FROM sessions UNION SELECT password_hash AS value FROM users";
    let secrets = server.strings(sql);
    assert!(secrets.iter().all(|secret| !text.contains(secret)));
}
