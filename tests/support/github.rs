//! A mock of GitHub's OAuth endpoints, as documented or with faults.

use super::http_request::{HttpRequest, listen, respond};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;
use url::form_urlencoded::parse;

/// Client id and secret of Teahouse at GitHub.
pub const CLIENT: (&str, &str) = ("Iv1.teahouse", "a client's secret");

/// The behavior of the mock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    Well,
    /// Returns 500 and HTML.
    Broken,
    /// Returns 200 and invalid JSON.
    Garbage,
    /// Accepts requests and never responds.
    Hanging,
    /// Issues tokens, then never responds.
    HangingLater,
    /// Issues tokens that it rejects.
    Forgetful,
    /// Rejects the client id.
    Strict,
}

/// An issued authorization code.
#[derive(Debug, Clone)]
struct Code {
    challenge: String,
    callback: String,
    user: (i64, String),
}

struct State {
    behavior: Behavior,
    /// The user at GitHub.
    user: (i64, String),
    codes: HashMap<String, Code>,
    tokens: HashMap<String, (i64, String)>,
    given: usize,
    requests: Vec<String>,
}

/// The running mock, which ends with the test process.
pub struct GitHub {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl GitHub {
    pub fn open() -> Self {
        let state = Arc::new(Mutex::new(State {
            behavior: Behavior::Well,
            user: (583_231, "octocat".to_owned()),
            codes: HashMap::new(),
            tokens: HashMap::new(),
            given: 0,
            requests: Vec::new(),
        }));
        let shared = state.clone();
        let url = listen(move |stream| serve(stream, &shared));
        Self { url, state }
    }

    /// Returns settings that point Teahouse to the mock.
    pub fn settings(&self) -> Vec<(String, String)> {
        let setting = |name: &str, value: &str| {
            let name = format!("TEAHOUSE__GITHUB__{name}");
            (name, value.to_owned())
        };
        let oauth = format!("{}/login/oauth", self.url);
        vec![
            setting("CLIENT_ID", CLIENT.0),
            setting("CLIENT_SECRET", CLIENT.1),
            setting("AUTHORIZE_URL", &format!("{oauth}/authorize")),
            setting("TOKEN_URL", &format!("{oauth}/access_token")),
            setting("USER_URL", &format!("{}/user", self.url)),
            setting("TIMEOUT_SECONDS", "1"),
        ]
    }

    pub fn set_behavior(&self, behavior: Behavior) {
        self.state().behavior = behavior;
    }

    /// Sets the user who is signed in at GitHub.
    pub fn set_user(&self, id: i64, login: &str) {
        self.state().user = (id, login.to_owned());
    }

    /// Authorizes the app; returns the redirect URL.
    pub fn authorize(&self, address: &str) -> String {
        self.state().ask(&address.parse().expect("a URL")).0
    }

    /// Denies authorization; returns the redirect URL.
    pub fn deny(&self, address: &str) -> String {
        self.state().ask(&address.parse().expect("a URL")).1
    }

    /// Expires all codes.
    pub fn expire_codes(&self) {
        self.state().codes.clear();
    }

    /// Returns the paths of Teahouse's own requests.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }
}

impl State {
    /// Returns the redirect URLs of authorizing and of denying.
    fn ask(&mut self, address: &Url) -> (String, String) {
        let requests: HashMap<_, _> = address.query_pairs().into_owned().collect();
        assert_eq!(requests["client_id"], CLIENT.0);
        assert_eq!(requests["code_challenge_method"], "S256");
        assert!(!requests.contains_key("scope"), "no scope is requested");
        self.given += 1;
        let code = format!("code{}", self.given);
        let given = Code {
            challenge: requests["code_challenge"].clone(),
            callback: requests["redirect_uri"].clone(),
            user: self.user.clone(),
        };
        self.codes.insert(code.clone(), given);
        let back = |fields: &[(&str, &str)]| {
            let mut url: Url = requests["redirect_uri"].parse().expect("a URL");
            url.query_pairs_mut().extend_pairs(fields);
            url.query_pairs_mut()
                .append_pair("state", &requests["state"]);
            url.to_string()
        };
        let reason = "The user has denied your application access.";
        let denied = [("error", "access_denied"), ("error_description", reason)];
        (back(&[("code", &code)]), back(&denied))
    }

    fn token(&mut self, body: &str) -> Value {
        let requests: HashMap<_, _> = parse(body.as_bytes()).into_owned().collect();
        let field = |name: &str| requests.get(name).map(String::as_str).unwrap_or_default();
        let failure = |name: &str| json!({"error": name, "error_description": "No.", "error_uri": "https://docs.github.com"});
        if self.behavior == Behavior::Strict
            || (field("client_id"), field("client_secret")) != CLIENT
        {
            return failure("incorrect_client_credentials");
        }
        // A code is valid once.
        let Some(code) = self.codes.remove(field("code")) else {
            return failure("bad_verification_code");
        };
        if code.callback != field("redirect_uri") {
            return failure("redirect_uri_mismatch");
        }
        let shown = Sha256::digest(field("code_verifier"));
        if URL_SAFE_NO_PAD.encode(shown) != code.challenge {
            return failure("bad_verification_code");
        }
        let token = format!("gho_token{}", self.given);
        self.tokens.insert(token.clone(), code.user);
        json!({"access_token": token, "token_type": "bearer", "scope": ""})
    }

    fn user(&self, headers: &HashMap<String, String>) -> (u16, Value) {
        let is_expected = headers.contains_key("user-agent");
        assert!(is_expected, "GitHub requires a User-Agent");
        let shown = headers.get("authorization").map(String::as_str);
        let token = shown.and_then(|shown| shown.strip_prefix("Bearer "));
        let user = token.and_then(|token| self.tokens.get(token));
        match user.filter(|_| self.behavior != Behavior::Forgetful) {
            Some((id, login)) => (
                200,
                json!({"id": id, "login": login, "node_id": "MDQ", "type": "User", "name": null}),
            ),
            None => (401, json!({"message": "Bad credentials"})),
        }
    }
}

/// Handles the one request of a connection.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let requests = HttpRequest::read(stream)?;
    let path = requests.line.split(' ').nth(1)?;
    let (status, kind, text) = respond_to(path, &requests.headers, &requests.body, state);
    respond(stream, status, kind, &text)
}

fn respond_to(
    path: &str,
    headers: &HashMap<String, String>,
    body: &str,
    state: &Mutex<State>,
) -> (u16, &'static str, String) {
    const JSON: &str = "application/json; charset=utf-8";
    let lock = || state.lock().expect("no panic");
    if path.starts_with("/login/oauth/authorize?") {
        let address = format!("http://github.example{path}").parse();
        let (agreed, denied) = lock().ask(&address.expect("a URL"));
        let link = |id: &str, to: &str| {
            let to = to.replace('&', "&amp;");
            format!("<p><a id={id} href=\"{to}\">{id}</a>")
        };
        let page = format!(
            "<!doctype html><title>GitHub</title><h1>Authorize Teahouse</h1>{}{}",
            link("authorize", &agreed),
            link("cancel", &denied)
        );
        return (200, "text/html; charset=utf-8", page);
    }
    let is_token = path == "/login/oauth/access_token";
    if !is_token && path != "/user" {
        return (404, JSON, json!({"message": "Not Found"}).to_string());
    }
    lock().requests.push(path.to_owned());
    let behavior = lock().behavior;
    match behavior {
        Behavior::Broken => return (500, "text/html", "<h1>Unicorn!</h1>".to_owned()),
        Behavior::Garbage => return (200, JSON, "{\"id\":\"one\",\"access_".to_owned()),
        Behavior::Hanging => std::thread::sleep(Duration::from_secs(30)),
        Behavior::HangingLater if !is_token => std::thread::sleep(Duration::from_secs(30)),
        _ => {}
    }
    let accepted = headers
        .get("accept")
        .is_some_and(|said| said.contains("json"));
    assert!(accepted, "GitHub returns JSON only on request");
    if is_token {
        return (200, JSON, lock().token(body).to_string());
    }
    let (status, response) = lock().user(headers);
    (status, JSON, response.to_string())
}
