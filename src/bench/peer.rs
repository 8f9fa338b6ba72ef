//! One socket of the generator, and who hears what it hears.

use std::io::Write;
use std::net::TcpStream;

/// Who hears what comes.
pub(super) trait Ear {
    /// A text frame.
    fn text(&mut self, peer: &mut Peer, text: &[u8]);

    /// The socket is gone, with this close code if one came.
    fn gone(&mut self, _peer: &Peer, _code: Option<u16>) {}
}

/// An ear for which nothing matters.
pub(super) struct Deaf;

impl Ear for Deaf {
    fn text(&mut self, _: &mut Peer, _: &[u8]) {}
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Shaking,
    Open,
    Gone,
}

/// One socket.
pub(super) struct Peer {
    /// Its number.
    pub(super) index: usize,
    pub(super) stream: Option<TcpStream>,
    pub(super) state: State,
    pub(super) is_ready: bool,
    /// The beginning of a frame whose end has not come.
    pub(super) left: Vec<u8>,
}

impl Peer {
    /// Sends bytes as they are. Only little is ever under way, so the kernel takes it at once; a socket that does
    /// not is as good as gone, and counted so by what it then misses.
    pub(super) fn send(&mut self, wire: &[u8]) {
        if let Some(stream) = &mut self.stream
            && stream.write_all(wire).is_err()
        {
            self.state = State::Gone;
        }
    }

    /// Cuts the connection.
    pub(super) fn drop_stream(&mut self) {
        self.stream = None;
        self.state = State::Gone;
        self.left = Vec::new();
    }
}
