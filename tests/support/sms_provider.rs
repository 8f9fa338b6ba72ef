//! A mock of an SMS provider: records requests and returns a fixed response.

use super::eventually;
use super::http_request::{HttpRequest, listen, respond};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct State {
    requests: Mutex<Vec<HttpRequest>>,
    response: Mutex<(u16, String)>,
}

/// The running mock, which ends with the test process.
pub struct SmsProvider {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    state: Arc<State>,
}

impl SmsProvider {
    /// Returns this status and body for each request.
    pub fn responding(status: u16, body: &str) -> Self {
        let state = Arc::new(State::default());
        *state.response.lock().expect("no panic") = (status, body.to_owned());
        let shared = state.clone();
        let url = listen(move |stream| serve(stream, &shared));
        Self { url, state }
    }

    /// The settings of a server that sends verification codes by this provider.
    pub fn settings(&self) -> String {
        Self::settings_of(&self.url)
    }

    pub fn settings_of(url: &str) -> String {
        format!(
            "verification.enabled=true sms.sender=webhook sms.webhook_url={url} sms.webhook_secret=a-webhook-secret"
        )
    }

    pub fn requests(&self) -> Vec<HttpRequest> {
        self.state.requests.lock().expect("no panic").clone()
    }

    /// Waits for request number `n`, counted from 0.
    pub async fn nth(&self, n: usize) -> HttpRequest {
        eventually("a message is sent", || async {
            self.requests().get(n).cloned()
        })
        .await
    }

    pub async fn message(&self, n: usize) -> serde_json::Value {
        serde_json::from_str(&self.nth(n).await.body).expect("JSON")
    }

    /// Returns the code in message number `n`.
    pub async fn code(&self, n: usize) -> String {
        let message = self.message(n).await;
        message["code"].as_str().expect("a code").to_owned()
    }
}

/// Handles the one request of a connection.
fn serve(stream: &TcpStream, state: &State) -> Option<()> {
    let requests = HttpRequest::read(stream)?;
    let (status, text) = state.response.lock().expect("no panic").clone();
    state.requests.lock().expect("no panic").push(requests);
    respond(stream, status, "application/json", &text)
}
