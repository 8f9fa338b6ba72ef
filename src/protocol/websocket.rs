//! Encodes WebSocket frames (RFC 6455): unfragmented, unmasked, and once for all recipients.

use bytes::{BufMut, Bytes, BytesMut};

/// Close codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The client closed the connection.
    Normal = 1000,
    /// The server shuts down, or the client has to reconnect.
    GoingAway = 1001,
    /// The peer violated RFC 6455.
    Protocol = 1002,
    /// A text frame that is not UTF-8.
    BadText = 1007,
    /// A frame over the size limit.
    TooBig = 1009,
    /// The user signed out or was banned, or the session was revoked.
    SignedOut = 4001,
    /// The client reads too slowly.
    TooSlow = 4008,
    /// Replaced by another connection of the same user.
    Replaced = 4009,
    /// The client sends too much.
    Flooding = 4029,
}

/// Frame types of RFC 6455, section 5.2.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum OpCode {
    Text = 0x1,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
}

/// Returns the JSON of a text frame encoded by this module; `None` for other frames.
pub fn payload(wire: &[u8]) -> Option<&[u8]> {
    let header = match (wire.first()?, wire.get(1)?) {
        (0x81, 126) => 4,
        (0x81, 127) => 10,
        (0x81, _) => 2,
        _ => return None,
    };
    wire.get(header..)
}

/// Encodes a `Close` frame.
pub fn close(code: CloseCode) -> Bytes {
    control(OpCode::Close, &(code as u16).to_be_bytes())
}

/// Encodes a `Ping` frame.
pub fn ping() -> Bytes {
    control(OpCode::Ping, &[])
}

/// Encodes the `Pong` frame for a `Ping` with this payload.
pub fn pong(payload: &[u8]) -> Bytes {
    control(OpCode::Pong, payload)
}

/// Control frames carry at most 125 bytes (RFC 6455, section 5.5).
fn control(op: OpCode, payload: &[u8]) -> Bytes {
    let payload = &payload[..payload.len().min(125)];
    let mut wire = BytesMut::with_capacity(2 + payload.len());
    put_header(&mut wire, op, payload.len());
    wire.put_slice(payload);
    wire.freeze()
}

/// Writes the header of an unfragmented, unmasked frame (RFC 6455, section 5.2).
pub(super) fn put_header(wire: &mut BytesMut, op: OpCode, length: usize) {
    wire.put_u8(0x80 | op as u8);
    match length {
        0..=125 => wire.put_u8(length as u8),
        126..=0xFFFF => {
            wire.put_u8(126);
            wire.put_u16(length as u16);
        }
        _ => {
            wire.put_u8(127);
            wire.put_u64(length as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_size_depends_on_the_length() {
        for (length, header) in [(5, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut wire = BytesMut::new();
            put_header(&mut wire, OpCode::Text, length);
            assert_eq!(wire.len(), header, "{length}");
        }
    }
}
