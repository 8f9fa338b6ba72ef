//! WebSocket frames as bytes (RFC 6455): whole, unmasked, encoded once for everybody.

use bytes::{BufMut, Bytes, BytesMut};

/// Why a socket is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The client said goodbye.
    Normal = 1000,
    /// The server stops.
    GoingAway = 1001,
    /// The peer breaks RFC 6455.
    Protocol = 1002,
    /// Text that is not UTF-8.
    BadText = 1007,
    /// A frame that is too large.
    TooBig = 1009,
    /// Signed out, banned, or the session was revoked.
    SignedOut = 4001,
    /// Reading too slowly.
    TooSlow = 4008,
    /// Its place was taken by another connection of the same person.
    Replaced = 4009,
    /// Sending too much.
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

/// The JSON of a text frame that was encoded here; `None` for other frames.
pub fn payload(wire: &[u8]) -> Option<&[u8]> {
    let header = match (wire.first()?, wire.get(1)?) {
        (0x81, 126) => 4,
        (0x81, 127) => 10,
        (0x81, _) => 2,
        _ => return None,
    };
    wire.get(header..)
}

/// A `Close` frame.
pub fn close(code: CloseCode) -> Bytes {
    control(OpCode::Close, &(code as u16).to_be_bytes())
}

/// A `Ping` frame.
pub fn ping() -> Bytes {
    control(OpCode::Ping, &[])
}

/// The `Pong` frame that answers a `Ping` with this payload.
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

/// The header of a whole, unmasked frame (RFC 6455, section 5.2).
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
    fn frame_headers_follow_the_length() {
        for (length, header) in [(5, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut wire = BytesMut::new();
            put_header(&mut wire, OpCode::Text, length);
            assert_eq!(wire.len(), header, "{length}");
        }
    }
}
