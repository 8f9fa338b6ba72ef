//! A WebSocket client.

use super::{LOBBY, Person, TIMEOUT, client_id};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message, handshake::client::Request};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// An open socket. Frames that were read while waiting for another one are buffered.
pub struct Socket {
    pub hello: Value,
    /// The close code, once received.
    pub closed_with: Option<u16>,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    buffered: VecDeque<Value>,
}

impl Socket {
    /// Returns the upgrade request with this person's cookies.
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

    /// Connects without waiting for `hello`.
    pub async fn open(person: &Person) -> Self {
        Self::try_open(person).await.expect("the socket opens")
    }

    /// Connects, unless the server is down.
    pub async fn try_open(person: &Person) -> Result<Self, Error> {
        Self::connect(Self::request(person)).await
    }

    /// Connects with this request, unless the server is down.
    pub async fn connect(request: Request) -> Result<Self, Error> {
        let (stream, _) = connect_async(request).await?;
        Ok(Self {
            hello: Value::Null,
            closed_with: None,
            stream,
            buffered: VecDeque::new(),
        })
    }

    /// Returns the status with which an upgrade is rejected.
    pub async fn refusal(request: Request) -> u16 {
        match connect_async(request).await {
            Ok(_) => 101,
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(other) => panic!("no response to the upgrade: {other}"),
        }
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_raw(Message::text(frame.to_string())).await;
    }

    /// Sends any frame; a closed connection is detected when reading.
    pub async fn send_raw(&mut self, frame: Message) {
        let _ = self.stream.send(frame).await;
    }

    pub async fn sync(&mut self, room: &str, ver: u64) {
        let frame = json!({"type": "sync", "roomId": room, "ver": ver});
        self.send(frame).await;
    }

    /// Tells that the window shows a room.
    pub async fn view(&mut self, room: &str) {
        self.send(json!({"type": "view", "roomId": room})).await;
    }

    /// Posts a message and returns its client id.
    pub async fn post(&mut self, room: &str, content: &str) -> String {
        let id = client_id();
        self.send(json!({"type": "post", "clientId": id, "roomId": room, "content": content}))
            .await;
        id
    }

    /// Posts a message in the Lobby and waits for the ack.
    pub async fn say(&mut self, content: &str) -> Value {
        let id = self.post(LOBBY, content).await;
        let ack = self.expect("ack").await;
        assert_eq!(ack["clientId"], id);
        ack
    }

    /// Returns the next frame of this type and buffers others.
    pub async fn expect(&mut self, kind: &str) -> Value {
        self.expect_where(kind, |_| true).await
    }

    /// Returns the next matching frame of this type and buffers others.
    pub async fn expect_where(&mut self, kind: &str, matches: impl Fn(&Value) -> bool) -> Value {
        let is_match = |frame: &Value| frame["type"] == kind && matches(frame);
        if let Some(at) = self.buffered.iter().position(is_match) {
            return self.buffered.remove(at).expect("it is there");
        }
        let deadline = Instant::now() + TIMEOUT;
        loop {
            match self.read(deadline).await {
                Some(Ok(frame)) if is_match(&frame) => return frame,
                Some(Ok(frame)) => self.buffered.push_back(frame),
                Some(Err(end)) => panic!("waiting for {kind}, the socket ended: {end:?}"),
                None => panic!("no {kind} came, but {:?}", self.buffered),
            }
        }
    }

    /// Returns the next frame of any of these types and discards others.
    pub async fn first_of(&mut self, kinds: &[&str]) -> Value {
        self.first_where(|frame| kinds.iter().any(|kind| frame["type"] == *kind))
            .await
    }

    /// Returns the next matching frame and discards others.
    pub async fn first_where(&mut self, matches: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + TIMEOUT;
        let mut others = Vec::new();
        loop {
            let frame = self.next_before(deadline).await;
            let frame = frame.unwrap_or_else(|| panic!("no matching frame, but {others:?}"));
            if matches(&frame) {
                return frame;
            }
            others.push(frame);
        }
    }

    /// Returns a room as `hello` shows it. A room whose membership changes while `hello` is read comes in a `room` frame after it.
    pub async fn room(&mut self, id: &str) -> Value {
        let rooms = self.hello["rooms"].as_array().expect("rooms");
        match rooms.iter().find(|room| room["id"] == id) {
            Some(room) => room.clone(),
            None => self
                .expect_where("room", |frame| frame["room"]["id"] == id)
                .await["room"]
                .take(),
        }
    }

    /// Returns the next `n` messages in order of arrival.
    pub async fn messages(&mut self, n: usize) -> Vec<Value> {
        let mut list = Vec::with_capacity(n);
        while list.len() < n {
            list.push(self.expect("message").await);
        }
        list
    }

    /// Returns the next frame in order of arrival; `None` at the deadline or the end.
    pub async fn next_before(&mut self, deadline: Instant) -> Option<Value> {
        match self.buffered.pop_front() {
            Some(frame) => Some(frame),
            None => self.read(deadline).await?.ok(),
        }
    }

    /// Like `next_before`, but tells the deadline (`Ok(None)`) from the end of the socket.
    pub async fn next_until(&mut self, deadline: Instant) -> Result<Option<Value>, ()> {
        match self.buffered.pop_front() {
            Some(frame) => Ok(Some(frame)),
            None => self.read(deadline).await.transpose().map_err(|_| ()),
        }
    }

    /// Asserts that no frame of this type arrives before the `pong` to a `ping` sent now.
    pub async fn expect_none(&mut self, kind: &str) {
        self.send(json!({"type": "ping"})).await;
        self.expect("pong").await;
        let unwanted: Vec<_> = self
            .buffered
            .iter()
            .filter(|frame| frame["type"] == kind)
            .collect();
        assert!(unwanted.is_empty(), "{unwanted:?}");
    }

    /// Returns the buffered frames of this type.
    pub fn buffered(&self, kind: &str) -> Vec<&Value> {
        self.buffered
            .iter()
            .filter(|frame| frame["type"] == kind)
            .collect()
    }

    /// Waits for a `pong` and discards all frames received until then.
    pub async fn discard_pending(&mut self) {
        self.send(json!({"type": "ping"})).await;
        self.expect("pong").await;
        self.buffered.clear();
    }

    /// Returns the close code; panics when the socket stays open or ends without a code.
    pub async fn close_code(&mut self, timeout: Duration) -> u16 {
        self.wait_for_end(timeout)
            .await
            .expect("the socket ended without a code")
    }

    /// Returns the close code, if any; panics when the socket stays open.
    pub async fn wait_for_end(&mut self, timeout: Duration) -> Option<u16> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.read(deadline).await {
                Some(Ok(frame)) => self.buffered.push_back(frame),
                Some(Err(code)) => return code,
                None => panic!("the socket stays open"),
            }
        }
    }

    /// Drops the connection without a close frame.
    pub fn abort(self) {
        drop(self);
    }

    /// Returns a frame or how the socket ended; `None` at the deadline.
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
