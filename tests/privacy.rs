//! No route or frame reveals whether a phone number or username has an account (privacy.tsv).

use crate::support::{Person, Teahouse, client_id, person::PASSWORD};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("privacy.tsv");
const UNKNOWN: &str = "+8613999999999";

/// Field by which each route and frame names a user.
fn rows() -> BTreeMap<&'static str, &'static str> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &'static str| line.split_once('\t').unwrap_or_else(|| panic!("{line}"));
    lines.map(row).collect()
}

/// Users that `asker` must not be able to discover by phone number.
struct Cast {
    server: Teahouse,
    asker: Person,
    /// A closed room of the asker.
    room: String,
    hidden: Vec<(&'static str, Person)>,
    reachable: Person,
    deleted: String,
}

impl Cast {
    async fn gather(settings: &[(&str, &str)]) -> Self {
        let server = Teahouse::with(settings);
        let [_admin, asker] = Person::register_each(&server, ["admin", "asker"]).await;
        let mut hidden = Vec::new();
        for name in ["nobody", "roommates", "blocker", "banned"] {
            let person = Person::register(&server, &format!("is_{name}")).await;
            if name == "blocker" {
                let asker = [("username", "asker")];
                assert_eq!(person.submit("post", "/blocks", &asker).await, 303);
            } else if name != "banned" {
                let reach = [("reachable_by", name)];
                assert_eq!(person.submit("put", "/settings/privacy", &reach).await, 303);
            }
            hidden.push((name, person));
        }
        server.command(&["user", "ban", "is_banned"]);
        let deleted = Person::register(&server, "is_gone").await;
        let gone = deleted.delete_account("is_gone", PASSWORD).await;
        assert_eq!(gone.status(), 303);
        Self {
            room: asker.create_room("closed", "room", &[]).await,
            reachable: Person::register(&server, "is_reachable").await,
            deleted: deleted.phone,
            server,
            asker,
            hidden,
        }
    }

    /// Status and body, with the typed value replaced by `@`.
    async fn answer(&self, route: &str, fields: &str, typed: &str) -> (u16, String) {
        let (method, path) = route.split_once(' ').expect("METHOD /path");
        let path = path.replace("{id}", &self.room);
        let field = fields.strip_suffix("=@").expect("a field");
        let request = if method == "GET" {
            let typed = typed.replace('+', "%2B");
            let path = format!("{path}?{field}={typed}");
            self.asker.request(Method::GET, &path)
        } else {
            let request = self
                .asker
                .request(method.parse().expect("a method"), &path)
                .header("accept", "application/json");
            let is_form = ["/login", "/password_links"].contains(&path.as_str());
            let many = ["members", "to"].contains(&field);
            match is_form {
                true => request.form(&[(field, typed), ("password", "wrong password")]),
                false => {
                    let value = if many { json!([typed]) } else { json!(typed) };
                    let mut body =
                        json!({"name": "x", "kind": "closed", "password": "wrong password"});
                    body[field] = value;
                    request.json(&body)
                }
            }
        };
        let answer = request.send().await.expect("a response");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        let encoded = typed.replace('+', "%2B");
        (status, text.replace(typed, "@").replace(&encoded, "@"))
    }

    async fn frame_answer(&self, typed: &str) -> (String, String) {
        let answer = self.asker.frame_answer(typed).await;
        let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        (text("code"), text("message"))
    }

    fn counts(&self) -> [i64; 3] {
        ["rooms", "memberships", "blocks"].map(|table| self.server.count(table))
    }
}

/// Every route of the server as `METHOD /path`, and every frame that clients send.
pub fn routes_and_frames() -> BTreeSet<String> {
    let folder = tempfile::TempDir::new().expect("a folder");
    let routes = Teahouse::run(&["routes"], &[], folder.path()).stdout;
    let mut all: BTreeSet<String> = routes
        .lines()
        .filter(|line| line.contains(" /"))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let source = include_str!("../src/protocol/frames.rs");
    let (_, client) = source
        .split_once("pub enum ClientFrame {")
        .expect("the frames");
    let (client, _) = client.split_once("\n}\n").expect("its end");
    let variants = client
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase));
    let name = |line: &str| line.trim_end_matches([' ', '{', ',']).to_lowercase();
    all.extend(variants.map(name));
    all
}

#[test]
fn privacy_tsv_lists_every_route_and_frame() {
    let listed: BTreeSet<String> = rows().into_keys().map(str::to_owned).collect();
    assert_eq!(listed, routes_and_frames());
}

#[tokio::test]
async fn responses_do_not_reveal_whether_a_phone_number_is_registered() {
    let cast = Cast::gather(&[]).await;
    let before = cast.counts();
    let mut wrong = Vec::new();
    for (route, fields) in rows() {
        if ["-", "own"].contains(&fields) || !route.contains(' ') {
            continue;
        }
        let unknown = cast.answer(route, fields, UNKNOWN).await;
        let hidden = cast
            .hidden
            .iter()
            .map(|(name, person)| (*name, &*person.phone));
        let mut numbers: Vec<_> = hidden.chain([("deleted", &*cast.deleted)]).collect();
        // Only this route looks up users by phone number.
        if route != "POST /directs" {
            numbers.push(("reachable", &*cast.reachable.phone));
        }
        for (name, number) in numbers {
            let known = cast.answer(route, fields, number).await;
            if known != unknown {
                wrong.push(format!("{route}, {name}: {known:?}, not {unknown:?}"));
            }
        }
    }
    let unknown = cast.frame_answer(UNKNOWN).await;
    for (name, person) in &cast.hidden {
        let known = cast.frame_answer(&person.phone).await;
        if known != unknown {
            wrong.push(format!("post, {name}: {known:?}, not {unknown:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unknown.0, "not_found");
    assert_eq!(cast.counts(), before, "rooms, memberships, blocks");
}

#[tokio::test]
async fn number_in_a_list_of_recipients_reveals_nothing() {
    let cast = Cast::gather(&[]).await;
    let too_many: Vec<String> = (0..18).map(|n| format!("+86139888800{n:02}")).collect();
    let ask = async |number: &str, others: &[&str]| {
        let mut to = vec![number];
        to.extend(others);
        let body = json!({"to": to});
        cast.asker.json(Method::POST, "/directs", body).await
    };
    let many: Vec<&str> = too_many.iter().map(String::as_str).collect();
    for others in [
        &["is_reachable"][..],
        &["is_nobody"],
        &["is_blocker"],
        &["asker"],
        &["no-such-person"],
        &many,
    ] {
        let unknown = ask(UNKNOWN, others).await;
        assert_eq!(unknown.0, 404);
        for (name, person) in &cast.hidden {
            let known = ask(&person.phone, others).await;
            assert_eq!(known, unknown, "{name} {others:?}");
        }
    }
    // An existing conversation is found by number, even if the asker may not start a new one.
    let (_, nobody) = &cast.hidden[0];
    let room = nobody.direct(&["asker"]).await;
    assert_eq!(cast.asker.direct(&[&nobody.phone]).await, room);
    cast.asker.direct(&[&cast.reachable.phone]).await;
}

#[tokio::test]
async fn number_lookups_are_rate_limited_whether_they_succeed_or_not() {
    let server = Teahouse::configured(
        "throttle.enabled=true throttle.number_lookups_per_person=5 \
         throttle.registrations_per_address=1000",
    );
    let [mei, li] = Person::register_each(&server, ["Mei", "Li"]).await;
    mei.direct(&[&li.phone]).await;
    assert_eq!(mei.frame_code(&li.phone).await, "ok");
    let body = json!({"to": ["+8613999999990", "+8613999999991"]});
    assert_eq!(mei.json(Method::POST, "/directs", body).await.0, 404);
    assert_eq!(mei.frame_code(UNKNOWN).await, "not_found");
    for number in [UNKNOWN, &li.phone] {
        let answer = mei.post("/directs", &[("to", number)]).await;
        assert_eq!(answer.status(), 429);
        assert!(answer.headers().contains_key("retry-after"));
        assert_eq!(mei.frame_code(number).await, "rate_limited");
    }
    // Usernames are not limited.
    mei.direct(&["Li"]).await;
    li.direct(&[&mei.phone]).await;
}

/// Without phone verification, setting a taken number as one's own reveals that it is taken: 5 attempts per hour.
#[tokio::test]
async fn changes_of_the_own_number_are_rate_limited() {
    let settings = "throttle.enabled=true throttle.registrations_per_address=1000";
    let server = Teahouse::configured(settings);
    let [mei, li] = Person::register_each(&server, ["Mei", "Li"]).await;
    let claim = async |number: &str| {
        let body = json!({"phone": number, "phone_password": PASSWORD});
        mei.json(Method::PUT, "/settings/phone", body).await.0
    };
    for _ in 0..5 {
        assert_eq!(claim(&li.phone).await, 422);
    }
    assert_eq!(claim(&li.phone).await, 429);
    assert_eq!(claim("+8613900000001").await, 429);
}

impl Person {
    /// The response to a message to this user.
    async fn frame_answer(&self, to: &str) -> Value {
        let mut socket = self.socket().await;
        let frame = json!({"type": "post", "clientId": client_id(), "to": to, "content": "hi"});
        socket.send(frame).await;
        socket.first_of(&["ack", "error"]).await
    }

    /// The error code in response to a message to this user, or `ok`.
    async fn frame_code(&self, to: &str) -> String {
        let answer = self.frame_answer(to).await;
        answer["code"].as_str().unwrap_or("ok").to_owned()
    }
}

/// A body with every field by which a request can name a user.
fn body_naming(name: &str) -> Value {
    let mut body = Map::new();
    for field in ["username", "user", "invitee"] {
        body.insert(field.to_owned(), json!(name));
    }
    for field in ["members", "to"] {
        body.insert(field.to_owned(), json!([name]));
    }
    for (field, value) in [("name", "trap"), ("kind", "closed"), ("content", "boo")] {
        body.insert(field.to_owned(), json!(value));
    }
    Value::Object(body)
}

#[tokio::test]
async fn no_route_adds_a_user_who_does_not_accept_the_asker_to_a_room() {
    let cast = Cast::gather(&[]).await;
    let asker = &cast.asker;
    let mut wrong = Vec::new();
    for (name, person) in &cast.hidden {
        if *name == "banned" {
            continue;
        }
        let mut socket = person.socket().await;
        for route in rows().into_keys() {
            let Some((method, path)) = route.split_once(' ') else {
                continue;
            };
            if method == "GET" || path == "/logout" {
                continue;
            }
            // A room of its own, because the request may delete it.
            let room = match path.starts_with("/rooms/{id}") {
                true => asker.create_room("closed", "trap", &[]).await,
                false => cast.room.clone(),
            };
            let path = path.replace("{id}", &room).replace("{seq}", "1");
            let mut body = body_naming(&person.name);
            body["confirm"] = json!("");
            asker
                .json(method.parse().expect("a method"), &path, body)
                .await;
            if path == "/directs" {
                let body = json!({"to": [person.name, "is_reachable"]});
                let (status, _) = asker.json(Method::POST, &path, body).await;
                assert_eq!(status, 403);
            }
            let (rooms, pending) = (person.rooms().await, person.invitations().await);
            if rooms.len() != 1 || !pending.is_empty() {
                wrong.push(format!("{route} reaches {name}: {rooms:?} {pending:?}"));
                break;
            }
        }
        asker.frame_code(&person.name).await;
        assert_eq!(person.rooms().await.len(), 1);
        socket.expect_none("invitation").await;
        socket.expect_none("room").await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn invitation_response_is_the_same_whether_the_user_accepts_invitations_or_not() {
    let cast = Cast::gather(&[]).await;
    let path = format!("/rooms/{}/members", cast.room);
    let ask = async |person: &Person| {
        let body = json!({"username": person.name});
        cast.asker.json(Method::POST, &path, body).await
    };
    let invited = ask(&cast.reachable).await;
    assert_eq!(invited, (202, json!({"state": "invited"})));
    assert_eq!(ask(&cast.reachable).await, invited, "pending");
    let pending = cast.reachable.invitations().await;
    let id = pending[0]["id"].as_str().expect("an id");
    let decline = format!("/invitations/{id}");
    assert_eq!(cast.reachable.submit("delete", &decline, &[]).await, 303);
    assert_eq!(ask(&cast.reachable).await, invited, "declined");
    assert!(cast.reachable.invitations().await.is_empty());
    for (name, person) in cast.hidden.iter().filter(|(name, _)| *name != "banned") {
        assert_eq!(ask(person).await, invited, "{name}");
        assert!(person.invitations().await.is_empty(), "{name}");
    }
}
