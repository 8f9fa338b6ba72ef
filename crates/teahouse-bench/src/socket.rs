//! One socket of the load generator, and the handler of its frames.

use std::io::Write;
use std::net::TcpStream;

/// Receives what arrives on sockets.
pub(crate) trait FrameHandler {
    /// A text frame arrived.
    fn text(&mut self, socket: &mut Socket, text: &[u8]);

    /// The connection ended, with this close code if a close frame arrived.
    fn closed(&mut self, _socket: &Socket, _code: Option<u16>) {}
}

/// Ignores all frames.
pub(crate) struct NoopHandler;

impl FrameHandler for NoopHandler {
    fn text(&mut self, _: &mut Socket, _: &[u8]) {}
}

/// State of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Handshake,
    Open,
    Closed,
}

/// One connection.
pub(crate) struct Socket {
    /// Position among the sockets of its client.
    pub(crate) index: usize,
    pub(crate) stream: Option<TcpStream>,
    pub(crate) state: State,
    pub(crate) is_ready: bool,
    /// Bytes of an incomplete frame.
    pub(crate) partial: Vec<u8>,
}

impl Socket {
    /// Sends bytes without buffering. Little is ever in flight, so a full send buffer means that the peer is stuck: the
    /// socket then counts as closed.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        if let Some(stream) = &mut self.stream
            && stream.write_all(bytes).is_err()
        {
            self.state = State::Closed;
        }
    }

    /// Closes the connection.
    pub(crate) fn close(&mut self) {
        self.stream = None;
        self.state = State::Closed;
        self.partial = Vec::new();
    }
}
