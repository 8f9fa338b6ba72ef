//! What is done with the frames that arrive during a run.

use serde_json::Value;

use super::Load;
use crate::payloads;
use crate::socket::{FrameHandler, Socket};

impl FrameHandler for Load {
    fn text(&mut self, socket: &mut Socket, text: &[u8]) {
        if self.target.is_broadcaster() {
            self.receive_broadcast(socket, text);
        } else if text.starts_with(payloads::MESSAGE) {
            self.receive_message(socket, text);
        } else if let Some(rest) = text.strip_prefix(payloads::ACK) {
            if let Some(client_id) = rest.get(..payloads::CLIENT_ID_LENGTH) {
                self.record_ack(socket, client_id);
            }
        } else if text.starts_with(payloads::ERROR) {
            self.receive_error(socket, text);
        }
    }
}

impl Load {
    /// A broadcaster returns each post unchanged, which also acknowledges it.
    fn receive_broadcast(&mut self, socket: &mut Socket, text: &[u8]) {
        let receiver = &mut self.receivers[socket.index];
        receiver.received += 1;
        self.received += 1;
        let (is_sampled, is_poster) = (receiver.is_sampled, receiver.poster.is_some());
        if (is_sampled || is_poster)
            && let Some(client_id) = text
                .strip_prefix(payloads::POST)
                .and_then(|rest| rest.get(..payloads::CLIENT_ID_LENGTH))
        {
            if is_sampled {
                self.record_delivery(client_id);
            }
            if is_poster {
                self.record_ack(socket, client_id);
            }
        }
    }

    fn receive_message(&mut self, socket: &Socket, text: &[u8]) {
        let Some((room_id, seq)) = payloads::room_and_seq(text) else {
            return;
        };
        let receiver = &mut self.receivers[socket.index];
        if room_id != receiver.room_id {
            return;
        }
        if seq < receiver.next_seq {
            self.duplicates += 1;
            return;
        }
        self.lost += u64::try_from(seq - receiver.next_seq).unwrap_or(0);
        receiver.next_seq = seq + 1;
        receiver.received += 1;
        self.received += 1;
        if receiver.is_sampled
            && let Some(client_id) = payloads::client_id(text)
        {
            self.record_delivery(client_id);
        }
    }

    /// After `unavailable` the same message is sent again under the same client id, as clients do.
    fn receive_error(&mut self, socket: &mut Socket, text: &[u8]) {
        let message = || String::from_utf8_lossy(text).into_owned();
        self.first_error.get_or_insert_with(message);
        let frame: Value = serde_json::from_slice(text).unwrap_or_default();
        let client_id = frame["clientId"].as_str().unwrap_or_default().as_bytes();
        match (frame["code"].as_str(), self.parse_client_id(client_id)) {
            (Some("unavailable"), Some((poster, n))) => {
                self.retried += 1;
                self.send(socket, poster, n);
            }
            _ => self.refused += 1,
        }
    }
}
