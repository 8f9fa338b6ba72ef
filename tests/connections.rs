//! A person's connections: how many there are, and which one yields.

use crate::support::{PATIENCE, Person, Program, Teahouse};
use reqwest::Method;
use serde_json::json;

const LIMITED: &[(&str, &str)] = &[
    ("TEAHOUSE__THROTTLE__ENABLED", "true"),
    ("TEAHOUSE__SOCKET__PER_PERSON", "3"),
];

async fn ask(program: &Program, method: Method, path: &str) -> (u16, serde_json::Value) {
    let answer = program.request(method, path).send().await;
    let answer = answer.expect("an answer");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

#[tokio::test]
async fn the_oldest_hidden_connection_yields_its_place() {
    let house = Teahouse::with(LIMITED);
    let [ming, ana] = Person::register_each(&house, ["Ming", "Ana"]).await;
    let program = Program::of(&house, &ming).await;
    let mut others = ana.socket().await;
    let mut first = ming.socket().await;
    let mut second = ming.socket().await;
    let (status, body) = ask(&program, Method::GET, "/api/connections").await;
    assert_eq!((status, body), (200, json!({"open": 2, "limit": 3})));
    let mut stream = program.stream("/api/events?away=true", None).await;
    stream.expect(|event| event["type"] == "hello").await;
    let (status, body) = ask(&program, Method::GET, "/api/connections").await;
    assert_eq!((status, &body["code"]), (429, &json!("too_many_sockets")));
    second
        .send(json!({"type": "view", "roomId": "1", "away": true}))
        .await;
    second.expect("presence").await;
    // Hidden before visible, the older one first; a stream says its code as a frame.
    let take = || ask(&program, Method::DELETE, "/api/connections/oldest");
    assert_eq!(take().await.0, 204);
    assert_eq!(second.close_code(PATIENCE).await, 4009);
    assert_eq!(take().await.0, 204);
    let goodbye = stream.expect(|event| event["type"] == "closed").await;
    assert_eq!(goodbye.data["code"], 4009);
    first.say("still here").await;
    assert_eq!(take().await.0, 204);
    assert_eq!(first.close_code(PATIENCE).await, 4009);
    assert_eq!(take().await.0, 404);
    let statuses = [take().await.0, take().await.0, take().await.0];
    assert!(statuses.contains(&429), "without end: {statuses:?}");
    others.say("nobody else's is closed").await;
    let (status, body) = ask(&program, Method::GET, "/api/connections").await;
    assert_eq!((status, &body["open"]), (200, &json!(0)));
}
