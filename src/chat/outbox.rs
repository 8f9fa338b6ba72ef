//! What was said here and is not acknowledged yet. It goes out one by one, so that its order holds whatever happens.

use std::collections::VecDeque;

use serde_json::{Value, json};
use uuid::Uuid;

/// So many may wait; then no more input is read.
const ROOM: usize = 64;

/// See the module's description.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    posts: VecDeque<Post>,
    is_sent: bool,
}

/// A `post` frame.
#[derive(Debug)]
pub(super) struct Post {
    client_id: String,
    /// To whom it is said directly, when it is.
    pub(super) to: Option<String>,
    frame: Value,
}

impl Outbox {
    /// Takes something to be said in a room (`roomId`) or to a person (`to`). Answers its `clientId`.
    pub(super) fn say(&mut self, key: &str, whom: &str, content: &str) -> String {
        self.take(json!({"type": "post", key: whom, "content": content}))
    }

    /// Takes a `post` frame as a script wrote it; without `clientId` it gets one.
    pub(super) fn take(&mut self, mut frame: Value) -> String {
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

    /// The frame to send now, if any.
    pub(super) fn next(&mut self) -> Option<String> {
        let post = self.posts.front().filter(|_| !self.is_sent)?;
        self.is_sent = true;
        Some(post.frame.to_string())
    }

    /// The one that was sent has its answer.
    pub(super) fn settle(&mut self, client_id: &str) -> Option<Post> {
        if !self.is_waiting_for(client_id) {
            return None;
        }
        self.is_sent = false;
        self.posts.pop_front()
    }

    /// Whether this was sent and has no answer.
    pub(super) fn is_waiting_for(&self, client_id: &str) -> bool {
        let first = self.posts.front().filter(|_| self.is_sent);
        first.is_some_and(|post| post.client_id == client_id)
    }

    /// Whatever was sent must be sent again.
    pub(super) fn again(&mut self) {
        self.is_sent = false;
    }

    /// Whether more can be taken.
    pub(super) fn has_room(&self) -> bool {
        self.posts.len() < ROOM
    }

    /// Whether all is stored or refused.
    pub(super) fn is_empty(&self) -> bool {
        self.posts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_again_with_the_same_client_id() {
        let mut outbox = Outbox::default();
        outbox.say("roomId", "1", "first");
        outbox.say("to", "lin", "second");
        let sent = outbox.next().expect("a frame");
        assert!(outbox.next().is_none());
        outbox.again();
        assert_eq!(outbox.next(), Some(sent.clone()));
        assert!(outbox.settle("somebody else's").is_none());
        let frame: Value = serde_json::from_str(&sent).expect("JSON");
        let id = frame["clientId"].as_str().expect("an id").to_owned();
        assert!(outbox.settle(&id).is_some_and(|post| post.to.is_none()));
        assert!(outbox.next().is_some_and(|frame| frame.contains("second")));
        assert!(!outbox.is_empty());
    }
}
