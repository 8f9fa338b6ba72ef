//! Clients that reconnect after their connections were cut, and catch up with `sync`.

use serde_json::Value;

use crate::LOBBY;
use crate::frame;
use crate::socket::{FrameHandler, Socket};

/// What one client has received of the Lobby.
#[derive(Debug, Clone, Default)]
struct ClientState {
    /// Sequence number up to which nothing is missing.
    seq: i64,
    /// Sequence numbers of live messages beyond a gap.
    ahead: Vec<i64>,
    /// Whether `synced` arrived since the last connect.
    is_synced: bool,
}

/// The state of all clients.
pub(crate) struct ReconnectingClients {
    clients: Vec<ClientState>,
    /// Messages that arrived twice at a client that was synced. During a sync, live messages may also be in its result.
    pub(crate) duplicates: u64,
    pub(crate) closed: u64,
}

impl ReconnectingClients {
    /// `count` clients that have the Lobby up to `seq`.
    pub(crate) fn new(count: usize, seq: i64) -> Self {
        let client = ClientState {
            seq,
            ..ClientState::default()
        };
        Self {
            clients: vec![client; count],
            duplicates: 0,
            closed: 0,
        }
    }

    /// Notes that all connections were cut.
    pub(crate) fn disconnect(&mut self) {
        let clients = self.clients.iter_mut();
        clients.for_each(|client| client.is_synced = false);
        self.closed = 0;
    }

    /// Number of clients that are synced.
    pub(crate) fn synced(&self) -> usize {
        let clients = self.clients.iter();
        clients.filter(|client| client.is_synced).count()
    }

    /// Number of messages that all clients together miss if `seq` is the last one.
    pub(crate) fn missing(&self, seq: i64) -> u64 {
        let missing = |client: &ClientState| {
            let ahead = client.ahead.len() as u64;
            let behind = u64::try_from(seq - client.seq).unwrap_or(0);
            behind.saturating_sub(ahead)
        };
        self.clients.iter().map(missing).sum()
    }

    fn request_sync(&self, socket: &mut Socket) {
        // Without edits, versions equal sequence numbers.
        let ver = self.clients[socket.index].seq;
        let text = format!(r#"{{"type":"sync","roomId":"{LOBBY}","ver":{ver}}}"#);
        let mut sync = Vec::with_capacity(80);
        frame::put_masked(&mut sync, frame::TEXT, text.as_bytes());
        socket.send(&sync);
    }

    fn receive(&mut self, index: usize, seq: i64) {
        let client = &mut self.clients[index];
        if seq <= client.seq || client.ahead.contains(&seq) {
            self.duplicates += u64::from(client.is_synced);
            return;
        }
        client.ahead.push(seq);
        while let Some(at) = (client.ahead.iter()).position(|seq| *seq == client.seq + 1) {
            client.ahead.swap_remove(at);
            client.seq += 1;
        }
    }
}

impl FrameHandler for ReconnectingClients {
    fn text(&mut self, socket: &mut Socket, text: &[u8]) {
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        match frame["type"].as_str() {
            Some("hello") => self.request_sync(socket),
            Some("message") => self.receive(socket.index, frame["seq"].as_i64().unwrap_or(0)),
            Some("synced") if frame["more"] == true => self.request_sync(socket),
            Some("synced") => self.clients[socket.index].is_synced = true,
            _ => {}
        }
    }

    fn closed(&mut self, _: &Socket, _: Option<u16>) {
        self.closed += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn early_messages_count_and_duplicates_count_only_when_synced() {
        let mut clients = ReconnectingClients::new(1, 0);
        for seq in [3, 1, 2, 3] {
            clients.receive(0, seq);
        }
        assert_eq!((clients.missing(3), clients.duplicates), (0, 0));
        clients.clients[0].is_synced = true;
        clients.receive(0, 3);
        clients.receive(0, 5);
        assert_eq!((clients.missing(5), clients.duplicates), (1, 1));
    }
}
