//! Names of users and rooms: scripts, invisible characters and names that are taken.

use crate::support::{LOBBY, Person, Teahouse, client_id, words};
use reqwest::Method;
use serde_json::{Value, json};

/// Texts without a visible character.
const INVISIBLE: [&str; 12] = [
    "\u{200b}",
    "\u{200d}\u{2060}\u{feff}",
    "\u{ad}\u{34f}\u{61c}",
    "\u{202e}\u{2066}\u{2069}",
    "\u{3164}",
    "\u{115f}\u{1160}\u{ffa0}",
    "\u{17b4}\u{17b5}",
    "\u{2800}\u{2800}",
    "\u{fe0f}\u{e0101}",
    "\u{301}\u{323}",
    "\u{200b} \u{3000}\u{20e3}",
    "\u{e0041}\u{e007f}",
];

/// Texts with invisible characters that belong to them; stored unchanged.
const VISIBLE: [&str; 8] = [
    "👨\u{200d}👩\u{200d}👧",
    "❤\u{fe0f}",
    "1\u{fe0f}\u{20e3}",
    "🇨🇳",
    "🏴\u{e0067}\u{e0062}\u{e007f}",
    "👍🏽",
    "e\u{301}",
    "می\u{200c}خواهم",
];

async fn name_error(person: &Person, name: &str) -> Option<String> {
    let body = json!({"phone": person.phone, "username": name, "password": "a few words of tea"});
    let request = person
        .request(Method::POST, "/register")
        .header("accept", "application/json")
        .form(&body);
    let answer = request.send().await.expect("a response");
    if answer.status() == 303 {
        return None;
    }
    assert_eq!(answer.status(), 422, "{name}");
    let answer: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    let errors = answer["errors"].as_object().expect("errors");
    assert_eq!(errors.len(), 1, "{answer}");
    Some(errors["username"].as_str().expect("a message").to_owned())
}

#[tokio::test]
async fn usernames_in_any_script_are_accepted_with_their_vowel_marks() {
    let server = Teahouse::start();
    let names = "שָׁלוֹם יִשְׂרָאֵל דָּוִד2 אבג-דה محمّد مُحَمَّد عَبْدُ_اللّٰه علي٢ ދިވެހި \
        މުޙައްމަދު ܫܠܵܡܵܐ 𞤀𞤣𞤤𞤢𞤥 Ngữ नमस्ते ไทย";
    for name in words(names) {
        let person = Person::visitor(&server);
        assert_eq!(name_error(&person, name).await, None, "{name}");
        let shown = server.strings("SELECT username AS value FROM users ORDER BY id DESC");
        assert_eq!(shown[0], name);
        let other = Person::visitor(&server);
        let taken = name_error(&other, name).await.expect("taken");
        assert!(taken.contains("is taken"), "{name}: {taken}");
    }
}

#[tokio::test]
async fn error_says_which_rule_a_username_breaks() {
    let server = Teahouse::start();
    let visitor = Person::visitor(&server);
    let long = "茶".repeat(33);
    for (name, sentence) in [
        ("", "Choose a username"),
        ("m", "at least 2 characters"),
        (&*long, "at most 32 characters"),
        ("two words", "contain spaces"),
        ("two\u{3000}words", "contain spaces"),
        ("a@b", "“@”"),
        ("茶🍵茶", "“🍵”"),
        ("zero\u{200b}width", "“U+200B”"),
        ("\u{202e}abc", "“U+202E”"),
        ("\u{3164}\u{3164}", "U+3164"),
        ("\u{301}\u{302}", "only of accents or vowel marks"),
        ("\u{5b8}\u{5c1}", "only of accents or vowel marks"),
        ("13800138000", "phone number"),
        ("138ー0013ー8000", "phone number"),
        ("١٣٨٠٠١٣٨٠٠٠", "phone number"),
        ("שלוםabc", "single direction"),
        ("abcשלום", "single direction"),
        ("1שלום", "single direction"),
        ("שלום-", "single direction"),
        ("محمد1٢", "single direction"),
    ] {
        let refusal = name_error(&visitor, name).await.unwrap_or_default();
        let is_shown = refusal.contains(sentence);
        assert!(is_shown, "{}: {refusal:?}", name.escape_unicode());
    }
    assert_eq!(name_error(&visitor, "123456").await, None);
}

#[tokio::test]
async fn texts_without_a_visible_character_are_rejected_everywhere() {
    let (_server, [mei]) = Teahouse::with_users(["mei"]).await;
    let room = mei.create_room("closed", "tea", &[]).await;
    let mut socket = mei.socket().await;
    let seq = mei.say("visible").await["seq"].as_i64().expect("a number");
    for text in INVISIBLE {
        let shown = text.escape_unicode().to_string();
        let said = json!({"content": text, "clientId": client_id()});
        for path in ["/rooms/1/messages", "/api/rooms/1/messages"] {
            let (status, answer) = mei.post_json(path, &said).await;
            let is_expected = matches!(status.as_u16(), 404 | 405 | 422);
            assert!(is_expected, "{path} {shown}: {answer}");
        }
        let form = [("content", text), ("clientId", &client_id())];
        let status = mei.post("/rooms/1/messages", &form).await.status();
        assert_eq!(status, 422, "{shown}");
        socket.post(LOBBY, text).await;
        assert_eq!(socket.expect("error").await["code"], "empty", "{shown}");
        let edit = json!({"type": "edit", "roomId": LOBBY, "seq": seq, "content": text});
        socket.send(edit).await;
        assert_eq!(socket.expect("error").await["code"], "empty", "{shown}");
        assert_eq!(mei.edit(LOBBY, seq, text).await.0, 422, "{shown}");
        let this = format!("/rooms/{room}");
        let named = |kind| json!({"name": text, "kind": kind});
        let about = json!({"name": "x", "topic": text});
        for (path, method, body, field) in [
            ("/rooms", Method::POST, named("closed"), "name"),
            ("/api/rooms", Method::POST, named("open"), "name"),
            ("/rooms", Method::POST, about, "topic"),
            (&*this, Method::PATCH, json!({"name": text}), "name"),
            (&*this, Method::PATCH, json!({"topic": text}), "topic"),
        ] {
            let (status, answer) = mei.json(method, path, body).await;
            assert_eq!(status, 422, "{path} {shown}: {answer}");
            let is_expected = answer["errors"][field].is_string();
            assert!(is_expected, "{path} {shown}: {answer}");
        }
    }
    assert_eq!(mei.history(LOBBY).await.len(), 1);
    for text in VISIBLE {
        assert_eq!(mei.say(text).await["content"], text);
        let body = json!({"name": text, "topic": text});
        let (status, _) = mei
            .json(Method::PATCH, &format!("/rooms/{room}"), body)
            .await;
        assert_eq!(status, 204, "{text}");
        assert_eq!(mei.room(&room).await["name"], text);
    }
}

/// Creates a room; returns the status and whether there is an error at the name.
async fn create(person: &Person, name: &str, kind: &str) -> (u16, bool) {
    let body = json!({"name": name, "kind": kind});
    let (status, answer) = person.json(Method::POST, "/api/rooms", body).await;
    (status, answer["errors"]["name"].is_string())
}

/// Changes a room; returns the status and whether there is an error at the name.
async fn change(person: &Person, id: &str, body: Value) -> (u16, bool) {
    let path = format!("/rooms/{id}");
    let (status, answer) = person.json(Method::PATCH, &path, body).await;
    (status, answer["errors"]["name"].is_string())
}

#[tokio::test]
async fn names_of_open_rooms_are_unique_in_every_spelling() {
    let (_server, [mei, li]) = Teahouse::with_users(["mei", "li"]).await;
    mei.create_room("open", "Café Tea", &[]).await;
    let other = li.create_room("open", "other", &[]).await;
    for same in [
        "Café Tea",
        "CAFÉ TEA",
        "Cafe\u{301}  tea",
        "Ｃａｆé\u{3000}Ｔｅａ",
        "Caf\u{e9}\u{a0}\u{200b}Te\u{ad}a\u{2060}",
    ] {
        assert_eq!(create(&li, same, "open").await, (422, true), "{same}");
        let changed = change(&li, &other, json!({"name": same})).await;
        assert_eq!(changed, (422, true), "{same}");
        assert_eq!(create(&li, same, "closed").await, (201, false), "{same}");
        let page = li.post("/rooms", &[("name", same), ("kind", "open")]).await;
        assert_eq!(page.status(), 422, "{same}");
    }
}

#[tokio::test]
async fn lobby_names_of_both_languages_are_reserved() {
    let (_server, [li]) = Teahouse::with_users(["li"]).await;
    let closed = li.create_room("closed", "café tea", &[]).await;
    for lobby in [
        "Lobby",
        "LOBBY",
        " lobby ",
        "Ｌｏｂｂｙ",
        "Lob\u{200b}by",
        "L o b b y",
        "大厅",
        "大 厅",
        "大\u{2060}厅",
    ] {
        for kind in ["open", "closed"] {
            assert_eq!(create(&li, lobby, kind).await, (422, true), "{lobby}");
        }
        let changed = change(&li, &closed, json!({"name": lobby})).await;
        assert_eq!(changed, (422, true), "{lobby}");
    }
}

#[tokio::test]
async fn closed_room_needs_a_unique_name_to_become_open() {
    let (_server, [mei, li]) = Teahouse::with_users(["mei", "li"]).await;
    mei.create_room("open", "Café Tea", &[]).await;
    let closed = li.create_room("closed", "café tea", &[]).await;
    let open = |name: &str| json!({"kind": "open", "name": name, "confirm": "café tea"});
    assert_eq!(change(&li, &closed, open("café tea")).await, (422, true));
    assert_eq!(change(&li, &closed, open("café two")).await.0, 204);
    assert_eq!(create(&li, "CAFÉ TWO", "open").await, (422, true));
}

#[tokio::test]
async fn deleting_or_renaming_an_open_room_frees_its_name() {
    let (_server, [mei, li]) = Teahouse::with_users(["mei", "li"]).await;
    let room = mei.create_room("open", "Café Tea", &[]).await;
    let other = li.create_room("open", "other", &[]).await;
    // A room may change the spelling of its name.
    let body = json!({"name": "CAFÉ TEA", "topic": "x"});
    assert_eq!(change(&mei, &room, body).await.0, 204);
    let body = json!({"confirm": "CAFÉ TEA"});
    let path = format!("/rooms/{room}");
    assert_eq!(mei.json(Method::DELETE, &path, body).await.0, 204);
    assert_eq!(create(&li, "Café Tea", "open").await, (201, false));
    assert_eq!(change(&li, &other, json!({"name": "another"})).await.0, 204);
    assert_eq!(create(&li, "other", "open").await, (201, false));
}

#[tokio::test]
async fn concurrent_creation_of_rooms_with_one_name_creates_one() {
    let server = Teahouse::start();
    let beside = server.second_server();
    let mei = Person::register(&server, "mei").await;
    let there = mei.at(&beside);
    let makers: Vec<_> = (0..12)
        .map(|n| (if n % 2 == 0 { &mei } else { &there }, n))
        .collect();
    let tries = makers.into_iter().map(|(person, n)| async move {
        let name = if n % 3 == 0 { "GREEN TEA" } else { "green tea" };
        let body = json!({"name": name, "kind": "open"});
        person.post_json("/api/rooms", &body).await.0.as_u16()
    });
    let mut statuses = futures_util::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (201, &[422; 11][..]));
}

#[tokio::test]
async fn server_starts_with_open_rooms_that_share_a_name() {
    let (mut server, [mei]) = Teahouse::with_users(["mei"]).await;
    server.kill();
    for name in ["Old Tea", "old  tea", "OLD TEA"] {
        server.database().add_room("open", name, &["mei"]);
    }
    server.restart();
    let mei = mei.at(&server);
    let create = async || {
        mei.post_json("/api/rooms", &json!({"name": "old tea"}))
            .await
    };
    let (status, answer) = create().await;
    assert_eq!(status, 422, "{answer}");
    assert_eq!(mei.rooms().await.len(), 4, "all rooms are listed");
    // An admin closes them with SQL: the name is free again.
    server.execute("UPDATE rooms SET kind = 'closed' WHERE kind = 'open' AND id > 1");
    let (status, answer) = create().await;
    assert_eq!(status, 201, "{answer}");
}
