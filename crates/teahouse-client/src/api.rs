//! The server's HTTP API: signing in, history, joining a room. Errors are sentences for the user.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, RequestBuilder};

use crate::error::{Error, Result};
use crate::locale::Locale;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes requests to one server.
#[derive(Clone)]
pub(crate) struct Api {
    agent: Agent,
    url: String,
    locale: &'static Locale,
    token: String,
}

/// The body of an error response.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    message: String,
}

#[derive(Deserialize)]
struct LoginResponse {
    token: String,
}

impl Api {
    /// # Errors
    /// When the URL is neither `http` nor `https`.
    pub(crate) fn new(url: &str, locale: &'static Locale) -> Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        let parsed: Option<Uri> = url.parse().ok();
        let scheme = parsed.as_ref().and_then(Uri::scheme_str);
        if !matches!(scheme, Some("http" | "https")) {
            return Err(locale.error("chat-bad-url", &[("url", &url)]));
        }
        Ok(Self {
            agent: agent(scheme == Some("https")),
            url,
            locale,
            token: String::new(),
        })
    }

    /// Returns the WebSocket URL.
    pub(crate) fn socket_url(&self) -> String {
        format!("{}/ws", self.url.replacen("http", "ws", 1))
    }

    /// Sets the token for all further requests.
    pub(crate) fn set_token(&mut self, token: String) {
        self.token = token;
    }

    /// Returns a token for a phone number and password. Blocks the thread.
    pub(crate) fn sign_in(&self, phone: &str, password: &str, region: &str) -> Result<String> {
        let body = json!({"phone": phone, "password": password, "region": region});
        let request = self.agent.post(format!("{}/api/login", self.url));
        let response = self.response(self.prepare(request).send_json(&body))?;
        match response.status() {
            StatusCode::UNAUTHORIZED => Err(self.locale.error("chat-wrong-password", &[])),
            _ => Ok(self.read::<LoginResponse>(response)?.token),
        }
    }

    /// Returns the newest `count` messages of a room with a smaller `seq`, oldest first.
    pub(crate) async fn history(&self, room: &str, seq: i64, count: usize) -> Result<Vec<Value>> {
        let path = format!("/api/rooms/{room}/messages?before={seq}&limit={count}");
        let request = move |api: &Self| {
            let request = api.agent.get(format!("{}{path}", api.url));
            api.read(api.response(api.prepare(request).call())?)
        };
        let mut page: Vec<Value> = self.in_background(request).await?;
        page.reverse();
        Ok(page)
    }

    /// Joins an open room.
    pub(crate) async fn join_room(&self, room: &str) -> Result<()> {
        let path = format!("/rooms/{room}/membership");
        let request = move |api: &Self| {
            let request = api.agent.post(format!("{}{path}", api.url));
            let response = api.response(api.prepare(request).send_json(json!({})))?;
            match response.status().is_success() {
                true => Ok(()),
                false => Err(api.error_of(response)),
            }
        };
        self.in_background(request).await
    }

    /// Runs a request in a thread that may block.
    async fn in_background<T: Send + 'static>(
        &self,
        request: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let api = self.clone();
        let outcome = spawn_blocking(move || request(&api)).await;
        outcome.map_err(Error::internal)?
    }

    fn prepare<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        let request = request
            .header("accept", "application/json")
            .header("accept-language", self.locale.tag);
        match self.token.as_str() {
            "" => request,
            token => request.header("authorization", format!("Bearer {token}")),
        }
    }

    fn response(&self, outcome: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>> {
        outcome.map_err(|error| self.unreachable(&error.to_string()))
    }

    /// Returns the error for a server that does not respond.
    pub(crate) fn unreachable(&self, cause: &str) -> Error {
        let args = [("url", self.url.as_str()), ("cause", cause)];
        self.locale.error("chat-unreachable", &args)
    }

    /// Returns the error for a response that is not one of a Teahouse server.
    pub(crate) fn unexpected(&self, status: u16) -> Error {
        let args = [("url", self.url.as_str()), ("status", &status.to_string())];
        self.locale.error("chat-unexpected", &args)
    }

    fn read<T: DeserializeOwned>(&self, mut response: Response<Body>) -> Result<T> {
        let status = response.status();
        if !status.is_success() {
            return Err(self.error_of(response));
        }
        let body = response.body_mut().read_json();
        body.map_err(|_| self.unexpected(status.as_u16()))
    }

    fn error_of(&self, mut response: Response<Body>) -> Error {
        let body: ErrorBody = response.body_mut().read_json().unwrap_or_default();
        match body.message.is_empty() {
            true => self.unexpected(response.status().as_u16()),
            false => Error::Message(body.message),
        }
    }
}

/// Returns an HTTP client that returns every response as it is, uses no proxy (the WebSocket has none either), and
/// trusts the certificates of the operating system.
fn agent(is_secure: bool) -> Agent {
    // Fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .user_agent(concat!("teahouse-chat/", env!("CARGO_PKG_VERSION")))
        .proxy(None)
        .timeout_global(Some(REQUEST_TIMEOUT));
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
