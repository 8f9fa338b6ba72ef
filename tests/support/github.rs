//! A server that behaves as GitHub's documentation says of its OAuth apps, or misbehaves as servers do.

use super::asked::{Asked, answer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use url::Url;
use url::form_urlencoded::parse;

/// As what Teahouse is known there.
pub const CLIENT: (&str, &str) = ("Iv1.teahouse", "a client's secret");

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    /// 500, and a page.
    Broken,
    /// 200, and what nobody asked for.
    Garbage,
    /// Takes the question and says nothing.
    Hanging,
    /// Gives tokens, and then says nothing.
    HangingLater,
    /// Gives tokens that are nobody's.
    Forgetful,
    /// Knows no such app.
    Strict,
}

/// A code that was given to somebody.
#[derive(Debug, Clone)]
struct Code {
    challenge: String,
    callback: String,
    who: (i64, String),
}

struct Inside {
    mood: Mood,
    /// Who sits before its pages.
    who: (i64, String),
    codes: HashMap<String, Code>,
    tokens: HashMap<String, (i64, String)>,
    given: usize,
    asked: Vec<String>,
}

/// The server. It runs until the test ends.
pub struct GitHub {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    inside: Arc<Mutex<Inside>>,
}

impl GitHub {
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let inside = Arc::new(Mutex::new(Inside {
            mood: Mood::Well,
            who: (583_231, "octocat".to_owned()),
            codes: HashMap::new(),
            tokens: HashMap::new(),
            given: 0,
            asked: Vec::new(),
        }));
        let theirs = inside.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let inside = theirs.clone();
                std::thread::spawn(move || serve(&stream, &inside));
            }
        });
        Self { url, inside }
    }

    /// What lets Teahouse ask here.
    pub fn settings(&self) -> Vec<(String, String)> {
        let setting = |name: &str, value: &str| {
            let name = format!("TEAHOUSE__GITHUB__{name}");
            (name, value.to_owned())
        };
        vec![
            setting("CLIENT_ID", CLIENT.0),
            setting("CLIENT_SECRET", CLIENT.1),
            setting(
                "AUTHORIZE_URL",
                &format!("{}/login/oauth/authorize", self.url),
            ),
            setting(
                "TOKEN_URL",
                &format!("{}/login/oauth/access_token", self.url),
            ),
            setting("USER_URL", &format!("{}/user", self.url)),
            setting("TIMEOUT_SECONDS", "1"),
        ]
    }

    pub fn is(&self, mood: Mood) {
        self.inside().mood = mood;
    }

    /// From now on this person sits before its pages.
    pub fn sees(&self, id: i64, login: &str) {
        self.inside().who = (id, login.to_owned());
    }

    /// The person agrees; answers where that leads them.
    pub fn agree(&self, address: &str) -> String {
        self.inside().ask(&address.parse().expect("a URL")).0
    }

    /// The person does not; answers where that leads them.
    pub fn refuse(&self, address: &str) -> String {
        self.inside().ask(&address.parse().expect("a URL")).1
    }

    /// Ten minutes are over.
    pub fn forget_codes(&self) {
        self.inside().codes.clear();
    }

    /// The requests that came from Teahouse itself.
    pub fn asked(&self) -> Vec<String> {
        self.inside().asked.clone()
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().expect("no panic")
    }
}

impl Inside {
    /// Where agreeing leads, and where refusing does.
    fn ask(&mut self, address: &Url) -> (String, String) {
        let asked: HashMap<_, _> = address.query_pairs().into_owned().collect();
        assert_eq!(asked["client_id"], CLIENT.0);
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(!asked.contains_key("scope"), "nothing but who they are");
        self.given += 1;
        let code = format!("code{}", self.given);
        let given = Code {
            challenge: asked["code_challenge"].clone(),
            callback: asked["redirect_uri"].clone(),
            who: self.who.clone(),
        };
        self.codes.insert(code.clone(), given);
        let back = |fields: &[(&str, &str)]| {
            let mut url: Url = asked["redirect_uri"].parse().expect("a URL");
            url.query_pairs_mut().extend_pairs(fields);
            url.query_pairs_mut().append_pair("state", &asked["state"]);
            url.to_string()
        };
        let denied = [
            ("error", "access_denied"),
            (
                "error_description",
                "The user has denied your application access.",
            ),
        ];
        (back(&[("code", &code)]), back(&denied))
    }

    fn token(&mut self, body: &str) -> Value {
        let asked: HashMap<_, _> = parse(body.as_bytes()).into_owned().collect();
        let field = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
        let failure = |name: &str| json!({"error": name, "error_description": "No.", "error_uri": "https://docs.github.com"});
        if self.mood == Mood::Strict || (field("client_id"), field("client_secret")) != CLIENT {
            return failure("incorrect_client_credentials");
        }
        // Each is good once.
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
        self.tokens.insert(token.clone(), code.who);
        json!({"access_token": token, "token_type": "bearer", "scope": ""})
    }

    fn user(&self, headers: &HashMap<String, String>) -> (u16, Value) {
        assert!(headers.contains_key("user-agent"), "GitHub wants one");
        let shown = headers.get("authorization").map(String::as_str);
        let token = shown.and_then(|shown| shown.strip_prefix("Bearer "));
        let who = token.and_then(|token| self.tokens.get(token));
        match who.filter(|_| self.mood != Mood::Forgetful) {
            Some((id, login)) => (
                200,
                json!({"id": id, "login": login, "node_id": "MDQ", "type": "User", "name": null}),
            ),
            None => (401, json!({"message": "Bad credentials"})),
        }
    }
}

/// One request of a connection.
fn serve(stream: &TcpStream, inside: &Mutex<Inside>) -> Option<()> {
    let asked = Asked::read(stream)?;
    let path = asked.line.split(' ').nth(1)?;
    let (status, kind, text) = said(path, &asked.headers, &asked.body, inside);
    answer(stream, status, kind, &text)
}

fn said(
    path: &str,
    headers: &HashMap<String, String>,
    body: &str,
    inside: &Mutex<Inside>,
) -> (u16, &'static str, String) {
    const JSON: &str = "application/json; charset=utf-8";
    let lock = || inside.lock().expect("no panic");
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
    lock().asked.push(path.to_owned());
    let mood = lock().mood;
    match mood {
        Mood::Broken => return (500, "text/html", "<h1>Unicorn!</h1>".to_owned()),
        Mood::Garbage => return (200, JSON, "{\"id\":\"one\",\"access_".to_owned()),
        Mood::Hanging => std::thread::sleep(Duration::from_secs(30)),
        Mood::HangingLater if !is_token => std::thread::sleep(Duration::from_secs(30)),
        _ => {}
    }
    let accepted = headers
        .get("accept")
        .is_some_and(|said| said.contains("json"));
    assert!(accepted, "without it GitHub does not answer in JSON");
    if is_token {
        return (200, JSON, lock().token(body).to_string());
    }
    let (status, answer) = lock().user(headers);
    (status, JSON, answer.to_string())
}
