//! Somebody with a browser of their own, as far as cookies and forms go.

use super::{LOBBY, PATIENCE, Socket, Stream, Teahouse, client_id, eventually};
use reqwest::cookie::{CookieStore, Jar};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct horse battery";

/// What a password's hash costs in production; in config/test.toml it is cheap.
pub const PRODUCTION_HASHES: [(&str, &str); 2] = [
    ("TEAHOUSE__ACCOUNTS__HASH_MEMORY_KIB", "19456"),
    ("TEAHOUSE__ACCOUNTS__HASH_PASSES", "2"),
];

static PHONES: AtomicU64 = AtomicU64::new(13_800_100_000);

/// A person, signed in or not.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    /// E.164
    pub phone: String,
    pub url: String,
    jar: Arc<Jar>,
    client: reqwest::Client,
}

impl Person {
    /// Somebody at the door, with a phone number nobody else has.
    pub fn visitor(house: &Teahouse) -> Self {
        let jar = Arc::new(Jar::default());
        let client = reqwest::Client::builder()
            .cookie_provider(jar.clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE * 2)
            // A kept connection would not survive the program's end.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
        Self {
            name: String::new(),
            phone: format!("+86{}", PHONES.fetch_add(1, Ordering::Relaxed)),
            url: house.url.clone(),
            jar,
            client,
        }
    }

    /// Somebody who registered through the form, and is signed in.
    pub async fn register(house: &Teahouse, name: &str) -> Self {
        let mut person = Self::visitor(house);
        person.name = name.to_owned();
        let answer = person.submit_registration(name).await;
        assert_eq!(
            answer.status(),
            303,
            "{}",
            answer.text().await.unwrap_or_default()
        );
        person
    }

    /// The same for each of these names, in their order.
    pub async fn register_each<const N: usize>(house: &Teahouse, names: [&str; N]) -> [Self; N] {
        let mut people = Vec::with_capacity(N);
        for name in names {
            people.push(Self::register(house, name).await);
        }
        people
            .try_into()
            .unwrap_or_else(|_| panic!("{N} people for {N} names"))
    }

    /// The registration form, filled in.
    pub async fn submit_registration(&self, name: &str) -> Response {
        self.post(
            "/register",
            &[
                ("phone", &self.phone),
                ("username", name),
                ("password", PASSWORD),
            ],
        )
        .await
    }

    /// Signs in, in a browser of its own: another session of the same person.
    pub async fn on_another_device(&self, house: &Teahouse) -> Self {
        let mut other = Self::visitor(house);
        other.name.clone_from(&self.name);
        other.phone.clone_from(&self.phone);
        assert_eq!(other.sign_in().await.status(), 303);
        other
    }

    /// The same browser at another server, which knows its cookies.
    pub fn at(&self, house: &Teahouse) -> Self {
        let mut same = self.clone();
        same.url.clone_from(&house.url);
        same
    }

    /// An event stream of this browser.
    pub async fn stream(&self) -> Stream {
        let request = self.request(Method::GET, "/api/events");
        let request = request.header("accept", "text/event-stream");
        let request = request.timeout(PATIENCE * 12);
        Stream::of(request.send().await.expect("an answer")).await
    }

    /// The login form, filled in.
    pub async fn sign_in(&self) -> Response {
        self.post("/login", &[("phone", &self.phone), ("password", PASSWORD)])
            .await
    }

    pub async fn sign_out(&self) -> Response {
        self.post("/logout", &[]).await
    }

    /// A request to be completed: this person's cookies go with it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path)
            .send()
            .await
            .expect("an answer")
    }

    /// The text of a page that must be there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status(), 200, "GET {path}");
        answer.text().await.expect("text")
    }

    pub async fn get_json(&self, path: &str) -> (StatusCode, Value) {
        read(
            self.request(Method::GET, path)
                .header("accept", "application/json"),
        )
        .await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.request(Method::POST, path)
            .form(form)
            .send()
            .await
            .expect("an answer")
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        read(
            self.request(Method::POST, path)
                .header("accept", "application/json")
                .json(body),
        )
        .await
    }

    /// Posts a message into a room and returns it as stored.
    pub async fn say_in(&self, room: &str, content: &str) -> Value {
        let body = json!({"content": content, "clientId": client_id()});
        let (status, message) = self
            .post_json(&format!("/rooms/{room}/messages"), &body)
            .await;
        assert_eq!(status, 201, "{message}");
        message
    }

    /// Posts a message into the Lobby and returns it as stored.
    pub async fn say(&self, content: &str) -> Value {
        self.say_in(LOBBY, content).await
    }

    /// The newest messages of a room, as JSON.
    pub async fn history(&self, room: &str) -> Vec<Value> {
        self.history_page(room, "limit=100").await
    }

    /// One page of a room's messages.
    pub async fn history_page(&self, room: &str, query: &str) -> Vec<Value> {
        let (status, list) = self
            .get_json(&format!("/rooms/{room}/messages?{query}"))
            .await;
        assert_eq!(status, 200, "{list}");
        list.as_array().expect("a bare array").clone()
    }

    /// Every message of a room, from the first on.
    pub async fn whole_history(&self, room: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all
                .last()
                .map_or(0, |message| message["seq"].as_u64().expect("seq"));
            let page = self
                .history_page(room, &format!("after={after}&limit=100"))
                .await;
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// Waits until the program says that it can work.
    pub async fn until_ready(&self) {
        eventually("ready", async || {
            let answer = self.request(Method::GET, "/readyz").send().await;
            answer
                .is_ok_and(|answer| answer.status() == 200)
                .then_some(())
        })
        .await;
    }

    /// The session's, as the browser would send it.
    pub fn cookie(&self) -> String {
        let is_session = |cookie: &&str| {
            let name = cookie.split('=').next();
            matches!(name, Some("teahouse" | "__Host-teahouse"))
        };
        let cookies = self.cookies();
        let session = cookies.split("; ").find(is_session);
        session.unwrap_or_default().to_owned()
    }

    /// All cookies, as the browser would send them.
    pub fn cookies(&self) -> String {
        let url = self.url.parse().expect("a URL");
        self.jar
            .cookies(&url)
            .and_then(|value| value.to_str().map(str::to_owned).ok())
            .unwrap_or_default()
    }

    /// Puts a cookie into this browser.
    pub fn set_cookie(&self, cookie: &str) {
        self.jar
            .add_cookie_str(cookie, &self.url.parse().expect("a URL"));
    }

    /// An open socket that has said hello.
    pub async fn socket(&self) -> Socket {
        let mut socket = Socket::open(self).await;
        socket.hello = socket.expect("hello").await;
        socket
    }
}

impl Teahouse {
    /// A program with the settings of the tests, and people who registered in this order: the first one is the admin.
    pub async fn with_people<const N: usize>(names: [&str; N]) -> (Self, [Person; N]) {
        let house = Self::start();
        let people = Person::register_each(&house, names).await;
        (house, people)
    }
}

/// A JSON answer, whatever its status.
pub async fn read(request: RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let text = answer.text().await.expect("text");
    let value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, not JSON: {text}"));
    (status, value)
}
