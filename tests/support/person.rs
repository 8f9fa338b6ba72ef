//! A user of the HTML pages: cookies and forms.

use super::{EventStream, LOBBY, Socket, TIMEOUT, Teahouse, client_id, until};
use reqwest::cookie::{CookieStore, Jar};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The password of all users in the tests.
pub const PASSWORD: &str = "correct horse battery";

/// Production's cost of a password hash; config/test.toml has a low one.
pub const PRODUCTION_HASHES: [(&str, &str); 2] = [
    ("accounts.hash_memory_kib", "19456"),
    ("accounts.hash_passes", "2"),
];

static PHONES: AtomicU64 = AtomicU64::new(13_800_100_000);

/// A user, signed in or not.
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
    /// A visitor with an unused phone number.
    pub fn visitor(server: &Teahouse) -> Self {
        let jar = Arc::new(Jar::default());
        let client = reqwest::Client::builder()
            .cookie_provider(jar.clone())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT * 2)
            // A pooled connection would break when the server restarts.
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
        Self {
            name: String::new(),
            phone: format!("+86{}", PHONES.fetch_add(1, Ordering::Relaxed)),
            url: server.url.clone(),
            jar,
            client,
        }
    }

    /// Registers a user with the form, which signs in.
    pub async fn register(server: &Teahouse, name: &str) -> Self {
        let mut person = Self::visitor(server);
        person.name = name.to_owned();
        let response = person.submit_registration(name).await;
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        assert_eq!(status, 303, "{text}");
        person
    }

    /// Registers a user for each name, in order.
    pub async fn register_each<const N: usize>(server: &Teahouse, names: [&str; N]) -> [Self; N] {
        let mut people = Vec::with_capacity(N);
        for name in names {
            people.push(Self::register(server, name).await);
        }
        people
            .try_into()
            .unwrap_or_else(|_| panic!("{N} people for {N} names"))
    }

    /// Submits the registration form.
    pub async fn submit_registration(&self, name: &str) -> Response {
        self.register_with(name, PASSWORD).await
    }

    pub async fn register_with(&self, name: &str, password: &str) -> Response {
        let (name, password) = (("username", name), ("password", password));
        let form = [("phone", &*self.phone), name, password];
        self.post("/register", &form).await
    }

    /// Signs in as the same user in another browser.
    pub async fn on_another_device(&self, server: &Teahouse) -> Self {
        let mut other = Self::visitor(server);
        other.name.clone_from(&self.name);
        other.phone.clone_from(&self.phone);
        assert_eq!(other.sign_in().await.status(), 303);
        other
    }

    /// The same browser, with its cookies, at another server.
    pub fn at(&self, server: &Teahouse) -> Self {
        let mut same = self.clone();
        same.url.clone_from(&server.url);
        same
    }

    /// Opens an event stream with this browser's session.
    pub async fn stream(&self) -> EventStream {
        let request = self.request(Method::GET, "/api/events");
        let request = request.header("accept", "text/event-stream");
        let request = request.timeout(TIMEOUT * 12);
        EventStream::of(request.send().await.expect("a response")).await
    }

    /// Submits the login form.
    pub async fn sign_in(&self) -> Response {
        self.log_in(&self.phone, PASSWORD).await
    }

    /// Submits the login form with this number and password.
    pub async fn log_in(&self, phone: &str, password: &str) -> Response {
        let form = [("phone", phone), ("password", password)];
        self.post("/login", &form).await
    }

    pub async fn sign_out(&self) -> Response {
        self.post("/logout", &[]).await
    }

    /// Starts a request with this person's cookies.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub async fn get(&self, path: &str) -> Response {
        send(self.request(Method::GET, path)).await
    }

    /// Returns the text of a page; its status must be 200.
    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), 200, "GET {path}");
        response.text().await.expect("text")
    }

    pub async fn get_json(&self, path: &str) -> (StatusCode, Value) {
        let request = self.request(Method::GET, path);
        read(request.header("accept", "application/json")).await
    }

    /// Returns JSON; the status must be 200.
    pub async fn json_at(&self, path: &str) -> Value {
        let (status, value) = self.get_json(path).await;
        assert_eq!(status, 200, "GET {path}: {value}");
        value
    }

    /// Requests a page with this header.
    pub async fn get_with(&self, path: &str, name: &str, value: &str) -> Response {
        let request = self.request(Method::GET, path).header(name, value);
        send(request).await
    }

    /// Submits a form with these headers.
    pub async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Response {
        let mut request = self.request(Method::POST, path).form(form);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        send(request).await
    }

    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Response {
        self.post_with(path, &[], form).await
    }

    pub async fn post_json(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let request = self.request(Method::POST, path);
        read(request.header("accept", "application/json").json(body)).await
    }

    /// Posts a message into a room and returns it as stored.
    pub async fn say_in(&self, room: &str, content: &str) -> Value {
        let body = json!({"content": content, "clientId": client_id()});
        let path = format!("/rooms/{room}/messages");
        let (status, message) = self.post_json(&path, &body).await;
        assert_eq!(status, 201, "{message}");
        message
    }

    /// Posts a message into the Lobby and returns it as stored.
    pub async fn say(&self, content: &str) -> Value {
        self.say_in(LOBBY, content).await
    }

    /// Returns the newest messages of a room.
    pub async fn history(&self, room: &str) -> Vec<Value> {
        self.history_page(room, "limit=100").await
    }

    /// Returns a page of a room's messages.
    pub async fn history_page(&self, room: &str, query: &str) -> Vec<Value> {
        let path = format!("/rooms/{room}/messages?{query}");
        let list = self.json_at(&path).await;
        list.as_array().expect("a bare array").clone()
    }

    /// Returns all messages of a room, oldest first.
    pub async fn whole_history(&self, room: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let last = all.last().map(|message| message["seq"].as_u64());
            let after = last.map_or(0, |seq| seq.expect("seq"));
            let query = format!("after={after}&limit=100");
            let page = self.history_page(room, &query).await;
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    /// Waits until `/readyz` returns 200.
    pub async fn wait_until_ready(&self) {
        until("ready", async || {
            let response = self.request(Method::GET, "/readyz").send().await;
            response.is_ok_and(|response| response.status() == 200)
        })
        .await;
    }

    /// Returns the session cookie as the browser would send it.
    pub fn cookie(&self) -> String {
        let is_session = |cookie: &&str| {
            let name = cookie.split('=').next();
            matches!(name, Some("teahouse" | "__Host-teahouse"))
        };
        let cookies = self.cookies();
        let session = cookies.split("; ").find(is_session);
        session.unwrap_or_default().to_owned()
    }

    /// Returns all cookies as the browser would send them.
    pub fn cookies(&self) -> String {
        let url = self.url.parse().expect("a URL");
        self.jar
            .cookies(&url)
            .and_then(|value| value.to_str().map(str::to_owned).ok())
            .unwrap_or_default()
    }

    /// Adds a cookie to this browser.
    pub fn set_cookie(&self, cookie: &str) {
        self.jar
            .add_cookie_str(cookie, &self.url.parse().expect("a URL"));
    }

    /// Opens a socket and waits for `hello`.
    pub async fn socket(&self) -> Socket {
        let mut socket = Socket::open(self).await;
        socket.hello = socket.expect("hello").await;
        socket
    }
}

impl Teahouse {
    /// Starts a server and registers these users in order: the first one is the admin.
    pub async fn with_users<const N: usize>(names: [&str; N]) -> (Self, [Person; N]) {
        let server = Self::start();
        let people = Person::register_each(&server, names).await;
        (server, people)
    }
}

pub async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("a response")
}

/// Returns status and JSON body.
pub async fn read(request: RequestBuilder) -> (StatusCode, Value) {
    let response = send(request).await;
    let status = response.status();
    let text = response.text().await.expect("text");
    let value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{status}, not JSON: {text}"));
    (status, value)
}
