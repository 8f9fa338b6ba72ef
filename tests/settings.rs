//! What people change about themselves: names, numbers, passwords, the look of the pages, who may write to them.

use crate::support::person::PASSWORD;
use crate::support::{
    Person, ApiClient, Socket, Teahouse, client_id, field_errors, status_and_location, text_of,
};
use reqwest::Method;
use serde_json::json;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(5);

/// Posts a settings form; answers the status and the fields that have a sentence.
async fn set(person: &Person, page: &str, form: &[(&str, &str)]) -> (u16, Vec<String>) {
    let answer = person.post(&format!("/settings/{page}"), form).await;
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("text");
    (
        status,
        field_errors(&text).into_iter().map(str::to_owned).collect(),
    )
}

fn wrong(field: &str) -> (u16, Vec<String>) {
    (422, vec![field.to_owned()])
}

const DONE: (u16, Vec<String>) = (303, Vec::new());

#[tokio::test]
async fn another_name_is_seen_by_everybody_at_once() {
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
        assert_eq!(
            set(&mei, "profile", &[("username", name)]).await,
            wrong("username"),
            "{what}"
        );
    }
    let page = mei
        .post("/settings/profile", &[("username", "a <b>")])
        .await;
    assert!(
        page.text()
            .await
            .expect("text")
            .contains("value=\"a &lt;b&gt;\"")
    );
    // My own in another case is not taken.
    assert_eq!(set(&mei, "profile", &[("username", "MEI")]).await, DONE);
    let answer = mei
        .post("/settings/profile", &[("username", "Mei_Lin")])
        .await;
    let (status, location) = status_and_location(&answer);
    assert_eq!(status, 303);
    assert!(
        mei.page(location)
            .await
            .contains("id=\"name\" role=\"status\"")
    );
    let renamed = socket.expect_where("room", |frame| frame["room"]["name"] == "Mei_Lin");
    assert_eq!(renamed.await["room"]["id"], room.as_str());
    assert_eq!(li.history("1").await[0]["user"]["username"], "Mei_Lin");
    assert_eq!(li.room(&room).await["name"], "Mei_Lin");
    // The old one stays hers for a while.
    let newcomer = Person::visitor(&server);
    assert_eq!(newcomer.submit_registration("Mei").await.status(), 422);
}

#[tokio::test]
async fn another_number_signs_in_and_needs_the_password() {
    let (server, [mei, li]) = Teahouse::with_users(["Mei", "Li"]).await;
    let form = |phone: &str, password: &str| {
        [
            ("phone", phone.to_owned()),
            ("phone_password", password.to_owned()),
        ]
    };
    for (phone, password, field) in [
        ("+8613912345678", "", "phone_password"),
        ("+8613912345678", "wrong password", "phone_password"),
        ("nonsense", PASSWORD, "phone"),
        (&li.phone, PASSWORD, "phone"),
    ] {
        let form = form(phone, password);
        let form: Vec<_> = form
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert_eq!(set(&mei, "phone", &form).await, wrong(field));
    }
    let new = [
        ("phone", "139 1234 5678"),
        ("region", "CN"),
        ("phone_password", PASSWORD),
    ];
    assert_eq!(set(&mei, "phone", &new).await, DONE);
    assert!(
        mei.page("/settings/account")
            .await
            .contains("+8613912345678")
    );
    let elsewhere = Person::visitor(&server);
    let login = |phone: &str| {
        [
            ("phone", phone.to_owned()),
            ("password", PASSWORD.to_owned()),
        ]
    };
    let old = elsewhere
        .request(Method::POST, "/login")
        .form(&login(&mei.phone))
        .send()
        .await;
    assert_eq!(old.expect("a response").status(), 422);
    let new = elsewhere
        .request(Method::POST, "/login")
        .form(&login("+8613912345678"))
        .send()
        .await;
    assert_eq!(new.expect("a response").status(), 303);
}

#[tokio::test]
async fn another_password_signs_out_everywhere_else() {
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
        assert!(
            new.len() < 9 || !page.contains(new),
            "the password is on the page"
        );
    }
    let form = [("old_password", PASSWORD), ("password", new)];
    assert_eq!(set(&mei, "password", &form).await, DONE);
    let start = Instant::now();
    assert_eq!(there.close_code(SOON).await, 4001);
    println!("the other window was closed after {:?}", start.elapsed());
    here.say("still here").await;
    assert_eq!(other.get_json("/api/auth_user").await.0, 401);
    assert_eq!(program.get("/api/auth_user").await.0, 401);
    assert_eq!(mei.get("/settings/account").await.status(), 200);
    assert_eq!(mei.on_no_device(&server, PASSWORD).await, 422);
    assert_eq!(mei.on_no_device(&server, new).await, 303);
}

impl Person {
    /// What signing in with this password is answered, in a browser of its own.
    async fn on_no_device(&self, server: &Teahouse, password: &str) -> u16 {
        let form = [("phone", self.phone.as_str()), ("password", password)];
        Person::visitor(server)
            .post("/login", &form)
            .await
            .status()
            .as_u16()
    }
}

#[tokio::test]
async fn language_and_colours_are_as_chosen_on_every_page_and_device() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    assert!(mei.page("/rooms/1").await.contains("<html lang=\"en-US\">"));
    let good = [
        ("locale", "zh-CN"),
        ("appearance", "dark"),
        ("time_format", "24"),
    ];
    for (at, field) in [(0, "locale"), (1, "appearance"), (2, "time_format")] {
        let mut form = good;
        form[at].1 = "nonsense";
        assert_eq!(set(&mei, "appearance", &form).await, wrong(field));
    }
    assert_eq!(set(&mei, "appearance", &good).await, DONE);
    let html = "<html lang=\"zh-CN\" data-theme=\"dark\">";
    for path in ["/rooms/1", "/rooms", "/people", "/settings/appearance"] {
        let page = mei.page(path).await;
        assert!(
            page.contains(html) && page.contains("data-time-format=\"24\""),
            "{path}"
        );
        assert!(
            page.contains("name=\"color-scheme\" content=\"dark\""),
            "{path}"
        );
    }
    let other = mei.on_another_device(&server).await;
    assert!(other.page("/rooms/1").await.contains(html));
    // Mistakes and frames too are said in the chosen language.
    let missing = mei.get("/rooms/999").await;
    assert_eq!(missing.status(), 404);
    assert!(missing.text().await.expect("text").contains(html));
    let mut socket = mei.socket().await;
    socket.send(json!({"type": "nonsense"})).await;
    let sentence = socket.expect("error").await["message"].to_string();
    assert!(sentence.contains('请'), "{sentence}");
    // Whoever is not signed in is nobody.
    let door = Person::visitor(&server).page("/login").await;
    assert!(door.contains("<html lang=\"en-US\">"));
    let again = [
        ("locale", ""),
        ("appearance", "system"),
        ("time_format", "language"),
    ];
    assert_eq!(set(&mei, "appearance", &again).await, DONE);
    assert!(mei.page("/rooms/1").await.contains("<html lang=\"en-US\">"));
}

#[tokio::test]
async fn times_are_written_as_chosen_without_scripts_too() {
    let (server, [mei]) = Teahouse::with_users(["Mei"]).await;
    mei.say("at seven").await;
    server
        .database()
        .run("UPDATE messages SET created_at = '2026-11-20 19:04:00.000'");
    let times = async |format: &str, locale: &str| {
        let form = [
            ("locale", locale),
            ("appearance", "light"),
            ("time_format", format),
        ];
        assert_eq!(set(&mei, "appearance", &form).await, DONE);
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

/// What somebody is answered who wants to write to Mei: by the form, the API, the socket, and in a group.
async fn attempts(who: &Person, mei: &str) -> [String; 4] {
    let form = who.post("/directs", &[("to", mei)]).await;
    let status = form.status().as_u16();
    let page = form.text().await.expect("text");
    let form = match field_errors(&page)[..] {
        ["to"] => format!("{status} {}", text_of(&page, "to-error")),
        _ => status.to_string(),
    };
    let (status, value) = who
        .post_json("/api/conversations", &json!({"username": mei}))
        .await;
    let api = format!(
        "{} {}",
        status.as_u16(),
        value["code"].as_str().unwrap_or("ok")
    );
    let mut socket = who.socket().await;
    let frame = json!({"type": "post", "clientId": client_id(), "to": mei, "content": "hi"});
    socket.send(frame).await;
    let answer = socket.first_of(&["ack", "error"]).await;
    let socket = answer["code"].as_str().unwrap_or("ok").to_owned();
    let group = who.post("/directs", &[("to", mei), ("to", "Bo")]).await;
    [form, api, socket, group.status().as_u16().to_string()]
}

#[tokio::test]
async fn only_those_begin_to_write_to_me_who_may() {
    const REFUSED: &str = "422 This person isn’t accepting new conversations from you.";
    let (server, [mei, friend]) = Teahouse::with_users(["Mei", "Friend"]).await;
    let [li, ana] = Person::register_each(&server, ["Li", "Ana"]).await;
    Person::register(&server, "Bo").await;
    let old = friend.direct(&["Mei"]).await;
    assert_eq!(
        set(&mei, "privacy", &[("reachable_by", "friends")]).await,
        wrong("reachable_by")
    );
    let only = async |choice: &str| {
        assert_eq!(
            set(&mei, "privacy", &[("reachable_by", choice)]).await,
            DONE
        );
    };
    only("nobody").await;
    let refused = [REFUSED, "403 forbidden", "forbidden", "422"];
    let rooms = "SELECT COUNT(*) AS value FROM rooms";
    let before = server.database().number(rooms);
    assert_eq!(attempts(&li, "mei").await, refused);
    // Whether a number is somebody's is not told; whether a name is, everybody may know.
    let unknown = [
        "422 No one here has this username or number.",
        "404 not_found",
        "not_found",
        "422",
    ];
    assert_eq!(attempts(&li, &mei.phone).await, unknown);
    assert_eq!(attempts(&li, "+8613999999999").await, unknown);
    // What exists goes on.
    assert_eq!(friend.direct(&["Mei"]).await, old);
    friend.say_in(&old, "we know each other").await;
    // And I may write to whom I like, who may answer.
    let room = mei.direct(&["Ana"]).await;
    ana.say_in(&room, "thank you").await;
    only("roommates").await;
    assert_eq!(
        attempts(&li, "mei").await,
        refused,
        "the Lobby is no room in common"
    );
    assert_eq!(server.database().number(rooms), before + 1);
    mei.create_room("closed", "ours", &[&li]).await;
    let written = attempts(&li, "mei").await;
    assert_eq!(written, ["303", "302 ok", "ok", "303"]);
    only("everybody").await;
    let bo = Person::register(&server, "Bo_2").await;
    assert_eq!(attempts(&bo, "mei").await[0], "303");
}

#[tokio::test]
async fn whoever_refuses_all_tells_the_blocked_no_more_than_others() {
    let (_server, [mei, li, ana]) = Teahouse::with_users(["Mei", "Li", "Ana"]).await;
    mei.submit("post", "/blocks", &[("username", "Li")]).await;
    set(&mei, "privacy", &[("reachable_by", "nobody")]).await;
    let ask = async |who: &Person| {
        let (status, error) = who
            .post_json("/api/conversations", &json!({"username": "Mei"}))
            .await;
        (status.as_u16(), error)
    };
    assert_eq!(ask(&li).await, ask(&ana).await);
}

/// The ids of the devices on the page, and which one is this.
async fn devices(person: &Person) -> (Vec<String>, String) {
    let page = person.page("/settings/sessions").await;
    let (_, current) = page.split_once("data-current").expect("this one");
    let id = |text: &str| {
        let (_, rest) = text.split_once("id=\"device-").expect("an id");
        rest.split('"').next().expect("its end").to_owned()
    };
    let others = page.split("action=\"/settings/sessions/").skip(1);
    let others = others.map(|rest| rest.split('"').next().expect("its end").to_owned());
    (others.collect(), id(current))
}

#[tokio::test]
async fn i_see_my_devices_and_sign_out_those_that_i_do_not_have() {
    let (server, [mei, stranger]) = Teahouse::with_users(["Mei", "Stranger"]).await;
    let phone = mei.on_another_device(&server).await;
    let program = ApiClient::of(&server, &mei).await;
    let (others, here) = devices(&mei).await;
    assert_eq!(others.len(), 2);
    assert!(!others.contains(&here));
    let page = mei.page("/settings/sessions").await;
    assert!(page.contains("127.0.0.1"));
    let hashes = server
        .database()
        .strings("SELECT key_hash AS value FROM sessions");
    assert!(
        hashes.iter().all(|hash| !page.contains(hash)),
        "a key's hash is on the page"
    );
    // Nobody else's.
    for id in [&others[0], "nonsense", "%00"] {
        let path = format!("/settings/sessions/{id}");
        assert_eq!(stranger.submit("delete", &path, &[]).await, 404, "{id}");
    }
    let (_, at_phone) = devices(&phone).await;
    let mut socket = phone.socket().await;
    let start = Instant::now();
    assert_eq!(
        mei.submit("delete", &format!("/settings/sessions/{at_phone}"), &[])
            .await,
        303
    );
    assert_eq!(socket.close_code(SOON).await, 4001);
    println!("the other device left after {:?}", start.elapsed());
    assert_eq!(phone.get_json("/api/auth_user").await.0, 401);
    assert_eq!(Socket::refusal(Socket::request(&phone)).await, 401);
    assert_eq!(
        mei.submit("delete", &format!("/settings/sessions/{at_phone}"), &[])
            .await,
        404
    );
    // All others at once.
    let tablet = mei.on_another_device(&server).await;
    let (mut here, mut there) = (mei.socket().await, tablet.socket().await);
    assert_eq!(mei.submit("delete", "/settings/sessions", &[]).await, 303);
    assert_eq!(there.close_code(SOON).await, 4001);
    assert_eq!(program.get("/api/auth_user").await.0, 401);
    here.say("alone at last").await;
    assert_eq!(devices(&mei).await.0.len(), 0);
    assert_eq!(stranger.get("/settings/sessions").await.status(), 200);
}

#[tokio::test]
async fn my_data_is_all_there_and_nobody_elses() {
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
    assert_eq!(
        answer.headers()["content-disposition"],
        "attachment; filename=\"teahouse.json\""
    );
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.expect("text");
    let data: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    println!("{} bytes of data", text.len());
    assert_eq!(
        (&data["profile"]["username"], &data["profile"]["phone"]),
        (&json!("Mei"), &json!(mei.phone))
    );
    assert_eq!(data["blocks"], json!(["Li"]));
    assert_eq!(data["memberships"].as_array().map(Vec::len), Some(2));
    let kinds: Vec<_> = data["sessions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|session| &session["kind"])
        .collect();
    assert!(kinds.contains(&&json!("cookie")) && kinds.contains(&&json!("token")));
    let messages = data["messages"].as_array().expect("a list");
    assert_eq!(messages.len(), 31);
    assert_eq!(messages[0]["content"], "in the Lobby");
    assert!(messages[1]["deletedAt"].is_string());
    assert!(
        messages
            .iter()
            .any(|message| message["content"] == "mine \"29\"" && message["room"] == "ours")
    );
    assert!(!text.contains("of Li") && !text.contains(&li.phone));
    let secrets = server.database().strings(
        "SELECT key_hash AS value FROM sessions UNION SELECT password_hash AS value FROM users",
    );
    assert!(secrets.iter().all(|secret| !text.contains(secret)));
}
