//! API clients with a token, and their event streams.

use super::{Person, TIMEOUT};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

use super::person::{PASSWORD, read};

/// A client of the JSON API that authenticates with a token.
#[derive(Clone)]
pub struct ApiClient {
    pub token: String,
    pub expires_at: String,
    visitor: Person,
}

/// A status and a JSON body.
pub type Answer = (u16, Value);

fn plain((status, value): (StatusCode, Value)) -> Answer {
    (status.as_u16(), value)
}

impl ApiClient {
    /// Logs in with the person's phone number and password.
    pub async fn of(server: &super::Teahouse, person: &Person) -> Self {
        let mut visitor = Person::visitor(server);
        visitor.phone.clone_from(&person.phone);
        Self::signed_in(visitor).await
    }

    /// Logs in a visitor by their phone number.
    pub async fn signed_in(visitor: Person) -> Self {
        let body = json!({"phone": visitor.phone, "password": PASSWORD});
        let (status, response) = visitor.post_json("/api/login", &body).await;
        assert_eq!(status, 200, "{response}");
        Self::with(
            visitor,
            response["token"].as_str().expect("a token"),
            response["expiresAt"].as_str().expect("a time"),
        )
    }

    /// Uses an existing token.
    pub fn with(visitor: Person, token: &str, expires_at: &str) -> Self {
        Self {
            token: token.to_owned(),
            expires_at: expires_at.to_owned(),
            visitor,
        }
    }

    /// Starts a request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.visitor.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        plain(read(self.request(Method::GET, path)).await)
    }

    /// Sends JSON; an empty response body is `null`.
    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let response = self.request(method, path).json(&body).send().await;
        let response = response.expect("a response");
        let status = response.status().as_u16();
        let text = response.text().await.expect("text");
        let value = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| panic!("{status}: {text}")),
        };
        (status, value)
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Opens an event stream, after the event with this id if one is given.
    pub async fn stream(&self, path: &str, last: Option<&str>) -> EventStream {
        let mut request = self
            .request(Method::GET, path)
            .header("accept", "text/event-stream")
            .timeout(Duration::from_secs(120));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        EventStream::of(request.send().await.expect("a response")).await
    }
}

/// An event of a stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: Option<String>,
    pub data: Value,
}

/// An open event stream.
pub struct EventStream {
    response: Response,
    text: String,
    events: VecDeque<Event>,
    /// The id that a browser would send in `Last-Event-ID`.
    pub last: String,
    /// Number of comments so far, which are the stream's keep-alives.
    pub comments: usize,
}

impl EventStream {
    /// Waits for the first block, so that later events are in the stream.
    pub async fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        let kind = response.headers().get("content-type").expect("a type");
        assert_eq!(kind, "text/event-stream");
        let mut stream = Self {
            response,
            text: String::new(),
            events: VecDeque::new(),
            last: String::new(),
            comments: 0,
        };
        let deadline = Instant::now() + TIMEOUT;
        while stream.last.is_empty() {
            assert!(stream.read(deadline).await, "the stream does not begin");
        }
        stream
    }

    /// Reads the next chunk; false at the deadline or the end.
    pub async fn read(&mut self, deadline: Instant) -> bool {
        let Ok(chunk) = timeout_at(deadline, self.response.chunk()).await else {
            return false;
        };
        let Ok(Some(chunk)) = chunk else {
            return false;
        };
        self.text
            .push_str(std::str::from_utf8(&chunk).expect("UTF-8"));
        while let Some((block, rest)) = self.text.split_once("\n\n") {
            let block = block.to_owned();
            self.text = rest.to_owned();
            self.take(&block);
        }
        true
    }

    fn take(&mut self, block: &str) {
        let (mut id, mut data) = (None, None);
        for line in block.lines() {
            match line.split_once(':') {
                Some(("", _)) => self.comments += 1,
                Some(("id", value)) => id = Some(value.trim().to_owned()),
                Some(("data", value)) => data = Some(value.trim().to_owned()),
                Some(("retry", _)) => {}
                other => panic!("not a line of an event: {other:?}"),
            }
        }
        if let Some(id) = &id {
            self.last.clone_from(id);
        }
        if let Some(data) = data {
            let data = serde_json::from_str(&data).expect("JSON");
            self.events.push_back(Event { id, data });
        }
    }

    /// Returns the next matching event and skips others.
    pub async fn expect(&mut self, wanted: impl Fn(&Value) -> bool) -> Event {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            while let Some(event) = self.events.pop_front() {
                if wanted(&event.data) {
                    return event;
                }
            }
            assert!(self.read(deadline).await, "no matching event arrived");
        }
    }

    /// Waits for the end of the stream; panics after `patience`.
    pub async fn end(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.read(deadline).await {}
        assert!(Instant::now() < deadline, "the stream is still open");
    }

    pub async fn next_before(&mut self, deadline: Instant) -> Option<Event> {
        while self.events.is_empty() {
            if !self.read(deadline).await {
                return None;
            }
        }
        self.events.pop_front()
    }
}
