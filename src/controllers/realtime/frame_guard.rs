//! Validates the headers of incoming WebSocket frames before the library buffers their payloads.
//!
//! A frame may declare 8 EiB (RFC 6455, section 5.2), and the library's parser would buffer them. The guard stops the stream
//! at the first invalid header, and records the close code.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use futures_util::Stream;

use crate::protocol::websocket::CloseCode;

/// Longest header: two bytes, eight of extended length, four of masking key.
const HEADER_MAX: usize = 14;

/// The payload of an upgraded request, as a stream that ends at the first violation.
pub struct GuardedPayload(pub Rc<RefCell<FrameGuard>>);

/// The payload of an upgraded request, with the state of its frame headers.
pub struct FrameGuard {
    payload: Payload,
    headers: FrameHeaders,
    violation: Option<CloseCode>,
}

impl FrameGuard {
    /// Limits frames to `max_bytes` of payload each.
    pub fn new(payload: Payload, max_bytes: usize) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            payload,
            headers: FrameHeaders::new(max_bytes),
            violation: None,
        }))
    }

    /// Returns the close code of the first violation, if any.
    pub fn violation(&self) -> Option<CloseCode> {
        self.violation
    }

    /// Reads and discards the rest, so that the connection is not reset before the peer reads the close frame.
    pub fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match Pin::new(&mut self.payload).poll_next(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Stream for GuardedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut guard = self.0.borrow_mut();
        if guard.violation.is_some() {
            return Poll::Ready(Some(Err(PayloadError::Overflow)));
        }
        match Pin::new(&mut guard.payload).poll_next(cx) {
            Poll::Ready(Some(Ok(bytes))) => {
                guard.violation = guard.headers.read(&bytes).err();
                match guard.violation {
                    Some(_) => Poll::Ready(Some(Err(PayloadError::Overflow))),
                    None => Poll::Ready(Some(Ok(bytes))),
                }
            }
            other => other,
        }
    }
}

/// Incremental parser of the frame headers in a byte stream.
pub struct FrameHeaders {
    max_bytes: u64,
    header: [u8; HEADER_MAX],
    /// Bytes of the current header received.
    filled: usize,
    /// Bytes of the current payload still expected.
    remaining: u64,
}

impl FrameHeaders {
    /// Starts at the beginning of a stream whose frames carry at most `max_bytes` each.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes: max_bytes as u64,
            header: [0; HEADER_MAX],
            filled: 0,
            remaining: 0,
        }
    }

    /// Parses the next bytes of the stream.
    ///
    /// # Errors
    /// The close code for a frame that is too large, unmasked, uses an extension that was not negotiated, or encodes its
    /// length in more bytes than necessary (RFC 6455, section 5.2).
    pub fn read(&mut self, mut bytes: &[u8]) -> Result<(), CloseCode> {
        while !bytes.is_empty() {
            if self.remaining > 0 {
                let passed = self.remaining.min(bytes.len() as u64);
                self.remaining -= passed;
                bytes = &bytes[passed as usize..];
                continue;
            }
            self.header[self.filled] = bytes[0];
            self.filled += 1;
            bytes = &bytes[1..];
            if let Some(length) = self.payload_length()? {
                self.filled = 0;
                self.remaining = length;
            }
        }
        Ok(())
    }

    /// Returns the payload's length once the whole header is received.
    fn payload_length(&self) -> Result<Option<u64>, CloseCode> {
        if self.filled < 2 {
            return Ok(None);
        }
        let has_extension = self.header[0] & 0x70 != 0;
        let is_masked = self.header[1] & 0x80 != 0;
        let is_control = self.header[0] & 0x08 != 0;
        if has_extension || !is_masked {
            return Err(CloseCode::Protocol);
        }
        // The length, its extra bytes, and the smallest length that needs them.
        let (length, extra, min) = match self.header[1] & 0x7F {
            126 => (self.big_endian(2), 2, 126),
            127 => (self.big_endian(8), 8, 1 << 16),
            short => (u64::from(short), 0, 0),
        };
        if is_control && extra > 0 {
            return Err(CloseCode::Protocol);
        }
        if self.filled < 2 + extra {
            return Ok(None);
        }
        // The most significant bit must be 0.
        if length < min || length > i64::MAX as u64 {
            return Err(CloseCode::Protocol);
        }
        if length > self.max_bytes {
            return Err(CloseCode::TooBig);
        }
        Ok((self.filled == 2 + extra + 4).then_some(length))
    }

    fn big_endian(&self, bytes: usize) -> u64 {
        self.header[2..2 + bytes]
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(first: u8, length: &[u8], payload: usize) -> Vec<u8> {
        let mut bytes = vec![first];
        bytes.extend_from_slice(length);
        bytes.extend_from_slice(&[1, 2, 3, 4]);
        bytes.resize(bytes.len() + payload, 0);
        bytes
    }

    /// Asserts that the result does not depend on how the bytes are split.
    fn read(bytes: &[u8]) -> Result<(), CloseCode> {
        let whole = FrameHeaders::new(1000).read(bytes);
        for cut in 1..bytes.len().min(40) {
            let mut headers = FrameHeaders::new(1000);
            let parts = bytes.chunks(cut).try_for_each(|part| headers.read(part));
            assert_eq!(parts, whole, "split every {cut} bytes");
        }
        whole
    }

    #[test]
    fn frames_within_the_limit_pass() {
        let mut bytes = frame(0x81, &[0x80 | 5], 5);
        bytes.extend(frame(0x81, &[0x80 | 126, 0x03, 0xE8], 1000));
        bytes.extend(frame(0x89, &[0x80], 0));
        bytes.extend(frame(0x81, &[0x80 | 126, 0, 200], 200));
        assert_eq!(read(&bytes), Ok(()));
    }

    #[test]
    fn invalid_headers_are_rejected_before_the_payload() {
        assert_eq!(
            read(&frame(0x81, &[0x80 | 126, 0x03, 0xE9], 0)),
            Err(CloseCode::TooBig)
        );
        let huge = [0x80 | 127, 0, 0, 0, 2, 0, 0, 0, 0];
        assert_eq!(read(&frame(0x82, &huge, 0)), Err(CloseCode::TooBig));
        assert_eq!(read(&frame(0x81, &[5], 5)), Err(CloseCode::Protocol));
        assert_eq!(read(&frame(0xC1, &[0x80 | 5], 5)), Err(CloseCode::Protocol));
        assert_eq!(
            read(&frame(0x89, &[0x80 | 126, 0, 200], 0)),
            Err(CloseCode::Protocol)
        );
    }

    #[test]
    fn length_must_use_the_shortest_encoding() {
        let long = |length: u64| {
            let mut bytes = vec![0x80 | 127];
            bytes.extend(length.to_be_bytes());
            bytes
        };
        for length in [
            vec![0x80 | 126, 0, 0],
            vec![0x80 | 126, 0, 125],
            long(0),
            long(125),
            long(126),
            long(1000),
            long(65_535),
            long(1 << 63),
            long(u64::MAX),
            long((1 << 63) | 5),
        ] {
            let read = read(&frame(0x81, &length, 5));
            assert_eq!(read, Err(CloseCode::Protocol), "{length:?}");
        }
        assert_eq!(read(&frame(0x81, &[0x80 | 126, 0, 126], 126)), Ok(()));
        let largest = long(65_536);
        assert_eq!(read(&frame(0x81, &largest, 0)), Err(CloseCode::TooBig));
        let long_enough = [frame(0x82, &largest, 0), vec![0; 65_536]].concat();
        assert_eq!(FrameHeaders::new(65_536).read(&long_enough), Ok(()));
    }

    fn valid_frame() -> impl Strategy<Value = Vec<u8>> {
        let opcode = prop::sample::select(vec![0x01, 0x81, 0x02, 0x80, 0x88, 0x89, 0x8A]);
        (opcode, 0_usize..=1000).prop_map(|(first, length)| match length {
            _ if first & 0x08 != 0 => frame(first, &[0x80 | (length % 126) as u8], length % 126),
            0..126 => frame(first, &[0x80 | length as u8], length),
            _ => frame(
                first,
                &[0x80 | 126, (length >> 8) as u8, length as u8],
                length,
            ),
        })
    }

    /// Parses the bytes in chunks of these sizes, repeated.
    fn read_in_chunks(bytes: &[u8], sizes: &[usize]) -> Result<(), CloseCode> {
        let mut headers = FrameHeaders::new(1000);
        let mut sizes = sizes.iter().cycle();
        let mut rest = bytes;
        while !rest.is_empty() {
            let size = sizes.next().map_or(1, |size| *size).clamp(1, rest.len());
            headers.read(&rest[..size])?;
            rest = &rest[size..];
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn result_does_not_depend_on_chunks(
            frames in prop::collection::vec(valid_frame(), 0..4),
            rest in prop::collection::vec(any::<u8>(), 0..40),
            sizes in prop::collection::vec(1_usize..50, 1..8),
        ) {
            let bytes = [frames.concat(), rest].concat();
            let whole = FrameHeaders::new(1000).read(&bytes);
            prop_assert_eq!(read_in_chunks(&bytes, &sizes), whole);
            prop_assert_eq!(read_in_chunks(&bytes, &[1]), whole);
        }

        #[test]
        fn valid_frames_pass_and_an_oversized_one_after_them_fails(
            frames in prop::collection::vec(valid_frame(), 0..4),
            sizes in prop::collection::vec(1_usize..50, 1..8),
            declared in 65_536_u64..=i64::MAX as u64,
        ) {
            let mut bytes = frames.concat();
            prop_assert_eq!(read_in_chunks(&bytes, &sizes), Ok(()));
            bytes.extend([0x82, 0x80 | 127]);
            bytes.extend(declared.to_be_bytes());
            prop_assert_eq!(read_in_chunks(&bytes, &sizes), Err(CloseCode::TooBig));
        }
    }
}
