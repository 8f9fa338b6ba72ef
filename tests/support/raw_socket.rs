//! A WebSocket whose frames are written byte by byte, for clients that violate the protocol.

use super::{Person, TIMEOUT};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An upgraded connection.
pub struct RawSocket {
    stream: TcpStream,
    /// Received bytes that are not parsed yet.
    input: Vec<u8>,
}

#[derive(Debug)]
pub enum Frame {
    Json(Value),
    Close(u16),
    Other,
    /// The connection was closed without a frame.
    End,
}

impl RawSocket {
    pub async fn open(person: &Person) -> Self {
        let host = person.url.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await.expect("a connection");
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: {}\r\n\r\n",
            person.cookie()
        );
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut socket = Self {
            stream,
            input: Vec::new(),
        };
        loop {
            if let Some(end) = socket.input.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&socket.input[..end]).into_owned();
                assert!(head.starts_with("HTTP/1.1 101"), "{head}");
                socket.input.drain(..end + 4);
                return socket;
            }
            assert!(socket.fill().await, "the upgrade was not answered");
        }
    }

    /// Writes bytes; a closed connection is detected when reading.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// Writes a masked frame with this first byte (FIN and opcode).
    pub async fn write_frame(&mut self, first: u8, payload: &[u8]) {
        self.write(&frame(first, payload)).await;
    }

    pub async fn next(&mut self) -> Frame {
        loop {
            if let Some(frame) = self.take() {
                return frame;
            }
            if !self.fill().await {
                return Frame::End;
            }
        }
    }

    /// Reads until the connection ends, with a close frame or without.
    pub async fn end(&mut self) -> Frame {
        loop {
            match self.next().await {
                end @ (Frame::Close(_) | Frame::End) => return end,
                Frame::Json(_) | Frame::Other => {}
            }
        }
    }

    /// Reads until a JSON frame of this type arrives.
    pub async fn expect(&mut self, kind: &str) -> Value {
        loop {
            match self.next().await {
                Frame::Json(value) if value["type"] == kind => return value,
                Frame::Json(_) | Frame::Other => {}
                end => panic!("waiting for {kind}: {end:?}"),
            }
        }
    }

    async fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        let read = timeout(TIMEOUT, self.stream.read(&mut buffer))
            .await
            .expect("the server is silent");
        match read {
            Ok(n) if n > 0 => self.input.extend_from_slice(&buffer[..n]),
            _ => return false,
        }
        true
    }

    fn take(&mut self) -> Option<Frame> {
        let &[first, second, ..] = self.input.as_slice() else {
            return None;
        };
        let (start, length) = match second & 127 {
            126 => (
                4,
                usize::from(u16::from_be_bytes(self.input.get(2..4)?.try_into().ok()?)),
            ),
            127 => (
                10,
                usize::try_from(u64::from_be_bytes(self.input.get(2..10)?.try_into().ok()?))
                    .ok()?,
            ),
            short => (2, usize::from(short)),
        };
        let payload = self.input.get(start..start + length)?.to_vec();
        self.input.drain(..start + length);
        Some(match first & 15 {
            1 => Frame::Json(serde_json::from_slice(&payload).expect("one JSON object")),
            8 => Frame::Close(
                payload
                    .get(..2)
                    .map_or(1005, |code| u16::from_be_bytes([code[0], code[1]])),
            ),
            _ => Frame::Other,
        })
    }
}

/// Encodes a masked frame with an all-zero mask.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        n if n < 126 => bytes.push(0x80 | u8::try_from(n).expect("small")),
        n => match u16::try_from(n) {
            Ok(n) => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&n.to_be_bytes());
            }
            Err(_) => {
                bytes.push(0x80 | 127);
                bytes.extend_from_slice(&(n as u64).to_be_bytes());
            }
        },
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
    bytes
}
