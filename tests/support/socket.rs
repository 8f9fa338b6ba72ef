//! One tab's socket, spoken by hand.

use super::{LOBBY, PATIENCE, Person, client_id};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message, handshake::client::Request};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An open socket. Frames that were read while waiting for another kind are kept for later.
pub struct Socket {
    pub hello: Value,
    /// The code with which the server closed it, once that was read.
    pub closed_with: Option<u16>,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    waiting: VecDeque<Value>,
}

impl Socket {
    /// The upgrade request of this person's browser.
    pub fn request(person: &Person) -> Request {
        let url = format!("{}/ws", person.url.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("a request");
        let cookie = person.cookie();
        if !cookie.is_empty() {
            request
                .headers_mut()
                .insert("cookie", cookie.parse().expect("a header"));
        }
        request
    }

    /// Connects; the server's first frame is still to come.
    pub async fn open(person: &Person) -> Self {
        Self::try_open(person).await.expect("the socket opens")
    }

    /// Connects, unless the program is away.
    pub async fn try_open(person: &Person) -> Result<Self, Error> {
        Self::connect(Self::request(person)).await
    }

    /// Connects by this request, unless the program is away.
    pub async fn connect(request: Request) -> Result<Self, Error> {
        let (stream, _) = connect_async(request).await?;
        Ok(Self {
            hello: Value::Null,
            closed_with: None,
            stream,
            waiting: VecDeque::new(),
        })
    }

    /// The status with which an upgrade is refused.
    pub async fn refusal(request: Request) -> u16 {
        match connect_async(request).await {
            Ok(_) => 101,
            Err(Error::Http(answer)) => answer.status().as_u16(),
            Err(other) => panic!("no answer to the upgrade: {other}"),
        }
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Any frame; that the other side has gone is seen when reading.
    pub async fn send_raw(&mut self, frame: Message) {
        let _ = self.stream.send(frame).await;
    }

    /// Says something in a room and returns the sender's id of it.
    pub async fn post(&mut self, room: &str, content: &str) -> String {
        let id = client_id();
        self.send(json!({"type": "post", "clientId": id, "roomId": room, "content": content}))
            .await;
        id
    }

    /// Says something in the Lobby and waits for the ack.
    pub async fn say(&mut self, content: &str) -> Value {
        let id = self.post(LOBBY, content).await;
        let ack = self.expect("ack").await;
        assert_eq!(ack["clientId"], id);
        ack
    }

    /// The next frame of this type, whatever comes in between.
    pub async fn expect(&mut self, kind: &str) -> Value {
        self.expect_where(kind, |_| true).await
    }

    /// The next frame of this type that is as wanted; others stay for later.
    pub async fn expect_where(&mut self, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let fits = |frame: &Value| frame["type"] == kind && wanted(frame);
        if let Some(at) = self.waiting.iter().position(fits) {
            return self.waiting.remove(at).expect("it is there");
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.read(deadline).await {
                Some(Ok(frame)) if fits(&frame) => return frame,
                Some(Ok(frame)) => self.waiting.push_back(frame),
                Some(Err(end)) => panic!("waiting for {kind}, the socket ended: {end:?}"),
                None => panic!("no {kind} came, but {:?}", self.waiting),
            }
        }
    }

    /// The next frame of any of these types, whatever comes in between.
    pub async fn first_of(&mut self, kinds: &[&str]) -> Value {
        self.first_where(|frame| kinds.iter().any(|kind| frame["type"] == *kind))
            .await
    }

    /// The next frame that is as wanted, whatever comes in between.
    pub async fn first_where(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        let mut others = Vec::new();
        loop {
            let frame = self.next_before(deadline).await;
            let frame = frame.unwrap_or_else(|| panic!("it did not come, but {others:?}"));
            if wanted(&frame) {
                return frame;
            }
            others.push(frame);
        }
    }

    /// The next `n` messages, in the order in which they came.
    pub async fn messages(&mut self, n: usize) -> Vec<Value> {
        let mut list = Vec::with_capacity(n);
        while list.len() < n {
            list.push(self.expect("message").await);
        }
        list
    }

    /// The next frame, in the order in which they came; `None` when it is silent until the deadline or has ended.
    pub async fn next_before(&mut self, deadline: Instant) -> Option<Value> {
        match self.waiting.pop_front() {
            Some(frame) => Some(frame),
            None => self.read(deadline).await?.ok(),
        }
    }

    /// The same, but tells silence (`Ok(None)`) from the socket's end.
    pub async fn next_until(&mut self, deadline: Instant) -> Result<Option<Value>, ()> {
        match self.waiting.pop_front() {
            Some(frame) => Ok(Some(frame)),
            None => self.read(deadline).await.transpose().map_err(|_| ()),
        }
    }

    /// Fails when a frame of this type comes before the server answers a `ping` sent now.
    pub async fn expect_none(&mut self, kind: &str) {
        self.send(json!({"type": "ping"})).await;
        self.expect("pong").await;
        let unwanted: Vec<_> = self
            .waiting
            .iter()
            .filter(|frame| frame["type"] == kind)
            .collect();
        assert!(unwanted.is_empty(), "{unwanted:?}");
    }

    /// The frames of this type that came and were not looked at.
    pub fn taken(&self, kind: &str) -> Vec<&Value> {
        self.waiting
            .iter()
            .filter(|frame| frame["type"] == kind)
            .collect()
    }

    /// Forgets what came so far.
    pub async fn settle(&mut self) {
        self.send(json!({"type": "ping"})).await;
        self.expect("pong").await;
        self.waiting.clear();
    }

    /// The code with which the server closes; panics when it does not, or without saying why.
    pub async fn close_code(&mut self, patience: Duration) -> u16 {
        self.ending(patience)
            .await
            .expect("the socket ended without a code")
    }

    /// How the socket ends: with a code, or without; panics when it does not.
    pub async fn ending(&mut self, patience: Duration) -> Option<u16> {
        let deadline = Instant::now() + patience;
        loop {
            match self.read(deadline).await {
                Some(Ok(frame)) => self.waiting.push_back(frame),
                Some(Err(code)) => return code,
                None => panic!("the socket stays open"),
            }
        }
    }

    /// Drops the connection as a dead network would: no goodbye.
    pub fn cut(self) {
        drop(self);
    }

    /// A frame, or how the socket ended; `None` at the deadline.
    async fn read(&mut self, deadline: Instant) -> Option<Result<Value, Option<u16>>> {
        loop {
            let frame = timeout_at(deadline, self.stream.next()).await.ok()?;
            return Some(match frame {
                Some(Ok(Message::Text(text))) => {
                    Ok(serde_json::from_str(&text).expect("one JSON object"))
                }
                Some(Ok(Message::Close(frame))) => {
                    self.closed_with = frame.map(|frame| frame.code.into());
                    Err(self.closed_with)
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(other)) => panic!("an unexpected frame: {other:?}"),
                Some(Err(_)) | None => Err(None),
            });
        }
    }
}
