//! Messages without acknowledgement. They are sent one at a time, so that their order survives errors and reconnects.

use std::collections::VecDeque;

use serde_json::{Value, json};
use uuid::Uuid;

/// When this many messages wait, no more input is read.
const CAPACITY: usize = 64;

/// A queue of `post` frames, of which at most the first is in flight.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    posts: VecDeque<Post>,
    is_in_flight: bool,
}

/// A `post` frame.
#[derive(Debug)]
pub(crate) struct Post {
    client_id: String,
    /// The recipient of a direct message, as typed.
    pub(crate) to: Option<String>,
    frame: Value,
}

impl Outbox {
    /// Queues a message to a room (`roomId`) or to a user (`to`), and returns its `clientId`.
    pub(crate) fn push(&mut self, key: &str, recipient: &str, content: &str) -> String {
        self.push_frame(json!({"type": "post", key: recipient, "content": content}))
    }

    /// Queues a script's `post` frame, and returns its `clientId`, which is added when missing.
    pub(crate) fn push_frame(&mut self, mut frame: Value) -> String {
        let given = frame["clientId"].as_str().map(str::to_owned);
        let client_id = given.unwrap_or_else(|| Uuid::new_v4().to_string());
        frame["clientId"] = Value::from(client_id.as_str());
        let to = frame["to"].as_str().map(str::to_owned);
        self.posts.push_back(Post {
            client_id: client_id.clone(),
            to,
            frame,
        });
        client_id
    }

    /// Returns the next frame to send unless one is in flight.
    pub(crate) fn next(&mut self) -> Option<String> {
        let post = self.posts.front().filter(|_| !self.is_in_flight)?;
        self.is_in_flight = true;
        Some(post.frame.to_string())
    }

    /// Removes the message in flight, if it has this `clientId`: it is stored or refused.
    pub(crate) fn complete(&mut self, client_id: &str) -> Option<Post> {
        if !self.is_awaiting(client_id) {
            return None;
        }
        self.is_in_flight = false;
        self.posts.pop_front()
    }

    /// Whether the message in flight has this `clientId`.
    pub(crate) fn is_awaiting(&self, client_id: &str) -> bool {
        let first = self.posts.front().filter(|_| self.is_in_flight);
        first.is_some_and(|post| post.client_id == client_id)
    }

    /// Makes the message in flight the next one to send.
    pub(crate) fn retry(&mut self) {
        self.is_in_flight = false;
    }

    /// Whether another message may be queued.
    pub(crate) fn has_room(&self) -> bool {
        self.posts.len() < CAPACITY
    }

    /// Whether every message is stored or refused.
    pub(crate) fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_in_flight_and_is_retried_with_the_same_client_id() {
        let mut outbox = Outbox::default();
        outbox.push("roomId", "1", "first");
        outbox.push("to", "lin", "second");
        let sent = outbox.next().expect("a frame");
        assert!(outbox.next().is_none());
        outbox.retry();
        assert_eq!(outbox.next(), Some(sent.clone()));
        assert!(outbox.complete("another id").is_none());
        let frame: Value = serde_json::from_str(&sent).expect("JSON");
        let id = frame["clientId"].as_str().expect("an id").to_owned();
        assert!(outbox.complete(&id).is_some_and(|post| post.to.is_none()));
        assert!(outbox.next().is_some_and(|frame| frame.contains("second")));
        assert!(!outbox.is_empty());
    }
}
