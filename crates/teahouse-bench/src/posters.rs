//! Users who post at a fixed rate, whether their earlier messages are acknowledged or not.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::LOBBY;
use crate::frame;
use crate::socket::{FrameHandler, Socket};

/// Messages of all posters, and how long each waited for its acknowledgement.
pub(crate) struct Posters {
    interval: Duration,
    next_at: Instant,
    sent: usize,
    /// Client ids without a response, and when each message was due.
    pending: Vec<(String, Instant)>,
    /// When each message was due, and the time from then to its acknowledgement.
    pub(crate) waits: Vec<(Instant, Duration)>,
    /// Last acknowledged sequence number in the Lobby.
    pub(crate) seq: i64,
    pub(crate) refused: u64,
}

impl Posters {
    /// Posters who together send one message per `interval`.
    pub(crate) fn new(interval: Duration, seq: i64) -> Self {
        Self {
            interval,
            next_at: Instant::now(),
            sent: 0,
            pending: Vec::new(),
            waits: Vec::new(),
            seq,
            refused: 0,
        }
    }

    /// Number of messages without a response.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Sends the messages that are due, from the sockets in turn.
    pub(crate) fn send_due(&mut self, sockets: &mut [Socket]) {
        while self.next_at <= Instant::now() {
            let client_id = uuid::Uuid::new_v4().to_string();
            let text = format!(
                r#"{{"type":"post","clientId":"{client_id}","roomId":"{LOBBY}","content":"Is anybody still there?"}}"#
            );
            let mut post = Vec::with_capacity(200);
            frame::put_masked(&mut post, frame::TEXT, text.as_bytes());
            // Latency counts from the due time, so a late send is not hidden.
            self.pending.push((client_id, self.next_at));
            self.next_at += self.interval;
            let index = self.sent % sockets.len().max(1);
            self.sent += 1;
            sockets[index].send(&post);
        }
    }
}

impl FrameHandler for Posters {
    fn text(&mut self, _: &mut Socket, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        let client_id = frame["clientId"].as_str().unwrap_or_default();
        let found = || {
            self.pending
                .iter()
                .position(|(pending, _)| pending == client_id)
        };
        match frame["type"].as_str() {
            Some("ack") => {
                if let Some(at) = found() {
                    let (_, due) = self.pending.swap_remove(at);
                    self.waits.push((due, due.elapsed()));
                    self.seq = self.seq.max(frame["seq"].as_i64().unwrap_or(0));
                }
            }
            Some("error") => {
                if let Some(at) = found() {
                    self.pending.swap_remove(at);
                }
                self.refused += 1;
            }
            _ => {}
        }
    }
}
