//! People who come back after they were cut off, and catch up as clients do.

use serde_json::Value;

use super::peer::{Ear, Peer};
use super::wire;
use crate::models::room::LOBBY;

/// What somebody has of the Lobby.
#[derive(Debug, Clone, Default)]
struct Memory {
    /// Everything up to here.
    known: i64,
    /// Live messages that came before what they follow.
    ahead: Vec<i64>,
    /// Whether they heard that they have everything.
    is_complete: bool,
}

/// See the module's description.
pub(super) struct Followers {
    memories: Vec<Memory>,
    /// Messages that came twice to somebody who had everything. While somebody catches up, live ones may be among
    /// what they asked for.
    pub(super) doubled: u64,
    pub(super) closed: u64,
}

impl Followers {
    /// So many, who know the Lobby up to here.
    pub(super) fn new(count: usize, seq: i64) -> Self {
        let memory = Memory {
            known: seq,
            ..Memory::default()
        };
        Self {
            memories: vec![memory; count],
            doubled: 0,
            closed: 0,
        }
    }

    /// They were cut off.
    pub(super) fn cut(&mut self) {
        let memories = self.memories.iter_mut();
        memories.for_each(|memory| memory.is_complete = false);
        self.closed = 0;
    }

    /// How many have everything.
    pub(super) fn complete(&self) -> usize {
        let memories = self.memories.iter();
        memories.filter(|memory| memory.is_complete).count()
    }

    /// How many messages are missing if the Lobby ends here.
    pub(super) fn missing(&self, seq: i64) -> u64 {
        let missing = |memory: &Memory| {
            let ahead = memory.ahead.len() as u64;
            let behind = u64::try_from(seq - memory.known).unwrap_or(0);
            behind.saturating_sub(ahead)
        };
        self.memories.iter().map(missing).sum()
    }

    fn sync(&self, peer: &mut Peer) {
        // Nobody edits anything, so numbers of messages and of changes are the same.
        let ver = self.memories[peer.index].known;
        let text = format!(r#"{{"type":"sync","roomId":"{LOBBY}","ver":{ver}}}"#);
        let mut frame = Vec::with_capacity(80);
        wire::put_masked(&mut frame, wire::TEXT, text.as_bytes());
        peer.send(&frame);
    }

    fn hear(&mut self, index: usize, seq: i64) {
        let memory = &mut self.memories[index];
        if seq <= memory.known || memory.ahead.contains(&seq) {
            self.doubled += u64::from(memory.is_complete);
            return;
        }
        memory.ahead.push(seq);
        while let Some(at) = (memory.ahead.iter()).position(|seq| *seq == memory.known + 1) {
            memory.ahead.swap_remove(at);
            memory.known += 1;
        }
    }
}

impl Ear for Followers {
    fn text(&mut self, peer: &mut Peer, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        match frame["type"].as_str() {
            Some("hello") => self.sync(peer),
            Some("message") => self.hear(peer.index, frame["seq"].as_i64().unwrap_or(0)),
            Some("synced") if frame["more"] == true => self.sync(peer),
            Some("synced") => self.memories[peer.index].is_complete = true,
            _ => {}
        }
    }

    fn gone(&mut self, _: &Peer, _: Option<u16>) {
        self.closed += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_early_counts_and_what_comes_twice_does_only_live() {
        let mut followers = Followers::new(1, 0);
        for seq in [3, 1, 2, 3] {
            followers.hear(0, seq);
        }
        assert_eq!((followers.missing(3), followers.doubled), (0, 0));
        followers.memories[0].is_complete = true;
        followers.hear(0, 3);
        followers.hear(0, 5);
        assert_eq!((followers.missing(5), followers.doubled), (1, 1));
    }
}
