//! People who come back after they were cut off, and catch up as clients do.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::swarm::{Ear, Peer};
use super::wire;
use crate::models::room::LOBBY;

/// Who knows what of the Lobby.
pub(super) struct Followers {
    /// The last message that each has.
    known: Vec<i64>,
    /// Whether each has heard that it has everything.
    is_complete: Vec<bool>,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) closed: u64,
}

impl Followers {
    /// So many, who know the Lobby up to here.
    pub(super) fn new(count: usize, seq: i64) -> Self {
        Self {
            known: vec![seq; count],
            is_complete: vec![false; count],
            lost: 0,
            doubled: 0,
            closed: 0,
        }
    }

    /// They were cut off.
    pub(super) fn cut(&mut self) {
        self.is_complete.fill(false);
    }

    /// How many have everything.
    pub(super) fn complete(&self) -> usize {
        self.is_complete
            .iter()
            .filter(|is_complete| **is_complete)
            .count()
    }

    /// How many do not know the Lobby up to here.
    pub(super) fn behind(&self, seq: i64) -> usize {
        self.known.iter().filter(|known| **known < seq).count()
    }

    fn sync(&self, peer: &mut Peer) {
        // Nobody edits anything, so numbers of messages and of changes are the same.
        let ver = self.known[peer.index];
        let text = format!(r#"{{"type":"sync","roomId":"{LOBBY}","ver":{ver}}}"#);
        let mut frame = Vec::with_capacity(80);
        wire::put_masked(&mut frame, wire::TEXT, text.as_bytes());
        peer.send(&frame);
    }
}

impl Ear for Followers {
    fn text(&mut self, peer: &mut Peer, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        let index = peer.index;
        match frame["type"].as_str() {
            Some("hello") => self.sync(peer),
            Some("message") => {
                let seq = frame["seq"].as_i64().unwrap_or(0);
                let missed = seq - self.known[index] - 1;
                match missed {
                    ..0 => self.doubled += 1,
                    _ => {
                        self.lost += u64::try_from(missed).unwrap_or(0);
                        self.known[index] = seq;
                    }
                }
            }
            Some("synced") if frame["more"] == true => self.sync(peer),
            Some("synced") => self.is_complete[index] = true,
            _ => {}
        }
    }

    fn gone(&mut self, _: &Peer, _: Option<u16>) {
        self.closed += 1;
    }
}

/// Somebody who says something so often, whether it is acknowledged or not.
pub(super) struct Talkers {
    every: Duration,
    next: Instant,
    sent: Vec<(String, Instant)>,
    /// How long each message waited, and when it was sent.
    pub(super) waits: Vec<(Instant, Duration)>,
    pub(super) seq: i64,
    pub(super) refused: u64,
}

impl Talkers {
    /// One message each time this has passed.
    pub(super) fn new(every: Duration, seq: i64) -> Self {
        Self {
            every,
            next: Instant::now(),
            sent: Vec::new(),
            waits: Vec::new(),
            seq,
            refused: 0,
        }
    }

    /// Whether everything is acknowledged.
    pub(super) fn is_settled(&self) -> bool {
        self.sent.is_empty()
    }

    /// Says what is due, in turn.
    pub(super) fn speak(&mut self, peers: &mut [Peer]) {
        while self.next <= Instant::now() {
            self.next += self.every;
            let name = uuid::Uuid::new_v4().to_string();
            let text = format!(
                r#"{{"type":"post","clientId":"{name}","roomId":"{LOBBY}","content":"Is anybody still there?"}}"#
            );
            let mut frame = Vec::with_capacity(200);
            wire::put_masked(&mut frame, wire::TEXT, text.as_bytes());
            let turn = (self.waits.len() + self.sent.len()) % peers.len().max(1);
            // What is due is due, however late it is said.
            self.sent.push((name, Instant::now()));
            peers[turn].send(&frame);
        }
    }
}

impl Ear for Talkers {
    fn text(&mut self, _: &mut Peer, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        let name = frame["clientId"].as_str().unwrap_or_default();
        let found = || self.sent.iter().position(|(sent, _)| sent == name);
        match frame["type"].as_str() {
            Some("ack") => {
                if let Some(at) = found() {
                    let (_, since) = self.sent.swap_remove(at);
                    self.waits.push((since, since.elapsed()));
                    self.seq = self.seq.max(frame["seq"].as_i64().unwrap_or(0));
                }
            }
            Some("error") => {
                if let Some(at) = found() {
                    self.sent.swap_remove(at);
                }
                self.refused += 1;
            }
            _ => {}
        }
    }
}
