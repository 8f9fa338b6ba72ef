//! A mock of an SMS provider: records requests and returns a fixed response.

use super::eventually;
use super::http_request::{HttpRequest, respond};
use std::net::{TcpListener, TcpStream};
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
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(State::default());
        *state.response.lock().expect("no panic") = (status, body.to_owned());
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = shared.clone();
                std::thread::spawn(move || serve(&stream, &state));
            }
        });
        Self { url, state }
    }

    /// Returns all requests so far.
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

    /// Returns the JSON of message number `n`.
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
