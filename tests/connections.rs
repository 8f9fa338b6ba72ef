//! A user's connections: their number, and which one is replaced at the limit.

use crate::support::{ApiClient, Person, TIMEOUT, Teahouse, error_code};
use reqwest::Method;
use serde_json::json;

const LIMITED: &str = "throttle.enabled=true socket.per_person=3";

async fn ask(client: &ApiClient, method: Method, path: &str) -> (u16, serde_json::Value) {
    let response = client.request(method, path).send().await;
    let response = response.expect("a response");
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

#[tokio::test]
async fn oldest_hidden_connection_is_replaced() {
    let server = Teahouse::configured(LIMITED);
    let [ming, ana] = Person::register_each(&server, ["Ming", "Ana"]).await;
    let client = ApiClient::of(&server, &ming).await;
    let mut others = ana.socket().await;
    let mut first = ming.socket().await;
    let mut second = ming.socket().await;
    let (status, body) = ask(&client, Method::GET, "/api/connections").await;
    assert_eq!((status, body), (200, json!({"open": 2, "limit": 3})));
    let mut stream = client.stream("/api/events?away=true", None).await;
    stream.expect(|event| event["type"] == "hello").await;
    let found = error_code(ask(&client, Method::GET, "/api/connections").await);
    assert_eq!(found, "429 too_many_sockets");
    second
        .send(json!({"type": "view", "roomId": "1", "away": true}))
        .await;
    second.expect("presence").await;
    // Hidden connections before visible ones, the oldest first; a stream sends its close code as a frame.
    let close_oldest = || ask(&client, Method::DELETE, "/api/connections/oldest");
    assert_eq!(close_oldest().await.0, 204);
    assert_eq!(second.close_code(TIMEOUT).await, 4009);
    assert_eq!(close_oldest().await.0, 204);
    let goodbye = stream.expect(|event| event["type"] == "closed").await;
    assert_eq!(goodbye.data["code"], 4009);
    first.say("still here").await;
    assert_eq!(close_oldest().await.0, 204);
    assert_eq!(first.close_code(TIMEOUT).await, 4009);
    assert_eq!(close_oldest().await.0, 404);
    let statuses = [
        close_oldest().await.0,
        close_oldest().await.0,
        close_oldest().await.0,
    ];
    assert!(statuses.contains(&429), "unlimited: {statuses:?}");
    others.say("nobody else's is closed").await;
    let (status, body) = ask(&client, Method::GET, "/api/connections").await;
    assert_eq!((status, &body["open"]), (200, &json!(0)));
}
