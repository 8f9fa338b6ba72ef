//! Programs that speak the JSON API with a token, and read its event streams.

use super::{PATIENCE, Person};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

use super::person::{PASSWORD, read};

/// Somebody's program, signed in by a token.
#[derive(Clone)]
pub struct Program {
    pub token: String,
    pub expires_at: String,
    visitor: Person,
}

/// A status as a number, and what came with it.
pub type Answer = (u16, Value);

fn plain((status, value): (StatusCode, Value)) -> Answer {
    (status.as_u16(), value)
}

impl Program {
    /// Signs in with phone number and password.
    pub async fn of(house: &super::Teahouse, person: &Person) -> Self {
        let mut visitor = Person::visitor(house);
        visitor.phone.clone_from(&person.phone);
        Self::signed_in(visitor).await
    }

    /// Somebody at a door, with their phone number.
    pub async fn signed_in(visitor: Person) -> Self {
        let body = json!({"phone": visitor.phone, "password": PASSWORD});
        let (status, answer) = visitor.post_json("/api/login", &body).await;
        assert_eq!(status, 200, "{answer}");
        Self::with(
            visitor,
            answer["token"].as_str().expect("a token"),
            answer["expiresAt"].as_str().expect("a time"),
        )
    }

    /// With a token that somebody got elsewhere.
    pub fn with(visitor: Person, token: &str, expires_at: &str) -> Self {
        Self {
            token: token.to_owned(),
            expires_at: expires_at.to_owned(),
            visitor,
        }
    }

    /// A request to be completed: the token goes with it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.visitor.request(method, path).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        plain(read(self.request(Method::GET, path)).await)
    }

    /// Sends JSON; an answer without a body is `null`.
    pub async fn send(&self, method: Method, path: &str, body: Value) -> Answer {
        let answer = self.request(method, path).json(&body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        let value = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).unwrap_or_else(|_| panic!("{status}: {text}")),
        };
        (status, value)
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Opens an event stream, after the event of this id if one is given.
    pub async fn stream(&self, path: &str, last: Option<&str>) -> Stream {
        let mut request = self
            .request(Method::GET, path)
            .header("accept", "text/event-stream")
            .timeout(Duration::from_secs(120));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        Stream::of(request.send().await.expect("an answer")).await
    }
}

/// One event of a stream.
#[derive(Debug, Clone)]
pub struct Event {
    pub id: Option<String>,
    pub data: Value,
}

/// An event stream that has begun.
pub struct Stream {
    answer: Response,
    text: String,
    events: VecDeque<Event>,
    /// As a browser would send it in `Last-Event-ID`.
    pub last: String,
    /// Comments so far: the stream lives.
    pub comments: usize,
}

impl Stream {
    /// Reads until the first block, so that whatever happens from here on is in the stream.
    pub async fn of(answer: Response) -> Self {
        assert_eq!(answer.status(), 200);
        let kind = answer.headers().get("content-type").expect("a type");
        assert_eq!(kind, "text/event-stream");
        let mut stream = Self {
            answer,
            text: String::new(),
            events: VecDeque::new(),
            last: String::new(),
            comments: 0,
        };
        let deadline = Instant::now() + PATIENCE;
        while stream.last.is_empty() {
            assert!(stream.read(deadline).await, "the stream does not begin");
        }
        stream
    }

    /// Takes in what comes next; false at the deadline or the end.
    pub async fn read(&mut self, deadline: Instant) -> bool {
        let Ok(chunk) = timeout_at(deadline, self.answer.chunk()).await else {
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

    /// The next event that is as wanted, whatever comes in between.
    pub async fn expect(&mut self, wanted: impl Fn(&Value) -> bool) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.events.pop_front() {
                if wanted(&event.data) {
                    return event;
                }
            }
            assert!(self.read(deadline).await, "no such event came");
        }
    }

    /// Waits until the stream ends; panics when it goes on for longer than this.
    pub async fn end(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while self.read(deadline).await {}
        assert!(Instant::now() < deadline, "the stream goes on");
    }

    /// The next event, if one comes before the deadline.
    pub async fn next_before(&mut self, deadline: Instant) -> Option<Event> {
        while self.events.is_empty() {
            if !self.read(deadline).await {
                return None;
            }
        }
        self.events.pop_front()
    }
}
