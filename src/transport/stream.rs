//! The bytes of a connection, with its line beside them.

use std::cell::Ref;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::inlet::Inlet;
use super::line::{End, Line};
use super::refusal::{self, Refusal};

/// A connection whose peer acknowledges nothing for so long is gone, whatever the peer's kernel says.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// What cannot be answered by HTTP itself any more, because there is no request to answer.
const TIMED_OUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const CROWDED: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A TCP connection that can be ended from outside: reading and writing then fail. Its line has the socket, and gives it
/// up when this is dropped.
pub struct Stream {
    line: Rc<Line>,
    /// Of the responses that the application does not see.
    headers: Rc<str>,
    /// One of these, while it is being written.
    refusal: Option<Box<Refusal>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.line.hang_up();
    }
}

impl Stream {
    /// A connection and its line.
    pub fn new(tcp: TcpStream, line: Rc<Line>, headers: Rc<str>) -> Self {
        let socket = SockRef::from(&tcp);
        // Both only make things better; a socket that refuses them works all the same.
        let _ = socket.set_tcp_user_timeout(Some(PEER_TIMEOUT));
        let _ = socket.set_tcp_nodelay(true);
        line.carry(tcp);
        Self {
            line,
            headers,
            refusal: None,
        }
    }

    /// Its line.
    pub fn line(&self) -> &Rc<Line> {
        &self.line
    }

    /// What comes in over it after `early`, for whoever reads it in place of this.
    pub(super) fn inlet(&self, early: Bytes) -> Inlet {
        Inlet::new(self.line.clone(), early)
    }

    /// The socket, if it goes on.
    fn tcp(&self) -> io::Result<Ref<'_, TcpStream>> {
        let tcp = self.line.tcp().ok_or(ErrorKind::NotConnected)?;
        let Some(end) = self.line.ending() else {
            return Ok(tcp);
        };
        let socket = SockRef::from(&*tcp);
        // The connection is dropped after this, whether these reach the peer or not.
        let _ = match end {
            End::Abort => socket.set_linger(Some(Duration::ZERO)),
            End::TimedOut => answer(&socket, &refusal::with_headers(TIMED_OUT, &self.headers)),
            End::Crowded => answer(&socket, &refusal::with_headers(CROWDED, &self.headers)),
            End::Quiet => Ok(()),
        };
        Err(ErrorKind::ConnectionAborted.into())
    }
}

/// A last answer. What was sent meanwhile is read first: otherwise the kernel throws the answer away.
fn answer(socket: &SockRef<'_>, answer: &[u8]) -> io::Result<()> {
    let mut unread = [MaybeUninit::uninit(); 4096];
    while socket
        .recv(&mut unread)
        .is_ok_and(|read| read == unread.len())
    {}
    socket.send(answer)?;
    socket.shutdown(Shutdown::Write)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let tcp = self.tcp()?;
        self.line.remember(cx);
        loop {
            ready!(tcp.poll_read_ready(cx))?;
            match tcp.try_read_buf(buffer) {
                Ok(read) => {
                    match read {
                        0 => self.line.peer_closed(),
                        _ => self.line.heard(),
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.refusal.is_some() {
            return this.poll_refusal(cx);
        }
        let refused = (!this.line.is_serving())
            .then(|| refusal::start(bytes))
            .flatten();
        match refused {
            Some(0) => {
                this.refusal = Some(Box::new(Refusal::new(bytes, &this.headers)));
                this.poll_refusal(cx)
            }
            Some(before) => this.poll_bytes(cx, &bytes[..before]),
            None => this.poll_bytes(cx, bytes),
        }
    }

    /// Called when all that waited was written, and whenever the connection is looked at with nothing to write.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp()?;
        self.line.remember(cx);
        self.line.caught_up();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(tcp) = self.line.tcp() else {
            return Poll::Ready(Ok(()));
        };
        Poll::Ready(match SockRef::from(&*tcp).shutdown(Shutdown::Write) {
            Err(error) if error.kind() != ErrorKind::NotConnected => Err(error),
            _ => Ok(()),
        })
    }
}

impl Stream {
    /// Writes what is left of a refusal; then all that it stands for counts as written.
    fn poll_refusal(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while let Some(mut refusal) = self.refusal.take() {
            let written = self.poll_bytes(cx, refusal.rest());
            match written {
                Poll::Ready(Ok(written)) if refusal.advance(written) => {
                    return Poll::Ready(Ok(refusal.stands_for));
                }
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(_)) => self.refusal = Some(refusal),
                other => {
                    self.refusal = Some(refusal);
                    return other;
                }
            }
        }
        Poll::Ready(Ok(0))
    }

    fn poll_bytes(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let tcp = self.tcp()?;
        self.line.remember(cx);
        loop {
            if tcp.poll_write_ready(cx)?.is_pending() {
                self.line.blocked();
                return Poll::Pending;
            }
            match tcp.try_write(bytes) {
                Ok(taken) => {
                    self.line.taken(taken);
                    return Poll::Ready(Ok(taken));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}
