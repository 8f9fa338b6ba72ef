//! What is asked over HTTP: signing in, history, entering a room.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, RequestBuilder};

use super::voice::Voice;
use crate::error::{Error, Result};

const PATIENCE: Duration = Duration::from_secs(10);

/// An HTTP client that takes every answer as it is, and trusts whom the machine trusts.
pub fn agent(is_secure: bool, name: &str, patience: Duration) -> Agent {
    // Who installed one before us is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(name)
        // The socket knows no proxy either.
        .proxy(None)
        .timeout_global(Some(patience));
    if is_secure {
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots = roots
            .iter()
            .map(|root| Certificate::from_der(root).to_owned());
        let roots = RootCerts::Specific(Arc::new(roots.collect()));
        config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
    }
    config.build().into()
}

/// The server, over HTTP.
#[derive(Clone)]
pub(super) struct Api {
    agent: Agent,
    url: String,
    voice: Voice,
    token: String,
}

/// What the server says when it refuses.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    message: String,
}

#[derive(Deserialize)]
struct SignedIn {
    token: String,
}

impl Api {
    /// A server, by the address that a browser would use.
    ///
    /// # Errors
    /// When it is not an `http` or `https` address.
    pub(super) fn new(url: &str, voice: Voice) -> Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        let parsed: Option<Uri> = url.parse().ok();
        let scheme = parsed.as_ref().and_then(Uri::scheme_str);
        if !matches!(scheme, Some("http" | "https")) {
            return Err(voice.fault("chat-bad-url", &[("url", &url)]));
        }
        let name = concat!("teahouse-chat/", env!("CARGO_PKG_VERSION"));
        Ok(Self {
            agent: agent(scheme == Some("https"), name, PATIENCE),
            url,
            voice,
            token: String::new(),
        })
    }

    /// Where the socket is.
    pub(super) fn socket_url(&self) -> String {
        format!("{}/ws", self.url.replacen("http", "ws", 1))
    }

    /// From now on this person asks.
    pub(super) fn use_token(&mut self, token: String) {
        self.token = token;
    }

    /// Answers a token for phone number and password.
    ///
    /// # Errors
    /// A sentence: wrong password, too many attempts, nothing answers.
    pub(super) async fn sign_in(
        &self,
        phone: String,
        password: String,
        region: String,
    ) -> Result<String> {
        let api = self.clone();
        let ask = move || {
            let typed = json!({"phone": phone, "password": password, "region": region});
            let request = api.agent.post(format!("{}/api/login", api.url));
            let answer = api.prepare(request).send_json(&typed);
            match api.answer(answer) {
                Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
                    Err(api.voice.fault("chat-wrong-password", &[]))
                }
                Ok(answer) => Ok(api.read::<SignedIn>(answer)?.token),
                Err(error) => Err(error),
            }
        };
        spawn_blocking(ask).await.map_err(Error::internal)?
    }

    /// The newest messages of a room before `seq`, oldest first.
    ///
    /// # Errors
    /// A sentence.
    pub(super) async fn history(&self, room: &str, seq: i64, count: usize) -> Result<Vec<Value>> {
        let path = format!("/api/rooms/{room}/messages?before={seq}&limit={count}");
        let mut page: Vec<Value> = self.get(path).await?;
        page.reverse();
        Ok(page)
    }

    /// Enters an open room.
    ///
    /// # Errors
    /// A sentence.
    pub(super) async fn enter(&self, room: &str) -> Result<()> {
        let (api, room) = (self.clone(), room.to_owned());
        let ask = move || {
            let path = format!("{}/rooms/{room}/membership", api.url);
            let answer = api.prepare(api.agent.post(path)).send_json(json!({}));
            let answer = api.answer(answer)?;
            match answer.status().is_success() {
                true => Ok(()),
                false => Err(api.refusal(answer)),
            }
        };
        spawn_blocking(ask).await.map_err(Error::internal)?
    }

    async fn get<T: DeserializeOwned + Send + 'static>(&self, path: String) -> Result<T> {
        let api = self.clone();
        let ask = move || {
            let request = api.prepare(api.agent.get(format!("{}{path}", api.url)));
            let answer = api.answer(request.call())?;
            api.read(answer)
        };
        spawn_blocking(ask).await.map_err(Error::internal)?
    }

    fn prepare<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        let request = request
            .header("accept", "application/json")
            .header("accept-language", self.voice.tag());
        match self.token.as_str() {
            "" => request,
            token => request.header("authorization", format!("Bearer {token}")),
        }
    }

    fn answer(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>> {
        answer.map_err(|error| self.unreachable(&error.to_string()))
    }

    /// Nothing answers at the server's address.
    pub(super) fn unreachable(&self, cause: &str) -> Error {
        let told = [("url", self.url.as_str()), ("cause", cause)];
        self.voice.fault("chat-unreachable", &told)
    }

    /// The server answers, but not as a Teahouse does.
    pub(super) fn unexpected(&self, status: u16) -> Error {
        let told = [("url", self.url.as_str()), ("status", &status.to_string())];
        self.voice.fault("chat-unexpected", &told)
    }

    fn read<T: DeserializeOwned>(&self, mut answer: Response<Body>) -> Result<T> {
        let status = answer.status();
        if !status.is_success() {
            return Err(self.refusal(answer));
        }
        let read = answer.body_mut().read_json();
        read.map_err(|_| self.unexpected(status.as_u16()))
    }

    fn refusal(&self, mut answer: Response<Body>) -> Error {
        let refusal: Refusal = answer.body_mut().read_json().unwrap_or_default();
        match refusal.message.is_empty() {
            true => self.unexpected(answer.status().as_u16()),
            false => Error::Unavailable(refusal.message),
        }
    }
}
