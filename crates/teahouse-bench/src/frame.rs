//! Encoding and decoding of WebSocket frames, with as little work as possible.

/// Opcode of a text frame.
pub(crate) const TEXT: u8 = 1;
/// Opcode of a close frame.
pub(crate) const CLOSE: u8 = 8;
/// Opcode of a ping.
pub(crate) const PING: u8 = 9;
/// Opcode of a pong.
pub(crate) const PONG: u8 = 10;

/// Appends a client's frame. Its masking key is zero, so the payload is copied unchanged.
pub(crate) fn put_masked(out: &mut Vec<u8>, op: u8, payload: &[u8]) {
    put_header(out, op, payload.len(), 0x80);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// Appends a server's frame.
pub(crate) fn put(out: &mut Vec<u8>, op: u8, payload: &[u8]) {
    put_header(out, op, payload.len(), 0);
    out.extend_from_slice(payload);
}

fn put_header(out: &mut Vec<u8>, op: u8, len: usize, mask: u8) {
    out.push(0x80 | op);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len), _) if len < 126 => out.push(mask | len),
        (_, Ok(len)) => {
            out.push(mask | 126);
            out.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            out.push(mask | 127);
            out.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

/// A decoded frame header.
pub(crate) struct Header {
    pub(crate) op: u8,
    /// Offset of the payload, after the masking key if there is one.
    pub(crate) start: usize,
    /// Offset of the end of the frame.
    pub(crate) end: usize,
    pub(crate) is_masked: bool,
}

/// Decodes a frame header. Returns `None` when more bytes are needed for it; the payload may still be incomplete.
pub(crate) fn header(bytes: &[u8]) -> Option<Header> {
    let [first, second, ..] = *bytes else {
        return None;
    };
    let (len, start) = match second & 0x7F {
        126 => (
            usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?])),
            4,
        ),
        127 => {
            let len = bytes.get(2..10)?.try_into().map(u64::from_be_bytes).ok()?;
            (usize::try_from(len).ok()?, 10)
        }
        len => (usize::from(len), 2),
    };
    let is_masked = second & 0x80 != 0;
    let start = start + if is_masked { 4 } else { 0 };
    Some(Header {
        op: first & 0x0F,
        start,
        end: start.checked_add(len)?,
        is_masked,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn written_frame_is_decoded(len in 0_usize..70_000, is_masked: bool) {
            let payload = vec![b'x'; len];
            let mut out = Vec::new();
            match is_masked {
                true => put_masked(&mut out, TEXT, &payload),
                false => put(&mut out, TEXT, &payload),
            }
            let header = header(&out).expect("a header");
            prop_assert_eq!((header.op, header.end, header.is_masked), (TEXT, out.len(), is_masked));
            prop_assert_eq!(&out[header.start..header.end], payload.as_slice());
        }

        #[test]
        fn any_bytes_are_decoded_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let _ = header(&bytes);
        }
    }
}
