//! WebSocket frames as the generator writes and reads them: the least work that is right.

/// A text frame.
pub(super) const TEXT: u8 = 1;
/// A close frame.
pub(super) const CLOSE: u8 = 8;
/// A ping.
pub(super) const PING: u8 = 9;
/// A pong.
pub(super) const PONG: u8 = 10;

/// Appends a client's frame. The key that masks it is zero, so the payload stays as it is.
pub(super) fn put_masked(wire: &mut Vec<u8>, op: u8, payload: &[u8]) {
    put_header(wire, op, payload.len(), 0x80);
    wire.extend_from_slice(&[0; 4]);
    wire.extend_from_slice(payload);
}

/// Appends a server's frame.
pub(super) fn put(wire: &mut Vec<u8>, op: u8, payload: &[u8]) {
    put_header(wire, op, payload.len(), 0);
    wire.extend_from_slice(payload);
}

fn put_header(wire: &mut Vec<u8>, op: u8, len: usize, mask: u8) {
    wire.push(0x80 | op);
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len), _) if len < 126 => wire.push(mask | len),
        (_, Ok(len)) => {
            wire.push(mask | 126);
            wire.extend_from_slice(&len.to_be_bytes());
        }
        _ => {
            wire.push(mask | 127);
            wire.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
}

/// The head of a frame.
pub(super) struct Head {
    pub(super) op: u8,
    /// Where the payload begins, after the key if there is one.
    pub(super) start: usize,
    /// Where the frame ends.
    pub(super) end: usize,
    pub(super) is_masked: bool,
}

/// Reads a frame's head; `None` when more bytes are needed for it. The frame itself may still be incomplete.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
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
    Some(Head {
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
        fn what_is_written_is_read_again(len in 0_usize..70_000, is_masked: bool) {
            let payload = vec![b'x'; len];
            let mut wire = Vec::new();
            match is_masked {
                true => put_masked(&mut wire, TEXT, &payload),
                false => put(&mut wire, TEXT, &payload),
            }
            let head = head(&wire).expect("a head");
            prop_assert_eq!((head.op, head.end, head.is_masked), (TEXT, wire.len(), is_masked));
            prop_assert_eq!(&wire[head.start..head.end], payload.as_slice());
        }

        #[test]
        fn whatever_comes_is_looked_at(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            let _ = head(&bytes);
        }
    }
}
