//! The byte stream under HTTP, which records its progress in a [`Connection`] and can be ended by it.

use std::cell::Ref;
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::web::Buf;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connection::Connection;
use crate::error_response::{self, ErrorResponse};
use crate::termination::Termination;

/// A connection whose peer acknowledges nothing for this long is closed by the kernel.
const PEER_TIMEOUT: Duration = Duration::from_secs(10);

/// Sent when there is no request that the application could respond to.
const REQUEST_TIMEOUT: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const TOO_MANY_CONNECTIONS: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A TCP stream. Reading and writing fail once its connection is terminated; dropping it closes the socket.
pub(crate) struct ConnectionStream {
    connection: Rc<Connection>,
    error_headers: Rc<str>,
    /// Being written in place of the library's.
    error_response: Option<Box<ErrorResponse>>,
}

impl Drop for ConnectionStream {
    fn drop(&mut self) {
        self.connection.close();
    }
}

impl ConnectionStream {
    /// Attaches `tcp` to `connection`. `error_headers` are added to responses that the application does not make.
    pub(crate) fn new(tcp: TcpStream, connection: Rc<Connection>, error_headers: Rc<str>) -> Self {
        let socket = SockRef::from(&tcp);
        // Optimisations: a failure leaves the connection usable.
        let _ = socket.set_tcp_user_timeout(Some(PEER_TIMEOUT));
        let _ = socket.set_tcp_nodelay(true);
        connection.attach(tcp);
        Self {
            connection,
            error_headers,
            error_response: None,
        }
    }

    pub(crate) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    /// Returns the socket. If the connection is terminated, carries that out and fails.
    fn tcp(&self) -> io::Result<Ref<'_, TcpStream>> {
        let tcp = self.connection.tcp().ok_or(ErrorKind::NotConnected)?;
        let Some(termination) = self.connection.termination() else {
            return Ok(tcp);
        };
        let socket = SockRef::from(&*tcp);
        // The connection is dropped afterwards, even if these fail.
        let _ = match termination {
            Termination::Reset => socket.set_linger(Some(Duration::ZERO)),
            Termination::RequestTimeout => self.send_last(&socket, REQUEST_TIMEOUT),
            Termination::TooManyConnections => self.send_last(&socket, TOO_MANY_CONNECTIONS),
            Termination::Close => Ok(()),
        };
        Err(ErrorKind::ConnectionAborted.into())
    }

    /// Sends a last response. Received bytes are read first: with unread ones, the kernel would reset the connection and
    /// discard the response.
    fn send_last(&self, socket: &SockRef<'_>, response: &[u8]) -> io::Result<()> {
        let mut unread = [MaybeUninit::uninit(); 4096];
        while socket
            .recv(&mut unread)
            .is_ok_and(|read| read == unread.len())
        {}
        socket.send(&error_response::with_headers(response, &self.error_headers))?;
        socket.shutdown(Shutdown::Write)
    }

    /// Writes `response`, then reports the replaced bytes as written.
    fn poll_error_response(
        &mut self,
        cx: &mut Context<'_>,
        mut response: Box<ErrorResponse>,
    ) -> Poll<io::Result<usize>> {
        while response.unsent.has_remaining() {
            match self.poll_bytes(cx, &response.unsent) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Poll::Ready(written) => response.unsent.advance(written?),
                Poll::Pending => {
                    self.error_response = Some(response);
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(Ok(response.replaced_bytes))
    }

    fn poll_bytes(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let tcp = self.tcp()?;
        self.connection.register_waker(cx);
        loop {
            if tcp.poll_write_ready(cx)?.is_pending() {
                self.connection.record_blocked();
                return Poll::Pending;
            }
            match tcp.try_write(bytes) {
                Ok(written) => {
                    self.connection.record_written(written);
                    return Poll::Ready(Ok(written));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncRead for ConnectionStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let tcp = self.tcp()?;
        self.connection.register_waker(cx);
        loop {
            ready!(tcp.poll_read_ready(cx))?;
            match tcp.try_read_buf(buffer) {
                Ok(read) => {
                    match read {
                        0 => self.connection.record_peer_closed(),
                        _ => self.connection.record_read(),
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl AsyncWrite for ConnectionStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let Some(response) = this.error_response.take() {
            return this.poll_error_response(cx, response);
        }
        let error_response = match this.connection.is_responding() {
            true => None,
            false => error_response::find(bytes),
        };
        match error_response {
            Some(0) => {
                let response = ErrorResponse::new(bytes, &this.error_headers);
                this.poll_error_response(cx, Box::new(response))
            }
            Some(start) => this.poll_bytes(cx, &bytes[..start]),
            None => this.poll_bytes(cx, bytes),
        }
    }

    /// Called when all pending bytes are written, and whenever the connection is polled with nothing to write.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.tcp()?;
        self.connection.register_waker(cx);
        self.connection.write_drained();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(tcp) = self.connection.tcp() else {
            return Poll::Ready(Ok(()));
        };
        Poll::Ready(match SockRef::from(&*tcp).shutdown(Shutdown::Write) {
            Err(error) if error.kind() != ErrorKind::NotConnected => Err(error),
            _ => Ok(()),
        })
    }
}
