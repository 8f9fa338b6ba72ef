//! People who say something at a steady pace, whether what they said before is acknowledged or not.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::peer::{Ear, Peer};
use super::wire;
use crate::models::room::LOBBY;

/// See the module's description.
pub(super) struct Talkers {
    every: Duration,
    next: Instant,
    said: usize,
    waiting: Vec<(String, Instant)>,
    /// When each message was due, and how long it waited from then on.
    pub(super) waits: Vec<(Instant, Duration)>,
    /// Where the Lobby ends, as far as they know.
    pub(super) seq: i64,
    pub(super) refused: u64,
}

impl Talkers {
    /// One message each time this has passed.
    pub(super) fn new(every: Duration, seq: i64) -> Self {
        Self {
            every,
            next: Instant::now(),
            said: 0,
            waiting: Vec::new(),
            waits: Vec::new(),
            seq,
            refused: 0,
        }
    }

    /// How many messages are not answered.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Says what is due, in turn.
    pub(super) fn speak(&mut self, peers: &mut [Peer]) {
        while self.next <= Instant::now() {
            let name = uuid::Uuid::new_v4().to_string();
            let text = format!(
                r#"{{"type":"post","clientId":"{name}","roomId":"{LOBBY}","content":"Is anybody still there?"}}"#
            );
            let mut frame = Vec::with_capacity(200);
            wire::put_masked(&mut frame, wire::TEXT, text.as_bytes());
            // What is due is due, however late it is said.
            self.waiting.push((name, self.next));
            self.next += self.every;
            let turn = self.said % peers.len().max(1);
            self.said += 1;
            peers[turn].send(&frame);
        }
    }
}

impl Ear for Talkers {
    fn text(&mut self, _: &mut Peer, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        let name = frame["clientId"].as_str().unwrap_or_default();
        let found = || self.waiting.iter().position(|(waiting, _)| waiting == name);
        match frame["type"].as_str() {
            Some("ack") => {
                if let Some(at) = found() {
                    let (_, due) = self.waiting.swap_remove(at);
                    self.waits.push((due, due.elapsed()));
                    self.seq = self.seq.max(frame["seq"].as_i64().unwrap_or(0));
                }
            }
            Some("error") => {
                if let Some(at) = found() {
                    self.waiting.swap_remove(at);
                }
                self.refused += 1;
            }
            _ => {}
        }
    }
}
